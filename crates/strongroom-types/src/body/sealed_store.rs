//! `/v1/stores`: sealed stores, whose names and values the server cannot read.
//!
//! The bytes in these bodies are made and checked by clients; `docs/formats/sealed-store.md` has the
//! formulas.

use serde::{Deserialize, Serialize};

use super::log::LogEntryId;
use crate::coded::coded_enum;
use crate::{Bytes, ContextId, StoreName, WorkspaceId};

coded_enum! {
    /// What opens a slot.
    SlotKind: u8 {
        /// A generated secret of a person or a machine.
        Secret = 1, "secret";
        /// A passphrase, hardened.
        Passphrase = 2, "passphrase";
    }
}

/// `POST /v1/stores`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SealedStoreCreate {
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub name: StoreName,
    /// How many versions of each record are kept, 1 to 100; 10 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<u32>,
}

/// A sealed store, as far as the server can tell: what it counts, never what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SealedStoreInfo {
    /// Its key context, of the kind `store`.
    pub id: ContextId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub name: StoreName,
    /// When it was made, RFC 3339.
    pub created: String,
    /// The epoch that clients seal under.
    pub epoch: u32,
    /// How many versions of each record are kept.
    pub keep: u32,
    /// How often its map has changed.
    pub sequence: u64,
    /// How many records it has.
    pub records: u64,
    /// How many versions of them are kept.
    pub versions: u64,
    /// Bytes of the sealed values that are kept.
    pub bytes: u64,
}

/// `PUT /v1/stores/{store}/slots/{slot}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SlotPut {
    /// What opens it.
    pub kind: SlotKind,
    /// The epoch of the root in it.
    pub epoch: u32,
    /// The root, sealed by the client.
    pub wrapped: Bytes,
    /// The salt of the passphrase, 16 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Bytes>,
    /// What the server's part of the hardening was made for: the `ticket` of
    /// `POST …/slots/{slot}/prepare`. Only for passphrases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Bytes>,
    /// Whether it takes the place of a slot of this name.
    #[serde(default)]
    pub replace: bool,
}

/// A slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlotInfo {
    /// The store's workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub slot: StoreName,
    /// What opens it.
    pub kind: SlotKind,
    /// The epoch of the root in it.
    pub epoch: u32,
    /// The root, sealed by a client.
    pub wrapped: Bytes,
    /// The salt of the passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Bytes>,
}

/// A slot, as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlotSummary {
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub slot: StoreName,
    /// What opens it.
    pub kind: SlotKind,
    /// The epoch of the root in it.
    pub epoch: u32,
}

/// `POST /v1/stores/{store}/slots/{slot}/prepare` and `…/evaluate`: RFC 9497, `BlindEvaluate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Evaluate {
    /// The blinded element, 32 bytes.
    pub blinded: Bytes,
}

/// The server's part of hardening a passphrase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evaluated {
    /// The evaluated element, 32 bytes.
    pub evaluated: Bytes,
    /// For a slot that is being made: what to hand in with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Bytes>,
}

/// `POST /v1/stores/{store}/get`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordsGet {
    /// The hashed names of 1 to 100 records, 32 bytes each.
    pub names: Vec<Bytes>,
    /// An older version, of one record; it comes beside what the map says of the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

/// `POST /v1/stores/{store}/set`: all of it, or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordsSet {
    /// 1 to 100 records, each once.
    pub records: Vec<RecordSet>,
}

/// A new version of a record, or its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordSet {
    /// Its hashed name, 32 bytes.
    pub name: Bytes,
    /// The version that is there: 0 for none.
    pub if_version: u64,
    /// What is set; absent to delete the record with all its versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<SealedVersion>,
}

/// What a client made of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SealedVersion {
    /// The version that it is sealed as: the one behind `if_version`, or the store's `next_version` for a
    /// new record.
    pub version: u64,
    /// The epoch that it is sealed under.
    pub epoch: u32,
    /// When it expires, microseconds since 1970; 0 for never.
    #[serde(default)]
    pub expires: i64,
    /// What the map says of it, blinded: 32 bytes.
    pub leaf: Bytes,
    /// The sealed value.
    pub value: Bytes,
}

/// What a store says of records, all of it under one root of its map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordsAnswer {
    /// The store's workspace.
    pub workspace: WorkspaceId,
    /// The epoch that clients seal under.
    pub epoch: u32,
    /// The first version of a new record. It never falls.
    pub next_version: u64,
    /// How often the map has changed; it never falls.
    pub sequence: u64,
    /// The root of the map, 32 bytes.
    pub root: Bytes,
    /// The entry that states sequence and root.
    pub rooted: LogEntryId,
    /// The records, in the order of the request.
    pub records: Vec<RecordAnswer>,
    /// The entry of this answer, which states the sequence too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}

/// What a store says of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordAnswer {
    /// The proof of what the map has in the record's place, or that it has nothing there.
    pub proof: Bytes,
    /// The newest version; absent if there is no such record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordVersion>,
    /// The older version that was asked for, if it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub older: Option<RecordVersion>,
}

/// A version of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordVersion {
    /// Its number.
    pub version: u64,
    /// The epoch that it is sealed under.
    pub epoch: u32,
    /// When it expires, microseconds since 1970; 0 for never.
    pub expires: i64,
    /// SHA-256 of the sealed value.
    pub digest: Bytes,
    /// The sealed value; absent once it has expired, and from the answer to a set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Bytes>,
}
