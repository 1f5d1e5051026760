//! After a restart: whether the database is older than what was signed.
//!
//! Outside the database is the last checkpoint of each log. A log must begin with what its checkpoint
//! signs; otherwise nothing is served, unless the operator begins a new generation by name. Where
//! nothing at all is outside although checkpoints were signed, nothing is served either, unless the
//! operator says that the anchor is new. What was written after the last checkpoint outside is not
//! protected.

use strongroom_log::{Checkpoint, Frontier};
use strongroom_types::{Operation, WorkspaceId};

use crate::denial::Denial;
use crate::door::Account;
use crate::ports::{Change, Head};
use crate::settings::{AfterRollback, EmptyAnchor};
use crate::strongroom::{OpenError, Strongroom};

/// How many workspaces are looked at together.
const PAGE: u32 = 1000;

/// A checkpoint kept outside the database, verified.
#[derive(Debug)]
struct Anchored {
    workspace: WorkspaceId,
    generation: u64,
    checkpoint: Checkpoint,
}

/// How the stored log stands to the checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It begins with what was signed.
    Continues,
    /// It is older.
    Older,
    /// It holds something else.
    Other,
}

impl Strongroom {
    /// Compares every log with its last checkpoint outside the database.
    ///
    /// # Errors
    /// A log was rolled back or replaced, and no new generation is to begin; or nothing is kept
    /// outside, and nobody said that the anchor is new.
    pub(crate) async fn check_rollback(&self) -> Result<(), OpenError> {
        let mut kept = self.anchor.checkpoints().await?;
        if kept.is_empty() {
            kept = self.begin_anchor().await?;
        }
        for (workspace, note) in kept {
            let anchored = self.anchored(workspace, &note)?;
            let head = self.store.head(workspace).await?;
            let stored = head.as_ref().map_or(0, |head| head.frontier.size());
            match self.standing(&anchored, head.as_ref()).await? {
                Standing::Continues if stored > anchored.checkpoint.size() => {
                    self.dirty.mark(workspace);
                }
                Standing::Continues => {}
                standing => self.after_rollback(&anchored, head, standing).await?,
            }
        }
        Ok(())
    }

    /// An anchor without a checkpoint is that of a deployment which has signed none, or is said to be
    /// new: then the last that was signed of each log is kept there.
    ///
    /// Single checkpoints may be missing: a crash comes between the database and the anchor.
    async fn begin_anchor(&self) -> Result<Vec<(WorkspaceId, String)>, OpenError> {
        let (mut kept, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.workspaces(after, PAGE).await?;
            for workspace in page.iter().map(|row| row.id) {
                let Some(signed) = self.store.checkpoint(workspace).await? else {
                    continue;
                };
                if self.settings.empty_anchor == EmptyAnchor::Refuse {
                    return Err(OpenError::EmptyAnchor { workspace });
                }
                self.anchor.put_checkpoint(workspace, &signed.note).await?;
                kept.push((workspace, signed.note));
            }
            match page.last() {
                Some(last) => after = Some(last.id),
                None => return Ok(kept),
            }
        }
    }

    /// Verifies a checkpoint from outside. Its origin says of which generation it is.
    fn anchored(&self, workspace: WorkspaceId, note: &str) -> Result<Anchored, OpenError> {
        let other = || OpenError::OtherLog { workspace };
        let origin = note.lines().next().unwrap_or_default();
        let generation = generation(origin, &self.log_origin(workspace, 1)).ok_or_else(other)?;
        let verifier = self.deployment.verifier().with_name(origin)?;
        let checkpoint = Checkpoint::verify(note, &verifier, origin);
        let checkpoint = checkpoint.map_err(|_not_ours| other())?;
        Ok(Anchored {
            workspace,
            generation,
            checkpoint,
        })
    }

