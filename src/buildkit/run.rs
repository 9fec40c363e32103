//! The course of one solve: request, progress, answer.
//!
//! Everything runs inside one future, which is why dropping it cancels the build: the calls are
//! reset, the daemon kills what runs, and nothing of it is left on our side.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Response, Status};

use crate::buildkit::archive::archive_name;
use crate::buildkit::client::Builder;
use crate::buildkit::details::{Circumstances, is_connection_lost, solve_error};
use crate::buildkit::error::SolveError;
use crate::buildkit::id::fresh_id;
use crate::buildkit::progress::ProgressSink;
use crate::buildkit::pulse::Pulse;
use crate::buildkit::result::{Exported, PlatformResult, exported};
use crate::buildkit::session::Session;
use crate::buildkit::solve::Solve;
use crate::buildkit::status::Tracker;
use crate::proto::control::control_client::ControlClient;
use crate::proto::control::{SolveResponse, StatusRequest};

/// How long the Status stream is read on after the answer, so that an error has its last lines. The
/// daemon ends the stream by itself much sooner.
const STATUS_GRACE: Duration = Duration::from_secs(5);
/// The same when the stream has told nothing at all: a request that is rejected never gets a stream,
/// and the daemon waits six seconds before it says so.
const SILENT_STATUS_GRACE: Duration = Duration::from_millis(200);
/// How long the answer is waited for when the session is lost: mostly the whole connection is, and
/// then that is the better message.
const LOST_SESSION_GRACE: Duration = Duration::from_secs(1);

type Answer = Result<Response<SolveResponse>, Status>;

/// How a solve ended.
enum End {
    Answered(Answer),
    SessionLost(String),
    Stalled,
}

pub(super) async fn solve(
    builder: &Builder,
    session: &Session,
    request: Solve,
    progress: ProgressSink,
) -> Result<PlatformResult, SolveError> {
    let platform = request.platform;
    let steps = request.steps();
    let is_dockerfile = request.dockerfile.is_some();
    let exporter = request.exporter.clone();
    let reference = fresh_id();
    let mut tracker = Tracker::new(progress);
    tracker.tells_output = request.tells_output;
    // What the daemon asks for or sends on behalf of this solve.
    session.serve_layouts(&request.layouts);
    let _archive = exporter
        .archive()
        .map(|archive| session.expect(archive_name(&reference), archive.receiver()));
    let call = request.into_proto(reference.clone(), session.id().to_owned());
    let end = {
        let mut control = builder.control();
        let solving = control.solve(call);
        let attending = attend(solving, session, builder.control(), reference, &mut tracker);
        tokio::select! {
            end = attending => end,
            () = session.pulse().silent_for(builder.idle_limit()) => End::Stalled,
        }
    };
    tracker.finish();
    let name = builder.name();
    let answer = match end {
        End::Answered(answer) => answer,
        End::SessionLost(reason) => {
            return Err(SolveError::SessionLost {
                builder: name.to_owned(),
                reason,
            });
        }
        End::Stalled => {
            return Err(SolveError::Stalled {
                builder: name.to_owned(),
                seconds: builder.idle_limit().as_secs(),
            });
        }
    };
    let response = answer.map_err(|status| {
        let known = Circumstances {
            builder: name,
            repository: exporter.repository(),
            is_dockerfile,
            tracker: &tracker,
        };
        solve_error(&status, &known)
    })?;
    let exported = match exporter.image() {
        Some(_) => {
            exported(&response.into_inner().exporter_response, platform).map_err(|problem| {
                SolveError::BadAnswer {
                    builder: name.to_owned(),
                    problem,
                }
            })?
        }
        None => Exported::default(),
    };
    let counts = if is_dockerfile {
        tracker.counts_in_dockerfile()
    } else {
        tracker.counts(&steps)
    };
    Ok(PlatformResult {
        platform,
        manifest: exported.manifest,
        config: exported.config,
        warnings: tracker.into_warnings(),
        ran: counts.ran,
        cached: counts.cached,
    })
}

/// Waits for the answer while the progress is read.
async fn attend(
    solving: impl Future<Output = Answer>,
    session: &Session,
    control: ControlClient<Channel>,
    reference: String,
    tracker: &mut Tracker,
) -> End {
    let told = AtomicBool::new(false);
    let mut solving = pin!(solving);
    let mut watching = pin!(watch(control, reference, tracker, &told, session.pulse()));
    let mut watched = false;
    let mut lost = pin!(session.lost());
    loop {
        tokio::select! {
            answer = &mut solving => {
                if !watched {
                    let grace = if told.load(Ordering::Relaxed) || answer.is_ok() {
                        STATUS_GRACE
                    } else {
                        SILENT_STATUS_GRACE
                    };
                    let _ = timeout(grace, watching).await;
                }
                return End::Answered(answer);
            }
            () = &mut watching, if !watched => watched = true,
            reason = &mut lost => {
                return match timeout(LOST_SESSION_GRACE, solving).await {
                    Ok(Ok(answer)) => End::Answered(Ok(answer)),
                    Ok(Err(status)) if is_connection_lost(&status) => End::Answered(Err(status)),
                    _ => End::SessionLost(reason),
                };
            }
        }
    }
}

/// Reads the Status stream to its end. What goes wrong with it is no harm to the build.
async fn watch(
    mut control: ControlClient<Channel>,
    reference: String,
    tracker: &mut Tracker,
    told: &AtomicBool,
    pulse: &Pulse,
) {
    let request = StatusRequest { r#ref: reference };
    let mut stream = match control.status(request).await {
        Ok(response) => response.into_inner(),
        Err(status) => {
            tracing::debug!(%status, "no progress");
            return;
        }
    };
    loop {
        match stream.message().await {
            Ok(Some(message)) => {
                told.store(true, Ordering::Relaxed);
                pulse.beat();
                tracker.apply(message);
            }
            Ok(None) => return,
            Err(status) => {
                tracing::debug!(%status, "progress ended early");
                return;
            }
        }
    }
}
