//! What clients send for a data key, and whose it is.

use std::collections::{BTreeMap, BTreeSet};

use strongroom_crypto::keys::{
    KEYSET_IV_BYTES, KeysetItem, KeysetTag, ResolvedLock, ResolvedPolicy,
};
use strongroom_types::{KeysetClientId, KeysetId, KeysetName, Lock, LockTerm};

use super::KeysetPolicy;
use crate::caller::{Caller, claim_names};
use crate::denial::{CiphertextFault, Denial, Invalid};
use crate::door::keyring::ContextKeys;

/// The most data keys of a request.
const KEYS_MAX: usize = 10_000;

/// Which keyset is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhichKeyset {
    /// That of the client.
    Home,
    /// By id.
    Id(KeysetId),
    /// By name.
    Name(KeysetName),
}

/// Which client uses which keyset. The client's name is no credential: the caller is who the entry
/// says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysetUse {
    /// The client of keysets.
    pub client: KeysetClientId,
    /// The keyset.
    pub keyset: WhichKeyset,
}

/// What a data key is bound to beside its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysetTerm {
    /// The value of a claim of the caller's identity.
    IdentityClaim(String),
    /// A tag that must be named again.
    Tag(String),
    /// A name and a value that must be named again.
    Value(String, String),
}

impl KeysetTerm {
    /// The most terms of one data key.
    const MAX: usize = 16;
    /// The longest tag, name or value, in bytes.
    const BYTES_MAX: usize = 1024;
}

/// A data key as its client names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysetKey {
    /// Drawn by the client.
    pub iv: [u8; KEYSET_IV_BYTES],
    /// What the client calls the place of the value: at most 512 bytes.
    pub descriptor: String,
    /// What it is bound to.
    pub terms: Vec<KeysetTerm>,
    /// Who may have it.
    pub policy: Option<KeysetPolicy>,
}

/// # Errors
/// There is none, or there are too many.
pub(super) fn check_count(keys: usize) -> Result<(), Denial> {
    match keys {
        0 => Err(Invalid::Field("keys".into()).into()),
        items if items > KEYS_MAX => Err(Invalid::BatchItems {
            items,
            max: KEYS_MAX,
        }
        .into()),
        _ => Ok(()),
    }
}

/// What a data key is bound to, with a value for each claim.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) lock: Option<ResolvedLock>,
    tags: BTreeSet<String>,
    values: BTreeMap<String, String>,
    pub(super) policy: Option<ResolvedPolicy>,
}

/// The terms of a data key, sorted by what they are.
struct Terms {
    lock: Lock,
    tags: BTreeSet<String>,
    values: BTreeMap<String, String>,
}

impl KeysetKey {
    /// The longest descriptor, in bytes.
    pub const DESCRIPTOR_BYTES_MAX: usize = 512;

    /// Whether it is bound to somebody's claims.
    pub(super) fn is_locked(&self) -> bool {
        let is_claim = |term: &KeysetTerm| matches!(term, KeysetTerm::IdentityClaim(_));
        self.terms.iter().any(is_claim)
    }

    /// What a new data key is bound to: the claims are the caller's own.
    ///
    /// # Errors
    /// It breaks a limit, or the caller's identity is missing or lacks a claim.
    pub(super) fn for_sealing(&self, caller: &Caller, keys: &ContextKeys) -> Result<Bound, Denial> {
        let terms = self.terms()?;
        keys.rules.check_lock(&terms.lock)?;
        let lock = if terms.lock.is_empty() {
            None
        } else {
            Some(caller.require_identity(&terms.lock)?.resolve(&terms.lock)?)
        };
        let policy = self.policy.as_ref();
        let policy = policy
            .map(|policy| policy.for_sealing(caller))
            .transpose()?;
        Ok(terms.bound(lock, policy))
    }

    /// What a data key is bound to that the caller shows the tag of. A wrong person is told from a
    /// wrong tag before any key is used; the derivation refuses as well.
    ///
    /// # Errors
    /// It breaks a limit, or the caller is not who it is locked to.
    pub(super) fn for_opening(
        &self,
        caller: &Caller,
        keys: &ContextKeys,
        tag: &KeysetTag<'_>,
    ) -> Result<Bound, Denial> {
        let terms = self.terms()?;
        let lock = self.lock_for_opening((caller, keys), &terms.lock, tag)?;
        let policy = self.policy.as_ref();
        let policy = policy
            .map(|policy| policy.for_opening(caller))
            .transpose()?;
        Ok(terms.bound(lock, policy))
    }

    fn lock_for_opening(
        &self,
        (caller, keys): (&Caller, &ContextKeys),
        lock: &Lock,
        tag: &KeysetTag<'_>,
    ) -> Result<Option<ResolvedLock>, Denial> {
        let claims = || claim_names(lock);
        let not_met = || Denial::LockNotMet { claims: claims() };
        let Some(held) = tag.lock_tag() else {
            return if lock.is_empty() {
                Ok(None)
            } else {
                Err(not_met())
            };
        };
        let identity = caller.require_identity(lock)?;
        if lock.is_empty() {
            return Err(not_met());
        }
        let resolved = identity.resolve(lock).map_err(|_missing| not_met())?;
        if keys.meets_keyset_lock(&self.iv, &resolved, held) {
            Ok(Some(resolved))
        } else {
            Err(not_met())
        }
    }

    fn terms(&self) -> Result<Terms, Denial> {
        let refused = |field: &'static str| Denial::from(Invalid::Field(field.into()));
        if self.descriptor.len() > Self::DESCRIPTOR_BYTES_MAX {
            return Err(refused("descriptor"));
        }
        let short = |text: &String| text.len() <= KeysetTerm::BYTES_MAX;
        let mut claims = Vec::new();
        let (mut tags, mut values) = (BTreeSet::new(), BTreeMap::new());
        for term in self.terms.iter().take(KeysetTerm::MAX) {
            let is_new = match term {
                KeysetTerm::IdentityClaim(claim) => {
                    claims.push(LockTerm::Whole(claim.clone()));
                    true
                }
                KeysetTerm::Tag(tag) => short(tag) && tags.insert(tag.clone()),
                KeysetTerm::Value(name, value) => {
                    short(name)
                        && short(value)
                        && values.insert(name.clone(), value.clone()).is_none()
                }
            };
            if !is_new {
                return Err(refused("context"));
            }
        }
        if self.terms.len() > KeysetTerm::MAX {
            return Err(refused("context"));
        }
        let lock = Lock::new(claims).map_err(Invalid::from)?;
        Ok(Terms { lock, tags, values })
    }

    /// What the key is derived from.
    pub(super) fn item<'a>(&'a self, bound: &'a Bound) -> KeysetItem<'a> {
        KeysetItem {
            iv: &self.iv,
            descriptor: &self.descriptor,
            lock: bound.lock.as_ref(),
            tags: &bound.tags,
            values: &bound.values,
            policy: bound.policy.as_ref(),
        }
    }
}

impl Terms {
    fn bound(self, lock: Option<ResolvedLock>, policy: Option<ResolvedPolicy>) -> Bound {
        Bound {
            lock,
            tags: self.tags,
            values: self.values,
            policy,
        }
    }
}

/// Reads the tag that a client kept.
pub(super) fn parse_tag(bytes: &[u8]) -> Result<KeysetTag<'_>, Denial> {
    KeysetTag::parse(bytes).ok_or(Denial::Ciphertext(CiphertextFault::Malformed))
}
