//! Context keys, and the ids of key contexts.

use core::fmt;
use std::sync::OnceLock;

use strongroom_types::{ContextId, KeyContext, KeyVersion, Kind, Purpose, Suite, WorkspaceId};

use super::audit::{TAG_BYTES, first};
use super::{KeysetAuthority, Place, Seed};
use crate::frame;
use crate::kdf::Prf;
use crate::label::Label;
use crate::secret::Secret;
use crate::suite::SuiteKey;

/// Names a workspace's key contexts, and the names of its objects, for its database. Never rotated:
/// a context's id is forever.
#[derive(Debug)]
pub struct ContextIdKey(Prf);

impl ContextIdKey {
    /// `HKDF-Expand(seed, label ‖ workspace)`.
    #[must_use]
    pub fn derive(seed: &Seed, workspace: WorkspaceId) -> Self {
        Self(Prf::new(&seed.derive_key(&Place::ContextIdKey(workspace))))
    }

    /// `HMAC-SHA-256(context-id key, label ‖ kind ‖ frame(map))`.
    #[must_use]
    pub fn context_id(&self, kind: Kind, context: &KeyContext) -> ContextId {
        let mac = self.0.mac_of(Label::ContextId, |message| {
            message.push(kind.code());
            frame::push_context(message, context);
        });
        ContextId::from_bytes(mac)
    }

    /// `HMAC-SHA-256(context-id key, label ‖ frame(name))`: an object's name as the database looks
    /// it up.
    #[must_use]
    pub fn object_name(&self, name: &str) -> [u8; 32] {
        self.0.mac(Label::ObjectName, &[name.as_bytes()])
    }

    /// `HMAC-SHA-256(context-id key, label ‖ frame(name))`: a keyset's name as the database looks it
    /// up.
    #[must_use]
    pub fn keyset_name(&self, name: &str) -> [u8; 32] {
        self.0.mac(Label::KeysetName, &[name.as_bytes()])
    }

    /// `HMAC-SHA-256(context-id key, label ‖ frame(owner, environment, name))`: an application's name
    /// as the database looks it up. It is its owner's: another's is another one.
    #[must_use]
    pub fn application_name(&self, owner: &[u8; 16], environment: &str, name: &str) -> [u8; 32] {
        let parts = [owner.as_slice(), environment.as_bytes(), name.as_bytes()];
        self.0.mac(Label::ApplicationName, &parts)
    }

    /// `HMAC-SHA-256(context-id key, label ‖ frame(issuer, subject))`: an identity as the database looks
    /// up which user it is.
    #[must_use]
    pub fn user_identity(&self, issuer: &[u8; 16], subject: &str) -> [u8; 32] {
        let parts = [issuer.as_slice(), subject.as_bytes()];
        self.0.mac(Label::UserIdentity, &parts)
    }

    /// `HMAC-SHA-256(context-id key, label ‖ frame(context id, name))`: the name of a value in a
    /// store as the database looks it up. One name has another one in each store.
    #[must_use]
    pub fn store_value_name(&self, store: ContextId, name: &[u8]) -> [u8; 32] {
        self.0.mac(Label::StoreValueName, &[store.as_bytes(), name])
    }

    /// `HMAC-SHA-256(context-id key, label ‖ frame(share))`, first 16 bytes: what tells a share of a
    /// secret that was split in this workspace from every other.
    #[must_use]
    pub fn share_tag(&self, share: &[u8]) -> [u8; TAG_BYTES] {
        first(&self.0.mac(Label::SecretShare, &[share]))
    }
}

/// How many (purpose, suite) pairs there are.
const PAIRS: usize = Purpose::ALL.len() * Suite::ALL.len();

/// Subkeys by (purpose, suite), each derived when first used and kept: a context key is used
/// millions of times, with one or two of them.
type Subkeys = [OnceLock<Box<SuiteKey>>; PAIRS];

/// The key of one (workspace, key context, version). About 2 KiB with its prepared subkeys.
pub struct ContextKey {
    workspace: WorkspaceId,
    context: ContextId,
    version: KeyVersion,
    key: Prf,
    bodies: Subkeys,
    wrapping: Subkeys,
}

