//! The part of a leg that comes before its graph: a Dockerfile is built by the builder's own frontend, and
//! what comes of it is what the graph begins with.
//!
//! The result goes where the leg's own result goes: by digest into the image's repository, or to us. Where
//! nothing is to be left anywhere it only fills the builder's cache.

use std::collections::{BTreeMap, BTreeSet};

use super::aim::Aim;
use super::blame::{dockerfile_failure, foreign_base};
use super::leg::LegRun;
use super::report::Failure;
use crate::buildkit::{self, Exporter, ImageExport, PlatformResult, Solve};
use crate::lower::{BuilderFacts, CA_SECRET, Form, Parent, layout_name};
use crate::oci::{Digest, Reference};
use crate::plan::Plan;
use crate::recipe::{Base, Dockerfile, name_in_file};
use crate::text::Spanned;

/// The variable by which tools are told the time, in Dockerfiles as well.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// What a Dockerfile has become.
pub(super) struct First {
    /// What the image begins with; nothing where it only fills the cache.
    pub(super) parent: Option<Parent>,
    pub(super) ran: usize,
    pub(super) cached: usize,
}

/// An image that a Dockerfile is given: the reference that an `ARG` receives, and where the frontend gets it.
struct Given {
    reference: String,
    source: String,
    /// Whether the builder finds it by the reference alone.
    is_known: bool,
}

/// The images of which all must be at hand in a build that leaves nothing: a frontend neither takes graphs nor
/// gives any, so the parents of a Dockerfile and what begins with one are passed on as images.
pub(super) fn passed_on(plan: &Plan) -> BTreeSet<usize> {
    let has_dockerfile = |index: usize| {
        let mut contents = plan.images[index].image.contents.values();
        contents.any(|content| content.dockerfile().is_some())
    };
    let mut all = BTreeSet::new();
    for (index, planned) in plan.images.iter().enumerate() {
        let mut contents = planned.image.contents.values();
        if has_dockerfile(index) && contents.any(|content| !content.tests.is_empty()) {
            all.insert(index);
        }
        let parents = planned.parents.values().copied();
        all.extend(parents.filter(|&parent| has_dockerfile(index) || has_dockerfile(parent)));
    }
    all
}

