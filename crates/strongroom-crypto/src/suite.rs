//! What AWS-LC and the IANA registry call our suites.

use aws_lc_rs::aead;
use strongroom_types::Suite;

/// The AEAD under a suite. All have 12-byte nonces and 16-byte tags.
pub(crate) fn algorithm(suite: Suite) -> &'static aead::Algorithm {
    match suite {
        Suite::Aes256Gcm => &aead::AES_256_GCM,
        Suite::Aes128Gcm => &aead::AES_128_GCM,
        Suite::ChaCha20Poly1305 => &aead::CHACHA20_POLY1305,
        Suite::Aes256GcmSiv => &aead::AES_256_GCM_SIV,
    }
}

/// The AEAD's name in the IANA registry, as it stands in the construction's HKDF info.
pub(crate) fn aead_name(suite: Suite) -> &'static [u8] {
    match suite {
        Suite::Aes256Gcm => b"AEAD_AES_256_GCM",
        Suite::Aes128Gcm => b"AEAD_AES_128_GCM",
        Suite::ChaCha20Poly1305 => b"AEAD_CHACHA20_POLY1305",
        Suite::Aes256GcmSiv => b"AEAD_AES_256_GCM_SIV",
    }
}

/// Bytes of the suite's input key, which is as long as the AEAD's key.
pub(crate) fn key_bytes(suite: Suite) -> usize {
    algorithm(suite).key_len()
}
