//! What a build leaves beside, or instead of, what it pushes: image layouts and archives of them.
//!
//! ```text
//! builder ─archive per platform→ Staging ─┬─ per image, as soon as its index is known → layout folder
//!                                         └─ once, after the last image ──────────────→ tar file
//! ```

mod asked;
mod error;
mod folder;
mod scratch;
mod staging;
mod tarball;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use self::asked::{ArchiveDest, ByteSink, Output, OutputReport, OutputState};
use self::error::OutputError;
use self::folder::Entering;
pub(in crate::ops) use self::scratch::Scratch;
pub(super) use self::staging::{Incoming, LegArchive, Staging};
use super::publish::Assembled;
use super::report::Failure;
use crate::oci::layout::{LayoutName, empty_index, enter};
use crate::oci::{Descriptor, Digest, Index, MediaType};
use crate::ops::error::OpError;
use crate::ops::places::Destination;
use crate::plan::{Plan, Planned};

/// The store under which a session serves what is staged.
pub(super) const STORE: &str = "kiln-output";
/// kiln's own folder in a workspace.
const OWN_FOLDER: &str = ".kiln";
const BUFFER: usize = 1 << 20;

/// The outputs of a run.
#[derive(Debug)]
pub(super) struct Outputs {
    places: Vec<Place>,
    staging: Option<Arc<Staging>>,
    /// Where images of a run without outputs are passed on to others of the run.
    passed_on: Option<PassedOn>,
    /// Tags that several images of the run have.
    ambiguous: BTreeSet<String>,
    /// Images that are ready, by their position in the plan.
    ready: Mutex<BTreeMap<usize, Arc<ReadyImage>>>,
}

/// Images that go no further than to other images of the run.
#[derive(Debug)]
struct PassedOn {
    /// Which they are, by their position in the plan.
    images: BTreeSet<usize>,
    staging: Arc<Staging>,
    _scratch: Scratch,
}

#[derive(Debug)]
struct Place {
    output: Output,
    scratch: Scratch,
    /// The names of each image, by its position in the plan.
    found: Mutex<BTreeMap<usize, Vec<String>>>,
}

/// An image of which all is staged.
#[derive(Debug)]
struct ReadyImage {
    names: Vec<LayoutName>,
    index: Descriptor,
    blobs: BTreeSet<Digest>,
}

/// Whether outputs can be had, as far as that is known without writing anything.
pub(super) fn check(outputs: &[Output]) -> Result<(), OpError> {
    let mut places = BTreeSet::new();
    for output in outputs {
        if !places.insert(output.place()) {
            return Err(OpError::Usage {
                message: format!("two outputs go to `{}`", output.dest()),
                next: Some("give each --output a place of its own".to_owned()),
            });
        }
        let odd = match output {
            Output::Layout(folder) => folder::check(folder).err(),
            Output::Archive(ArchiveDest::File(file)) if file.is_dir() => {
                Some(OutputError::odd(file, "it is a folder, not a file"))
            }
            Output::Archive(_) => None,
        };
        odd.map_or(Ok(()), Err)?;
    }
    Ok(())
}

impl Outputs {
    /// Makes room beside each place. `root` is the workspace.
    pub(super) fn open(outputs: &[Output], root: &Path, plan: &Plan) -> Result<Self, OpError> {
        let places = outputs.iter().map(|output| {
            let scratch = Scratch::in_folder(&output.beside(root));
            let unwritable = |error| OutputError::unwritable(output.place(), &error);
            let scratch = scratch.map_err(unwritable)?;
            Ok(Place {
                output: output.clone(),
                scratch,
                found: Mutex::default(),
            })
        });
        let places: Vec<Place> = places.collect::<Result<_, OpError>>()?;
        let known = places.iter().filter_map(Place::folder);
        let known: Vec<PathBuf> = known.map(Path::to_path_buf).collect();
        let staging = places.first().map(|first| {
            let (folder, place) = (first.scratch.path(), first.output.place());
            Arc::new(Staging::new(folder.to_owned(), place.to_owned(), known))
        });
        Ok(Self {
            places,
            staging,
            passed_on: None,
            ambiguous: ambiguous(plan),
            ready: Mutex::default(),
        })
    }

