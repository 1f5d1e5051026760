//! The system's clocks behind the Clock port: the one place that reads them.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use strongroom_core::ports::{Clock, Micros, Reading};

/// The wall clock and the monotonic clock of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Starts the monotonic clock at zero.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one implementation of the port that production uses"
    )]
    #[must_use]
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one implementation of the port that production uses"
    )]
    fn read(&self) -> Reading {
        Reading {
            wall: since_epoch(SystemTime::now()),
            monotonic: self.start.elapsed(),
        }
    }
}

/// Microseconds since 1970, negative before it.
fn since_epoch(time: SystemTime) -> Micros {
    let micros = |duration: std::time::Duration| i64::try_from(duration.as_micros()).ok();
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => micros(after).unwrap_or(i64::MAX),
        Err(before) => micros(before.duration()).map_or(i64::MIN, |micros| -micros),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn monotonic_time_does_not_go_back() {
        let clock = SystemClock::start();
        let (first, second) = (clock.read(), clock.read());
        assert!(first.monotonic <= second.monotonic);
        // 2020-01-01: a machine without a clock would say 1970.
        assert!(first.wall > 1_577_836_800_000_000);
    }

    #[test]
    fn times_before_the_epoch_are_negative() {
        assert_eq!(since_epoch(UNIX_EPOCH - Duration::from_micros(3)), -3);
        assert_eq!(since_epoch(UNIX_EPOCH + Duration::from_micros(3)), 3);
    }
}
