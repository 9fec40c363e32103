//! What the stand-in for a builder is told to do, and what it saw.

use std::time::Duration;

use kiln::buildkit::{ImageExport, Solve, SolveError};
use kiln::oci::{ImageConfig, Platform, Repository};
use kiln::proto::pb;
use prost::Message as _;

/// What it does instead of, or before, a good answer.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// The program whose op contains the text ends with an exit code.
    Fail { step: &'static str, code: i64 },
    /// An answer of the connection or the daemon.
    Error(SolveError),
    /// The same so many times; then it behaves.
    Errors(SolveError, usize),
    /// A step fails in the solves that are chosen so.
    Unlucky(fn(&Seen) -> bool),
    /// No answer at all.
    Hang,
    /// It takes a while.
    Take(Duration),
    /// It goes on when so many solves were in flight at once.
    Meet(usize),
    /// The answer is not what was asked for.
    Wrong(Wrong),
}

/// How an answer can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Nothing was pushed.
    Nothing,
    /// The manifest named is not in the registry; a layer is not in the archive.
    Gone,
    /// The content of the archive has other digests than it says.
    Damaged,
    /// The archive breaks off.
    Torn,
    /// The configuration is for another architecture.
    Architecture,
    /// The manifest has another size than the answer says.
    Size,
    /// A layer more than the configuration speaks of.
    Layers,
}

/// One request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen(pub(super) Solve);

impl Seen {
    pub(crate) fn platform(&self) -> Platform {
        self.0.platform
    }

    /// Where the image was to be pushed.
    pub(crate) fn repository(&self) -> Option<&Repository> {
        self.0.exporter.repository()
    }

    /// Seconds since 1970 that were asked for.
    pub(crate) fn epoch(&self) -> Option<i64> {
        self.0.source_date_epoch
    }

    /// The graph's ops.
    pub(crate) fn definition(&self) -> Vec<Vec<u8>> {
        self.0.definition.def.iter().map(|op| op.to_vec()).collect()
    }

    /// What was to be exported.
    pub(crate) fn image(&self) -> &ImageExport {
        let image = self.0.exporter.image();
        image.expect("nothing was to be exported")
    }

    /// The configuration of it.
    pub(crate) fn config(&self) -> ImageConfig {
        serde_json::from_slice(&self.image().config).unwrap()
    }

    /// The identifiers of the graph's sources.
    pub(crate) fn sources(&self) -> Vec<String> {
        sources(&self.0)
    }

    /// Whether an op of the graph contains a text.
    pub(crate) fn has(&self, text: &str) -> bool {
        let ops = &self.0.definition.def;
        ops.iter().any(|op| contains(op, text))
    }
}

/// What happened when, by the number of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Began(usize),
    Ended(usize),
    /// The future was dropped before its end.
    Dropped(usize),
}

/// Whether an op contains a text.
pub(super) fn contains(op: &[u8], text: &str) -> bool {
    text.is_empty() || op.windows(text.len()).any(|part| part == text.as_bytes())
}

/// The identifiers of a graph's sources.
pub(super) fn sources(request: &Solve) -> Vec<String> {
    let ops = request.definition.def.iter();
    ops.filter_map(|op| match pb::Op::decode(op.as_ref()).unwrap().op {
        Some(pb::op::Op::Source(source)) => Some(source.identifier),
        _ => None,
    })
    .collect()
}
