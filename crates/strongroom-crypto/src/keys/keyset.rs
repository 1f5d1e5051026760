//! Keysets: data keys that are derived, not kept.
//!
//! ```text
//! authority   = HKDF-Expand(context key vN, "keyset-authority" ‖ frame(workspace, context id, version))
//! bound       = iv ‖ descriptor ‖ lock ‖ tags ‖ values ‖ policy, framed as drawn at `KeysetItem`
//! item key    = HKDF-Expand(authority, "keyset-item" ‖ bound)          32 bytes
//! material    = HKDF-Expand(item key, "keyset-material")               528 bytes
//! tag         = version u32 BE ‖ HMAC(authority, "keyset-tag" ‖ bound)    36 bytes
//!               ‖ HMAC(lock tag key, "keyset-lock" ‖ frame(iv, issuer, lock))[..16], if locked
//! index key   = HKDF-Expand(lock secret, "keyset-index")               528 bytes
//! ```
//!
//! The claims of a lock and the conditions of a policy are part of `bound`: with others, another
//! material comes out, whoever checks what. The lock tag only tells a wrong person from a wrong tag.
//! The index key has no version, because terms that clients stored are compared for ever.

use std::collections::{BTreeMap, BTreeSet};

use strongroom_types::{ClaimValue, IssuerId, KeyVersion};

use super::audit::first;
use super::lock::{LOCK_TAG_BYTES, LockSecret, ResolvedLock};
use crate::frame;
use crate::kdf::{self, MAC_BYTES, Prf};
use crate::label::Label;
use crate::secret::Secret;

/// Bytes of the material of a data key, and of an index key.
pub const KEY_MATERIAL_BYTES: usize = 528;
/// Bytes of the initialisation vector of a data key.
pub const KEYSET_IV_BYTES: usize = 16;
/// Bytes of the tag of a data key that is not locked.
pub(super) const KEYSET_TAG_BYTES: usize = 4 + MAC_BYTES;
/// Bytes of the tag of a data key that is locked.
pub(super) const KEYSET_LOCKED_TAG_BYTES: usize = KEYSET_TAG_BYTES + LOCK_TAG_BYTES;

/// A condition of a policy with its value: the claim that must have it.
pub type Condition = (String, ClaimValue);

/// A policy with a value for each of its conditions: any one of them is enough.
#[derive(Clone, PartialEq, Eq)]
pub struct ResolvedPolicy {
    /// The issuer that must vouch for the claim.
    pub issuer: IssuerId,
    /// The conditions, in the order in which they were given.
    pub conditions: Vec<Condition>,
}

/// Shows nobody's claims.
impl core::fmt::Debug for ResolvedPolicy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ResolvedPolicy({} conditions)", self.conditions.len())
    }
}

/// What a data key of a keyset is derived from.
#[derive(Clone, Copy)]
pub struct KeysetItem<'a> {
    /// Drawn by the client, new for each key.
    pub iv: &'a [u8; KEYSET_IV_BYTES],
    /// What the client calls the place of the value, for example a column.
    pub descriptor: &'a str,
    /// Whose key it is.
    pub lock: Option<&'a ResolvedLock>,
    /// Tags that must be named again.
    pub tags: &'a BTreeSet<String>,
    /// Values that must be named again.
    pub values: &'a BTreeMap<String, String>,
    /// Who may have it, one condition being enough.
    pub policy: Option<&'a ResolvedPolicy>,
}

/// Shows nobody's claims.
impl core::fmt::Debug for KeysetItem<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("KeysetItem")
            .field("descriptor", &self.descriptor)
            .finish_non_exhaustive()
    }
}

