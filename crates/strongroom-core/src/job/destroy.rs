//! Destroying a key context when its time of waiting is over.

use strongroom_types::Operation;
use strongroom_types::body::JobState;

use super::run::{Halt, Job, Slice};
use crate::denial::Denial;
use crate::door::keyring::open_map;
use crate::ports::{Change, ContextRow, Micros};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

impl Strongroom {
    /// Destroys the key context, and ends the job in the same transaction. A key context that was
    /// destroyed meanwhile, or made again after that, is not this job's any more.
    pub(super) async fn destroy_in_time(&self, job: &mut Job) -> Result<Slice, Halt> {
        let state = self.state(job.row.workspace).await?;
        let context = job.body.context.ok_or(Denial::Internal)?;
        let row = self.store.context(state.id, context).await;
        let row = row.map_err(Denial::from)?;
        let now = self.time.now();
        let Some(mut row) = row.filter(|row| waits_for(row, job)) else {
            let next = ended(job, &state, (now, JobState::Cancelled))?;
            *job = self.put(next).await?;
            return Ok(Slice::More);
        };
        let map = open_map(&state, &row)?;
        let next = ended(job, &state, (now, JobState::Done))?;
        let (mut account, tombstone) = self.destruction_of(state.id, &mut row, &map);
        account.changes.push(Change::UpdateJob(next.row.clone()));
        let account = account.fact("job", &next.row.id.to_string());
        self.append_own(&state, Operation::ContextDestroy, account)
            .await?;
        *job = next;
        // Where it fails, the housekeeping writes it.
        let _told = self.keep_tombstone(&tombstone).await;
        Ok(Slice::More)
    }
}

/// Whether the key context waits for this job, and no other.
fn waits_for(row: &ContextRow, job: &Job) -> bool {
    row.destruction
        .is_some_and(|destruction| destruction.job == job.row.id)
}

fn ended(job: &Job, state: &WorkspaceState, (now, how): (Micros, JobState)) -> Result<Job, Denial> {
    let destroyed = u64::from(how == JobState::Done);
    job.next(state, now, |row, body| {
        row.state = how;
        row.finished = Some(now);
        row.leased = 0;
        (row.done, row.moved) = (1, destroyed);
        body.reason = None;
    })
}
