//! The writer of SQLite, with which the commit thread and a lone caller take turns.
//!
//! A crowd is best served by a thread of its own: while one batch syncs, the next one forms. A lone
//! caller gains nothing there and pays two hand-overs to threads that sleep, which take longer than
//! the commit. So who is alone commits on the thread that it is on.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::fs::File;
use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use super::Writer;
use super::queue::{Group, Waiting};
use crate::sqlite::checkpoint::Wake;

/// The checkpointer looks at the WAL after so many writes; each is at least some 20 KiB of WAL.
const WRITES_PER_LOOK: u64 = 64;

/// The writer, and what is known of those who want it.
#[derive(Debug)]
pub(crate) struct SharedWriter {
    writer: Arc<Mutex<Writer>>,
    /// Whether the last commit had more than one entry: a thread of the runtime would then be kept
    /// from the callers that are on their way.
    crowd: AtomicBool,
    writes: AtomicU64,
    wake: Wake,
    /// Held as long as anybody may write.
    _lock: File,
}

impl SharedWriter {
    pub(crate) fn new(writer: Writer, wake: Wake, lock: File) -> Self {
        Self {
            writer: Arc::new(Mutex::new(writer)),
            crowd: AtomicBool::new(false),
            writes: AtomicU64::new(0),
            wake,
            _lock: lock,
        }
    }

    /// Waits for the turn.
    pub(crate) async fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().await
    }

    /// Wakes the checkpointer because something was erased.
    pub(crate) fn erased(&self) {
        self.wake.erase();
    }

    /// Notes that a transaction ended, and wakes the checkpointer now and then.
    pub(crate) fn wrote(&self) {
        self.wake.wrote();
        let before = self.writes.fetch_add(1, Ordering::Relaxed);
        if (before + 1).is_multiple_of(WRITES_PER_LOOK) {
            self.wake.look();
        }
    }

    /// Notes how many entries shared the last commit.
    pub(crate) fn note_crowd(&self, groups: &[Group]) {
        let entries: usize = groups.iter().map(|group| group.entries.len()).sum();
        self.crowd.store(entries > 1, Ordering::Relaxed);
    }

    /// Commits an entry on this thread if nobody else is at it, and answers. Otherwise gives it
    /// back, to be queued.
    ///
    /// It is a task of its own, so that a caller who goes away does not break off a commit; a task
    /// that was just made runs next on the thread that made it.
    pub(crate) fn commit_alone(self: &Arc<Self>, waiting: Waiting) -> Result<(), Box<Waiting>> {
        if self.crowd.load(Ordering::Relaxed) || !waiting.pending.changes.is_empty() {
            return Err(Box::new(waiting));
        }
        let Ok(mut writer) = Arc::clone(&self.writer).try_lock_owned() else {
            return Err(Box::new(waiting));
        };
        let shared = Arc::clone(self);
        drop(tokio::spawn(async move {
            let group = Group {
                workspace: waiting.pending.workspace,
                entries: vec![waiting],
                skips: 0,
            };
            // Nothing is held elsewhere: there is no other process.
            writer.append(vec![group]).await;
            shared.wrote();
            // In this order: whoever gets the turn last lets go of the database.
            drop(shared);
            drop(writer);
        }));
        Ok(())
    }
}
