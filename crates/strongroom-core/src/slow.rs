//! Work that takes long: not too much of it at once, and in turns.
//!
//! ```text
//! client      8 of its requests wait or have their turn; what else it asks for is refused
//! workspace   2 of its requests stand in line
//! line        2 are served at once, in the order in which they came
//! ```
//!
//! So whoever asks for much waits behind others only for as many turns as there are workspaces that
//! ask, and nobody waits behind one workspace for more than its two.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use strongroom_types::{ClientId, WorkspaceId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::caller::Caller;
use crate::denial::Denial;

/// How much slow work is done at once. What else comes waits its turn.
const AT_ONCE: usize = 2;
/// How many requests of a client wait, or have their turn.
const OF_CLIENT_MAX: usize = 8;
/// The limit's name.
const LIMIT: &str = "slow_work_of_client";

/// Who wants a turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whose {
    workspace: WorkspaceId,
    client: ClientId,
}

impl From<&Caller> for Whose {
    fn from(caller: &Caller) -> Self {
        Self {
            workspace: caller.state.id,
            client: caller.client.id,
        }
    }
}

/// Slow work, beside the other and not too much of it at once.
#[derive(Debug)]
pub(crate) struct Slow {
    line: Arc<Semaphore>,
    waiting: Arc<Mutex<Waiting>>,
}

/// Those who wait or have their turn.
#[derive(Debug, Default)]
struct Waiting {
    clients: HashMap<ClientId, usize>,
    /// How many of a workspace, and their way into the line.
    workspaces: HashMap<WorkspaceId, (usize, Arc<Semaphore>)>,
}

impl Slow {
    pub(crate) fn new() -> Self {
        Self {
            line: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::default(),
        }
    }

    /// A turn for work that is not done at once, and ends with it.
    ///
    /// # Errors
    /// So many requests of the client wait already.
    pub(crate) async fn turn(&self, whose: impl Into<Whose>) -> Result<Turn, Denial> {
        let (place, way) = Place::take(&self.waiting, whose.into())?;
        let closed = |_closed| Denial::Unavailable;
        let of_workspace = way.acquire_owned().await.map_err(closed)?;
        let of_all = Arc::clone(&self.line).acquire_owned().await;
        Ok(Turn {
            _place: place,
            _of_workspace: of_workspace,
            _of_all: of_all.map_err(closed)?,
        })
    }

    /// Does the work when it is its turn. The turn ends with the work, also for a caller who goes away
    /// meanwhile: work that runs cannot be called back.
    ///
    /// # Errors
    /// As [`Slow::turn`].
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        whose: impl Into<Whose>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Denial> {
        let turn = self.turn(whose).await?;
        let done = spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_panicked| Denial::Internal)
    }
}

/// A turn; it ends when this is dropped. The place goes first: who gets the turn finds it gone.
#[derive(Debug)]
pub(crate) struct Turn {
    _place: Place,
    _of_workspace: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

/// One of those who wait or have their turn.
#[derive(Debug)]
struct Place {
    waiting: Arc<Mutex<Waiting>>,
    whose: Whose,
}

impl Place {
    fn take(waiting: &Arc<Mutex<Waiting>>, whose: Whose) -> Result<(Self, Arc<Semaphore>), Denial> {
        let all = &mut *locked(waiting);
        let of_client = all.clients.entry(whose.client).or_default();
        if *of_client >= OF_CLIENT_MAX {
            return Err(Denial::RateLimited { limit: LIMIT });
        }
        *of_client += 1;
        let way = || (0, Arc::new(Semaphore::new(AT_ONCE)));
        let (of_workspace, way) = all.workspaces.entry(whose.workspace).or_insert_with(way);
        *of_workspace += 1;
        let way = Arc::clone(way);
        let waiting = Arc::clone(waiting);
        Ok((Self { waiting, whose }, way))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let all = &mut *locked(&self.waiting);
        leave(&mut all.clients, self.whose.client, |count| count);
        leave(&mut all.workspaces, self.whose.workspace, |(count, _)| {
            count
        });
    }
}

/// One less of these; nothing is remembered of who has none.
fn leave<K: Eq + Hash, V>(of: &mut HashMap<K, V>, key: K, count: impl Fn(&mut V) -> &mut usize) {
    if let Entry::Occupied(mut found) = of.entry(key) {
        let left = count(found.get_mut());
        *left = left.saturating_sub(1);
        if *left == 0 {
            found.remove();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    fn whose(workspace: u8, client: u8) -> Whose {
        Whose {
            workspace: WorkspaceId::from_bytes([workspace; 16]),
            client: ClientId::from_bytes([client; 16]),
        }
    }

    /// More callers than turns go away while their work runs: the next waits all the same.
    #[tokio::test]
    async fn who_goes_away_does_not_free_a_turn_that_works() {
        let slow = Arc::new(Slow::new());
        let mut ends = Vec::new();
        for _ in 0..AT_ONCE {
            let (end, ended) = oneshot::channel::<()>();
            let (begin, begun) = oneshot::channel::<()>();
            let mine = Arc::clone(&slow);
            let caller = tokio::spawn(async move {
                let work = move || {
                    begin.send(()).ok();
                    ended.blocking_recv().ok();
                };
                mine.run(whose(1, 1), work).await
            });
            begun.await.unwrap();
            caller.abort();
            assert!(caller.await.unwrap_err().is_cancelled());
            ends.push(end);
        }
        assert_eq!(slow.line.available_permits(), 0);
        drop(ends);
        assert_eq!(slow.run(whose(1, 1), || 7).await, Ok(7));
        // One of the two may still be ending; with all turns in hand, none is.
        let all = u32::try_from(AT_ONCE).unwrap();
        drop(slow.line.acquire_many(all).await.unwrap());
        assert!(locked(&slow.waiting).clients.is_empty());
        assert!(locked(&slow.waiting).workspaces.is_empty());
    }

    #[tokio::test]
    async fn a_client_has_few_places_and_a_workspace_is_not_served_twice_before_another() {
        let slow = Arc::new(Slow::new());
        let (first, second) = (
            slow.turn(whose(1, 1)).await.unwrap(),
            slow.turn(whose(1, 1)).await.unwrap(),
        );
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let wait = |whose: Whose, name: &'static str| {
            let (slow, told) = (Arc::clone(&slow), told.clone());
            tokio::spawn(async move {
                let turn = slow.turn(whose).await;
                told.send((name, turn.is_ok())).ok();
                drop(turn);
            })
        };
        for _ in 2..OF_CLIENT_MAX {
            drop(wait(whose(1, 1), "many"));
            tokio::task::yield_now().await;
        }
        let refused = slow.turn(whose(1, 1)).await.err();
        assert_eq!(refused, Some(Denial::RateLimited { limit: LIMIT }));
        drop(wait(whose(2, 2), "other"));
        tokio::task::yield_now().await;
        drop(first);
        assert_eq!(heard.recv().await, Some(("other", true)));
        drop(second);
        for _ in 2..OF_CLIENT_MAX {
            assert_eq!(heard.recv().await, Some(("many", true)));
        }
        assert!(slow.turn(whose(1, 1)).await.is_ok());
    }
}
