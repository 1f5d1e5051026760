//! What this process has seen of the logs it served: a log never becomes shorter.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use strongroom_types::{ContextId, KeyVersion, WorkspaceId};

use crate::denial::Denial;
use crate::ports::{CheckpointRow, Micros, Tombstone};
use crate::time::once_in;

/// The logs that this process served. Losing it loses nothing that must last: what a restart must
/// remember is kept outside the database, see [`Anchor`](crate::ports::Anchor).
#[derive(Debug, Default)]
pub(crate) struct Logs {
    seen: Mutex<HashMap<WorkspaceId, Arc<Log>>>,
    /// Key contexts that were destroyed as a whole, with the newest version of their key then, as
    /// read at start.
    buried: Mutex<HashMap<(WorkspaceId, ContextId), KeyVersion>>,
    /// Whether the last checkpoint was refused by the place outside the database.
    anchor_refused: AtomicBool,
    /// When old openings were last erased.
    pub(super) erased: AtomicI64,
    /// Whether this process has looked for tombstones that are missing.
    pub(super) tombstones_checked: AtomicBool,
    /// When it last looked.
    pub(super) tombstones_looked: AtomicI64,
}

/// One log as seen.
#[derive(Debug, Default)]
pub(crate) struct Log {
    size: AtomicU64,
    /// When it was last signed and followed by the housekeeping.
    tended: AtomicI64,
    /// The last checkpoint; the lock is held while one is signed, so that the anchor never goes
    /// back.
    pub(super) signed: tokio::sync::Mutex<Option<CheckpointRow>>,
}

impl Logs {
    /// Notes whether the last checkpoint is kept outside the database.
    pub(super) fn note_anchor(&self, kept: bool) {
        self.anchor_refused.store(!kept, Ordering::Relaxed);
    }

    /// Whether checkpoints are kept outside the database, as far as this process has tried.
    pub(crate) fn anchored(&self) -> bool {
        !self.anchor_refused.load(Ordering::Relaxed)
    }

    /// What was seen of a log.
    pub(crate) fn of(&self, workspace: WorkspaceId) -> Arc<Log> {
        let mut logs = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(logs.entry(workspace).or_default())
    }

    /// Remembers the tombstone of a whole key context.
    pub(super) fn bury(&self, tombstone: &Tombstone) {
        if tombstone.only {
            return;
        }
        let place = (tombstone.workspace, tombstone.context);
        let mut buried = self.buried.lock().unwrap_or_else(PoisonError::into_inner);
        buried.insert(place, tombstone.version);
    }

    /// The newest version that a key context had when it was destroyed, whether or not the database
    /// knows of it.
    pub(crate) fn buried(&self, workspace: WorkspaceId, id: ContextId) -> Option<KeyVersion> {
        let buried = self.buried.lock().unwrap_or_else(PoisonError::into_inner);
        buried.get(&(workspace, id)).copied()
    }
}

impl Log {
    /// The most entries seen. Read it before asking the store, and give it to [`Log::check`].
    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    /// Remembers that the log has at least so many entries.
    pub(crate) fn grew(&self, size: u64) {
        self.size.fetch_max(size, Ordering::AcqRel);
    }

    /// Compares what the store says now with what had been seen before it was asked.
    ///
    /// # Errors
    /// The store has fewer entries: it was replaced by an older one, and nothing it says counts.
    pub(crate) fn check(&self, seen: u64, stored: u64) -> Result<(), Denial> {
        if stored < seen {
            tracing::error!(
                seen,
                stored,
                "log became shorter: the database was rolled back"
            );
            return Err(Denial::LogUnavailable);
        }
        self.grew(stored);
        Ok(())
    }

    /// Whether the housekeeping may tend it again: at most once in `pause`. Says so once.
    pub(super) fn is_due(&self, now: Micros, pause: Micros) -> bool {
        once_in(&self.tended, now, pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_became_shorter_is_refused() {
        let logs = Logs::default();
        let log = logs.of(WorkspaceId::from_bytes([1; 16]));
        log.grew(5);
        let again = logs.of(WorkspaceId::from_bytes([1; 16]));
        assert_eq!(again.check(again.size(), 4), Err(Denial::LogUnavailable));
        assert_eq!(again.check(again.size(), 5), Ok(()));
        assert_eq!(again.check(again.size(), 9), Ok(()));
        assert_eq!(log.size(), 9);
    }

    #[test]
    fn an_answer_that_was_under_way_while_the_log_grew_is_no_regression() {
        let log = Log::default();
        let seen = log.size();
        log.grew(7);
        assert_eq!(log.check(seen, 6), Ok(()));
        assert_eq!(log.size(), 7);
    }

    #[test]
    fn other_logs_are_other_logs() {
        let logs = Logs::default();
        logs.of(WorkspaceId::from_bytes([1; 16])).grew(5);
        assert_eq!(logs.of(WorkspaceId::from_bytes([2; 16])).size(), 0);
    }

    #[test]
    fn a_log_is_due_once_in_a_pause() {
        let log = Log::default();
        assert!(log.is_due(1_000, 100));
        assert!(!log.is_due(1_099, 100));
        assert!(log.is_due(1_100, 100));
    }
}
