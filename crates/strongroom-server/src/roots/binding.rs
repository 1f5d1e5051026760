//! Whose data a seed's key is for, in the forms that providers bind.

use strongroom_crypto::keys::Place;
use strongroom_types::KeyContext;

/// The length of a [`Binding::digest`].
pub(super) const DIGEST_BYTES: usize = 32;

/// A place and, where there is one, the key context.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding<'a> {
    pub(super) place: &'a Place,
    pub(super) context: Option<&'a KeyContext>,
}

impl Binding<'_> {
    /// What a provider authenticates beside a seed, or wraps with it.
    pub(super) fn digest(&self) -> [u8; DIGEST_BYTES] {
        self.place.binding(self.context)
    }

    /// The place and the key context as pairs that a person and an access policy can read, for
    /// AWS KMS.
    ///
    /// Names of ours begin with `strongroom:`. A pair of the key context whose name does is put
    /// behind `strongroom:context:`, so that no tenant can name a place. A key context larger than
    /// [`PAIRS_BYTES_MAX`], which AWS would refuse, is bound by its digest.
    #[cfg(feature = "aws-kms")]
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = place_pairs(self.place);
        let context: Vec<_> = self.context.iter().flat_map(|it| it.pairs()).collect();
        let bytes: usize = context
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        if bytes > PAIRS_BYTES_MAX {
            pairs.push((name("digest"), hex(&self.digest())));
            return pairs;
        }
        pairs.extend(context.into_iter().map(|(key, value)| {
            let reserved = if key.starts_with(PREFIX) {
                name("context:")
            } else {
                String::new()
            };
            (reserved + key, value.to_owned())
        }));
        pairs
    }
}

/// What names of ours begin with.
#[cfg(feature = "aws-kms")]
const PREFIX: &str = "strongroom:";

/// The largest key context that stands readable in an encryption context. AWS takes 8 KiB.
#[cfg(feature = "aws-kms")]
const PAIRS_BYTES_MAX: usize = 6 * 1024;

#[cfg(feature = "aws-kms")]
fn name(name: &str) -> String {
    format!("{PREFIX}{name}")
}

#[cfg(feature = "aws-kms")]
fn place_pairs(place: &Place) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut add = |key: &str, value: String| pairs.push((name(key), value));
    match place {
        Place::Deployment(key) => add("deployment", (*key).to_owned()),
        Place::WorkspaceRoot(workspace, version) => {
            add("use", "workspace-root".to_owned());
            add("workspace", workspace.to_string());
            add("version", version.0.to_string());
        }
        Place::ContextIdKey(workspace) => {
            add("use", "context-id-key".to_owned());
            add("workspace", workspace.to_string());
        }
        Place::AuditKey(workspace) => {
            add("use", "audit-key".to_owned());
            add("workspace", workspace.to_string());
        }
        Place::ContextKey(workspace, context, version) => {
            add("use", "context-key".to_owned());
            add("workspace", workspace.to_string());
            add("context", context.to_string());
            add("version", version.0.to_string());
        }
        Place::LockSecret(workspace, context) => {
            add("use", "lock-secret".to_owned());
            add("workspace", workspace.to_string());
            add("context", context.to_string());
        }
        Place::CustomerKeyProof(workspace, key) => {
            add("use", "proof-of-customer-key".to_owned());
            add("workspace", workspace.to_string());
            add("customer-key", key.to_string());
        }
        Place::ApplicationKey(workspace, client, version) => {
            add("use", "key-of-application".to_owned());
            add("workspace", workspace.to_string());
            add("client", client.to_string());
            add("version", version.0.to_string());
        }
    }
    pairs
}

#[cfg(feature = "aws-kms")]
fn hex(bytes: &[u8]) -> String {
    use core::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[cfg(feature = "aws-kms")]
mod tests {
    use std::collections::BTreeSet;

    use strongroom_types::{ContextId, KeyVersion, WorkspaceId};

    use super::*;

    const PLACE: Place = Place::ContextKey(
        WorkspaceId::from_bytes([1; 16]),
        ContextId::from_bytes([2; 32]),
        KeyVersion(3),
    );

    fn pairs(context: &[(&str, &str)]) -> Vec<(String, String)> {
        let context = KeyContext::new(context.iter().copied()).unwrap();
        let binding = Binding {
            place: &PLACE,
            context: Some(&context),
        };
        binding.pairs()
    }

    #[test]
    fn a_policy_can_name_the_workspace_and_whose_data_it_is() {
        let pairs = pairs(&[("organizationId", "org_acme")]);
        let workspace = WorkspaceId::from_bytes([1; 16]).to_string();
        for (name, value) in [
            ("organizationId", "org_acme"),
            ("strongroom:use", "context-key"),
            ("strongroom:workspace", &workspace),
            ("strongroom:version", "3"),
        ] {
            assert!(
                pairs.contains(&(name.to_owned(), value.to_owned())),
                "{name}"
            );
        }
    }

    #[test]
    fn no_key_context_can_name_a_place() {
        let pairs = pairs(&[
            ("strongroom:workspace", "ws_other"),
            ("strongroom:context:strongroom:workspace", "ws_other"),
        ]);
        let names: BTreeSet<_> = pairs.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), pairs.len());
        let workspace = pairs
            .iter()
            .find(|(name, _)| name == "strongroom:workspace");
        assert_ne!(workspace.unwrap().1, "ws_other");
    }

    #[test]
    fn a_key_context_too_large_for_the_provider_is_bound_by_its_digest() {
        let value = "𝕏".repeat(KeyContext::VALUE_CHARS_MAX);
        let large = |last: &str| {
            let last = format!("{value}{last}");
            pairs(&[
                ("a", &value),
                ("b", &value),
                ("c", &value),
                ("d", last.get(4..).unwrap()),
            ])
        };
        let bytes = |pairs: &[(String, String)]| -> usize {
            pairs
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum()
        };
        assert!(bytes(&large("x")) < 1024);
        assert_ne!(large("x"), large("y"));
        assert_eq!(large("x"), large("x"));
    }
}
