//! `/v1/split-keys`: keys of two shares, of which the server has one.

use serde::{Deserialize, Serialize};

use super::{KeyRef, LogEntryId};
use crate::{Bytes, ClientId, ContextId, KeyVersion, KeysetId, Lock, Metadata, WorkspaceId};

/// One share to derive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitItem {
    /// The keyset.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub keyset: KeysetId,
    /// The id of the value, 16 bytes drawn by the client.
    pub id: Bytes,
    /// The version of the keyset's key that the value names; the active one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<KeyVersion>,
    /// The claims that take part; they are those of the caller's verified identity.
    #[serde(default, skip_serializing_if = "Lock::is_empty")]
    pub lock: Lock,
    /// What the value says of its owner: shown, another person is refused by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_tag: Option<Bytes>,
}

/// `POST /v1/split-keys/derive`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitDerive {
    /// The keyset.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub keyset: KeysetId,
    /// The id of the value, 16 bytes drawn by the client.
    pub id: Bytes,
    /// The version of the keyset's key that the value names; the active one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<KeyVersion>,
    /// The claims that take part; they are those of the caller's verified identity.
    #[serde(default, skip_serializing_if = "Lock::is_empty")]
    pub lock: Lock,
    /// What the value says of its owner: shown, another person is refused by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_tag: Option<Bytes>,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

impl SplitDerive {
    /// The item, as it would stand in a batch, and the notes.
    #[must_use]
    pub fn into_item(self) -> (SplitItem, Option<Metadata>) {
        let item = SplitItem {
            keyset: self.keyset,
            id: self.id,
            version: self.version,
            lock: self.lock,
            lock_tag: self.lock_tag,
        };
        (item, self.metadata)
    }
}

/// The server's share of a split key. Without that of the clients it opens nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SplitShare {
    /// The share, 32 bytes.
    pub share: Bytes,
    /// The keyset's key context and the version of its key: the value keeps the version.
    pub key: KeyRef,
    /// What tells whose the value is, 16 bytes, where it is locked: the value keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_tag: Option<Bytes>,
    /// The entry of this use; in batches it stands once, beside the results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}

/// `PUT /v1/split-keys/public-key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitPublicKeyPut {
    /// The calling client's X-Wing public key, 1,216 bytes.
    pub public_key: Bytes,
}

/// The public key that a client gets its grants sealed to. Compare its fingerprint with what the
/// client's owner says before granting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SplitPublicKey {
    /// The client.
    pub client: ClientId,
    /// Its X-Wing public key.
    pub public_key: Bytes,
}

/// The clients' share of a keyset, sealed to one client and signed by the granting one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitGrant {
    /// Drawn for this grant, 16 bytes.
    pub id: Bytes,
    /// The client that it is for.
    pub client: ClientId,
    /// The epoch of the share.
    pub epoch: u32,
    /// The share's check value, 32 bytes.
    pub check: Bytes,
    /// The share, sealed to the client's public key.
    pub sealed: Bytes,
    /// Ed25519 signature of the keyset's granting key, 64 bytes.
    pub signature: Bytes,
}

/// `POST /v1/split-keys/keysets/{keyset}/epochs`: the first grant of an epoch. Of two, one is first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SplitEpochCreate {
    /// The public half of the keyset's granting key, 32 bytes; the same in every epoch.
    pub signer: Bytes,
    /// The first grant, whose epoch is the one that follows.
    pub grant: SplitGrant,
}

/// The epoch that split keys of a keyset are sealed under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SplitEpochInfo {
    /// The keyset's workspace.
    pub workspace: WorkspaceId,
    /// The keyset.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub keyset: KeysetId,
    /// Its key context.
    pub context: ContextId,
    /// The present epoch; 0 before the first grant.
    pub epoch: u32,
    /// The public half of the granting key; absent before the first grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Bytes>,
}

/// The calling client's grants of a keyset. Believe none that the pinned granting key did not sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnSplitGrants {
    /// The calling client.
    pub client: ClientId,
    /// The grants, one for each epoch, the newest last.
    pub grants: Vec<SplitGrant>,
}

/// Who has grants of a keyset, and of which epochs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SplitGrantSummary {
    /// The client.
    pub client: ClientId,
    /// The epochs.
    pub epochs: Vec<u32>,
}
