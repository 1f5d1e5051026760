//! How often somebody registers applications.
//!
//! Each registration changes the workspace, so that every node reads it again, and gives tokens away. Who has
//! begun an hour with one has so many in it. They are counted in the record of the client that registers: for
//! all nodes together, and by the commit that keeps the application.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::denial::Denial;
use crate::ports::Micros;
use crate::time::seconds;

const HOUR: Micros = seconds(3600);

/// What a client has registered in the hour that began with `since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registrations {
    since: Micros,
    count: u32,
}

impl Registrations {
    /// Counts one more.
    ///
    /// # Errors
    /// There were so many that there may be no more before the hour is over.
    pub(crate) fn count(seen: Option<Self>, now: Micros, most: u32) -> Result<Self, Denial> {
        let running = seen.filter(|seen| (0..HOUR).contains(&now.saturating_sub(seen.since)));
        let seen = running.unwrap_or(Self {
            since: now,
            count: 0,
        });
        if seen.count >= most {
            return Err(Denial::RateLimitedFor {
                limit: "registrations_per_hour",
                wait: seen.left(now),
            });
        }
        let count = seen.count.saturating_add(1);
        Ok(Self { count, ..seen })
    }

    /// How long the hour lasts yet, in whole seconds.
    fn left(self, now: Micros) -> Duration {
        let left = HOUR.saturating_sub(now.saturating_sub(self.since));
        Duration::from_secs(u64::try_from(left).unwrap_or(0).div_ceil(1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_counted_in_an_hour_and_then_it_begins_again() {
        let first = Registrations::count(None, 5, 2).unwrap();
        let second = Registrations::count(Some(first), HOUR - 1, 2).unwrap();
        let refused = |now| Registrations::count(Some(second), now, 2).unwrap_err();
        let limit = "registrations_per_hour";
        for (now, wait) in [(5, 3600), (6, 3600), (HOUR - 1, 1), (HOUR + 4, 1)] {
            let wait = Duration::from_secs(wait);
            assert_eq!(refused(now), Denial::RateLimitedFor { limit, wait });
        }
        let next = Registrations::count(Some(second), HOUR + 5, 2).unwrap();
        assert_eq!((next.since, next.count), (HOUR + 5, 1));
        // A clock that was set back begins another: nobody waits for longer than an hour.
        let back = Registrations::count(Some(second), 4, 2).unwrap();
        assert_eq!((back.since, back.count), (4, 1));
    }

    #[test]
    fn where_none_may_be_there_is_none() {
        assert!(Registrations::count(None, 0, 0).is_err());
    }
}
