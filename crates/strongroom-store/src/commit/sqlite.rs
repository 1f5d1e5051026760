//! SQLite: one task owns every write on one connection.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use strongroom_core::ports::Change;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::queue::{Group, Queue};
use super::writer::Dialect;
use super::{Inbox, Job, Means, SharedWriter, Writer};
use crate::database::Backend;
use crate::sqlite::checkpoint::Wake;

/// The head is read under the write lock, so nothing needs to be locked row by row.
const DIALECT: Dialect = Dialect {
    backend: Backend::Sqlite,
    begin: "BEGIN IMMEDIATE",
    hold: "",
    wait: "",
};

/// Starts the thread that writes. The task ends with it.
///
/// It is a thread of its own, so that a commit can be waited for where it is made; what else awaits
/// a database there needs a timer and nothing more of a runtime.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn start(shared: Arc<SharedWriter>, inbox: Inbox) -> io::Result<JoinHandle<()>> {
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let (ended, end) = oneshot::channel();
    std::thread::Builder::new()
        .name("strongroom-commit".to_owned())
        .spawn(move || {
            runtime.block_on(run(shared, inbox));
            ended.send(()).ok();
        })?;
    Ok(tokio::spawn(async move {
        // An error is a thread that failed: it is gone as well.
        end.await.ok();
    }))
}

/// The writer of a database, for the thread and for callers who are alone.
/// Holds the lock on the database as long as either may write.
pub(crate) fn shared(means: Means, (path, lock): (PathBuf, File), wake: Wake) -> Arc<SharedWriter> {
    let writer = Writer::embedded(means, DIALECT, path);
    Arc::new(SharedWriter::new(writer, wake, lock))
}

/// Writes what comes in until nobody can send any more. Wakes the checkpointer now and then, and
/// whenever something was to be erased.
async fn run(shared: Arc<SharedWriter>, mut inbox: Inbox) {
    let mut queue = Queue::default();
    while wait(&mut inbox, &mut queue, &shared).await {
        if !queue.is_empty() {
            write(&mut inbox, &mut queue, &shared).await;
        }
        shared.wrote();
    }
    // A caller who was alone and went away may have left its commit to be finished.
    drop(shared.lock().await);
}

