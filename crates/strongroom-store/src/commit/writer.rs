//! One connection that writes, transaction by transaction.

use core::time::Duration;
use std::path::PathBuf;

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _, query_scalar};
use strongroom_core::ports::{CommitError, StoreError};
use tokio::time::timeout;

use super::Means;
use super::abort::Abort;
use super::append::{BatchId, append, insert};
use super::embedded::Embedded;
use super::head::{Heads, Standing};
use super::queue::{Answer, Group};
use super::refuse;
use super::script::Script;
use crate::columns::bigint;
use crate::database::Backend;
use crate::write::Write;
use crate::{postgres, sqlite};

/// How often a transaction is tried.
const ATTEMPTS: u32 = 3;
/// How long one try may take; well above the 2 s that PostgreSQL gives each statement.
const ATTEMPT_MAX: Duration = Duration::from_secs(10);

/// The SQL in which the databases differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    pub(crate) backend: Backend,
    /// Begins a transaction that writes.
    pub(crate) begin: &'static str,
    /// Ends the query that holds the heads.
    pub(crate) hold: &'static str,
    /// Ends a query that waits for whoever holds the rows.
    pub(crate) wait: &'static str,
}

/// A transaction of which nobody knows whether it was committed.
#[derive(Debug)]
struct Doubt {
    workspace: String,
    first: u64,
    id: BatchId,
}

/// What became of a transaction in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Committed,
    NotCommitted,
}

/// One connection that writes. It is made again when it was lost.
#[derive(Debug)]
pub(crate) struct Writer {
    means: Means,
    dialect: Dialect,
    conn: Option<AnyConnection>,
    /// On SQLite, for entries that change no other rows.
    embedded: Option<Embedded>,
    /// INVARIANT: while this is set, nothing is appended.
    doubt: Option<Doubt>,
}

/// What became of a group: an answer for each entry, or nothing when its head is held elsewhere.
type Outcome = Option<Vec<Answer>>;

impl Writer {
    pub(crate) const fn new(means: Means, dialect: Dialect) -> Self {
        Self {
            means,
            dialect,
            conn: None,
            embedded: None,
            doubt: None,
        }
    }

    /// A writer on the thread that owns the SQLite database.
    pub(crate) fn embedded(means: Means, dialect: Dialect, path: PathBuf) -> Self {
        Self {
            embedded: Some(Embedded::new(path)),
            ..Self::new(means, dialect)
        }
    }

    async fn connection(&mut self) -> Result<&mut AnyConnection, Abort> {
        connection(&mut self.conn, &self.means, self.dialect.backend).await
    }

    /// Appends the groups in one transaction and answers their callers. Gives back the groups whose
    /// heads are held elsewhere.
    pub(crate) async fn append(&mut self, groups: Vec<Group>) -> Vec<Group> {
        let mut outcomes = Vec::with_capacity(groups.len());
        match self.append_in_attempts(&groups, &mut outcomes).await {
            Ok(()) => answer(groups, outcomes),
            Err(abort) => {
                refuse(groups, abort);
                Vec::new()
            }
        }
    }

