//! What was destroyed stays destroyed, whatever database is restored.
//!
//! A tombstone of each destroyed key context and key version is kept outside the database. At start,
//! keys that a restored database brought back are destroyed again before anything is served; a key
//! context that the database has never heard of is refused until somebody makes it again by name.
//! Beside the first requests, a tombstone that a crash kept from being written is written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use strongroom_types::body::{ContextState, KeyState};
use strongroom_types::{ContextId, KeyContext, KeyVersion, Operation, WorkspaceId};

use crate::denial::Denial;
use crate::door::Account;
use crate::door::keyring::open_map;
use crate::ports::{Change, ContextRow, Micros, Tombstone};
use crate::strongroom::{OpenError, Strongroom};
use crate::time::{format_time, micros, once_in, seconds};
use crate::workspace::WorkspaceState;

/// How many rows are looked at together.
const PAGE: u32 = 1000;
/// A look reads all key contexts: while tombstones cannot be written, there is one in so long.
const LOOK_PAUSE: Micros = seconds(5);

/// Tombstones by what they are of.
type Held = BTreeMap<(WorkspaceId, ContextId), Vec<Tombstone>>;

impl Tombstone {
    /// Of a whole key context. No key of the row is later than it, whatever the clock said when it
    /// was made.
    pub(crate) fn of_context(
        workspace: WorkspaceId,
        row: &ContextRow,
        now: Micros,
        final_after: Micros,
    ) -> Self {
        let versions = row.keys.iter().map(|key| key.version);
        let created = row.keys.iter().map(|key| key.created);
        Self {
            workspace,
            context: row.id,
            version: versions.max().unwrap_or(KeyVersion::FIRST),
            only: false,
            destroyed: created.fold(now, Micros::max),
            final_after,
        }
    }

    /// Of one version of a key context's key.
    pub(crate) fn of_version(
        workspace: WorkspaceId,
        row: &ContextRow,
        version: KeyVersion,
        now: Micros,
        final_after: Micros,
    ) -> Self {
        Self {
            version,
            only: true,
            ..Self::of_context(workspace, row, now, final_after)
        }
    }
}

impl Strongroom {
    /// Destroys again what a restored database brought back, and remembers what was destroyed.
    ///
    /// # Errors
    /// The entry of the destruction could not be written, or the tombstones not be read.
    pub(crate) async fn destroy_again(&self) -> Result<(), OpenError> {
        for tombstone in self.anchor.tombstones().await? {
            let Tombstone {
                workspace, context, ..
            } = tombstone;
            self.logs.bury(&tombstone);
            let row = self.store.context(workspace, context).await?;
            let Some(row) = row.filter(|row| is_back(row, &tombstone)) else {
                continue;
            };
            tracing::warn!(context = %row.id, "destroyed keys were restored; destroyed again");
            self.destroy_restored(&tombstone, &row)
                .await
                .map_err(OpenError::Log)?;
        }
        Ok(())
    }

    /// Looks once, in the housekeeping, for tombstones that are missing: a deployment with a million
    /// key contexts starts as fast as one with ten.
    pub(super) async fn complete_tombstones(&self) {
        let looked = &self.logs.tombstones_looked;
        if self.logs.tombstones_checked.load(Ordering::Relaxed)
            || !once_in(looked, self.time.now(), LOOK_PAUSE)
        {
            return;
        }
        self.logs.tombstones_checked.store(true, Ordering::Relaxed);
        if let Err(error) = self.write_missing().await {
            self.miss_tombstone();
            let error = &error as &dyn core::error::Error;
            tracing::error!(error, "missing tombstones not written; tried again");
        }
    }

    /// Has the housekeeping look again, after a tombstone could not be written.
    pub(crate) fn miss_tombstone(&self) {
        self.logs.tombstones_checked.store(false, Ordering::Relaxed);
    }

    async fn destroy_restored(
        &self,
        tombstone: &Tombstone,
        row: &ContextRow,
    ) -> Result<(), Denial> {
        let state = self.state(tombstone.workspace).await?;
        let map = open_map(&state, row)?;
        let (operation, changes) = self.destruction(&state, tombstone, (row, &map)).await?;
        let account = Account::of_changes(changes)
            .of_kind(row.kind, row.id, &map)
            .fact("destroyed", &format_time(tombstone.destroyed))
            .fact("final_after", &format_time(tombstone.final_after));
        let account = if tombstone.only {
            account.fact("version", &tombstone.version.to_string())
        } else {
            account
        };
        self.append_own(&state, operation, account).await.map(drop)
    }

    /// A version that is active again first gets a successor, so that the key context can seal. Where
    /// a customer's key does not wrap one now, the next seal makes it: what was destroyed waits for
    /// nobody, and neither does the start.
    async fn destruction(
        &self,
        state: &Arc<WorkspaceState>,
        tombstone: &Tombstone,
        (row, map): (&ContextRow, &KeyContext),
    ) -> Result<(Operation, Vec<Change>), Denial> {
        let (id, version) = (row.id, tombstone.version);
        if !tombstone.only {
            let final_after = tombstone.final_after;
            let destroy = Change::DestroyContext { id, final_after };
            return Ok((Operation::ContextDestroy, vec![destroy]));
        }
        let mut changes = Vec::new();
        let mut keys = row.keys.iter();
        if keys.any(|key| key.version == version && key.state == KeyState::Active) {
            match self.successor(state, row, map).await {
                Ok(successor) => changes.push(successor.change().clone()),
                Err(Denial::CustomerKey(_) | Denial::ContextClosed) => {}
                Err(denial) => return Err(denial),
            }
        }
        changes.push(Change::DestroyContextKey(id, version));
        Ok((Operation::VersionDestroy, changes))
    }

