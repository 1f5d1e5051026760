//! Keysets, and the clients that they are granted to.

use serde::{Deserialize, Serialize};

use crate::{KeysetClientId, KeysetId, KeysetName};

/// `POST /v1/keysets`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeysetDeclare {
    /// Its name, which no other keyset of the workspace has.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub name: KeysetName,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// What is said of a keyset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeysetInfo {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: KeysetId,
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub name: KeysetName,
    /// What people call it.
    pub description: String,
    /// Whether it is suspended.
    pub is_disabled: bool,
    /// Whether it is the workspace's first one.
    pub is_default: bool,
}

/// What is said of a client of keysets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeysetClientInfo {
    /// Its id.
    pub id: KeysetClientId,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The client of the workspace that made it.
    pub created_by: crate::ClientId,
    /// The keyset that it uses where it names none.
    pub home: KeysetId,
    /// The keysets that it may use.
    pub keysets: Vec<KeysetId>,
}
