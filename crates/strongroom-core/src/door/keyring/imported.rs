//! Keys of other products: opened from their rows to open one ciphertext, and gone again. And the key that
//! clients get to seal with by themselves.

use strongroom_crypto::envelope::{self, Envelope};
use strongroom_crypto::foreign::cryptoserve::{Ciphertext, KeyRing, open_local};
use strongroom_crypto::secret::{Secret, SecretBytes};
use strongroom_types::{KeyVersion, Operation};

use super::{ContextKeys, ItemPermit, SealSpec, altered};
use crate::denial::{CiphertextFault, Denial};

/// What opens a ciphertext of another product.
#[derive(Debug)]
pub(crate) enum Opener<'a> {
    /// A kept key, bound to its place.
    Kept(&'a [u8], Box<Envelope<'a>>),
    /// The key that clients got under a version.
    Bundle(KeyVersion),
}

impl ContextKeys {
    /// Opens what another product sealed.
    pub(crate) fn open_imported(
        &self,
        permit: ItemPermit,
        opener: &Opener<'_>,
        ciphertext: &Ciphertext<'_>,
        associated_data: Option<&[u8]>,
    ) -> Result<SecretBytes, Denial> {
        permit.consume(&[Operation::Decrypt], self.id)?;
        self.open_theirs(opener, ciphertext, associated_data)
    }

    /// Seals again what another product sealed, under the active version of keys of the same key context.
    pub(crate) fn rewrap_imported(
        &self,
        permit: ItemPermit,
        opener: &Opener<'_>,
        ciphertext: &Ciphertext<'_>,
        (under, spec): (&Self, &SealSpec<'_>),
    ) -> Result<Vec<u8>, Denial> {
        permit.consume(&[Operation::ImportedRewrap], self.id)?;
        if under.id != self.id {
            return Err(Denial::Internal);
        }
        let plaintext = self.open_theirs(opener, ciphertext, spec.associated_data)?;
        under.sealed(spec, |request| {
            envelope::seal_value(request, plaintext.expose())
        })
    }

    fn open_theirs(
        &self,
        opener: &Opener<'_>,
        ciphertext: &Ciphertext<'_>,
        associated_data: Option<&[u8]>,
    ) -> Result<SecretBytes, Denial> {
        match opener {
            Opener::Bundle(version) => {
                let key = self.version(*version)?.sdk_key();
                open_local(&key, ciphertext, associated_data).map_err(altered)
            }
            Opener::Kept(place, row) => {
                let (key, _) = self.opening_keys(row, None)?;
                let ring = envelope::open(row, key, None, Some(place)).map_err(altered)?;
                let ring = KeyRing::decode(ring.expose());
                let ring = ring.map_err(|_own| Denial::Ciphertext(CiphertextFault::Malformed))?;
                ring.open(ciphertext, associated_data).map_err(altered)
            }
        }
    }

    /// Gives out the key that a client may seal with by itself: of the active version.
    pub(crate) fn sdk_key(&self, permit: ItemPermit) -> Result<Secret<32>, Denial> {
        permit.consume(&[Operation::KeyBundle], self.id)?;
        Ok(self.version(self.active)?.sdk_key())
    }
}
