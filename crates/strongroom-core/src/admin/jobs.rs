//! Jobs, administered: seen, begun by name, cancelled.

use strongroom_types::body::{JobCause, JobCreate, JobInfo, JobKind, Page};
use strongroom_types::{JobId, Operation, Permission};

use super::{Administration, PageQuery, page, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
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
        let items: Result<Vec<_>, _> = rows
            .iter()
            .map(|row| job::info(&caller.state, row))
            .collect();
        Ok((
            page(items?, limit, |info| info.id.to_string()),
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
        Ok((job::info(&caller.state, &row)?, account))
    }
}

struct Create(JobCreate);

impl Administration for Create {
    const OPERATION: Operation = Operation::JobCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminJobs);
    type Answer = JobInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(JobInfo, Account), Stopped> {
        if self.0.kind != JobKind::Rewrap {
            return Err(Denial::from(Invalid::Field("kind".into())).into());
        }
        let body = JobBody::new(JobCause::Asked, None, None);
        let row = room.new_job(&caller.state, self.0.kind, body).await?;
        let info = job::info(&caller.state, &row)?;
        let account = Account::of_changes(vec![Change::InsertJob(row)])
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
        Ok(job::info(&caller.state, &row)?)
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
        let info = job::info(&caller.state, &row)?;
        let account = Account::of_changes(vec![Change::UpdateJob(row)])
            .fact("job", &self.0.to_string())
            .fact("moved", &info.moved.to_string());
        Ok((info, account))
    }
}
