//! `/v1/data-keys`, `/v1/data-keys/unwrap`, `/v1/data-keys/rewrap` and their batches.

use serde::{Deserialize, Serialize};

use super::{KeyRef, LockFor, LogEntryId};
use crate::{Bytes, KeyContext, Lock, Metadata};

/// One data key to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DataKeyItem {
    /// Whose key this is.
    pub key_context: KeyContext,
    /// The claims to lock to.
    #[serde(default, skip_serializing_if = "Lock::is_empty")]
    pub lock: Lock,
    /// The identity to lock to, when it is not the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_for: Option<LockFor>,
    /// The key's length, 16 to 64 bytes; 32 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u16>,
}

impl DataKeyItem {
    /// Asks for a key of 32 bytes without a lock.
    #[must_use]
    pub fn new(key_context: KeyContext) -> Self {
        DataKeyCreate::new(key_context).into_item().0
    }
}

/// `POST /v1/data-keys`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DataKeyCreate {
    /// Whose key this is.
    pub key_context: KeyContext,
    /// The claims to lock to.
    #[serde(default, skip_serializing_if = "Lock::is_empty")]
    pub lock: Lock,
    /// The identity to lock to, when it is not the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_for: Option<LockFor>,
    /// The key's length, 16 to 64 bytes; 32 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u16>,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

impl DataKeyCreate {
    /// Asks for a key of 32 bytes without a lock.
    #[must_use]
    pub fn new(key_context: KeyContext) -> Self {
        Self {
            key_context,
            lock: Lock::default(),
            lock_for: None,
            bytes: None,
            metadata: None,
        }
    }

    /// The item, as it would stand in a batch, and the notes.
    #[must_use]
    pub fn into_item(self) -> (DataKeyItem, Option<Metadata>) {
        let item = DataKeyItem {
            key_context: self.key_context,
            lock: self.lock,
            lock_for: self.lock_for,
            bytes: self.bytes,
        };
        (item, self.metadata)
    }
}

/// One wrapped key to open or to move.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WrappedKeyItem {
    /// The key context that the caller expects.
    pub key_context: KeyContext,
    /// The wrapped key.
    pub wrapped_key: Bytes,
}

impl WrappedKeyItem {
    /// Names the wrapped key and the key context that is expected.
    #[must_use]
    pub fn new(key_context: KeyContext, wrapped_key: impl Into<Bytes>) -> Self {
        Self {
            key_context,
            wrapped_key: wrapped_key.into(),
        }
    }
}

/// `POST /v1/data-keys/unwrap`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DataKeyUnwrap {
    /// The key context that the caller expects.
    pub key_context: KeyContext,
    /// The wrapped key.
    pub wrapped_key: Bytes,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

impl DataKeyUnwrap {
    /// Names the wrapped key and the key context that is expected.
    #[must_use]
    pub fn new(key_context: KeyContext, wrapped_key: impl Into<Bytes>) -> Self {
        Self {
            key_context,
            wrapped_key: wrapped_key.into(),
            metadata: None,
        }
    }

    /// The item, as it would stand in a batch, and the notes.
    #[must_use]
    pub fn into_item(self) -> (WrappedKeyItem, Option<Metadata>) {
        let item = WrappedKeyItem::new(self.key_context, self.wrapped_key);
        (item, self.metadata)
    }
}

/// `POST /v1/data-keys/rewrap`: the plaintext key is not shown.
pub type DataKeyRewrap = DataKeyUnwrap;

/// A data key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DataKeyAnswer {
    /// The key itself; absent from the answer to a rewrap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plaintext: Option<Bytes>,
    /// The key, wrapped: keep this.
    pub wrapped_key: Bytes,
    /// The context key that wraps it.
    pub key: KeyRef,
    /// The entry of this use; in batches it stands once, beside the results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}
