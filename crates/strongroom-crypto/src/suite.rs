//! How suites seal: what AWS-LC, RustCrypto and the IANA registry call them, and their keys.

use aws_lc_rs::aead;
use strongroom_types::Suite;

use crate::OpenError;
use crate::chunked::{self, InputKey, SALT_BYTES};
use crate::kdf::Prf;
use crate::label::Label;
use crate::one_shot::{self, Cipher, OneShotKey};
use crate::secret::SecretBytes;

pub(crate) use crate::one_shot::MessageTooLong;

/// How a suite seals.
#[derive(Clone, Copy)]
pub(crate) enum Construction {
    /// In chunks of an AEAD.
    Chunked(Aead),
    /// In one piece.
    OneShot(Cipher),
}

/// The AEAD under a chunked suite. All have 12-byte nonces and 16-byte tags.
#[derive(Clone, Copy)]
pub(crate) struct Aead {
    pub(crate) suite: Suite,
    pub(crate) algorithm: &'static aead::Algorithm,
    /// Its name in the IANA registry, as it stands in the construction's HKDF info.
    pub(crate) name: &'static [u8],
}

impl Aead {
    /// The AEAD of the default suite, for what no policy decides on.
    pub(crate) const AES_256_GCM: Self =
        Self::of(Suite::Aes256Gcm, &aead::AES_256_GCM, b"AEAD_AES_256_GCM");

    const fn of(suite: Suite, algorithm: &'static aead::Algorithm, name: &'static [u8]) -> Self {
        Self {
            suite,
            algorithm,
            name,
        }
    }

    /// Bytes of the suite's input key, which is as long as the AEAD's key.
    pub(crate) fn key_bytes(self) -> usize {
        self.algorithm.key_len()
    }
}

/// How a suite seals.
pub(crate) const fn construction(suite: Suite) -> Construction {
    let aead = match suite {
        Suite::Aes256Gcm => Aead::AES_256_GCM,
        Suite::Aes128Gcm => Aead::of(suite, &aead::AES_128_GCM, b"AEAD_AES_128_GCM"),
        Suite::ChaCha20Poly1305 => {
            Aead::of(suite, &aead::CHACHA20_POLY1305, b"AEAD_CHACHA20_POLY1305")
        }
        Suite::Aes256GcmSiv => Aead::of(suite, &aead::AES_256_GCM_SIV, b"AEAD_AES_256_GCM_SIV"),
        Suite::Aes256CbcHmac => return Construction::OneShot(Cipher::CbcHmac),
        Suite::Aes256CtrHmac => return Construction::OneShot(Cipher::CtrHmac),
        Suite::Aes256Ccm => return Construction::OneShot(Cipher::Ccm),
    };
    Construction::Chunked(aead)
}

/// Bytes of the shortest ciphertext of a suite, which is that of nothing.
pub(crate) const fn sealed_bytes_min(suite: Suite) -> usize {
    match construction(suite) {
        Construction::Chunked(_) => chunked::sealed_bytes(0),
        Construction::OneShot(cipher) => one_shot::sealed_bytes(cipher, 0),
    }
}

/// The input key of one layer of an envelope, under whichever suite.
#[derive(Debug)]
pub(crate) enum SuiteKey {
    Chunked(InputKey),
    OneShot(OneShotKey),
}

impl SuiteKey {
    /// `HKDF-Expand-SHA-256(key, label ‖ frame(parts), length of the suite's key)`. The parts must
    /// name the suite, so that no bytes serve two of them.
    pub(crate) fn derive(suite: Suite, key: &Prf, label: Label, parts: &[&[u8]]) -> Self {
        match construction(suite) {
            Construction::Chunked(aead) => Self::Chunked(InputKey::derive(aead, key, label, parts)),
            Construction::OneShot(cipher) => {
                Self::OneShot(OneShotKey::derive(cipher, key, label, parts))
            }
        }
    }

    /// Bytes of the ciphertext of `plaintext_bytes` bytes.
    pub(crate) const fn sealed_bytes(&self, plaintext_bytes: usize) -> usize {
        match self {
            Self::Chunked(_) => chunked::sealed_bytes(plaintext_bytes),
            Self::OneShot(key) => key.sealed_bytes(plaintext_bytes),
        }
    }

    /// Appends the sealed plaintext. The salt must not repeat under the key: draw it.
    ///
    /// # Errors
    /// The plaintext is longer than the suite seals in one piece.
    pub(crate) fn seal_into(
        &self,
        salt: &[u8; SALT_BYTES],
        context: &[u8],
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), MessageTooLong> {
        match self {
            Self::Chunked(key) => {
                chunked::seal_into(key, salt, context, plaintext, out);
                Ok(())
            }
            Self::OneShot(key) => one_shot::seal_into(key, salt, context, plaintext, out),
        }
    }

    /// The plaintext of what [`SuiteKey::seal_into`] appended, all of it authenticated.
    pub(crate) fn open(&self, context: &[u8], sealed: &[u8]) -> Result<SecretBytes, OpenError> {
        match self {
            Self::Chunked(key) => chunked::open(key, context, sealed),
            Self::OneShot(key) => one_shot::open(key, context, sealed),
        }
    }

    /// The key of a suite that seals in chunks; `None` for one that does not.
    pub(crate) fn into_chunked(self) -> Option<InputKey> {
        match self {
            Self::Chunked(key) => Some(key),
            Self::OneShot(_) => None,
        }
    }
}
