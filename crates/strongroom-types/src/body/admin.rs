//! `/v1/{workspaces,clients,issuers,contexts,context-policies}`.
//!
//! Times are RFC 3339 in UTC.

use serde::{Deserialize, Serialize};

use crate::coded::coded_enum;
use crate::{
    ClientId, ContextId, ContextPattern, CustomerKeyId, Format, IssuerId, JobId, KeyContext, KeyId,
    KeyVersion, Kind, Lock, Permission, PolicyId, Suite, WorkspaceId,
};

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Give this as `page` for the next ones; `null` at the end.
    pub next: Option<String>,
}

/// `POST /v1/workspaces`; needs `admin:workspaces` in the system workspace.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WorkspaceCreate {
    /// A name for people, 1 to 200 characters.
    pub name: String,
    /// The most key contexts it may have; a default of the deployment if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_quota: Option<u64>,
}

/// `PATCH /v1/workspaces/{id}`: absent fields stay.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WorkspaceUpdate {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new quota.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_quota: Option<u64>,
    /// Whether all its clients and users are refused, until it is enabled again. Nothing is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkspaceInfo {
    /// Its id, which also names its log.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// The most key contexts it may have.
    pub context_quota: u64,
    /// Whether all its clients and users are refused.
    #[serde(default)]
    pub disabled: bool,
    /// When it was made.
    pub created: String,
}

/// A new workspace and the credential of its first client, an administrator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkspaceCreated {
    /// The workspace.
    pub workspace: WorkspaceInfo,
    /// Its first client.
    pub client: ClientInfo,
    /// Its API key, shown once.
    pub api_key: ApiKeyCreated,
}

/// `POST /v1/clients`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ClientCreate {
    /// A name for people, 1 to 200 characters.
    pub name: String,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// The key contexts it may use: any of these patterns. None means no key context at all;
    /// `[{}]` means every one.
    #[serde(default)]
    pub allowed_contexts: Vec<ContextPattern>,
    /// Seconds until its first API key expires, at most 315,360,000 (ten years); never if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// `PATCH /v1/clients/{id}`: absent fields stay.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ClientUpdate {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New permissions, instead of the old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<Permission>>,
    /// New allowed key contexts, instead of the old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_contexts: Option<Vec<ContextPattern>>,
    /// Suspends or resumes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClientInfo {
    /// Its id.
    pub id: ClientId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// The key contexts it may use.
    pub allowed_contexts: Vec<ContextPattern>,
    /// Whether it is suspended.
    pub disabled: bool,
    /// Its live API keys, at most two.
    pub api_keys: Vec<ApiKeyInfo>,
    /// When it was made.
    pub created: String,
}

/// An API key without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKeyInfo {
    /// Its id, which is also part of the key's text.
    pub id: KeyId,
    /// When it was made.
    pub created: String,
    /// When it expires; never if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// An API key, shown once.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKeyCreated {
    /// What is kept of it.
    #[serde(flatten)]
    pub info: ApiKeyInfo,
    /// The key: `sr_` and base32 of id and secret. It cannot be shown again.
    pub secret: String,
}

impl core::fmt::Debug for ApiKeyCreated {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ApiKeyCreated({})", self.info.id)
    }
}

/// A new client and its API key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClientCreated {
    /// The client.
    pub client: ClientInfo,
    /// Its first API key, shown once.
    pub api_key: ApiKeyCreated,
}

/// Where an issuer's keys come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum IssuerKeys {
    /// OpenID Connect discovery below the issuer's own URL.
    Discovery {},
    /// A JWKS at this URL.
    JwksUrl(String),
    /// These keys and no others: a JWKS document.
    Jwks(#[serde(deserialize_with = "crate::json::strict_value")] serde_json::Value),
}

/// `POST /v1/issuers`. Whoever may do this can impersonate identities of the workspace.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IssuerCreate {
    /// The `iss` of its tokens, byte for byte. Unique in the workspace, permanent, never reused.
    pub issuer: String,
    /// Where its keys come from.
    pub keys: IssuerKeys,
    /// The `aud` that its tokens must name: one of these.
    pub audiences: Vec<String>,
    /// The `aud` of tokens that sign users in: none of the audiences. Nobody is signed in without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in_audience: Option<String>,
    /// The clock skew allowed, in seconds; 60 if absent, at most 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_skew_s: Option<u32>,
    /// Claims shown in the log beside the subject.
    #[serde(default)]
    pub display_claims: Vec<String>,
}

/// `PATCH /v1/issuers/{id}`: absent fields stay. The `iss` cannot change.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IssuerUpdate {
    /// A new source of keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<IssuerKeys>,
    /// New audiences, instead of the old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audiences: Option<Vec<String>>,
    /// A new audience of tokens that sign users in; an empty one ends that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in_audience: Option<String>,
    /// A new clock skew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_skew_s: Option<u32>,
    /// New display claims, instead of the old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_claims: Option<Vec<String>>,
    /// Suspends or resumes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// `PUT /v1/issuers/{id}/acts-as`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IssuerActsAs {
    /// The client as which the issuer's identities may act by themselves; none ends that.
    pub client: Option<ClientId>,
}

