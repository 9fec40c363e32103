//! What the stand-in for a builder does when programs of foreign platforms are tried on it. Such solves are none of
//! the build: they are not among those it has seen.

use std::sync::Mutex;

use kiln::buildkit::{PlatformResult, Solve, SolveError};
use kiln::oci::Platform;
use kiln::proto::pb;
use prost::Message as _;

use super::seen::contains;

/// How it emulates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Emulates {
    /// With an emulator of the daemon's own.
    #[default]
    Apart,
    /// With one of the kernel's.
    Inside,
    /// With one of the kernel's that lacks the `F` flag.
    Unfixed,
    /// It goes away instead.
    Lost,
}

/// What was tried, and what comes of it.
#[derive(Debug, Default)]
pub(crate) struct Probed {
    how: Mutex<Emulates>,
    /// The platform of each op, and of its program.
    tried: Mutex<Vec<(String, Platform)>>,
}

impl Probed {
    /// From now on it emulates so.
    pub(crate) fn set(&self, how: Emulates) {
        *self.how.lock().unwrap() = how;
    }

    /// The platform of each op that was tried, and of its program.
    pub(crate) fn tried(&self) -> Vec<(String, Platform)> {
        self.tried.lock().unwrap().clone()
    }

    /// The answer, if a solve is a try.
    pub(super) fn answer(&self, request: &Solve) -> Option<Result<PlatformResult, SolveError>> {
        let ops = &request.definition.def;
        if !ops.iter().any(|op| contains(op, "kiln-probe")) {
            return None;
        }
        let ops = ops.iter().map(|op| pb::Op::decode(op.as_ref()).unwrap());
        let mut runs = ops.filter(|op| matches!(op.op, Some(pb::op::Op::Exec(_))));
        let machine = runs.next().unwrap().platform.unwrap().architecture;
        let is_own = machine == request.platform.architecture();
        let mut tried = self.tried.lock().unwrap();
        tried.push((machine, request.platform));
        let failed = |line: &str| {
            Err(SolveError::StepFailed {
                vertex: "sha256:00".to_owned(),
                name: "probe".to_owned(),
                exit_code: Some(255),
                message: "process did not complete successfully".to_owned(),
                logs: vec![format!("exec /kiln-probe: {line}")],
            })
        };
        Some(match *self.how.lock().unwrap() {
            Emulates::Inside => Ok(super::fake::nothing(request.platform)),
            Emulates::Apart if is_own => Ok(super::fake::nothing(request.platform)),
            Emulates::Apart => failed("exec format error"),
            Emulates::Unfixed => failed("no such file or directory"),
            Emulates::Lost => Err(SolveError::DaemonLost {
                builder: "fake".to_owned(),
                message: "연결이 끊겼다".to_owned(),
            }),
        })
    }
}
