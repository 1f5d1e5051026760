//! `/v1/kem/keys`, `/v1/kem/…`, `/v1/seal`.

use serde::{Deserialize, Serialize};

use super::LogEntryId;
use crate::{Bytes, ContextId, HybridAlgorithm, KeyContext, Metadata};

/// `POST /v1/kem/keys`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HybridKeyCreate {
    /// What it is called: 1 to 200 characters, once for each key context.
    pub name: String,
    /// Whose key it is. Who may use, and which policies hold for, key contexts with these pairs may use
    /// it, and hold for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_context: Option<KeyContext>,
    /// The curve and the ML-KEM of it.
    pub algorithm: HybridAlgorithm,
}

/// One version of a hybrid key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HybridKeyVersion {
    /// The version, counted from 1.
    pub version: u64,
    /// ML-KEM's public key, then the curve's.
    pub public_key: Bytes,
    /// When it was made, RFC 3339.
    pub created: String,
}

/// A hybrid key. Its private key never leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HybridKeyInfo {
    /// Its id, which is that of its own key context: `/v1/contexts/{id}` suspends and destroys it.
    pub id: ContextId,
    /// Its name.
    pub name: String,
    /// Whose key it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_context: Option<KeyContext>,
    /// The curve and the ML-KEM of it.
    pub algorithm: HybridAlgorithm,
    /// Its versions, oldest first. What is sealed by the key's name is sealed to the last one; all open.
    pub versions: Vec<HybridKeyVersion>,
}

/// To whom: a hybrid key of this workspace by its id, or a public key from anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum Recipient {
    /// The newest version of a hybrid key of this workspace.
    Key(RecipientKey),
    /// A public key.
    PublicKey(RecipientPublicKey),
}

/// A hybrid key of this workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecipientKey {
    /// Its id.
    pub key: ContextId,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecipientPublicKey {
    /// Its algorithm.
    pub algorithm: HybridAlgorithm,
    /// ML-KEM's public key, then the curve's.
    pub public_key: Bytes,
}

/// `POST /v1/kem/encapsulate`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EncapsulateRequest {
    /// To whom.
    pub to: Recipient,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// A shared secret, and what its recipient gets it from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EncapsulateAnswer {
    /// What the recipient decapsulates.
    pub ciphertext: Bytes,
    /// 32 bytes.
    pub shared_secret: Bytes,
    /// The algorithm.
    pub algorithm: HybridAlgorithm,
    /// The version of the key that was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Where the log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}

/// `POST /v1/kem/decapsulate`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DecapsulateRequest {
    /// Which key.
    pub key: ContextId,
    /// What was encapsulated.
    pub ciphertext: Bytes,
    /// The version it was encapsulated to; the newest, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// A shared secret. Of a ciphertext that was not encapsulated to the key it is another one, and no
/// error (FIPS 203).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecapsulateAnswer {
    /// 32 bytes.
    pub shared_secret: Bytes,
    /// The algorithm.
    pub algorithm: HybridAlgorithm,
    /// The version that decapsulated.
    pub version: u64,
    /// Where the log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}

/// `POST /v1/seal`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SealToRequest {
    /// To whom.
    pub to: Recipient,
    /// What is sealed.
    pub plaintext: Bytes,
    /// Bound to it, and needed again to open it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub associated_data: Option<Bytes>,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// What was sealed to a hybrid key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SealToAnswer {
    /// The sealed message; it names its recipient's public key by a digest.
    pub sealed: Bytes,
    /// The algorithm.
    pub algorithm: HybridAlgorithm,
    /// The version of the key that was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Where the log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}

/// `POST /v1/seal/open`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SealedOpenRequest {
    /// The key that it was sealed to.
    pub key: ContextId,
    /// The sealed message.
    pub sealed: Bytes,
    /// What it was bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub associated_data: Option<Bytes>,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// What a sealed message held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SealedOpenAnswer {
    /// What was sealed.
    pub plaintext: Bytes,
    /// The version that opened it.
    pub version: u64,
    /// Where the log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}