    /// Writes the tombstones that a crash after the entry kept from being written.
    async fn write_missing(&self) -> Result<(), OpenError> {
        let mut held = Held::new();
        for tombstone in self.anchor.tombstones().await? {
            let place = (tombstone.workspace, tombstone.context);
            held.entry(place).or_default().push(tombstone);
        }
        let mut after = None;
        loop {
            let page = self.store.workspaces(after, PAGE).await?;
            for workspace in &page {
                self.write_missing_of(workspace.id, &held).await?;
            }
            match page.last() {
                Some(last) => after = Some(last.id),
                None => return Ok(()),
            }
        }
    }

    async fn write_missing_of(&self, workspace: WorkspaceId, held: &Held) -> Result<(), OpenError> {
        let mut after = None;
        loop {
            let page = self.store.contexts(workspace, after, PAGE).await?;
            for row in &page {
                let of_row = held.get(&(workspace, row.id));
                let of_row = of_row.map_or(&[][..], Vec::as_slice);
                for tombstone in self.missing(workspace, row, of_row) {
                    tracing::warn!(context = %row.id, "a tombstone was missing; written");
                    self.anchor.put_tombstone(&tombstone).await?;
                }
            }
            match page.last() {
                Some(last) => after = Some(last.id),
                None => return Ok(()),
            }
        }
    }

    /// The tombstones that a row should have. When a single version was destroyed is not in its row,
    /// so that its copies count as new.
    fn missing(
        &self,
        workspace: WorkspaceId,
        row: &ContextRow,
        held: &[Tombstone],
    ) -> Vec<Tombstone> {
        let now = self.time.now();
        let uncovered = row.keys.iter().filter(|key| {
            key.state == KeyState::Destroyed
                && !held.iter().any(|tombstone| tombstone.covers(key.version))
        });
        let mut versions = uncovered.map(|key| key.version).peekable();
        if row.state == ContextState::Destroyed {
            let final_after = row.final_after.filter(|until| *until > now);
            return final_after
                .filter(|_| versions.peek().is_some())
                .map(|until| Tombstone::of_context(workspace, row, now, until))
                .into_iter()
                .collect();
        }
        let until = now.saturating_add(micros(self.settings.backup_retention));
        versions
            .map(|version| Tombstone::of_version(workspace, row, version, now, until))
            .collect()
    }
}

/// Whether a key that was destroyed can be used again. One of a later version, or made later, belongs
/// to a key context that was created anew: in this database, where versions go on, or in a restored
/// one that had never heard of it. Either is enough, so that a clock set back destroys nothing.
fn is_back(row: &ContextRow, tombstone: &Tombstone) -> bool {
    row.keys
        .iter()
        .filter(|key| key.state != KeyState::Destroyed)
        .any(|key| tombstone.covers(key.version) && key.created <= tombstone.destroyed)
}

#[cfg(test)]
mod tests {
    use strongroom_types::Kind;

    use super::*;
    use crate::ports::{ContextKeyRow, Wrapper};

    fn row(created: Micros, state: KeyState) -> ContextRow {
        let key = ContextKeyRow {
            version: KeyVersion(1),
            state,
            created,
            seed: Vec::new(),
            sealed: 0,
            last_opened: None,
        };
        ContextRow {
            id: ContextId::from_bytes([1; 32]),
            kind: Kind::Context,
            state: ContextState::Active,
            created,
            map: Vec::new(),
            wrapper: Wrapper::Root(KeyVersion(1)),
            lock_secret: Vec::new(),
            destruction: None,
            final_after: None,
            keys: vec![key],
        }
    }

    #[test]
    fn keys_are_back_when_they_are_older_than_the_tombstone() {
        let tombstone = Tombstone {
            workspace: WorkspaceId::from_bytes([1; 16]),
            context: ContextId::from_bytes([1; 32]),
            version: KeyVersion(1),
            only: false,
            destroyed: 100,
            final_after: 200,
        };
        assert!(is_back(&row(99, KeyState::Active), &tombstone));
        assert!(is_back(&row(99, KeyState::Rotated), &tombstone));
        assert!(!is_back(&row(99, KeyState::Destroyed), &tombstone));
        assert!(!is_back(&row(101, KeyState::Active), &tombstone));
    }

    #[test]
    fn a_key_made_anew_under_a_clock_set_back_is_not_back() {
        let tombstone = Tombstone {
            workspace: WorkspaceId::from_bytes([1; 16]),
            context: ContextId::from_bytes([1; 32]),
            version: KeyVersion(1),
            only: false,
            destroyed: 100,
            final_after: 200,
        };
        let mut anew = row(99, KeyState::Active);
        anew.keys[0].version = KeyVersion(2);
        assert!(!is_back(&anew, &tombstone));
    }

    #[test]
    fn a_tombstone_of_one_version_means_no_other() {
        let of = |version| Tombstone {
            workspace: WorkspaceId::from_bytes([1; 16]),
            context: ContextId::from_bytes([1; 32]),
            version: KeyVersion(version),
            only: true,
            destroyed: 100,
            final_after: 200,
        };
        assert!(is_back(&row(99, KeyState::Rotated), &of(1)));
        assert!(!is_back(&row(99, KeyState::Rotated), &of(2)));
    }
}
