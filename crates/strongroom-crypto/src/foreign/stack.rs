//! What the client libraries of Stack Auth make of a name and a value of their Data Vault.
//!
//! ```text
//! json(…)       compact JSON of an array of strings
//! PB(v, p, n) = PBKDF2-HMAC-SHA-256(password v, salt json("stack-crypto-helper-iterated-hash",
//!               p, "", base64(secret)), n iterations), 32 bytes
//! D           = PB(name, "…-value-encryption-key-hash", 100 000)
//! hashed key  = base64(PB(D, "…-key-hash", 1))
//! value       = base64(01 00 ‖ salt (16) ‖ IV (12) ‖ AES-256-GCM ciphertext ‖ tag (16))
//! AES key     = HKDF-SHA-256(D, salt, json("stack-crypto-helper-derived-symmetric-key",
//!               "…-value-encryption-value-encryption", "binary-key", base64(salt)))
//! ```
//!
//! Neither the project nor the store takes part: one name under one secret is the same everywhere. A
//! name is a key of HMAC, which is padded with zeros: `k` and `k\0` are one name. Both is as their
//! libraries do it, and kept for that reason.

use core::num::NonZeroU32;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hmac, pbkdf2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::OpenError;
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::kdf;
use crate::secret::{Secret, SecretBytes};

/// What all purposes of theirs begin with.
const PURPOSE: &str = "stack-data-vault-client-side-encryption";
/// How often the hash of a name is iterated.
const ITERATIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(99_999);
/// What a value begins with.
const VERSION: [u8; 2] = [1, 0];
const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 16;

/// A text that is no value of theirs, or that does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StackValueError {
    /// Not base64.
    #[error("value is not base64")]
    Base64,
    /// Not of the version that is known.
    #[error("value is of no known version")]
    Version,
    /// It ends too early.
    #[error("value is cut short")]
    Truncated,
    /// It was sealed under another name or secret, or altered.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// A value that was not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StackSealError {
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// It is longer than AES-GCM seals.
    #[error("value is too long to be sealed")]
    TooLong,
}

/// What is derived of a name and a secret: the name's hash, and the key of its values.
pub struct StackName {
    hashed_key: String,
    key: Secret<32>,
}

/// Shows neither name nor key.
impl core::fmt::Debug for StackName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("StackName")
    }
}

impl StackName {
    /// Derives it, which takes some tens of milliseconds.
    #[must_use]
    pub fn derive(secret: &str, name: &str) -> Self {
        let secret = Zeroizing::new(STANDARD.encode(secret));
        let purpose = format!("{PURPOSE}-value-encryption-key-hash");
        let key = iterated_hash(name.as_bytes(), (&purpose, &secret), ITERATIONS);
        let purpose = format!("{PURPOSE}-key-hash");
        let hash = iterated_hash(key.expose(), (&purpose, &secret), NonZeroU32::MIN);
        Self {
            hashed_key: STANDARD.encode(hash.expose()),
            key,
        }
    }

    /// The name as the server knows it: 44 characters.
    #[must_use]
    pub fn hashed_key(&self) -> &str {
        &self.hashed_key
    }

    /// Seals a value.
    ///
    /// # Errors
    /// There is no randomness, or the value is too long.
    pub fn seal(&self, value: &str, entropy: &dyn Entropy) -> Result<String, StackSealError> {
        let mut drawn = [0; SALT_BYTES + NONCE_LEN];
        entropy.fill(&mut drawn)?;
        let mut drawn = drawn.into_iter();
        let salt: [u8; SALT_BYTES] = core::array::from_fn(|_| drawn.next().unwrap_or_default());
        let iv: [u8; NONCE_LEN] = core::array::from_fn(|_| drawn.next().unwrap_or_default());
        let mut sealed = with_room(value.as_bytes());
        let nonce = Nonce::assume_unique_for_key(iv);
        self.value_key(&salt)
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut *sealed)
            .map_err(|_unspecified| StackSealError::TooLong)?;
        Ok(STANDARD.encode([VERSION.as_slice(), &salt, &iv, &sealed].concat()))
    }

    /// Opens a value.
    ///
    /// # Errors
    /// It is none, or was sealed under another name or secret, or altered.
    pub fn open(&self, value: &str) -> Result<SecretBytes, StackValueError> {
        let bytes = STANDARD.decode(value);
        let bytes = bytes.map_err(|_not_base64| StackValueError::Base64)?;
        let rest = bytes.strip_prefix(&VERSION);
        let rest = rest.ok_or(StackValueError::Version)?;
        let (salt, rest) = rest.split_first_chunk().ok_or(StackValueError::Truncated)?;
        let (iv, sealed) = rest.split_first_chunk().ok_or(StackValueError::Truncated)?;
        if sealed.len() < TAG_BYTES {
            return Err(StackValueError::Truncated);
        }
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*iv);
        let opened = self
            .value_key(salt)
            .open_in_place(nonce, Aad::empty(), &mut sealed)
            .map_err(|_unspecified| OpenError)?
            .len();
        sealed.truncate(opened);
        Ok(SecretBytes::from(sealed))
    }

    /// The key of the value with this salt.
    #[expect(
        clippy::expect_used,
        reason = "the key is an array of the length that AES-256 wants"
    )]
    fn value_key(&self, salt: &[u8; SALT_BYTES]) -> LessSafeKey {
        let purpose = format!("{PURPOSE}-value-encryption-value-encryption");
        let info = json(&[
            "stack-crypto-helper-derived-symmetric-key",
            &purpose,
            "binary-key",
            &STANDARD.encode(salt),
        ]);
        // HKDF-Extract, RFC 5869 section 2.2.
        let extract = hmac::Key::new(hmac::HMAC_SHA256, salt);
        let prk = hmac::sign(&extract, self.key.expose());
        let prk = hmac::Key::new(hmac::HMAC_SHA256, prk.as_ref());
        let mut key = Zeroizing::new([0; 32]);
        kdf::expand(&prk, &[info.as_bytes()], &mut *key);
        let key = UnboundKey::new(&AES_256_GCM, &*key).expect("the key has its length");
        LessSafeKey::new(key)
    }
}

