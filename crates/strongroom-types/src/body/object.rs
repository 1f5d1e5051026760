//! `/v1/objects`: named, versioned values that Strongroom keeps.

use serde::{Deserialize, Serialize};

use super::{KeyRef, LockFor, LogEntryId};
use crate::coded::coded_enum;
use crate::{Bytes, ClientId, KeyContext, Lock, Metadata, ObjectId};

/// `POST /v1/objects`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ObjectCreate {
    /// Whose data this is; it never changes.
    pub key_context: KeyContext,
    /// The name, 1 to 200 characters, any of them; unique among the workspace's live objects.
    pub name: String,
    /// The value; may be empty.
    pub value: Bytes,
    /// The claims to lock to. None and `[]` are the same.
    #[serde(default, skip_serializing_if = "Lock::is_empty")]
    pub lock: Lock,
    /// The identity to lock to, when it is not the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_for: Option<LockFor>,
    /// Seconds until the object expires and is erased; never if absent or 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

impl ObjectCreate {
    /// Keeps a value without lock, expiry or notes.
    #[must_use]
    pub fn new(key_context: KeyContext, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        Self {
            key_context,
            name: name.into(),
            value: value.into(),
            lock: Lock::default(),
            lock_for: None,
            expires_in: None,
            metadata: None,
        }
    }
}

/// `PUT /v1/objects`: creates the object of this name, or gives it a new version.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ObjectUpsert {
    /// Whose data this is; of an object that exists, its own.
    pub key_context: KeyContext,
    /// The name, 1 to 200 characters, any of them.
    pub name: String,
    /// The value; may be empty.
    pub value: Bytes,
    /// The version that is replaced; 0 if there must be no such object. No check if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_check: Option<u64>,
    /// The claims to lock to. None and `[]` are the same.
    #[serde(default, skip_serializing_if = "Lock::is_empty")]
    pub lock: Lock,
    /// The identity to lock to, when it is not the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_for: Option<LockFor>,
    /// Seconds until the object expires; 0 for never. As it was if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

impl ObjectUpsert {
    /// Keeps a value without check, lock, expiry or notes.
    #[must_use]
    pub fn new(key_context: KeyContext, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        Self {
            key_context,
            name: name.into(),
            value: value.into(),
            version_check: None,
            lock: Lock::default(),
            lock_for: None,
            expires_in: None,
            metadata: None,
        }
    }
}

/// `PUT /v1/objects/{id}`: gives the object a new version. Its name and key context stay.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ObjectUpdate {
    /// The value; may be empty.
    pub value: Bytes,
    /// The version that is replaced. No check if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_check: Option<u64>,
    /// The claims to lock to. None and `[]` are the same.
    #[serde(default, skip_serializing_if = "Lock::is_empty")]
    pub lock: Lock,
    /// The identity to lock to, when it is not the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_for: Option<LockFor>,
    /// Seconds until the object expires; 0 for never. As it was if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// Notes for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

impl ObjectUpdate {
    /// Replaces the value without check, lock, expiry or notes.
    #[must_use]
    pub fn new(value: impl Into<Bytes>) -> Self {
        Self {
            value: value.into(),
            version_check: None,
            lock: Lock::default(),
            lock_for: None,
            expires_in: None,
            metadata: None,
        }
    }
}

/// The query of `DELETE /v1/objects/{id}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObjectDelete {
    /// The version that is expected. No check if absent.
    pub version_check: Option<u64>,
    /// Seconds until it is erased; a default of the deployment if absent.
    pub purge_in: Option<u64>,
}

/// One object of `POST /v1/objects/batch`, by id or by name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ObjectRead {
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ObjectId>,
    /// Its name, instead of its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which version; the newest if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The key context that the caller expects it to have; any of the caller's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_context: Option<KeyContext>,
}

impl ObjectRead {
    /// The newest version of the object with this id.
    #[must_use]
    pub fn by_id(id: ObjectId) -> Self {
        Self {
            id: Some(id),
            ..Self::default()
        }
    }

    /// The newest version of the object with this name.
    #[must_use]
    pub fn by_name(name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::default()
        }
    }
}

/// An object; with its value where that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredObject {
    /// Its id.
    pub id: ObjectId,
    /// Its name.
    pub name: String,
    /// Whose data it is.
    pub key_context: KeyContext,
    /// The version that this is, counted from 1 and never used twice.
    pub version: u64,
    /// Bytes of the value.
    pub size: u64,
    /// SHA-256 of the sealed value in hex, as the entry of its writing has it. It tells versions
    /// apart, not values.
    pub digest: String,
    /// The key that the version is under.
    pub key: KeyRef,
    /// When the object was made.
    pub created: String,
    /// When this version was made.
    pub updated: String,
    /// The client that made this version.
    pub updated_by: ClientId,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<String>,
    /// When it is erased, if it is not restored before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purged_after: Option<String>,
    /// The value, where it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Bytes>,
    /// The entry of this use; in batches and lists it stands once, beside the results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntryId>,
}

/// One version of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectVersionInfo {
    /// The version.
    pub version: u64,
    /// Whether it is the newest.
    pub current: bool,
    /// Bytes of the value.
    pub size: u64,
    /// SHA-256 of the sealed value in hex.
    pub digest: String,
    /// The key that it is under.
    pub key: KeyRef,
    /// When it was made.
    pub created: String,
    /// The client that made it.
    pub created_by: ClientId,
    /// When it was destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destroyed: Option<String>,
}

coded_enum! {
    /// The order of a list of objects, by when they were made.
    Order: u8 {
        /// Oldest first.
        Asc = 1, "asc";
        /// Newest first.
        Desc = 2, "desc";
    }
}

impl Order {
    /// The other order.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Asc => Self::Desc,
            Self::Desc => Self::Asc,
        }
    }
}

/// One page of a list of objects. `before` and `after` hold the same token, which names this page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectsPage {
    /// The objects, without values.
    pub items: Vec<StoredObject>,
    /// Give this as `before` for the page ahead of this one; `null` where this one is empty.
    pub before: Option<String>,
    /// Give this as `after` for the page behind this one; `null` at the end.
    pub after: Option<String>,
}
