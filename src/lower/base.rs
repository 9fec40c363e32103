//! What an image or stage begins with.

use std::collections::BTreeSet;

use super::chain::{Built, pairs};
use super::pins::{BaseRecord, Parent, PinnedImage, PinnedLayout};
use super::stages::Lowering;
use crate::llb::{CopyOptions, FileActions, ImageSource, Note, OciLayoutSource, State};
use crate::oci::{History, ImageConfig, Platform, Reference};
use crate::recipe::{Base, RecipeRef};
use crate::text::{Place, Spanned};

/// What is inherited from a base besides its files.
#[derive(Debug, Clone)]
pub(super) struct BaseParts {
    pub(super) config: ImageConfig,
    pub(super) config_bytes: Option<Vec<u8>>,
    pub(super) record: Option<BaseRecord>,
}

impl Built {
    /// The same for a base that no reader of the image could find by its name.
    pub(super) fn without_record(mut self) -> Self {
        self.base.record = None;
        self
    }
}

impl Lowering<'_> {
    /// The state of a base, and what it passes on.
    pub(super) fn base(&mut self, base: &Spanned<Base>, platform: Platform) -> Option<Built> {
        let note = |name: String| Note {
            name,
            places: vec![base.place.clone()],
            ignore_cache: false,
        };
        match &base.value {
            Base::Scratch => Some(empty(State::scratch(&platform), platform)),
            Base::Stage(name) => self.stage(name, &base.place),
            Base::Image(reference) => {
                let Some(pin) = self.job.pins.image(reference, platform) else {
                    self.error(&base.place, format!("`{reference}` has not been resolved"));
                    return None;
                };
                let name = reference.to_string();
                let built = pinned(pin, &name, platform, note(format!("from {name}")));
                Some(Built {
                    native_first: self.native_first(reference, platform),
                    ..built
                })
            }
            Base::Recipe(reference) => self.parent(reference, platform, &base.place),
            Base::Rootfs(path) => self.rootfs(path, platform, &base.place),
            Base::Oci { folder, tag } => {
                let Some(pin) = self.job.pins.layout(folder, tag, platform) else {
                    self.error(
                        &base.place,
                        format!("`{folder}:{tag}` has not been resolved"),
                    );
                    return None;
                };
                let name = format!("{folder}:{tag}");
                let title = note(format!("from {name}"));
                Some(laid(pin, layout_name(folder), name, platform, title))
            }
            Base::Dockerfile(dockerfile) => self.dockerfile(dockerfile, &base.place, platform),
        }
    }

    /// The same image for the builder's own platform, where that is another one.
    fn native_first(&self, reference: &Reference, platform: Platform) -> Option<State> {
        let native = self.stranger(platform)?.native;
        let pin = self.job.pins.image(reference, native)?;
        let note = Note::named(format!("from {reference} for {native}"));
        Some(ImageSource::new(pin.reference.clone()).state(&native, note))
    }

    /// Another image of this workspace.
    pub(super) fn parent(
        &mut self,
        reference: &RecipeRef,
        platform: Platform,
        place: &Place,
    ) -> Option<Built> {
        let Some((name, parent)) = self.job.pins.parent(reference, platform) else {
            self.error(
                place,
                format!("`{}` has not been built for {platform}", reference.recipe),
            );
            return None;
        };
        Some(match parent {
            Parent::Published(pin) => {
                pinned(pin, name, platform, Note::named(format!("from {name}")))
            }
            Parent::Laid(pin) => {
                let title = Note::named(format!("from {name}"));
                laid(pin, layout_name(&pin.store), name.clone(), platform, title)
            }
            Parent::Graph(lowered) => {
                self.needs
                    .secrets
                    .extend(lowered.needs.secrets.iter().cloned());
                self.needs.ssh.extend(lowered.needs.ssh.iter().cloned());
                self.needs.host_network |= lowered.needs.host_network;
                let record = BaseRecord {
                    name: name.clone(),
                    digest: None,
                };
                let bytes = lowered.base_config.as_ref();
                inherit(lowered.state.clone(), &lowered.config, bytes, Some(record))
            }
        })
    }

    /// A tarball unpacked onto nothing.
    fn rootfs(&mut self, path: &str, platform: Platform, place: &Place) -> Option<Built> {
        if let Err(message) = self.job.files.matches(path, &[]) {
            self.error(place, message);
            return None;
        }
        let note = |name: String| Note {
            name,
            places: vec![place.clone()],
            ignore_cache: false,
        };
        let local = self.job.files.one(path, platform, place);
        let options = CopyOptions {
            unpack: true,
            ..CopyOptions::default()
        };
        let title = format!("rootfs {path}");
        let state = FileActions::on(&State::scratch(&platform), None)
            .copy(&local, &format!("/{path}"), "/", options)
            .state(note(title.clone()));
        let mut built = empty(state, platform);
        built.history.push(History {
            created: Some(super::config::rfc3339(self.job.epoch.seconds)),
            created_by: Some(title),
            comment: Some("kiln".to_owned()),
            ..History::default()
        });
        Some(built)
    }
}

/// BuildKit wants a name in the form of a repository; it is only shown.
pub fn layout_name(folder: &str) -> String {
    let word: String = folder
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                c
            } else {
                '-'
            }
        })
        .collect();
    format!("layout/{}", word.trim_matches('-'))
}

pub(super) fn pinned(pin: &PinnedImage, name: &str, platform: Platform, note: Note) -> Built {
    let state = ImageSource::new(pin.reference.clone()).state(&platform, note);
    let record = BaseRecord {
        name: name.to_owned(),
        digest: Some(pin.manifest.clone()),
    };
    inherit(state, &pin.config, Some(&pin.config_bytes), Some(record))
}

/// An image of a layout; `shown` is the name that BuildKit shows it under.
pub(super) fn laid(
    pin: &PinnedLayout,
    shown: String,
    name: String,
    platform: Platform,
    note: Note,
) -> Built {
    let source = OciLayoutSource::new(shown, pin.digest.clone(), &pin.store);
    let record = BaseRecord {
        name,
        digest: Some(pin.manifest.clone()),
    };
    let state = source.state(&platform, note);
    inherit(state, &pin.config, Some(&pin.config_bytes), Some(record))
}

pub(super) fn empty(state: State, platform: Platform) -> Built {
    inherit(state, &ImageConfig::new(platform), None, None)
}

fn inherit(
    state: State,
    config: &ImageConfig,
    bytes: Option<&Vec<u8>>,
    record: Option<BaseRecord>,
) -> Built {
    let cwd = config
        .config
        .working_dir
        .clone()
        .filter(|dir| dir.starts_with('/'));
    Built {
        state,
        native_first: None,
        env: pairs(&config.config.env),
        cwd: cwd.unwrap_or_else(|| "/".to_owned()),
        history: config.history.clone(),
        packages: BTreeSet::new(),
        base: BaseParts {
            config: config.clone(),
            config_bytes: bytes.cloned(),
            record,
        },
    }
}
