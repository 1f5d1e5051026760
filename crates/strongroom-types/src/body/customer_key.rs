//! `/v1/customer-keys`: tenants' own keys, and which key a key context uses.

use serde::{Deserialize, Serialize};

use super::{JobInfo, PolicyInfo};
use crate::coded::coded_enum;
use crate::provider::{Exposed, Hidden};
use crate::{ContextId, ContextPattern, CustomerKeyId, KeyContext, PolicyId, ProviderKey};

/// `POST /v1/customer-keys`. The key is not used before it is verified.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomerKeyCreate {
    /// A name for people, 1 to 200 characters.
    pub name: String,
    /// Where the key is and how to use it. Its credentials are sealed and never answered.
    pub key: ProviderKey,
    /// For how many seconds after it was unwrapped a tenant's key may be used without asking the
    /// provider again; 60 if absent, at most 86,400. 0 asks the provider at every use.
    #[serde(default)]
    pub cache_s: Option<u32>,
}

/// The body as a client sends it.
#[derive(Debug, Serialize)]
pub struct CustomerKeyExposed<'a> {
    name: &'a str,
    key: ProviderKey<Exposed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_s: Option<u32>,
}

impl CustomerKeyCreate {
    /// The body with its credentials in the clear: for the one request that registers it.
    #[must_use]
    pub fn expose(&self) -> CustomerKeyExposed<'_> {
        CustomerKeyExposed {
            name: &self.name,
            key: self.key.expose(),
            cache_s: self.cache_s,
        }
    }
}

/// `PATCH /v1/customer-keys/{id}`: absent fields stay.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomerKeyUpdate {
    /// A new name.
    #[serde(default)]
    pub name: Option<String>,
    /// Another way to the same key, for example with new credentials. That it is the same key is
    /// tried before it counts.
    #[serde(default)]
    pub key: Option<ProviderKey>,
    /// A new cache lifetime in seconds.
    #[serde(default)]
    pub cache_s: Option<u32>,
}

/// The change as a client sends it.
#[derive(Debug, Serialize)]
pub struct CustomerKeyUpdateExposed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<ProviderKey<Exposed<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_s: Option<u32>,
}

impl CustomerKeyUpdate {
    /// The change with its credentials in the clear: for the one request that makes it.
    #[must_use]
    pub fn expose(&self) -> CustomerKeyUpdateExposed<'_> {
        CustomerKeyUpdateExposed {
            name: self.name.as_deref(),
            key: self.key.as_ref().map(ProviderKey::expose),
            cache_s: self.cache_s,
        }
    }
}

coded_enum! {
    /// The state of a customer's key.
    CustomerKeyState: u8 {
        /// It has not shown yet that it wraps and unwraps.
        Unverified = 1, "unverified";
        /// It wraps and unwraps.
        Active = 2, "active";
        /// It unwraps only for jobs that move key contexts away from it.
        RewrapOnly = 3, "rewrap-only";
        /// Suspended here: what is under it is closed.
        Disabled = 4, "disabled";
    }
}

/// A customer's key, without credentials.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerKeyInfo {
    /// Its id.
    pub id: CustomerKeyId,
    /// Its name.
    pub name: String,
    /// Where the key is; credentials read `hidden`.
    pub key: ProviderKey<Hidden>,
    /// Its state.
    pub state: CustomerKeyState,
    /// Its cache lifetime in seconds.
    pub cache_s: u32,
    /// The policies to whose key contexts it is attached.
    pub policies: Vec<PolicyId>,
    /// How many key contexts have their keys wrapped by it now.
    pub contexts: u64,
    /// When it was registered.
    pub created: String,
    /// When it was last verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<String>,
}

/// `POST /v1/customer-keys/{id}/attach`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomerKeyAttach {
    /// The pairs that a key context must contain; at least one. The policy with exactly these pairs
    /// gets the key, and is made if it is not there.
    #[serde(rename = "match")]
    pub matches: ContextPattern,
}

/// `POST /v1/customer-keys/{id}/replace`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomerKeyReplace {
    /// The key that takes its place.
    pub by: CustomerKeyId,
}

/// `POST /v1/customer-keys/{id}/detach`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomerKeyDetach {
    /// The policy to take it away from; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyId>,
}

/// What a customer's key is resumed for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EnableFor {
    /// For everything.
    #[default]
    Use,
    /// For jobs that move key contexts away from it: what is under it stays closed until it is moved.
    Rewrap,
}

/// `POST /v1/customer-keys/{id}/enable`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CustomerKeyEnable {
    /// What for; `use` if absent.
    #[serde(default, rename = "for")]
    pub purpose: EnableFor,
}

/// What attaching, replacing or detaching changed, and the job that moves what exists.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerKeyMoves {
    /// The policies, as they are now.
    pub policies: Vec<PolicyInfo>,
    /// The job.
    pub job: JobInfo,
}

/// `POST /v1/customer-keys/which-key`: which key a key context would use. Nothing is used.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WhichKeyRequest {
    /// The key context.
    pub key_context: KeyContext,
}

/// What wraps the keys of a key context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WrappingKind {
    /// The workspace's root.
    WorkspaceRoot,
    /// A customer's key.
    CustomerKey,
    /// Nothing: the key context is refused.
    Refused,
}

/// Why a key context uses the key that it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhichKeyBecause {
    /// Of the policies with a customer's key that match, `policy` has most pairs.
    PolicyWithMostPairs,
    /// No policy with a customer's key matches.
    NoPolicyWithKey,
    /// A name of its pairs is closed, and no customer's key is attached to such pairs.
    ClosedName,
    /// No policy with a customer's key matches, and `policy` wants one.
    CustomerKeyRequired,
}

/// A policy that matches a key context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsideredPolicy {
    /// The policy.
    pub policy: PolicyId,
    /// How many pairs it names.
    pub pairs: u32,
    /// Its customer's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_key: Option<CustomerKeyId>,
}

/// Which key a key context uses, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WhichKey {
    /// The id that the key context has or would have.
    pub context: ContextId,
    /// What wraps the keys that it seals with.
    pub wrapped_by: WrappingKind,
    /// Why.
    pub because: WhichKeyBecause,
    /// The customer's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_key: Option<CustomerKeyId>,
    /// The state of the customer's key: only an active one is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<CustomerKeyState>,
    /// The policy that decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyId>,
    /// The closed name that decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_name: Option<String>,
    /// Every policy that matches, most pairs first.
    pub considered: Vec<ConsideredPolicy>,
    /// What wraps its keys now, if the key context exists. Until a job has moved it, or the next
    /// value is sealed, this may be another than what it would use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrapped_now: Option<WrappingKind>,
    /// The customer's key that wraps its keys now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_key_now: Option<CustomerKeyId>,
}
