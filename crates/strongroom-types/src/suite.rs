//! Suites, purposes, modes and formats: the names that stand in headers and policies.

use crate::coded::coded_enum;

coded_enum! {
    /// How a value is sealed. The body is C2SP `chunked-encryption` over the named AEAD.
    Suite: u8 {
        /// AES-256 in GCM, NIST SP 800-38D. The default ("Cobblestone-256").
        Aes256Gcm = 1, "AES-256-GCM";
        /// AES-128 in GCM, NIST SP 800-38D ("Cobblestone-128").
        Aes128Gcm = 2, "AES-128-GCM";
        /// ChaCha20-Poly1305, RFC 8439.
        ChaCha20Poly1305 = 3, "ChaCha20-Poly1305";
        /// AES-256 in GCM-SIV, RFC 8452.
        Aes256GcmSiv = 4, "AES-256-GCM-SIV";
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the macro cannot mark one variant as the default"
)]
impl Default for Suite {
    fn default() -> Self {
        Self::Aes256Gcm
    }
}

coded_enum! {
    /// What a ciphertext is for. It stands in the header and in every label; each endpoint opens
    /// only its own.
    Purpose: u8 {
        /// A value handed to the caller as one blob.
        Value = 1, "value";
        /// A version of a stored object.
        Object = 2, "object";
        /// A stream.
        File = 3, "file";
        /// A data key handed to the caller, wrapped.
        DataKey = 4, "data-key";
        /// A row of a sealed store.
        Store = 5, "store";
        /// A value sealed under a split key.
        Split = 6, "split";
    }
}

coded_enum! {
    /// How the body's key comes about.
    Mode: u8 {
        /// The body's key is derived from the context key with a fresh salt.
        Derived = 1, "derived";
        /// The body's key is a random data key, wrapped in the key part.
        Wrapped = 2, "wrapped";
    }
}

coded_enum! {
    /// A ciphertext format that a context policy may accept.
    Format: u8 {
        /// Strongroom's own envelope.
        Sr1 = 1, "sr1";
        /// CryptoServe's first format, which commits to no key.
        CsV1 = 2, "cs-v1";
        /// CryptoServe's second format, which commits to no key.
        CsV2 = 3, "cs-v2";
        /// CryptoServe's third format, which commits to its key.
        CsV3 = 4, "cs-v3";
        /// CryptoServe's format with ML-KEM.
        CsHybridV1 = 5, "cs-hybrid-v1";
        /// What CryptoServe's SDK seals by itself.
        CsSdkV4 = 6, "cs-sdk-v4";
    }
}
