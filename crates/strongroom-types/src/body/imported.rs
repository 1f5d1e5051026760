//! `/v1/named-contexts`: declaring them, and what other products sealed for them.

use serde::{Deserialize, Serialize};

use super::NamedContextConfig;
use crate::{Bytes, ContextName, Format};

/// `POST /v1/named-contexts`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NamedContextCreate {
    /// Its name, which no other one of the workspace has.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub name: ContextName,
    /// What people call it.
    pub display_name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What is said of its data.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub config: NamedContextConfig,
}

/// A key of another product, with which nothing is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportedKey {
    /// What its ciphertexts call it: 1 to 64 characters.
    pub id: String,
    /// All keys that it can have been, in the form of `docs/formats/cryptoserve.md`.
    pub material: Bytes,
}

/// `PUT /v1/named-contexts/{name}/imported-keys`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportedKeysPut {
    /// Up to 100 keys.
    pub keys: Vec<ImportedKey>,
    /// The formats of theirs that the context opens from now on, beside those that it opens already.
    #[serde(default)]
    pub formats: Vec<Format>,
    /// Whether keys that are there already are replaced.
    #[serde(default)]
    pub replace: bool,
}

/// What became of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportedKeysAnswer {
    /// How many are kept that were not there.
    pub imported: u32,
    /// How many were there, and were replaced.
    pub replaced: u32,
    /// How many were there, and were left as they are.
    pub there_already: u32,
    /// The formats of theirs that the context opens.
    pub formats: Vec<Format>,
}

/// `PUT /v1/named-contexts/{name}/key-bundle`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyBundleSetting {
    /// Whether clients of the context get a key to seal with by themselves.
    pub allowed: bool,
}

/// A ciphertext of another product.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportedItem {
    /// The ciphertext.
    pub ciphertext: Bytes,
    /// What was authenticated beside it, and is again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub associated_data: Option<Bytes>,
}

/// A value that is sealed as `sr1` now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportedSealed {
    /// The ciphertext.
    pub ciphertext: Bytes,
}

/// `POST /v1/named-contexts/{name}/rewrap`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportedRewrap {
    /// Up to 100 ciphertexts.
    pub items: Vec<ImportedItem>,
}
