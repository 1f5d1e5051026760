//! Stored versions of objects, as they are moved to the active version of their key.

use async_trait::async_trait;
use strongroom_crypto::envelope::Header;
use strongroom_log::{Hash, ItemId};
use strongroom_types::{ContextId, KeyVersion, Operation, Purpose, WorkspaceId};

use crate::batch::object_item;
use crate::denial::Denial;
use crate::ports::{Change, RewrappedVersion, StaleVersion, Store, StoreError, VersionPlace};
use crate::stored::{Below, Rewrapped, Stale};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

#[async_trait]
impl Stale for StaleVersion {
    const OPERATION: Operation = Operation::ObjectRewrap;
    const PURPOSE: Purpose = Purpose::Object;
    type Place = VersionPlace;

    async fn read(
        store: &dyn Store,
        (workspace, context, below): Below,
        after: Option<VersionPlace>,
        limit: u32,
    ) -> Result<Vec<Self>, StoreError> {
        store
            .stale_versions(workspace, context, below, after, limit)
            .await
    }

    fn place(&self) -> VersionPlace {
        (self.object, self.version)
    }

    fn parts(&self) -> (KeyVersion, &[u8], Hash) {
        (self.key_version, &self.prefix, self.digest)
    }

    fn is_of(&self, header: &Header) -> bool {
        header.object == Some(self.place())
    }

    fn item(&self, _state: &WorkspaceState, _context: ContextId) -> ItemId {
        object_item(self.object, Some(self.version))
    }

    fn moved(&self, _context: ContextId, to: KeyVersion, prefix: Vec<u8>) -> Change {
        Change::RewrapObjectVersion(RewrappedVersion {
            object: self.object,
            version: self.version,
            from: self.key_version,
            to,
            prefix,
        })
    }
}

impl Strongroom {
    /// Moves some of the stored versions of a key context that are under an older key version.
    /// `about` is a public fact of both entries.
    ///
    /// # Errors
    /// The key context is disabled or destroyed, its keys cannot be had now, or another changed the
    /// rows first ([`Denial::Unavailable`]): the same call may be repeated.
    pub async fn rewrap_objects(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        range: (Option<VersionPlace>, u32),
        about: (&'static str, &str),
    ) -> Result<Rewrapped<VersionPlace>, Denial> {
        let alone = |_: &WorkspaceState, _: &Rewrapped<VersionPlace>| Ok(Vec::new());
        self.rewrap_stored::<StaleVersion>((workspace, context), range, about, alone)
            .await
    }
}
