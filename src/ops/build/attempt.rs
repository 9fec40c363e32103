//! A builder that goes away in the middle of a leg: the leg waits for it and is solved again.
//!
//! Only this leg does: other platforms and other builders do not notice. What the builder had finished
//! is in its cache, so a new attempt begins where the old one ended.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::event::Event;
use super::leg::LegRun;
use crate::buildkit::{PlatformResult, ProgressSink, Solve, SolveError};

/// How often a leg is solved again.
const RETRIES: u32 = 3;
/// How long a leg waits for its builder to come back, each time.
const PATIENCE: Duration = Duration::from_secs(60);
/// The first and the longest pause between two questions whether it is back.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(4));

impl LegRun<'_> {
    /// Solves, and solves again where the builder was lost. Each attempt tells a sink of its own.
    pub(super) async fn attempt(
        &self,
        request: &Solve,
        sink: &(dyn Fn() -> ProgressSink + Sync),
    ) -> Result<PlatformResult, SolveError> {
        for attempt in 1..=RETRIES {
            let solved = self.builder.solver.solve(request.clone(), sink());
            let error = match solved.await {
                Err(error) if error.is_retryable() => error,
                ended => return ended,
            };
            self.events.send(Event::LegRetried {
                leg: self.name.clone(),
                attempt,
                of: RETRIES,
                message: error.to_string(),
            });
            self.await_builder(error).await?;
        }
        self.builder.solver.solve(request.clone(), sink()).await
    }

    /// Waits until the builder answers; gives the error back where it does not in time.
    async fn await_builder(&self, error: SolveError) -> Result<(), SolveError> {
        let began = Instant::now();
        let (mut pause, longest) = PAUSES;
        while self.builder.solver.info().await.is_err() {
            if began.elapsed() + pause > PATIENCE {
                return Err(error);
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
        Ok(())
    }
}
