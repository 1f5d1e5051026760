//! SQLite: one task owns every write on one connection.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use strongroom_core::ports::Change;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::queue::{Group, Queue};
use super::writer::Dialect;
use super::{Inbox, Job, Means, Writer};
use crate::database::Backend;
use crate::sqlite::checkpoint::Wake;

/// The head is read under the write lock, so nothing needs to be locked row by row.
const DIALECT: Dialect = Dialect {
    backend: Backend::Sqlite,
    begin: "BEGIN IMMEDIATE",
    hold: "",
    wait: "",
};

/// The checkpointer looks at the WAL after so many writes; each is at least some 20 KiB of WAL.
const WRITES_PER_LOOK: u64 = 64;

/// Starts the thread that writes. The task ends with it.
///
/// It is a thread of its own, so that a commit can be waited for where it is made; what else awaits
/// a database there needs a timer and nothing more of a runtime.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn start(
    means: Means,
    (path, lock): (PathBuf, File),
    inbox: Inbox,
    wake: Wake,
) -> io::Result<JoinHandle<()>> {
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let writer = Writer::embedded(means, DIALECT, path);
    let (ended, end) = oneshot::channel();
    std::thread::Builder::new()
        .name("strongroom-commit".to_owned())
        .spawn(move || {
            runtime.block_on(run(writer, inbox, wake, lock));
            ended.send(()).ok();
        })?;
    Ok(tokio::spawn(async move {
        // An error is a thread that failed: it is gone as well.
        end.await.ok();
    }))
}

/// Writes what comes in until nobody can send any more. Holds the lock on the database until then.
/// Wakes the checkpointer now and then, and whenever something was to be erased.
async fn run(mut writer: Writer, mut inbox: Inbox, wake: Wake, lock: File) {
    let mut queue = Queue::default();
    let mut writes: u64 = 0;
    while wait(&mut inbox, &mut queue, &mut writer, &wake).await {
        gather(&mut inbox, &mut queue);
        if !queue.is_empty() {
            // Nothing is held elsewhere: there is no other process.
            let groups = queue.take();
            let erases = erases(&groups);
            let skipped = writer.append(groups).await;
            if erases {
                wake.erase();
            }
            for group in skipped {
                queue.put_back(group);
            }
        }
        writes += 1;
        if writes.is_multiple_of(WRITES_PER_LOOK) {
            wake.look();
        }
    }
    drop(writer);
    drop(lock);
}

/// How often callers who are about to hand something in are let go first.
const TURNS_MAX: u32 = 8;

/// Takes what waits, and what callers that are ready to run hand in as long as they do: without a
/// timer, a lone caller waits for nobody, and a crowd shares a commit.
fn gather(inbox: &mut Inbox, queue: &mut Queue) {
    for _ in 0..TURNS_MAX {
        std::thread::yield_now();
        let mut more = false;
        while !queue.is_full()
            && let Ok(waiting) = inbox.entries.try_recv()
        {
            queue.push(waiting);
            more = true;
        }
        if !more {
            return;
        }
    }
}

/// Whether a change among those of the entries destroys a key or what it sealed.
fn erases(groups: &[Group]) -> bool {
    let mut entries = groups.iter().flat_map(|group| &group.entries);
    entries.any(|waiting| waiting.pending.changes.iter().any(Change::erases))
}

async fn work(job: Box<dyn Job>, writer: &mut Writer, wake: &Wake) {
    let erases = job.erases();
    job.run(writer).await;
    if erases {
        wake.erase();
    }
}

/// Waits for an entry or runs a write. False when there is nothing more to come.
async fn wait(inbox: &mut Inbox, queue: &mut Queue, writer: &mut Writer, wake: &Wake) -> bool {
    if !queue.is_empty() {
        if let Ok(job) = inbox.jobs.try_recv() {
            work(job, writer, wake).await;
        }
        return true;
    }
    tokio::select! {
        Some(waiting) = inbox.entries.recv() => queue.push(waiting),
        Some(job) = inbox.jobs.recv() => work(job, writer, wake).await,
        else => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use strongroom_core::ports::{LeaseChange, LeaseRow};
    use strongroom_types::{ClientId, KeyVersion, LeaseId};

    use super::*;
    use crate::commit::{Outbox, channel};
    use crate::sqlite::checkpoint::{self, Woken};
    use crate::tests::{Counter, Fixture, ROOT, context, context_id, context_key, with_changes};
    use crate::write::{EraseOpenings, EraseTerms, Probe};

    /// Runs a writer of its own on the fixture's file while something is handed in.
    async fn woken_by(f: &Fixture, hand_in: impl AsyncFnOnce(&Outbox)) -> Woken {
        let path = f.config.url.strip_prefix("sqlite:").unwrap();
        let options = crate::sqlite::file::url(path.as_ref()).parse().unwrap();
        let means = Means::new(options, Arc::new(Counter::default()));
        let (outbox, inbox) = channel();
        let (wake, woken) = checkpoint::channel();
        let writer = Writer::embedded(means, DIALECT, path.into());
        let written = run(writer, inbox, wake, tempfile::tempfile().unwrap());
        let caller = async {
            hand_in(&outbox).await;
            drop(outbox);
        };
        tokio::join!(written, caller);
        woken
    }

    /// Whether an entry with this change has the WAL emptied.
    async fn erases(f: &Fixture, change: Change) -> bool {
        let pending = with_changes(f.pending(0), vec![change]);
        let woken = woken_by(f, async |outbox: &Outbox| {
            outbox.commit(pending).await.unwrap();
        });
        woken.await.is_to_erase()
    }

    #[tokio::test]
    async fn destroying_a_key_empties_the_wal() {
        let f = Fixture::new(Backend::Sqlite).await;
        let id = context_id(1);
        assert!(!erases(&f, Change::InsertContext(context(1))).await);
        let second = Change::AddContextKey(id, ROOT, context_key(2));
        assert!(!erases(&f, second).await);
        assert!(erases(&f, Change::DestroyContextKey(id, KeyVersion::FIRST)).await);
        let final_after = 9;
        assert!(erases(&f, Change::DestroyContext { id, final_after }).await);
    }

    #[tokio::test]
    async fn erasing_a_lease_empties_the_wal() {
        let f = Fixture::new(Backend::Sqlite).await;
        let id = LeaseId::from_bytes([1; 16]);
        let row = LeaseRow {
            id,
            client: ClientId::from_bytes([9; 16]),
            context: context_id(1),
            key_version: KeyVersion::FIRST,
            created: 0,
            expires: i64::MAX,
            body: vec![0, 255],
        };
        let most = 1;
        assert!(!erases(&f, Change::Lease(LeaseChange::Insert { row, most })).await);
        assert!(!erases(&f, Change::Lease(LeaseChange::Stands(id))).await);
        assert!(erases(&f, Change::Lease(LeaseChange::Erase(id))).await);
    }

    #[tokio::test]
    async fn erasing_private_fields_empties_the_wal() {
        let f = Fixture::new(Backend::Sqlite).await;
        let (before, limit) = (0, 1);
        let openings = async |outbox: &Outbox| {
            outbox.write(EraseOpenings { before, limit }).await.unwrap();
        };
        assert!(woken_by(&f, openings).await.is_to_erase());
        let terms = async |outbox: &Outbox| {
            outbox.write(EraseTerms { before, limit }).await.unwrap();
        };
        assert!(woken_by(&f, terms).await.is_to_erase());
        let probe = async |outbox: &Outbox| outbox.write(Probe).await.unwrap();
        assert!(!woken_by(&f, probe).await.is_to_erase());
    }
}
