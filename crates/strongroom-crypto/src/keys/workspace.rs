//! A workspace's root key.

use strongroom_types::{KeyVersion, WorkspaceId};

use super::sealing::SealingKey;
use super::{Place, Seed, WrappingKey};
use crate::OpenError;
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::kdf::Prf;
use crate::label::Label;
use crate::secret::SecretBytes;

/// Wraps a workspace's context seeds and lock secrets, and seals what its rows say about people.
#[derive(Debug)]
pub struct WorkspaceRoot {
    wrapping: WrappingKey,
    rows: SealingKey,
}

impl WorkspaceRoot {
    /// `HKDF-Expand(seed, label ‖ workspace ‖ version)`, and a subkey for each of its two uses.
    #[must_use]
    pub fn derive(seed: &Seed, workspace: WorkspaceId, version: KeyVersion) -> Self {
        let key = Prf::new(&seed.derive_key(&Place::WorkspaceRoot(workspace, version)));
        Self {
            wrapping: WrappingKey::of(&key),
            rows: SealingKey::derive(&key, Label::Row, Label::RowPlace),
        }
    }

    /// The key that wraps seeds.
    #[must_use]
    pub const fn wrapping_key(&self) -> &WrappingKey {
        &self.wrapping
    }

    /// Seals a field of a row at its place, for example table, column and primary key.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn seal_row(
        &self,
        place: &[&[u8]],
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, EntropyUnavailable> {
        self.rows.seal(place, plaintext, entropy)
    }

    /// Opens a field that was sealed at the same place.
    ///
    /// # Errors
    /// When key or place differ, or a byte is altered.
    pub fn open_row(&self, place: &[&[u8]], sealed: &[u8]) -> Result<SecretBytes, OpenError> {
        self.rows.open(place, sealed)
    }
}
