//! The identity lock: claims that take part in a derivation.

use strongroom_types::{
    ClaimValue, Claims, ContextId, IssuerId, Lock, LockTerm, Purpose, Suite, WorkspaceId,
};

use super::audit::first;
use super::{Place, Seed};
use crate::frame;
use crate::kdf::{self, Prf};
use crate::label::Label;
use crate::secret::Secret;
use crate::suite::SuiteKey;

/// Bytes of the salt of a lock tag.
pub const LOCK_SALT_BYTES: usize = 16;
/// Bytes of a lock tag.
pub const LOCK_TAG_BYTES: usize = 16;

/// A term of a lock that an identity's claims do not meet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the identity does not meet the lock's term on `{claim}`")]
pub struct UnmetTerm {
    /// The claim's name; never its value.
    pub claim: String,
}

/// A lock with a value for each of its terms: what a lock key is derived from.
#[derive(Clone, PartialEq, Eq)]
pub struct ResolvedLock {
    lock: Lock,
    issuer: IssuerId,
    values: Vec<ClaimValue>,
}

impl ResolvedLock {
    /// Looks up each term in the claims of one issuer. A whole-value term takes the claim's value,
    /// a membership term its member.
    ///
    /// # Errors
    /// The first term that the claims do not meet.
    pub fn resolve(lock: Lock, issuer: IssuerId, claims: &Claims) -> Result<Self, UnmetTerm> {
        let values = lock.terms().iter().map(|term| resolve_term(term, claims));
        let values = values.collect::<Result<_, _>>()?;
        Ok(Self {
            lock,
            issuer,
            values,
        })
    }

    /// The lock.
    #[must_use]
    pub const fn lock(&self) -> &Lock {
        &self.lock
    }

    /// The issuer that vouches for the values.
    #[must_use]
    pub const fn issuer(&self) -> IssuerId {
        self.issuer
    }

    /// A value per term, in the lock's order.
    #[must_use]
    pub fn values(&self) -> &[ClaimValue] {
        &self.values
    }

    /// `issuer 16 ‖ count u32 BE ‖ (term ‖ value)*`.
    pub(super) fn owned(&self) -> Vec<u8> {
        let mut out = self.issuer.as_bytes().to_vec();
        out.extend(self.framed());
        out
    }

    /// `count u32 BE ‖ (term ‖ value)*`.
    pub(crate) fn framed(&self) -> Vec<u8> {
        let terms = self.lock.terms();
        let count = u32::try_from(terms.len()).unwrap_or(u32::MAX);
        let mut out = count.to_be_bytes().to_vec();
        for (term, value) in terms.iter().zip(&self.values) {
            frame::push_term(&mut out, term);
            frame::push_value(&mut out, value);
        }
        out
    }
}

fn resolve_term(term: &LockTerm, claims: &Claims) -> Result<ClaimValue, UnmetTerm> {
    let claim = claims.get(term.claim());
    let value = match (claim, term.member()) {
        (Some(value), None) => Some(value.clone()),
        (Some(ClaimValue::Set(items)), Some(member)) => items
            .contains(member)
            .then(|| ClaimValue::Text(member.to_owned())),
        (_, _) => None,
    };
    value.ok_or_else(|| UnmetTerm {
        claim: term.claim().to_owned(),
    })
}

/// Shows the lock and the issuer; the values are a person's.
impl core::fmt::Debug for ResolvedLock {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ResolvedLock")
            .field("lock", &self.lock)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// The secret of a key context that turns claims into lock keys. It outlives the versions of the
/// context key, so that rotation needs nobody's claims.
#[derive(Debug)]
pub struct LockSecret {
    pub(super) keys: Prf,
    pub(super) tags: Prf,
}

impl LockSecret {
    /// `HKDF-Expand(seed, label ‖ workspace ‖ context id)`.
    #[must_use]
    pub fn derive(seed: &Seed, workspace: WorkspaceId, context: ContextId) -> Self {
        let keys = Prf::new(&seed.derive_key(&Place::LockSecret(workspace, context)));
        let tags = Prf::new(&keys.derive(Label::LockTagKey, &[]));
        Self { keys, tags }
    }

    /// `HKDF-Expand(lock secret, label ‖ frame(purpose, issuer, framed (term, value) list))`.
    #[must_use]
    pub fn lock_key(&self, purpose: Purpose, lock: &ResolvedLock) -> LockKey {
        let name = purpose.name().as_bytes();
        let parts = [name, lock.issuer.as_bytes(), &lock.framed()];
        LockKey(Prf::new(&self.keys.derive::<32>(Label::LockKey, &parts)))
    }

    /// `HMAC-SHA-256(lock tag key, label ‖ frame(salt, purpose, issuer, list))`, first 16 bytes. It
    /// lets a wrong identity be refused before any key is used; the derivation holds without it.
    #[must_use]
    pub fn lock_tag(
        &self,
        salt: &[u8; LOCK_SALT_BYTES],
        purpose: Purpose,
        lock: &ResolvedLock,
    ) -> [u8; LOCK_TAG_BYTES] {
        let name = purpose.name().as_bytes();
        let parts = [&salt[..], name, lock.issuer.as_bytes(), &lock.framed()];
        first(&self.tags.mac(Label::LockTag, &parts))
    }

    /// Whether the tag is this lock's, in constant time.
    #[must_use]
    pub fn verify_tag(
        &self,
        salt: &[u8; LOCK_SALT_BYTES],
        tag: &[u8; LOCK_TAG_BYTES],
        purpose: Purpose,
        lock: &ResolvedLock,
    ) -> bool {
        kdf::verify(&self.lock_tag(salt, purpose, lock), tag)
    }
}

/// The key of one identity under one lock: the inner layer of a locked key part.
#[derive(Debug)]
pub struct LockKey(Prf);

impl LockKey {
    /// `HKDF-Expand(lock key, label ‖ frame(suite))`.
    pub(crate) fn wrapping_key(&self, suite: Suite) -> SuiteKey {
        let name = suite.name().as_bytes();
        SuiteKey::derive(suite, &self.0, Label::LockWrapping, &[name])
    }

    /// Takes the bytes of a lock key, as test vectors state them.
    #[must_use]
    pub fn from_secret(key: &Secret<32>) -> Self {
        Self(Prf::new(key))
    }
}
