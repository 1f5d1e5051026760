//! Sealing to an X25519 key that the caller brings: HPKE's base mode (RFC 9180), one message.
//!
//! ```text
//! suite       = DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, an AEAD
//! ciphertext  = enc (32 bytes, the ephemeral public key) ‖ AEAD(key, base nonce, aad, plaintext)
//! ```
//!
//! `info` is empty. Names in the code are those of the RFC. Strongroom's own sealing to a public key
//! is hybrid and stands in [`crate::seal_to`]: what is sealed here does not last against quantum
//! computers.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, MAX_TAG_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::OpenError;
use crate::agreement::Agreement;
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::secret::SecretBytes;

/// Bytes of an encapsulated key.
const ENC_BYTES: usize = 32;
/// `Nh` of HKDF-SHA256, and the bytes of a shared secret.
const HASH_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// DHKEM(X25519, HKDF-SHA256).
const KEM_ID: u16 = 0x0020;
/// HKDF-SHA256.
const KDF_ID: u16 = 0x0001;

/// The AEAD of a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HpkeAead {
    /// AES-256-GCM.
    Aes256Gcm,
    /// AES-128-GCM.
    Aes128Gcm,
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305,
}

/// Why nothing is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// The recipient's key is none, or of small order.
    #[error("not a public key")]
    Key,
}

impl HpkeAead {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Aes256Gcm, Self::Aes128Gcm, Self::ChaCha20Poly1305];

    /// The name in text.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "X25519-AES256GCM",
            Self::Aes128Gcm => "X25519-AES128GCM",
            Self::ChaCha20Poly1305 => "X25519-ChaCha20Poly1305",
        }
    }

    const fn id(self) -> u16 {
        match self {
            Self::Aes128Gcm => 1,
            Self::Aes256Gcm => 2,
            Self::ChaCha20Poly1305 => 3,
        }
    }

    const fn algorithm(self) -> &'static aead::Algorithm {
        match self {
            Self::Aes128Gcm => &aead::AES_128_GCM,
            Self::Aes256Gcm => &aead::AES_256_GCM,
            Self::ChaCha20Poly1305 => &aead::CHACHA20_POLY1305,
        }
    }

    /// Seals to a public key.
    ///
    /// # Errors
    /// The key is none, or there is no randomness.
    pub fn seal(
        self,
        recipient: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SealError> {
        let ephemeral = crate::secret::Secret::<32>::generate(entropy)?;
        self.seal_with(ephemeral.expose(), recipient, aad, plaintext)
    }

    fn seal_with(
        self,
        ephemeral: &[u8; 32],
        recipient: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let curve = Agreement::X25519;
        let enc = curve.public(ephemeral).map_err(|_refused| SealError::Key)?;
        let dh = curve.agree(ephemeral, recipient);
        let dh = dh.map_err(|_refused| SealError::Key)?;
        let (key, nonce) = self
            .schedule(&shared(&dh, &enc, recipient), &[])
            .ok_or(SealError::Key)?;
        let mut sealed = with_room(plaintext);
        let done = key.seal_in_place_append_tag(nonce, Aad::from(aad), &mut *sealed);
        done.map_err(|_too_long| SealError::Key)?;
        Ok([enc.as_slice(), sealed.as_slice()].concat())
    }

    /// Opens what was sealed to the public key of a private one.
    ///
    /// # Errors
    /// [`OpenError`], for all reasons.
    pub fn open(
        self,
        private: &[u8],
        aad: &[u8],
        ciphertext: &[u8],
    ) -> Result<SecretBytes, OpenError> {
        let curve = Agreement::X25519;
        let (enc, sealed) = ciphertext.split_at_checked(ENC_BYTES).ok_or(OpenError)?;
        let public = curve.public(private).map_err(|_refused| OpenError)?;
        let dh = curve.agree(private, enc).map_err(|_refused| OpenError)?;
        let (key, nonce) = self
            .schedule(&shared(&dh, enc, &public), &[])
            .ok_or(OpenError)?;
        let mut opened = Zeroizing::new(sealed.to_vec());
        let plaintext = key.open_in_place(nonce, Aad::from(aad), &mut opened);
        let plaintext = plaintext.map_err(|_altered| OpenError)?;
        Ok(plaintext.to_vec().into())
    }

    /// `KeySchedule` of the base mode, for the first message.
    fn schedule(self, shared: &[u8; HASH_BYTES], info: &[u8]) -> Option<(LessSafeKey, Nonce)> {
        let suite = Suite::Hpke(self);
        let psk_id = suite.extract(&[], b"psk_id_hash", &[]);
        let info = suite.extract(&[], b"info_hash", info);
        let context = [&[0], psk_id.as_slice(), info.as_slice()].concat();
        let secret = suite.extract(shared, b"secret", &[]);
        let mut key = Zeroizing::new(vec![0; self.algorithm().key_len()]);
        suite.expand(&secret, b"key", &context, &mut key);
        let mut nonce = [0; NONCE_BYTES];
        suite.expand(&secret, b"base_nonce", &context, &mut nonce);
        let key = UnboundKey::new(self.algorithm(), &key).ok()?;
        Some((LessSafeKey::new(key), Nonce::assume_unique_for_key(nonce)))
    }
}

