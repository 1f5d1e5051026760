//! `cs-hybrid-v1`: ML-KEM, and an AEAD under what it shares. There is no classical part.
//!
//! ```text
//! body        = ML-KEM ciphertext ‖ AEAD ciphertext ‖ tag
//! key         = HKDF-SHA-256(shared secret, no salt, "cryptoserve-hybrid-v1" ‖ kid), 32 bytes
//! private key = AES-256-GCM(wrapping key, nonce, "{context}:{kid}:{mode}", expanded ML-KEM private key)
//! ```

use aws_lc_rs::kem::{self, Algorithm, AlgorithmId, ML_KEM_768, ML_KEM_1024};
use strongroom_types::Format;
use zeroize::Zeroizing;

use super::aead::{open_chacha20, open_gcm};
use super::derive::hkdf;
use super::ring::KeyRing;
use crate::OpenError;
use crate::secret::SecretBytes;

const INFO: &str = "cryptoserve-hybrid-v1";

/// Which KEM, with which AEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HybridMode {
    /// ML-KEM-768 with AES-256-GCM.
    Aes768,
    /// ML-KEM-1024 with AES-256-GCM.
    Aes1024,
    /// ML-KEM-768 with ChaCha20-Poly1305.
    ChaCha768,
}

impl HybridMode {
    const ALL: [Self; 3] = [Self::Aes768, Self::Aes1024, Self::ChaCha768];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes768 => "AES-256-GCM+ML-KEM-768",
            Self::Aes1024 => "AES-256-GCM+ML-KEM-1024",
            Self::ChaCha768 => "ChaCha20-Poly1305+ML-KEM-768",
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    pub(super) const fn ciphertext_bytes(self) -> usize {
        match self {
            Self::Aes768 | Self::ChaCha768 => 1088,
            Self::Aes1024 => 1568,
        }
    }

    const fn private_key_bytes(self) -> usize {
        match self {
            Self::Aes768 | Self::ChaCha768 => 2400,
            Self::Aes1024 => 3168,
        }
    }

    fn kem(self) -> &'static Algorithm<AlgorithmId> {
        match self {
            Self::Aes768 | Self::ChaCha768 => &ML_KEM_768,
            Self::Aes1024 => &ML_KEM_1024,
        }
    }
}

/// Whether so many bytes are an expanded private key of ML-KEM-768 or ML-KEM-1024.
pub(super) fn is_private_key(bytes: usize) -> bool {
    let of = |mode: HybridMode| mode.private_key_bytes() == bytes;
    HybridMode::ALL.into_iter().any(of)
}

/// A private key as a row of theirs has it.
#[derive(Clone, Copy, Debug)]
pub struct WrappedKemKey<'a> {
    /// Its id.
    pub id: &'a str,
    /// The context that it is of.
    pub context: &'a str,
    /// The KEM, `ML-KEM-768` or `ML-KEM-1024`, or the mode.
    pub algorithm: &'a str,
    /// The wrapped private key.
    pub wrapped: &'a [u8],
    /// The nonce that it was wrapped with.
    pub nonce: &'a [u8],
}

impl WrappedKemKey<'_> {
    /// The private key, if this key unwraps it. The row does not say the mode in full, which takes part.
    pub(super) fn unwrap(&self, key: &SecretBytes) -> Result<Option<KeyRing>, OpenError> {
        let fits = |mode: &HybridMode| mode.name().ends_with(self.algorithm);
        for mode in HybridMode::ALL.into_iter().filter(fits) {
            let place = format!("{}:{}:{}", self.context, self.id, mode.name());
            let opened = open_gcm(key.expose(), self.nonce, place.as_bytes(), self.wrapped);
            if let Ok(private) = opened {
                if private.expose().len() != mode.private_key_bytes() {
                    return Err(OpenError);
                }
                return Ok(Some(KeyRing::of_kem(&[Format::CsHybridV1], private)));
            }
        }
        Ok(None)
    }
}

/// Opens the body of a ciphertext whose header names the mode and the key.
pub(super) fn open(
    private: &SecretBytes,
    (mode, key_id): (HybridMode, &str),
    (nonce, associated_data): (&[u8], &[u8]),
    body: &[u8],
) -> Result<SecretBytes, OpenError> {
    if private.expose().len() != mode.private_key_bytes() {
        return Err(OpenError);
    }
    let kem_bytes = mode.ciphertext_bytes();
    let (encapsulated, sealed) = body.split_at_checked(kem_bytes).ok_or(OpenError)?;
    let decapsulation = kem::DecapsulationKey::new(mode.kem(), private.expose());
    let shared = decapsulation
        .map_err(|_rejected| OpenError)?
        .decapsulate(encapsulated.into())
        .map_err(|_unspecified| OpenError)?;
    let mut key = Zeroizing::new([0; 32]);
    hkdf(shared.as_ref(), &[], &format!("{INFO}{key_id}"), &mut *key)?;
    match mode {
        HybridMode::ChaCha768 => open_chacha20(&*key, nonce, associated_data, sealed),
        HybridMode::Aes768 | HybridMode::Aes1024 => open_gcm(&*key, nonce, associated_data, sealed),
    }
}
