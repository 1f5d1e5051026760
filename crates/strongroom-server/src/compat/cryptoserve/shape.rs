//! Bytes and names as their requests write them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use strongroom_core::Invalid;
use strongroom_types::Suite;

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
    use super::*;

    #[test]
    fn a_suite_is_described_as_what_it_is() {
        for &suite in Suite::ALL {
            let algorithm = Algorithm::of(suite);
            let bits = suite.name().contains("128");
            assert_eq!(algorithm.key_bits == 128, bits);
            let siv = suite.name().ends_with("SIV");
            assert_eq!(algorithm.mode().ends_with("siv"), siv);
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
