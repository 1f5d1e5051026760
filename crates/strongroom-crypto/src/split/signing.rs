//! The key that signs a keyset's grants, and how a client's public key is compared.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::entropy::{Entropy, EntropyUnavailable};
use crate::label::Label;
use crate::secret::Secret;
use crate::xwing::PublicKey;

/// Bytes of the public half of a granting key.
pub const SIGNER_BYTES: usize = 32;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// The seed was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 seed")]
pub struct SignerSeedError;

/// The key that a granting client signs a keyset's grants with: Ed25519, RFC 8032.
pub struct GrantSigner {
    key: Ed25519KeyPair,
    seed: Secret<32>,
    public: [u8; SIGNER_BYTES],
}

impl GrantSigner {
    /// Draws a granting key.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        let seed = Secret::generate(entropy)?;
        Self::from_seed(seed).map_err(|_refused| EntropyUnavailable)
    }

    /// The granting key of a seed.
    ///
    /// # Errors
    /// The seed is refused.
    pub fn from_seed(seed: Secret<32>) -> Result<Self, SignerSeedError> {
        let key = Ed25519KeyPair::from_seed_unchecked(seed.expose());
        let key = key.map_err(|_rejected| SignerSeedError)?;
        let public = key.public_key().as_ref().try_into();
        Ok(Self {
            public: public.map_err(|_length| SignerSeedError)?,
            key,
            seed,
        })
    }

    /// The seed, to be kept.
    #[must_use]
    pub const fn seed(&self) -> &Secret<32> {
        &self.seed
    }

    /// The public half: every client of the keyset pins it.
    #[must_use]
    pub const fn public(&self) -> &[u8; SIGNER_BYTES] {
        &self.public
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], EntropyUnavailable> {
        let signature = self.key.try_sign(message);
        let signature = signature.map_err(|_unspecified| EntropyUnavailable)?;
        signature
            .as_ref()
            .try_into()
            .map_err(|_length| EntropyUnavailable)
    }
}

impl core::fmt::Debug for GrantSigner {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("GrantSigner")
    }
}

pub(super) fn is_signed(signer: &[u8; SIGNER_BYTES], message: &[u8], signature: &[u8]) -> bool {
    let signer = UnparsedPublicKey::new(&ED25519, signer);
    signer.verify(message, signature).is_ok()
}

/// `SHA-256("fingerprint-of-split-client" ‖ public key)`: what people compare before they grant.
#[must_use]
pub fn fingerprint(key: &PublicKey) -> [u8; 32] {
    let label = Label::SplitFingerprint.as_bytes();
    let hash = digest(&SHA256, &[label, key.as_bytes()].concat());
    let mut out = [0; 32];
    out.iter_mut()
        .zip(hash.as_ref())
        .for_each(|(to, from)| *to = *from);
    out
}
