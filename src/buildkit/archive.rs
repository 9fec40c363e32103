//! Results that a daemon sends to us as an OCI archive.
//!
//! Owns who takes them, and how an archive that comes through a session finds the build it belongs to.

use std::fmt;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::oci::Digest;

/// The pieces of an archive as they come; an error when the daemon breaks off.
pub type Pieces = mpsc::Receiver<io::Result<Bytes>>;

/// What a receiver did with an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// All of it was taken.
    Whole,
    /// It is here already, so nothing has to be sent.
    AlreadyHere,
}

/// Takes the archive of one image.
#[async_trait]
pub trait ArchiveReceiver: Send + Sync + fmt::Debug {
    /// Takes it from its first byte; called again when the build is done again. The manifest is the
    /// one that the daemon says is in it. An error is told to the daemon and ends the build.
    async fn receive(&self, manifest: Option<Digest>, pieces: Pieces) -> Result<Received, String>;
}

/// A receiver as part of a request. Two are equal when they are the same one.
#[derive(Debug, Clone)]
pub struct ArchiveTo(Arc<dyn ArchiveReceiver>);

impl ArchiveTo {
    /// Wraps a receiver.
    pub fn new(receiver: Arc<dyn ArchiveReceiver>) -> ArchiveTo {
        ArchiveTo(receiver)
    }

    /// The receiver.
    pub fn receiver(&self) -> Arc<dyn ArchiveReceiver> {
        Arc::clone(&self.0)
    }
}

impl PartialEq for ArchiveTo {
    fn eq(&self, other: &ArchiveTo) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for ArchiveTo {}

/// The name under which a build's archive is sent. All builds of a session number their exporters from
/// 0, so the image's name is what tells their archives apart; it is not kept.
pub(super) fn archive_name(reference: &str) -> String {
    format!("kiln.invalid/{reference}:archive")
}
