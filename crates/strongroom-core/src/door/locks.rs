//! Identity locks: whose claims a value is sealed to, and whether a caller has them.

use strongroom_crypto::envelope::Header;
use strongroom_crypto::keys::ResolvedLock;
use strongroom_types::body::LockFor;
use strongroom_types::{Lock, Permission};

use super::keyring::ContextKeys;
use crate::caller::{Caller, claim_names};
use crate::denial::{Denial, Invalid};
use crate::identity::resolve_for;

impl Caller {
    /// The lock to seal to: the caller's own identity, or one named by a client that may.
    ///
    /// # Errors
    /// The policy demands more, the identity is missing, or a claim cannot be bound.
    pub(crate) fn lock_for_sealing(
        &self,
        keys: &ContextKeys,
        lock: &Lock,
        lock_for: Option<&LockFor>,
    ) -> Result<Option<ResolvedLock>, Denial> {
        keys.rules.check_lock(lock)?;
        if let Some(other) = lock_for {
            return self.lock_for_other(lock, other).map(Some);
        }
        if lock.is_empty() {
            return Ok(None);
        }
        self.require_identity(lock)?.resolve(lock).map(Some)
    }

    fn lock_for_other(&self, lock: &Lock, other: &LockFor) -> Result<ResolvedLock, Denial> {
        self.require(Permission::SealForOthers)?;
        if lock.is_empty() {
            return Err(Invalid::Field("lock_for".into()).into());
        }
        let issuer = self
            .state
            .issuers
            .by_iss(&other.issuer)
            .filter(|issuer| !issuer.body.disabled)
            .ok_or_else(|| Invalid::Field("lock_for.issuer".into()))?;
        let claims = other
            .claims(lock)
            .map_err(|(claim, fault)| Denial::ClaimUnbindable { claim, fault })?;
        resolve_for(issuer.id, &claims, lock)
    }

    /// The lock to open with, checked against the header's tag.
    ///
    /// # Errors
    /// There is no identity, it lacks a claim, or it is another person's.
    pub(crate) fn lock_for_opening(
        &self,
        keys: &ContextKeys,
        header: &Header,
    ) -> Result<Option<ResolvedLock>, Denial> {
        let Some(held) = &header.lock else {
            return Ok(None);
        };
        let not_met = || Denial::LockNotMet {
            claims: claim_names(&held.lock),
        };
        let identity = self.require_identity(&held.lock)?;
        let resolved = identity.resolve(&held.lock).map_err(|_missing| not_met())?;
        if keys.meets_lock(header, &resolved) {
            Ok(Some(resolved))
        } else {
            Err(not_met())
        }
    }
}
