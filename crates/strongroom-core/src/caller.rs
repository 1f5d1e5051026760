//! Who is asking: a client, perhaps for an identity, in a workspace.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strongroom_types::{ClientId, ContextPattern, KeyContext, KeyId, Lock, Permission};

use crate::denial::Denial;
use crate::identity::Identity;
use crate::ports::Micros;
use crate::workspace::WorkspaceState;

/// A client as it stands at one state epoch.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    pub(crate) created: Micros,
    pub(crate) body: ClientBody,
}

/// The part of a client's record that is sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ClientBody {
    pub(crate) name: String,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) allowed_contexts: Vec<ContextPattern>,
    pub(crate) disabled: bool,
}

/// The API key behind a request: the one that was shown, or that the token was exchanged with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ApiKey {
    pub(crate) id: KeyId,
    pub(crate) expires: Option<Micros>,
}

/// An authenticated caller. Made only by the door's `authenticate`.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) state: Arc<WorkspaceState>,
    pub(crate) client: Arc<Client>,
    pub(crate) api_key: ApiKey,
    pub(crate) identity: Option<Arc<Identity>>,
}

impl Caller {
    /// # Errors
    /// The client lacks the permission.
    pub(crate) fn require(&self, permission: Permission) -> Result<(), Denial> {
        if self.client.body.permissions.contains(&permission) {
            return Ok(());
        }
        Err(Denial::PermissionMissing(permission))
    }

    /// Whether the key context is among the client's allowed ones.
    pub(crate) fn may_use(&self, context: &KeyContext) -> bool {
        self.client
            .body
            .allowed_contexts
            .iter()
            .any(|pattern| pattern.matches(context))
    }

    /// # Errors
    /// The key context is not among the client's allowed ones.
    pub(crate) fn require_context(&self, context: &KeyContext) -> Result<(), Denial> {
        if self.may_use(context) {
            return Ok(());
        }
        Err(Denial::ContextNotAllowed)
    }

    /// The identity that a lock needs.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn require_identity(&self, lock: &Lock) -> Result<&Identity, Denial> {
        self.identity
            .as_deref()
            .ok_or_else(|| Denial::IdentityMissing {
                claims: claim_names(lock),
            })
    }
}

/// The claims of a lock, by name.
pub(crate) fn claim_names(lock: &Lock) -> Vec<String> {
    lock.terms()
        .iter()
        .map(|term| term.claim().to_owned())
        .collect()
}
