//! Unwrapped keys that are kept, and loads under way.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::future;
use moka::sync::Cache;
use strongroom_crypto::envelope::Envelope;
use strongroom_types::{ContextId, KeyVersion, WorkspaceId};

use super::Stopped;
use super::idle::IdleCache;
use super::keyring::ContextKeys;
use crate::ports::Micros;
use crate::time::Time;
use crate::workspace::WorkspaceState;

/// How many key contexts' keys are kept unwrapped, about 6 KiB each.
const CONTEXTS_MAX: u64 = 20_000;
/// How long it is remembered that a load is over when the caller who ran it went away.
const LOADED_MAX: Duration = Duration::from_secs(2);

/// Which keys a use needs. A customer's key unwraps only these. Sealing may make a key context and
/// opening may not, so that neither gets the other's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Need {
    /// The active version.
    pub(super) active: bool,
    /// Which other versions.
    pub(super) opens: Opens,
    /// The lock secret.
    pub(super) lock_secret: bool,
}

/// Versions that are named together.
pub(super) type Versions = BTreeSet<KeyVersion>;

/// Which versions are opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Opens {
    Nothing,
    /// What is under this version.
    One(KeyVersion),
    /// What is stored, under whatever version.
    Every,
}

impl Need {
    /// That the key context is there. A customer's key unwraps nothing for it.
    pub(super) const NONE: Self = Self {
        active: false,
        opens: Opens::Nothing,
        lock_secret: false,
    };

    /// To seal, under a lock or none.
    pub(crate) const fn sealing(locked: bool) -> Self {
        Self {
            active: true,
            opens: Opens::Nothing,
            lock_secret: locked,
        }
    }

    /// To open a ciphertext.
    pub(crate) const fn opening(envelope: &Envelope<'_>) -> Self {
        Self {
            active: false,
            opens: Opens::One(envelope.key_part.version),
            lock_secret: envelope.header.lock.is_some(),
        }
    }

    /// To derive again under a version.
    pub(super) const fn one(version: KeyVersion) -> Self {
        Self {
            active: false,
            opens: Opens::One(version),
            lock_secret: false,
        }
    }

    /// To move a ciphertext to the active version. Locks stay closed.
    pub(crate) const fn moving(envelope: &Envelope<'_>) -> Self {
        Self {
            active: true,
            opens: Opens::One(envelope.key_part.version),
            lock_secret: false,
        }
    }

    /// To derive data keys again, under one or several versions.
    pub(super) fn deriving_again(versions: &Versions, lock_secret: bool) -> Self {
        let mut named = versions.iter();
        let opens = match (named.next(), named.next()) {
            (Some(only), None) => Opens::One(*only),
            (Some(_), Some(_)) => Opens::Every,
            (None, _) => Opens::Nothing,
        };
        Self {
            active: false,
            opens,
            lock_secret,
        }
    }

    /// To move what is stored to the active version.
    pub(crate) const fn moving_all() -> Self {
        Self {
            active: true,
            opens: Opens::Every,
            lock_secret: false,
        }
    }
}

/// Unwrapped keys by key context. Dropped keys are wiped.
#[derive(Debug)]
pub(crate) struct Keyring {
    /// What bounds how long unused keys stay also bounds how long another node remembers keys that
    /// were destroyed here.
    kept: IdleCache<(WorkspaceId, ContextId), ContextKeys>,
    /// Loads under way, by epoch: concurrent callers under one state share one load, and none gets
    /// what was loaded under an older state. No key is here: they find it among the kept.
    loading: future::Cache<(WorkspaceId, ContextId, u64, Need), ()>,
    /// Items that each active version has sealed at this node. They outlast the keys: a customer's key
    /// may be unwrapped at every use.
    counts: Cache<(WorkspaceId, ContextId, KeyVersion), Arc<AtomicU64>>,
    /// When keys that a customer's key unwrapped must be gone.
    ends: Mutex<BTreeSet<(Micros, WorkspaceId, ContextId)>>,
}

impl Keyring {
    pub(crate) fn new() -> Self {
        Self {
            kept: IdleCache::new(CONTEXTS_MAX),
            loading: future::Cache::builder()
                .max_capacity(CONTEXTS_MAX)
                .time_to_live(LOADED_MAX)
                .build(),
            counts: Cache::new(CONTEXTS_MAX),
            ends: Mutex::default(),
        }
    }

