//! The circuit breaker: a provider that failed often is left alone for a while.
//!
//! ```text
//!            FAILURES in a row                OPEN has passed
//!  closed ───────────────────────▶ open ───────────────────────▶ one trial
//!     ▲                              ▲                               │
//!     │                              └───── it fails, or is lost ◀───┤
//!     └───────────────────────────────────────── it succeeds ◀───────┘
//! ```
//! Who says no has answered: a refusal is no failure.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many attempts in a row may fail.
pub(super) const FAILURES: u32 = 5;
/// How long nothing is tried then.
pub(super) const OPEN: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    /// Nothing is tried before this time; who comes first after it tries, and puts it off.
    Open {
        until: Duration,
    },
}

/// What a report changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    None,
    /// The circuit is open now.
    Opened,
    /// The circuit is closed again.
    Closed,
}

/// One provider's circuit. Times are of a monotonic clock.
#[derive(Debug)]
pub(super) struct Breaker(Mutex<State>);

impl Breaker {
    /// A closed circuit.
    pub(super) const fn new() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }

    /// Whether an attempt may be made now. While the circuit is open, one caller may try each
    /// [`OPEN`]; if it is never heard of again, the next one may when that time has passed.
    pub(super) fn admits(&self, now: Duration) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Closed { .. } => true,
            State::Open { until } if now < until => false,
            State::Open { .. } => {
                *state = State::Open { until: now + OPEN };
                true
            }
        }
    }

    /// The provider answered.
    pub(super) fn answered(&self) -> Turn {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = core::mem::replace(&mut *state, State::Closed { failures: 0 });
        match before {
            State::Open { .. } => Turn::Closed,
            State::Closed { .. } => Turn::None,
        }
    }

    /// The provider did not answer.
    pub(super) fn failed(&self, now: Duration) -> Turn {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Closed { failures } if failures + 1 < FAILURES => {
                *state = State::Closed {
                    failures: failures + 1,
                };
                Turn::None
            }
            State::Closed { .. } => {
                *state = State::Open { until: now + OPEN };
                Turn::Opened
            }
            State::Open { .. } => {
                *state = State::Open { until: now + OPEN };
                Turn::None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn open() -> Breaker {
        let breaker = Breaker::new();
        let turns = (0..FAILURES).map(|_| breaker.failed(at(0)));
        assert_eq!(turns.last(), Some(Turn::Opened));
        breaker
    }

    #[test]
    fn only_failures_in_a_row_open_the_circuit() {
        let breaker = Breaker::new();
        for _ in 0..3 {
            for _ in 1..FAILURES {
                assert_eq!(breaker.failed(at(0)), Turn::None);
            }
            assert_eq!(breaker.answered(), Turn::None);
        }
        assert!(breaker.admits(at(0)));
        assert!(!open().admits(at(0)));
    }

    #[test]
    fn after_a_while_one_may_try_and_decides() {
        let breaker = open();
        assert!(!breaker.admits(at(9)));
        assert!(breaker.admits(at(10)));
        assert!(!breaker.admits(at(10)), "one at a time");
        assert_eq!(breaker.failed(at(12)), Turn::None);
        assert!(!breaker.admits(at(21)));
        assert!(breaker.admits(at(22)));
        assert_eq!(breaker.answered(), Turn::Closed);
        assert!(breaker.admits(at(22)) && breaker.admits(at(22)));
    }

    #[test]
    fn a_trial_that_is_never_heard_of_again_does_not_keep_it_open() {
        let breaker = open();
        assert!(breaker.admits(at(10)));
        assert!(!breaker.admits(at(19)));
        assert!(breaker.admits(at(20)));
    }
}
