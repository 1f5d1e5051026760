//! Suites, purposes, modes and formats: the names that stand in headers and policies.

use crate::coded::coded_enum;

coded_enum! {
    /// How a value is sealed. The body is C2SP `chunked-encryption` over the named AEAD, or, where
    /// [`Suite::plaintext_bytes_max`] is stated, in one piece.
    Suite: u8 {
        /// AES-256 in GCM, NIST SP 800-38D. The default ("Cobblestone-256").
        Aes256Gcm = 1, "AES-256-GCM";
        /// AES-128 in GCM, NIST SP 800-38D ("Cobblestone-128").
        Aes128Gcm = 2, "AES-128-GCM";
        /// ChaCha20-Poly1305, RFC 8439.
        ChaCha20Poly1305 = 3, "ChaCha20-Poly1305";
        /// AES-256 in GCM-SIV, RFC 8452.
        Aes256GcmSiv = 4, "AES-256-GCM-SIV";
        /// AES-256 in CBC, NIST SP 800-38A, padded by PKCS #7, then HMAC-SHA-256. In one piece.
        Aes256CbcHmac = 5, "AES-256-CBC-HMAC-SHA-256";
        /// AES-256 in CTR, NIST SP 800-38A, then HMAC-SHA-256. In one piece.
        Aes256CtrHmac = 6, "AES-256-CTR-HMAC-SHA-256";
        /// AES-256 in CCM, NIST SP 800-38C, tags of 16 bytes. In one piece.
        Aes256Ccm = 7, "AES-256-CCM";
    }
}

impl Suite {
    /// Bits of the suite's key.
    #[must_use]
    pub const fn key_bits(self) -> u16 {
        match self {
            Self::Aes128Gcm => 128,
            Self::Aes256Gcm
            | Self::ChaCha20Poly1305
            | Self::Aes256GcmSiv
            | Self::Aes256CbcHmac
            | Self::Aes256CtrHmac
            | Self::Aes256Ccm => 256,
        }
    }

    /// The most bytes of a plaintext that the suite seals in one piece, and it seals in no other way;
    /// `None` for a chunked suite, which has no such bound.
    #[must_use]
    pub const fn plaintext_bytes_max(self) -> Option<usize> {
        match self {
            Self::Aes256Gcm | Self::Aes128Gcm | Self::ChaCha20Poly1305 | Self::Aes256GcmSiv => None,
            Self::Aes256CbcHmac | Self::Aes256CtrHmac => Some(4 << 20),
            Self::Aes256Ccm => Some(64 << 10),
        }
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