    /// The keys of a key context as of the state's epoch or later, if they are kept, may still be
    /// used and serve the need.
    pub(crate) fn kept(
        &self,
        state: &WorkspaceState,
        id: ContextId,
        need: Need,
        time: &Time,
    ) -> Option<Arc<ContextKeys>> {
        self.kept
            .get(&(state.id, id))
            .filter(|keys| keys.epoch >= state.epoch && keys.serve(need, time))
    }

    /// How many items a version has sealed at this node.
    pub(super) fn count_of(
        &self,
        workspace: WorkspaceId,
        id: ContextId,
        version: KeyVersion,
    ) -> Arc<AtomicU64> {
        self.counts
            .get_with((workspace, id, version), Arc::<AtomicU64>::default)
    }

    /// What was unwrapped before, under whatever state.
    pub(super) fn former(&self, state: &WorkspaceState, id: ContextId) -> Option<Arc<ContextKeys>> {
        self.kept.get(&(state.id, id))
    }

    /// Loads the keys of a key context under this state. Where a provider is to be asked at every
    /// use, nobody shares what another asked for.
    pub(crate) async fn load(
        &self,
        (state, time): (&WorkspaceState, &Time),
        (id, need): (ContextId, Need),
        load: impl Future<Output = Result<Arc<ContextKeys>, Stopped>>,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        if state.customer_keys.any_uncached() {
            return Ok(self.keep((state.id, id), need, load.await?));
        }
        let slot = (state.id, id, state.epoch, need);
        let mut own = None;
        let placing = async {
            own = Some(self.keep((state.id, id), need, load.await?));
            Ok(())
        };
        let loaded = self.loading.try_get_with(slot, placing).await;
        loaded.map_err(|stopped: Arc<Stopped>| Stopped::clone(&stopped))?;
        self.loading.invalidate(&slot).await;
        // What another caller loaded may have been dropped again since: then this one loads.
        own.or_else(|| self.kept(state, id, need, time))
            .ok_or(Stopped::Stale)
    }

    /// Keeps keys unless those of a later state are kept, and gives the later ones. What may be used
    /// once only is not kept.
    fn keep(
        &self,
        place: (WorkspaceId, ContextId),
        need: Need,
        keys: Arc<ContextKeys>,
    ) -> Arc<ContextKeys> {
        if keys.is_for_once() {
            return keys;
        }
        let epoch = keys.epoch;
        let newest = self
            .kept
            .put(place, Arc::clone(&keys), |kept| kept.epoch > epoch);
        if let Some(end) = newest.until {
            self.note_end(place, end);
        }
        // Of those of a later state a customer's key may have unwrapped others.
        if newest.covers(need) { newest } else { keys }
    }

    fn note_end(&self, place: (WorkspaceId, ContextId), end: Micros) {
        // Ends of what was replaced stay until their time comes, and drop nothing then.
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.insert((end, place.0, place.1));
    }

    /// Drops the keys of a key context whose row changed: what was destroyed is in no cache.
    pub(crate) fn forget(&self, workspace: WorkspaceId, id: ContextId) {
        self.kept.remove(&(workspace, id));
    }

    /// How many key contexts' keys are kept.
    pub(crate) fn count(&self) -> u64 {
        self.kept.count()
    }

    /// Drops what was idle for too long; caches do so by themselves only when they are used. And
    /// what a customer's key unwrapped longer ago than its lifetime.
    pub(crate) async fn drop_idle(&self, now: Micros) {
        self.drop_ended(now);
        self.kept.drop_idle(now);
        self.loading.run_pending_tasks().await;
    }

    fn drop_ended(&self, now: Micros) {
        let over = {
            let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
            let first = (
                now.saturating_add(1),
                WorkspaceId::from_bytes([0; 16]),
                ContextId::from_bytes([0; 32]),
            );
            let later = ends.split_off(&first);
            core::mem::replace(&mut *ends, later)
        };
        for (_, workspace, id) in over {
            let place = (workspace, id);
            let ended = |keys: Arc<ContextKeys>| keys.until.is_some_and(|end| end <= now);
            if self.kept.get(&place).is_some_and(ended) {
                self.kept.remove(&place);
            }
        }
    }
}
