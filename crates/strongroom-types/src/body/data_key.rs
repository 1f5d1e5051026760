//! `/v1/data-keys`, `/v1/data-keys/unwrap`, `/v1/data-keys/rewrap`.

use serde::{Deserialize, Serialize};

use super::{KeyRef, LockFor, LogEntryId};
use crate::{Bytes, KeyContext, Lock, Metadata};

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
    /// The entry of this use.
    pub log_entry: LogEntryId,
}