impl ContextKey {
    /// `HKDF-Expand(seed, label ‖ workspace ‖ context id ‖ version)`.
    #[must_use]
    pub fn derive(
        seed: &Seed,
        workspace: WorkspaceId,
        context: ContextId,
        version: KeyVersion,
    ) -> Self {
        let place = Place::ContextKey(workspace, context, version);
        Self {
            workspace,
            context,
            version,
            key: Prf::new(&seed.derive_key(&place)),
            bodies: [const { OnceLock::new() }; PAIRS],
            wrapping: [const { OnceLock::new() }; PAIRS],
        }
    }

    /// The workspace that the key belongs to.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// The key context that the key belongs to.
    #[must_use]
    pub const fn context(&self) -> ContextId {
        self.context
    }

    /// The key's version.
    #[must_use]
    pub const fn version(&self) -> KeyVersion {
        self.version
    }

    /// `HKDF-Expand(context key, label ‖ frame(workspace, context id, version))`: what derives the data
    /// keys of a keyset.
    #[must_use]
    pub fn keyset_authority(&self) -> KeysetAuthority {
        let version = self.version.0.to_be_bytes();
        let parts: [&[u8]; 3] = [self.workspace.as_bytes(), self.context.as_bytes(), &version];
        let key = self.key.derive::<32>(Label::KeysetAuthority, &parts);
        KeysetAuthority::of(self.version, Prf::new(&key))
    }

    /// `HKDF-Expand(context key, label ‖ frame(workspace, context id, version))`: what a client may be given to
    /// seal with by itself. Nothing of Strongroom's is under it.
    #[must_use]
    pub fn sdk_key(&self) -> Secret<32> {
        let version = self.version.0.to_be_bytes();
        let parts: [&[u8]; 3] = [self.workspace.as_bytes(), self.context.as_bytes(), &version];
        self.derive_subkey(Label::SdkKey, &parts)
    }

    /// `HKDF-Expand(context key, label ‖ frame(parts))`.
    pub(super) fn derive_subkey<const N: usize>(&self, label: Label, parts: &[&[u8]]) -> Secret<N> {
        self.key.derive(label, parts)
    }

    /// `HKDF-Expand(context key, label ‖ frame(purpose, suite))` for bodies in derived mode.
    pub(crate) fn body_key(&self, purpose: Purpose, suite: Suite) -> &SuiteKey {
        self.subkey(&self.bodies, Label::Body, purpose, suite)
    }

    /// `HKDF-Expand(context key, label ‖ frame(purpose, suite))` for key parts.
    pub(crate) fn wrapping_key(&self, purpose: Purpose, suite: Suite) -> &SuiteKey {
        self.subkey(&self.wrapping, Label::Wrapping, purpose, suite)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "`slot` is below `PAIRS`, which the test below shows for every pair"
    )]
    fn subkey<'a>(
        &self,
        subkeys: &'a Subkeys,
        label: Label,
        purpose: Purpose,
        suite: Suite,
    ) -> &'a SuiteKey {
        subkeys[slot(purpose, suite)].get_or_init(|| {
            let parts = [purpose.name().as_bytes(), suite.name().as_bytes()];
            Box::new(SuiteKey::derive(suite, &self.key, label, &parts))
        })
    }
}

/// Codes count from 1 without a gap.
const fn slot(purpose: Purpose, suite: Suite) -> usize {
    (purpose.code() as usize - 1) * Suite::ALL.len() + suite.code() as usize - 1
}

impl fmt::Debug for ContextKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextKey")
            .field("workspace", &self.workspace)
            .field("context", &self.context)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_pair_has_its_slot() {
        let pairs = Purpose::ALL
            .iter()
            .flat_map(|purpose| Suite::ALL.iter().map(|suite| slot(*purpose, *suite)));
        let slots: BTreeSet<_> = pairs.collect();
        assert_eq!(slots, (0..PAIRS).collect());
    }
}
