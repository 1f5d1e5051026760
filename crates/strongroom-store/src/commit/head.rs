//! The heads that a transaction holds: of the logs it appends to, and of the workspaces whose state
//! it changes.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use strongroom_core::ports::{Change, CommitError, Head, StoreError};
use strongroom_types::WorkspaceId;

use super::abort::Abort;
use super::queue::Group;
use super::script::Script;
use super::writer::Dialect;
use crate::change;
use crate::columns::{Columns, bigint, is_damage};
use crate::read::workspace::head_of;

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
    /// Begins a transaction and reads, on PostgreSQL also locks, the heads of the groups.
    pub(crate) async fn hold(
        conn: &mut AnyConnection,
        dialect: Dialect,
        groups: &[Group],
    ) -> Result<Self, Abort> {
        const COLUMNS: &str = "workspace, frontier, epoch, generation";
        let wanted: BTreeSet<WorkspaceId> = groups.iter().flat_map(workspaces).collect();
        let mut script = Script::begin(&mut *conn, dialect).await?;
        select(&mut script, COLUMNS, &wanted)?.text(dialect.hold);
        let rows = script.rows(&mut *conn).await.map_err(unread)?;
        let mut heads = Self::default();
        for row in &rows {
            heads.read(row)?;
        }
        if rows.len() < wanted.len() {
            let mut script = Script::new(dialect.backend);
            select(&mut script, "workspace", &wanted)?;
            let there = script.rows(conn).await.map_err(unread)?;
            heads.find_elsewhere(&there)?;
        }
        Ok(heads)
    }

    fn read(&mut self, row: &AnyRow) -> Result<(), Abort> {
        match head_of(row) {
            Ok((id, head)) => self.put(id, Some(head)),
            Err(_damaged) => self.put(Columns::new("head", row).id(0)?, None),
        }
        Ok(())
    }

    /// Notes a head that is held, or that it is damaged.
    pub(crate) fn put(&mut self, id: WorkspaceId, head: Option<Head>) {
        let changed = false;
        match head {
            Some(head) => drop(self.held.insert(id, Held { head, changed })),
            None => drop(self.damaged.insert(id)),
        }
    }

    /// The heads that have changed.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (WorkspaceId, &Head)> {
        let changed = self.held.iter().filter(|(_, held)| held.changed);
        changed.map(|(workspace, held)| (*workspace, &held.head))
    }

    /// Heads that are there but were not given are locked by another node.
    fn find_elsewhere(&mut self, there: &[AnyRow]) -> Result<(), Abort> {
        for row in there {
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
    pub(crate) fn store(&self, script: &mut Script) -> Result<(), Abort> {
        script.text("WITH new (workspace, frontier, epoch, generation) AS (VALUES ");
        for (n, (workspace, head)) in self.changed().enumerate() {
            script.text(if n == 0 { "(" } else { ", (" });
            script.value(workspace.to_string())?.text(", ");
            script.value(head.frontier.encode())?.text(", ");
            script.value(bigint(head.epoch))?.text(", ");
            script.value(bigint(head.generation))?.text(")");
        }
        script.text(
            ") UPDATE head SET frontier = new.frontier, epoch = new.epoch, \
             generation = new.generation FROM new WHERE head.workspace = new.workspace",
        );
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

fn select<'s>(
    script: &'s mut Script,
    columns: &str,
    wanted: &BTreeSet<WorkspaceId>,
) -> Result<&'s mut Script, Abort> {
    script
        .text("SELECT ")
        .text(columns)
        .text(" FROM head WHERE workspace IN (");
    for (n, workspace) in wanted.iter().enumerate() {
        script
            .text(if n == 0 { "" } else { ", " })
            .value(workspace.to_string())?;
    }
    Ok(script.text(") ORDER BY workspace"))
}

fn unread(error: sqlx::Error) -> Abort {
    if is_damage(&error) {
        Abort::Store(StoreError::Damaged { table: "head" })
    } else {
        Abort::Database(error)
    }
}