    async fn standing(
        &self,
        anchored: &Anchored,
        head: Option<&Head>,
    ) -> Result<Standing, OpenError> {
        let (size, root) = (anchored.checkpoint.size(), anchored.checkpoint.root());
        let stored = head.map_or(0, |head| head.frontier.size());
        let older = head.is_some_and(|head| head.generation < anchored.generation);
        if stored < size || older {
            return Ok(Standing::Older);
        }
        let same = match head {
            Some(head) if stored == size => head.frontier.root() == root,
            Some(_) => {
                self.root_at(anchored.workspace, size)
                    .await
                    .map_err(OpenError::Log)?
                    == root
            }
            None => Frontier::default().root() == root,
        };
        Ok(if same {
            Standing::Continues
        } else {
            Standing::Other
        })
    }

    /// Refuses, or begins a new generation of the log, which says in its first entry what was
    /// signed before.
    async fn after_rollback(
        &self,
        anchored: &Anchored,
        head: Option<Head>,
        standing: Standing,
    ) -> Result<(), OpenError> {
        let workspace = anchored.workspace;
        let stored = head.as_ref().map_or(0, |head| head.frontier.size());
        let signed = anchored.checkpoint.size();
        if self.settings.after_rollback == AfterRollback::Refuse {
            return Err(match standing {
                Standing::Older => OpenError::RolledBack {
                    workspace,
                    stored,
                    signed,
                },
                Standing::Other | Standing::Continues => OpenError::OtherLog { workspace },
            });
        }
        tracing::warn!(%workspace, stored, signed, "a new generation of the log begins");
        match head {
            Some(head) => self
                .begin_generation(anchored, &head)
                .await
                .map_err(OpenError::Log),
            None => self.bury_log(anchored).await.map_err(OpenError::Log),
        }
    }

    async fn begin_generation(&self, anchored: &Anchored, head: &Head) -> Result<(), Denial> {
        let next = anchored.generation.max(head.generation).saturating_add(1);
        let state = self.state(anchored.workspace).await?;
        let account = Account::of_changes(vec![Change::NewGeneration(next)])
            .fact("generation", &next.to_string())
            .fact("signed_size", &anchored.checkpoint.size().to_string())
            .fact("signed_root", &anchored.checkpoint.root().to_string())
            .fact("stored_size", &head.frontier.size().to_string());
        self.append_own(&state, Operation::LogGeneration, account)
            .await?;
        self.sign_head(anchored.workspace).await.map(drop)
    }

    /// A log whose workspace the database does not know: the system's log says that it is gone, and
    /// the checkpoint outside becomes that of an empty log of the next generation.
    async fn bury_log(&self, anchored: &Anchored) -> Result<(), Denial> {
        let generation = anchored.generation.saturating_add(1);
        let state = self.state(self.deployment.system).await?;
        let account = Account::of_one()
            .fact("workspace", &anchored.workspace.to_string())
            .fact("generation", &generation.to_string())
            .fact("signed_size", &anchored.checkpoint.size().to_string())
            .fact("signed_root", &anchored.checkpoint.root().to_string());
        self.append_own(&state, Operation::LogGeneration, account)
            .await?;
        let empty = Head {
            frontier: Frontier::default(),
            epoch: 0,
            generation,
        };
        let row = self
            .checkpoint_of(anchored.workspace, &empty)
            .map_err(|error| {
                tracing::error!(%error, "checkpoint not signed");
                Denial::Internal
            })?;
        let kept = self
            .anchor
            .put_checkpoint(anchored.workspace, &row.note)
            .await;
        kept.map_err(|error| {
            tracing::error!(%error, "checkpoint not kept outside the database");
            Denial::Unavailable
        })
    }
}

/// The generation that an origin names; `first` is the origin of generation 1.
fn generation(origin: &str, first: &str) -> Option<u64> {
    match origin.strip_prefix(first)? {
        "" => Some(1),
        rest => {
            let text = rest.strip_prefix("/g")?;
            let generation: u64 = text.parse().ok()?;
            (generation > 1 && generation.to_string() == text).then_some(generation)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_names_its_generation_in_one_way() {
        let of = |origin| generation(origin, "strongroom/ws_1");
        assert_eq!(of("strongroom/ws_1"), Some(1));
        assert_eq!(of("strongroom/ws_1/g2"), Some(2));
        for wrong in [
            "strongroom/ws_1/g1",
            "strongroom/ws_1/g02",
            "strongroom/ws_1/x",
            "other/ws_1",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
