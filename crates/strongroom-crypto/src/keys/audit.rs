//! The key of a workspace's log.

use strongroom_types::WorkspaceId;

use super::sealing::SealingKey;
use super::{Place, Seed};
use crate::OpenError;
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::kdf::Prf;
use crate::label::Label;
use crate::secret::SecretBytes;

/// Bytes of an identity tag or a search term.
pub const TAG_BYTES: usize = 16;

/// Seals the openings of a workspace's private log fields and makes the terms of its search index.
#[derive(Debug)]
pub struct AuditKey {
    openings: SealingKey,
    identity_tags: Prf,
    search_terms: Prf,
}

impl AuditKey {
    /// `HKDF-Expand(seed, label ‖ workspace)`, and a subkey for each of its three uses.
    #[must_use]
    pub fn derive(seed: &Seed, workspace: WorkspaceId) -> Self {
        let key = Prf::new(&seed.derive_key(&Place::AuditKey(workspace)));
        Self {
            openings: SealingKey::derive(&key, Label::Openings, Label::OpeningsPlace),
            identity_tags: Prf::new(&key.derive(Label::IdentityTagKey, &[])),
            search_terms: Prf::new(&key.derive(Label::SearchTermKey, &[])),
        }
    }

    /// Seals the openings of one batch of entries at its place in the log.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn seal_openings(
        &self,
        place: &[&[u8]],
        openings: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, EntropyUnavailable> {
        self.openings.seal(place, openings, entropy)
    }

    /// Opens the openings of the batch at the same place.
    ///
    /// # Errors
    /// When key or place differ, or a byte is altered.
    pub fn open_openings(&self, place: &[&[u8]], sealed: &[u8]) -> Result<SecretBytes, OpenError> {
        self.openings.open(place, sealed)
    }

    /// `HMAC-SHA-256(identity tag key, label ‖ frame(parts))`, first 16 bytes: an identity as the
    /// log shows it.
    #[must_use]
    pub fn identity_tag(&self, parts: &[&[u8]]) -> [u8; TAG_BYTES] {
        first(&self.identity_tags.mac(Label::IdentityTag, parts))
    }

    /// `HMAC-SHA-256(search term key, label ‖ frame(parts))`, first 16 bytes: a field's value as
    /// the search index knows it.
    #[must_use]
    pub fn search_term(&self, parts: &[&[u8]]) -> [u8; TAG_BYTES] {
        first(&self.search_terms.mac(Label::SearchTerm, parts))
    }
}

/// The first 16 bytes of a MAC.
pub(super) fn first(mac: &[u8; 32]) -> [u8; TAG_BYTES] {
    let mut tag = [0; TAG_BYTES];
    tag.iter_mut().zip(mac).for_each(|(to, from)| *to = *from);
    tag
}