impl LegRun<'_> {
    /// Builds a Dockerfile.
    pub(super) async fn dockerfile(
        &self,
        base: &Spanned<Base>,
        dockerfile: &Dockerfile,
    ) -> Result<First, Box<Failure>> {
        let aim = self.aim.of_first();
        let request = self.request(dockerfile)?;
        let archive = aim.archive();
        let exporter = match aim.target(archive.as_ref()) {
            None => Exporter::None,
            Some(to) => Exporter::Image(Box::new(ImageExport {
                config: Vec::new(),
                base_config: None,
                rewrite_times: self.job.epoch.reproducible,
                annotations: BTreeMap::new(),
                packing: None,
                to,
            })),
        };
        let epoch = self.job.epoch;
        let solve = Solve {
            exporter,
            layouts: self.layouts(),
            source_date_epoch: epoch.reproducible.then_some(epoch.seconds),
            ..Solve::of_dockerfile(request, self.job.platform)
        };
        let result = self.attempt(&solve, &|| self.progress()).await;
        let unwritten = archive.as_ref().and_then(|archive| archive.unwritten());
        let result = result.map_err(|error| match unwritten {
            Some(unwritten) => unwritten.into(),
            None => dockerfile_failure(error, base, dockerfile, self.is_emulated()),
        })?;
        let text = self.job.files.read(&dockerfile.file.value);
        let text = text.unwrap_or_default();
        if let Some(failure) = foreign_base(&result.warnings, dockerfile, &text) {
            return Err(failure);
        }
        let (ran, cached) = (result.ran, result.cached);
        let parent = match aim {
            Aim::Cache => None,
            _ => Some(self.result(aim, result).await?),
        };
        Ok(First {
            parent,
            ran,
            cached,
        })
    }

    async fn result(&self, aim: Aim<'_>, result: PlatformResult) -> Result<Parent, Box<Failure>> {
        let manifest = self.made(result.manifest)?;
        let read = self.read(aim, &manifest).await?;
        Ok(super::leg::parent(aim, &manifest.digest, read))
    }

    fn request(&self, dockerfile: &Dockerfile) -> Result<buildkit::Dockerfile, Box<Failure>> {
        let inside = |path: &str| self.job.files.inside(path).map_err(Failure::bug);
        let file = inside(&dockerfile.file.value)?;
        let context = inside(&dockerfile.context.value)?;
        let name = file.file_name().and_then(|name| name.to_str());
        let (Some(folder), Some(name)) = (file.parent(), name) else {
            return Err(Failure::bug("the Dockerfile has no name"));
        };
        let (mut args, mut contexts) = (self.args(dockerfile), BTreeMap::new());
        for (name, base) in &dockerfile.base_args {
            let given = self.given(&base.value)?;
            if !given.is_known {
                let name = name_in_file(&given.reference).map_err(Failure::bug)?;
                contexts.insert(name, given.source);
            }
            args.insert(name.value.clone(), given.reference);
        }
        for (name, base) in &dockerfile.contexts {
            contexts.insert(name.value.clone(), self.given(&base.value)?.source);
        }
        let facts = self.facts();
        let trust = facts.is_some_and(|facts| facts.trust);
        let secrets = dockerfile.secrets.iter().map(|(id, _)| id.clone());
        let trusted = trust.then(|| CA_SECRET.to_owned());
        Ok(buildkit::Dockerfile {
            hidden: self.job.files.hidden(&context),
            origin: self.job.files.workspace().to_owned(),
            folder: folder.to_owned(),
            file: name.to_owned(),
            context,
            target: dockerfile.target.as_ref().map(|it| it.value.clone()),
            args,
            contexts,
            secrets: secrets.chain(trusted).collect(),
            agents: dockerfile.ssh.iter().cloned().collect(),
            no_cache: facts.is_some_and(|facts| facts.no_cache),
        })
    }

    fn facts(&self) -> Option<&BuilderFacts> {
        match self.job.form {
            Form::Builder(facts) => Some(facts),
            Form::Platform => None,
        }
    }

    /// What docker hands to every Dockerfile, and what the recipe hands to this one.
    fn args(&self, dockerfile: &Dockerfile) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        if let Some(facts) = self.facts() {
            let proxy = &facts.proxy;
            for (name, value) in [
                ("HTTP_PROXY", &proxy.http),
                ("HTTPS_PROXY", &proxy.https),
                ("FTP_PROXY", &proxy.ftp),
                ("NO_PROXY", &proxy.no),
                ("ALL_PROXY", &proxy.all),
            ] {
                if !value.is_empty() {
                    // The frontend reads either, and programs look at both.
                    all.insert(name.to_owned(), value.clone());
                    all.insert(name.to_ascii_lowercase(), value.clone());
                }
            }
        }
        if self.job.epoch.reproducible {
            all.insert(EPOCH.to_owned(), self.job.epoch.seconds.to_string());
        }
        let own = dockerfile.args.iter();
        all.extend(own.map(|(name, value)| (name.value.clone(), value.clone())));
        all
    }

    /// An image as a Dockerfile is given it: by digest.
    fn given(&self, base: &Base) -> Result<Given, Box<Failure>> {
        let unresolved = || Failure::bug("an image of the Dockerfile has not been resolved");
        let (pins, platform) = (self.job.pins, self.job.platform);
        match base {
            Base::Scratch => Ok(Given {
                reference: "scratch".to_owned(),
                source: "docker-image://scratch".to_owned(),
                is_known: true,
            }),
            Base::Image(reference) => {
                let pin = pins.image(reference, platform).ok_or_else(unresolved)?;
                Ok(Given::published(&pin.reference))
            }
            Base::Oci { folder, tag } => {
                let pin = pins.layout(folder, tag, platform).ok_or_else(unresolved)?;
                Ok(Given::laid(&layout_name(folder), &pin.store, &pin.digest))
            }
            Base::Recipe(reference) => match pins.parent(reference, platform) {
                Some((_, Parent::Published(pin))) => Ok(Given::published(&pin.reference)),
                Some((name, Parent::Laid(pin))) => {
                    // Whether it is in a registry or not, an `ARG` receives the same words.
                    let name = name.parse::<Reference>();
                    let name = name.map_err(|error| Failure::bug(error.to_string()))?;
                    let name = name.repository().to_string();
                    Ok(Given::laid(&name, &pin.store, &pin.digest))
                }
                Some((_, Parent::Graph(_))) | None => Err(unresolved()),
            },
            Base::Stage(_) | Base::Rootfs(_) | Base::Dockerfile(_) => Err(unresolved()),
        }
    }
}

impl Given {
    fn published(reference: &Reference) -> Given {
        Given {
            reference: reference.to_string(),
            source: format!("docker-image://{reference}"),
            is_known: true,
        }
    }

    /// An image of a layout that the session serves.
    fn laid(name: &str, store: &str, digest: &Digest) -> Given {
        Given {
            reference: format!("{name}@{digest}"),
            source: format!("oci-layout://{store}@{digest}"),
            is_known: false,
        }
    }
}
