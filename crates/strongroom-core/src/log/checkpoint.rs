//! Checkpoints: the head of a log, read back and signed.

use strongroom_log::{Checkpoint, CheckpointError};
use strongroom_types::WorkspaceId;

use super::seen::Log;
use crate::denial::{Denial, Thing};
use crate::ports::{CheckpointRow, Head};
use crate::strongroom::Strongroom;

/// A checkpoint that the database has.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) row: CheckpointRow,
    /// It is outside the database, too.
    pub(super) kept: bool,
}

impl Strongroom {
    /// The public key of the deployment's logs, in the verifier-key form of C2SP `signed-note`,
    /// under the log name. A log's checkpoints are signed by it under their origin.
    #[must_use]
    pub fn log_key(&self) -> String {
        self.deployment.verifier().to_string()
    }

    /// What the checkpoints of a workspace's log call it. A generation above 1 is named: it is
    /// another log as far as its readers are concerned.
    #[must_use]
    pub fn log_origin(&self, workspace: WorkspaceId, generation: u64) -> String {
        let name = self.deployment.verifier();
        let name = name.name();
        if generation > 1 {
            return format!("{name}/{workspace}/g{generation}");
        }
        format!("{name}/{workspace}")
    }

    /// Signs the present head of a log, unless it is signed. What is answered is kept outside the
    /// database.
    pub(crate) async fn sign_head(&self, workspace: WorkspaceId) -> Result<CheckpointRow, Denial> {
        let signed = self.sign_log(workspace).await?;
        if signed.kept {
            return Ok(signed.row);
        }
        Err(Denial::CheckpointUnkept)
    }

    /// As [`Self::sign_head`], for the server alone: it may not be kept outside yet. Then the log is
    /// to be tended again.
    pub(super) async fn sign_log(&self, workspace: WorkspaceId) -> Result<Signed, Denial> {
        let log = self.logs.of(workspace);
        let mut signed = log.signed.lock().await;
        let head = self.read_head(workspace, &log).await?;
        if let Some(last) = signed.as_ref().filter(|last| is_of(last, &head)) {
            return Ok(Signed {
                row: last.clone(),
                kept: true,
            });
        }
        let row = self.checkpoint_of(workspace, &head).map_err(|error| {
            tracing::error!(%workspace, %error, "checkpoint not signed");
            Denial::Internal
        })?;
        // Ed25519 signs the same head to the same bytes on every node.
        if self.store.put_checkpoint(workspace, row.clone()).await? != row {
            tracing::error!(%workspace, size = row.size, "another head of this size is signed");
            return Err(Denial::LogUnavailable);
        }
        let kept = match self.anchor.put_checkpoint(workspace, &row.note).await {
            Ok(()) => {
                *signed = Some(row.clone());
                true
            }
            Err(error) => {
                let error = &error as &dyn core::error::Error;
                tracing::error!(%workspace, error, "checkpoint not kept outside the database");
                self.dirty.mark(workspace);
                false
            }
        };
        self.logs.note_anchor(kept);
        Ok(Signed { row, kept })
    }

    /// A checkpoint over at least `size` entries, kept outside the database: the last one, or a new
    /// one.
    ///
    /// # Errors
    /// [`Denial::NotFound`] of `thing` where the log is shorter, [`Denial::CheckpointUnkept`] where
    /// a new one cannot be kept.
    pub(super) async fn covering(
        &self,
        workspace: WorkspaceId,
        size: u64,
        thing: Thing,
    ) -> Result<CheckpointRow, Denial> {
        let last = self.logs.of(workspace).signed.lock().await.clone();
        let row = match last.filter(|last| last.size >= size) {
            Some(last) => last,
            None => self.sign_head(workspace).await?,
        };
        if row.size < size {
            return Err(Denial::NotFound(thing));
        }
        Ok(row)
    }

    /// The head of a log, read in a transaction of its own; never a shorter one than seen before.
    pub(super) async fn read_head(
        &self,
        workspace: WorkspaceId,
        log: &Log,
    ) -> Result<Head, Denial> {
        let seen = log.size();
        let head = self.store.head(workspace).await?;
        let head = head.ok_or(Denial::NotFound(Thing::Workspace))?;
        log.check(seen, head.frontier.size())?;
        Ok(head)
    }

    pub(super) fn checkpoint_of(
        &self,
        workspace: WorkspaceId,
        head: &Head,
    ) -> Result<CheckpointRow, CheckpointError> {
        let origin = self.log_origin(workspace, head.generation);
        let (size, root) = (head.frontier.size(), head.frontier.root());
        let note = Checkpoint::new(&origin, size, root)?.sign(&self.deployment.signer(&origin)?)?;
        Ok(CheckpointRow {
            generation: head.generation,
            size,
            note: note.to_string(),
        })
    }
}

fn is_of(row: &CheckpointRow, head: &Head) -> bool {
    row.generation == head.generation && row.size == head.frontier.size()
}
