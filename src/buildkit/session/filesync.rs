//! The session's `FileSync` service: which folder is asked for, and with which filter.
//!
//! The transfer itself is in `transfer.rs`.

use std::sync::Arc;

use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming, async_trait};
use url::form_urlencoded;

use crate::buildkit::session::content::SessionContent;
use crate::buildkit::session::transfer::{LocalDir, Transfer};
use crate::context::Filter;
use crate::proto::filesync::file_sync_server::FileSync;
use crate::proto::fsutil::Packet;

pub(super) struct FileSyncService(pub(super) Arc<SessionContent>);

#[async_trait]
impl FileSync for FileSyncService {
    type DiffCopyStream = Transfer;

    async fn diff_copy(
        &self,
        request: Request<Streaming<Packet>>,
    ) -> Result<Response<Transfer>, Status> {
        let metadata = request.metadata();
        let name = values(metadata, "dir-name").pop().unwrap_or_default();
        let Some(root) = self.0.locals.get(&name) else {
            // With this code the daemon asks the next session that could have it.
            return Err(Status::not_found(format!("no local folder `{name}`")));
        };
        let mut exclude = values(metadata, "exclude-patterns");
        // The last pattern decides.
        exclude.extend(self.0.hidden.clone());
        let filter = Filter {
            include: values(metadata, "include-patterns"),
            exclude,
            follow: values(metadata, "followpaths"),
        };
        let dir = LocalDir {
            name,
            root: root.clone(),
            notes: self.0.notes.clone(),
        };
        Ok(Response::new(Transfer::start(
            dir,
            filter,
            request.into_inner(),
        )))
    }
}

/// All values of a key. When one of them is not ASCII, the daemon escapes all and says so.
fn values(metadata: &MetadataMap, key: &str) -> Vec<String> {
    let encoded = metadata.contains_key(format!("{key}-encoded"));
    let decode = |text: &str| {
        if !encoded {
            return text.to_owned();
        }
        let mut pairs = form_urlencoded::parse(text.as_bytes());
        pairs
            .next()
            .map(|(text, _)| text.into_owned())
            .unwrap_or_default()
    };
    metadata
        .get_all(key)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .map(decode)
        .collect()
}

#[cfg(test)]
mod tests {
    use tonic::metadata::MetadataMap;

    use super::values;

    #[test]
    fn values_are_unescaped_when_the_daemon_says_so() {
        let mut metadata = MetadataMap::new();
        metadata.append(
            "followpaths",
            "a%2Fgr%C3%BC%C3%9Fe+%26x%3D".parse().unwrap(),
        );
        metadata.append("followpaths", "b".parse().unwrap());
        metadata.append("dir-name", "a+b%20".parse().unwrap());
        assert_eq!(values(&metadata, "dir-name"), ["a+b%20"]);
        metadata.insert("followpaths-encoded", "1".parse().unwrap());
        assert_eq!(values(&metadata, "followpaths"), ["a/grüße &x=", "b"]);
        assert!(values(&metadata, "include-patterns").is_empty());
    }
}
