//! Slots: the root of a store, wrapped for one secret.

use strongroom_crypto::chunked::{self, SALT_BYTES};
use strongroom_crypto::entropy::{Entropy, EntropyUnavailable};
use strongroom_crypto::label::Label;
use strongroom_crypto::secret::Secret;
use strongroom_crypto::{OpenError, frame, kdf};
use strongroom_types::StoreName;
use strongroom_types::body::SlotKind;

use super::root::{StoreRoot, StoreScope, input_key};
use super::secret::ClientSecret;

/// A slot as the server keeps it, without the secret that opens it.
///
/// ```text
/// key     = HKDF-Expand(secret, "sealed-slot-key" ‖ frame(workspace, store, slot))
/// wrapped = Cobblestone-256(key, context = "slot-of-sealed-store" ‖
///                           frame(workspace, store, slot, kind, epoch u32), root)
/// ```
///
/// A slot of another store, of another name or of an older epoch does not open. Whoever changes a
/// secret wraps 32 bytes anew; names and values stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedRoot {
    /// The name of the slot.
    pub slot: StoreName,
    /// What opens it.
    pub kind: SlotKind,
    /// The store's epoch.
    pub epoch: u32,
    /// The root, sealed: 104 bytes.
    pub sealed: Vec<u8>,
}

impl WrappedRoot {
    /// Wraps a root for a secret.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn wrap(
        root: &StoreRoot,
        secret: &ClientSecret,
        (scope, slot, kind, epoch): (&StoreScope, StoreName, SlotKind, u32),
        entropy: &dyn Entropy,
    ) -> Result<Self, EntropyUnavailable> {
        let mut salt = [0; SALT_BYTES];
        entropy.fill(&mut salt)?;
        let mut wrapped = Self {
            slot,
            kind,
            epoch,
            sealed: Vec::new(),
        };
        let key = input_key(&wrapped.key(secret, scope));
        let context = wrapped.context(scope);
        wrapped.sealed = chunked::seal(&key, &salt, &context, root.secret().expose());
        Ok(wrapped)
    }

    /// The root.
    ///
    /// # Errors
    /// The secret is another one, or the slot is of another place.
    pub fn unwrap(
        &self,
        secret: &ClientSecret,
        scope: &StoreScope,
    ) -> Result<StoreRoot, OpenError> {
        let key = input_key(&self.key(secret, scope));
        let root = chunked::open(&key, &self.context(scope), &self.sealed)?;
        let root = <[u8; 32]>::try_from(root.expose()).map_err(|_other_length| OpenError)?;
        Ok(StoreRoot::from_secret(Secret::from_bytes(root)))
    }

    fn key(&self, secret: &ClientSecret, scope: &StoreScope) -> Secret<32> {
        let [workspace, store] = scope.parts();
        let parts = [workspace, store, self.slot.as_str().as_bytes()];
        kdf::derive(secret.secret(), Label::SealedSlotKey, &parts)
    }

    fn context(&self, scope: &StoreScope) -> Vec<u8> {
        let [workspace, store] = scope.parts();
        let (slot, kind) = (self.slot.as_str().as_bytes(), self.kind.name().as_bytes());
        let parts = [workspace, store, slot, kind, &self.epoch.to_be_bytes()];
        [Label::SealedSlot.as_bytes(), &frame::list(&parts)].concat()
    }
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::entropy::SystemEntropy;

    use super::*;
    use crate::store::root::tests::scope;

    fn wrapped(root: &StoreRoot, secret: &ClientSecret) -> WrappedRoot {
        let place = (
            &scope(1, "store"),
            "main".parse().unwrap(),
            SlotKind::Secret,
            1,
        );
        WrappedRoot::wrap(root, secret, place, &SystemEntropy).unwrap()
    }

    #[test]
    fn slot_opens_with_its_secret_at_its_place_only() {
        let root = StoreRoot::generate(&SystemEntropy).unwrap();
        let [secret, other] = [0, 1].map(|_| ClientSecret::generate(&SystemEntropy).unwrap());
        let slot = wrapped(&root, &secret);
        assert_eq!(slot.sealed.len(), 104);
        let home = scope(1, "store");
        assert_eq!(slot.unwrap(&secret, &home).as_ref(), Ok(&root));
        assert_eq!(slot.unwrap(&other, &home), Err(OpenError));
        assert_eq!(slot.unwrap(&secret, &scope(2, "store")), Err(OpenError));
        assert_eq!(slot.unwrap(&secret, &scope(1, "other")), Err(OpenError));
        let renamed = WrappedRoot {
            slot: "other".parse().unwrap(),
            ..slot.clone()
        };
        let rekinded = WrappedRoot {
            kind: SlotKind::Passphrase,
            ..slot.clone()
        };
        let later = WrappedRoot { epoch: 2, ..slot };
        for moved in [renamed, rekinded, later] {
            assert_eq!(moved.unwrap(&secret, &home), Err(OpenError));
        }
    }

    #[test]
    fn changing_a_secret_rewraps_the_same_root() {
        let root = StoreRoot::generate(&SystemEntropy).unwrap();
        let [before, after] = [0, 1].map(|_| ClientSecret::generate(&SystemEntropy).unwrap());
        let opened = wrapped(&root, &before);
        let opened = opened.unwrap(&before, &scope(1, "store")).unwrap();
        let rewrapped = wrapped(&opened, &after);
        let again = rewrapped.unwrap(&after, &scope(1, "store")).unwrap();
        assert_eq!(again, root);
        assert_eq!(
            rewrapped.unwrap(&before, &scope(1, "store")),
            Err(OpenError)
        );
    }
}
