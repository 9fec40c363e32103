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
    /// Nothing after a build found it gone.
    session: Mutex<Option<Arc<Session>>>,
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
            session: Mutex::new(Some(Arc::new(session))),
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
        let mut current = self.session.lock().await;
        if let Some(session) = current.as_ref().filter(|session| !session.is_lost()) {
            return Ok(Arc::clone(session));
        }
        let content = Arc::clone(&self.content);
        let opened = Session::open(&self.builder, content).await;
        let session = Arc::new(opened.map_err(|error| SolveError::DaemonLost {
            builder: self.builder.name().to_owned(),
            message: with_causes(&error),
        })?);
        *current = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Lets go of a session in which a build was lost. A daemon that shuts down waits for its sessions,
    /// and one that was silent may have forgotten this one.
    async fn forget(&self, session: &Arc<Session>) {
        let mut current = self.session.lock().await;
        if current.as_ref().is_some_and(|it| Arc::ptr_eq(it, session)) {
            *current = None;
        }
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
        let result = run::solve(&self.builder, &session, request, progress).await;
        if result.as_ref().is_err_and(SolveError::is_retryable) {
            self.forget(&session).await;
        }
        result
    }
}
