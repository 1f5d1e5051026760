//! Applications: programs that users registered for named contexts.

use serde::{Deserialize, Serialize};

use crate::{ClientId, ContextName};

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationInfo {
    /// The client that it is.
    pub id: ClientId,
    /// Its name, which no other application of its owner has in its environment.
    pub name: String,
    /// Its environment.
    pub environment: String,
    /// Its team.
    pub team: String,
    /// What it is for.
    pub description: String,
    /// The named contexts that it may use.
    pub contexts: Vec<ContextName>,
    /// The client that registered it.
    pub owner: ClientId,
    /// Whether it may do anything.
    pub active: bool,
    /// When it was registered.
    pub created: String,
    /// When it expires, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// A line of refresh tokens that follow each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshLine {
    /// Its number in the application.
    pub number: u32,
    /// When it began.
    pub created: String,
    /// When it was used last.
    pub used: Option<String>,
    /// When its present token expires.
    pub expires: String,
}