/// A trusted issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuerInfo {
    /// Its permanent id, which takes part in derivations.
    pub id: IssuerId,
    /// The `iss` of its tokens.
    pub issuer: String,
    /// Where its keys come from.
    pub keys: IssuerKeys,
    /// The `aud` that its tokens must name: one of these.
    pub audiences: Vec<String>,
    /// The `aud` of tokens that sign users in; without it, the issuer signs nobody in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in_audience: Option<String>,
    /// The clock skew allowed, in seconds.
    pub clock_skew_s: u32,
    /// Claims shown in the log beside the subject.
    pub display_claims: Vec<String>,
    /// Whether it is suspended.
    pub disabled: bool,
    /// The client as which its identities may act by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acts_as: Option<ClientId>,
    /// When it was made.
    pub created: String,
}

coded_enum! {
    /// The state of a key context.
    ContextState: u8 {
        /// In use.
        Active = 1, "active";
        /// Suspended: neither seals nor opens.
        Disabled = 2, "disabled";
        /// Its keys and its lock secret are gone. A tombstone.
        Destroyed = 3, "destroyed";
    }
}

coded_enum! {
    /// The state of one version of a context key.
    KeyState: u8 {
        /// Seals and opens.
        Active = 1, "active";
        /// Opens only.
        Rotated = 2, "rotated";
        /// Gone.
        Destroyed = 3, "destroyed";
    }
}

/// `POST /v1/contexts`: makes a key context by name; also the only way to use a destroyed one
/// again (with new keys).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ContextCreate {
    /// Its map.
    pub key_context: KeyContext,
}

/// One version of a context key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionInfo {
    /// The version.
    pub version: KeyVersion,
    /// Its state.
    pub state: KeyState,
    /// When it was made.
    pub created: String,
    /// How many items it has sealed, by the log.
    pub sealed: u64,
    /// When it last opened something, by the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_opened: Option<String>,
}

/// A key context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContextInfo {
    /// Its id.
    pub id: ContextId,
    /// Its kind.
    pub kind: Kind,
    /// Its map.
    pub key_context: KeyContext,
    /// Its state.
    pub state: ContextState,
    /// The versions of its key, newest first.
    pub versions: Vec<VersionInfo>,
    /// The policy that applies to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyId>,
    /// The customer's key that its keys are wrapped by now; the workspace's root if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_key: Option<CustomerKeyId>,
    /// When it was made.
    pub created: String,
    /// When it will be destroyed, unless that is called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destroy_at: Option<String>,
    /// The job that will destroy it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destroy_job: Option<JobId>,
    /// Until when copies of a destroyed key may exist in backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_after: Option<String>,
}

/// When a context key is rotated by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// After this many seconds; never by age if absent. At least 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_s: Option<u64>,
    /// After this many sealed items; 2^32 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u64>,
}

/// `POST /v1/context-policies` and `PUT /v1/context-policies/{id}`.
///
/// A policy applies to the key contexts that contain all its pairs; of several, the one with most
/// pairs. Two that could tie on one key context cannot both be saved.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyBody {
    /// The pairs that a key context must contain; exact values, `*` is refused.
    #[serde(rename = "match")]
    pub matches: ContextPattern,
    /// The suite for sealing; AES-256-GCM if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<Suite>,
    /// The lock terms that every sealed value must at least have.
    #[serde(default, skip_serializing_if = "Lock::is_empty")]
    pub required_lock: Lock,
    /// When keys are rotated.
    #[serde(default)]
    pub rotation: Rotation,
    /// The ciphertext formats that open; `["sr1"]` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_formats: Option<Vec<Format>>,
    /// Whether every change of an object must name the version that it replaces.
    #[serde(default, skip_serializing_if = "is_false")]
    pub version_check_required: bool,
    /// Names of pairs that are closed in the whole workspace: a key context that has one is refused
    /// unless a customer's key is attached to it. So a misspelt value never falls back to the
    /// workspace's root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_names: Vec<String>,
    /// Whether key contexts that it matches must be under a customer's key: with no pairs to match, all
    /// of the workspace, however the names of their pairs are spelt.
    #[serde(default, skip_serializing_if = "is_false")]
    pub customer_key_required: bool,
}

impl PolicyBody {
    /// A policy that says nothing yet of the key contexts that it matches.
    #[must_use]
    pub fn of(matches: ContextPattern) -> Self {
        Self {
            matches,
            suite: None,
            required_lock: Lock::default(),
            rotation: Rotation::default(),
            accepted_formats: None,
            version_check_required: false,
            closed_names: Vec::new(),
            customer_key_required: false,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A context policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyInfo {
    /// Its id.
    pub id: PolicyId,
    /// What it says.
    #[serde(flatten)]
    pub policy: PolicyBody,
    /// The customer's key that was attached to its key contexts; of several policies that match,
    /// the key of the one with most pairs counts, whatever policies without a key say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_key: Option<CustomerKeyId>,
    /// When it was made.
    pub created: String,
}
