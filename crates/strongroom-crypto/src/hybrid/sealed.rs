//! What is sealed to a hybrid key: anyone can seal, only the holder of the private key can open.
//!
//! ```text
//! sealed  = header ‖ KEM ciphertext ‖ Cobblestone-256(key, context, plaintext)
//! header  = "srh1" ‖ algorithm u8 ‖ digest of the public key (32)
//! key     = HKDF-Expand-SHA-256(shared secret, label ‖ frame(algorithm), 32)
//! context = label ‖ frame(header, public key, KEM ciphertext, associated data)
//! ```
//!
//! It says nothing about who sealed.

use strongroom_types::HybridAlgorithm;

use super::{HybridKey, HybridPublicKey, ciphertext_bytes};
use crate::chunked::{self, InputKey, SALT_BYTES};
use crate::entropy::Entropy;
use crate::kdf::Prf;
use crate::label::Label;
use crate::secret::{Secret, SecretBytes};
use crate::suite::Aead;
use crate::xwing::EncapsulateError;
use crate::{OpenError, frame};

/// What a sealed message begins with.
const MAGIC: [u8; 4] = *b"srh1";
/// Bytes of a header.
pub const HEADER_BYTES: usize = 4 + 1 + 32;

/// The header of what is sealed to a hybrid key. Reading it proves nothing: only opening authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedHeader {
    /// The algorithm.
    pub algorithm: HybridAlgorithm,
    /// [`HybridPublicKey::digest`] of the key that opens it.
    pub recipient: [u8; 32],
}

impl SealedHeader {
    /// The header of what is sealed to this key.
    #[must_use]
    pub fn to(recipient: &HybridPublicKey) -> Self {
        Self {
            algorithm: recipient.algorithm(),
            recipient: recipient.digest(),
        }
    }

    /// Its one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [&MAGIC[..], &[self.algorithm.code()], &self.recipient].concat()
    }

    /// Splits a sealed message into header, KEM ciphertext and body.
    ///
    /// # Errors
    /// It is none, or too short.
    pub fn split(sealed: &[u8]) -> Result<(Self, &[u8], &[u8]), OpenError> {
        let (magic, rest) = sealed.split_first_chunk::<4>().ok_or(OpenError)?;
        let (code, rest) = rest.split_first().ok_or(OpenError)?;
        let (recipient, rest) = rest.split_first_chunk::<32>().ok_or(OpenError)?;
        let algorithm = HybridAlgorithm::from_code(*code).ok_or(OpenError)?;
        let ciphertext = rest.split_at_checked(ciphertext_bytes(algorithm));
        let (ciphertext, body) = ciphertext.ok_or(OpenError)?;
        let header = Self {
            algorithm,
            recipient: *recipient,
        };
        if *magic != MAGIC {
            return Err(OpenError);
        }
        Ok((header, ciphertext, body))
    }
}

/// Seals `plaintext` to the holder of a private key.
///
/// # Errors
/// When the public key is not valid or there is no randomness.
pub fn seal_to_hybrid(
    recipient: &HybridPublicKey,
    associated_data: &[u8],
    plaintext: &[u8],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, EncapsulateError> {
    let (ciphertext, shared) = recipient.encapsulate(entropy)?;
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt)?;
    let header = SealedHeader::to(recipient).encode();
    let context = context(&header, recipient, &ciphertext, associated_data);
    let key = input_key(recipient.algorithm(), &shared);
    let mut out = [header.as_slice(), &ciphertext].concat();
    chunked::seal_into(&key, &salt, &context, plaintext, &mut out);
    Ok(out)
}

/// Opens what was sealed to this key's public key with the same associated data.
///
/// # Errors
/// When key or associated data differ, or a byte is altered.
pub fn open_sealed(
    key: &HybridKey,
    associated_data: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, OpenError> {
    let (header, ciphertext, body) = SealedHeader::split(sealed)?;
    let public = key.public_key();
    if header != SealedHeader::to(public) {
        return Err(OpenError);
    }
    let shared = key.decapsulate(ciphertext)?;
    let context = context(&header.encode(), public, ciphertext, associated_data);
    chunked::open(&input_key(header.algorithm, &shared), &context, body)
}

fn input_key(algorithm: HybridAlgorithm, shared: &Secret<32>) -> InputKey {
    let name = algorithm.name().as_bytes();
    InputKey::derive(
        Aead::AES_256_GCM,
        &Prf::new(shared),
        Label::HybridSeal,
        &[name],
    )
}

fn context(
    header: &[u8],
    public: &HybridPublicKey,
    ciphertext: &[u8],
    associated_data: &[u8],
) -> Vec<u8> {
    let framed = frame::list(&[header, public.as_bytes(), ciphertext, associated_data]);
    [Label::HybridSealed.as_bytes(), &framed].concat()
}
