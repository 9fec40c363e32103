//! From a failed gRPC call to a typed error.
//!
//! BuildKit's error details are a `google.rpc.Status` in the trailers whose `Any` values hold JSON,
//! with type URLs such as `github.com/moby/buildkit/errdefs.Vertex+json`. Three of them matter:
//! which vertex failed, how its program ended, and where in a Dockerfile it stands.

use std::error::Error;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use serde::Deserialize;
use tonic::{Code, Status};

use crate::buildkit::error::{SolveError, SourceLines};
use crate::buildkit::status::Tracker;
use crate::oci::Repository;
use crate::proto::rpc;
use crate::text::with_causes;

/// How the image exporter begins its errors about pushing; they have no type of their own.
const PUSH_FAILED: &str = "failed to push ";

/// What the system says when a disk is full.
const NO_SPACE: &str = "no space left on device";

/// What is known of a solve when it fails.
#[derive(Debug)]
pub(super) struct Circumstances<'a> {
    pub(super) builder: &'a str,
    /// Where the result was to be pushed.
    pub(super) repository: Option<&'a Repository>,
    pub(super) tracker: &'a Tracker,
    /// Whether the graph was the frontend's.
    pub(super) is_dockerfile: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Details {
    vertex: Option<String>,
    exit_code: Option<i64>,
    /// Where a frontend's own source says it, from the outermost to the innermost.
    at: Vec<SourceLines>,
}

#[derive(Deserialize)]
struct VertexDetail {
    #[serde(default)]
    digest: String,
}

#[derive(Deserialize)]
struct ExitDetail {
    #[serde(rename = "Code", default)]
    code: i64,
}

#[derive(Deserialize)]
struct SourceDetail {
    info: SourceInfo,
    #[serde(default)]
    ranges: Vec<SourceRange>,
}

#[derive(Deserialize)]
struct SourceInfo {
    #[serde(default)]
    filename: String,
    /// In base64.
    #[serde(default)]
    data: String,
}

#[derive(Deserialize)]
struct SourceRange {
    #[serde(default)]
    start: SourcePosition,
    #[serde(default)]
    end: SourcePosition,
}

#[derive(Deserialize, Default)]
struct SourcePosition {
    #[serde(default)]
    line: usize,
}

impl SourceDetail {
    /// The lines from the first to the last range.
    fn lines(self) -> Option<SourceLines> {
        let first = self.ranges.iter().map(|range| range.start.line).min()?;
        let last = self.ranges.iter().map(|range| range.end.line).max()?;
        let text = STANDARD.decode(&self.info.data).ok()?;
        (first > 0).then(|| SourceLines {
            file: self.info.filename,
            text: String::from_utf8_lossy(&text).into_owned(),
            lines: (first, last.max(first)),
        })
    }
}

/// Whether the call failed because of the connection, not because the daemon said so.
pub(super) fn is_connection_lost(status: &Status) -> bool {
    status.code() == Code::Unavailable || status.source().is_some()
}

/// A status that is an error of the connection: it prints its message alone, without the code and
/// metadata that say nothing then.
#[derive(Debug)]
pub(super) struct BrokenCall(pub(super) Status);

impl fmt::Display for BrokenCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())
    }
}

