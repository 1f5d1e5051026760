//! Data keys of keysets: derived, withheld until their entry is durable, derived again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use strongroom_crypto::keys::{
    KEY_MATERIAL_BYTES, KEYSET_IV_BYTES, KeysetAuthority, KeysetItem, KeysetTag, ResolvedLock,
};
use strongroom_crypto::secret::Secret;
use strongroom_log::sha256;
use strongroom_types::{KeyVersion, Operation};

use super::super::{ItemPermit, Withheld};
use super::ContextKeys;
use crate::denial::{CiphertextFault, Denial};

/// A new data key and its tag.
#[derive(Debug)]
pub(crate) struct DerivedKey {
    pub(crate) tag: Vec<u8>,
    pub(crate) material: Secret<KEY_MATERIAL_BYTES>,
}

impl ContextKeys {
    /// Derives a new data key under the active version. Its digest is that of its tag.
    pub(crate) fn derive_for_keyset(
        &self,
        item: &KeysetItem<'_>,
    ) -> Result<Withheld<DerivedKey>, Denial> {
        let secret = match item.lock {
            None => None,
            Some(_) => Some(self.lock_secret()?),
        };
        let authority = self.version(self.active)?.keyset_authority();
        let (tag, material) = authority.derive(item, secret);
        let of = (Operation::KeysetGenerate, self.id);
        let digest = sha256(&tag);
        Ok(Withheld::new(of, digest, DerivedKey { tag, material }))
    }

    /// Derives data keys again.
    pub(crate) const fn keyset_deriver(&self) -> KeysetDeriver<'_> {
        KeysetDeriver {
            keys: self,
            authorities: BTreeMap::new(),
        }
    }

    /// Gives out the key of the keyset's index terms.
    pub(crate) fn keyset_index_key(
        &self,
        permit: ItemPermit,
    ) -> Result<Secret<KEY_MATERIAL_BYTES>, Denial> {
        permit.consume(&[Operation::KeysetLoad], self.id)?;
        Ok(self.lock_secret()?.keyset_index_key())
    }

    /// Whether the version is there.
    ///
    /// # Errors
    /// It never was, or is destroyed.
    pub(crate) fn check_version(&self, version: KeyVersion) -> Result<(), Denial> {
        self.version(version).map(drop)
    }

    /// Whether the identity is the one that a data key is locked to: compares what the tag says of its
    /// owner, so that a wrong person is refused before any key is used. The derivation refuses as well.
    pub(crate) fn meets_keyset_lock(
        &self,
        iv: &[u8; KEYSET_IV_BYTES],
        lock: &ResolvedLock,
        lock_tag: &[u8],
    ) -> bool {
        if cfg!(feature = "danger-skip-lock-tag") {
            return true;
        }
        let secret = self.lock_secret.as_ref();
        secret.is_some_and(|secret| secret.verify_keyset_lock(iv, lock, lock_tag))
    }
}

/// Derives data keys of one keyset again, under the versions that their tags name.
pub(crate) struct KeysetDeriver<'k> {
    keys: &'k ContextKeys,
    authorities: BTreeMap<KeyVersion, KeysetAuthority>,
}

impl KeysetDeriver<'_> {
    /// The material of the data key that the tag is of.
    pub(crate) fn derive_again(
        &mut self,
        permit: ItemPermit,
        item: &KeysetItem<'_>,
        tag: &KeysetTag<'_>,
    ) -> Result<Secret<KEY_MATERIAL_BYTES>, Denial> {
        permit.consume(&[Operation::KeysetRetrieve], self.keys.id)?;
        let authority = match self.authorities.entry(tag.version()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                place.insert(self.keys.version(tag.version())?.keyset_authority())
            }
        };
        authority
            .derive_again(item, tag)
            .ok_or(Denial::Ciphertext(CiphertextFault::Altered))
    }
}
