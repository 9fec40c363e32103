//! A builder with a session: what builds are given to. Owns when the session is opened again.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::buildkit::client::{Builder, BuilderInfo};
use crate::buildkit::dockerfile::Dockerfile;
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
    /// Sessions of Dockerfiles, as long as something is built in them.
    of_dockerfiles: Mutex<BTreeMap<String, Weak<Session>>>,
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
            of_dockerfiles: Mutex::default(),
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
        let session = Arc::new(opened.map_err(|error| self.lost(&error))?);
        *current = Some(Arc::clone(&session));
        Ok(session)
    }

    /// The session of a Dockerfile, which all its platforms share.
    async fn session_of(&self, dockerfile: &Dockerfile) -> Result<Arc<Session>, SolveError> {
        let key = dockerfile.session_key();
        let mut all = self.of_dockerfiles.lock().await;
        all.retain(|_, session| session.strong_count() > 0);
        let known = all.get(&key).and_then(Weak::upgrade);
        if let Some(session) = known.filter(|session| !session.is_lost()) {
            return Ok(session);
        }
        let content = Arc::new(dockerfile.content(&self.content));
        let opened = Session::open_as(&self.builder, content, &key).await;
        let session = Arc::new(opened.map_err(|error| self.lost(&error))?);
        all.insert(key, Arc::downgrade(&session));
        Ok(session)
    }

    fn lost(&self, error: &BuildkitError) -> SolveError {
        SolveError::DaemonLost {
            builder: self.builder.name().to_owned(),
            message: with_causes(error),
        }
    }

    /// Lets go of a session in which a build was lost. A daemon that shuts down waits for its sessions,
    /// and one that was silent may have forgotten this one.
    async fn forget(&self, session: &Arc<Session>) {
        let mut current = self.session.lock().await;
        if current.as_ref().is_some_and(|it| Arc::ptr_eq(it, session)) {
            *current = None;
        }
        let mut all = self.of_dockerfiles.lock().await;
        all.retain(|_, it| !std::ptr::eq(it.as_ptr(), Arc::as_ptr(session)));
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
        let session = match &request.dockerfile {
            Some(dockerfile) => self.session_of(dockerfile).await?,
            None => self.session().await?,
        };
        let result = run::solve(&self.builder, &session, request, progress).await;
        if result.as_ref().is_err_and(SolveError::is_retryable) {
            self.forget(&session).await;
        }
        result
    }
}
