//! Moving a deployment to another root: the seeds of the deployment itself, then those of one
//! workspace after the other. Each is moved with an entry of its own.

use strongroom_types::{Operation, WorkspaceId};

use super::run::{Halt, Job, Slice};
use crate::denial::Denial;
use crate::deployment;
use crate::door::Account;
use crate::ports::{Change, RootError, WorkspaceRow};
use crate::root::MovingRoot;
use crate::strongroom::Strongroom;
use crate::workspace::WrappedSeeds;

/// How many workspaces a slice looks at.
const WORKSPACES: u32 = 4;

/// What is moved: its change, and what the entry says of it.
type Moved = (Change, (&'static str, String));

impl Strongroom {
    /// Moves the next seeds.
    pub(super) async fn move_root(&self, job: &mut Job) -> Result<Slice, Halt> {
        let roots = self.moving_root.as_ref().ok_or(Denial::RootUnavailable)?;
        if job.row.cursor.is_empty() {
            for moved in self.moved_deployment(roots).await? {
                self.commit_move(job, moved).await?;
            }
        }
        let after = job.row.cursor.parse::<WorkspaceId>().ok();
        let rows = self.store.workspaces(after, WORKSPACES).await;
        let rows = rows.map_err(Denial::from)?;
        let Some(last) = rows.last().map(|row| row.id) else {
            return Ok(Slice::Round);
        };
        let mut failed = 0_u64;
        for row in &rows {
            match moved_workspace(row, roots).await {
                Ok(None) => {}
                Ok(Some(moved)) => {
                    self.commit_move(job, moved).await?;
                    self.forget_state_of(row.id).await;
                }
                // It is of neither root; the others move.
                Err(RootError::WrongRoot { .. }) => failed = failed.saturating_add(1),
                Err(error) => return Err(error.into()),
            }
        }
        self.went_on(job, (rows.len(), failed), last).await?;
        Ok(Slice::More)
    }

    async fn moved_deployment(&self, roots: &MovingRoot) -> Result<Vec<Moved>, Denial> {
        let mut moved = Vec::new();
        for name in deployment::SEEDS {
            let row = self.store.deployment(name).await?;
            let from = row.ok_or(Denial::Internal)?;
            if let Some(to) = deployment::moved(name, &from, roots).await? {
                let change = Change::PutDeployment { name, from, to };
                moved.push((change, ("deployment", name.to_owned())));
            }
        }
        Ok(moved)
    }

    async fn commit_move(&self, job: &mut Job, (change, about): Moved) -> Result<(), Halt> {
        let state = self.state(job.row.workspace).await?;
        let next = job.next(&state, self.time.now(), |row, body| {
            row.moved = row.moved.saturating_add(1);
            body.attempts = 0;
        })?;
        let account = Account::of_changes(vec![change, Change::UpdateJob(next.row.clone())])
            .fact("job", &next.row.id.to_string())
            .fact(about.0, &about.1);
        self.append_own(&state, Operation::RootMove, account)
            .await?;
        *job = next;
        Ok(())
    }

    async fn went_on(
        &self,
        job: &mut Job,
        (looked_at, failed): (usize, u64),
        last: WorkspaceId,
    ) -> Result<(), Halt> {
        let state = self.state(job.row.workspace).await?;
        let looked_at = u64::try_from(looked_at).unwrap_or(u64::MAX);
        let next = job.next(&state, self.time.now(), |row, body| {
            row.cursor = last.to_string();
            row.done = row.done.saturating_add(looked_at);
            row.failed = row.failed.saturating_add(failed);
            row.remaining = row.remaining.saturating_add(failed);
            if failed > 0 {
                body.reason = Some(Denial::RootUnavailable.reason());
            }
        })?;
        *job = self.put(next).await?;
        Ok(())
    }
}

async fn moved_workspace(
    row: &WorkspaceRow,
    roots: &MovingRoot,
) -> Result<Option<Moved>, RootError> {
    let seeds = WrappedSeeds::read(&row.seeds, &*roots.present)?;
    let Some(moved) = seeds.moved(row.id, roots).await? else {
        return Ok(None);
    };
    let change = Change::PutSeeds {
        id: row.id,
        from: row.seeds.clone(),
        to: moved.write(),
    };
    Ok(Some((change, ("workspace", row.id.to_string()))))
}
