//! The cryptography of Strongroom: suites, key derivation, the `sr1` envelope and sealing to a
//! public key.
//!
//! Everything here is a pure function of its arguments. Primitives come from AWS-LC; this crate
//! only composes them:
//!
//! | Module | What | Source |
//! |---|---|---|
//! | [`chunked`] | authenticated encryption, one-shot, streaming and random access | C2SP `chunked-encryption`, `docs/formats/cobblestone.md` |
//! | [`agreement`], [`hpke`], [`jose`] | what callers do with keys that they bring | RFC 7748, 9180, 7515 to 7518 |
//! | [`digest`], [`derivation`], [`password`], [`signing`], [`strength`] | what callers ask for by name | FIPS 180-4, 202, 186-5, 204, RFC 5869 … |
//! | [`envelope`] | header, key part and body of a ciphertext | `docs/formats/sr1.md` |
//! | [`foreign`] | what other products' clients make | `docs/formats/workos.md` |
//! | [`hybrid`] | an elliptic curve and ML-KEM as one, and sealing to such a key | FIPS 203, `docs/formats/hybrid.md` |
//! | [`index`] | what a database finds sealed values by | `docs/formats/index-terms.md` |
//! | [`keys`] | the key hierarchy and the identity lock | `docs/formats/sr1.md` |
//! | [`kdf`], [`frame`], [`label`] | HKDF-Expand and HMAC over unambiguous bytes | RFC 5869, RFC 2104 |
//! | [`one_shot`] | authenticated encryption in one piece: CBC and CTR with HMAC, CCM | NIST SP 800-38A, 800-38C, `docs/formats/sr1.md` |
//! | [`oprf`] | an oblivious PRF, for passphrases | RFC 9497 |
//! | [`seal_to`], [`xwing`] | sealing to a public key | draft-connolly-cfrg-xwing-kem |
//! | [`sharing`] | secrets in shares | `docs/formats/shares.md` |
//! | [`split`] | keys of two shares, one of which the server never learns | `docs/formats/split-key.md` |
//!
//! What is *not* here: I/O beyond `Read` and `Write` handed in, a clock, a global random number
//! generator (with the exceptions below), and any decision about who may use a key. That is
//! `strongroom-core`'s.
//!
//! Randomness comes through [`entropy::Entropy`]. AWS-LC draws from its own generator what it takes no
//! randomness for: key pairs and encapsulations of ML-KEM ([`xwing`], [`hybrid`]), key pairs of ECDH and
//! ECDSA on P-256 and P-384 ([`agreement`], also for [`jose`]; [`signing`]), RSA keys
//! ([`signing`]), and what signatures with ECDSA, RSA-PSS and ML-DSA are blinded or salted with
//! ([`signing`], [`jose`]).

pub mod agreement;
pub mod chunked;
pub mod derivation;
pub mod digest;
pub mod entropy;
pub mod envelope;
pub mod foreign;
pub mod frame;
pub mod hpke;
pub mod hybrid;
pub mod index;
pub mod jose;
pub mod kdf;
pub mod keys;
pub mod label;
pub mod one_shot;
pub mod oprf;
pub mod password;
pub mod seal_to;
pub mod secret;
pub mod sharing;
pub mod signing;
pub mod split;
pub mod strength;
pub mod xwing;

mod suite;

/// Whether AWS-LC is its FIPS module in this build: the feature `fips`.
#[must_use]
pub fn uses_fips_module() -> bool {
    aws_lc_rs::try_fips_mode().is_ok()
}

/// A ciphertext does not open: wrong key, context, associated data or identity, or altered or cut
/// bytes. One value for all of them, so that a caller learns nothing about which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ciphertext does not open")]
pub struct OpenError;

#[cfg(test)]
mod tests {
    #[test]
    fn module_is_the_one_that_the_build_asks_for() {
        assert_eq!(super::uses_fips_module(), cfg!(feature = "fips"));
    }
}
