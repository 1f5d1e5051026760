//! The input key of many messages and the keys of one.

use core::fmt;

use aws_lc_rs::hmac;
use strongroom_types::Suite;
use zeroize::Zeroizing;

use super::{BLOCK_BYTES, Cipher, ccm, cipher};
use crate::OpenError;
use crate::chunked::{COMMITMENT_BYTES, SALT_BYTES};
use crate::frame;
use crate::kdf::{self, MAC_BYTES, Prf};
use crate::label::Label;
use crate::secret::{Secret, SecretBytes};
use crate::suite::{Construction, construction};

/// A key for a suite that seals in chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{suite} does not seal in one piece")]
pub struct OneShotKeyError {
    /// The suite.
    pub suite: Suite,
}

/// The key from which each message's keys are derived, with its HMAC-SHA-512 state computed once.
pub struct OneShotKey {
    cipher: Cipher,
    prf: hmac::Key,
}

impl OneShotKey {
    /// Takes a uniformly random key.
    ///
    /// # Errors
    /// When the suite seals in chunks: see [`crate::chunked`].
    pub fn new(suite: Suite, key: &Secret<32>) -> Result<Self, OneShotKeyError> {
        match construction(suite) {
            Construction::OneShot(cipher) => Ok(Self::of(cipher, key)),
            Construction::Chunked(_) => Err(OneShotKeyError { suite }),
        }
    }

    /// `HKDF-Expand-SHA-256(key, label ‖ frame(parts), 32)`. The parts must name the suite.
    pub(crate) fn derive(cipher: Cipher, key: &Prf, label: Label, parts: &[&[u8]]) -> Self {
        Self::of(cipher, &key.derive(label, parts))
    }

    fn of(cipher: Cipher, key: &Secret<32>) -> Self {
        let prf = hmac::Key::new(hmac::HMAC_SHA512, key.expose());
        Self { cipher, prf }
    }

    pub(super) const fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// `HKDF-Expand-SHA-512(input key, label ‖ frame(suite, salt, context))`, cut into the keys of one
    /// message.
    pub(super) fn message_key(&self, salt: &[u8; SALT_BYTES], context: &[u8]) -> MessageKey {
        let name = self.cipher.suite().name().as_bytes();
        let framed = frame::list(&[name, salt, context]);
        let mut okm = Zeroizing::new([0; 32 + MAC_BYTES + BLOCK_BYTES + COMMITMENT_BYTES]);
        let used = match self.cipher {
            Cipher::CbcHmac | Cipher::CtrHmac => okm.len(),
            Cipher::Ccm => 32 + ccm::NONCE_BYTES + COMMITMENT_BYTES,
        };
        let info = [Label::OneShot.as_bytes(), &framed];
        kdf::expand(&self.prf, &info, okm.get_mut(..used).unwrap_or_default());
        MessageKey::split(self.cipher, &*okm)
    }
}

impl fmt::Debug for OneShotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OneShotKey({})", self.cipher.suite())
    }
}

/// The keys of one message.
pub(super) struct MessageKey {
    cipher: Cipher,
    encryption: Secret<32>,
    /// CCM has none.
    mac: Option<hmac::Key>,
    /// Of which CCM takes the first 12 bytes.
    iv: [u8; BLOCK_BYTES],
    commitment: [u8; COMMITMENT_BYTES],
}

impl MessageKey {
    /// The output of HKDF is as long as all its parts, so that nothing is missing.
    fn split(cipher: Cipher, okm: &[u8]) -> Self {
        let mut rest = okm.iter().copied();
        let mut next = || rest.next().unwrap_or_default();
        let encryption = Secret::from_bytes(core::array::from_fn(|_| next()));
        let mac = (cipher != Cipher::Ccm).then(|| {
            let key = Secret::<MAC_BYTES>::from_bytes(core::array::from_fn(|_| next()));
            hmac::Key::new(hmac::HMAC_SHA256, key.expose())
        });
        let iv_bytes = match cipher {
            Cipher::CbcHmac | Cipher::CtrHmac => BLOCK_BYTES,
            Cipher::Ccm => ccm::NONCE_BYTES,
        };
        Self {
            cipher,
            encryption,
            mac,
            iv: core::array::from_fn(|at| if at < iv_bytes { next() } else { 0 }),
            commitment: core::array::from_fn(|_| next()),
        }
    }

    pub(super) const fn commitment(&self) -> &[u8; COMMITMENT_BYTES] {
        &self.commitment
    }

    /// Appends `ciphertext ‖ tag`.
    pub(super) fn seal_into(&self, context: &[u8], plaintext: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        match (self.cipher, &self.mac) {
            (Cipher::CbcHmac, _) => {
                cipher::cbc_encrypt(&self.encryption, self.iv, plaintext, out);
            }
            (Cipher::CtrHmac, _) => {
                out.extend_from_slice(plaintext);
                let encrypted = out.get_mut(start..).unwrap_or_default();
                cipher::ctr(&self.encryption, self.iv, encrypted);
            }
            (Cipher::Ccm, _) => ccm::seal_into(&self.encryption, &self.iv, plaintext, out),
        }
        if let Some(key) = &self.mac {
            let tag = self.tag(key, context, out.get(start..).unwrap_or_default());
            out.extend_from_slice(tag.as_ref());
        }
    }

    /// Compares the tag, then decrypts.
    pub(super) fn open(
        &self,
        context: &[u8],
        encrypted: &[u8],
        tag: &[u8],
    ) -> Result<SecretBytes, OpenError> {
        let Some(key) = &self.mac else {
            return ccm::open(&self.encryption, &self.iv, encrypted, tag);
        };
        if !kdf::verify(self.tag(key, context, encrypted).as_ref(), tag) {
            return Err(OpenError);
        }
        match self.cipher {
            Cipher::CbcHmac => cipher::cbc_decrypt(&self.encryption, self.iv, encrypted),
            Cipher::CtrHmac | Cipher::Ccm => {
                let mut plaintext = Zeroizing::new(encrypted.to_vec());
                cipher::ctr(&self.encryption, self.iv, &mut plaintext);
                Ok(SecretBytes::from(core::mem::take(&mut *plaintext)))
            }
        }
    }

    /// `HMAC-SHA-256(MAC key, item(context) ‖ IV ‖ ciphertext)`.
    fn tag(&self, key: &hmac::Key, context: &[u8], encrypted: &[u8]) -> hmac::Tag {
        let mut framed = Vec::with_capacity(context.len() + 4);
        frame::push_item(&mut framed, context);
        let mut mac = hmac::Context::with_key(key);
        for part in [&framed, self.iv.as_slice(), encrypted] {
            mac.update(part);
        }
        mac.sign()
    }
}
