//! The hybrids that are not X-Wing.

use aws_lc_rs::kem::{Ciphertext, DecapsulationKey, EncapsulationKey};
use strongroom_types::HybridAlgorithm;

use super::combiner::{Halves, combine};
use super::curve::Pair;
use super::{ciphertext_bytes, parts};
use crate::OpenError;
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::secret::{Secret, SecretBytes};
use crate::xwing::EncapsulateError;

/// A private key: `dk_M (expanded) ‖ sk_C ‖ pk_C ‖ pk_M`.
pub(super) struct CombinedKey {
    algorithm: HybridAlgorithm,
    ml_kem: DecapsulationKey,
    curve: Pair,
    pk_m: Vec<u8>,
    bytes: SecretBytes,
}

/// Draws a shared secret and encapsulates it to `pk_M ‖ pk_C`.
pub(super) fn encapsulate(
    algorithm: HybridAlgorithm,
    public: &[u8],
    entropy: &dyn Entropy,
) -> Result<(Vec<u8>, Secret<32>), EncapsulateError> {
    let parts = parts(algorithm);
    let invalid = EncapsulateError::PublicKey;
    let (pk_m, pk_c) = public.split_at_checked(parts.public).ok_or(invalid)?;
    let key = EncapsulationKey::new(parts.ml_kem, pk_m).map_err(|_rejected| invalid)?;
    let (ct_m, ss_m) = key.encapsulate().map_err(|_unspecified| invalid)?;
    let ephemeral = parts.curve.generate(entropy)?;
    let ss_c = ephemeral.agree(pk_c).map_err(|_error| invalid)?;
    let ct_c = &ephemeral.public;
    let halves = Halves {
        secrets: (ss_m.as_ref(), ss_c.expose()),
        ciphertexts: (ct_m.as_ref(), ct_c),
        public: (pk_m, pk_c),
    };
    let shared = combine(algorithm, halves).map_err(|_unspecified| invalid)?;
    Ok(([ct_m.as_ref(), ct_c.as_slice()].concat(), shared))
}

impl CombinedKey {
    pub(super) fn generate(
        algorithm: HybridAlgorithm,
        entropy: &dyn Entropy,
    ) -> Result<Self, EntropyUnavailable> {
        let parts = parts(algorithm);
        let curve = parts.curve.generate(entropy)?;
        let none = |_unspecified| EntropyUnavailable;
        let ml_kem = DecapsulationKey::generate(parts.ml_kem).map_err(none)?;
        let pk_m = ml_kem.encapsulation_key().and_then(|key| key.key_bytes());
        let (pk_m, dk_m) = (
            pk_m.map_err(none)?.as_ref().to_vec(),
            ml_kem.key_bytes().map_err(none)?,
        );
        let bytes = [dk_m.as_ref(), curve.private.expose(), &curve.public, &pk_m].concat();
        Ok(Self {
            algorithm,
            ml_kem,
            curve,
            pk_m,
            bytes: SecretBytes::from(bytes),
        })
    }

    pub(super) fn from_bytes(
        algorithm: HybridAlgorithm,
        bytes: SecretBytes,
    ) -> Result<Self, OpenError> {
        let parts = parts(algorithm);
        let split = |bytes, at| <[u8]>::split_at_checked(bytes, at).ok_or(OpenError);
        let (dk_m, rest) = split(bytes.expose(), parts.private)?;
        let (sk_c, rest) = split(rest, parts.curve.private_bytes())?;
        let (pk_c, pk_m) = split(rest, parts.curve.public_bytes())?;
        if pk_m.len() != parts.public {
            return Err(OpenError);
        }
        let curve = Pair::read(parts.curve, SecretBytes::from(sk_c.to_vec()))?;
        if curve.public != pk_c {
            return Err(OpenError);
        }
        let ml_kem = DecapsulationKey::new(parts.ml_kem, dk_m).map_err(|_rejected| OpenError)?;
        Ok(Self {
            algorithm,
            ml_kem,
            curve,
            pk_m: pk_m.to_vec(),
            bytes,
        })
    }

    pub(super) const fn bytes(&self) -> &SecretBytes {
        &self.bytes
    }

    pub(super) fn public_key(&self) -> Vec<u8> {
        [self.pk_m.as_slice(), &self.curve.public].concat()
    }

    pub(super) fn decapsulate(&self, ciphertext: &[u8]) -> Result<Secret<32>, OpenError> {
        if ciphertext.len() != ciphertext_bytes(self.algorithm) {
            return Err(OpenError);
        }
        let at = parts(self.algorithm).ciphertext;
        let (ct_m, ct_c) = ciphertext.split_at_checked(at).ok_or(OpenError)?;
        let ss_m = self.ml_kem.decapsulate(Ciphertext::from(ct_m));
        let ss_m = ss_m.map_err(|_unspecified| OpenError)?;
        let ss_c = self.curve.agree(ct_c)?;
        let halves = Halves {
            secrets: (ss_m.as_ref(), ss_c.expose()),
            ciphertexts: (ct_m, ct_c),
            public: (self.pk_m.as_slice(), self.curve.public.as_slice()),
        };
        combine(self.algorithm, halves).map_err(|_unspecified| OpenError)
    }
}

impl core::fmt::Debug for CombinedKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "CombinedKey({})", self.algorithm)
    }
}
