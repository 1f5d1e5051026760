//! From a cipher, a mode and a length to the suite of these names.

use strongroom_types::Suite;
use strongroom_types::body::{AskedAlgorithm, AskedCipher, AskedMode};

/// The suite that is asked for; `None` where there is none of these names.
pub(crate) const fn asked_suite(asked: AskedAlgorithm) -> Option<Suite> {
    let bits = match asked.key_bits {
        Some(bits) => bits,
        None => 256,
    };
    match (asked.cipher, asked.mode, bits) {
        (AskedCipher::Aes, None | Some(AskedMode::Gcm), 256) => Some(Suite::Aes256Gcm),
        (AskedCipher::Aes, None | Some(AskedMode::Gcm), 128) => Some(Suite::Aes128Gcm),
        (AskedCipher::Aes, Some(AskedMode::GcmSiv), 256) => Some(Suite::Aes256GcmSiv),
        (AskedCipher::Aes, Some(AskedMode::Cbc), 256) => Some(Suite::Aes256CbcHmac),
        (AskedCipher::Aes, Some(AskedMode::Ctr), 256) => Some(Suite::Aes256CtrHmac),
        (AskedCipher::Aes, Some(AskedMode::Ccm), 256) => Some(Suite::Aes256Ccm),
        (AskedCipher::ChaCha20, None | Some(AskedMode::Poly1305), 256) => {
            Some(Suite::ChaCha20Poly1305)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(json: serde_json::Value) -> Option<Suite> {
        asked_suite(serde_json::from_value(json).unwrap())
    }

    #[test]
    fn every_suite_can_be_asked_for() {
        let ciphers = [AskedCipher::Aes, AskedCipher::ChaCha20];
        let modes = [
            AskedMode::Gcm,
            AskedMode::GcmSiv,
            AskedMode::Cbc,
            AskedMode::Ctr,
            AskedMode::Ccm,
            AskedMode::Poly1305,
        ];
        let mut found = std::collections::BTreeSet::new();
        for cipher in ciphers {
            for mode in modes {
                for bits in [128, 192, 256, 512] {
                    let asked = AskedAlgorithm {
                        cipher,
                        mode: Some(mode),
                        key_bits: Some(bits),
                    };
                    let suite = asked_suite(asked);
                    assert!(suite.is_none_or(|suite| suite.key_bits() == bits));
                    found.extend(suite);
                }
            }
        }
        assert_eq!(found.len(), Suite::ALL.len());
    }

    /// The real server took each of these for something else.
    #[test]
    fn nothing_is_taken_for_another() {
        for (json, expected) in [
            (serde_json::json!({"cipher": "AES"}), Some(Suite::Aes256Gcm)),
            (
                serde_json::json!({"cipher": "ChaCha20"}),
                Some(Suite::ChaCha20Poly1305),
            ),
            (
                serde_json::json!({"cipher": "AES", "mode": "gcm-siv"}),
                Some(Suite::Aes256GcmSiv),
            ),
            (
                serde_json::json!({"cipher": "AES", "mode": "cbc", "key_bits": 128}),
                None,
            ),
            (
                serde_json::json!({"cipher": "ChaCha20", "mode": "gcm"}),
                None,
            ),
        ] {
            assert_eq!(suite(json.clone()), expected, "{json}");
        }
    }
}
