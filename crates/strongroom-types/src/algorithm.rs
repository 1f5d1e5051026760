//! Algorithms that a request may name beside the suites: hashes, MACs, signatures.

use crate::coded::coded_enum;

coded_enum! {
    /// A hash function.
    HashAlgorithm: u8 {
        /// FIPS 180-4, 32 bytes.
        Sha256 = 1, "SHA-256";
        /// FIPS 180-4, 48 bytes.
        Sha384 = 2, "SHA-384";
        /// FIPS 180-4, 64 bytes.
        Sha512 = 3, "SHA-512";
        /// FIPS 202, 32 bytes.
        Sha3_256 = 4, "SHA3-256";
        /// FIPS 202, 48 bytes.
        Sha3_384 = 5, "SHA3-384";
        /// FIPS 202, 64 bytes.
        Sha3_512 = 6, "SHA3-512";
        /// RFC 7693, 64 bytes, without a key.
        Blake2b512 = 7, "BLAKE2b-512";
    }
}

coded_enum! {
    /// A message authentication code under a key of its caller. FIPS 198-1.
    MacAlgorithm: u8 {
        /// 32 bytes.
        HmacSha256 = 1, "HMAC-SHA-256";
        /// 48 bytes.
        HmacSha384 = 2, "HMAC-SHA-384";
        /// 64 bytes.
        HmacSha512 = 3, "HMAC-SHA-512";
    }
}

coded_enum! {
    /// The hash inside a key derivation function.
    DerivationHash: u8 {
        /// FIPS 180-4.
        Sha256 = 1, "SHA-256";
        /// FIPS 180-4.
        Sha384 = 2, "SHA-384";
        /// FIPS 180-4.
        Sha512 = 3, "SHA-512";
    }
}

coded_enum! {
    /// How a signing key signs.
    SigningAlgorithm: u8 {
        /// RFC 8032; signatures of 64 bytes, the same for the same message.
        Ed25519 = 1, "Ed25519";
        /// FIPS 186-5 with SHA-256; signatures in DER.
        EcdsaP256 = 2, "ECDSA-P256";
        /// FIPS 186-5 with SHA-384; signatures in DER.
        EcdsaP384 = 3, "ECDSA-P384";
        /// RFC 8017 RSASSA-PSS with SHA-256 and a salt as long as the hash, 2048 bits.
        RsaPss2048 = 4, "RSA-PSS-2048";
        /// RFC 8017 RSASSA-PSS with SHA-256 and a salt as long as the hash, 3072 bits.
        RsaPss3072 = 5, "RSA-PSS-3072";
        /// RFC 8017 RSASSA-PSS with SHA-512 and a salt as long as the hash, 4096 bits.
        RsaPss4096 = 6, "RSA-PSS-4096";
        /// FIPS 204, category 2, an empty context.
        MlDsa44 = 7, "ML-DSA-44";
        /// FIPS 204, category 3, an empty context.
        MlDsa65 = 8, "ML-DSA-65";
        /// FIPS 204, category 5, an empty context.
        MlDsa87 = 9, "ML-DSA-87";
    }
}

coded_enum! {
    /// Two key encapsulations as one: secret as long as one of the two holds.
    HybridAlgorithm: u8 {
        /// X25519 and ML-KEM-512 (FIPS 203, category 1).
        X25519MlKem512 = 1, "X25519+ML-KEM-512";
        /// X25519 and ML-KEM-768 (FIPS 203, category 3): X-Wing, draft-connolly-cfrg-xwing-kem.
        X25519MlKem768 = 2, "X25519+ML-KEM-768";
        /// X25519 and ML-KEM-1024 (FIPS 203, category 5).
        X25519MlKem1024 = 3, "X25519+ML-KEM-1024";
        /// ECDH over P-256 (NIST SP 800-56A) and ML-KEM-768.
        P256MlKem768 = 4, "P-256+ML-KEM-768";
        /// ECDH over P-384 (NIST SP 800-56A) and ML-KEM-1024.
        P384MlKem1024 = 5, "P-384+ML-KEM-1024";
    }
}
