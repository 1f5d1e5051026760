//! Jobs, administered: seen, begun by name, cancelled.

use strongroom_types::body::{JobCause, JobCreate, JobInfo, JobKind, Page};
use strongroom_types::{ContextId, JobId, Operation, Permission};

use super::workspaces::require_system;
use super::{Administration, PageQuery, page, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::keyring::open_map;
use crate::door::{Account, Stopped};
use crate::job::{self, JobBody};
use crate::ports::{Change, JobRow};
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Lists the workspace's jobs, newest first.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn jobs(
        &self,
        ask: &Ask,
        query: PageQuery,
    ) -> Result<Answered<Page<JobInfo>>, Refused> {
        self.administer(ask, List(query)).await
    }

    /// Begins a job by name.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn job_create(
        &self,
        ask: &Ask,
        request: JobCreate,
    ) -> Result<Answered<JobInfo>, Refused> {
        self.administer(ask, Create(request)).await
    }

    /// Describes a job.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn job(&self, ask: &Ask, id: JobId) -> Result<Answered<JobInfo>, Refused> {
        self.administer(ask, Describe(id)).await
    }

    /// Ends a job before it is done. What it did stays done. Not one that destroys a key context: see
    /// [`Strongroom::context_destroy_cancel`].
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn job_cancel(&self, ask: &Ask, id: JobId) -> Result<Answered<JobInfo>, Refused> {
        self.administer(ask, Cancel(id)).await
    }

    /// What the caller sees of a job: no id of a key context that is not the caller's to use.
    async fn job_shown(&self, caller: &Caller, row: &JobRow) -> Result<JobInfo, Denial> {
        let mut info = job::info(&caller.state, row)?;
        if let Some(id) = info.context
            && self.require_known(caller, id).await.is_err()
        {
            info.context = None;
        }
        Ok(info)
    }

    /// # Errors
    /// There is no such key context, or it is not the caller's to use.
    async fn require_known(&self, caller: &Caller, id: ContextId) -> Result<(), Denial> {
        let row = self.store.context(caller.state.id, id).await?;
        let row = row.ok_or(Denial::ContextUnknown)?;
        caller.require_context(&open_map(&caller.state, &row)?)
    }

    /// # Errors
    /// A job about the same goes on.
    async fn check_no_other(&self, caller: &Caller, asked: JobCreate) -> Result<(), Denial> {
        let state = &caller.state;
        for row in self.store.jobs(state.id, None, NEWEST).await? {
            let body = job::body(state, &row)?;
            let same = (row.kind, body.context) == (asked.kind, asked.context);
            if same && body.cause == JobCause::Asked && row.finished.is_none() {
                return Err(Denial::Conflict(Thing::Job));
            }
        }
        Ok(())
    }

    async fn known_job(&self, caller: &Caller, id: JobId) -> Result<JobRow, Denial> {
        let row = self.store.job(caller.state.id, id).await?;
        row.ok_or(Denial::NotFound(Thing::Job))
    }
}

struct List(PageQuery);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminJobs);
    type Answer = Page<JobInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<JobInfo>, Account), Stopped> {
        let limit = self.0.limit()?;
        let behind = self.0.after::<JobId>()?;
        let rows = room.store.jobs(caller.state.id, behind, limit).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            items.push(room.job_shown(caller, row).await?);
        }
        Ok((
            page(items, limit, |info| info.id.to_string()),
            reading("jobs"),
        ))
    }
}

struct Describe(JobId);

impl Administration for Describe {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminJobs);
    type Answer = JobInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(JobInfo, Account), Stopped> {
        let row = room.known_job(caller, self.0).await?;
        let account = reading("job").fact("job", &self.0.to_string());
        Ok((room.job_shown(caller, &row).await?, account))
    }
}

/// Among how many of the newest jobs one is looked for that is about the same.
const NEWEST: u32 = 100;

struct Create(JobCreate);

impl Create {
    /// What changes when the job begins.
    ///
    /// # Errors
    /// No such job can be asked for, or not by this caller.
    async fn changes(&self, room: &Strongroom, caller: &Caller) -> Result<Vec<Change>, Denial> {
        match (self.0.kind, self.0.context) {
            (JobKind::Rewrap, None) => Ok(Vec::new()),
            (JobKind::Rewrap, Some(id)) => {
                room.require_known(caller, id).await?;
                Ok(Vec::new())
            }
            (_, Some(_)) => Err(Invalid::Field("context".into()).into()),
            (JobKind::RotateRoot, None) => Ok(vec![room.next_root(&caller.state).await?]),
            (JobKind::MoveRoot, None) => {
                require_system(room, caller)?;
                match room.moving_root {
                    Some(_) => Ok(Vec::new()),
                    None => Err(Invalid::NoFormerRoot.into()),
                }
            }
            (JobKind::DestroyContext, None) => Err(Invalid::Field("kind".into()).into()),
        }
    }
}

impl Administration for Create {
    const OPERATION: Operation = Operation::JobCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminJobs);
    type Answer = JobInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(JobInfo, Account), Stopped> {
        let mut changes = self.changes(room, caller).await?;
        room.check_no_other(caller, self.0).await?;
        let body = JobBody::asked(self.0.context);
        let row = room.new_job(&caller.state, self.0.kind, body).await?;
        let info = job::info(&caller.state, &row)?;
        changes.push(Change::InsertJob(row));
        let account = Account::of_changes(changes)
            .fact("job", &info.id.to_string())
            .fact("kind", info.kind.name());
        Ok((info, account))
    }

    async fn repeat(
        &self,
        room: &Strongroom,
        caller: &Caller,
        made: String,
    ) -> Result<JobInfo, Stopped> {
        let id = made.parse().map_err(|_not_an_id| Denial::Internal)?;
        let row = room.known_job(caller, id).await?;
        Ok(room.job_shown(caller, &row).await?)
    }

    fn made(answer: &JobInfo) -> Option<String> {
        Some(answer.id.to_string())
    }
}

struct Cancel(JobId);

impl Administration for Cancel {
    const OPERATION: Operation = Operation::JobCancel;
    const PERMISSION: Option<Permission> = Some(Permission::AdminJobs);
    type Answer = JobInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(JobInfo, Account), Stopped> {
        let row = room.known_job(caller, self.0).await?;
        // A destruction is called off at its key context, by whoever may administer that.
        if row.finished.is_some() || row.kind == JobKind::DestroyContext {
            return Err(Denial::Conflict(Thing::Job).into());
        }
        let row = row.cancelled(room.time.now());
        let info = room.job_shown(caller, &row).await?;
        let account = Account::of_changes(vec![Change::UpdateJob(row)])
            .fact("job", &self.0.to_string())
            .fact("moved", &info.moved.to_string());
        Ok((info, account))
    }
}
