//! Writers of one object take turns.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// How many writers of different objects can have their turn at the same time.
const LANES: usize = 256;

/// Turns of the writers on this node, so that each needs one commit instead of racing for it. The
/// store decides all the same: writers on other nodes take no turns.
#[derive(Debug)]
pub(crate) struct Turns {
    lanes: Vec<Arc<Mutex<()>>>,
    hasher: RandomState,
}

/// A writer's turn, until it is dropped.
pub(crate) type Turn = OwnedMutexGuard<()>;

impl Turns {
    pub(crate) fn new() -> Self {
        Self {
            lanes: (0..LANES).map(|_| Arc::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Waits for a turn at an object, by its id or name.
    pub(crate) async fn take<T: Hash>(&self, object: T) -> Option<Turn> {
        let lanes = u64::try_from(self.lanes.len()).ok()?;
        let lane = self.hasher.hash_one(object).checked_rem(lanes)?;
        let lane = self.lanes.get(usize::try_from(lane).ok()?)?;
        Some(Arc::clone(lane).lock_owned().await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn writers_of_one_object_wait_for_each_other() {
        let turns = Turns::new();
        let first = turns.take("a").await.unwrap();
        let mut second = Box::pin(turns.take("a"));
        assert!(poll_once(&mut second).await.is_none());
        drop(first);
        assert!(second.await.is_some());
    }

    /// What a future gives when it is polled once.
    async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        core::future::poll_fn(|context| {
            let polled = core::pin::Pin::new(&mut *future).poll(context);
            core::task::Poll::Ready(match polled {
                core::task::Poll::Ready(output) => Some(output),
                core::task::Poll::Pending => None,
            })
        })
        .await
    }
}
