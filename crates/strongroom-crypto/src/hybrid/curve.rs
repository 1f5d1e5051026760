//! The elliptic curves of the hybrids.

use aws_lc_rs::agreement::{
    self, Algorithm, ECDH_P256, ECDH_P384, PrivateKey, UnparsedPublicKey, X25519,
};
use zeroize::Zeroizing;

use crate::OpenError;
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::secret::SecretBytes;

/// How often a scalar is drawn. One that is not below the order comes once in 2^32 for P-256, and in
/// 2^190 for P-384.
const DRAWS: usize = 8;

/// A curve. Its shared secret is the x-coordinate (NIST SP 800-56A; RFC 7748 for X25519).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    X25519,
    P256,
    P384,
}

impl Curve {
    /// Bytes of a private key.
    pub(super) const fn private_bytes(self) -> usize {
        match self {
            Self::X25519 | Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    /// Bytes of a public key; of P-256 and P-384 the uncompressed point.
    pub(super) const fn public_bytes(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::P256 => 65,
            Self::P384 => 97,
        }
    }

    const fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::X25519 => &X25519,
            Self::P256 => &ECDH_P256,
            Self::P384 => &ECDH_P384,
        }
    }

    /// Draws a key pair.
    pub(super) fn generate(self, entropy: &dyn Entropy) -> Result<Pair, EntropyUnavailable> {
        for _draw in 0..DRAWS {
            let mut bytes = Zeroizing::new(vec![0; self.private_bytes()]);
            entropy.fill(&mut bytes)?;
            let private = SecretBytes::from(core::mem::take(&mut *bytes));
            if let Ok(pair) = Pair::read(self, private) {
                return Ok(pair);
            }
        }
        Err(EntropyUnavailable)
    }
}

/// A key pair of a curve.
pub(super) struct Pair {
    curve: Curve,
    key: PrivateKey,
    pub(super) private: SecretBytes,
    pub(super) public: Vec<u8>,
}

impl Pair {
    /// Reads a private key and computes its public one.
    pub(super) fn read(curve: Curve, private: SecretBytes) -> Result<Self, OpenError> {
        let key = PrivateKey::from_private_key(curve.algorithm(), private.expose());
        let key = key.map_err(|_rejected| OpenError)?;
        let public = key.compute_public_key().map_err(|_unspecified| OpenError)?;
        let public = public.as_ref().to_vec();
        Ok(Self {
            curve,
            key,
            private,
            public,
        })
    }

    /// What both sides share. A point that is not on the curve, or whose secret is all zeros, is
    /// refused.
    pub(super) fn agree(&self, public: &[u8]) -> Result<SecretBytes, OpenError> {
        let public = UnparsedPublicKey::new(self.curve.algorithm(), public);
        agreement::agree(&self.key, public, OpenError, |shared| {
            Ok(SecretBytes::from(shared.to_vec()))
        })
    }
}
