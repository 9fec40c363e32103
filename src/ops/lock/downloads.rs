//! Downloads: their checksums, by downloading them.

use futures_util::StreamExt as _;

use super::unresolved::Unresolved;
use crate::lock::{Lock, Needs};
use crate::ops::OpError;
use crate::registry::Web;

/// How many are loaded at once.
const PARALLEL: usize = 4;

/// The most bytes of a download.
const LIMIT: u64 = 64 << 30;

/// Notes the checksum of everything that is missing.
pub(super) async fn downloads(
    missing: &Needs,
    lock: &mut Lock,
    web: &Web,
    unresolved: &mut Unresolved,
) {
    let all = futures_util::stream::iter(missing.fetch.iter())
        .map(|(url, places)| async move { (url, places, web.checksum(url, LIMIT).await) })
        .buffered(PARALLEL)
        .collect::<Vec<_>>()
        .await;
    for (url, places, result) in all {
        match result {
            Ok((checksum, _)) => lock.set_fetch(url, checksum),
            Err(error) if error.is_unavailable() => unresolved.unavailable(OpError::Unanswered {
                message: format!("a download has no checksum: {error}"),
                next: "try again later; proxies and certificates count as for registries, see `kiln config`".to_owned(),
            }),
            Err(error) => {
                let message = format!("this download has no checksum: {error}");
                unresolved.wrong(places, &message, "check the address; a browser shows what is there");
            }
        }
    }
}