impl KeysetItem<'_> {
    /// What the key is bound to:
    ///
    /// ```text
    /// bound = frame(iv, descriptor, lock, tags, values, policy)       each absent one is empty
    /// lock   = issuer 16 ‖ count u32 BE ‖ (term ‖ value)*
    /// tags   = frame(sorted tags)          values = frame(key, value, key, value …, sorted by key)
    /// policy = issuer 16 ‖ count u32 BE ‖ (item(claim) ‖ value)*
    /// ```
    fn bound(&self) -> Vec<u8> {
        let lock = self.lock.map(ResolvedLock::owned).unwrap_or_default();
        let policy = self.policy.map(owned_policy).unwrap_or_default();
        let mut tags = Vec::new();
        if !self.tags.is_empty() {
            frame::push_list(&mut tags, self.tags.iter().map(String::as_bytes));
        }
        let pairs = self.values.iter();
        let pairs: Vec<&[u8]> = pairs
            .flat_map(|(key, value)| [key.as_bytes(), value.as_bytes()])
            .collect();
        let values = if pairs.is_empty() {
            Vec::new()
        } else {
            frame::list(&pairs)
        };
        let parts: [&[u8]; 6] = [
            self.iv,
            self.descriptor.as_bytes(),
            &lock,
            &tags,
            &values,
            &policy,
        ];
        frame::list(&parts)
    }
}

fn owned_policy(policy: &ResolvedPolicy) -> Vec<u8> {
    let count = u32::try_from(policy.conditions.len()).unwrap_or(u32::MAX);
    let mut out = policy.issuer.as_bytes().to_vec();
    out.extend(count.to_be_bytes());
    for (claim, value) in &policy.conditions {
        frame::push_item(&mut out, claim.as_bytes());
        frame::push_value(&mut out, value);
    }
    out
}

/// Derives the data keys of a keyset under one version of its key.
#[derive(Debug)]
pub struct KeysetAuthority {
    version: KeyVersion,
    key: Prf,
}

impl KeysetAuthority {
    pub(super) const fn of(version: KeyVersion, key: Prf) -> Self {
        Self { version, key }
    }

    /// Tag and material of a new data key; `secret` where it is locked.
    #[must_use]
    pub fn derive(
        &self,
        item: &KeysetItem<'_>,
        secret: Option<&LockSecret>,
    ) -> (Vec<u8>, Secret<KEY_MATERIAL_BYTES>) {
        let bound = item.bound();
        let mut tag = self.tag(&bound);
        if let (Some(lock), Some(secret)) = (item.lock, secret) {
            tag.extend(secret.keyset_lock_tag(item.iv, lock));
        }
        (tag, self.material(&bound))
    }

    /// The material of the data key that the tag is of; `None` if it is not this item's, compared in
    /// constant time. What of a tag tells the owner is not looked at: the claims are in the rest.
    #[must_use]
    pub fn derive_again(
        &self,
        item: &KeysetItem<'_>,
        tag: &KeysetTag<'_>,
    ) -> Option<Secret<KEY_MATERIAL_BYTES>> {
        let bound = item.bound();
        let given = tag.bytes.get(..KEYSET_TAG_BYTES).unwrap_or_default();
        kdf::verify(&self.tag(&bound), given).then(|| self.material(&bound))
    }

    /// `HKDF-Expand(HKDF-Expand(authority, label ‖ bound, 32), label, 528)`.
    fn material(&self, bound: &[u8]) -> Secret<KEY_MATERIAL_BYTES> {
        let key: Secret<32> = self.key.derive_framed(Label::KeysetItem, bound);
        Prf::new(&key).derive(Label::KeysetMaterial, &[])
    }

    /// `version u32 BE ‖ HMAC-SHA-256(authority, label ‖ bound)`.
    fn tag(&self, bound: &[u8]) -> Vec<u8> {
        let mac = self.key.mac_of(Label::KeysetTag, |message| {
            message.extend_from_slice(bound);
        });
        let mut tag = Vec::with_capacity(KEYSET_LOCKED_TAG_BYTES);
        tag.extend(self.version.0.to_be_bytes());
        tag.extend(mac);
        tag
    }
}

/// The tag of a data key, as its client keeps it.
#[derive(Clone, Copy, Debug)]
pub struct KeysetTag<'a> {
    bytes: &'a [u8],
    version: KeyVersion,
}

