//! The commit of entries that change no other rows, in SQLite's own terms.
//!
//! Almost every entry is one of those, and for a lone caller the way to SQLite is most of the wait:
//! sqlx runs it on a thread of its own, where each statement costs two hand-overs. This connection
//! belongs to the thread of the writer, which commits without leaving it. Entries with changes go
//! through the SQL that both databases share.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use strongroom_core::ports::Head;
use strongroom_log::Frontier;
use strongroom_types::WorkspaceId;

use super::abort::Abort;
use super::append::{BatchId, NewBatch, Taking, check, take};
use super::head::Heads;
use super::queue::{Answer, Group};
use crate::columns::bigint;

/// How many statements stay prepared; there are six.
const STATEMENTS: usize = 8;

/// The writer's own connection, made again when it was lost.
#[derive(Debug)]
pub(crate) struct Embedded {
    path: PathBuf,
    conn: Option<Connection>,
}

/// A transaction that has everything but its end.
#[derive(Debug)]
pub(crate) struct Prepared<'c> {
    conn: &'c Connection,
    /// An answer for each entry of each group.
    pub(crate) answers: Vec<Vec<Answer>>,
    /// One of its rows, if it has any: where to look for it after a failure.
    pub(crate) first: Option<(String, u64)>,
}

impl Embedded {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path, conn: None }
    }

    /// Whether these entries are of the kind that is committed here.
    pub(crate) fn takes(groups: &[Group]) -> bool {
        let mut entries = groups.iter().flat_map(|group| &group.entries);
        entries.all(|waiting| waiting.pending.changes.is_empty())
    }

    /// Writes the groups into a transaction that [`Prepared::commit`] ends. What is dropped instead
    /// is rolled back with the connection.
    pub(crate) fn prepare(&mut self, groups: &[Group], id: BatchId) -> Result<Prepared<'_>, Abort> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => connect(&self.path)?,
        };
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let (answers, first) = write(&conn, groups, id)?;
        Ok(Prepared {
            conn: self.conn.insert(conn),
            answers,
            first,
        })
    }

    /// Drops the connection, which rolls back what it did not commit.
    pub(crate) fn close(&mut self) {
        self.conn = None;
    }
}

impl Prepared<'_> {
    /// Commits, and returns once it is durable. Without a row there is nothing to commit.
    pub(crate) fn commit(self) -> Result<(), Abort> {
        let end = if self.first.is_some() {
            "COMMIT"
        } else {
            "ROLLBACK"
        };
        self.conn.prepare_cached(end)?.execute([])?;
        Ok(())
    }
}

/// Connects with the settings of [`sqlite::connect`](crate::sqlite::connect).
fn connect(path: &Path) -> Result<Connection, Abort> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.execute_batch(crate::sqlite::WRITER_PRAGMAS)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(conn)
}

type Written = (Vec<Vec<Answer>>, Option<(String, u64)>);

fn write(conn: &Connection, groups: &[Group], id: BatchId) -> Result<Written, Abort> {
    let mut heads = Heads::default();
    let mut answers = Vec::with_capacity(groups.len());
    let mut first = None;
    for group in groups {
        read_head(conn, &mut heads, group.workspace)?;
        let (taken, row) = append(conn, &mut heads, group)?;
        answers.push(taken);
        if let Some(row) = row {
            insert_batch(conn, id, &row)?;
            first = first.or(Some((row.workspace, row.first)));
        }
    }
    for (workspace, head) in heads.changed() {
        store_head(conn, workspace, head)?;
    }
    Ok((answers, first))
}

fn read_head(conn: &Connection, heads: &mut Heads, workspace: WorkspaceId) -> Result<(), Abort> {
    let mut query =
        conn.prepare_cached("SELECT frontier, epoch, generation FROM head WHERE workspace = ?1")?;
    let head = query
        .query_row([workspace.to_string()], |row| Ok(head_of(row)))
        .optional()?;
    if let Some(head) = head {
        heads.put(workspace, head);
    }
    Ok(())
}

/// `None` for a row that is damaged.
fn head_of(row: &rusqlite::Row<'_>) -> Option<Head> {
    let frontier = row.get_ref(0).ok()?.as_blob().ok()?;
    let number = |column| u64::try_from(row.get::<_, i64>(column).ok()?).ok();
    Some(Head {
        frontier: Frontier::decode(frontier).ok()?,
        epoch: number(1)?,
        generation: number(2)?,
    })
}

fn append(
    conn: &Connection,
    heads: &mut Heads,
    group: &Group,
) -> Result<(Vec<Answer>, Option<NewBatch>), Abort> {
    let mut taking = Taking::of(group);
    for waiting in &group.entries {
        let pending = &waiting.pending;
        let answer = match check(heads, pending) {
            Ok(place) => {
                if let Some(items) = &pending.items {
                    insert_items(conn, group.workspace, place.index, items)?;
                }
                Ok(take(heads, pending, place)?)
            }
            Err(refused) => Err(refused),
        };
        taking.note(pending, answer)?;
    }
    taking.finish(group)
}

fn insert_items(
    conn: &Connection,
    workspace: WorkspaceId,
    index: u64,
    items: &[u8],
) -> Result<(), Abort> {
    conn.prepare_cached("INSERT INTO items (workspace, entry, records) VALUES (?1, ?2, ?3)")?
        .execute(params![workspace.to_string(), bigint(index), items])?;
    Ok(())
}

fn insert_batch(conn: &Connection, id: BatchId, row: &NewBatch) -> Result<(), Abort> {
    conn.prepare_cached(
        "INSERT INTO batch (workspace, first, count, id, last_time, entries, openings)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        row.workspace,
        bigint(row.first),
        bigint(row.count),
        id.as_slice(),
        row.last_time,
        row.entries,
        row.openings
    ])?;
    Ok(())
}

fn store_head(conn: &Connection, workspace: WorkspaceId, head: &Head) -> Result<(), Abort> {
    conn.prepare_cached(
        "UPDATE head SET frontier = ?2, epoch = ?3, generation = ?4 WHERE workspace = ?1",
    )?
    .execute(params![
        workspace.to_string(),
        head.frontier.encode(),
        bigint(head.epoch),
        bigint(head.generation)
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Backend;
    use crate::tests::Fixture;

    /// A commit is only as durable as the settings of its connection.
    #[tokio::test]
    async fn the_connection_syncs_every_commit_and_wipes_what_is_erased() {
        let f = Fixture::new(Backend::Sqlite).await;
        let path = f.config.url.strip_prefix("sqlite:").unwrap();
        let conn = connect(Path::new(path)).unwrap();
        let number =
            |name| conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        assert_eq!(number("synchronous"), Ok(2), "FULL");
        assert_eq!(number("secure_delete"), Ok(1));
        assert_eq!(number("foreign_keys"), Ok(1));
        assert_eq!(number("wal_autocheckpoint"), Ok(0));
        let mode = conn.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0));
        assert_eq!(mode.as_deref(), Ok("wal"));
    }
}
