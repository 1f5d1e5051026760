//! When a request is sent again.

use core::time::Duration;

use crate::error::Sent;

/// How often and how slowly a request is sent again: after `first_delay · 2^n`, at most
/// `delay_max`. Without jitter, so that tests and incident reports can be followed.
///
/// Again only after a connection that failed before any answer, or after 503 or 429 with
/// `Retry-After`; and, where the server may have acted, only what can be repeated without harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a request is sent in all; 1 means never again.
    pub attempts_max: u32,
    /// The delay before the second attempt.
    pub first_delay: Duration,
    /// The longest delay. A server that asks for a longer one is not asked again.
    pub delay_max: Duration,
}

impl Default for RetryPolicy {
    /// Four attempts, the first delay 50 ms, none longer than 5 s.
    fn default() -> Self {
        Self {
            attempts_max: 4,
            first_delay: Duration::from_millis(50),
            delay_max: Duration::from_secs(5),
        }
    }
}

/// What a second execution would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Nothing but another entry of the log: reads, sealing, opening, new data keys.
    Harmless,
    /// Something twice: creations and changes.
    Twice,
}

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No answer came.
    NoAnswer(Sent),
    /// 503 or 429; with the wait that the server asked for, if it did.
    Busy(Option<Duration>),
}

impl RetryPolicy {
    /// Never sends a request twice.
    #[must_use]
    pub fn never() -> Self {
        Self {
            attempts_max: 1,
            ..Self::default()
        }
    }

    /// The delay before the next attempt after `attempts` failed ones; `None` to give up.
    pub(crate) fn delay(
        &self,
        attempts: u32,
        failure: Failure,
        repeat: Repeat,
    ) -> Option<Duration> {
        if attempts >= self.attempts_max {
            return None;
        }
        let backoff = self.backoff(attempts);
        match (failure, repeat) {
            (Failure::NoAnswer(Sent::No), _)
            | (Failure::NoAnswer(Sent::Perhaps), Repeat::Harmless) => Some(backoff),
            (Failure::Busy(Some(wait)), Repeat::Harmless) if wait <= self.delay_max => {
                Some(backoff.max(wait))
            }
            // A creation that met a busy log may have been written before the answer was lost.
            (Failure::NoAnswer(Sent::Perhaps) | Failure::Busy(_), _) => None,
        }
    }

    fn backoff(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(16);
        self.first_delay
            .saturating_mul(1 << doublings)
            .min(self.delay_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNSENT: Failure = Failure::NoAnswer(Sent::No);
    const LOST: Failure = Failure::NoAnswer(Sent::Perhaps);

    fn millis(attempts: u32, failure: Failure, repeat: Repeat) -> Option<u128> {
        RetryPolicy::default()
            .delay(attempts, failure, repeat)
            .map(|delay| delay.as_millis())
    }

    #[test]
    fn delays_double_and_end() {
        let delays: Vec<_> = (1..=4)
            .map(|attempts| millis(attempts, UNSENT, Repeat::Twice))
            .collect();
        assert_eq!(delays, [Some(50), Some(100), Some(200), None]);
    }

    #[test]
    fn what_may_have_been_done_is_repeated_only_if_harmless() {
        assert_eq!(millis(1, LOST, Repeat::Harmless), Some(50));
        assert_eq!(millis(1, LOST, Repeat::Twice), None);
        let busy = Failure::Busy(Some(Duration::from_secs(1)));
        assert_eq!(millis(1, busy, Repeat::Twice), None);
    }

    #[test]
    fn busy_server_is_asked_again_when_it_said_so() {
        let busy = |wait| Failure::Busy(wait);
        assert_eq!(millis(1, busy(None), Repeat::Harmless), None);
        let wait = Some(Duration::from_secs(1));
        assert_eq!(millis(1, busy(wait), Repeat::Harmless), Some(1000));
        let long = Some(Duration::from_mins(1));
        assert_eq!(millis(1, busy(long), Repeat::Harmless), None);
    }

    #[test]
    fn delays_never_exceed_their_bound() {
        let policy = RetryPolicy {
            attempts_max: u32::MAX,
            ..RetryPolicy::default()
        };
        let delay = policy.delay(u32::MAX - 1, UNSENT, Repeat::Harmless);
        assert_eq!(delay, Some(policy.delay_max));
    }

    #[test]
    fn never_sends_twice() {
        assert_eq!(
            RetryPolicy::never().delay(1, UNSENT, Repeat::Harmless),
            None
        );
    }
}
