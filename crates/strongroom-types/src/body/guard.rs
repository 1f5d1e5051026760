//! Guards: rules in CEL that uses of named contexts must satisfy.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ContextName;

/// What happens when a rule does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuardSeverity {
    /// The use is refused.
    Block,
    /// The answer says so.
    Warn,
    /// The answer says so, too.
    Info,
}

/// A use that a guard may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuardedOperation {
    /// Sealing.
    Encrypt,
    /// Opening.
    Decrypt,
}

impl GuardedOperation {
    /// The name that rules compare with.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
        }
    }
}

/// A rule that uses of named contexts must satisfy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardBody {
    /// Its name, of the form of a context's name, unique in its workspace.
    pub name: ContextName,
    /// What it is for.
    pub description: String,
    /// An expression in CEL that is true where the use is in order.
    pub rule: String,
    /// What happens when it is not.
    pub severity: GuardSeverity,
    /// What is said then.
    pub message: String,
    /// Whether it counts.
    pub enabled: bool,
    /// The contexts that it is about; all, if there is none.
    pub contexts: Vec<ContextName>,
    /// The uses that it is about; all, if there is none.
    pub operations: Vec<GuardedOperation>,
    /// What whoever keeps it says of it beside that. Nothing reads it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// What one guard said of a use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardFinding {
    /// The guard.
    pub name: ContextName,
    /// What happens when its rule does not hold.
    pub severity: GuardSeverity,
    /// Whether its rule held.
    pub passed: bool,
    /// What is said when it did not.
    pub message: String,
}
