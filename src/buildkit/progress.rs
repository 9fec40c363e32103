//! What is told while a build runs. Owns our own words for it; knows no protobuf and no terminal.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

/// One thing that happened in a build. Steps are told apart by their `vertex`, the digest of their
/// op; the steps of an export have digests that are in no graph.
///
/// The same step may start and complete more than once (a source is looked up first and fetched
/// later); what comes last holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A step began.
    VertexStarted {
        /// Which one.
        vertex: String,
        /// Its name.
        name: String,
    },
    /// A step ended.
    VertexCompleted {
        /// Which one.
        vertex: String,
        /// Its name.
        name: String,
        /// Whether its result was there already.
        cached: bool,
        /// Why it failed.
        error: Option<String>,
        /// How long it took, by the daemon's clock.
        took: Option<Duration>,
    },
    /// A step wrote a line.
    Log {
        /// Which one.
        vertex: String,
        /// Where to.
        stream: LogStream,
        /// The line without its end.
        line: String,
    },
    /// A step wrote bytes; told besides the lines, where the solve asks for it.
    Output {
        /// Which one.
        vertex: String,
        /// Where to.
        stream: LogStream,
        /// The bytes as the daemon passes them on.
        bytes: Bytes,
    },
    /// The daemon has a remark.
    Warning(Warning),
}

/// Where a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A remark of the daemon about a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The step.
    pub vertex: String,
    /// The remark in short.
    pub message: String,
    /// More lines about it.
    pub details: Vec<String>,
    /// Where to read on; often empty.
    pub url: String,
}

/// Where progress goes. Cheap to clone.
///
/// It is called between two reads of the connection and must not block.
#[derive(Clone)]
pub struct ProgressSink(Arc<dyn Fn(Progress) + Send + Sync>);

impl ProgressSink {
    /// A sink that calls `receive` for each event.
    pub fn new(receive: impl Fn(Progress) + Send + Sync + 'static) -> ProgressSink {
        ProgressSink(Arc::new(receive))
    }

    /// A sink that drops everything.
    pub fn none() -> ProgressSink {
        ProgressSink::new(|_| ())
    }

    /// Passes an event on.
    pub fn send(&self, progress: Progress) {
        (self.0)(progress);
    }
}

impl fmt::Debug for ProgressSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProgressSink")
    }
}
