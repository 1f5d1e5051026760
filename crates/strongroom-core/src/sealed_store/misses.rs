//! How often a client asked for records that are not there.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use strongroom_types::{ClientId, WorkspaceId};

use crate::denial::Denial;
use crate::ports::Micros;
use crate::time::seconds;

/// Misses of each client within the present minute, on this node. Whoever guesses names misses; a
/// client that knows its names hardly does.
#[derive(Debug, Default)]
pub(crate) struct Misses(Mutex<HashMap<(WorkspaceId, ClientId), Minute>>);

#[derive(Clone, Copy, Debug, Default)]
struct Minute {
    began: Micros,
    misses: u32,
}

const MINUTE: Micros = seconds(60);
/// How many clients are counted before those of past minutes are dropped.
const CLIENTS: usize = 10_000;

impl Misses {
    /// Counts misses; refuses when the client had more than `limit` within a minute.
    ///
    /// # Errors
    /// [`Denial::RateLimited`].
    pub(super) fn count(
        &self,
        client: (WorkspaceId, ClientId),
        (misses, limit): (u32, u32),
        now: Micros,
    ) -> Result<(), Denial> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() > CLIENTS {
            clients.retain(|_, minute| now.saturating_sub(minute.began) < MINUTE);
        }
        let minute = clients.entry(client).or_default();
        if now.saturating_sub(minute.began) >= MINUTE {
            *minute = Minute {
                began: now,
                misses: 0,
            };
        }
        minute.misses = minute.misses.saturating_add(misses);
        if minute.misses > limit {
            return Err(Denial::RateLimited {
                limit: "store_misses",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misses_are_counted_by_client_and_minute() {
        let all = Misses::default();
        let client = |n| {
            (
                WorkspaceId::from_bytes([1; 16]),
                ClientId::from_bytes([n; 16]),
            )
        };
        let start = seconds(1000);
        assert!(all.count(client(1), (3, 3), start).is_ok());
        let refused = all.count(client(1), (1, 3), start + seconds(59));
        assert!(matches!(refused, Err(Denial::RateLimited { .. })));
        assert!(all.count(client(2), (1, 3), start).is_ok());
        assert!(all.count(client(1), (1, 3), start + seconds(60)).is_ok());
    }

    #[test]
    fn looking_without_a_miss_is_refused_too_once_the_limit_is_reached() {
        let all = Misses::default();
        let client = (
            WorkspaceId::from_bytes([1; 16]),
            ClientId::from_bytes([1; 16]),
        );
        assert!(all.count(client, (4, 3), seconds(1)).is_err());
        assert!(all.count(client, (0, 3), seconds(2)).is_err());
    }
}
