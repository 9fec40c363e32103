//! A builder with a session: what builds are given to. Owns when the session is opened again.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::buildkit::client::{Builder, BuilderInfo};
use crate::buildkit::error::{BuildkitError, SolveError};
use crate::buildkit::progress::ProgressSink;
use crate::buildkit::result::PlatformResult;
use crate::buildkit::run;
use crate::buildkit::session::{Session, SessionContent};
use crate::buildkit::solve::{Solve, Solver};
use crate::text::with_causes;

/// A daemon that can ask us for files, secrets and logins. Dropping it ends the session.
#[derive(Debug)]
pub struct Daemon {
    builder: Builder,
    content: Arc<SessionContent>,
    session: Mutex<Arc<Session>>,
}

impl Builder {
    /// Opens a session in which `content` is served, for any number of builds at once.
    ///
    /// # Errors
    /// When the daemon cannot be reached again or does not take the session.
    pub async fn open(self, content: SessionContent) -> Result<Daemon, BuildkitError> {
        let content = Arc::new(content);
        let session = Session::open(&self, Arc::clone(&content)).await?;
        Ok(Daemon {
            builder: self,
            content,
            session: Mutex::new(Arc::new(session)),
        })
    }
}

impl Daemon {
    /// The connection.
    pub fn builder(&self) -> &Builder {
        &self.builder
    }

    /// The session, a new one if it was lost since the last build.
    async fn session(&self) -> Result<Arc<Session>, SolveError> {
        let mut session = self.session.lock().await;
        if session.is_lost() {
            let content = Arc::clone(&self.content);
            let reopened = Session::open(&self.builder, content).await;
            *session = Arc::new(reopened.map_err(|error| SolveError::DaemonLost {
                builder: self.builder.name().to_owned(),
                message: with_causes(&error),
            })?);
        }
        Ok(Arc::clone(&session))
    }
}

#[async_trait]
impl Solver for Daemon {
    async fn info(&self) -> Result<BuilderInfo, BuildkitError> {
        self.builder.info().await
    }

    async fn solve(
        &self,
        request: Solve,
        progress: ProgressSink,
    ) -> Result<PlatformResult, SolveError> {
        let session = self.session().await?;
        run::solve(&self.builder, &session, request, progress).await
    }
}
