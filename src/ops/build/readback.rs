//! An image of this run as the registry has it, or as it was sent to us.
//!
//! What a builder says it pushed is taken from the registry and compared with what was asked for before an
//! index names it; the same goes for what it sent to us. It is named by its digest, so when the tags point
//! there it is enough that it is still there.

use crate::oci::validate::{config_fits, manifest_is_consistent};
use crate::oci::{Descriptor, ImageConfig, Manifest, Platform, Repository};
use crate::ops::resolve::MAX_CONFIG;
use crate::registry::{ManifestRef, Registry};

use super::output::Staging;
use super::report::Failure;

/// What to do about an image that is not what was asked for.
const ASK: &str = "build again; if it stays so, upgrade the builder";

/// One platform of an image, as it was read.
#[derive(Debug)]
pub(super) struct ReadBack {
    pub(super) manifest: Manifest,
    pub(super) config: ImageConfig,
    pub(super) config_bytes: Vec<u8>,
}

/// Reads manifest and configuration of an entry, and checks that they fit it and the platform.
pub(super) async fn read_back(
    registry: &dyn Registry,
    repository: &Repository,
    entry: &Descriptor,
    platform: Platform,
) -> Result<ReadBack, Box<Failure>> {
    let digest = &entry.digest;
    let gone = |what| gone(what, repository, entry);
    let wrong = |words: String| {
        let message = format!("{repository}@{digest} is not what was asked for: {words}");
        Failure::builder(message, ASK)
    };
    let at = ManifestRef::Digest(digest.clone());
    let raw = registry.get_manifest(repository, &at).await?;
    let raw = raw.ok_or_else(|| gone("the manifest"))?;
    let size = raw.bytes.len() as u64;
    if size != entry.size {
        let said = entry.size;
        return Err(wrong(format!("it has {size} bytes, not {said}")));
    }
    let manifest = raw.manifest().map_err(|error| wrong(error.to_string()))?;
    let config = &manifest.config.digest;
    let bytes = registry.get_blob(repository, config, MAX_CONFIG).await?;
    let bytes = bytes.ok_or_else(|| gone("the configuration of"))?;
    let config: ImageConfig =
        serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let read = ReadBack {
        manifest,
        config,
        config_bytes: bytes.to_vec(),
    };
    read.fits(platform).map_err(wrong)?;
    Ok(read)
}

/// The same from what a builder sent to us.
pub(super) fn read_staged(
    staging: &Staging,
    entry: &Descriptor,
    platform: Platform,
) -> Result<ReadBack, Box<Failure>> {
    let (manifest, config, config_bytes) = staging.image(entry)?;
    let read = ReadBack {
        manifest,
        config,
        config_bytes,
    };
    read.fits(platform).map_err(|words| {
        let digest = &entry.digest;
        let message =
            format!("the builder sent {digest}, which is not what was asked for: {words}");
        Failure::builder(message, ASK)
    })?;
    Ok(read)
}

impl ReadBack {
    /// Whether manifest and configuration fit each other and the platform; what does not, otherwise.
    fn fits(&self, platform: Platform) -> Result<(), String> {
        let checks = [
            manifest_is_consistent(&self.manifest),
            config_fits(&self.config, &self.manifest, platform),
        ];
        let faults = checks.into_iter().filter_map(Result::err).flatten();
        let faults: Vec<String> = faults.map(|fault| fault.to_string()).collect();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults.join("; "))
        }
    }
}

/// Whether an entry that was read back before is there still.
pub(super) async fn look_for(
    registry: &dyn Registry,
    repository: &Repository,
    entry: &Descriptor,
) -> Result<(), Box<Failure>> {
    let at = ManifestRef::Digest(entry.digest.clone());
    let found = registry.head_manifest(repository, &at).await?;
    found
        .map(drop)
        .ok_or_else(|| gone("the manifest", repository, entry))
}

fn gone(what: &str, repository: &Repository, entry: &Descriptor) -> Box<Failure> {
    let digest = &entry.digest;
    let message = format!("{what} {repository}@{digest} is not there after its push");
    let next = "check that the builder pushes to the registry that is read here, and that nothing \
                is cleaned up there meanwhile";
    Failure::registry(message, next)
}