/// `ExtractAndExpand(dh, enc ‖ pkRm)` of the KEM.
fn shared(dh: &SecretBytes, enc: &[u8], recipient: &[u8]) -> Zeroizing<[u8; HASH_BYTES]> {
    let prk = Suite::Kem.extract(&[], b"eae_prk", dh.expose());
    let mut shared = Zeroizing::new([0; HASH_BYTES]);
    let context = [enc, recipient].concat();
    Suite::Kem.expand(&prk, b"shared_secret", &context, &mut *shared);
    shared
}

/// Whose `suite_id` labels an extraction or expansion.
#[derive(Clone, Copy)]
enum Suite {
    Kem,
    Hpke(HpkeAead),
}

impl Suite {
    fn id(self) -> Vec<u8> {
        match self {
            Self::Kem => [b"KEM".as_slice(), &KEM_ID.to_be_bytes()].concat(),
            Self::Hpke(aead) => {
                let [kem, kdf, aead] = [KEM_ID, KDF_ID, aead.id()].map(u16::to_be_bytes);
                [b"HPKE".as_slice(), &kem, &kdf, &aead].concat()
            }
        }
    }

    /// `LabeledExtract(salt, label, ikm)`.
    fn extract(self, salt: &[u8], label: &[u8], ikm: &[u8]) -> Zeroizing<[u8; HASH_BYTES]> {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, salt));
        for part in [b"HPKE-v1".as_slice(), &self.id(), label, ikm] {
            context.update(part);
        }
        first(context.sign().as_ref())
    }

    /// `LabeledExpand(prk, label, info, L)`, for at most one block.
    fn expand(self, prk: &[u8; HASH_BYTES], label: &[u8], info: &[u8], out: &mut [u8]) {
        let length = u16::try_from(out.len()).unwrap_or(u16::MAX).to_be_bytes();
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, prk));
        for part in [
            &length,
            b"HPKE-v1".as_slice(),
            &self.id(),
            label,
            info,
            &[1],
        ] {
            context.update(part);
        }
        let block = first(context.sign().as_ref());
        out.iter_mut()
            .zip(block.iter())
            .for_each(|(to, from)| *to = *from);
    }
}

fn first(mac: &[u8]) -> Zeroizing<[u8; HASH_BYTES]> {
    let mut block = Zeroizing::new([0; HASH_BYTES]);
    block.iter_mut().zip(mac).for_each(|(to, from)| *to = *from);
    block
}

