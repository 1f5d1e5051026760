//! Signing keys.
//!
//! ```text
//! signature = Sign(private key, message)          the whole message; each algorithm hashes it itself
//! valid     = Verify(public key, message, signature)
//! ```
//!
//! Private keys are PKCS #8 (RFC 5958), public keys `SubjectPublicKeyInfo` (RFC 5280), both in DER;
//! ML-DSA's private key is its 32-byte seed inside of that (RFC 9881). Sources of the algorithms:
//! [`SigningAlgorithm`]. ECDSA, RSA and the hedging of ML-DSA draw from AWS-LC's own generator, since
//! it takes no other; the seeds of Ed25519 and ML-DSA come through [`Entropy`].
//!
//! What is *not* here: who may sign, and where keys are kept.

use core::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, PqdsaKeyPair,
    PqdsaSigningAlgorithm, RsaEncoding, VerificationAlgorithm,
};
use strongroom_types::SigningAlgorithm;

use crate::entropy::{Entropy, EntropyUnavailable};
use crate::secret::{Secret, SecretBytes};

/// A private key that is none of its algorithm, or that AWS-LC refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a private key of the algorithm")]
pub struct KeyError;

/// A key cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// AWS-LC made none.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A signature that does not hold: another message or key, or altered bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signature does not hold")]
pub struct NotValid;

/// A private key. It cannot be printed, cloned or serialised but by [`SigningKey::to_pkcs8`].
pub struct SigningKey {
    algorithm: SigningAlgorithm,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    Rsa(Box<rsa::KeyPair>, &'static dyn RsaEncoding),
    MlDsa(PqdsaKeyPair),
}

/// What AWS-LC calls an algorithm, by family.
enum Family {
    Ed25519,
    Ecdsa(&'static EcdsaSigningAlgorithm),
    Rsa(KeySize, &'static dyn RsaEncoding),
    MlDsa(&'static PqdsaSigningAlgorithm),
}

const fn family(algorithm: SigningAlgorithm) -> Family {
    match algorithm {
        SigningAlgorithm::Ed25519 => Family::Ed25519,
        SigningAlgorithm::EcdsaP256 => Family::Ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
        SigningAlgorithm::EcdsaP384 => Family::Ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
        SigningAlgorithm::RsaPss2048 => Family::Rsa(KeySize::Rsa2048, &signature::RSA_PSS_SHA256),
        SigningAlgorithm::RsaPss3072 => Family::Rsa(KeySize::Rsa3072, &signature::RSA_PSS_SHA256),
        SigningAlgorithm::RsaPss4096 => Family::Rsa(KeySize::Rsa4096, &signature::RSA_PSS_SHA512),
        SigningAlgorithm::MlDsa44 => Family::MlDsa(&signature::ML_DSA_44_SIGNING),
        SigningAlgorithm::MlDsa65 => Family::MlDsa(&signature::ML_DSA_65_SIGNING),
        SigningAlgorithm::MlDsa87 => Family::MlDsa(&signature::ML_DSA_87_SIGNING),
    }
}

fn verification(algorithm: SigningAlgorithm) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        SigningAlgorithm::Ed25519 => &signature::ED25519,
        SigningAlgorithm::EcdsaP256 => &signature::ECDSA_P256_SHA256_ASN1,
        SigningAlgorithm::EcdsaP384 => &signature::ECDSA_P384_SHA384_ASN1,
        SigningAlgorithm::RsaPss2048 | SigningAlgorithm::RsaPss3072 => {
            &signature::RSA_PSS_2048_8192_SHA256
        }
        SigningAlgorithm::RsaPss4096 => &signature::RSA_PSS_2048_8192_SHA512,
        SigningAlgorithm::MlDsa44 => &signature::ML_DSA_44,
        SigningAlgorithm::MlDsa65 => &signature::ML_DSA_65,
        SigningAlgorithm::MlDsa87 => &signature::ML_DSA_87,
    }
}

impl SigningKey {
    /// Makes a key. RSA takes up to seconds.
    ///
    /// # Errors
    /// There is no randomness, or AWS-LC makes none.
    pub fn generate(
        algorithm: SigningAlgorithm,
        entropy: &dyn Entropy,
    ) -> Result<Self, GenerateError> {
        let pair = match family(algorithm) {
            Family::Ed25519 => {
                let seed = Secret::<32>::generate(entropy)?;
                Pair::Ed25519(Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(no_key)?)
            }
            Family::Ecdsa(ecdsa) => Pair::Ecdsa(EcdsaKeyPair::generate(ecdsa).map_err(no_key)?),
            Family::Rsa(size, encoding) => Pair::Rsa(
                Box::new(rsa::KeyPair::generate(size).map_err(no_key)?),
                encoding,
            ),
            Family::MlDsa(ml_dsa) => {
                let seed = Secret::<32>::generate(entropy)?;
                Pair::MlDsa(PqdsaKeyPair::from_seed(ml_dsa, seed.expose()).map_err(no_key)?)
            }
        };
        Ok(Self { algorithm, pair })
    }

    /// Reads a private key.
    ///
    /// # Errors
    /// The bytes are no key of the algorithm, or one of another size.
    pub fn from_pkcs8(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = match family(algorithm) {
            Family::Ed25519 => Pair::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(no_key)?),
            Family::Ecdsa(ecdsa) => {
                Pair::Ecdsa(EcdsaKeyPair::from_pkcs8(ecdsa, pkcs8).map_err(no_key)?)
            }
            Family::Rsa(size, encoding) => {
                let pair = rsa::KeyPair::from_pkcs8(pkcs8).map_err(no_key)?;
                let fits = pair.public_modulus_len() == size.len();
                let pair = fits.then_some(pair).ok_or(KeyError)?;
                Pair::Rsa(Box::new(pair), encoding)
            }
            Family::MlDsa(ml_dsa) => {
                Pair::MlDsa(PqdsaKeyPair::from_pkcs8(ml_dsa, pkcs8).map_err(no_key)?)
            }
        };
        Ok(Self { algorithm, pair })
    }