impl<'a> KeysetTag<'a> {
    /// Reads a tag; `None` for what has another length.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        if ![KEYSET_TAG_BYTES, KEYSET_LOCKED_TAG_BYTES].contains(&bytes.len()) {
            return None;
        }
        let (version, _) = bytes.split_first_chunk::<4>()?;
        Some(Self {
            bytes,
            version: KeyVersion(u32::from_be_bytes(*version)),
        })
    }

    /// The version of the keyset's key that it names.
    #[must_use]
    pub const fn version(&self) -> KeyVersion {
        self.version
    }

    /// What tells the owner, if the key is locked.
    #[must_use]
    pub fn lock_tag(&self) -> Option<&'a [u8]> {
        self.bytes
            .get(KEYSET_TAG_BYTES..)
            .filter(|tag| !tag.is_empty())
    }
}

impl LockSecret {
    /// `HMAC-SHA-256(lock tag key, label ‖ frame(iv, issuer, list))`, first 16 bytes.
    fn keyset_lock_tag(
        &self,
        iv: &[u8; KEYSET_IV_BYTES],
        lock: &ResolvedLock,
    ) -> [u8; LOCK_TAG_BYTES] {
        let issuer = lock.issuer();
        let parts: [&[u8]; 3] = [iv, issuer.as_bytes(), &lock.framed()];
        first(&self.tags.mac(Label::KeysetLock, &parts))
    }

    /// Whether a locked data key is this identity's, in constant time.
    #[must_use]
    pub fn verify_keyset_lock(
        &self,
        iv: &[u8; KEYSET_IV_BYTES],
        lock: &ResolvedLock,
        lock_tag: &[u8],
    ) -> bool {
        kdf::verify(&self.keyset_lock_tag(iv, lock), lock_tag)
    }

