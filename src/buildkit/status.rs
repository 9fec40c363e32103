//! The Status stream of one solve: from the daemon's records to [`Progress`].
//!
//! Owns what is remembered of each vertex. A stream belongs to one solve, so vertices are told
//! apart by digest within it only: with one session, the export steps of all solves have the same
//! digest.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use prost_types::Timestamp;

use crate::buildkit::dockerfile::is_instruction;
use crate::buildkit::lines::LineBuffer;
use crate::buildkit::progress::{LogStream, Progress, ProgressSink, Warning};
use crate::proto::control::{StatusResponse, Vertex, VertexLog, VertexWarning};

/// Lines of each step that are kept for its error.
const KEPT_LINES: usize = 30;

/// What is known of the steps of one solve.
#[derive(Debug)]
pub(super) struct Tracker {
    sink: ProgressSink,
    /// Whether bytes are told besides lines.
    pub(super) tells_output: bool,
    vertices: BTreeMap<String, VertexState>,
    warnings: Vec<Warning>,
}

#[derive(Debug, Default)]
struct VertexState {
    name: String,
    phase: Phase,
    last_lines: VecDeque<String>,
    buffers: BTreeMap<LogStream, LineBuffer>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Waiting,
    Running,
    Completed {
        cached: bool,
        error: Option<String>,
    },
}

/// How many steps of a graph were run, and how many were there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) ran: usize,
    pub(super) cached: usize,
}

impl Tracker {
    pub(super) fn new(sink: ProgressSink) -> Tracker {
        Tracker {
            sink,
            tells_output: false,
            vertices: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// Takes in one message of the stream.
    pub(super) fn apply(&mut self, message: StatusResponse) {
        // A step that ends in this message may have its last lines in it too; they come first.
        let (ended, other): (Vec<_>, Vec<_>) = message
            .vertexes
            .into_iter()
            .partition(|vertex| vertex.completed.is_some());
        for vertex in other {
            self.vertex(vertex);
        }
        for vertex in &ended {
            let state = self.vertices.entry(vertex.digest.clone()).or_default();
            state.name.clone_from(&vertex.name);
        }
        for log in &message.logs {
            self.log(log);
        }
        for warning in message.warnings {
            self.warning(warning);
        }
        for vertex in ended {
            self.vertex(vertex);
        }
    }

    /// Passes on the lines that were begun and never ended.
    pub(super) fn finish(&mut self) {
        let digests: Vec<String> = self.vertices.keys().cloned().collect();
        for digest in digests {
            self.flush_lines(&digest);
        }
    }

    /// The name of a step.
    pub(super) fn name(&self, vertex: &str) -> Option<&str> {
        let state = self.vertices.get(vertex)?;
        (!state.name.is_empty()).then_some(state.name.as_str())
    }

    /// The last lines of a step, oldest first.
    pub(super) fn last_lines(&self, vertex: &str) -> Vec<String> {
        let Some(state) = self.vertices.get(vertex) else {
            return Vec::new();
        };
        let mut lines: Vec<String> = state.last_lines.iter().cloned().collect();
        lines.extend(state.buffers.values().filter_map(LineBuffer::pending));
        lines.drain(..lines.len().saturating_sub(KEPT_LINES));
        lines
    }

    /// Counts those of `steps` (digests of ops) that came to a good end.
    pub(super) fn counts(&self, steps: &BTreeSet<String>) -> Counts {
        self.counts_where(|digest, _| steps.contains(digest))
    }

    /// The same of a Dockerfile: its graph is the daemon's, so its steps are known by their names.
    pub(super) fn counts_in_dockerfile(&self) -> Counts {
        self.counts_where(|_, name| is_instruction(name))
    }

    fn counts_where(&self, is_meant: impl Fn(&str, &str) -> bool) -> Counts {
        let mut counts = Counts::default();
        for (digest, state) in &self.vertices {
            match &state.phase {
                Phase::Completed {
                    cached,
                    error: None,
                } if is_meant(digest, &state.name) => {
                    if *cached {
                        counts.cached += 1;
                    } else {
                        counts.ran += 1;
                    }
                }
                _ => {}
            }
        }
        counts
    }

    /// The remarks so far.
    pub(super) fn into_warnings(self) -> Vec<Warning> {
        self.warnings
    }

    fn vertex(&mut self, vertex: Vertex) {
        let took = match (&vertex.started, &vertex.completed) {
            (Some(started), Some(completed)) => between(started, completed),
            _ => None,
        };
        let phase = match (&vertex.started, &vertex.completed) {
            (_, Some(_)) => Phase::Completed {
                cached: vertex.cached,
                error: (!vertex.error.is_empty()).then_some(vertex.error),
            },
            (Some(_), None) => Phase::Running,
            (None, None) => Phase::Waiting,
        };
        let state = self.vertices.entry(vertex.digest.clone()).or_default();
        state.name = vertex.name;
        if phase == state.phase || phase == Phase::Waiting {
            return;
        }
        state.phase = phase;
        let name = state.name.clone();
        let event = match &state.phase {
            Phase::Completed { cached, error } => Progress::VertexCompleted {
                vertex: vertex.digest.clone(),
                name,
                cached: *cached,
                error: error.clone(),
                took,
            },
            _ => Progress::VertexStarted {
                vertex: vertex.digest.clone(),
                name,
            },
        };
        if matches!(event, Progress::VertexCompleted { .. }) {
            self.flush_lines(&vertex.digest);
        }
        self.sink.send(event);
    }

    fn log(&mut self, log: &VertexLog) {
        let stream = match log.stream {
            2 => LogStream::Stderr,
            _ => LogStream::Stdout,
        };
        if self.tells_output {
            self.sink.send(Progress::Output {
                vertex: log.vertex.clone(),
                stream,
                bytes: log.msg.clone(),
            });
        }
        let state = self.vertices.entry(log.vertex.clone()).or_default();
        let lines = state.buffers.entry(stream).or_default().push(&log.msg);
        for line in lines {
            self.line(&log.vertex, stream, line);
        }
    }

    fn flush_lines(&mut self, vertex: &str) {
        let Some(state) = self.vertices.get_mut(vertex) else {
            return;
        };
        let rest: Vec<(LogStream, String)> = state
            .buffers
            .iter_mut()
            .filter_map(|(stream, buffer)| Some((*stream, buffer.flush()?)))
            .collect();
        for (stream, line) in rest {
            self.line(vertex, stream, line);
        }
    }

    fn line(&mut self, vertex: &str, stream: LogStream, line: String) {
        if let Some(state) = self.vertices.get_mut(vertex) {
            if state.last_lines.len() == KEPT_LINES {
                state.last_lines.pop_front();
            }
            state.last_lines.push_back(line.clone());
        }
        self.sink.send(Progress::Log {
            vertex: vertex.to_owned(),
            stream,
            line,
        });
    }

    fn warning(&mut self, warning: VertexWarning) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let warning = Warning {
            vertex: warning.vertex,
            message: text(&warning.short),
            details: warning.detail.iter().map(|line| text(line)).collect(),
            url: warning.url,
        };
        self.sink.send(Progress::Warning(warning.clone()));
        self.warnings.push(warning);
    }
}

fn between(started: &Timestamp, completed: &Timestamp) -> Option<Duration> {
    let nanos = |it: &Timestamp| i128::from(it.seconds) * 1_000_000_000 + i128::from(it.nanos);
    let nanos = u64::try_from(nanos(completed) - nanos(started)).ok()?;
    Some(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests;
