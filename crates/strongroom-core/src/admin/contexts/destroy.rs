//! Destroying key contexts: after a time of waiting in which it can be called off, or at once.
//!
//! While it waits, the key context is suspended, and a job holds when its time is up. The destruction
//! itself is an entry with `final_after`, and a tombstone outside the database.

use std::time::Duration;

use strongroom_types::body::{ContextInfo, ContextState, JobKind, JobState, KeyState};
use strongroom_types::{ContextId, KeyContext, KeyVersion, Operation, Permission, WorkspaceId};

use super::{Administration, info};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::job::JobBody;
use crate::ports::{Change, ContextRow, Destruction, Tombstone};
use crate::strongroom::Strongroom;
use crate::time::{format_time, micros};

/// The longest time of waiting: a year.
const WAIT_MAX: Duration = Duration::from_hours(24 * 365);

impl Strongroom {
    /// Suspends a key context, and destroys it when the time of waiting is over: as long as the
    /// operator says, if the caller does not. Until then it can be called off.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn context_destroy_later(
        &self,
        ask: &Ask,
        id: ContextId,
        wait: Option<Duration>,
    ) -> Result<Answered<ContextInfo>, Refused> {
        let wait = wait.unwrap_or(self.settings.destroy_wait);
        if wait.is_zero() {
            return self.context_destroy(ask, id).await;
        }
        self.administer(ask, DestroyLater { id, wait }).await
    }

    /// Calls a destruction off before its time. The key context stays suspended until somebody
    /// enables it.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn context_destroy_cancel(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<ContextInfo>, Refused> {
        self.administer(ask, CallOff(id)).await
    }

    /// Destroys a key context's keys and its lock secret at once. What was sealed under it never
    /// opens again; copies in backups are gone when `final_after` has passed.
    ///
    /// # Errors
    /// [`Refused`]; when the tombstone outside the database cannot be written, the keys are
    /// destroyed all the same, the refusal says so and names the entry, and the tombstone is written
    /// as soon as it can be.
    pub async fn context_destroy(
        &self,
        ask: &Ask,
        id: ContextId,
    ) -> Result<Answered<ContextInfo>, Refused> {
        self.destroy(ask, Destroy(id)).await
    }

    /// Destroys on a task of its own, so that a caller who goes away after the entry does not keep
    /// the tombstone from being written.
    pub(in crate::admin) async fn destroy<T, A>(
        &self,
        ask: &Ask,
        act: T,
    ) -> Result<Answered<A>, Refused>
    where
        T: Administration<Answer = (A, Tombstone)> + 'static,
        A: Send + 'static,
    {
        let (room, ask) = (self.clone(), ask.clone());
        let task = tokio::spawn(async move {
            let answered = room.administer(&ask, act).await?;
            let (info, tombstone) = answered.value;
            let kept = room.keep_tombstone(&tombstone).await;
            kept.map_err(|denial| Refused::with_entry(denial, answered.entry))?;
            Ok(Answered {
                value: info,
                entry: answered.entry,
            })
        });
        task.await
            .unwrap_or_else(|_panicked| Err(Refused::unlogged(Denial::Internal)))
    }

    /// Remembers a destruction outside the database. Where that fails, the housekeeping repeats it
    /// until it is kept.
    pub(crate) async fn keep_tombstone(&self, tombstone: &Tombstone) -> Result<(), Denial> {
        let kept = self.anchor.put_tombstone(tombstone).await;
        kept.map_err(|error| {
            self.miss_tombstone();
            let error = &error as &dyn core::error::Error;
            tracing::error!(error, workspace = %tombstone.workspace, "tombstone not written");
            Denial::TombstoneUnkept
        })
    }

    /// Remembers a destruction that was before: a crash or a full disk may have kept the tombstone from
    /// being written.
    pub(in crate::admin) async fn keep_tombstone_again(
        &self,
        workspace: WorkspaceId,
        row: &ContextRow,
    ) -> Result<(), Denial> {
        let now = self.time.now();
        let until = row.final_after.unwrap_or(now);
        let again = Tombstone::of_context(workspace, row, now, until);
        self.keep_tombstone(&again).await
    }

    /// Destroys one rotated version of a context key; copies in backups are gone when the
    /// `final_after` of the entry has passed.
    ///
    /// # Errors
    /// As for [`Strongroom::context_destroy`].
    pub async fn context_version_destroy(
        &self,
        ask: &Ask,
        id: ContextId,
        version: KeyVersion,
    ) -> Result<Answered<ContextInfo>, Refused> {
        self.destroy(ask, DestroyVersion(id, version)).await
    }

    /// Destroys the keys of a row: the account of it, and what is remembered outside the database.
    pub(crate) fn destruction_of(
        &self,
        workspace: WorkspaceId,
        row: &mut ContextRow,
        map: &KeyContext,
    ) -> (Account, Tombstone) {
        let now = self.time.now();
        let final_after = now.saturating_add(micros(self.settings.backup_retention));
        let change = Change::DestroyContext {
            id: row.id,
            final_after,
        };
        let account = Account::of_changes(vec![change])
            .of_kind(row.kind, row.id, map)
            .fact("final_after", &format_time(final_after));
        row.state = ContextState::Destroyed;
        row.final_after = Some(final_after);
        row.destruction = None;
        row.keys
            .iter_mut()
            .for_each(|key| key.state = KeyState::Destroyed);
        let tombstone = Tombstone::of_context(workspace, row, now, final_after);
        (account, tombstone)
    }
}

