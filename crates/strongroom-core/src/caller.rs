//! Who is asking: a client, perhaps for an identity, in a workspace.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strongroom_types::{ClientId, ContextPattern, KeyContext, KeyId, Lock, Permission};

use crate::application::{ApplicationBody, Registrations};
use crate::denial::Denial;
use crate::identity::Identity;
use crate::ports::Micros;
use crate::user::UserBody;
use crate::workspace::WorkspaceState;

/// A client as it stands at one state epoch.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    pub(crate) created: Micros,
    pub(crate) body: ClientBody,
}

impl Client {
    /// The same client without anything that it may do.
    pub(crate) fn without_rights(&self) -> Self {
        let mut client = self.clone();
        client.body.permissions.clear();
        client.body.allowed_contexts.clear();
        client
    }
}

/// What the administrator of a workspace may do: everything in it.
pub(crate) const ALL_PERMISSIONS: [Permission; 44] = [
    Permission::Encrypt,
    Permission::Decrypt,
    Permission::Rewrap,
    Permission::DataKeys,
    Permission::SealForOthers,
    Permission::LogRead,
    Permission::AdminClients,
    Permission::AdminIssuers,
    Permission::AdminContexts,
    Permission::AdminPolicies,
    Permission::AdminCustomerKeys,
    Permission::AdminJobs,
    Permission::AdminWebhooks,
    Permission::ObjectsRead,
    Permission::ObjectsWrite,
    Permission::ObjectsDelete,
    Permission::ObjectsList,
    Permission::AdminStores,
    Permission::StoresRead,
    Permission::StoresWrite,
    Permission::KeysetsGenerate,
    Permission::KeysetsRetrieve,
    Permission::KeysetsList,
    Permission::AdminKeysets,
    Permission::NamedContextsList,
    Permission::AdminNamedContexts,
    Permission::ApplicationsList,
    Permission::ApplicationsRegister,
    Permission::AdminApplications,
    Permission::Sign,
    Permission::Verify,
    Permission::Compute,
    Permission::AdminSigningKeys,
    Permission::SplitKeysUse,
    Permission::AdminSplitKeys,
    Permission::SealTo,
    Permission::SealedOpen,
    Permission::AdminHybridKeys,
    Permission::Leases,
    Permission::ApprovePromotions,
    Permission::AdminImports,
    Permission::AdminKeyBundles,
    Permission::AdminUsers,
    Permission::UsersRead,
];
/// How many there were when the first workspaces were made. Those that were added since stand behind them.
const FIRST_PERMISSIONS: usize = 17;

/// The part of a client's record that is sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ClientBody {
    pub(crate) name: String,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) allowed_contexts: Vec<ContextPattern>,
    pub(crate) disabled: bool,
    /// Whether it may do everything in its workspace, also what permissions are added for later. Older
    /// records do not say.
    #[serde(default)]
    pub(crate) everything: Option<bool>,
    /// What makes it an application: no other client has tokens of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) application: Option<ApplicationBody>,
    /// Who it is, of a user that accepted an invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserBody>,
    /// How many applications it registers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) registrations: Option<Registrations>,
}

impl ClientBody {
    /// With the permissions that were added since an administrator was made.
    pub(crate) fn grown(mut self) -> Self {
        let held = |permission| self.permissions.contains(permission);
        let everything = self.everything.unwrap_or_else(|| {
            let mut former = ALL_PERMISSIONS.iter().take(FIRST_PERMISSIONS);
            former.all(held)
        });
        if everything {
            let missing = ALL_PERMISSIONS
                .iter()
                .filter(|permission| !held(permission));
            let missing: Vec<_> = missing.copied().collect();
            self.permissions.extend(missing);
        }
        self
    }
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
    /// `None` for an application, and for an identity that acts by itself.
    pub(crate) api_key: Option<ApiKey>,
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

    /// # Errors
    /// It is an application, which uses named contexts and no others.
    pub(crate) fn require_unnamed(&self) -> Result<(), Denial> {
        match self.client.body.application {
            None => Ok(()),
            Some(_) => Err(Denial::ContextNotAllowed),
        }
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

    /// # Errors
    /// A pattern matches a key context that none of the client's own does by itself.
    pub(crate) fn require_patterns(&self, patterns: &[ContextPattern]) -> Result<(), Denial> {
        let own = &self.client.body.allowed_contexts;
        if patterns.iter().all(|one| own.iter().any(|o| o.covers(one))) {
            return Ok(());
        }
        Err(Denial::GrantTooWide)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &serde_json::Value) -> Vec<Permission> {
        let body: ClientBody = serde_json::from_value(json.clone()).unwrap();
        body.grown().permissions
    }

    #[test]
    fn administrators_may_do_what_permissions_were_added_for() {
        let former = &ALL_PERMISSIONS[..FIRST_PERMISSIONS];
        assert_eq!(former.last(), Some(&Permission::ObjectsList));
        let mut record = serde_json::json!({
            "name": "administrator",
            "permissions": former,
            "allowed_contexts": [{}],
            "disabled": false,
        });
        assert_eq!(read(&record).len(), ALL_PERMISSIONS.len());
        // Whoever was given just these since gets no others.
        record["everything"] = false.into();
        assert_eq!(read(&record).len(), former.len());
        let some = serde_json::json!(["encrypt", "admin:clients"]);
        record["permissions"] = some;
        record.as_object_mut().unwrap().remove("everything");
        assert_eq!(read(&record).len(), 2);
    }
}
