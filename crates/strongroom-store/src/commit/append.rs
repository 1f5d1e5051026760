//! Appending the entries of a group inside a transaction. Shared by both databases.

use sqlx::{AnyConnection, Executor as _, query};
use strongroom_core::ports::{Change, CommitError, Committed, Pending, Scope, StoreError};
use strongroom_log::EntryBundle;

use super::abort::Abort;
use super::head::{Heads, others};
use super::queue::{Answer, Group};
use super::script::Script;
use crate::change::{self, ChangeError, Place};
use crate::columns::bigint;

/// Unique to a transaction.
pub(crate) type BatchId = [u8; 16];

/// A row of the table `batch`.
#[derive(Debug)]
pub(crate) struct NewBatch {
    pub(crate) workspace: String,
    pub(crate) first: u64,
    pub(crate) count: u64,
    pub(crate) last_time: i64,
    pub(crate) entries: Vec<u8>,
    pub(crate) openings: Vec<u8>,
}

/// The entries of a group as they are taken, in order.
#[derive(Debug, Default)]
pub(crate) struct Taking {
    answers: Vec<Answer>,
    bundle: EntryBundle,
    last_time: i64,
}

impl Taking {
    pub(crate) fn of(group: &Group) -> Self {
        Self {
            answers: Vec::with_capacity(group.entries.len()),
            bundle: EntryBundle::default(),
            last_time: i64::MIN,
        }
    }

    /// Notes the caller's answer, and the entry if it was taken.
    pub(crate) fn note(&mut self, pending: &Pending, answer: Answer) -> Result<(), Abort> {
        if answer.is_ok() {
            self.bundle.push(&pending.entry)?;
            self.last_time = self.last_time.max(pending.time);
        }
        self.answers.push(answer);
        Ok(())
    }

    /// An answer for each entry, and the row that holds those that were taken, if any was.
    pub(crate) fn finish(self, group: &Group) -> Result<(Vec<Answer>, Option<NewBatch>), Abort> {
        let Self {
            answers,
            bundle,
            last_time,
        } = self;
        let Some(Committed { index: first, .. }) = answers.iter().flatten().next().copied() else {
            return Ok((answers, None));
        };
        let row = NewBatch {
            workspace: group.workspace.to_string(),
            first,
            count: answers.iter().flatten().fold(0, |count, _| count + 1),
            last_time,
            entries: bundle.into_bytes(),
            openings: seal(group, &answers, first)?,
        };
        Ok((answers, Some(row)))
    }
}

/// Takes the entries of a group in order. Gives an answer for each and the row that holds those
/// that were taken, if any was.
///
/// # Errors
/// The transaction must be given up.
pub(crate) async fn append(
    conn: &mut AnyConnection,
    heads: &mut Heads,
    group: &Group,
) -> Result<(Vec<Answer>, Option<NewBatch>), Abort> {
    let workspace = group.workspace.to_string();
    let mut taking = Taking::of(group);
    for waiting in &group.entries {
        let pending = &waiting.pending;
        let answer = match try_admit(&mut *conn, heads, &workspace, pending).await {
            Ok(committed) => Ok(committed),
            Err(Unfit::Refused(error)) => Err(error),
            Err(Unfit::Aborted(abort)) => return Err(abort),
        };
        taking.note(pending, answer)?;
    }
    taking.finish(group)
}

/// Why an entry has no index.
enum Unfit {
    Refused(CommitError),
    Aborted(Abort),
}

impl From<CommitError> for Unfit {
    fn from(error: CommitError) -> Self {
        Self::Refused(error)
    }
}

impl From<Abort> for Unfit {
    fn from(abort: Abort) -> Self {
        Self::Aborted(abort)
    }
}

async fn try_admit(
    conn: &mut AnyConnection,
    heads: &mut Heads,
    workspace: &str,
    pending: &Pending,
) -> Result<Committed, Unfit> {
    let admitted = check(heads, pending)?;
    let index = admitted.index;
    if !pending.changes.is_empty() {
        let place = Place {
            workspace,
            time: pending.time,
            index,
        };
        apply_all(&mut *conn, place, &pending.changes).await?;
    }
    if let Some(items) = &pending.items {
        insert_items(conn, workspace, index, items).await?;
    }
    Ok(take(heads, pending, admitted)?)
}

/// Where an entry that may be taken goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admitted {
    pub(crate) index: u64,
    generation: u64,
}