    /// The private key itself, for whoever wraps it.
    ///
    /// # Errors
    /// AWS-LC does not write it.
    pub fn to_pkcs8(&self) -> Result<SecretBytes, KeyError> {
        let der: Result<Pkcs8V1Der<'_>, _> = match &self.pair {
            Pair::Ed25519(pair) => pair.as_der(),
            Pair::Ecdsa(pair) => {
                let document = pair.to_pkcs8v1().map_err(no_key)?;
                return Ok(document.as_ref().to_vec().into());
            }
            Pair::Rsa(pair, _) => pair.as_der(),
            Pair::MlDsa(pair) => {
                let document = pair.to_pkcs8v1().map_err(no_key)?;
                return Ok(document.as_ref().to_vec().into());
            }
        };
        Ok(der.map_err(no_key)?.as_ref().to_vec().into())
    }

    /// The public key, `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// AWS-LC does not write it.
    pub fn public_key(&self) -> Result<Vec<u8>, KeyError> {
        let der: Result<PublicKeyX509Der<'_>, _> = match &self.pair {
            Pair::Ed25519(pair) => pair.public_key().as_der(),
            Pair::Ecdsa(pair) => pair.public_key().as_der(),
            Pair::Rsa(pair, _) => pair.public_key().as_der(),
            Pair::MlDsa(pair) => pair.public_key().as_der(),
        };
        Ok(der.map_err(no_key)?.as_ref().to_vec())
    }

    /// Signs a message.
    ///
    /// # Errors
    /// AWS-LC does not sign.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "AWS-LC signs with no other generator"
        )]
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Ecdsa(pair) => {
                let signed = pair.sign(&random, message).map_err(no_key)?;
                Ok(signed.as_ref().to_vec())
            }
            Pair::Rsa(pair, encoding) => {
                let mut signed = vec![0; pair.public_modulus_len()];
                let done = pair.sign(*encoding, &random, message, &mut signed);
                done.map(|()| signed).map_err(no_key)
            }
            Pair::MlDsa(pair) => {
                let mut signed = vec![0; pair.algorithm().signature_len()];
                let done = pair.sign(message, &mut signed);
                done.map(|_bytes| signed).map_err(no_key)
            }
        }
    }

    /// How it signs.
    #[must_use]
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.algorithm)
    }
}

/// Verifies a signature under a public key (`SubjectPublicKeyInfo` in DER).
///
/// # Errors
/// It does not hold, or the key is none of the algorithm.
pub fn verify(
    algorithm: SigningAlgorithm,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), NotValid> {
    signature::UnparsedPublicKey::new(verification(algorithm), public_key)
        .verify(message, signature)
        .map_err(|_does_not_hold| NotValid)
}

fn no_key<E>(_refused: E) -> KeyError {
    KeyError
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn what_one_key_signs_its_public_key_verifies_and_no_other() {
        for &algorithm in SigningAlgorithm::ALL {
            let [key, other] =
                [0, 1].map(|_| SigningKey::generate(algorithm, &SystemEntropy).unwrap());
            let public = key.public_key().unwrap();
            let mut signature = key.sign(b"message").unwrap();
            let check = |public: &[u8], message: &[u8], signature: &[u8]| {
                verify(algorithm, public, message, signature)
            };
            assert_eq!(
                check(&public, b"message", &signature),
                Ok(()),
                "{algorithm}"
            );
            assert_eq!(check(&public, b"other", &signature), Err(NotValid));
            let others = other.public_key().unwrap();
            assert_eq!(check(&others, b"message", &signature), Err(NotValid));
            signature[10] ^= 1;
            assert_eq!(check(&public, b"message", &signature), Err(NotValid));
            assert_eq!(check(b"", b"message", &signature), Err(NotValid));
        }
    }

    #[test]
    fn key_read_back_is_the_same() {
        for &algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::generate(algorithm, &SystemEntropy).unwrap();
            let pkcs8 = key.to_pkcs8().unwrap();
            let read = SigningKey::from_pkcs8(algorithm, pkcs8.expose()).unwrap();
            assert_eq!(read.public_key(), key.public_key(), "{algorithm}");
            let of_another = match algorithm {
                SigningAlgorithm::Ed25519 => SigningAlgorithm::EcdsaP256,
                SigningAlgorithm::RsaPss2048 => SigningAlgorithm::RsaPss4096,
                SigningAlgorithm::RsaPss3072 | SigningAlgorithm::RsaPss4096 => {
                    SigningAlgorithm::RsaPss2048
                }
                SigningAlgorithm::MlDsa65 => SigningAlgorithm::MlDsa87,
                SigningAlgorithm::EcdsaP256
                | SigningAlgorithm::EcdsaP384
                | SigningAlgorithm::MlDsa44
                | SigningAlgorithm::MlDsa87 => SigningAlgorithm::Ed25519,
            };
            assert!(SigningKey::from_pkcs8(of_another, pkcs8.expose()).is_err());
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let key = SigningKey::generate(SigningAlgorithm::Ed25519, &SystemEntropy).unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey(Ed25519)");
    }
}
