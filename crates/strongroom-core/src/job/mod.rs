//! Jobs: long work that goes on beside the requests.
//!
//! A job is a row: a node that is killed leaves it as it stands, and any node goes on with it. What a
//! job changes commits with an entry and with how far it is, and only if the rows are as they were
//! read: two nodes that work on one job, or a job beside live traffic, do nothing twice and undo
//! nothing.

mod destroy;
mod move_root;
mod moves;
mod rewrap;
mod run;
mod scope;

use serde::{Deserialize, Serialize};
use strongroom_types::body::{JobCause, JobInfo, JobKind, JobState};
use strongroom_types::{ContextId, CustomerKeyId, JobId, PolicyId, Reason, WorkspaceId};

use crate::denial::Denial;
use crate::ports::{JobRow, StoreError};
use crate::strongroom::Strongroom;
use crate::time::format_time;
use crate::workspace::WorkspaceState;

/// The part of a job's row that is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JobBody {
    pub(crate) cause: JobCause,
    /// The policies whose key changed.
    pub(crate) policies: Vec<PolicyId>,
    pub(crate) customer_key: Option<CustomerKeyId>,
    /// The key context that it destroys, or that alone it moves.
    pub(crate) context: Option<ContextId>,
    /// What was last in its way.
    reason: Option<Reason>,
    /// How often in a row it was in its way.
    attempts: u32,
    /// What the last entry said about what was in its way.
    told: Option<(Reason, u64)>,
}

impl JobBody {
    /// What a job that somebody asks for is about.
    pub(crate) const fn asked(context: Option<ContextId>) -> Self {
        Self {
            cause: JobCause::Asked,
            policies: Vec::new(),
            customer_key: None,
            context,
            reason: None,
            attempts: 0,
            told: None,
        }
    }

    /// What a job about a customer's key is about.
    pub(crate) fn about_key(cause: JobCause, policies: Vec<PolicyId>, key: CustomerKeyId) -> Self {
        Self {
            cause,
            policies,
            customer_key: Some(key),
            ..Self::asked(None)
        }
    }
}

/// The place of a job's body.
fn place<'a>(workspace: &'a WorkspaceId, id: &'a JobId) -> [&'a [u8]; 3] {
    [b"job", workspace.as_bytes(), id.as_bytes()]
}

/// Opens the body of a job's row.
pub(crate) fn body(state: &WorkspaceState, row: &JobRow) -> Result<JobBody, StoreError> {
    let place = place(&row.workspace, &row.id);
    state.keys.open_body("job", &place, &row.body)
}

/// Describes a job.
pub(crate) fn info(state: &WorkspaceState, row: &JobRow) -> Result<JobInfo, StoreError> {
    let body = body(state, row)?;
    let waits = row.state == JobState::Waiting;
    Ok(JobInfo {
        id: row.id,
        kind: row.kind,
        cause: body.cause,
        state: row.state,
        total: row.total,
        done: row.done,
        moved: row.moved,
        failed: row.failed,
        stored: row.stored,
        remaining: row.remaining,
        policy: match body.policies.as_slice() {
            [policy] => Some(*policy),
            _ => None,
        },
        customer_key: body.customer_key,
        context: body.context,
        reason: body.reason,
        created: format_time(row.created),
        updated: format_time(row.updated),
        next: waits.then(|| format_time(row.due)),
        finished: row.finished.map(format_time),
    })
}

impl Strongroom {
    /// The row of a new job, which begins at once.
    pub(crate) async fn new_job(
        &self,
        state: &WorkspaceState,
        kind: JobKind,
        body: JobBody,
    ) -> Result<JobRow, Denial> {
        let id = JobId::from_bytes(self.generate_id()?);
        let now = self.time.now();
        let total = self.count_of(kind, &body, state.id).await?;
        Ok(JobRow {
            workspace: state.id,
            id,
            kind,
            state: JobState::Running,
            revision: 1,
            total,
            done: 0,
            moved: 0,
            failed: 0,
            stored: 0,
            remaining: 0,
            cursor: String::new(),
            body: state.keys.seal_body(&place(&state.id, &id), &body)?,
            created: now,
            updated: now,
            due: now,
            leased: 0,
            finished: None,
        })
    }

    /// How much there is to look at.
    async fn count_of(
        &self,
        kind: JobKind,
        body: &JobBody,
        workspace: WorkspaceId,
    ) -> Result<u64, Denial> {
        match (kind, body.context) {
            (JobKind::MoveRoot, _) => Ok(self.store.count_workspaces().await?),
            (_, Some(_)) => Ok(1),
            (_, None) => {
                let row = self.store.workspace(workspace).await?;
                Ok(row.map_or(0, |row| row.contexts))
            }
        }
    }
}
