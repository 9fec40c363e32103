//! The tags beside an image: fallbacks of the referrers API, and others of the same index.

use futures_util::future::join_all;

use crate::kernel::Releases;
use crate::lint::image::{is_referrers_tag, minds_twins};
use crate::oci::{Digest, Reference, Tag};
use crate::registry::{ManifestRef, Registry};

/// The most tags that are asked where they lead to.
const MOST: usize = 32;

/// How many of them at once.
const AT_ONCE: usize = 8;

/// What is known of them.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// Fallbacks of the referrers API, of this image or of others.
    pub(super) referrers: Vec<Tag>,
    /// Tags that lead to the same index.
    pub(super) twins: Vec<Tag>,
    /// Why the tags are not known.
    pub(super) unlisted: Option<String>,
    /// Why it is not known where they lead to.
    pub(super) unlooked: Option<String>,
}

/// Asks the registry. What it does not tell is no error: the image itself could be read.
pub(super) async fn ask(
    reference: &Reference,
    digest: &Digest,
    releases: &Releases,
    registry: &dyn Registry,
) -> Beside {
    let repository = reference.repository();
    let tags = match registry.tags(repository).await {
        Ok(tags) => tags,
        Err(error) => {
            let reason = format!("no list of tags: {error}");
            return Beside {
                unlisted: Some(reason.clone()),
                unlooked: Some(reason),
                ..Beside::default()
            };
        }
    };
    let (referrers, others): (Vec<Tag>, Vec<Tag>) = tags.into_iter().partition(is_referrers_tag);
    let mut beside = Beside {
        referrers,
        ..Beside::default()
    };
    // By digest the first tag is as good as any: one of them is no other.
    let others = others
        .into_iter()
        .filter(|tag| Some(tag) != reference.tag());
    let others: Vec<Tag> = others.collect();
    if !minds_twins(releases) {
        beside.unlooked = Some("no chosen release minds".to_owned());
    } else if others.len() > MOST {
        beside.unlooked = Some(format!("the repository has {} tags", others.len()));
    } else {
        match twins(&others, reference, digest, registry).await {
            Ok(mut twins) => {
                if reference.tag().is_none() && !twins.is_empty() {
                    twins.remove(0);
                }
                beside.twins = twins;
            }
            Err(reason) => beside.unlooked = Some(reason),
        }
    }
    beside
}

/// Those of some tags that lead to a digest.
async fn twins(
    tags: &[Tag],
    reference: &Reference,
    digest: &Digest,
    registry: &dyn Registry,
) -> Result<Vec<Tag>, String> {
    let mut twins = Vec::new();
    for some in tags.chunks(AT_ONCE) {
        let heads = some.iter().map(|tag| async move {
            let at = ManifestRef::Tag(tag.clone());
            registry.head_manifest(reference.repository(), &at).await
        });
        for (tag, head) in some.iter().zip(join_all(heads).await) {
            let head = head.map_err(|error| error.to_string())?;
            if head.is_some_and(|head| head.digest == *digest) {
                twins.push(tag.clone());
            }
        }
    }
    Ok(twins)
}
