//! Checkpoints: the head of a log, read back and signed.

use strongroom_log::{Checkpoint, CheckpointError};
use strongroom_types::WorkspaceId;

use super::seen::Log;
use crate::denial::{Denial, Thing};
use crate::ports::{CheckpointRow, Head};
use crate::strongroom::Strongroom;

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

    /// Signs the present head of a log, unless it is signed.
    pub(crate) async fn sign_head(&self, workspace: WorkspaceId) -> Result<CheckpointRow, Denial> {
        let log = self.logs.of(workspace);
        let mut signed = log.signed.lock().await;
        let head = self.read_head(workspace, &log).await?;
        if let Some(last) = signed.as_ref().filter(|last| is_of(last, &head)) {
            return Ok(last.clone());
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
        match self.anchor.put_checkpoint(workspace, &row.note).await {
            Ok(()) => *signed = Some(row.clone()),
            Err(error) => {
                let error = &error as &dyn core::error::Error;
                tracing::error!(%workspace, error, "checkpoint not kept outside the database");
                self.dirty.mark(workspace);
            }
        }
        Ok(row)
    }

    /// A checkpoint over at least `size` entries: the last one, or a new one.
    ///
    /// # Errors
    /// [`Denial::NotFound`] of `thing` where the log is shorter.
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
