//! When to try again, and after which pause.
//!
//! Owns the policy and the counting. What is worth another try is the error's to say.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use super::error::RegistryError;

/// How often and how long to try. All pauses are in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Most attempts in all; 1 means no second one.
    pub attempts: u32,
    /// Longest pause after the first failure; it doubles with each further one. The real pause is a random part of it.
    pub first_delay_ms: u64,
    /// Longest pause that we choose ourselves. A registry may ask for a longer one by `Retry-After`.
    pub max_delay_ms: u64,
    /// No attempt starts later than this after the first one; a pause that would end later is not made. A transfer that
    /// has started is not cut off.
    pub deadline_ms: u64,
    /// Longest wait for a connection.
    pub connect_timeout_ms: u64,
    /// Longest silence of a server in the middle of a request.
    pub idle_timeout_ms: u64,
}

impl Default for RetryPolicy {
    /// 5 attempts within 2 minutes; pauses of up to 0.5, 1, 2 and 4 s; 10 s to connect, 60 s of silence.
    fn default() -> Self {
        Self {
            attempts: 5,
            first_delay_ms: 500,
            max_delay_ms: 10_000,
            deadline_ms: 120_000,
            connect_timeout_ms: 10_000,
            idle_timeout_ms: 60_000,
        }
    }
}

impl RetryPolicy {
    /// Most that we wait after `failures` failures, before chance takes its part.
    fn ceiling_ms(&self, failures: u32) -> u64 {
        let doubled = 2_u64.saturating_pow(failures.saturating_sub(1));
        self.first_delay_ms
            .saturating_mul(doubled)
            .min(self.max_delay_ms)
    }
}

/// The attempts at one thing.
#[derive(Debug)]
pub(super) struct Attempts<'a> {
    policy: &'a RetryPolicy,
    started: Instant,
    failures: u32,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(policy: &'a RetryPolicy) -> Self {
        Self {
            policy,
            started: Instant::now(),
            failures: 0,
        }
    }

    /// Takes a failure. Returns after a pause when another attempt is due, else gives the failure back, with the
    /// number of attempts and the time they took.
    pub(super) async fn after(&mut self, mut error: RegistryError) -> Result<(), RegistryError> {
        self.failures += 1;
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(at) = error.asked_mut() {
            at.attempts = self.failures;
            at.elapsed_ms = elapsed_ms;
        }
        let asked_for = match &error {
            RegistryError::Unavailable { retry_after_ms, .. } => *retry_after_ms,
            _ => None,
        };
        let pause_ms =
            asked_for.unwrap_or_else(|| random_up_to(self.policy.ceiling_ms(self.failures)));
        let in_time = elapsed_ms.saturating_add(pause_ms) <= self.policy.deadline_ms;
        if !error.is_retryable() || self.failures >= self.policy.attempts || !in_time {
            return Err(error);
        }
        tracing::debug!(%error, pause_ms, "trying again");
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        Ok(())
    }
}

/// A number from 0 to `most`. The keys that the standard library draws for its hashing are chance enough to keep many
/// clients from coming back at the same moment.
fn random_up_to(most: u64) -> u64 {
    RandomState::new().hash_one(0_u8) % most.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_limit() {
        let policy = RetryPolicy {
            first_delay_ms: 100,
            max_delay_ms: 350,
            ..RetryPolicy::default()
        };
        assert_eq!(
            [1, 2, 3, 64, 90].map(|failures| policy.ceiling_ms(failures)),
            [100, 200, 350, 350, 350]
        );
    }

    #[test]
    fn chance_stays_in_its_bounds() {
        assert_eq!(random_up_to(0), 0);
        assert!((0..100).all(|_| random_up_to(3) <= 3));
    }
}
