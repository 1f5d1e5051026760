//! Public keys, epochs and grants of split keys, as they stand at one state epoch.

use moka::sync::Cache;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use strongroom_types::body::SplitGrant;
use strongroom_types::{Bytes, ClientId, KeysetId, WorkspaceId};

use crate::denial::Denial;
use crate::ports::RecordKind;
use crate::record;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// How many answers are kept.
const KEPT_MAX: u64 = 100_000;

/// The part of the record of a client's public key that is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PublicKeyBody {
    pub(crate) public_key: Bytes,
}

/// The part of the record of a keyset's epochs that is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EpochsBody {
    /// The public half of the granting key.
    pub(crate) signer: Bytes,
    /// The check value of each epoch's share; the first epoch is 1.
    pub(crate) checks: Vec<Bytes>,
}

/// The part of the record of a client's grants that is sealed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct GrantsBody {
    /// One for each epoch, in their order.
    pub(crate) grants: Vec<SplitGrant>,
}

/// The id of the record of a client's grants: those of a keyset stand together.
pub(crate) fn grants_id(keyset: KeysetId, client: ClientId) -> String {
    format!("{keyset}/{client}")
}

impl EpochsBody {
    /// The present epoch.
    pub(crate) fn epoch(&self) -> u32 {
        u32::try_from(self.checks.len()).unwrap_or(u32::MAX)
    }

    /// The check value of an epoch.
    pub(crate) fn check(&self, epoch: u32) -> Option<&Bytes> {
        let place = usize::try_from(epoch.checked_sub(1)?).ok()?;
        self.checks.get(place)
    }
}

/// Who has a grant, under the epoch at which it was read: the commit refuses what was decided by
/// anything older than the head.
#[derive(Debug)]
pub(crate) struct GrantCache(Cache<(WorkspaceId, u64, ClientId, KeysetId), ()>);

impl GrantCache {
    pub(crate) fn new() -> Self {
        Self(Cache::new(KEPT_MAX))
    }
}

impl Strongroom {
    /// Whether a client has a grant of a keyset's split keys.
    pub(super) async fn has_split_grant(
        &self,
        state: &WorkspaceState,
        client: ClientId,
        keyset: KeysetId,
    ) -> Result<bool, Denial> {
        let kept = (state.id, state.epoch, client, keyset);
        if self.split_grants.0.get(&kept).is_some() {
            return Ok(true);
        }
        let found = self.split_grants(state, (keyset, client)).await?;
        if found.is_some() {
            self.split_grants.0.insert(kept, ());
        }
        Ok(found.is_some())
    }

    /// A client's grants of a keyset.
    pub(crate) async fn split_grants(
        &self,
        state: &WorkspaceState,
        (keyset, client): (KeysetId, ClientId),
    ) -> Result<Option<GrantsBody>, Denial> {
        let place = (RecordKind::SplitGrants, grants_id(keyset, client));
        self.split_record(state, place).await
    }

    /// The epochs of a keyset.
    pub(crate) async fn split_epochs(
        &self,
        state: &WorkspaceState,
        keyset: KeysetId,
    ) -> Result<Option<EpochsBody>, Denial> {
        let place = (RecordKind::SplitEpochs, keyset.to_string());
        self.split_record(state, place).await
    }

    /// A client's public key.
    pub(crate) async fn split_public_key_of(
        &self,
        state: &WorkspaceState,
        client: ClientId,
    ) -> Result<Option<PublicKeyBody>, Denial> {
        let place = (RecordKind::SplitPublicKey, client.to_string());
        self.split_record(state, place).await
    }

    async fn split_record<T: DeserializeOwned>(
        &self,
        state: &WorkspaceState,
        (kind, id): (RecordKind, String),
    ) -> Result<Option<T>, Denial> {
        let Some(row) = self.store.record(state.id, kind, &id).await? else {
            return Ok(None);
        };
        Ok(Some(record::body(&state.keys, state.id, &row)?))
    }
}
