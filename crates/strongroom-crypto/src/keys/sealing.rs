//! A key that seals Strongroom's own records at their place.

use crate::chunked::{self, InputKey, SALT_BYTES};
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::kdf::Prf;
use crate::label::Label;
use crate::secret::SecretBytes;
use crate::suite::Aead;
use crate::{OpenError, frame};

/// Cobblestone-256 whose context is `label ‖ frame(place)`.
#[derive(Debug)]
pub(super) struct SealingKey {
    key: InputKey,
    label: Label,
}

impl SealingKey {
    /// Derives the input key under `key_label`; what it seals carries `label` in the context.
    pub(super) fn derive(parent: &Prf, key_label: Label, label: Label) -> Self {
        let key = InputKey::derive(Aead::AES_256_GCM, parent, key_label, &[]);
        Self { key, label }
    }

    pub(super) fn seal(
        &self,
        place: &[&[u8]],
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, EntropyUnavailable> {
        let mut salt = [0; SALT_BYTES];
        entropy.fill(&mut salt)?;
        Ok(chunked::seal(
            &self.key,
            &salt,
            &self.context(place),
            plaintext,
        ))
    }

    pub(super) fn open(&self, place: &[&[u8]], sealed: &[u8]) -> Result<SecretBytes, OpenError> {
        chunked::open(&self.key, &self.context(place), sealed)
    }

    fn context(&self, place: &[&[u8]]) -> Vec<u8> {
        [self.label.as_bytes(), &frame::list(place)].concat()
    }
}
