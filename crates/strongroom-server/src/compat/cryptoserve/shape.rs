//! Bytes and names as their requests write them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use strongroom_core::Invalid;
use strongroom_types::Suite;
use zeroize::Zeroizing;

/// A text that holds a secret: wiped when it is dropped, and never printed.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(super) struct SecretText(Zeroizing<String>);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl core::ops::Deref for SecretText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Reads a field in base64.
pub(super) fn decode(field: &'static str, text: &str) -> Result<Vec<u8>, Invalid> {
    STANDARD
        .decode(text)
        .map_err(|_not_base64| Invalid::Field(field.into()))
}

/// Writes a field in base64.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16));
    digits.collect()
}

/// Reads hexadecimal, in either case.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let byte = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

/// The algorithm that a text names. Their clients write `sha256` and `ed25519`, their pages `SHA-256`
/// and `Ed25519`: case and hyphens do not count.
pub(super) fn named<T: Copy>(
    all: &[T],
    name: impl Fn(T) -> &'static str,
    text: &str,
) -> Result<T, Invalid> {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(|letter| !matches!(letter, '-' | '_'));
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    // They leave out the length of BLAKE2b, of which there is one.
    let wanted = match plain(text).as_str() {
        "blake2b" => "blake2b512".to_owned(),
        other => other.to_owned(),
    };
    let found = all.iter().find(|one| plain(name(**one)) == wanted);
    found
        .copied()
        .ok_or_else(|| Invalid::Field("algorithm".into()))
}

/// A suite, as their answers describe it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Algorithm {
    pub(super) name: &'static str,
    mode: &'static str,
    pub(super) key_bits: u16,
    description: &'static str,
}

impl Algorithm {
    pub(super) const fn of(suite: Suite) -> Self {
        let (mode, key_bits, description) = match suite {
            Suite::Aes256Gcm => ("gcm", 256, "AES-256 in GCM, in chunks, key committed"),
            Suite::Aes128Gcm => ("gcm", 128, "AES-128 in GCM, in chunks, key committed"),
            Suite::ChaCha20Poly1305 => (
                "poly1305",
                256,
                "ChaCha20-Poly1305, in chunks, key committed",
            ),
            Suite::Aes256GcmSiv => (
                "gcm-siv",
                256,
                "AES-256 in GCM-SIV, in chunks, key committed",
            ),
            Suite::Aes256CbcHmac => (
                "cbc",
                256,
                "AES-256 in CBC, then HMAC-SHA-256, in one piece, key committed",
            ),
            Suite::Aes256CtrHmac => (
                "ctr",
                256,
                "AES-256 in CTR, then HMAC-SHA-256, in one piece, key committed",
            ),
            Suite::Aes256Ccm => ("ccm", 256, "AES-256 in CCM, in one piece, key committed"),
        };
        Self {
            name: suite.name(),
            mode,
            key_bits,
            description,
        }
    }

    pub(super) const fn mode(self) -> &'static str {
        self.mode
    }
}

#[cfg(test)]
mod tests {
    use strongroom_types::HashAlgorithm;

    use super::*;

    #[test]
    fn a_suite_is_described_as_what_it_is() {
        for &suite in Suite::ALL {
            let algorithm = Algorithm::of(suite);
            let bits = suite.name().contains("128");
            assert_eq!(algorithm.key_bits == 128, bits);
            assert_eq!(algorithm.key_bits, suite.key_bits());
            let siv = suite.name().ends_with("SIV");
            assert_eq!(algorithm.mode().ends_with("siv"), siv);
        }
    }

    #[test]
    fn algorithms_are_named_in_their_ways() {
        let hash = |text| named(HashAlgorithm::ALL, HashAlgorithm::name, text).ok();
        for text in ["sha256", "SHA-256", "Sha_256"] {
            assert_eq!(hash(text), Some(HashAlgorithm::Sha256), "{text}");
        }
        assert_eq!(hash("sha3-256"), Some(HashAlgorithm::Sha3_256));
        assert_eq!(hash("blake2b"), Some(HashAlgorithm::Blake2b512));
        for text in ["", "sha", "sha1", "md5", "sha2566"] {
            assert_eq!(hash(text), None, "{text}");
        }
    }

    #[test]
    fn hexadecimal_goes_both_ways() {
        assert_eq!(hex(&[0, 0xab]), "00ab");
        assert_eq!(unhex("00AB"), Some(vec![0, 0xab]));
        for wrong in ["0", "0g", "é0"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn base64_has_one_spelling() {
        assert_eq!(decode("plaintext", "").unwrap(), b"");
        assert_eq!(decode("plaintext", "YQ==").unwrap(), b"a");
        for wrong in ["YQ", "YR==", "Y Q==", "_w=="] {
            assert!(decode("plaintext", wrong).is_err(), "{wrong}");
        }
    }
}