    async fn append_in_attempts(
        &mut self,
        groups: &[Group],
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Abort> {
        self.settle().await?;
        let mut attempt = 1;
        loop {
            outcomes.clear();
            let result = timeout(ATTEMPT_MAX, self.try_append(groups, outcomes)).await;
            let Err(abort) = result.unwrap_or(Err(Abort::TimedOut)) else {
                return Ok(());
            };
            self.conn = None;
            self.embedded.iter_mut().for_each(Embedded::close);
            match self.settle().await? {
                Some(Verdict::Committed) => return Ok(()),
                // It reached its commit and failed there: its callers may ask again.
                Some(Verdict::NotCommitted) => return Err(abort),
                None if attempt == ATTEMPTS || !abort.is_transient() => return Err(abort),
                None => attempt += 1,
            }
        }
    }

    async fn try_append(
        &mut self,
        groups: &[Group],
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Abort> {
        let mut id = BatchId::default();
        self.means.entropy.fill(&mut id)?;
        if Embedded::takes(groups)
            && let Some(embedded) = &mut self.embedded
        {
            return append_embedded(
                embedded,
                &mut self.doubt,
                (groups, id),
                outcomes,
                #[cfg(test)]
                &self.means.faults,
            );
        }
        let dialect = self.dialect;
        let conn = connection(&mut self.conn, &self.means, dialect.backend).await?;
        // An error drops the connection, which rolls back.
        let mut heads = Heads::hold(&mut *conn, dialect, groups).await?;
        let mut rows = Vec::with_capacity(groups.len());
        for group in groups {
            outcomes.push(match heads.standing(group) {
                Standing::Held => {
                    let (answers, row) = append(&mut *conn, &mut heads, group).await?;
                    rows.extend(row);
                    Some(answers)
                }
                Standing::Refused => Some(refusals(&heads, group)),
                Standing::Elsewhere => None,
            });
        }
        let Some(row) = rows.first() else {
            conn.execute("ROLLBACK").await?;
            return Ok(());
        };
        let (workspace, first) = (row.workspace.clone(), row.first);
        let mut script = Script::new(dialect.backend);
        insert(&mut script, id, &rows)?;
        script.end_statement(&mut *conn).await?;
        heads.store(&mut script)?;
        script.end_statement(&mut *conn).await?;
        script.text("COMMIT");
        // From here until the answer nobody knows whether the transaction was committed.
        self.doubt = Some(Doubt {
            workspace,
            first,
            id,
        });
        #[cfg(test)]
        self.means
            .faults
            .before_commit(&mut *conn, dialect.backend)
            .await?;
        script.run(conn).await?;
        #[cfg(test)]
        self.means.faults.after_commit()?;
        self.doubt = None;
        Ok(())
    }

    /// Finds out what became of a transaction in doubt, if there is one.
    ///
    /// # Errors
    /// It cannot be found out now: nothing may be appended.
    async fn settle(&mut self) -> Result<Option<Verdict>, Abort> {
        let Some(doubt) = self.doubt.take() else {
            return Ok(None);
        };
        let verdict = timeout(ATTEMPT_MAX, self.look_up(&doubt)).await;
        match verdict.unwrap_or(Err(Abort::TimedOut)) {
            Ok(verdict) => Ok(Some(verdict)),
            Err(cause) => {
                tracing::error!(%cause, "it cannot be found out whether a batch was committed");
                self.conn = None;
                self.doubt = Some(doubt);
                Err(Abort::Doubt)
            }
        }
    }

    /// Looks for the batch in a transaction that waits until the one in doubt is over: that held
    /// the write lock (SQLite) or the head of its log (PostgreSQL) until its end.
    async fn look_up(&mut self, doubt: &Doubt) -> Result<Verdict, Abort> {
        #[cfg(test)]
        self.means.faults.before_look_up()?;
        let Dialect { begin, wait, .. } = self.dialect;
        let mut transaction = self.connection().await?.begin_with(begin).await?;
        let head = format!("SELECT workspace FROM head WHERE workspace = $1{wait}");
        query_scalar::<_, String>(AssertSqlSafe(head))
            .bind(doubt.workspace.as_str())
            .fetch_one(&mut *transaction)
            .await?;
        let batch = "SELECT id FROM batch WHERE workspace = $1 AND first = $2";
        let found: Option<Vec<u8>> = query_scalar(batch)
            .bind(doubt.workspace.as_str())
            .bind(bigint(doubt.first))
            .fetch_optional(&mut *transaction)
            .await?;
        transaction.rollback().await?;
        if found.as_deref() != Some(doubt.id.as_slice()) {
            return Ok(Verdict::NotCommitted);
        }
        self.make_durable().await?;
        Ok(Verdict::Committed)
    }

    /// What is found in SQLite's WAL after a failed commit may not be on disk: a checkpoint syncs.
    async fn make_durable(&mut self) -> Result<(), Abort> {
        match self.dialect.backend {
            Backend::Postgres => Ok(()),
            Backend::Sqlite => Ok(sqlite::sync(self.connection().await?).await?),
        }
    }

    /// Runs a write in a transaction of its own.
    pub(crate) async fn write<W: Write>(&mut self, write: &W) -> Result<W::Answer, StoreError> {
        let mut attempt = 1;
        loop {
            let result = timeout(ATTEMPT_MAX, self.try_write(write)).await;
            match result.unwrap_or(Err(Abort::TimedOut)) {
                Ok(answer) => return Ok(answer),
                Err(abort) => {
                    self.conn = None;
                    if attempt == ATTEMPTS || !abort.is_transient() {
                        return Err(abort.into_store_error());
                    }
                    attempt += 1;
                }
            }
        }
    }

    async fn try_write<W: Write>(&mut self, write: &W) -> Result<W::Answer, Abort> {
        let begin = self.dialect.begin;
        let mut transaction = self.connection().await?.begin_with(begin).await?;
        let answer = write.run(&mut transaction).await?;
        transaction.commit().await?;
        Ok(answer)
    }
}

/// The connection that there is, or a new one.
async fn connection<'a>(
    slot: &'a mut Option<AnyConnection>,
    means: &Means,
    backend: Backend,
) -> Result<&'a mut AnyConnection, Abort> {
    let conn = match slot.take() {
        Some(conn) => conn,
        None => match backend {
            Backend::Sqlite => sqlite::connect(&means.options).await?,
            Backend::Postgres => postgres::connect(&means.options, means.tls).await?,
        },
    };
    Ok(slot.insert(conn))
}

/// As [`Writer::try_append`], without leaving the thread.
fn append_embedded(
    embedded: &mut Embedded,
    doubt: &mut Option<Doubt>,
    (groups, id): (&[Group], BatchId),
    outcomes: &mut Vec<Outcome>,
    #[cfg(test)] faults: &super::fault::Faults,
) -> Result<(), Abort> {
    let mut prepared = embedded.prepare(groups, id)?;
    outcomes.extend(core::mem::take(&mut prepared.answers).into_iter().map(Some));
    // From here until the answer nobody knows whether the transaction was committed.
    *doubt = prepared.first.clone().map(|(workspace, first)| Doubt {
        workspace,
        first,
        id,
    });
    #[cfg(test)]
    faults.before_embedded_commit()?;
    prepared.commit()?;
    #[cfg(test)]
    faults.after_commit()?;
    *doubt = None;
    Ok(())
}

fn refusals(heads: &Heads, group: &Group) -> Vec<Answer> {
    let refusal = |_: &_| Err::<_, CommitError>(heads.refusal(group.workspace));
    group.entries.iter().map(refusal).collect()
}

/// Answers the groups that were dealt with and gives back the others.
fn answer(groups: Vec<Group>, outcomes: Vec<Outcome>) -> Vec<Group> {
    let mut skipped = Vec::new();
    for (group, outcome) in groups.into_iter().zip(outcomes) {
        match outcome {
            None => skipped.push(group),
            Some(answers) => {
                for (waiting, answer) in group.entries.into_iter().zip(answers) {
                    waiting.answer(answer);
                }
            }
        }
    }
    skipped
}
