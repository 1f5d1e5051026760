//! Appending the entries of a group inside a transaction. Shared by both databases.

use sqlx::{AnyConnection, Executor as _, query};
use strongroom_core::ports::{Change, CommitError, Committed, Pending, Scope};
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
    count: u64,
    last_time: i64,
    entries: Vec<u8>,
    openings: Vec<u8>,
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
    let mut answers = Vec::with_capacity(group.entries.len());
    let mut bundle = EntryBundle::default();
    let mut last_time = i64::MIN;
    for waiting in &group.entries {
        let pending = &waiting.pending;
        let answer = admit(&mut *conn, heads, &workspace, pending).await?;
        if answer.is_ok() {
            bundle.push(&pending.entry)?;
            last_time = last_time.max(pending.time);
        }
        answers.push(answer);
    }
    let Some(Committed { index: first, .. }) = answers.iter().flatten().next().copied() else {
        return Ok((answers, None));
    };
    let row = NewBatch {
        workspace,
        first,
        count: answers.iter().flatten().fold(0, |count, _| count + 1),
        last_time,
        entries: bundle.into_bytes(),
        openings: seal(group, &answers, first)?,
    };
    Ok((answers, Some(row)))
}

/// Gives an entry its index, or leaves it out. The inner result is the caller's.
async fn admit(
    conn: &mut AnyConnection,
    heads: &mut Heads,
    workspace: &str,
    pending: &Pending,
) -> Result<Answer, Abort> {
    match try_admit(conn, heads, workspace, pending).await {
        Ok(committed) => Ok(Ok(committed)),
        Err(Unfit::Refused(error)) => Ok(Err(error)),
        Err(Unfit::Aborted(abort)) => Err(abort),
    }
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
    let head = heads.head(pending.workspace)?;
    let (epoch, index) = (head.epoch, head.frontier.size());
    if pending.epoch.is_some_and(|authorised| authorised != epoch) {
        return Err(CommitError::Stale { epoch }.into());
    }
    let generation = generation(&pending.changes, head.generation)?;
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
    // From here on nothing can refuse the entry, so the heads change.
    if pending
        .changes
        .iter()
        .any(|change| change.scope() == Scope::State)
    {
        heads.raise_epoch(pending.workspace);
        for other in others(pending.workspace, &pending.changes) {
            heads.raise_epoch(other);
        }
    }
    let missing = heads.refusal(pending.workspace);
    let head = heads.change(pending.workspace).ok_or(missing)?;
    head.generation = generation;
    head.frontier.push(pending.leaf).map_err(Abort::from)?;
    let epoch = head.epoch;
    Ok(Committed { index, epoch })
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