    /// `HKDF-Expand(lock secret, label, 528)`: what clients derive the keys of index terms from.
    #[must_use]
    pub fn keyset_index_key(&self) -> Secret<KEY_MATERIAL_BYTES> {
        self.keys.derive(Label::KeysetIndex, &[])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use strongroom_types::{Claims, ContextId, Lock, WorkspaceId};

    use super::super::{ContextKey, Seed};
    use super::*;

    const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([1; 16]);
    const CONTEXT: ContextId = ContextId::from_bytes([2; 32]);

    fn authority(version: u32) -> KeysetAuthority {
        let seed = Seed::from_secret(Secret::from_bytes([7; 32]));
        ContextKey::derive(&seed, WORKSPACE, CONTEXT, KeyVersion(version)).keyset_authority()
    }

    fn secret() -> LockSecret {
        let seed = Seed::from_secret(Secret::from_bytes([8; 32]));
        LockSecret::derive(&seed, WORKSPACE, CONTEXT)
    }

    fn lock(issuer: u8, terms: serde_json::Value, claims: serde_json::Value) -> ResolvedLock {
        let lock: Lock = serde_json::from_value(terms).unwrap();
        let claims: Claims = serde_json::from_value(claims).unwrap();
        ResolvedLock::resolve(lock, IssuerId::from_bytes([issuer; 16]), &claims).unwrap()
    }

    fn policy(issuer: u8, claim: &str, value: &str) -> ResolvedPolicy {
        ResolvedPolicy {
            issuer: IssuerId::from_bytes([issuer; 16]),
            conditions: vec![(claim.to_owned(), ClaimValue::Text(value.to_owned()))],
        }
    }

    /// Every input once as it is and once altered: no two derive the same material or tag.
    #[test]
    fn each_input_takes_part_in_material_and_tag() {
        let none = (BTreeSet::new(), BTreeMap::new());
        let tags = BTreeSet::from(["t".to_owned()]);
        let values = BTreeMap::from([("t".to_owned(), String::new())]);
        let alice = lock(1, json!(["sub"]), json!({"sub": "alice"}));
        let bob = lock(1, json!(["sub"]), json!({"sub": "bob"}));
        let other_issuer = lock(2, json!(["sub"]), json!({"sub": "alice"}));
        let more = lock(
            1,
            json!(["sub", "org"]),
            json!({"sub": "alice", "org": "o"}),
        );
        let policies = [
            policy(1, "sub", "alice"),
            policy(1, "sub", "bob"),
            policy(2, "sub", "alice"),
            policy(1, "org", "alice"),
        ];
        let plain = KeysetItem {
            iv: &[3; 16],
            descriptor: "users/email",
            lock: None,
            tags: &none.0,
            values: &none.1,
            policy: None,
        };
        let mut items = vec![
            plain,
            KeysetItem {
                iv: &[4; 16],
                ..plain
            },
            KeysetItem {
                descriptor: "users/name",
                ..plain
            },
            KeysetItem {
                descriptor: "",
                ..plain
            },
            KeysetItem {
                tags: &tags,
                ..plain
            },
            KeysetItem {
                values: &values,
                ..plain
            },
        ];
        for lock in [&alice, &bob, &other_issuer, &more] {
            items.push(KeysetItem {
                lock: Some(lock),
                ..plain
            });
        }
        for policy in &policies {
            items.push(KeysetItem {
                policy: Some(policy),
                ..plain
            });
        }
        assert_all_differ(&items);
    }

    fn assert_all_differ(items: &[KeysetItem<'_>]) {
        let mut materials = BTreeSet::new();
        let mut tags_seen = BTreeSet::new();
        for version in [1, 2] {
            let authority = authority(version);
            for item in items {
                let (tag, material) = authority.derive(item, None);
                materials.insert(material.expose().to_vec());
                tags_seen.insert(tag[4..].to_vec());
            }
        }
        assert_eq!(materials.len(), 2 * items.len());
        assert_eq!(tags_seen.len(), 2 * items.len());
        assert!(materials.iter().all(|one| one.len() == KEY_MATERIAL_BYTES));
    }

    #[test]
    fn a_tag_verifies_for_its_item_and_version_only() {
        let (tags, values) = (BTreeSet::new(), BTreeMap::new());
        let alice = lock(1, json!(["sub"]), json!({"sub": "alice"}));
        let bob = lock(1, json!(["sub"]), json!({"sub": "bob"}));
        let item = KeysetItem {
            iv: &[3; 16],
            descriptor: "d",
            lock: Some(&alice),
            tags: &tags,
            values: &values,
            policy: None,
        };
        let secret = secret();
        let (bytes, material) = authority(5).derive(&item, Some(&secret));
        assert_eq!(bytes.len(), KEYSET_LOCKED_TAG_BYTES);
        let tag = KeysetTag::parse(&bytes).unwrap();
        assert_eq!(tag.version(), KeyVersion(5));
        assert!(authority(5).derive_again(&item, &tag) == Some(material));
        assert!(authority(4).derive_again(&item, &tag).is_none());
        let lock_tag = tag.lock_tag().unwrap();
        assert!(secret.verify_keyset_lock(item.iv, &alice, lock_tag));
        assert!(!secret.verify_keyset_lock(item.iv, &bob, lock_tag));
        assert!(!secret.verify_keyset_lock(&[4; 16], &alice, lock_tag));
        // Without its end the tag is still the item's: the claims are in the rest.
        let cut = KeysetTag::parse(&bytes[..KEYSET_TAG_BYTES]).unwrap();
        assert!(cut.lock_tag().is_none());
        let unlocked = KeysetItem { lock: None, ..item };
        assert!(authority(5).derive_again(&unlocked, &cut).is_none());
        for at in 0..KEYSET_TAG_BYTES {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            let flipped = KeysetTag::parse(&flipped).unwrap();
            assert!(authority(5).derive_again(&item, &flipped).is_none(), "{at}");
        }
    }

    #[test]
    fn tags_of_other_lengths_are_none() {
        for length in 0..100 {
            let fits = [KEYSET_TAG_BYTES, KEYSET_LOCKED_TAG_BYTES].contains(&length);
            assert_eq!(
                KeysetTag::parse(&vec![0; length]).is_some(),
                fits,
                "{length}"
            );
        }
    }

    #[test]
    fn the_index_key_is_neither_material_nor_another_keysets() {
        let of = |context: u8| {
            let seed = Seed::from_secret(Secret::from_bytes([8; 32]));
            let context = ContextId::from_bytes([context; 32]);
            LockSecret::derive(&seed, WORKSPACE, context).keyset_index_key()
        };
        assert!(of(2) == of(2));
        assert!(of(2) != of(3));
    }
}
