//! What an entry says of a customer's key.

use strongroom_log::Entry;
use strongroom_types::body::{
    ByokKey, ByokKeyVerified, CustomerKeyChanged, EventData, KeyProvider,
};
use strongroom_types::{CustomerKeyId, Operation, Outcome, PolicyId, Reason};

use crate::denial::Denial;
use crate::policy::Policy;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// Names of pairs that say whose a key is.
const ORGANIZATION: [&str; 2] = ["organizationId", "organization_id"];

impl Strongroom {
    /// The event of an entry about a customer's key.
    pub(super) async fn about_customer_key(
        &self,
        state: &WorkspaceState,
        entry: &Entry,
    ) -> Result<Option<EventData>, Denial> {
        let fact = |name| entry.facts.value(name);
        let id = fact("customer_key").and_then(|id| id.parse::<CustomerKeyId>().ok());
        let described = id.and_then(|id| state.customer_keys.find(id).ok());
        let described = described.map(|key| key.body.key.kind());
        let kind = fact("provider").or(described).and_then(provider);
        let (Some(customer_key), Some(provider)) = (id, kind) else {
            return Ok(None);
        };
        let key = ByokKey {
            organization_id: organization(state, entry, customer_key),
            key_provider: provider,
        };
        Ok(Some(match entry.operation {
            Operation::CustomerKeyVerify => {
                let verified = entry.outcome == Outcome::Allowed;
                EventData::ByokKeyVerificationCompleted(ByokKeyVerified { key, verified })
            }
            Operation::CustomerKeyDetach => EventData::ByokKeyDeleted(key),
            operation => EventData::CustomerKeyChanged(CustomerKeyChanged {
                actor: self.actor(state, entry.client).await?,
                operation,
                customer_key,
                key,
            }),
        }))
    }
}

/// Whether the entry says that a customer's key was tried, and did not do its duty.
pub(super) const fn failed_its_trial(entry: &Entry) -> bool {
    matches!(entry.operation, Operation::CustomerKeyVerify)
        && matches!(
            entry.reason,
            Some(
                Reason::CustomerKeyUnreachable
                    | Reason::CustomerKeyRefused
                    | Reason::CustomerKeyOther
            )
        )
}

fn provider(kind: &str) -> Option<KeyProvider> {
    Some(match kind {
        "pkcs11" => KeyProvider::Pkcs11,
        "aws_kms" => KeyProvider::AwsKms,
        "transit" => KeyProvider::Transit,
        "gcp_kms" => KeyProvider::GcpKms,
        "azure_key_vault" => KeyProvider::AzureKeyVault,
        _ => return None,
    })
}

/// Whose the key is, as far as the policies say that the entry names, or that it is attached by now.
fn organization(state: &WorkspaceState, entry: &Entry, key: CustomerKeyId) -> String {
    let named = entry.facts.value("policies").unwrap_or_default();
    let named = named
        .split(' ')
        .filter_map(|id| id.parse::<PolicyId>().ok());
    let named = named.filter_map(|id| state.policies.find(id));
    let attached = state.policies.iter();
    let attached = attached.filter(|policy| policy.customer_key == Some(key));
    let by_policy = named.chain(attached).find_map(organization_of);
    by_policy.unwrap_or_else(|| {
        let key = state.customer_keys.find(key);
        key.map(|key| key.body.name.clone()).unwrap_or_default()
    })
}

fn organization_of(policy: &Policy) -> Option<String> {
    let mut pairs = policy.body.matches.pairs();
    let pair = pairs.find(|(name, _)| ORGANIZATION.contains(name));
    pair.map(|(_, value)| value.to_owned())
}
