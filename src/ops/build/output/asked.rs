//! Which outputs there are, and what became of them.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::super::report::Failure;

/// Where archives for streams are staged, below the workspace.
const OWN_FOLDER: &str = ".kiln";

/// Where images go besides registries.
#[derive(Debug, Clone)]
pub enum Output {
    /// Into an image layout.
    Layout(PathBuf),
    /// Into an archive of one.
    Archive(ArchiveDest),
}

/// Where an archive goes.
#[derive(Debug, Clone)]
pub enum ArchiveDest {
    /// Into a file.
    File(PathBuf),
    /// Into a stream, such as standard output.
    Stream(ByteSink),
}

/// A stream that is written to once.
#[derive(Clone)]
pub struct ByteSink(pub(super) Arc<Mutex<dyn Write + Send>>);

impl ByteSink {
    /// A sink that writes to `stream`.
    pub fn new(stream: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }
}

impl fmt::Debug for ByteSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByteSink")
    }
}

impl Output {
    /// Its kind, as the command line names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Layout(_) => "oci-layout",
            Self::Archive(_) => "oci",
        }
    }

    /// Its place, as the command line names it.
    pub fn dest(&self) -> String {
        self.place().display().to_string()
    }

    pub(super) fn place(&self) -> &Path {
        match self {
            Self::Layout(path) | Self::Archive(ArchiveDest::File(path)) => path,
            Self::Archive(ArchiveDest::Stream(_)) => Path::new("-"),
        }
    }

    /// Where its scratch folder stands: on the same file system.
    pub(super) fn beside(&self, root: &Path) -> PathBuf {
        match self {
            Self::Layout(folder) => folder.clone(),
            Self::Archive(ArchiveDest::File(file)) => {
                let parent = file.parent().filter(|it| !it.as_os_str().is_empty());
                parent.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
            }
            Self::Archive(ArchiveDest::Stream(_)) => root.join(OWN_FOLDER),
        }
    }
}

/// What became of an output.
#[derive(Debug, Clone)]
pub struct OutputReport {
    /// `oci-layout` or `oci`.
    pub kind: &'static str,
    /// Where it is.
    pub dest: String,
    /// The names by which each image is found there, by its position in the report.
    pub images: BTreeMap<usize, Vec<String>>,
    /// How it ended.
    pub state: OutputState,
}

/// How an output ended.
#[derive(Debug, Clone)]
pub enum OutputState {
    /// It is there; a layout has the images that were built.
    Written,
    /// It is not, because images are missing; the text says which.
    Incomplete(String),
    /// It could not be written.
    Failed(Box<Failure>),
}