/// A copy that takes the tag without being moved: what it is moved from is not wiped.
fn with_room(value: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut copy = Vec::with_capacity(value.len() + TAG_BYTES);
    copy.extend_from_slice(value);
    Zeroizing::new(copy)
}

/// `PB(value, purpose, iterations)`; the secret is in base64.
fn iterated_hash(
    value: &[u8],
    (purpose, secret): (&str, &str),
    iterations: NonZeroU32,
) -> Secret<32> {
    let salt = json(&["stack-crypto-helper-iterated-hash", purpose, "", secret]);
    let mut hash = Secret::zeroed();
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(algorithm, iterations, salt.as_bytes(), value, hash.as_mut());
    hash
}

/// Compact JSON of strings in which nothing is to be escaped: names of theirs, and base64. It does not
/// outgrow its buffer, of which it would leave a copy.
fn json(strings: &[&str]) -> Zeroizing<String> {
    let bytes = strings.iter().map(|text| text.len() + 3).sum::<usize>() + 1;
    let mut json = Zeroizing::new(String::with_capacity(bytes));
    for (before, text) in core::iter::once("[\"")
        .chain(core::iter::repeat("\",\""))
        .zip(strings)
    {
        json.push_str(before);
        json.push_str(text);
    }
    json.push_str("\"]");
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn names_have_the_hashes_that_their_libraries_make() {
        for (secret, name, hashed) in [
            ("", "", "bnG2foLegXYE+NvnZIJalUIRdGXFhUpYHH16Y/FfwFg="),
            (
                "secret",
                "key",
                "arqgKeZWXtWiSsniep8jJwxibZCMp2VfDSUEbIWv53M=",
            ),
            (
                "ssssssssssssssssssssssssssssssss",
                "user:42",
                "sMZP8WEbhGHKQyL1ujAQl11czFGjREQcxbUZYRkXQBc=",
            ),
            ("S", "kéy😀", "iRKTqPSqTafMTPSqKdXoSjSgkAjNGIJDzTbwrVY9IRo="),
        ] {
            assert_eq!(
                StackName::derive(secret, name).hashed_key(),
                hashed,
                "{name}"
            );
        }
    }

    const VALUE: &str = "AQBxiPy/oAYjUi5SNhUA8l3VRaK44KQo2zt0I1o7x/kcvN0i9b5EJkGkddSIaPLMurgi";

    #[test]
    fn a_value_of_their_libraries_opens_under_its_name_and_secret_only() {
        let open = |secret, name| StackName::derive(secret, name).open(VALUE);
        assert_eq!(open("secret", "key").unwrap().expose(), b"value");
        let sealed_elsewhere = StackValueError::Open(OpenError);
        for (secret, name) in [("secret", "kez"), ("Secret", "key"), ("", "")] {
            assert_eq!(open(secret, name).unwrap_err(), sealed_elsewhere);
        }
        // As theirs do it: a name is padded with zeros.
        assert_eq!(open("secret", "key\0").unwrap().expose(), b"value");
    }

    #[test]
    fn what_is_sealed_opens_again_and_is_new_each_time() {
        let name = StackName::derive("secret", "kéy😀");
        let seal = |value| name.seal(value, &SystemEntropy).unwrap();
        for value in ["", "value", "naïve 🔑 \0"] {
            assert_eq!(name.open(&seal(value)).unwrap().expose(), value.as_bytes());
            assert_ne!(seal(value), seal(value));
        }
        // Two bytes of version, salt, IV and tag beside the value, all in base64.
        assert_eq!(seal("value").len(), (46_usize + 5).div_ceil(3) * 4);
    }

    #[test]
    fn a_value_is_not_moved_when_its_tag_is_added() {
        for bytes in [0, 1, 100, 5000] {
            let mut sealed = with_room(&vec![7; bytes]);
            let before = sealed.as_ptr();
            let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
            let key = StackName::derive("secret", "key").value_key(&[0; SALT_BYTES]);
            key.seal_in_place_append_tag(nonce, Aad::empty(), &mut *sealed)
                .unwrap();
            assert_eq!((sealed.as_ptr(), sealed.len()), (before, bytes + TAG_BYTES));
        }
    }

    #[test]
    fn what_was_altered_does_not_open() {
        let name = StackName::derive("secret", "key");
        let bytes = STANDARD.decode(VALUE).unwrap();
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert!(name.open(&STANDARD.encode(altered)).is_err(), "byte {at}");
        }
        for cut in 0..bytes.len() {
            assert!(name.open(&STANDARD.encode(&bytes[..cut])).is_err());
        }
        assert_eq!(name.open("é").unwrap_err(), StackValueError::Base64);
        assert_eq!(name.open("").unwrap_err(), StackValueError::Version);
    }
}
