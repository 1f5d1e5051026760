//! The heads that a transaction holds: of the logs it appends to, and of the workspaces whose state
//! it changes.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AnyConnection, AssertSqlSafe, query};
use strongroom_core::ports::{Change, CommitError, Head, StoreError};
use strongroom_types::WorkspaceId;

use super::abort::Abort;
use super::queue::Group;
use crate::change;
use crate::columns::{Columns, bigint, failed, placeholders};
use crate::read::workspace::head_of;

/// Heads in one statement: the text of a statement depends on their number, and few different
/// statements are to be prepared.
pub(crate) const AT_ONCE: usize = 32;

/// How it stands with a group.
#[derive(Debug)]
pub(crate) enum Standing {
    /// Its heads are held: it can be appended.
    Held,
    /// Another node holds one of its heads.
    Elsewhere,
    /// There is no such log, or its head is damaged.
    Refused,
}

#[derive(Debug)]
struct Held {
    head: Head,
    changed: bool,
}

/// The heads that a transaction holds.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    held: BTreeMap<WorkspaceId, Held>,
    damaged: BTreeSet<WorkspaceId>,
    elsewhere: BTreeSet<WorkspaceId>,
}

impl Heads {
    /// Reads, and on PostgreSQL locks, the heads of the groups; `lock` is the end of the query.
    pub(crate) async fn hold(
        conn: &mut AnyConnection,
        groups: &[Group],
        lock: &str,
    ) -> Result<Self, Abort> {
        let wanted: BTreeSet<WorkspaceId> = groups.iter().flat_map(workspaces).collect();
        let wanted: Vec<WorkspaceId> = wanted.into_iter().collect();
        let mut heads = Self::default();
        for some in wanted.chunks(AT_ONCE) {
            heads.hold_some(&mut *conn, some, lock).await?;
        }
        Ok(heads)
    }

    async fn hold_some(
        &mut self,
        conn: &mut AnyConnection,
        wanted: &[WorkspaceId],
        lock: &str,
    ) -> Result<(), Abort> {
        const COLUMNS: &str = "workspace, frontier, epoch, generation";
        let rows = select(&mut *conn, COLUMNS, wanted, lock).await?;
        for row in &rows {
            match head_of(row) {
                Ok((id, head)) => {
                    let changed = false;
                    self.held.insert(id, Held { head, changed });
                }
                Err(_damaged) => {
                    self.damaged.insert(Columns::new("head", row).id(0)?);
                }
            }
        }
        if rows.len() < wanted.len() {
            self.find_elsewhere(conn, wanted).await?;
        }
        Ok(())
    }

    /// Heads that are there but were not given are locked by another node.
    async fn find_elsewhere(
        &mut self,
        conn: &mut AnyConnection,
        wanted: &[WorkspaceId],
    ) -> Result<(), Abort> {
        for row in &select(conn, "workspace", wanted, "").await? {
            let id = Columns::new("head", row).id(0)?;
            if !self.held.contains_key(&id) && !self.damaged.contains(&id) {
                self.elsewhere.insert(id);
            }
        }
        Ok(())
    }

    pub(crate) fn standing(&self, group: &Group) -> Standing {
        if workspaces(group).any(|id| self.elsewhere.contains(&id)) {
            Standing::Elsewhere
        } else if self.held.contains_key(&group.workspace) {
            Standing::Held
        } else {
            Standing::Refused
        }
    }

    /// Why a head is not held.
    pub(crate) fn refusal(&self, workspace: WorkspaceId) -> CommitError {
        if self.damaged.contains(&workspace) {
            StoreError::Damaged { table: "head" }.into()
        } else {
            CommitError::Missing
        }
    }

    pub(crate) fn head(&self, workspace: WorkspaceId) -> Result<&Head, CommitError> {
        let held = self.held.get(&workspace).map(|held| &held.head);
        held.ok_or_else(|| self.refusal(workspace))
    }

    /// The head of a log that gets an entry.
    pub(crate) fn change(&mut self, workspace: WorkspaceId) -> Option<&mut Head> {
        let held = self.held.get_mut(&workspace)?;
        held.changed = true;
        Some(&mut held.head)
    }

    /// Raises the epoch of a workspace. One that this transaction makes has no head here: nobody
    /// has seen its state.
    pub(crate) fn raise_epoch(&mut self, workspace: WorkspaceId) {
        if let Some(head) = self.change(workspace) {
            head.epoch += 1;
        }
    }

    /// Writes the heads that have changed.
    pub(crate) async fn store(&self, conn: &mut AnyConnection) -> Result<(), Abort> {
        let changed: Vec<_> = self.held.iter().filter(|(_, held)| held.changed).collect();
        for some in changed.chunks(AT_ONCE) {
            let rows: Vec<String> = (0..some.len())
                .map(|row| format!("({})", placeholders(1 + 4 * row, 4)))
                .collect();
            let sql = format!(
                "WITH new (workspace, frontier, epoch, generation) AS (VALUES {})
                 UPDATE head SET frontier = new.frontier, epoch = new.epoch,
                                 generation = new.generation
                 FROM new WHERE head.workspace = new.workspace",
                rows.join(", ")
            );
            let mut update = query(AssertSqlSafe(sql));
            for (workspace, Held { head, .. }) in some {
                update = update
                    .bind(workspace.to_string())
                    .bind(head.frontier.encode())
                    .bind(bigint(head.epoch))
                    .bind(bigint(head.generation));
            }
            update.execute(&mut *conn).await?;
        }
        Ok(())
    }
}

/// The workspaces whose heads a group needs: its own, and those that its changes are about.
fn workspaces(group: &Group) -> impl Iterator<Item = WorkspaceId> {
    let changes = group
        .entries
        .iter()
        .flat_map(|waiting| &waiting.pending.changes);
    core::iter::once(group.workspace).chain(changes.filter_map(change::target))
}

/// The other workspaces that these changes are about, each once.
pub(crate) fn others(own: WorkspaceId, changes: &[Change]) -> BTreeSet<WorkspaceId> {
    let targets = changes.iter().filter_map(change::target);
    targets.filter(|target| *target != own).collect()
}

async fn select(
    conn: &mut AnyConnection,
    columns: &str,
    wanted: &[WorkspaceId],
    lock: &str,
) -> Result<Vec<sqlx::any::AnyRow>, Abort> {
    let sql = format!(
        "SELECT {columns} FROM head WHERE workspace IN ({}) ORDER BY workspace{lock}",
        placeholders(1, wanted.len())
    );
    let mut select = query(AssertSqlSafe(sql));
    for workspace in wanted {
        select = select.bind(workspace.to_string());
    }
    select.fetch_all(conn).await.map_err(|error| match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::AnyDriverError(_) => {
            Abort::Store(failed("head")(error))
        }
        other => Abort::Database(other),
    })
}
