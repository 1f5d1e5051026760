//! `/v1/log/entries` and `/v1/log/items/<index>`.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::KeyRef;
use crate::text::kept_as_text;
use crate::{
    ClientId, ContextId, IdError, KeyContext, KeyVersion, Kind, Metadata, Operation, Outcome,
    Reason, RequestId, Suite, WorkspaceId,
};

/// Names an entry: `<log>/<index>`. A workspace has one log, named like the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogEntryId {
    /// The log.
    pub log: WorkspaceId,
    /// The entry's index in it, from 0.
    pub index: u64,
}

impl fmt::Display for LogEntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.log, self.index)
    }
}

impl FromStr for LogEntryId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = IdError {
            prefix: WorkspaceId::PREFIX,
            digits: 26,
        };
        let (log, index) = text.split_once('/').ok_or(wrong)?;
        Ok(Self {
            log: log.parse()?,
            index: index.parse().map_err(|_error| wrong)?,
        })
    }
}

kept_as_text!(LogEntryId);

/// Who the verified token named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EntryIdentity {
    /// The token's `iss`.
    pub issuer: String,
    /// The token's `sub`.
    pub subject: String,
    /// The claims that the issuer's configuration chose to show.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub claims: serde_json::Map<String, serde_json::Value>,
}

/// One key context of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EntryContext {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: ContextId,
    /// Its map, while the private fields are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_context: Option<KeyContext>,
    /// The key version used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<KeyVersion>,
    /// The suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<Suite>,
    /// How many items.
    pub count: u32,
}

/// One entry, with its private fields opened while they are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EntryView {
    /// Its index in the workspace's log, from 0.
    pub index: u64,
    /// When, RFC 3339 in UTC with microseconds.
    pub time: String,
    /// What was asked for.
    pub operation: Operation,
    /// By which client; absent for the deployment itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<EntryIdentity>,
    /// The key context, where there is exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_context: Option<KeyContext>,
    /// The key contexts, where there are several; at most 100, the rest is in the items.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_contexts: Vec<EntryContext>,
    /// The key, where there is exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyRef>,
    /// The suite, where there is exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<Suite>,
    /// How many items; for a flood, how many denials.
    pub count: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// The entry that this one is the outcome of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// The true reason of a denial or failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Public facts of administration, for example the id of what was made.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub facts: std::collections::BTreeMap<String, String>,
    /// The request.
    pub request_id: RequestId,
    /// The caller's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The caller's user agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The caller's notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// `GET /v1/log/entries`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EntriesPage {
    /// The entries, oldest first.
    pub entries: Vec<EntryView>,
    /// Give this as `page` for the next ones; `null` at the end.
    pub next: Option<String>,
}

/// One item of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemView {
    /// Its position in the request, from 0.
    pub position: u32,
    /// The stored object that it is about, as `obj_…` or `obj_…/<version>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its key context, where one was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<ContextId>,
    /// The key version used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<KeyVersion>,
    /// The key version that a rewrapped ciphertext was moved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<KeyVersion>,
    /// How it ended.
    pub outcome: Outcome,
    /// The true reason of a denial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// SHA-256 of what was sealed or opened, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// `GET /v1/log/items/<index>`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemsView {
    /// The entry.
    pub index: u64,
    /// The Merkle root over the items, in hexadecimal, as it stands in the entry.
    pub root: String,
    /// The items, in the order of the request.
    pub items: Vec<ItemView>,
}
