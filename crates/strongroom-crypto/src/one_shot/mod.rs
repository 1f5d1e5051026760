//! Authenticated encryption in one piece: AES-256 in CBC or CTR, then HMAC-SHA-256, and AES-256-CCM.
//!
//! ```text
//! encryption key (32) ‖ [MAC key (32)] ‖ IV (16; CCM: 12) ‖ commitment (32)
//!            = HKDF-Expand-SHA-512(input key, label ‖ frame(suite, salt, context))
//! CBC, CTR   salt (24) ‖ commitment (32) ‖ AES(plaintext) ‖ tag (32)
//!            tag = HMAC-SHA-256(MAC key, item(context) ‖ IV ‖ AES(plaintext))
//! CCM        salt (24) ‖ commitment (32) ‖ AES-CCM(plaintext) ‖ tag (16), no associated data
//! ```
//!
//! All keys are a message's own, so that no IV repeats under a key. The commitment pins input key,
//! salt and context; it and the tag are compared before a byte is decrypted. CBC pads by PKCS #7.
//! A message has at most [`strongroom_types::Suite::plaintext_bytes_max`] bytes. CCM is that of
//! RustCrypto, because AWS-LC offers none.

mod ccm;
mod cipher;
mod key;

pub use key::{OneShotKey, OneShotKeyError};

use strongroom_types::Suite;

use crate::OpenError;
use crate::chunked::{PREFIX_BYTES, SALT_BYTES};
use crate::secret::SecretBytes;

/// Bytes of an AES block.
const BLOCK_BYTES: usize = 16;
/// Bytes of a tag of CCM.
const CCM_TAG_BYTES: usize = 16;

/// A plaintext that is longer than its suite seals in one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{suite} seals at most {most} bytes")]
pub struct MessageTooLong {
    /// The suite.
    pub suite: Suite,
    /// The most bytes that it seals.
    pub most: usize,
}

/// What encrypts, and what authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cipher {
    /// AES-256-CBC, then HMAC-SHA-256.
    CbcHmac,
    /// AES-256-CTR, then HMAC-SHA-256.
    CtrHmac,
    /// AES-256-CCM.
    Ccm,
}

impl Cipher {
    pub(crate) const fn suite(self) -> Suite {
        match self {
            Self::CbcHmac => Suite::Aes256CbcHmac,
            Self::CtrHmac => Suite::Aes256CtrHmac,
            Self::Ccm => Suite::Aes256Ccm,
        }
    }

    const fn tag_bytes(self) -> usize {
        match self {
            Self::CbcHmac | Self::CtrHmac => crate::kdf::MAC_BYTES,
            Self::Ccm => CCM_TAG_BYTES,
        }
    }

    /// Bytes of the encrypted plaintext.
    const fn encrypted_bytes(self, plaintext_bytes: usize) -> usize {
        match self {
            Self::CbcHmac => (plaintext_bytes / BLOCK_BYTES + 1) * BLOCK_BYTES,
            Self::CtrHmac | Self::Ccm => plaintext_bytes,
        }
    }

    fn check_length(self, bytes: usize) -> Result<(), MessageTooLong> {
        let suite = self.suite();
        let most = suite.plaintext_bytes_max().unwrap_or_default();
        if bytes > most {
            return Err(MessageTooLong { suite, most });
        }
        Ok(())
    }
}

impl OneShotKey {
    /// Bytes of the ciphertext of `plaintext_bytes` bytes.
    #[must_use]
    pub const fn sealed_bytes(&self, plaintext_bytes: usize) -> usize {
        sealed_bytes(self.cipher(), plaintext_bytes)
    }
}

/// Bytes of the ciphertext of `plaintext_bytes` bytes under a key of this cipher.
pub(crate) const fn sealed_bytes(cipher: Cipher, plaintext_bytes: usize) -> usize {
    PREFIX_BYTES + cipher.encrypted_bytes(plaintext_bytes) + cipher.tag_bytes()
}

/// `salt ‖ commitment ‖ ciphertext ‖ tag`. The salt must not repeat under the key: draw it.
///
/// # Errors
/// The plaintext is longer than the suite seals.
pub fn seal(
    key: &OneShotKey,
    salt: &[u8; SALT_BYTES],
    context: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, MessageTooLong> {
    let mut out = Vec::with_capacity(key.sealed_bytes(plaintext.len()));
    seal_into(key, salt, context, plaintext, &mut out)?;
    Ok(out)
}

/// Appends what [`seal`] returns.
///
/// # Errors
/// The plaintext is longer than the suite seals.
pub fn seal_into(
    key: &OneShotKey,
    salt: &[u8; SALT_BYTES],
    context: &[u8],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), MessageTooLong> {
    key.cipher().check_length(plaintext.len())?;
    let message = key.message_key(salt, context);
    out.extend_from_slice(salt);
    out.extend_from_slice(message.commitment());
    message.seal_into(context, plaintext, out);
    Ok(())
}

/// The plaintext of what [`seal`] returned, all of it authenticated.
///
/// # Errors
/// When key or context differ, or a byte is altered, missing or surplus.
pub fn open(key: &OneShotKey, context: &[u8], sealed: &[u8]) -> Result<SecretBytes, OpenError> {
    let (salt, rest) = sealed.split_first_chunk::<SALT_BYTES>().ok_or(OpenError)?;
    let (commitment, rest) = rest.split_first_chunk::<32>().ok_or(OpenError)?;
    let cipher = key.cipher();
    let encrypted_bytes = rest
        .len()
        .checked_sub(cipher.tag_bytes())
        .ok_or(OpenError)?;
    let most = cipher.suite().plaintext_bytes_max().unwrap_or_default();
    if encrypted_bytes > cipher.encrypted_bytes(most) {
        return Err(OpenError);
    }
    let (encrypted, tag) = rest.split_at_checked(encrypted_bytes).ok_or(OpenError)?;
    let message = key.message_key(salt, context);
    if !crate::kdf::verify(message.commitment(), commitment) {
        return Err(OpenError);
    }
    message.open(context, encrypted, tag)
}

#[cfg(test)]
mod tests;