/// A copy that takes the tag without being moved: what it is moved from is not wiped.
fn with_room(plaintext: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut copy = Vec::with_capacity(plaintext.len() + MAX_TAG_LEN);
    copy.extend_from_slice(plaintext);
    Zeroizing::new(copy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::tests::hex;
    use crate::entropy::SystemEntropy;

    fn bytes(text: &str) -> Vec<u8> {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap();
        let pairs = text.as_bytes().chunks(2);
        pairs
            .map(|pair| u8::try_from(digit(&pair[0]) * 16 + digit(&pair[1])).unwrap())
            .collect()
    }

    /// RFC 9180, appendix A.1.1: the first message under its `info`.
    #[test]
    fn key_schedule_of_the_rfc() {
        let private = bytes("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8");
        let enc = bytes("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431");
        let public = Agreement::X25519.public(&private).unwrap();
        let expected = "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d";
        assert_eq!(hex(&public), expected);
        let dh = Agreement::X25519.agree(&private, &enc).unwrap();
        let shared = shared(&dh, &enc, &public);
        let expected = "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc";
        assert_eq!(hex(&*shared), expected);
        let info = bytes("4f6465206f6e2061204772656369616e2055726e");
        let (key, nonce) = HpkeAead::Aes128Gcm.schedule(&shared, &info).unwrap();
        assert_eq!(hex(nonce.as_ref()), "56d890e5accaaf011cff4b7d");
        let mut text = bytes("4265617574792069732074727574682c20747275746820626561757479");
        let aad = Aad::from(bytes("436f756e742d30"));
        key.seal_in_place_append_tag(nonce, aad, &mut text).unwrap();
        let expected = "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a";
        assert_eq!(hex(&text), expected);
    }

    #[test]
    fn only_the_recipient_opens_and_only_what_was_sealed() {
        let [key, other] = [0, 1].map(|_| Agreement::X25519.generate(&SystemEntropy).unwrap());
        for &aead in HpkeAead::ALL {
            let sealed = aead
                .seal(&key.public, b"aad", b"text", &SystemEntropy)
                .unwrap();
            let opened = aead.open(key.private.expose(), b"aad", &sealed).unwrap();
            assert_eq!(opened.expose(), b"text");
            assert!(aead.open(other.private.expose(), b"aad", &sealed).is_err());
            assert!(aead.open(key.private.expose(), b"", &sealed).is_err());
            for position in 0..sealed.len() {
                let mut altered = sealed.clone();
                altered[position] ^= 1;
                assert!(aead.open(key.private.expose(), b"aad", &altered).is_err());
            }
            for length in [0, 31, 32, 47, sealed.len() - 1] {
                let cut = aead.open(key.private.expose(), b"aad", &sealed[..length]);
                assert!(cut.is_err(), "{length}");
            }
            let again = aead
                .seal(&key.public, b"aad", b"text", &SystemEntropy)
                .unwrap();
            assert_ne!(sealed, again);
        }
        for key in [vec![0; 32], vec![9; 31], Vec::new()] {
            let sealed = HpkeAead::Aes256Gcm.seal(&key, b"", b"text", &SystemEntropy);
            assert_eq!(sealed, Err(SealError::Key));
        }
    }

    #[test]
    fn suites_do_not_open_each_others() {
        let key = Agreement::X25519.generate(&SystemEntropy).unwrap();
        let sealed = HpkeAead::Aes256Gcm
            .seal(&key.public, b"", b"text", &SystemEntropy)
            .unwrap();
        let opened = HpkeAead::ChaCha20Poly1305.open(key.private.expose(), b"", &sealed);
        assert!(opened.is_err());
    }

    /// The plaintext is sealed where it lies: a vector that grew would have left it where it was.
    #[test]
    fn a_plaintext_is_not_moved_when_it_gets_its_tag() {
        for length in [0, 1, 31, 32, 4096] {
            let mut copy = with_room(&vec![7; length]);
            let (place, room) = (copy.as_ptr(), copy.capacity());
            let key = UnboundKey::new(&aead::AES_256_GCM, &[0; 32]).unwrap();
            let nonce = Nonce::assume_unique_for_key([0; NONCE_BYTES]);
            LessSafeKey::new(key)
                .seal_in_place_append_tag(nonce, Aad::empty(), &mut *copy)
                .unwrap();
            assert_eq!((copy.as_ptr(), copy.capacity()), (place, room));
            assert_eq!(copy.len(), length + 16);
        }
    }
}
