//! The server's share of split keys.
//!
//! ```text
//! authority = HKDF-Expand(context key vN, "split-authority" ‖ frame(workspace, context id, version))
//! share     = HMAC-SHA-256(authority, "split-share" ‖ frame(id, context id, lock))
//! lock tag  = HMAC-SHA-256(lock tag key, "split-lock" ‖ frame(id, lock))[..16]     if locked
//! lock      = empty, or issuer 16 ‖ count u32 BE ‖ (term ‖ value)*
//! ```
//!
//! The share is worth nothing without the share of the keyset's clients ([`crate::split`]), which the
//! server never learns.

use strongroom_types::{ContextId, KeyVersion};

use super::audit::first;
use super::context::ContextKey;
use super::lock::{LOCK_TAG_BYTES, LockSecret, ResolvedLock};
use crate::kdf::{self, Prf};
use crate::label::Label;
use crate::secret::Secret;
use crate::split::SPLIT_ID_BYTES;

/// Derives the server's shares of a keyset under one version of its key.
#[derive(Debug)]
pub struct SplitAuthority {
    context: ContextId,
    key: Prf,
}

impl ContextKey {
    /// `HKDF-Expand(context key, label ‖ frame(workspace, context id, version))`: what derives the
    /// server's shares.
    #[must_use]
    pub fn split_authority(&self) -> SplitAuthority {
        let KeyVersion(version) = self.version();
        let (workspace, context) = (self.workspace(), self.context());
        let parts: [&[u8]; 3] = [
            workspace.as_bytes(),
            context.as_bytes(),
            &version.to_be_bytes(),
        ];
        let key: Secret<32> = self.derive_subkey(Label::SplitAuthority, &parts);
        SplitAuthority {
            context,
            key: Prf::new(&key),
        }
    }
}

impl SplitAuthority {
    /// The server's share of the key of one value.
    #[must_use]
    pub fn share(&self, id: &[u8; SPLIT_ID_BYTES], lock: Option<&ResolvedLock>) -> Secret<32> {
        let lock = lock.map(ResolvedLock::owned).unwrap_or_default();
        let parts: [&[u8]; 3] = [id, self.context.as_bytes(), &lock];
        Secret::from_bytes(self.key.mac(Label::SplitShare, &parts))
    }
}

impl LockSecret {
    /// What tells whose a locked value is, so that a wrong person is refused by name. The claims are in
    /// the share as well.
    #[must_use]
    pub fn split_lock_tag(
        &self,
        id: &[u8; SPLIT_ID_BYTES],
        lock: &ResolvedLock,
    ) -> [u8; LOCK_TAG_BYTES] {
        first(&self.tags.mac(Label::SplitLock, &[id, &lock.owned()]))
    }

    /// Whether a locked value is this identity's, in constant time.
    #[must_use]
    pub fn verify_split_lock(
        &self,
        id: &[u8; SPLIT_ID_BYTES],
        lock: &ResolvedLock,
        lock_tag: &[u8],
    ) -> bool {
        kdf::verify(&self.split_lock_tag(id, lock), lock_tag)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use strongroom_types::{Claims, IssuerId, Lock, WorkspaceId};

    use super::super::Seed;
    use super::*;

    fn authority(workspace: u8, context: u8, version: u32) -> SplitAuthority {
        let seed = Seed::from_secret(Secret::from_bytes([7; 32]));
        let workspace = WorkspaceId::from_bytes([workspace; 16]);
        let context = ContextId::from_bytes([context; 32]);
        ContextKey::derive(&seed, workspace, context, KeyVersion(version)).split_authority()
    }

    fn lock(issuer: u8, subject: &str) -> ResolvedLock {
        let lock: Lock = serde_json::from_value(json!(["sub"])).unwrap();
        let claims: Claims = serde_json::from_value(json!({ "sub": subject })).unwrap();
        ResolvedLock::resolve(lock, IssuerId::from_bytes([issuer; 16]), &claims).unwrap()
    }

    #[test]
    fn each_input_takes_part_in_the_share() {
        let (alice, bob, other) = (lock(1, "alice"), lock(1, "bob"), lock(2, "alice"));
        let shares = [
            authority(1, 1, 1).share(&[1; 16], None),
            authority(2, 1, 1).share(&[1; 16], None),
            authority(1, 2, 1).share(&[1; 16], None),
            authority(1, 1, 2).share(&[1; 16], None),
            authority(1, 1, 1).share(&[2; 16], None),
            authority(1, 1, 1).share(&[1; 16], Some(&alice)),
            authority(1, 1, 1).share(&[1; 16], Some(&bob)),
            authority(1, 1, 1).share(&[1; 16], Some(&other)),
        ];
        for (at, share) in shares.iter().enumerate() {
            for later in &shares[at + 1..] {
                assert!(share != later, "{at}");
            }
        }
        assert!(shares[5] == authority(1, 1, 1).share(&[1; 16], Some(&alice)));
    }

    #[test]
    fn a_lock_tag_is_of_one_value_and_one_person() {
        let seed = Seed::from_secret(Secret::from_bytes([8; 32]));
        let workspace = WorkspaceId::from_bytes([1; 16]);
        let secret = LockSecret::derive(&seed, workspace, ContextId::from_bytes([1; 32]));
        let tag = secret.split_lock_tag(&[1; 16], &lock(1, "alice"));
        assert!(secret.verify_split_lock(&[1; 16], &lock(1, "alice"), &tag));
        assert!(!secret.verify_split_lock(&[1; 16], &lock(1, "bob"), &tag));
        assert!(!secret.verify_split_lock(&[1; 16], &lock(2, "alice"), &tag));
        assert!(!secret.verify_split_lock(&[2; 16], &lock(1, "alice"), &tag));
        assert!(!secret.verify_split_lock(&[1; 16], &lock(1, "alice"), &tag[..15]));
    }
}