    /// Makes room for images that are passed on to others of the run, where there are any.
    pub(super) fn pass_on(&mut self, images: BTreeSet<usize>, root: &Path) -> Result<(), OpError> {
        if images.is_empty() {
            return Ok(());
        }
        let folder = root.join(OWN_FOLDER);
        let scratch = Scratch::in_folder(&folder);
        let scratch = scratch.map_err(|error| OutputError::unwritable(&folder, &error))?;
        let staging = Staging::new(scratch.path().to_owned(), folder, Vec::new());
        self.passed_on = Some(PassedOn {
            images,
            staging: Arc::new(staging),
            _scratch: scratch,
        });
        Ok(())
    }

    /// Where the legs of an image are kept; nothing where they need not be.
    pub(super) fn staging_of(&self, image: usize) -> Option<&Arc<Staging>> {
        let passed_on = self.passed_on.as_ref();
        let passed_on = passed_on.filter(|it| it.images.contains(&image));
        let passed_on = passed_on.map(|it| &it.staging);
        self.staging.as_ref().or(passed_on)
    }

    /// Where any leg of the run is kept.
    pub(super) fn any_staging(&self) -> Option<&Arc<Staging>> {
        let passed_on = self.passed_on.as_ref();
        self.staging.as_ref().or(passed_on.map(|it| &it.staging))
    }

    /// Where legs are kept; nothing where there is no output.
    pub(super) fn staging(&self) -> Option<&Arc<Staging>> {
        self.staging.as_ref()
    }

    /// Adds an image of which every platform is staged: layouts have it from now on. A parent that was
    /// built for others only is not asked for, and is left out.
    pub(super) async fn add(
        &self,
        number: usize,
        planned: &Planned,
        destination: &Destination,
        assembled: &Assembled,
    ) -> Result<(), Box<Failure>> {
        let Some(staging) = self.staging.as_ref().filter(|_| planned.requested) else {
            return Ok(());
        };
        let (kept, whole) = (Arc::clone(staging), assembled.clone());
        let blobs = blocking(move || keep(&kept, &whole)).await?;
        let size = assembled.bytes.len() as u64;
        let image = Arc::new(ReadyImage {
            names: names(planned, destination),
            index: Descriptor::new(MediaType::OciIndex, assembled.digest.clone(), size),
            blobs,
        });
        for place in &self.places {
            if let Some(folder) = place.folder() {
                let found = self
                    .enter(folder, place.scratch.path(), staging, &image)
                    .await?;
                place.note(number, found);
            }
        }
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.insert(number, image);
        Ok(())
    }

    async fn enter(
        &self,
        folder: &Path,
        scratch: &Path,
        staging: &Arc<Staging>,
        image: &Arc<ReadyImage>,
    ) -> Result<Vec<String>, Box<Failure>> {
        let (folder, scratch) = (folder.to_owned(), scratch.to_owned());
        let (staging, image) = (Arc::clone(staging), Arc::clone(image));
        let ambiguous = self.ambiguous.clone();
        blocking(move || {
            let entering = Entering {
                folder: &folder,
                scratch: &scratch,
                staged: staging.folder(),
                blobs: &image.blobs,
                image: &image.index,
                names: &image.names,
                ambiguous: &ambiguous,
            };
            entering.enter()
        })
        .await
    }

    /// Writes the archives, which have all images or are not written, and says what became of all outputs.
    /// `missing` are the images that were to be built and were not.
    pub(super) async fn finish(&self, missing: &[String]) -> Vec<OutputReport> {
        let mut reports = Vec::new();
        for place in &self.places {
            let mut state = OutputState::Written;
            if place.folder().is_none() && !missing.is_empty() {
                state = OutputState::Incomplete(missing.join(", "));
            } else if let Some(failure) = self.write_archive(place).await.err() {
                state = OutputState::Failed(failure);
            }
            let found = place.found.lock().unwrap_or_else(PoisonError::into_inner);
            reports.push(OutputReport {
                kind: place.output.kind(),
                dest: place.output.dest(),
                images: found.clone(),
                state,
            });
        }
        reports
    }

