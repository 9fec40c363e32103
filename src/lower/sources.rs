//! What the builder fetches: downloads, git checkouts, files of other images.

use super::chain::Chain;
use super::copy::{file_mode, with_parents};
use super::local::looked_in;
use super::program::file_owner;
use super::stages::{Lowering, title};
use crate::llb::{
    CopyOptions, FileActions, FileOwner, GitSource, HttpSource, ImageSource, Note, State,
};
use crate::oci::{Digest, Platform};
use crate::recipe::steps::{Checkout, Download, Extract, Fetch, Git, Mode};
use crate::recipe::{From, Step};
use crate::text::Place;

impl Lowering<'_> {
    /// The file system that `from` names.
    pub(super) fn taken(
        &mut self,
        from: &From,
        platform: Platform,
        place: &Place,
    ) -> Option<State> {
        match from {
            From::Stage(name) => self.stage(name, place).map(|built| built.state),
            From::Recipe(reference) => self
                .parent(reference, platform, place)
                .map(|built| built.state),
            From::Image(reference) => {
                let Some(pin) = self.job.pins.image(reference, platform) else {
                    self.error(place, format!("`{reference}` has not been resolved"));
                    return None;
                };
                let note = noted(format!("from {reference}"), place);
                Some(ImageSource::new(pin.reference.clone()).state(&platform, note))
            }
        }
    }

    /// A download: with a file's name the file at the root of a state, without one an unpacked archive.
    pub(super) fn download(
        &mut self,
        download: &Download,
        platform: Platform,
        place: &Place,
    ) -> Option<(State, Option<String>)> {
        let name = file_name(&download.url);
        let checksum = match &download.sha256 {
            None => self
                .job
                .pins
                .lock()
                .and_then(|lock| lock.fetch(&download.url).cloned()),
            Some(hex) => match format!("sha256:{hex}").parse::<Digest>() {
                Ok(digest) => Some(digest),
                Err(error) => {
                    self.error(place, error.to_string());
                    return None;
                }
            },
        };
        let state = HttpSource::new(&download.url, &name)
            .checksum(checksum)
            .state(&platform, noted(format!("fetch {}", download.url), place));
        match &download.extract {
            None => Some((state, Some(name))),
            Some(extract) => Some((unpacked(&state, &name, extract, place), None)),
        }
    }

    /// `fetch`: a download as a file, or unpacked as a folder.
    pub(super) fn fetch(&mut self, chain: &mut Chain, step: &Step, fetch: &Fetch) {
        let platform = *chain.state.platform();
        let Some((state, file)) = self.download(&fetch.download, platform, &step.place) else {
            return;
        };
        let to = chain.absolute(&fetch.to);
        let owner = Some(
            fetch
                .owner
                .as_ref()
                .map_or(FileOwner::Ids(0, 0), file_owner),
        );
        let title = title(step, || {
            format!("fetch {} → {to}", file_name(&fetch.download.url))
        });
        let (src, contents, mode) = match &file {
            // The builder keeps downloads unreadable to others.
            Some(file) => (format!("/{file}"), false, Some(Mode::Octal(0o644))),
            None => ("/".to_owned(), true, None),
        };
        let mode = fetch.mode.clone().or(mode).as_ref().map(file_mode);
        chain.files(&title, Some(step), |files| {
            let options = CopyOptions {
                contents,
                owner,
                mode,
                ..CopyOptions::default()
            };
            // The folder of an archive is made by the copy, and belongs to the owner.
            let made = if contents {
                to.trim_end_matches('/')
            } else {
                &to
            };
            with_parents(files, made, None).copy(&state, &src, &to, options)
        });
    }

    /// `git`: a checkout as a folder of the image.
    pub(super) fn checkout(&mut self, chain: &mut Chain, step: &Step, checkout: &Checkout) {
        let git = &checkout.git;
        let state = self.git(git, *chain.state.platform(), &step.place);
        let to = chain.absolute(&checkout.to);
        let title = title(step, || format!("git {} {} → {to}", git.url, git.reference));
        let owner = checkout.owner.as_ref().map(file_owner);
        let options = CopyOptions {
            contents: true,
            owner: Some(owner.unwrap_or(FileOwner::Ids(0, 0))),
            ..CopyOptions::default()
        };
        // Without its slash it is made by the copy, and belongs to the owner.
        let folder = to.trim_end_matches('/');
        chain.files(&title, Some(step), |files| {
            with_parents(files, folder, None).copy(&state, "/", &to, options)
        });
    }

    /// A git checkout.
    pub(super) fn git(&mut self, git: &Git, platform: Platform, place: &Place) -> State {
        if !git.url.starts_with("http") {
            self.needs.ssh.insert("default".to_owned());
        }
        let lock = self.job.pins.lock();
        let commit = lock.and_then(|lock| lock.git(&git.url, &git.reference));
        let source = GitSource {
            url: git.url.clone(),
            reference: commit.unwrap_or(&git.reference).to_owned(),
            keep_git: git.keep_git,
            skip_submodules: !git.submodules,
        };
        source.state(
            &platform,
            noted(format!("git {} {}", git.url, git.reference), place),
        )
    }
}

pub(super) fn noted(name: String, place: &Place) -> Note {
    Note {
        name,
        places: vec![place.clone()],
        ignore_cache: false,
    }
}

/// What a glob stands for in a state, without what `exclude` says from the folder in which it looks: a state
/// with nothing else, and the glob in it. The builder's copy applies exclusions inside of what a glob finds only.
pub(super) fn chosen(
    state: &State,
    glob: &str,
    exclude: &[String],
    place: &Place,
) -> (State, String) {
    let folder = looked_in(glob);
    let rest = glob[folder.len()..].to_owned();
    let options = CopyOptions {
        contents: true,
        include: vec![rest.trim_start_matches('/').to_owned()],
        exclude: exclude.to_vec(),
        ..CopyOptions::default()
    };
    let chosen = FileActions::on(&State::scratch(state.platform()), None)
        .copy(state, &format!("{folder}/"), "/", options)
        .state(noted(format!("choose {glob}"), place));
    (chosen, rest)
}

/// The last part of a URL's path.
pub(super) fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    match path.rsplit_once('/') {
        Some((_, name)) if !name.is_empty() => name.to_owned(),
        _ => "download".to_owned(),
    }
}

/// An archive's content on its own: what `include` matches, without the first `strip` parts.
fn unpacked(archive: &State, name: &str, extract: &Extract, place: &Place) -> State {
    let scratch = State::scratch(archive.platform());
    let options = CopyOptions {
        unpack: true,
        ..CopyOptions::default()
    };
    let whole = FileActions::on(&scratch, None)
        .copy(archive, &format!("/{name}"), "/", options)
        .state(noted(format!("unpack {name}"), place));
    let kept = if extract.include.is_empty() {
        whole
    } else {
        let options = CopyOptions {
            contents: true,
            include: extract.include.clone(),
            ..CopyOptions::default()
        };
        FileActions::on(&scratch, None)
            .copy(&whole, "/", "/", options)
            .state(noted(format!("choose from {name}"), place))
    };
    if extract.strip == 0 {
        return kept;
    }
    // `/*/*` names exactly what lies one part deep, as `tar --strip-components=1` keeps it.
    let pattern = "/*".repeat(extract.strip + 1);
    let options = CopyOptions {
        wildcard: true,
        ..CopyOptions::default()
    };
    FileActions::on(&scratch, None)
        .copy(&kept, &pattern, "/", options)
        .state(noted(format!("strip {name}"), place))
}
