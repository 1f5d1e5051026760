//! The root of a store and the keys that come from it.

use core::fmt;

use strongroom_crypto::chunked::InputKey;
use strongroom_crypto::entropy::{Entropy, EntropyUnavailable};
use strongroom_crypto::kdf::{self, Prf};
use strongroom_crypto::label::Label;
use strongroom_crypto::secret::Secret;
use strongroom_log::map::MapKey;
use strongroom_types::{StoreName, Suite, WorkspaceId};

use super::name::RecordName;

/// Which store: everything that a client seals is bound to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreScope {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its name there.
    pub store: StoreName,
}

impl StoreScope {
    pub(super) fn parts(&self) -> [&[u8]; 2] {
        [self.workspace.as_bytes(), self.store.as_str().as_bytes()]
    }
}

/// 32 random bytes from which all keys of a store come. Slots wrap it; the server never has it.
#[derive(Debug, PartialEq, Eq)]
pub struct StoreRoot(Secret<32>);

impl StoreRoot {
    /// Draws the root of a new store.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        Secret::generate(entropy).map(Self)
    }

    pub(super) const fn from_secret(root: Secret<32>) -> Self {
        Self(root)
    }

    pub(super) const fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// The keys of a store.
    #[must_use]
    pub fn keys(&self, scope: StoreScope, epoch: u32) -> StoreKeys {
        let of = |label| kdf::derive::<32>(&self.0, label, &scope.parts());
        let [workspace, store] = scope.parts();
        let parts = [workspace, store, &epoch.to_be_bytes()];
        let values = kdf::derive::<32>(&self.0, Label::SealedValueKey, &parts);
        StoreKeys {
            names: Prf::new(&of(Label::SealedNameKey)),
            leaves: Prf::new(&of(Label::SealedLeafKey)),
            values: input_key(&values),
            scope,
            epoch,
        }
    }
}

/// Cobblestone-256 over 32 bytes.
#[expect(
    clippy::expect_used,
    reason = "the key has the length that the suite states"
)]
pub(super) fn input_key(key: &Secret<32>) -> InputKey {
    InputKey::new(Suite::Aes256Gcm, key.expose()).expect("32 bytes")
}

/// The keys of a store.
pub struct StoreKeys {
    pub(super) names: Prf,
    pub(super) leaves: Prf,
    pub(super) values: InputKey,
    pub(super) scope: StoreScope,
    pub(super) epoch: u32,
}

impl StoreKeys {
    /// `HMAC-SHA-256(name key, "name-in-sealed-store" ‖ frame(name))`: all that the server sees of
    /// a name.
    #[must_use]
    pub fn name_hash(&self, name: &RecordName) -> MapKey {
        let name = name.as_str().as_bytes();
        MapKey::from_bytes(self.names.mac(Label::SealedName, &[name]))
    }

    /// The store that the keys are of.
    #[must_use]
    pub const fn scope(&self) -> &StoreScope {
        &self.scope
    }

    /// The epoch that they seal under.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }
}

impl fmt::Debug for StoreKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreKeys")
            .field("scope", &self.scope)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::store) fn scope(workspace: u8, store: &str) -> StoreScope {
        StoreScope {
            workspace: WorkspaceId::from_bytes([workspace; 16]),
            store: store.parse().unwrap(),
        }
    }

    pub(in crate::store) fn keys(root: u8, workspace: u8, store: &str, epoch: u32) -> StoreKeys {
        StoreRoot(Secret::from_bytes([root; 32])).keys(scope(workspace, store), epoch)
    }

    #[test]
    fn one_name_has_another_hash_in_each_store() {
        let name = RecordName::new("user:42").unwrap();
        let of = |keys: StoreKeys| keys.name_hash(&name);
        let hash = of(keys(1, 1, "store", 1));
        assert_ne!(hash, of(keys(2, 1, "store", 1)));
        assert_ne!(hash, of(keys(1, 2, "store", 1)));
        assert_ne!(hash, of(keys(1, 1, "other", 1)));
        // A later epoch finds what an earlier one named.
        assert_eq!(hash, of(keys(1, 1, "store", 2)));
    }

    #[test]
    fn names_that_differ_in_a_zero_byte_differ() {
        let keys = keys(1, 1, "store", 1);
        let of = |name| keys.name_hash(&RecordName::new(name).unwrap());
        assert_ne!(of("k"), of("k\0"));
    }
}
