//! Sealing values, and what the store's map says of them.

use strongroom_crypto::chunked::{self, SALT_BYTES};
use strongroom_crypto::entropy::{Entropy, EntropyUnavailable};
use strongroom_crypto::label::Label;
use strongroom_crypto::secret::SecretBytes;
use strongroom_crypto::{OpenError, frame};
use strongroom_log::map::MapKey;
use strongroom_log::{Hash, sha256};

use super::padding;
use super::root::StoreKeys;

/// A value that cannot be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// It has 4 GiB or more.
    #[error("the value is too long")]
    TooLong,
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

/// What is public of a version of a record, and authentic by the leaf of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafState {
    /// The version, counted from 1 for each name.
    pub version: u64,
    /// The epoch that it was sealed under.
    pub epoch: u32,
    /// When it expires, microseconds since 1970; `None` for never.
    pub expires: Option<i64>,
    /// SHA-256 of the sealed value.
    pub digest: Hash,
}

/// A version of a record as the server keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedRecord {
    /// What is public of it.
    pub state: LeafState,
    /// The sealed value.
    pub sealed: Vec<u8>,
}

impl core::fmt::Debug for SealedRecord {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SealedRecord")
            .field("state", &self.state)
            .field("bytes", &self.sealed.len())
            .finish_non_exhaustive()
    }
}

impl StoreKeys {
    /// Seals a value as a version of a record.
    ///
    /// ```text
    /// Cobblestone-256(value key, context = "value-in-sealed-store" ‖
    ///     frame(workspace, store, name hash, version u64, epoch u32, expires i64), padded value)
    /// ```
    ///
    /// `expires` is 0 for never.
    ///
    /// # Errors
    /// The value is too long, or there is no randomness.
    pub fn seal(
        &self,
        name: MapKey,
        (version, expires): (u64, Option<i64>),
        value: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<SealedRecord, ValueError> {
        let mut salt = [0; SALT_BYTES];
        entropy.fill(&mut salt)?;
        let padded = padding::pad(value).ok_or(ValueError::TooLong)?;
        let context = self.context(name, version, expires);
        let sealed = chunked::seal(&self.values, &salt, &context, &padded);
        let state = LeafState {
            version,
            epoch: self.epoch,
            expires,
            digest: sha256(&sealed),
        };
        Ok(SealedRecord { state, sealed })
    }

    /// The value.
    ///
    /// # Errors
    /// The record is of another name, version, epoch or store, expires at another time, or was
    /// altered.
    pub fn open(&self, name: MapKey, record: &SealedRecord) -> Result<SecretBytes, OpenError> {
        let state = &record.state;
        if state.epoch != self.epoch || sha256(&record.sealed) != state.digest {
            return Err(OpenError);
        }
        let context = self.context(name, state.version, state.expires);
        let padded = chunked::open(&self.values, &context, &record.sealed)?;
        padding::unpad(padded.expose())
    }

    /// What the map has in the record's place, blinded: without the store's root nobody can tell
    /// whether a leaf is of some guessed record.
    ///
    /// ```text
    /// HMAC-SHA-256(leaf key, "leaf-of-sealed-store" ‖
    ///     frame(name hash, version u64, epoch u32, expires i64, SHA-256(sealed value)))
    /// ```
    #[must_use]
    pub fn leaf(&self, name: MapKey, state: &LeafState) -> Hash {
        let parts: [&[u8]; 5] = [
            name.as_bytes(),
            &state.version.to_be_bytes(),
            &state.epoch.to_be_bytes(),
            &state.expires.unwrap_or_default().to_be_bytes(),
            state.digest.as_bytes(),
        ];
        Hash::from_bytes(self.leaves.mac(Label::SealedLeaf, &parts))
    }

    fn context(&self, name: MapKey, version: u64, expires: Option<i64>) -> Vec<u8> {
        let [workspace, store] = self.scope.parts();
        let parts: [&[u8]; 6] = [
            workspace,
            store,
            name.as_bytes(),
            &version.to_be_bytes(),
            &self.epoch.to_be_bytes(),
            &expires.unwrap_or_default().to_be_bytes(),
        ];
        [Label::SealedValue.as_bytes(), &frame::list(&parts)].concat()
    }
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::entropy::SystemEntropy;

    use super::*;
    use crate::store::name::RecordName;
    use crate::store::root::tests::keys;

    fn name(keys: &StoreKeys, name: &str) -> MapKey {
        keys.name_hash(&RecordName::new(name).unwrap())
    }

    fn sealed(keys: &StoreKeys) -> (MapKey, SealedRecord) {
        let name = name(keys, "user:42");
        let record = keys.seal(name, (3, Some(7)), b"value", &SystemEntropy);
        (name, record.unwrap())
    }

    #[test]
    fn record_opens_at_its_place_only() {
        let home = keys(1, 1, "store", 1);
        let (hash, record) = sealed(&home);
        assert!(home.open(hash, &record).unwrap().expose() == b"value");
        assert!(home.open(name(&home, "user:43"), &record).is_err());
        for other in [
            keys(2, 1, "store", 1),
            keys(1, 2, "store", 1),
            keys(1, 1, "other", 1),
            keys(1, 1, "store", 2),
        ] {
            assert!(other.open(hash, &record).is_err());
        }
    }

    #[test]
    fn every_part_of_a_record_is_bound() {
        let keys = keys(1, 1, "store", 1);
        let (name, record) = sealed(&keys);
        let leaf = keys.leaf(name, &record.state);
        let altered = |alter: fn(&mut LeafState)| {
            let mut record = record.clone();
            alter(&mut record.state);
            record
        };
        for other in [
            altered(|state| state.version = 2),
            altered(|state| state.epoch = 2),
            altered(|state| state.expires = None),
            altered(|state| state.digest = sha256(b"other")),
        ] {
            assert!(keys.open(name, &other).is_err());
            assert_ne!(keys.leaf(name, &other.state), leaf);
        }
        let mut flipped = record.clone();
        flipped.sealed[80] ^= 1;
        assert!(keys.open(name, &flipped).is_err());
        flipped.state.digest = sha256(&flipped.sealed);
        assert!(keys.open(name, &flipped).is_err());
    }

    #[test]
    fn leaf_of_one_record_differs_between_stores() {
        let (a, b) = (keys(1, 1, "store", 1), keys(2, 1, "store", 1));
        let (name, record) = sealed(&a);
        assert_ne!(a.leaf(name, &record.state), b.leaf(name, &record.state));
    }

    #[test]
    fn short_values_are_sealed_to_one_length() {
        let keys = keys(1, 1, "store", 1);
        let name = name(&keys, "n");
        let of = |value: &[u8]| keys.seal(name, (1, None), value, &SystemEntropy).unwrap();
        let empty = of(b"").sealed.len();
        assert_eq!(of(&[1; 200]).sealed.len(), empty);
        assert!(of(&[1; 2000]).sealed.len() > empty);
    }
}
