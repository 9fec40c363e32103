//! What the stand-in for a builder is told to do, and what it saw.

use std::time::Duration;

use kiln::buildkit::{
    Dockerfile, ImageExport, LogStream, Progress, ProgressSink, Solve, SolveError,
};
use kiln::oci::{Digest, ImageConfig, Platform, Repository};
use kiln::proto::pb;
use prost::Message as _;

/// What a builder does in the solves of a platform that are about something.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) platform: Option<Platform>,
    pub(crate) about: &'static str,
    pub(crate) act: Act,
}

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
    /// The program of the graph's last op writes this to standard output.
    Prints(&'static str),
    /// The path that the graph's last op copies leads nowhere.
    Lacks,
    /// What is copied by the graph's last op is a file with this mode and content.
    Holds(u32, &'static str),
    /// The layers that it makes are this archive, by how many solves for the platform there were before.
    Layers(fn(usize) -> Vec<u8>),
    /// The answer is not what was asked for.
    Wrong(Wrong),
    /// It has something to say.
    Remark(&'static str),
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

    /// Whether anything was to be exported.
    pub(crate) fn exports(&self) -> bool {
        self.0.exporter.image().is_some()
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

    /// The program that the last op runs.
    pub(crate) fn last_exec(&self) -> pb::ExecOp {
        let op = self.0.definition.def.iter().rev().nth(1).unwrap();
        match pb::Op::decode(op.as_ref()).unwrap().op {
            Some(pb::op::Op::Exec(exec)) => exec,
            other => panic!("no program: {other:?}"),
        }
    }

    /// For each op but the terminal one, whether it must be run even if its result is known.
    pub(crate) fn ignores_cache(&self) -> Vec<bool> {
        let definition = &self.0.definition;
        let ops = &definition.def[..definition.def.len() - 1];
        let ignores = |op: &bytes::Bytes| {
            let digest = Digest::sha256_of(op).to_string();
            definition.metadata[&digest].ignore_cache
        };
        ops.iter().map(ignores).collect()
    }

    /// Whether an op of the graph contains a text.
    pub(crate) fn has(&self, text: &str) -> bool {
        let ops = &self.0.definition.def;
        let dockerfile = self.0.dockerfile.as_ref();
        dockerfile.is_some_and(|it| format!("{it:?}").contains(text))
            || ops.iter().any(|op| contains(op, text))
    }

    /// The Dockerfile that was to be built.
    pub(crate) fn dockerfile(&self) -> Option<&Dockerfile> {
        self.0.dockerfile.as_deref()
    }

    /// What is served of layouts.
    pub(crate) fn stores(&self) -> Vec<&str> {
        self.0.layouts.keys().map(String::as_str).collect()
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

/// The program of a graph's last op writes something and ends.
pub(super) fn prints(request: &Solve, text: &str, progress: &ProgressSink) {
    let vertex = Digest::sha256_of(request.definition.def.iter().rev().nth(1).unwrap()).to_string();
    let (name, stream) = ("test".to_owned(), LogStream::Stdout);
    progress.send(Progress::VertexStarted {
        vertex: vertex.clone(),
        name: name.clone(),
    });
    progress.send(Progress::Output {
        vertex: vertex.clone(),
        stream,
        bytes: text.as_bytes().to_vec().into(),
    });
    for line in text.lines() {
        let (vertex, line) = (vertex.clone(), line.to_owned());
        progress.send(Progress::Log {
            vertex,
            stream,
            line,
        });
    }
    progress.send(Progress::VertexCompleted {
        vertex,
        name,
        cached: false,
        error: None,
        took: None,
    });
}

/// What a daemon says of a path that leads nowhere.
pub(super) fn lacking(request: &Solve) -> SolveError {
    let vertex = Digest::sha256_of(request.definition.def.iter().rev().nth(1).unwrap());
    SolveError::StepFailed {
        vertex: vertex.to_string(),
        name: "test".to_owned(),
        exit_code: None,
        message: "lstat /größe: no such file or directory".to_owned(),
        logs: Vec::new(),
    }
}

/// The program of an op that has a text ends so.
pub(super) fn failed(request: &Solve, step: &str, code: i64) -> SolveError {
    let op = request.definition.def.iter().find(|op| contains(op, step));
    let vertex = Digest::sha256_of(op.unwrap_or_else(|| panic!("no step has `{step}`")));
    SolveError::StepFailed {
        vertex: vertex.to_string(),
        name: format!("run {step}"),
        exit_code: Some(code),
        message: "process did not complete successfully".to_owned(),
        logs: vec!["letzte Zeile: größer als erlaubt".to_owned()],
    }
}
