//! The versions of a workspace's root.

use strongroom_crypto::OpenError;
use strongroom_crypto::keys::{Place, WorkspaceRoot};
use strongroom_crypto::secret::SecretBytes;
use strongroom_types::{KeyVersion, WorkspaceId};

use super::WrappedSeeds;
use crate::ports::{Root, RootError};

/// The versions of a workspace's root. The newest wraps and seals; what older ones wrapped and sealed
/// opens until it is wrapped or sealed anew.
#[derive(Debug)]
pub(crate) struct Roots {
    first: WorkspaceRoot,
    /// From the second on, in order.
    later: Vec<WorkspaceRoot>,
}

/// The version that stands at a position, counted from 0.
pub(super) fn version_at(position: usize) -> KeyVersion {
    KeyVersion(u32::try_from(position).map_or(u32::MAX, |position| position.saturating_add(1)))
}

impl Roots {
    /// One version, for tests.
    #[cfg(test)]
    pub(crate) const fn of(first: WorkspaceRoot) -> Self {
        let later = Vec::new();
        Self { first, later }
    }

    pub(super) async fn unwrap(
        workspace: WorkspaceId,
        seeds: &WrappedSeeds,
        root: &dyn Root,
    ) -> Result<Self, RootError> {
        let derive = async |version: KeyVersion, wrapped: &[u8]| {
            let place = Place::WorkspaceRoot(workspace, version);
            let seed = root.unwrap(&place, None, wrapped).await?;
            Ok(WorkspaceRoot::derive(&seed, workspace, version))
        };
        let first = derive(KeyVersion::FIRST, &seeds.root.0).await?;
        let mut later = Vec::with_capacity(seeds.later_roots.len());
        for (position, wrapped) in (1..).zip(&seeds.later_roots) {
            later.push(derive(version_at(position), &wrapped.0).await?);
        }
        Ok(Self { first, later })
    }

    /// The version that wraps and seals.
    pub(crate) fn active_version(&self) -> KeyVersion {
        version_at(self.later.len())
    }

    /// What wraps and seals.
    pub(crate) fn active(&self) -> &WorkspaceRoot {
        self.later.last().unwrap_or(&self.first)
    }

    /// A version of the root, if it is there.
    pub(crate) fn version(&self, version: KeyVersion) -> Option<&WorkspaceRoot> {
        if version == KeyVersion::FIRST {
            return Some(&self.first);
        }
        let position = usize::try_from(version.0.checked_sub(2)?).ok()?;
        self.later.get(position)
    }

    /// Opens a field of a row that some version sealed; the newest is tried first.
    pub(crate) fn open_row(
        &self,
        place: &[&[u8]],
        sealed: &[u8],
    ) -> Result<SecretBytes, OpenError> {
        let older = self.later.iter().rev().chain([&self.first]);
        let mut opened = older.map(|root| root.open_row(place, sealed));
        let newest = opened.next().unwrap_or(Err(OpenError));
        newest.or_else(|error| opened.find_map(Result::ok).ok_or(error))
    }
}