impl Error for BrokenCall {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// The error of a solve that was answered with `status`.
pub(super) fn solve_error(status: &Status, known: &Circumstances<'_>) -> SolveError {
    let builder = known.builder.to_owned();
    if is_connection_lost(status) {
        let message = with_causes(&BrokenCall(status.clone()));
        return SolveError::DaemonLost { builder, message };
    }
    let message = status.message().to_owned();
    if message.contains("no active session for") {
        let reason = message;
        return SolveError::SessionLost { builder, reason };
    }
    let details = details(status.details());
    // A program that found the disk full failed by itself and has its log; all else is the builder's.
    if details.exit_code.is_none() && message.contains(NO_SPACE) {
        return SolveError::DiskFull { builder, message };
    }
    let cancelled = status.code() == Code::Cancelled || message.ends_with("context canceled");
    let pushing = known.repository.is_some() && message.contains(PUSH_FAILED);
    if known.is_dockerfile && !cancelled && !pushing {
        let vertex = details.vertex.as_deref();
        return SolveError::DockerfileFailed {
            step: vertex
                .and_then(|vertex| known.tracker.name(vertex))
                .map(str::to_owned),
            logs: vertex.map_or_else(Vec::new, |vertex| known.tracker.last_lines(vertex)),
            exit_code: details.exit_code,
            at: details.at,
            message,
        };
    }
    if let Some(vertex) = details.vertex {
        return SolveError::StepFailed {
            name: known.tracker.name(&vertex).unwrap_or(&vertex).to_owned(),
            logs: known.tracker.last_lines(&vertex),
            exit_code: details.exit_code,
            message,
            vertex,
        };
    }
    match known.repository {
        _ if cancelled => SolveError::Cancelled { builder, message },
        Some(repository) if message.contains(PUSH_FAILED) => SolveError::PushFailed {
            message: without_prefix(&message, repository),
            repository: repository.clone(),
        },
        _ => SolveError::Rejected { builder, message },
    }
}

/// The daemon's words on a failed push without the part that our own error says already.
fn without_prefix(message: &str, repository: &Repository) -> String {
    message
        .strip_prefix(PUSH_FAILED)
        .and_then(|rest| rest.strip_prefix(&format!("{repository}: ")))
        .unwrap_or(message)
        .to_owned()
}

fn details(bytes: &[u8]) -> Details {
    let mut found = Details::default();
    let Ok(status) = rpc::Status::decode(bytes) else {
        return found;
    };
    for any in status.details {
        if any.type_url.ends_with("errdefs.Vertex+json") {
            found.vertex = serde_json::from_slice(&any.value)
                .ok()
                .map(|detail: VertexDetail| detail.digest)
                .filter(|digest| !digest.is_empty())
                .or(found.vertex);
        } else if any.type_url.ends_with("errdefs.Source+json") {
            let detail: Result<SourceDetail, _> = serde_json::from_slice(&any.value);
            let lines = detail.ok().and_then(SourceDetail::lines);
            found
                .at
                .extend(lines.filter(|lines| !found.at.contains(lines)));
        } else if any.type_url.ends_with("gatewayapi.ExitMessage+json") {
            found.exit_code = serde_json::from_slice(&any.value)
                .ok()
                .map(|detail: ExitDetail| detail.code)
                .or(found.exit_code);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use tonic::{Code, Status};

    use super::{Circumstances, solve_error};
    use crate::buildkit::error::SolveError;
    use crate::buildkit::progress::ProgressSink;
    use crate::buildkit::status::Tracker;
    use crate::proto::{control, rpc};

    fn status(code: Code, message: &str, details: &[(&str, &str)]) -> Status {
        let details = rpc::Status {
            code: code as i32,
            message: message.to_owned(),
            details: details
                .iter()
                .map(|(kind, json)| prost_types::Any {
                    type_url: format!("github.com/moby/buildkit/{kind}"),
                    value: json.as_bytes().to_vec(),
                })
                .collect(),
        };
        Status::with_details(code, message, details.encode_to_vec().into())
    }

    fn error(status: &Status, tracker: &Tracker) -> SolveError {
        solve_error(
            status,
            &Circumstances {
                builder: "lab",
                repository: Some(&"127.0.0.1:5417/x/y".parse().unwrap()),
                tracker,
                is_dockerfile: false,
            },
        )
    }

    #[test]
    fn a_failed_step_is_named_with_its_exit_code_and_last_lines() {
        let mut tracker = Tracker::new(ProgressSink::none());
        tracker.apply(control::StatusResponse {
            vertexes: vec![control::Vertex {
                digest: "sha256:aa".to_owned(),
                name: "run täst".to_owned(),
                ..control::Vertex::default()
            }],
            logs: vec![control::VertexLog {
                vertex: "sha256:aa".to_owned(),
                stream: 2,
                msg: "eins\nzwei".into(),
                ..control::VertexLog::default()
            }],
            ..control::StatusResponse::default()
        });
        let status = status(
            Code::Unknown,
            "exit code: 7",
            &[
                ("stack.Stack+json", "{}"),
                ("errdefs.Vertex+json", r#"{"digest":"sha256:aa"}"#),
                ("gatewayapi.ExitMessage+json", r#"{"Code":7}"#),
            ],
        );
        assert_eq!(
            error(&status, &tracker),
            SolveError::StepFailed {
                vertex: "sha256:aa".to_owned(),
                name: "run täst".to_owned(),
                exit_code: Some(7),
                message: "exit code: 7".to_owned(),
                logs: vec!["eins".to_owned(), "zwei".to_owned()],
            }
        );
    }

    #[test]
    fn other_failures_are_told_apart() {
        let tracker = Tracker::new(ProgressSink::none());
        let kind = |code, message| match error(&status(code, message, &[]), &tracker) {
            SolveError::StepFailed { .. } => "step",
            SolveError::DockerfileFailed { .. } => "dockerfile",
            SolveError::PushFailed { .. } => "push",
            SolveError::Rejected { .. } => "rejected",
            SolveError::Cancelled { .. } => "cancelled",
            SolveError::DaemonLost { .. } => "daemon",
            SolveError::SessionLost { .. } => "session",
            SolveError::Stalled { .. } => "stalled",
            SolveError::DiskFull { .. } => "disk",
            SolveError::BadAnswer { .. } => "answer",
        };
        let rows = [
            (Code::Unknown, "failed to push x: 401", "push"),
            (
                Code::Unknown,
                "failed to push x: context canceled",
                "cancelled",
            ),
            (Code::Unknown, "unknown API capability X", "rejected"),
            (Code::Cancelled, "", "cancelled"),
            (
                Code::ResourceExhausted,
                "failed to create temp dir: mkdir /größe: no space left on device",
                "disk",
            ),
        ];
        for (code, message, expected) in rows {
            assert_eq!(kind(code, message), expected, "{message}");
        }
        assert_eq!(kind(Code::Unavailable, "closing"), "daemon");
        let push = status(
            Code::Unknown,
            "failed to push 127.0.0.1:5417/x/y: 401 ö",
            &[],
        );
        assert_eq!(
            error(&push, &tracker).to_string(),
            "cannot push to `127.0.0.1:5417/x/y`: 401 ö"
        );
        assert_eq!(
            kind(Code::DeadlineExceeded, "no active session for q: deadline"),
            "session"
        );
    }
}
