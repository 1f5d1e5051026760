//! Values of stores, as they are moved to the active version of their key.

use async_trait::async_trait;
use strongroom_crypto::envelope::Header;
use strongroom_log::{Hash, ItemId, ItemName};
use strongroom_types::{ContextId, KeyVersion, Operation, Purpose};

use super::place::tag;
use crate::ports::{
    Change, RewrappedStoreValue, StaleStoreValue, Store, StoreError, StoreValuePlace,
};
use crate::stored::{Below, Stale};
use crate::workspace::WorkspaceState;

#[async_trait]
impl Stale for StaleStoreValue {
    const OPERATION: Operation = Operation::StoreRewrap;
    const PURPOSE: Purpose = Purpose::Store;
    type Place = StoreValuePlace;

    async fn read(
        store: &dyn Store,
        (workspace, context, below): Below,
        after: Option<StoreValuePlace>,
        limit: u32,
    ) -> Result<Vec<Self>, StoreError> {
        store
            .stale_store_values(workspace, context, below, after, limit)
            .await
    }

    fn place(&self) -> StoreValuePlace {
        (self.name.clone(), self.version)
    }

    fn parts(&self) -> (KeyVersion, &[u8], Hash) {
        (self.key_version, &self.prefix, self.digest)
    }

    /// The header names no value: its place is in the associated data of the body.
    fn is_of(&self, header: &Header) -> bool {
        header.object.is_none()
    }

    fn item(&self, state: &WorkspaceState, context: ContextId) -> ItemId {
        let tag = tag(state, context, &self.name);
        let name = format!("{tag}/{}", self.version);
        // A tag and a number are far shorter than a name may be.
        ItemName::new(&name).map_or(ItemId::Position(u32::MAX), ItemId::Name)
    }

    fn moved(&self, context: ContextId, to: KeyVersion, prefix: Vec<u8>) -> Change {
        Change::RewrapStoreValue(RewrappedStoreValue {
            context,
            name: self.name.clone(),
            version: self.version,
            from: self.key_version,
            to,
            prefix,
        })
    }
}
