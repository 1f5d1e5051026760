//! From two shared secrets to one.
//!
//! ```text
//! X25519   SHA3-256(ss_M ‖ ss_C ‖ ct_C ‖ pk_C ‖ ct_M ‖ pk_M ‖ label ‖ algorithm)
//! P-256    H = SHA-256, P-384  H = SHA-384
//!          leftmost 32 bytes of H(u32 1 ‖ ss_C ‖ ss_M ‖ label ‖ frame(algorithm, ct_M ‖ ct_C, pk_M ‖ pk_C))
//! ```
//!
//! The second is the one-step key derivation of NIST SP 800-56C rev. 2, section 4, option 1, over the
//! hybrid secret of its section 2, `Z' = Z ‖ T`: `Z` is what SP 800-56A establishes, and stands first;
//! `T` is that of ML-KEM (FIPS 203). The fixed information names the suite, and both sides by what they
//! sent.

use aws_lc_rs::digest;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use strongroom_types::HybridAlgorithm;
use zeroize::Zeroizing;

use super::curve::Curve;
use super::parts;
use crate::frame;
use crate::label::Label;
use crate::secret::Secret;

/// What each half contributes: ML-KEM's, then the curve's.
#[derive(Clone, Copy)]
pub(super) struct Halves<'a> {
    pub(super) secrets: (&'a [u8], &'a [u8]),
    pub(super) ciphertexts: (&'a [u8], &'a [u8]),
    pub(super) public: (&'a [u8], &'a [u8]),
}

/// The shared secret of both halves.
pub(super) fn combine(
    algorithm: HybridAlgorithm,
    halves: Halves<'_>,
) -> Result<Secret<32>, Unspecified> {
    match parts(algorithm).curve {
        Curve::X25519 => Ok(hash(algorithm, halves)),
        Curve::P256 => one_step(algorithm, SskdfDigestAlgorithmId::Sha256, halves),
        Curve::P384 => one_step(algorithm, SskdfDigestAlgorithmId::Sha384, halves),
    }
}

/// As X-Wing, and over ML-KEM's ciphertext and public key too.
fn hash(algorithm: HybridAlgorithm, halves: Halves<'_>) -> Secret<32> {
    let Halves {
        secrets: (ss_m, ss_c),
        ciphertexts: (ct_m, ct_c),
        public: (pk_m, pk_c),
    } = halves;
    let (label, name) = (Label::HybridSecret.as_bytes(), algorithm.name().as_bytes());
    let mut hash = digest::Context::new(&digest::SHA3_256);
    for part in [ss_m, ss_c, ct_c, pk_c, ct_m, pk_m, label, name] {
        hash.update(part);
    }
    let hash = hash.finish();
    let mut shared = Zeroizing::new([0; 32]);
    let bytes = shared.iter_mut().zip(hash.as_ref());
    bytes.for_each(|(to, from)| *to = *from);
    Secret::from_bytes(*shared)
}

/// NIST SP 800-56C rev. 2, section 4.1, in the module that is validated where there is one.
fn one_step(
    algorithm: HybridAlgorithm,
    hash: SskdfDigestAlgorithmId,
    halves: Halves<'_>,
) -> Result<Secret<32>, Unspecified> {
    let (ss_m, ss_c) = halves.secrets;
    let secret = Zeroizing::new([ss_c, ss_m].concat());
    let hash = get_sskdf_digest_algorithm(hash).ok_or(Unspecified)?;
    let mut shared = Zeroizing::new([0; 32]);
    let information = fixed_information(algorithm, halves);
    sskdf_digest(hash, &secret, &information, &mut *shared)?;
    Ok(Secret::from_bytes(*shared))
}

fn fixed_information(algorithm: HybridAlgorithm, halves: Halves<'_>) -> Vec<u8> {
    let (ct_m, ct_c) = halves.ciphertexts;
    let (pk_m, pk_c) = halves.public;
    let (ciphertext, public) = ([ct_m, ct_c].concat(), [pk_m, pk_c].concat());
    let framed = frame::list(&[algorithm.name().as_bytes(), &ciphertext, &public]);
    [Label::HybridSecret.as_bytes(), &framed].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every input decides: the KDF's fixed information leaves out no ciphertext and no key.
    #[test]
    fn every_part_takes_part_in_the_combined_secret() {
        let base = [&b"m"[..], b"c", b"km", b"kc", b"pm", b"pc"];
        let of = |algorithm, parts: [&[u8]; 6]| {
            let [ss_m, ss_c, ct_m, ct_c, pk_m, pk_c] = parts;
            let halves = Halves {
                secrets: (ss_m, ss_c),
                ciphertexts: (ct_m, ct_c),
                public: (pk_m, pk_c),
            };
            *combine(algorithm, halves).unwrap().expose()
        };
        let mut all = std::collections::BTreeSet::new();
        let combined = [
            HybridAlgorithm::X25519MlKem512,
            HybridAlgorithm::X25519MlKem1024,
            HybridAlgorithm::P256MlKem768,
            HybridAlgorithm::P384MlKem1024,
        ];
        for algorithm in combined {
            assert!(all.insert(of(algorithm, base)));
            for at in 0..base.len() {
                let mut parts = base;
                parts[at] = b"other";
                assert!(all.insert(of(algorithm, parts)), "{algorithm} {at}");
            }
        }
    }

    /// The derivation as the standard writes it, beside the library's.
    #[test]
    fn nist_hybrids_are_derived_in_one_step() {
        for (algorithm, hash) in [
            (HybridAlgorithm::P256MlKem768, &digest::SHA256),
            (HybridAlgorithm::P384MlKem1024, &digest::SHA384),
        ] {
            let halves = Halves {
                secrets: (b"T", b"Z"),
                ciphertexts: (b"ct_M", b"ct_C"),
                public: (b"pk_M", b"pk_C"),
            };
            let mut message = b"\0\0\0\x01ZTstrongroom/v1/combined-hybrid-secret".to_vec();
            let name = algorithm.name().as_bytes();
            message.extend(frame::list(&[name, b"ct_Mct_C", b"pk_Mpk_C"]));
            let expected = digest::digest(hash, &message);
            let combined = combine(algorithm, halves).unwrap();
            assert_eq!(combined.expose()[..], expected.as_ref()[..32]);
        }
    }
}
