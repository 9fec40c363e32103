//! What a daemon answers to a finished build. Owns the checks that its answer holds together.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::buildkit::progress::Warning;
use crate::oci::{Descriptor, Digest, Platform};

/// Keys of BuildKit's image exporter, see `exporter/containerimage/exptypes`.
const DESCRIPTOR: &str = "containerimage.descriptor";
const DIGEST: &str = "containerimage.digest";
const CONFIG_DIGEST: &str = "containerimage.config.digest";

/// One platform of an image as a builder made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformResult {
    /// The platform asked for; the manifest's is the same.
    pub platform: Platform,
    /// The manifest that was exported, with the platform in it; `None` when nothing was exported.
    pub manifest: Option<Descriptor>,
    /// Digest of the image's configuration.
    pub config: Option<Digest>,
    /// Remarks of the daemon.
    pub warnings: Vec<Warning>,
    /// Steps that were run. Sources are no steps: they are looked up each time.
    pub ran: usize,
    /// Steps whose result was there already.
    pub cached: usize,
}

/// What an exporter answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Exported {
    pub(super) manifest: Option<Descriptor>,
    pub(super) config: Option<Digest>,
}

/// Reads the exporter's answer for an image of `platform`.
///
/// # Errors
/// What is wrong with it: no descriptor, one that is no manifest, another digest than the one told
/// beside it, another platform.
pub(super) fn exported(
    response: &BTreeMap<String, String>,
    platform: Platform,
) -> Result<Exported, String> {
    let encoded = need(response, DESCRIPTOR)?;
    let json = STANDARD
        .decode(encoded)
        .map_err(|error| format!("`{DESCRIPTOR}` is not base64 ({error})"))?;
    let mut manifest: Descriptor = serde_json::from_slice(&json)
        .map_err(|error| format!("`{DESCRIPTOR}` is no descriptor ({error})"))?;
    if !manifest.media_type.is_manifest() {
        return Err(format!(
            "the result is of type `{}`, not an image manifest",
            manifest.media_type
        ));
    }
    let told: Digest = digest(DIGEST, need(response, DIGEST)?)?;
    if told != manifest.digest {
        return Err(format!(
            "the descriptor names manifest `{}`, `{DIGEST}` names `{told}`",
            manifest.digest
        ));
    }
    if manifest.size == 0 {
        return Err(format!("manifest `{told}` has no size"));
    }
    if let Some(wire) = &manifest.platform {
        let built = Platform::try_from(wire)
            .map_err(|error| format!("manifest `{told}` has an odd platform: {error}"))?;
        if built != platform {
            return Err(format!(
                "manifest `{told}` is for `{built}`, asked for was `{platform}`"
            ));
        }
    }
    manifest = manifest.with_platform(platform);
    let config = match response.get(CONFIG_DIGEST) {
        Some(text) => Some(digest(CONFIG_DIGEST, text)?),
        None => None,
    };
    Ok(Exported {
        manifest: Some(manifest),
        config,
    })
}

fn need<'a>(response: &'a BTreeMap<String, String>, key: &str) -> Result<&'a str, String> {
    response
        .get(key)
        .map(String::as_str)
        .ok_or_else(|| format!("`{key}` is missing"))
}

fn digest(key: &str, text: &str) -> Result<Digest, String> {
    text.parse()
        .map_err(|error| format!("`{key}` is wrong: {error}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{Exported, exported};
    use crate::oci::Platform;

    const TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

    fn answer(descriptor: &str, digest: &str) -> Result<Exported, String> {
        let response: BTreeMap<String, String> = [
            ("containerimage.descriptor", STANDARD.encode(descriptor)),
            ("containerimage.digest", digest.to_owned()),
            ("containerimage.config.digest", digest.to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        exported(&response, Platform::LINUX_ARM64)
    }

    fn descriptor(media_type: &str, digest: &str, size: u64, architecture: &str) -> String {
        format!(
            r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size},
                "platform":{{"architecture":"{architecture}","os":"linux"}}}}"#
        )
    }

    #[test]
    fn a_good_answer_gives_manifest_and_config() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let found = answer(&descriptor(TYPE, &digest, 7, "arm64"), &digest).unwrap();
        let manifest = found.manifest.unwrap();
        assert_eq!(
            (manifest.digest.as_str(), manifest.size),
            (digest.as_str(), 7)
        );
        assert_eq!(found.config.unwrap().as_str(), digest);
    }

    #[test]
    fn answers_that_do_not_hold_together_are_refused() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let other = format!("sha256:{}", "b".repeat(64));
        let index = "application/vnd.oci.image.index.v1+json";
        let rows = [
            (
                descriptor(TYPE, &digest, 7, "amd64"),
                &digest,
                "is for `linux/amd64`",
            ),
            (
                descriptor(TYPE, &digest, 7, "größe"),
                &digest,
                "odd platform",
            ),
            (
                descriptor(TYPE, &digest, 0, "arm64"),
                &digest,
                "has no size",
            ),
            (
                descriptor(TYPE, &digest, 7, "arm64"),
                &other,
                "`containerimage.digest` names",
            ),
            (
                descriptor(index, &digest, 7, "arm64"),
                &digest,
                "not an image manifest",
            ),
            ("[]".to_owned(), &digest, "is no descriptor"),
        ];
        for (descriptor, digest, expected) in rows {
            let problem = answer(&descriptor, digest).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
        let nothing = exported(&BTreeMap::new(), Platform::LINUX_ARM64).unwrap_err();
        assert_eq!(nothing, "`containerimage.descriptor` is missing");
    }
}