/// What is answered and what is remembered outside the database.
type Destroyed = (ContextInfo, Tombstone);

struct Destroy(ContextId);

impl Administration for Destroy {
    const OPERATION: Operation = Operation::ContextDestroy;
    const PERMISSION: Option<Permission> = Some(Permission::AdminContexts);
    type Answer = Destroyed;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Destroyed, Account), Stopped> {
        let (mut row, map) = room.known_context(caller, self.0).await?;
        if row.state == ContextState::Destroyed {
            room.keep_tombstone_again(caller.state.id, &row).await?;
            return Err(Denial::ContextDestroyed.into());
        }
        let (account, tombstone) = room.destruction_of(caller.state.id, &mut row, &map);
        Ok(((info(caller, &row, map), tombstone), account))
    }
}

struct DestroyLater {
    id: ContextId,
    wait: Duration,
}

impl Administration for DestroyLater {
    const OPERATION: Operation = Operation::ContextDestroyLater;
    const PERMISSION: Option<Permission> = Some(Permission::AdminContexts);
    type Answer = ContextInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ContextInfo, Account), Stopped> {
        if self.wait > WAIT_MAX {
            return Err(Denial::from(Invalid::Parameter("wait_s")).into());
        }
        let (mut row, map) = room.known_context(caller, self.id).await?;
        if row.state == ContextState::Destroyed {
            return Err(Denial::ContextDestroyed.into());
        }
        if row.destruction.is_some() {
            return Err(Denial::Conflict(Thing::Context).into());
        }
        let body = JobBody::asked(Some(row.id));
        let mut job = room
            .new_job(&caller.state, JobKind::DestroyContext, body)
            .await?;
        job.state = JobState::Waiting;
        job.total = 1;
        job.due = job.created.saturating_add(micros(self.wait));
        row.state = ContextState::Disabled;
        row.destruction = Some(Destruction {
            at: job.due,
            job: job.id,
        });
        let changes = vec![
            Change::SetContextState(row.id, row.state),
            Change::SetDestruction(row.id, row.destruction),
        ];
        let mut account = Account::of_changes(changes)
            .of_kind(row.kind, row.id, &map)
            .fact("job", &job.id.to_string())
            .fact("destroy_at", &format_time(job.due));
        account.changes.push(Change::InsertJob(job));
        Ok((info(caller, &row, map), account))
    }
}

struct CallOff(ContextId);

impl Administration for CallOff {
    const OPERATION: Operation = Operation::ContextDestroyCancel;
    const PERMISSION: Option<Permission> = Some(Permission::AdminContexts);
    type Answer = ContextInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ContextInfo, Account), Stopped> {
        let (mut row, map) = room.known_context(caller, self.0).await?;
        if row.state == ContextState::Destroyed {
            return Err(Denial::ContextDestroyed.into());
        }
        let waiting = row.destruction.take();
        let waiting = waiting.ok_or(Denial::Conflict(Thing::Context))?;
        let mut changes = vec![Change::SetDestruction(row.id, None)];
        let job = room.store.job(caller.state.id, waiting.job).await?;
        if let Some(job) = job.filter(|job| job.finished.is_none()) {
            changes.push(Change::UpdateJob(job.cancelled(room.time.now())));
        }
        let account = Account::of_changes(changes)
            .of_kind(row.kind, row.id, &map)
            .fact("job", &waiting.job.to_string());
        Ok((info(caller, &row, map), account))
    }
}

struct DestroyVersion(ContextId, KeyVersion);

impl Administration for DestroyVersion {
    const OPERATION: Operation = Operation::VersionDestroy;
    const PERMISSION: Option<Permission> = Some(Permission::AdminContexts);
    type Answer = Destroyed;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Destroyed, Account), Stopped> {
        let (mut row, map) = room.known_context(caller, self.0).await?;
        let now = room.time.now();
        let final_after = now.saturating_add(micros(room.settings.backup_retention));
        let tombstone = Tombstone::of_version(caller.state.id, &row, self.1, now, final_after);
        let key = row.keys.iter_mut().find(|key| key.version == self.1);
        let key = key.ok_or(Denial::NotFound(Thing::KeyVersion))?;
        if key.state == KeyState::Destroyed {
            // As above.
            room.keep_tombstone(&tombstone).await?;
        }
        if key.state != KeyState::Rotated {
            return Err(Denial::Conflict(Thing::KeyVersion).into());
        }
        key.state = KeyState::Destroyed;
        let account = Account::of_changes(vec![Change::DestroyContextKey(self.0, self.1)])
            .of_kind(row.kind, self.0, &map)
            .fact("version", &self.1.to_string())
            .fact("final_after", &format_time(final_after));
        Ok(((info(caller, &row, map), tombstone), account))
    }
}
