//! Stores: values under names that only their clients know.

use serde::{Deserialize, Serialize};

use crate::{Bytes, ContextId, StoreName};

/// A store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreInfo {
    /// Its key context, of the kind `store`.
    pub id: ContextId,
    /// Its name.
    pub name: StoreName,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// When it was made, RFC 3339.
    pub created: String,
}

/// A value of a store as it is kept, without what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreValueInfo {
    /// Its version, counted from 1 for each name.
    pub version: u64,
    /// Bytes of the value.
    pub size: u64,
}

/// A value of a store.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreValue {
    /// Its version, counted from 1 for each name.
    pub version: u64,
    /// The value, as its client set it.
    pub value: Bytes,
}

/// Without the value.
impl core::fmt::Debug for StoreValue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("StoreValue")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
