//! The seeds of a workspace as its row keeps them.

use serde::{Deserialize, Serialize};
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::keys::{Place, Seed};
use strongroom_types::{Bytes, KeyVersion, WorkspaceId};

use super::roots::version_at;
use crate::denial::Denial;
use crate::ports::{Root, RootError};
use crate::root::{MovingRoot, rewrap};

/// The seeds of a workspace, each wrapped by the root provider.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct WrappedSeeds {
    /// Of the first version of the workspace's root.
    pub(super) root: Bytes,
    /// Of the later versions, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) later_roots: Vec<Bytes>,
    pub(super) context_id: Bytes,
    pub(super) audit: Bytes,
}

impl WrappedSeeds {
    /// Draws the seeds of a new workspace.
    ///
    /// # Errors
    /// The provider does not wrap, or there is no randomness.
    pub(crate) async fn generate(
        workspace: WorkspaceId,
        root: &dyn Root,
        entropy: &dyn Entropy,
    ) -> Result<Self, Denial> {
        Ok(Self {
            root: draw(
                Place::WorkspaceRoot(workspace, KeyVersion::FIRST),
                root,
                entropy,
            )
            .await?,
            later_roots: Vec::new(),
            context_id: draw(Place::ContextIdKey(workspace), root, entropy).await?,
            audit: draw(Place::AuditKey(workspace), root, entropy).await?,
        })
    }

    /// The same with another version of the workspace's root.
    ///
    /// # Errors
    /// The provider does not wrap, or there is no randomness.
    pub(crate) async fn with_next_root(
        mut self,
        workspace: WorkspaceId,
        root: &dyn Root,
        entropy: &dyn Entropy,
    ) -> Result<Self, Denial> {
        let version = version_at(self.later_roots.len().saturating_add(1));
        let place = Place::WorkspaceRoot(workspace, version);
        self.later_roots.push(draw(place, root, entropy).await?);
        Ok(self)
    }

    /// All of them under another root; `None` if they are there already.
    ///
    /// # Errors
    /// A provider does not do its duty, or a seed is of neither root.
    pub(crate) async fn moved(
        &self,
        workspace: WorkspaceId,
        roots: &MovingRoot,
    ) -> Result<Option<Self>, RootError> {
        let mut moved = self.clone();
        let mut changed = false;
        for (place, wrapped) in moved.placed(workspace) {
            if let Some(anew) = rewrap(&place, &wrapped.0, roots).await? {
                wrapped.0 = anew;
                changed = true;
            }
        }
        Ok(changed.then_some(moved))
    }

    fn placed(&mut self, workspace: WorkspaceId) -> Vec<(Place, &mut Bytes)> {
        let mut placed = vec![
            (Place::ContextIdKey(workspace), &mut self.context_id),
            (Place::AuditKey(workspace), &mut self.audit),
            (
                Place::WorkspaceRoot(workspace, KeyVersion::FIRST),
                &mut self.root,
            ),
        ];
        for (position, wrapped) in (1..).zip(&mut self.later_roots) {
            let place = Place::WorkspaceRoot(workspace, version_at(position));
            placed.push((place, wrapped));
        }
        placed
    }

    /// Reads what a workspace's row keeps.
    ///
    /// # Errors
    /// It is something else.
    pub(crate) fn read(row: &[u8], root: &dyn Root) -> Result<Self, RootError> {
        serde_json::from_slice(row).map_err(|_shape| RootError::WrongRoot {
            provider: root.kind(),
        })
    }

    /// As a workspace's row keeps them.
    pub(crate) fn write(&self) -> Vec<u8> {
        // Texts and lists of texts always become JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

async fn draw(place: Place, root: &dyn Root, entropy: &dyn Entropy) -> Result<Bytes, Denial> {
    let seed = Seed::generate(entropy).map_err(|_no_entropy| Denial::Unavailable)?;
    let wrapped = root.wrap(&place, None, &seed).await;
    wrapped.map(Bytes).map_err(|_root| Denial::RootUnavailable)
}