/// Appends what waits once it is this thread's turn, and whatever came until then.
async fn write(inbox: &mut Inbox, queue: &mut Queue, shared: &SharedWriter) {
    let mut writer = shared.lock().await;
    gather(inbox, queue);
    // Nothing is held elsewhere: there is no other process.
    let groups = queue.take();
    let erases = erases(&groups);
    shared.note_crowd(&groups);
    let skipped = writer.append(groups).await;
    if erases {
        shared.erased();
    }
    for group in skipped {
        queue.put_back(group);
    }
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

async fn work(job: Box<dyn Job>, shared: &SharedWriter) {
    if job.run(&mut *shared.lock().await).await {
        shared.erased();
    }
}

/// Waits for an entry or runs a write. False when there is nothing more to come.
async fn wait(inbox: &mut Inbox, queue: &mut Queue, shared: &SharedWriter) -> bool {
    if !queue.is_empty() {
        if let Ok(job) = inbox.jobs.try_recv() {
            work(job, shared).await;
        }
        return true;
    }
    tokio::select! {
        Some(waiting) = inbox.entries.recv() => queue.push(waiting),
        Some(job) = inbox.jobs.recv() => work(job, shared).await,
        else => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use core::pin::pin;
    use core::task::{Context, Waker};

    use strongroom_core::ports::{LeaseChange, LeaseRow};
    use strongroom_types::{ClientId, KeyVersion, LeaseId};

    use super::*;
    use crate::commit::queue::Waiting;
    use crate::commit::{Outbox, channel};
    use crate::postgres_tls::DatabaseTls;
    use crate::sqlite::checkpoint::{self, Woken};
    use crate::tests::{Counter, Fixture, ROOT, context, context_id, context_key, with_changes};
    use crate::write::{EraseOpenings, Probe};

    /// Whether a call has no answer when it is made; then it goes away.
    fn waits(call: impl Future) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(call).poll(&mut context).is_pending()
    }

    /// A writer of its own on the fixture's file, and the way to it.
    fn second(f: &Fixture) -> (Outbox, Inbox, Arc<SharedWriter>, Woken) {
        let path = f.config.url.strip_prefix("sqlite:").unwrap();
        let options = crate::sqlite::file::url(path.as_ref()).parse().unwrap();
        let means = Means::new((options, DatabaseTls::Any), Arc::new(Counter::default()));
        let (mut outbox, inbox) = channel();
        let (wake, woken) = checkpoint::channel();
        let writer = shared(means, (path.into(), tempfile::tempfile().unwrap()), wake);
        outbox.share(Arc::clone(&writer));
        (outbox, inbox, writer, woken)
    }

    /// Runs such a writer while something is handed in.
    async fn woken_by(f: &Fixture, hand_in: impl AsyncFnOnce(&Outbox)) -> Woken {
        let (outbox, inbox, writer, woken) = second(f);
        let written = run(writer, inbox);
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
        f.commit(f.pending(0)).await.unwrap();
        let (before, limit) = (i64::MAX, 1);
        for found in [1, 0] {
            let openings = async |outbox: &Outbox| {
                let erased = outbox.write(EraseOpenings { before, limit }).await;
                assert_eq!(erased.unwrap(), found);
            };
            let woken = woken_by(&f, openings).await;
            assert_eq!(woken.is_to_erase(), found > 0, "{found}");
        }
        let probe = async |outbox: &Outbox| outbox.write(Probe).await.unwrap();
        assert!(!woken_by(&f, probe).await.is_to_erase());
    }

    #[tokio::test]
    async fn who_is_alone_commits_without_the_thread() {
        let f = Fixture::new(Backend::Sqlite).await;
        // Nobody runs the other end.
        let (outbox, _inbox, _writer, _woken) = second(&f);
        for n in 0..3 {
            assert_eq!(outbox.commit(f.pending(n)).await.unwrap().index, n);
        }
    }

    #[tokio::test]
    async fn who_is_not_alone_is_queued() {
        let f = Fixture::new(Backend::Sqlite).await;
        let (outbox, mut inbox, writer, _woken) = second(&f);
        let turn = writer.lock().await;
        assert!(waits(outbox.commit(f.pending(0))));
        assert!(inbox.entries.try_recv().is_ok(), "somebody else writes");
        drop(turn);

        let change = with_changes(f.pending(1), vec![Change::InsertContext(context(1))]);
        assert!(waits(outbox.commit(change)));
        assert!(inbox.entries.try_recv().is_ok(), "rows change with it");

        let two = [f.pending(2), f.pending(3)].map(|pending| {
            let (answer, _) = oneshot::channel();
            Waiting { pending, answer }
        });
        let group = |entries| Group {
            workspace: f.pending(0).workspace,
            entries,
            skips: 0,
        };
        writer.note_crowd(&[group(two.into())]);
        assert!(waits(outbox.commit(f.pending(4))));
        assert!(inbox.entries.try_recv().is_ok(), "there was a crowd");
        writer.note_crowd(&[group(Vec::new())]);
        assert_eq!(outbox.commit(f.pending(5)).await.unwrap().index, 0);
    }

    #[tokio::test]
    async fn a_lone_caller_who_goes_away_leaves_a_whole_commit() {
        let f = Fixture::new(Backend::Sqlite).await;
        let (outbox, inbox, writer, _woken) = second(&f);
        assert!(waits(outbox.commit(f.pending(0))));
        drop(outbox);
        run(writer, inbox).await;
        assert_eq!(f.commit(f.pending(1)).await.unwrap().index, 1);
    }
}
