//! What is kept as long as somebody asks for it, and gone when it is dropped.
//!
//! The cache below frees its nodes when no reader can hold one any more, some time after they left
//! it. Keys must not wait for that: each node holds a slot, and what leaves the cache leaves its
//! slot empty.

use core::fmt;
use core::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use moka::ops::compute::Op;
use moka::sync::Cache;

use crate::ports::Micros;
use crate::time::{once_in, seconds};

/// What nobody asked for between two looks, so far apart, is dropped: after 10 minutes at most, and
/// not within 5.
const LOOK_PAUSE: Micros = seconds(5 * 60);

/// A bounded cache that drops what nobody asks for, by the product's own time.
pub(crate) struct IdleCache<K, V> {
    kept: Cache<K, Arc<Slot<V>>>,
    looked: AtomicI64,
}

/// A value until it leaves the cache, and whether somebody asked for it since the last look.
struct Slot<V> {
    value: Mutex<Option<Arc<V>>>,
    used: AtomicBool,
}

impl<V> Slot<V> {
    fn new(value: Arc<V>) -> Self {
        Self {
            value: Mutex::new(Some(value)),
            used: AtomicBool::new(true),
        }
    }

    fn value(&self) -> Option<Arc<V>> {
        let value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        value.clone()
    }

    fn empty(&self) {
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        *value = None;
    }
}

impl<K, V> fmt::Debug for IdleCache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdleCache").finish_non_exhaustive()
    }
}

impl<K, V> IdleCache<K, V>
where
    K: Copy + Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(super) fn new(max: u64) -> Self {
        let kept = Cache::builder()
            .max_capacity(max)
            .eviction_listener(|_, slot: Arc<Slot<V>>, _| slot.empty())
            .build();
        Self {
            kept,
            looked: AtomicI64::new(0),
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<Arc<V>> {
        let slot = self.kept.get(key)?;
        // Most often it is set, and a look is cheaper than a change that others must see.
        if !slot.used.load(Ordering::Relaxed) {
            slot.used.store(true, Ordering::Relaxed);
        }
        slot.value()
    }

    /// Keeps a value unless the one that is kept stays, and gives the one that is kept then.
    pub(super) fn put(&self, key: K, value: Arc<V>, stays: impl FnOnce(&V) -> bool) -> Arc<V> {
        let mut given = Arc::clone(&value);
        self.kept.entry(key).and_compute_with(|kept| {
            let former = kept.and_then(|kept| kept.value().value());
            match former.filter(|former| stays(former)) {
                Some(former) => {
                    given = former;
                    Op::Nop
                }
                None => Op::Put(Arc::new(Slot::new(value))),
            }
        });
        given
    }

    /// Drops a value now.
    pub(super) fn remove(&self, key: &K) {
        self.kept.invalidate(key);
        self.kept.run_pending_tasks();
    }

    /// How many values are kept.
    pub(super) fn count(&self) -> u64 {
        self.kept.run_pending_tasks();
        self.kept.entry_count()
    }

    /// Drops what was idle for too long.
    pub(super) fn drop_idle(&self, now: Micros) {
        if once_in(&self.looked, now, LOOK_PAUSE) {
            for (key, slot) in &self.kept {
                if !slot.used.swap(false, Ordering::Relaxed) {
                    self.kept.invalidate(&*key);
                }
            }
        }
        self.kept.run_pending_tasks();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;

    const MINUTE: Micros = seconds(60);
    const START: Micros = 1_000 * MINUTE;

    fn cache() -> (IdleCache<u8, u8>, Weak<u8>) {
        let cache = IdleCache::new(10);
        cache.drop_idle(START);
        let value = Arc::downgrade(&cache.put(1, Arc::new(7), |_| false));
        (cache, value)
    }

    fn is_gone(value: &Weak<u8>) -> bool {
        value.upgrade().is_none()
    }

    #[test]
    fn what_nobody_asks_for_is_dropped_within_ten_minutes() {
        let (cache, value) = cache();
        cache.drop_idle(START + 5 * MINUTE);
        assert!(!is_gone(&value));
        cache.drop_idle(START + 10 * MINUTE - 1);
        assert!(!is_gone(&value), "the look is not due");
        cache.drop_idle(START + 10 * MINUTE);
        assert!(is_gone(&value));
        assert_eq!(cache.get(&1), None);
    }

    #[test]
    fn what_is_asked_for_stays() {
        let (cache, _) = cache();
        for look in 1..100 {
            assert!(cache.get(&1).is_some(), "look {look}");
            cache.drop_idle(START + look * 5 * MINUTE);
        }
    }

    #[test]
    fn what_is_removed_is_gone_at_once() {
        let (cache, value) = cache();
        cache.remove(&1);
        assert!(is_gone(&value));
        assert_eq!(cache.get(&1), None);
    }

    #[test]
    fn what_is_replaced_is_gone_at_once_and_what_stays_is_given() {
        let (cache, value) = cache();
        assert_eq!(*cache.put(1, Arc::new(8), |kept| *kept == 7), 7);
        assert!(!is_gone(&value));
        assert_eq!(cache.get(&1).as_deref(), Some(&7));
        assert_eq!(*cache.put(1, Arc::new(8), |kept| *kept == 8), 8);
        assert!(is_gone(&value));
        assert_eq!(cache.get(&1).as_deref(), Some(&8));
    }

    #[test]
    fn what_there_is_no_room_for_is_gone() {
        let (cache, value) = cache();
        let values: Vec<_> = (2..100)
            .map(|key| Arc::downgrade(&cache.put(key, Arc::new(key), |_| false)))
            .chain([value])
            .collect();
        cache.drop_idle(START);
        let there = values.iter().filter(|value| !is_gone(value));
        assert_eq!(there.count(), 10);
    }
}
