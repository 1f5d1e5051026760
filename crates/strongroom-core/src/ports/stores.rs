//! What a store keeps of the product's stores, and how it is asked for them.

use strongroom_log::Hash;
use strongroom_types::{ClientId, ContextId, KeyVersion};

use super::Micros;

/// A store. Its name is in the map of its key context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRow {
    /// Its key context, of the kind `store`.
    pub context: ContextId,
    /// What is said of it, sealed at its place.
    pub body: Vec<u8>,
    /// When it was made.
    pub created: Micros,
}

/// A store as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundStore {
    /// Its row.
    pub row: StoreRow,
    /// The index of the last entry that changed it.
    pub changed: u64,
    /// The map of its key context, sealed.
    pub map: Vec<u8>,
}

/// A value of a store without what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreValueRow {
    /// The store's key context.
    pub context: ContextId,
    /// Its name, hashed: 32 bytes or more, equal for equal names of one store.
    pub name: Vec<u8>,
    /// The version, counted from 1 for each name.
    pub version: u64,
    /// The version of the context key that its key part is under.
    pub key_version: KeyVersion,
    /// The client that set it.
    pub client: ClientId,
    /// When it was set.
    pub created: Micros,
    /// Bytes of the value.
    pub size: u64,
    /// SHA-256 of the body.
    pub digest: Hash,
}

/// What a value holds: an envelope in two parts, because the first is replaced when a key is rotated.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedStoreValue {
    /// What is known of it.
    pub row: StoreValueRow,
    /// Header and key part.
    pub prefix: Vec<u8>,
    /// The chunked ciphertext.
    pub body: Vec<u8>,
}

/// Without the ciphertext, which may be long.
impl core::fmt::Debug for SealedStoreValue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SealedStoreValue")
            .field("row", &self.row)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What is under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InStore<T> {
    /// There is no such store.
    NoStore,
    /// There is no such name in the store.
    NoValue,
    /// Its newest version.
    Value(T),
}

/// Where a walk over the values of a store stands: a name and a version.
pub type StoreValuePlace = (Vec<u8>, u64);

/// A value whose key part is under an older version of its context key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleStoreValue {
    /// Its name, hashed.
    pub name: Vec<u8>,
    /// Its version.
    pub version: u64,
    /// The version of the key that it is under.
    pub key_version: KeyVersion,
    /// Header and key part.
    pub prefix: Vec<u8>,
    /// SHA-256 of the body.
    pub digest: Hash,
}

/// A new key part for a value of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewrappedStoreValue {
    /// The store's key context.
    pub context: ContextId,
    /// Its name, hashed.
    pub name: Vec<u8>,
    /// Its version.
    pub version: u64,
    /// The version of the key that it was under.
    pub from: KeyVersion,
    /// The version that it is under now.
    pub to: KeyVersion,
    /// Header and new key part.
    pub prefix: Vec<u8>,
}
