//! The server's shares of split keys.

use strongroom_crypto::keys::ResolvedLock;
use strongroom_crypto::secret::Secret;
use strongroom_crypto::split::SPLIT_ID_BYTES;
use strongroom_types::{KeyVersion, Operation};

use super::super::ItemPermit;
use super::ContextKeys;
use crate::denial::Denial;

/// The server's share of one split key, and what tells whose it is.
pub(crate) struct DerivedShare {
    pub(crate) share: Secret<32>,
    pub(crate) lock_tag: Option<Vec<u8>>,
}

impl ContextKeys {
    /// Derives a share under a version.
    pub(crate) fn derive_split(
        &self,
        permit: ItemPermit,
        (version, id): (KeyVersion, &[u8; SPLIT_ID_BYTES]),
        lock: Option<&ResolvedLock>,
    ) -> Result<DerivedShare, Denial> {
        permit.consume(&[Operation::SplitDerive], self.id)?;
        let tag = |lock: &ResolvedLock| {
            let secret = self.lock_secret()?;
            Ok::<_, Denial>(secret.split_lock_tag(id, lock).to_vec())
        };
        Ok(DerivedShare {
            lock_tag: lock.map(tag).transpose()?,
            share: self.version(version)?.split_authority().share(id, lock),
        })
    }

    /// Whether the identity is the one that a value is locked to: compares what the value says of its
    /// owner, so that a wrong person is refused before any key is used. The share refuses as well.
    pub(crate) fn meets_split_lock(
        &self,
        id: &[u8; SPLIT_ID_BYTES],
        lock: &ResolvedLock,
        lock_tag: &[u8],
    ) -> bool {
        if cfg!(feature = "danger-skip-lock-tag") {
            return true;
        }
        let secret = self.lock_secret.as_ref();
        secret.is_some_and(|secret| secret.verify_split_lock(id, lock, lock_tag))
    }
}
