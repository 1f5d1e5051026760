//! Hybrid key encapsulation: an elliptic curve and ML-KEM, either of which keeps the secret.
//!
//! ```text
//! public key    = pk_M ‖ pk_C            ciphertext = ct_M ‖ ct_C (an ephemeral public key)
//! private key   = dk_M (expanded) ‖ sk_C ‖ pk_C ‖ pk_M
//! X25519+ML-KEM-768   X-Wing, see [`crate::xwing`]
//! the others          see `combiner`: of P-256 and P-384 as NIST SP 800-56C approves
//! ```
//!
//! X-Wing leaves `ct_M` and `pk_M` out of its hash, for a reason that is shown for ML-KEM-768 with
//! X25519; the others bind them. ML-KEM draws from AWS-LC's own generator, the curves
//! draw from [`Entropy`].

mod combined;
mod combiner;
mod curve;
mod sealed;

pub use sealed::{HEADER_BYTES, SealedHeader, open_sealed, seal_to_hybrid};

use core::fmt;

use aws_lc_rs::digest;
use strongroom_types::HybridAlgorithm;

use crate::entropy::{Entropy, EntropyUnavailable};
use crate::label::Label;
use crate::secret::{Secret, SecretBytes};
use crate::xwing::{self, EncapsulateError};
use crate::{OpenError, frame};
use combined::CombinedKey;
use curve::Curve;

/// The parts of an algorithm and their lengths.
#[derive(Clone, Copy)]
struct Parts {
    curve: Curve,
    ml_kem: &'static aws_lc_rs::kem::Algorithm,
    /// Bytes of `pk_M`, `dk_M` and `ct_M`.
    public: usize,
    private: usize,
    ciphertext: usize,
}

/// The parts of an algorithm.
const fn parts(algorithm: HybridAlgorithm) -> Parts {
    use aws_lc_rs::kem::{ML_KEM_512, ML_KEM_768, ML_KEM_1024};
    let (curve, ml_kem, (public, private, ciphertext)) = match algorithm {
        HybridAlgorithm::X25519MlKem512 => (Curve::X25519, &ML_KEM_512, (800, 1632, 768)),
        HybridAlgorithm::X25519MlKem768 => (Curve::X25519, &ML_KEM_768, (1184, 2400, 1088)),
        HybridAlgorithm::X25519MlKem1024 => (Curve::X25519, &ML_KEM_1024, (1568, 3168, 1568)),
        HybridAlgorithm::P256MlKem768 => (Curve::P256, &ML_KEM_768, (1184, 2400, 1088)),
        HybridAlgorithm::P384MlKem1024 => (Curve::P384, &ML_KEM_1024, (1568, 3168, 1568)),
    };
    Parts {
        curve,
        ml_kem,
        public,
        private,
        ciphertext,
    }
}

/// Bytes of a public key.
#[must_use]
pub const fn public_key_bytes(algorithm: HybridAlgorithm) -> usize {
    let parts = parts(algorithm);
    parts.public + parts.curve.public_bytes()
}

/// Bytes of a ciphertext.
#[must_use]
pub const fn ciphertext_bytes(algorithm: HybridAlgorithm) -> usize {
    let parts = parts(algorithm);
    parts.ciphertext + parts.curve.public_bytes()
}

/// A public key. Checked when it is used, but for its length.
#[derive(Clone, PartialEq, Eq)]
pub struct HybridPublicKey {
    algorithm: HybridAlgorithm,
    bytes: Vec<u8>,
}

impl HybridPublicKey {
    /// Takes the bytes of a public key.
    ///
    /// # Errors
    /// They have another length than the algorithm's.
    pub fn from_bytes(
        algorithm: HybridAlgorithm,
        bytes: Vec<u8>,
    ) -> Result<Self, EncapsulateError> {
        if bytes.len() != public_key_bytes(algorithm) {
            return Err(EncapsulateError::PublicKey);
        }
        Ok(Self { algorithm, bytes })
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> HybridAlgorithm {
        self.algorithm
    }

    /// The bytes: `pk_M ‖ pk_C`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `SHA-256(label ‖ frame(algorithm, public key))`: what names the key in what is sealed to it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let name = self.algorithm.name().as_bytes();
        let framed = frame::list(&[name, &self.bytes]);
        let message = [Label::HybridPublicKey.as_bytes(), &framed].concat();
        let digest = digest::digest(&digest::SHA256, &message);
        core::array::from_fn(|at| digest.as_ref().get(at).copied().unwrap_or_default())
    }