/// Whether an entry was authorised under the state that holds now.
///
/// # Errors
/// What its caller is told.
pub(crate) fn check(heads: &Heads, pending: &Pending) -> Result<Admitted, CommitError> {
    let head = heads.head(pending.workspace)?;
    let epoch = head.epoch;
    if pending.epoch.is_some_and(|authorised| authorised != epoch) {
        return Err(CommitError::Stale { epoch });
    }
    Ok(Admitted {
        index: head.frontier.size(),
        generation: generation(&pending.changes, head.generation)?,
    })
}

/// Appends an entry that nothing can refuse any more: its rows are written.
pub(crate) fn take(
    heads: &mut Heads,
    pending: &Pending,
    place: Admitted,
) -> Result<Committed, Abort> {
    let changes = &pending.changes;
    if changes.iter().any(|change| change.scope() == Scope::State) {
        heads.raise_epoch(pending.workspace);
        for other in others(pending.workspace, changes) {
            heads.raise_epoch(other);
        }
    }
    let missing = StoreError::Damaged { table: "head" };
    let head = heads.change(pending.workspace).ok_or(missing)?;
    head.generation = place.generation;
    head.frontier.push(pending.leaf)?;
    Ok(Committed {
        index: place.index,
        epoch: head.epoch,
    })
}

/// The generation after the changes; it only goes up.
fn generation(changes: &[Change], present: u64) -> Result<u64, CommitError> {
    changes
        .iter()
        .try_fold(present, |present, change| match change {
            Change::NewGeneration(next) if *next > present => Ok(*next),
            Change::NewGeneration(_) => Err(CommitError::Conflict),
            _ => Ok(present),
        })
}

/// Applies all changes or, behind a savepoint, none.
async fn apply_all(
    conn: &mut AnyConnection,
    place: Place<'_>,
    changes: &[Change],
) -> Result<(), Unfit> {
    run(&mut *conn, "SAVEPOINT entry").await?;
    for change in changes {
        match change::apply(&mut *conn, place, change).await {
            Ok(()) => {}
            Err(ChangeError::Refused(error)) => {
                run(&mut *conn, "ROLLBACK TO SAVEPOINT entry").await?;
                run(&mut *conn, "RELEASE SAVEPOINT entry").await?;
                return Err(error.into());
            }
            Err(ChangeError::Failed(error)) => return Err(Abort::from(error).into()),
        }
    }
    run(conn, "RELEASE SAVEPOINT entry").await?;
    Ok(())
}

async fn run(conn: &mut AnyConnection, statement: &'static str) -> Result<(), Abort> {
    conn.execute(statement).await?;
    Ok(())
}

async fn insert_items(
    conn: &mut AnyConnection,
    workspace: &str,
    index: u64,
    items: &[u8],
) -> Result<(), Abort> {
    query("INSERT INTO items (workspace, entry, records) VALUES ($1, $2, $3)")
        .bind(workspace)
        .bind(bigint(index))
        .bind(items)
        .execute(conn)
        .await?;
    Ok(())
}

/// Seals the openings of the entries that were taken.
fn seal(group: &Group, answers: &[Answer], first: u64) -> Result<Vec<u8>, Abort> {
    let Some(waiting) = group.entries.first() else {
        return Ok(Vec::new());
    };
    // Cloned, because the transaction may have to run again.
    let taken = group
        .entries
        .iter()
        .zip(answers)
        .filter(|(_, answer)| answer.is_ok())
        .map(|(waiting, _)| waiting.pending.openings.clone());
    Ok(waiting.pending.seal.seal(first, taken.collect())?)
}

/// Inserts the rows of a transaction.
pub(crate) fn insert(script: &mut Script, id: BatchId, rows: &[NewBatch]) -> Result<(), Abort> {
    script.text(
        "INSERT INTO batch (workspace, first, count, id, last_time, entries, openings) VALUES ",
    );
    for (n, row) in rows.iter().enumerate() {
        script.text(if n == 0 { "(" } else { ", (" });
        script.value(row.workspace.as_str())?.text(", ");
        script.value(bigint(row.first))?.text(", ");
        script.value(bigint(row.count))?.text(", ");
        script.value(id.as_slice())?.text(", ");
        script.value(row.last_time)?.text(", ");
        script.value(row.entries.as_slice())?.text(", ");
        script.value(row.openings.as_slice())?.text(")");
    }
    Ok(())
}
