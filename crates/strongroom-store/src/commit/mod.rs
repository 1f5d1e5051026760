//! The group commit: entries of many callers in one transaction.
//!
//! ```text
//! callers ──► queue ──► one batch: begin · hold heads · (changes of each entry) · insert · commit
//!              ▲  the next batch forms while this one syncs; no timer        │
//!              └──────────── skipped workspaces (PostgreSQL) ◄───────────────┴──► answers
//! ```
//!
//! What both databases share: `queue` (who is next), `head` (the locks), `append` (what an entry
//! becomes), `script` (the statements), `writer` (the transaction, and what happens when nobody
//! knows whether it was committed). What differs is in `sqlite`, with `embedded` for the entries
//! that change no other rows and `shared` for callers who are alone, and in `postgres`.

mod abort;
mod append;
mod embedded;
#[cfg(test)]
pub(crate) mod fault;
mod head;
pub(crate) mod postgres;
mod queue;
mod script;
mod shared;
pub(crate) mod sqlite;
mod writer;

use core::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::any::AnyConnectOptions;
use strongroom_core::ports::{CommitError, Committed, Pending, StoreError};
use strongroom_crypto::entropy::Entropy;
use strongroom_log::BundleError;
use tokio::sync::{mpsc, oneshot};

use self::abort::Abort;
use self::queue::{ENTRIES_MAX, Waiting};
pub(crate) use self::shared::SharedWriter;
pub(crate) use self::writer::Writer;
use crate::postgres_tls::DatabaseTls;
use crate::write::Write;

/// A write that waits for the writer.
#[async_trait]
pub(crate) trait Job: Send + Debug {
    /// Writes and answers; says what [`Write::erased`] does.
    async fn run(self: Box<Self>, writer: &mut Writer) -> bool;
}

#[derive(Debug)]
struct Asked<W: Write> {
    write: W,
    answer: oneshot::Sender<Result<W::Answer, StoreError>>,
}

#[async_trait]
impl<W: Write> Job for Asked<W>
where
    W::Answer: Debug,
{
    async fn run(self: Box<Self>, writer: &mut Writer) -> bool {
        let answer = writer.write(&self.write).await;
        let erased = W::erased(answer.as_ref().ok());
        if self.answer.send(answer).is_err() {
            tracing::debug!("a caller went away before its write was answered");
        }
        erased
    }
}

/// What reaches the tasks that write.
#[derive(Debug)]
pub(crate) struct Inbox {
    entries: mpsc::Receiver<Waiting>,
    jobs: mpsc::Receiver<Box<dyn Job>>,
}

/// Where callers hand in what is to be written. The tasks end when it is dropped.
#[derive(Debug)]
pub(crate) struct Outbox {
    entries: mpsc::Sender<Waiting>,
    jobs: mpsc::Sender<Box<dyn Job>>,
    /// On SQLite, for callers who are alone.
    shared: Option<Arc<SharedWriter>>,
}

/// The two ends of the way to the tasks that write.
pub(crate) fn channel() -> (Outbox, Inbox) {
    let (entries, entries_inbox) = mpsc::channel(ENTRIES_MAX);
    let (jobs, jobs_inbox) = mpsc::channel(ENTRIES_MAX);
    let inbox = Inbox {
        entries: entries_inbox,
        jobs: jobs_inbox,
    };
    let outbox = Outbox {
        entries,
        jobs,
        shared: None,
    };
    (outbox, inbox)
}

impl Outbox {
    /// Lets callers who are alone commit by themselves.
    pub(crate) fn share(&mut self, writer: Arc<SharedWriter>) {
        self.shared = Some(writer);
    }

    /// Hands an entry in and waits until it is durable, or refused.
    pub(crate) async fn commit(&self, pending: Pending) -> Result<Committed, CommitError> {
        // One entry that no bundle can hold must not spoil the others' transaction.
        if u16::try_from(pending.entry.len()).is_err() {
            let bytes = pending.entry.len();
            return Err(unavailable(BundleError::EntryTooLong { bytes }).into());
        }
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { pending, answer };
        let nobody_waits = self.entries.capacity() == self.entries.max_capacity();
        // Without the thread nothing else is written: it must not look as if all were well.
        let alone = nobody_waits && !self.entries.is_closed();
        let queued = match &self.shared {
            Some(shared) if alone => shared.commit_alone(waiting),
            _ => Err(Box::new(waiting)),
        };
        if let Err(waiting) = queued {
            let sent = self.entries.send(*waiting).await;
            sent.map_err(|_ended| unavailable(Abort::Closed))?;
        }
        answered
            .await
            .map_err(|_ended| unavailable(Abort::Closed))?
    }

    /// Hands a write in and waits until it is durable.
    pub(crate) async fn write<W>(&self, write: W) -> Result<W::Answer, StoreError>
    where
        W: Write,
        W::Answer: Debug,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Asked { write, answer });
        self.jobs
            .send(job)
            .await
            .map_err(|_ended| unavailable(Abort::Closed))?;
        answered
            .await
            .map_err(|_ended| unavailable(Abort::Closed))?
    }
}

fn unavailable(cause: impl core::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(cause))
}

/// Answers everyone in the groups with the same cause.
fn refuse(groups: Vec<queue::Group>, abort: Abort) {
    tracing::warn!(%abort, "a batch was given up");
    let cause = abort::Aborted::new(abort);
    for waiting in groups.into_iter().flat_map(|group| group.entries) {
        waiting.answer(Err(cause.answer()));
    }
}

/// What every writer needs.
#[derive(Clone, Debug)]
pub(crate) struct Means {
    options: AnyConnectOptions,
    tls: DatabaseTls,
    entropy: Arc<dyn Entropy>,
    #[cfg(test)]
    pub(crate) faults: Arc<fault::Faults>,
}

impl Means {
    pub(crate) fn new(
        (options, tls): (AnyConnectOptions, DatabaseTls),
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            options,
            tls,
            entropy,
            #[cfg(test)]
            faults: Arc::default(),
        }
    }
}
