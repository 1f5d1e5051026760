//! `/v1/encrypt`, `/v1/decrypt`, `/v1/rewrap` and their batches.

use serde::{Deserialize, Serialize};

use super::LogEntryId;
use crate::{Bytes, Claims, Code, ContextId, KeyContext, KeyVersion, Lock, Metadata};

/// The key that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyRef {
    /// The key context's id.
    pub id: ContextId,
    /// The version of its key.
    pub version: KeyVersion,
}

/// An identity named by a client with `seal-for-others`, instead of the caller's own.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LockFor {
    /// The `iss` of an issuer trusted by the workspace.
    pub issuer: String,
    /// The claims of the person who shall be able to open it.
    #[serde(deserialize_with = "crate::json::strict_map")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub claims: serde_json::Map<String, serde_json::Value>,
}

/// One value to seal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EncryptItem {
    /// Whose data this is.
    pub key_context: KeyContext,
    /// What to seal; may be empty.
    pub plaintext: Bytes,
    /// The claims to lock to. None and `[]` are the same.
    #[serde(default, skip_serializing_if = "Lock::is_empty")]
    pub lock: Lock,
    /// The identity to lock to, when it is not the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_for: Option<LockFor>,
    /// Bytes that must be given again to open. Absent and empty are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub associated_data: Option<Bytes>,
}

impl EncryptItem {
    /// Seals without lock or associated data.
    #[must_use]
    pub fn new(key_context: KeyContext, plaintext: impl Into<Bytes>) -> Self {
        Self {
            key_context,
            plaintext: plaintext.into(),
            lock: Lock::default(),
            lock_for: None,
            associated_data: None,
        }
    }
}

/// `POST /v1/encrypt`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EncryptRequest {
    /// Whose data this is.
    pub key_context: KeyContext,
    /// What to seal; may be empty.
    pub plaintext: Bytes,
    /// The claims to lock to. None and `[]` are the same.
    #[serde(default, skip_serializing_if = "Lock::is_empty")]
    pub lock: Lock,
    /// The identity to lock to, when it is not the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_for: Option<LockFor>,
    /// Bytes that must be given again to open. Absent and empty are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub associated_data: Option<Bytes>,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

impl EncryptRequest {
    /// Seals without lock, associated data or notes.
    #[must_use]
    pub fn new(key_context: KeyContext, plaintext: impl Into<Bytes>) -> Self {
        Self {
            key_context,
            plaintext: plaintext.into(),
            lock: Lock::default(),
            lock_for: None,
            associated_data: None,
            metadata: None,
        }
    }
}

impl EncryptRequest {
    /// The item, as it would stand in a batch, and the notes.
    #[must_use]
    pub fn into_item(self) -> (EncryptItem, Option<Metadata>) {
        let item = EncryptItem {
            key_context: self.key_context,
            plaintext: self.plaintext,
            lock: self.lock,
            lock_for: self.lock_for,
            associated_data: self.associated_data,
        };
        (item, self.metadata)
    }
}

/// One sealed value.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EncryptAnswer {
    /// The `sr1` blob.
    pub ciphertext: Bytes,
    /// The key that sealed it.
    pub key: KeyRef,
    /// The entry of this use; in batches it stands once, beside the results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}

/// One value to open.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DecryptItem {
    /// The key context that the caller expects.
    pub key_context: KeyContext,
    /// The `sr1` blob.
    pub ciphertext: Bytes,
    /// The bytes given when it was sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub associated_data: Option<Bytes>,
}

impl DecryptItem {
    /// Opens what was sealed without associated data.
    #[must_use]
    pub fn new(key_context: KeyContext, ciphertext: impl Into<Bytes>) -> Self {
        Self {
            key_context,
            ciphertext: ciphertext.into(),
            associated_data: None,
        }
    }
}

/// `POST /v1/decrypt`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DecryptRequest {
    /// The key context that the caller expects.
    pub key_context: KeyContext,
    /// The `sr1` blob.
    pub ciphertext: Bytes,
    /// The bytes given when it was sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub associated_data: Option<Bytes>,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

impl DecryptRequest {
    /// Opens what was sealed without associated data.
    #[must_use]
    pub fn new(key_context: KeyContext, ciphertext: impl Into<Bytes>) -> Self {
        Self {
            key_context,
            ciphertext: ciphertext.into(),
            associated_data: None,
            metadata: None,
        }
    }
}

impl DecryptRequest {
    /// The item, as it would stand in a batch, and the notes.
    #[must_use]
    pub fn into_item(self) -> (DecryptItem, Option<Metadata>) {
        let item = DecryptItem {
            key_context: self.key_context,
            ciphertext: self.ciphertext,
            associated_data: self.associated_data,
        };
        (item, self.metadata)
    }
}

/// One opened value.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecryptAnswer {
    /// What was sealed.
    pub plaintext: Bytes,
    /// The key that opened it.
    pub key: KeyRef,
    /// The entry of this use; in batches it stands once, beside the results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}

/// One ciphertext to move to the active key version.
pub type RewrapItem = DecryptItem;

/// `POST /v1/rewrap`: moves a ciphertext to the active key version. Needs nobody's claims.
pub type RewrapRequest = DecryptRequest;

/// One moved ciphertext.
pub type RewrapAnswer = EncryptAnswer;

/// `POST /v1/{encrypt,decrypt,rewrap}/batch`: up to 10,000 items, one entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Batch<T> {
    /// The items, in the order of the results.
    pub items: Vec<T>,
    /// Notes for the log.
    #[serde(default = "no_metadata", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

fn no_metadata() -> Option<Metadata> {
    None
}

impl<T> Batch<T> {
    /// The most items of a batch.
    pub const ITEMS_MAX: usize = 10_000;
}

/// Why one item of a batch has no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemError {
    /// The stable code.
    pub code: Code,
    /// A sentence for a person.
    pub detail: String,
}

/// The result of one item: what the single call would answer, or its error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum ItemResult<T> {
    /// It worked.
    Ok(T),
    /// It did not.
    Err {
        /// Why.
        error: ItemError,
    },
}

/// The results of a batch, in the order of its items.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchAnswer<T> {
    /// One result per item.
    pub results: Vec<ItemResult<T>>,
    /// The one entry of the batch.
    pub log_entry: LogEntryId,
}

/// Without the claims: they are a person's.
impl core::fmt::Debug for LockFor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "LockFor({} claims)", self.claims.len())
    }
}

impl LockFor {
    /// Reads the claims that `lock` names; the others are ignored.
    ///
    /// # Errors
    /// The name of a claim that cannot be bound, and why.
    pub fn claims(&self, lock: &Lock) -> Result<Claims, (String, crate::ClaimError)> {
        lock.terms()
            .iter()
            .filter_map(|term| Some((term.claim(), self.claims.get(term.claim())?)))
            .map(|(name, value)| {
                crate::ClaimValue::from_claim(name, value)
                    .map(|value| (name.to_owned(), value))
                    .map_err(|error| (name.to_owned(), error))
            })
            .collect()
    }
}
