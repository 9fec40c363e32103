//! The stand-in's part of archives: what it sends, and what it reads of the layouts it is served.

use bytes::Bytes;
use kiln::buildkit::{ArchiveTo, Received, Solve};
use kiln::oci::layout::blob_path;
use kiln::oci::{Descriptor, Digest, Manifest};
use kiln::proto::pb;
use prost::Message as _;
use tokio::sync::mpsc;

use super::seen::Wrong;

/// An image that was made.
pub(super) struct Made {
    /// Layers and configuration.
    pub(super) blobs: Vec<Bytes>,
    pub(super) manifest: Bytes,
    pub(super) config: Digest,
}

/// Sends an image as a daemon does, in small pieces, and gives what it is told.
pub(super) async fn send(
    to: &ArchiveTo,
    made: &Made,
    wrong: Option<Wrong>,
) -> Result<Received, String> {
    let bytes = Bytes::from(archive(made, wrong));
    let (sender, pieces) = mpsc::channel(1);
    let sending = async move {
        for piece in bytes.chunks(1000) {
            let half = wrong == Some(Wrong::Torn) && sender.send(Ok(Bytes::new())).await.is_ok();
            let piece = Bytes::copy_from_slice(&piece[..piece.len() / if half { 2 } else { 1 }]);
            if sender.send(Ok(piece)).await.is_err() {
                return;
            }
            if half {
                let broken = std::io::Error::other("연결이 끊겼다");
                let _ = sender.send(Err(broken)).await;
                return;
            }
        }
    };
    let receiver = to.receiver();
    let manifest = Digest::sha256_of(&made.manifest);
    tokio::join!(receiver.receive(Some(manifest), pieces), sending).0
}

fn archive(made: &Made, wrong: Option<Wrong>) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |path: &std::path::Path, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o444);
        tar.append_data(&mut header, path, bytes).unwrap();
    };
    // A real one has these, too, and its list is about this one platform.
    add("index.json".as_ref(), b"{}");
    add("oci-layout".as_ref(), b"{}");
    let skipped = usize::from(wrong == Some(Wrong::Gone));
    for blob in made.blobs.iter().skip(skipped).chain([&made.manifest]) {
        let path = blob_path(&Digest::sha256_of(blob));
        let mut bytes = blob.to_vec();
        if wrong == Some(Wrong::Damaged) {
            bytes[0] ^= 1;
        }
        add(&path, &bytes);
    }
    tar.into_inner().unwrap()
}

/// The layers of an image in a layout that the solve serves, if its configuration is this one.
pub(super) fn laid_layers(
    request: &Solve,
    name: &str,
    config: &[u8],
) -> Option<Vec<(Descriptor, Vec<u8>)>> {
    let digest: Digest = name.rsplit_once('@')?.1.parse().ok()?;
    let read = |digest: &Digest| {
        let mut folders = request.layouts.values();
        folders.find_map(|folder| std::fs::read(folder.join(blob_path(digest))).ok())
    };
    let manifest: Manifest = serde_json::from_slice(&read(&digest)?).unwrap();
    if read(&manifest.config.digest)? != config {
        return None;
    }
    let layers = manifest.layers.into_iter();
    let layers = layers.map(|layer| {
        let bytes = read(&layer.digest).expect("the session serves all of a parent's layers");
        (layer, bytes)
    });
    Some(layers.collect())
}

/// A layer with nothing but the file that the graph's last op copies.
pub(super) fn copied(request: &Solve, mode: u32, content: &str) -> Bytes {
    let ops = request.definition.def.iter().rev();
    let file = ops.filter_map(|op| match pb::Op::decode(op.as_ref()).unwrap().op {
        Some(pb::op::Op::File(file)) => Some(file),
        _ => None,
    });
    let actions = file.flat_map(|file| file.actions);
    let mut copies = actions.filter_map(|action| match action.action {
        Some(pb::file_action::Action::Copy(copy)) => Some(copy),
        _ => None,
    });
    let dest = copies.next().expect("something is copied").dest;
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    let path = dest.trim_start_matches('/');
    tar.append_data(&mut header, path, content.as_bytes())
        .unwrap();
    tar.into_inner().unwrap().into()
}
