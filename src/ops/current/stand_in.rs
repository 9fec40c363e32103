//! What stands for things that need not be looked at to know what decides an image.

use std::collections::BTreeMap;

use crate::lower::{Parent, PinnedImage, PinnedLayout, Pins};
use crate::oci::{Digest, ImageConfig, Platform, Reference, Repository};
use crate::ops::resolve::uses;
use crate::plan::{Plan, Planned};
use crate::recipe::{Base, Dockerfile, RecipeRef};
use crate::text::Spanned;

/// What stands for everything that an image begins with on a platform, if stages without one run on `native`: names,
/// and nothing that anybody would have to be asked.
pub(in crate::ops) fn stand_ins(
    plan: &Plan,
    planned: &Planned,
    platform: Platform,
    native: Platform,
) -> Pins {
    let mut pins = Pins::default();
    let Some(content) = planned.image.contents.get(&platform) else {
        return pins;
    };
    for (reference, _, platform) in uses(content, platform, native) {
        // The builder's own, too: native tools may come from there.
        for platform in [platform, native] {
            pins.add_image(reference, platform, stand_in(reference.clone(), platform));
        }
    }
    for (reference, &parent) in &planned.parents {
        let name = plan.images[parent].image.name();
        if let Some(repository) = nowhere(&name) {
            let stand_in = stand_in(Reference::pinned(repository, nothing()), platform);
            let parent = Parent::Published(Box::new(stand_in));
            pins.add_parent(reference.clone(), platform, name, parent);
        }
    }
    for base in content.bases() {
        if let Base::Oci { folder, tag } = &base.value {
            let pin = PinnedLayout {
                store: "layout".to_owned(),
                digest: nothing(),
                manifest: nothing(),
                config: ImageConfig::new(platform),
                config_bytes: Vec::new(),
            };
            pins.add_layout(folder, tag, platform, pin);
        }
    }
    pins
}

/// The digest of nothing, in place of one that is not known.
fn nothing() -> Digest {
    Digest::sha256_of(&[])
}

fn stand_in(reference: Reference, platform: Platform) -> PinnedImage {
    PinnedImage {
        reference: reference.with_digest(nothing()),
        manifest: nothing(),
        config: ImageConfig::new(platform),
        config_bytes: Vec::new(),
    }
}

/// A repository on a host that no registry has (RFC 2606): where an image goes does not decide what it is.
fn nowhere(name: &str) -> Option<Repository> {
    let repository = name
        .rsplit_once(':')
        .map_or(name, |(repository, _)| repository);
    format!("recipe.invalid/{repository}").parse().ok()
}

/// Everything that is said of a Dockerfile, without places.
pub(super) fn words(dockerfile: &Dockerfile) -> String {
    let args = dockerfile.args.iter();
    let args: BTreeMap<&str, &str> = args
        .map(|(name, value)| (name.value.as_str(), value.as_str()))
        .collect();
    let images = |all: &[(Spanned<String>, Spanned<Base>)]| {
        let named = all.iter();
        named
            .map(|(name, base)| (name.value.clone(), base_words(&base.value)))
            .collect::<BTreeMap<String, String>>()
    };
    serde_json::json!({
        "args": args,
        "base_args": images(&dockerfile.base_args),
        "contexts": images(&dockerfile.contexts),
        "target": dockerfile.target.as_ref().map(|target| &target.value),
    })
    .to_string()
}

fn base_words(base: &Base) -> String {
    match base {
        Base::Image(reference) => reference.to_string(),
        Base::Recipe(RecipeRef { recipe, select }) => format!("recipe {recipe} {select:?}"),
        Base::Oci { folder, tag } => format!("oci {folder}:{tag}"),
        Base::Rootfs(path) => format!("rootfs {path}"),
        Base::Stage(name) => format!("stage {name}"),
        Base::Scratch => "scratch".to_owned(),
        Base::Dockerfile(_) => "dockerfile".to_owned(),
    }
}