    /// Draws a shared secret and encapsulates it to this key.
    ///
    /// # Errors
    /// When the key is not valid or there is no randomness.
    pub fn encapsulate(
        &self,
        entropy: &dyn Entropy,
    ) -> Result<(Vec<u8>, Secret<32>), EncapsulateError> {
        if self.algorithm == HybridAlgorithm::X25519MlKem768 {
            let bytes: [u8; xwing::PUBLIC_KEY_BYTES] = self
                .bytes
                .as_slice()
                .try_into()
                .map_err(|_length| EncapsulateError::PublicKey)?;
            let (ciphertext, shared) = xwing::PublicKey::from_bytes(bytes).encapsulate(entropy)?;
            return Ok((ciphertext.to_vec(), shared));
        }
        combined::encapsulate(self.algorithm, &self.bytes, entropy)
    }
}

impl fmt::Debug for HybridPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HybridPublicKey({})", self.algorithm)
    }
}

/// A private key with its public key. It cannot be printed, cloned or serialised but by
/// [`HybridKey::to_bytes`].
pub struct HybridKey {
    inner: Inner,
    public: HybridPublicKey,
}

enum Inner {
    XWing(Box<xwing::PrivateKey>),
    Combined(Box<CombinedKey>),
}

impl HybridKey {
    /// Draws a key pair.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(
        algorithm: HybridAlgorithm,
        entropy: &dyn Entropy,
    ) -> Result<Self, EntropyUnavailable> {
        let inner = if algorithm == HybridAlgorithm::X25519MlKem768 {
            Inner::XWing(Box::new(xwing::PrivateKey::generate(entropy)?))
        } else {
            Inner::Combined(Box::new(CombinedKey::generate(algorithm, entropy)?))
        };
        Ok(Self::of(algorithm, inner))
    }

    /// Reads a private key.
    ///
    /// # Errors
    /// When it is none of the algorithm, or its halves do not belong together.
    pub fn from_bytes(algorithm: HybridAlgorithm, bytes: SecretBytes) -> Result<Self, OpenError> {
        let inner = if algorithm == HybridAlgorithm::X25519MlKem768 {
            Inner::XWing(Box::new(xwing::PrivateKey::from_expanded(bytes)?))
        } else {
            Inner::Combined(Box::new(CombinedKey::from_bytes(algorithm, bytes)?))
        };
        Ok(Self::of(algorithm, inner))
    }

    fn of(algorithm: HybridAlgorithm, inner: Inner) -> Self {
        let bytes = match &inner {
            Inner::XWing(key) => key.public_key().as_bytes().to_vec(),
            Inner::Combined(key) => key.public_key(),
        };
        let public = HybridPublicKey { algorithm, bytes };
        Self { inner, public }
    }

    /// The private key itself, for whoever wraps it.
    #[must_use]
    pub fn to_bytes(&self) -> &SecretBytes {
        match &self.inner {
            Inner::XWing(key) => key.expanded(),
            Inner::Combined(key) => key.bytes(),
        }
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> &HybridPublicKey {
        &self.public
    }

    /// The shared secret of a ciphertext. A ciphertext for another key gives another secret where
    /// it is well-formed, not an error (implicit rejection, FIPS 203).
    ///
    /// # Errors
    /// When it has another length, or its curve part is no point that the curve takes.
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Result<Secret<32>, OpenError> {
        match &self.inner {
            Inner::XWing(key) => {
                let ciphertext = ciphertext.try_into().map_err(|_length| OpenError)?;
                key.decapsulate(ciphertext)
            }
            Inner::Combined(key) => key.decapsulate(ciphertext),
        }
    }
}

impl fmt::Debug for HybridKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HybridKey({})", self.public.algorithm)
    }
}

#[cfg(test)]
mod tests;
