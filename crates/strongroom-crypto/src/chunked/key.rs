//! The input key of many messages and the keys of one.

use core::fmt;

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use strongroom_types::Suite;
use zeroize::Zeroizing;

use super::{COMMITMENT_BYTES, PREFIX_BYTES, SALT_BYTES, TAG_BYTES};
use crate::OpenError;
use crate::kdf::{self, Prf};
use crate::label::Label;
use crate::secret::Secret;
use crate::suite::{self, Aead, Construction};

/// A key that is none of a chunked suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InputKeyError {
    /// It has the wrong length.
    #[error("{suite} takes a key of {expected} bytes, not {given}")]
    Length {
        /// The suite.
        suite: Suite,
        /// Bytes that the suite's key has.
        expected: usize,
        /// Bytes that were given.
        given: usize,
    },
    /// The suite seals in one piece: see [`crate::one_shot`].
    #[error("{suite} does not seal in chunks")]
    NotChunked {
        /// The suite.
        suite: Suite,
    },
}

/// The key from which each message's keys are derived, with its HMAC-SHA-512 state computed once.
///
/// It seals 2^55 messages and more under random salts; no count has to be kept.
pub struct InputKey {
    aead: Aead,
    prf: hmac::Key,
}

impl InputKey {
    /// Takes a uniformly random key of the suite's length.
    ///
    /// # Errors
    /// When it has another length, or the suite does not seal in chunks.
    pub fn new(suite: Suite, key: &[u8]) -> Result<Self, InputKeyError> {
        let Construction::Chunked(aead) = suite::construction(suite) else {
            return Err(InputKeyError::NotChunked { suite });
        };
        let (expected, given) = (aead.key_bytes(), key.len());
        if expected != given {
            return Err(InputKeyError::Length {
                suite,
                expected,
                given,
            });
        }
        let prf = hmac::Key::new(hmac::HMAC_SHA512, key);
        Ok(Self { aead, prf })
    }

    /// `HKDF-Expand-SHA-256(key, label ‖ frame(parts), length of the suite's key)`. The parts must
    /// name the suite, so that no bytes serve two of them.
    pub(crate) fn derive(aead: Aead, key: &Prf, label: Label, parts: &[&[u8]]) -> Self {
        let mut bytes = Secret::<32>::zeroed();
        let used = aead.key_bytes();
        let bytes = bytes.as_mut().get_mut(..used).unwrap_or_default();
        key.derive_into(label, parts, bytes);
        let prf = hmac::Key::new(hmac::HMAC_SHA512, bytes);
        Self { aead, prf }
    }

    /// `key ‖ base nonce ‖ commitment = HKDF-Expand-SHA-512(input key, info)` with
    /// `info = "c2sp.org/chunked-encryption@v1+" ‖ AEAD name ‖ 0x00 ‖ salt ‖ context`.
    pub(super) fn message_key(&self, salt: &[u8; SALT_BYTES], context: &[u8]) -> MessageKey {
        let info = [VERSION, self.aead.name, &[0], salt, context];
        let mut okm = Zeroizing::new([0u8; 32 + NONCE_LEN + COMMITMENT_BYTES]);
        let key_bytes = self.aead.key_bytes();
        let used = key_bytes + NONCE_LEN + COMMITMENT_BYTES;
        kdf::expand(&self.prf, &info, okm.get_mut(..used).unwrap_or_default());
        MessageKey::split(self.aead, &okm, key_bytes)
    }

    /// The keys of the message that starts with `prefix`.
    pub(super) fn open_prefix(
        &self,
        prefix: &[u8; PREFIX_BYTES],
        context: &[u8],
    ) -> Result<MessageKey, OpenError> {
        let (salt, commitment) = prefix.split_first_chunk().ok_or(OpenError)?;
        let key = self.message_key(salt, context);
        if kdf::verify(&key.commitment, commitment) {
            Ok(key)
        } else {
            Err(OpenError)
        }
    }
}

/// Version 1 of the construction.
const VERSION: &[u8] = b"c2sp.org/chunked-encryption@v1+";

impl fmt::Debug for InputKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InputKey({})", self.aead.suite)
    }
}

/// The keys of one message.
pub(super) struct MessageKey {
    aead: LessSafeKey,
    base_nonce: [u8; NONCE_LEN],
    commitment: [u8; COMMITMENT_BYTES],
}

impl MessageKey {
    #[expect(
        clippy::expect_used,
        reason = "the output of HKDF is cut to the lengths that the algorithm states"
    )]
    fn split(aead: Aead, okm: &[u8; 76], key_bytes: usize) -> Self {
        let (key, rest) = okm.split_at(key_bytes);
        let (base_nonce, rest) = rest.split_first_chunk().expect("a nonce follows the key");
        let (commitment, _unused) = rest.split_first_chunk().expect("a commitment follows");
        let key = UnboundKey::new(aead.algorithm, key).expect("the key has its length");
        Self {
            aead: LessSafeKey::new(key),
            base_nonce: *base_nonce,
            commitment: *commitment,
        }
    }

    /// `salt ‖ commitment`.
    pub(super) fn prefix(&self, salt: &[u8; SALT_BYTES]) -> [u8; PREFIX_BYTES] {
        let mut prefix = [0; PREFIX_BYTES];
        let bytes = salt.iter().chain(&self.commitment);
        prefix
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        prefix
    }

    /// `base nonce ⊕ chunk`, the number big-endian and as wide as the nonce.
    fn nonce(&self, chunk: u64) -> Nonce {
        let mut nonce = self.base_nonce;
        let last = nonce.iter_mut().rev();
        last.zip(chunk.to_le_bytes())
            .for_each(|(byte, number)| *byte ^= number);
        Nonce::assume_unique_for_key(nonce)
    }

    /// Seals one chunk into `out`, which is [`TAG_BYTES`] longer. `chunk` is below
    /// [`super::CHUNKS_MAX`].
    #[expect(
        clippy::expect_used,
        reason = "AWS-LC refuses wrong lengths only, and every caller sizes `out` by the plaintext"
    )]
    pub(super) fn seal_chunk(&self, chunk: u64, plaintext: &[u8], out: &mut [u8]) {
        let (sealed, tag) = out
            .split_at_mut_checked(plaintext.len())
            .expect("the output is longer than the plaintext");
        self.aead
            .seal_out_of_place_scatter(self.nonce(chunk), Aad::empty(), plaintext, sealed, &[], tag)
            .expect("a chunk is below every length limit");
    }

    /// Opens one chunk into `out`, which is [`TAG_BYTES`] shorter. On failure the contents of
    /// `out` must not be released.
    pub(super) fn open_chunk(
        &self,
        chunk: u64,
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), OpenError> {
        let (sealed, tag) = sealed.split_last_chunk::<TAG_BYTES>().ok_or(OpenError)?;
        self.aead
            .open_separate_gather(self.nonce(chunk), Aad::empty(), sealed, tag, out)
            .map_err(|_unspecified| OpenError)
    }
}

impl fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageKey")
    }
}
