//! Whether a daemon is still there. Owns the idle deadline: a build may take a day, silence may not.
//!
//! A daemon asks the session for its health every five seconds, however quiet a step is. So the
//! deadline counts from whatever was last heard of it, and a long silent step never meets it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long a daemon may be silent. It is many times the five seconds between two questions after
/// our health, so that a machine under heavy load is not taken for a dead one.
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// When a daemon was last heard of. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Pulse(Arc<Mutex<Instant>>);

impl Pulse {
    /// Heard of just now.
    pub(super) fn new() -> Pulse {
        Pulse(Arc::new(Mutex::new(Instant::now())))
    }

    /// Something was heard.
    pub(super) fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Waits until nothing was heard for `limit`.
    pub(super) async fn silent_for(&self, limit: Duration) {
        loop {
            let silent = {
                let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                last.elapsed()
            };
            match limit.checked_sub(silent) {
                Some(rest) if !rest.is_zero() => sleep(rest).await,
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep, timeout};

    use super::Pulse;

    #[tokio::test(start_paused = true)]
    async fn silence_is_counted_from_the_last_beat() {
        let (pulse, began) = (Pulse::new(), Instant::now());
        let limit = Duration::from_secs(60);
        for _ in 0..10 {
            sleep(Duration::from_secs(50)).await;
            pulse.beat();
        }
        assert!(
            timeout(Duration::from_secs(59), pulse.silent_for(limit))
                .await
                .is_err()
        );
        pulse.silent_for(limit).await;
        assert_eq!(began.elapsed(), Duration::from_secs(560));
    }
}
