//! What stands for things that need not be looked at to know what decides an image.

use std::collections::BTreeMap;

use crate::lower::PinnedImage;
use crate::oci::{Digest, ImageConfig, Platform, Reference, Repository};
use crate::recipe::{Base, Dockerfile, RecipeRef};
use crate::text::Spanned;

/// The digest of nothing, in place of one that is not known.
pub(super) fn nothing() -> Digest {
    Digest::sha256_of(&[])
}

pub(super) fn stand_in(reference: Reference, platform: Platform) -> PinnedImage {
    PinnedImage {
        reference: reference.with_digest(nothing()),
        manifest: nothing(),
        config: ImageConfig::new(platform),
        config_bytes: Vec::new(),
    }
}

/// A repository on a host that no registry has (RFC 2606): where an image goes does not decide what it is.
pub(super) fn nowhere(name: &str) -> Option<Repository> {
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