    async fn write_archive(&self, place: &Place) -> Result<(), Box<Failure>> {
        let (Output::Archive(dest), Some(staging)) = (&place.output, &self.staging) else {
            return Ok(());
        };
        let mut index = empty_index();
        let mut blobs = BTreeSet::new();
        {
            let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
            for (number, image) in ready.iter() {
                let names = image.names.iter();
                let found =
                    names.map(|name| enter(&mut index, &image.index, name, &self.ambiguous));
                place.note(*number, found.collect());
                blobs.extend(image.blobs.clone());
            }
        }
        let (dest, staging) = (dest.clone(), Arc::clone(staging));
        let unfinished = place.scratch.path().join("archive");
        let shown = place.output.place().to_owned();
        blocking(move || {
            let written = write_archive(&dest, &unfinished, staging.folder(), &blobs, &index);
            if written.is_err() {
                let _ = fs::remove_file(&unfinished);
            }
            written.map_err(|error| OutputError::unwritable(&shown, &error))
        })
        .await
    }
}

/// Waits for work on files without holding up other images.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OutputError> + Send + 'static,
) -> Result<T, Box<Failure>> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| Failure::bug(error.to_string()))??)
}

/// Keeps an image's index; all that belongs to the image comes back.
fn keep(staging: &Staging, assembled: &Assembled) -> Result<BTreeSet<Digest>, OutputError> {
    staging.put(&assembled.digest, &assembled.bytes)?;
    let mut blobs = BTreeSet::from([assembled.digest.clone()]);
    for entry in &assembled.index.manifests {
        let (manifest, ..) = staging.image(entry)?;
        blobs.insert(entry.digest.clone());
        let parts = manifest.layers.into_iter().chain([manifest.config]);
        blobs.extend(parts.map(|part| part.digest));
    }
    Ok(blobs)
}

impl Place {
    /// The layout that grows by each image.
    fn folder(&self) -> Option<&Path> {
        match &self.output {
            Output::Layout(folder) => Some(folder),
            Output::Archive(_) => None,
        }
    }

    fn note(&self, image: usize, names: Vec<String>) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.insert(image, names);
    }
}

fn write_archive(
    dest: &ArchiveDest,
    unfinished: &Path,
    staged: &Path,
    blobs: &BTreeSet<Digest>,
    index: &Index,
) -> io::Result<()> {
    match dest {
        ArchiveDest::Stream(sink) => {
            let mut stream = sink.0.lock().unwrap_or_else(PoisonError::into_inner);
            let mut stream = BufWriter::with_capacity(BUFFER, &mut *stream);
            tarball::write(&mut stream, staged, blobs, index)
        }
        ArchiveDest::File(file) => {
            let mut output = BufWriter::with_capacity(BUFFER, File::create_new(unfinished)?);
            tarball::write(&mut output, staged, blobs, index)?;
            output.get_ref().sync_all()?;
            fs::rename(unfinished, file)
        }
    }
}

/// Tags that more than one of the images has that are written.
fn ambiguous(plan: &Plan) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    let written = |planned: &&Planned| planned.requested && !planned.platforms.is_empty();
    for planned in plan.images.iter().filter(written) {
        let tags = planned.image.tags.iter().map(|tag| tag.value.to_string());
        for tag in tags.collect::<BTreeSet<_>>() {
            if !seen.insert(tag.clone()) {
                twice.insert(tag);
            }
        }
    }
    twice
}

/// The names of an image, one per tag. Without a registry the full name is the one that tools take a
/// bare name for.
fn names(planned: &Planned, destination: &Destination) -> Vec<LayoutName> {
    let repository = planned.image.repository.value.clone();
    let tags = planned.image.tags.iter().enumerate();
    tags.map(|(number, tag)| {
        let tag = tag.value.to_string();
        let local = format!("{repository}:{tag}");
        let full = match destination.references.get(number) {
            Some(reference) => reference.to_string(),
            None => local
                .parse::<crate::oci::Reference>()
                .map_or_else(|_| local.clone(), |reference| reference.to_string()),
        };
        LayoutName { full, local, tag }
    })
    .collect()
}
