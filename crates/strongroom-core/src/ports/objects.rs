//! What a store keeps of objects, and how it is asked for them.

use strongroom_log::Hash;
use strongroom_types::body::Order;
use strongroom_types::{ClientId, ContextId, KeyVersion, ObjectId, WorkspaceId};

use super::Micros;

/// An object without its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRow {
    /// Its id.
    pub id: ObjectId,
    /// Its key context; never changes.
    pub context: ContextId,
    /// HMAC of its name under a key of the workspace; unique among live objects.
    pub name_hash: [u8; 32],
    /// Its name, and what of this row decides who may read what, sealed at its place.
    pub body: Vec<u8>,
    /// Its newest version.
    pub version: u64,
    /// When it was made.
    pub created: Micros,
    /// When its newest version was made.
    pub updated: Micros,
    /// When it expires.
    pub expires: Option<Micros>,
    /// When it was deleted; `None` while it lives.
    pub deleted: Option<Micros>,
    /// When it is to be erased.
    pub purge: Option<Micros>,
}

/// A version of an object without what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectVersionRow {
    /// The version, counted from 1 in each object.
    pub version: u64,
    /// The version of the context key that its key part is under.
    pub key_version: KeyVersion,
    /// The client that made it.
    pub client: ClientId,
    /// When it was made.
    pub created: Micros,
    /// Bytes of the value.
    pub size: u64,
    /// SHA-256 of the body.
    pub digest: Hash,
    /// When it was destroyed; what it held is gone.
    pub destroyed: Option<Micros>,
}

/// What a version holds: an envelope in two parts, because the first is replaced when a key is
/// rotated.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedVersion {
    /// What is known of it.
    pub row: ObjectVersionRow,
    /// Header and key part; empty once destroyed.
    pub prefix: Vec<u8>,
    /// The chunked ciphertext; empty once destroyed.
    pub body: Vec<u8>,
}

/// Without the ciphertext, which may be long.
impl core::fmt::Debug for SealedVersion {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SealedVersion")
            .field("row", &self.row)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// An object as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundObject {
    /// Its row.
    pub row: ObjectRow,
    /// The index of the entry that made it: lists are in this order.
    pub made: u64,
    /// The index of the last entry that changed it.
    pub changed: u64,
    /// The map of its key context, sealed.
    pub map: Vec<u8>,
    /// Its newest version.
    pub newest: ObjectVersionRow,
}

/// Which live or deleted objects to list. What is absent does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectsFilter {
    /// With this name.
    pub name_hash: Option<[u8; 32]>,
    /// Of this key context.
    pub context: Option<ContextId>,
    /// Whose newest version was made at this time or later.
    pub updated_from: Option<Micros>,
    /// Whose newest version was made before this time.
    pub updated_to: Option<Micros>,
    /// Deleted ones, instead of live ones.
    pub deleted: bool,
    /// Without those whose purge is due by this time.
    pub now: Micros,
}

/// Which part of a list of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectsRange {
    /// In which order of the entries that made them.
    pub order: Order,
    /// Behind this one, in that order; from the beginning if absent.
    pub behind: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

/// An object whose time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueObject {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub object: ObjectId,
    /// Its key context.
    pub context: ContextId,
}

/// Where a walk over stored versions stands.
pub type VersionPlace = (ObjectId, u64);

/// A stored version whose key part is under an older version of its context key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleVersion {
    /// The object.
    pub object: ObjectId,
    /// Its version.
    pub version: u64,
    /// The version of the key that it is under.
    pub key_version: KeyVersion,
    /// Header and key part.
    pub prefix: Vec<u8>,
    /// SHA-256 of the body.
    pub digest: Hash,
}

/// A new key part for a stored version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewrappedVersion {
    /// The object.
    pub object: ObjectId,
    /// Its version.
    pub version: u64,
    /// The version of the key that it was under.
    pub from: KeyVersion,
    /// The version that it is under now.
    pub to: KeyVersion,
    /// Header and new key part.
    pub prefix: Vec<u8>,
}
