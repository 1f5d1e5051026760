//! Opening a ciphertext with what is kept of its key.

use strongroom_types::Format;
use zeroize::Zeroizing;

use super::aead::{open_ccm, open_chacha20, open_gcm};
use super::header::{Cipher, Ciphertext};
use super::ring::{KeyRing, Material};
use super::{cbc, hybrid, xts};
use crate::OpenError;
use crate::secret::{Secret, SecretBytes};

impl KeyRing {
    /// Opens a ciphertext that names this key. With a commitment the key is the one that it is of, and there is
    /// no other try; without one all keys are tried that the key can have been.
    ///
    /// # Errors
    /// One for all reasons: it was altered, is of another key, has other associated data, or is of a format that
    /// the key never had.
    pub fn open(
        &self,
        ciphertext: &Ciphertext<'_>,
        associated_data: Option<&[u8]>,
    ) -> Result<SecretBytes, OpenError> {
        let associated_data = associated_data.unwrap_or_default();
        let fits = ciphertext.associated.fits(associated_data);
        if !self.had(ciphertext.format) || !fits {
            return Err(OpenError);
        }
        match (ciphertext.cipher, &self.material) {
            (Cipher::Hybrid(mode, _), Material::Kem(private)) => hybrid::open(
                private,
                (mode, ciphertext.key_id()),
                (&ciphertext.nonce, associated_data),
                ciphertext.body,
            ),
            (Cipher::Hybrid(..), Material::Keys(_)) => Err(OpenError),
            (cipher, _) => {
                let commitment = ciphertext.commitment.as_ref();
                let mut keys = self.candidates(cipher.key_bytes(), commitment);
                let opened =
                    keys.find_map(|key| open_with(key.expose(), ciphertext, associated_data).ok());
                opened.ok_or(OpenError)
            }
        }
    }
}

impl Cipher {
    /// How long the key is that their server derives.
    const fn key_bytes(self) -> usize {
        match self {
            Self::Gcm(bytes) | Self::Ccm(bytes) | Self::Cbc(bytes) => bytes,
            Self::ChaCha20 | Self::Hybrid(..) => 32,
            Self::Xts => 64,
        }
    }
}

fn open_with(
    key: &[u8],
    ciphertext: &Ciphertext<'_>,
    associated_data: &[u8],
) -> Result<SecretBytes, OpenError> {
    let (nonce, body) = (ciphertext.nonce.as_slice(), ciphertext.body);
    // In `cs-v2` a shorter key was filled up with zeros.
    let filled = match ciphertext.format {
        Format::CsV2 if key.len() < 32 => Some(fill(key)),
        _ => None,
    };
    let key = filled.as_ref().map_or(key, |filled| filled.as_slice());
    match ciphertext.cipher {
        Cipher::Gcm(_) => open_gcm(key, nonce, associated_data, body),
        Cipher::Ccm(_) => open_ccm(key, nonce, associated_data, body),
        Cipher::ChaCha20 => open_chacha20(key, nonce, associated_data, body),
        // Neither authenticates associated data.
        Cipher::Cbc(_) | Cipher::Xts if !associated_data.is_empty() => Err(OpenError),
        Cipher::Cbc(_) if ciphertext.format == Format::CsV2 => cbc::open_raw(key, nonce, body),
        Cipher::Cbc(_) => cbc::open_derived(key, nonce, body),
        Cipher::Xts => xts::open(key, nonce, body),
        Cipher::Hybrid(..) => Err(OpenError),
    }
}

fn fill(key: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut filled = Zeroizing::new([0; 32]);
    let bytes = filled.iter_mut().zip(key);
    bytes.for_each(|(to, from)| *to = *from);
    filled
}

/// Opens what their SDK sealed by itself under a key that Strongroom gave it.
///
/// # Errors
/// One for all reasons.
pub fn open_local(
    key: &Secret<32>,
    ciphertext: &Ciphertext<'_>,
    associated_data: Option<&[u8]>,
) -> Result<SecretBytes, OpenError> {
    let associated_data = associated_data.unwrap_or_default();
    let of_sdk = ciphertext.format == Format::CsSdkV4;
    let fits = ciphertext.associated.fits(associated_data);
    if !of_sdk || !fits || ciphertext.cipher != Cipher::Gcm(32) {
        return Err(OpenError);
    }
    let (nonce, body) = (ciphertext.nonce.as_slice(), ciphertext.body);
    open_gcm(key.expose(), nonce, associated_data, body)
}
