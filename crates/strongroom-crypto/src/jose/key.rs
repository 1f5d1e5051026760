//! Keys as callers write them: a JWK, or the bare bytes of a symmetric key.

use aws_lc_rs::rsa::PublicKeyComponents;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::other_key::is_other_key;
use super::{JoseError, decode, text};
use crate::secret::SecretBytes;

/// The longest key, in text.
const KEY_BYTES_MAX: usize = 16 * 1024;

/// A key with what it says of its use.
pub struct Key {
    pub(super) material: Material,
    /// `use`, if it says.
    used_for: Option<String>,
    /// `alg`, if it says.
    algorithm: Option<String>,
    /// `key_ops`, if it says.
    operations: Option<Vec<String>>,
}

/// The kinds of keys. A private part is there only in private keys.
pub(super) enum Material {
    Symmetric(SecretBytes),
    Ed25519 {
        public: Vec<u8>,
        seed: Option<SecretBytes>,
    },
    Ec {
        curve: Curve,
        /// The uncompressed point.
        public: Vec<u8>,
        scalar: Option<SecretBytes>,
    },
    Rsa {
        public: PublicKeyComponents<Vec<u8>>,
        private: Option<RsaPrivate>,
    },
}

/// The curves of ECDSA.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
}

/// `d`, `p`, `q`, `dp`, `dq` and `qi`.
pub(super) struct RsaPrivate(pub(super) [SecretBytes; 6]);

impl Key {
    /// Reads a key: the JSON of a JWK, or a symmetric key in base64.
    ///
    /// # Errors
    /// It is neither, or the encoding of a public key instead of a symmetric one.
    pub fn read(key: &str) -> Result<Self, JoseError> {
        if key.len() > KEY_BYTES_MAX {
            return Err(JoseError::Key);
        }
        if let Ok(jwk) = serde_json::from_str::<Map<String, Value>>(key) {
            return Self::of_jwk(&jwk).ok_or(JoseError::Key);
        }
        let bytes = STANDARD.decode(key).map(Zeroizing::new);
        let bytes = bytes.map_err(|_not_base64| JoseError::Key)?;
        if is_other_key(&bytes) {
            return Err(JoseError::Key);
        }
        Ok(Self {
            material: Material::Symmetric(bytes.to_vec().into()),
            used_for: None,
            algorithm: None,
            operations: None,
        })
    }

    fn of_jwk(jwk: &Map<String, Value>) -> Option<Self> {
        let own = |name| match jwk.get(name) {
            None => Some(None),
            Some(value) => value.as_str().map(|value| Some(value.to_owned())),
        };
        let operations = match jwk.get("key_ops") {
            None => None,
            Some(list) => {
                let names = list.as_array()?.iter();
                Some(
                    names
                        .map(|name| name.as_str().map(str::to_owned))
                        .collect::<Option<_>>()?,
                )
            }
        };
        Some(Self {
            material: Material::of_jwk(jwk)?,
            used_for: own("use")?,
            algorithm: own("alg")?,
            operations,
        })
    }

    /// Whether the key says that it is for this, as far as it says anything.
    ///
    /// # Errors
    /// It is for something else.
    pub(super) fn check(&self, wanted: &Wanted<'_>) -> Result<(), JoseError> {
        let is =
            |said: &Option<String>, wanted: &str| said.as_deref().is_none_or(|said| said == wanted);
        let listed = self.operations.as_ref().is_none_or(|names| {
            let mut names = names.iter();
            names.any(|name| name == wanted.operation)
        });
        let fits =
            is(&self.used_for, wanted.used_for) && is(&self.algorithm, wanted.algorithm) && listed;
        fits.then_some(()).ok_or(JoseError::Key)
    }
}

/// What a key is wanted for, in the words of JWK.
pub(super) struct Wanted<'a> {
    pub(super) used_for: &'a str,
    pub(super) algorithm: &'a str,
    pub(super) operation: &'a str,
}

/// Without the key.
impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Key")
    }
}

impl Material {
    fn of_jwk(jwk: &Map<String, Value>) -> Option<Self> {
        let bytes = |name| text(jwk, name).and_then(decode);
        // A private part that is there must be readable.
        let private = |name| match jwk.get(name) {
            None => Some(None),
            Some(_) => bytes(name).map(|bytes| Some(SecretBytes::from(bytes))),
        };
        match text(jwk, "kty")? {
            "oct" => bytes("k")
                .filter(|key| !is_other_key(key))
                .map(|key| Self::Symmetric(key.into())),
            "OKP" if text(jwk, "crv")? == "Ed25519" => Some(Self::Ed25519 {
                public: bytes("x").filter(|public| public.len() == 32)?,
                seed: private("d")?,
            }),
            "EC" => {
                let (curve, length) = match text(jwk, "crv")? {
                    "P-256" => (Curve::P256, 32),
                    "P-384" => (Curve::P384, 48),
                    _ => return None,
                };
                let coordinate = |name| bytes(name).filter(|bytes| bytes.len() == length);
                let (x, y) = (coordinate("x")?, coordinate("y")?);
                Some(Self::Ec {
                    curve,
                    public: [&[4], x.as_slice(), y.as_slice()].concat(),
                    scalar: private("d")?,
                })
            }
            "RSA" => Some(Self::Rsa {
                public: PublicKeyComponents {
                    n: bytes("n")?,
                    e: bytes("e")?,
                },
                private: if jwk.contains_key("d") {
                    let part = |name| bytes(name).map(SecretBytes::from);
                    let [d, p, q] = [part("d")?, part("p")?, part("q")?];
                    let [dp, dq, qi] = [part("dp")?, part("dq")?, part("qi")?];
                    Some(RsaPrivate([d, p, q, dp, dq, qi]))
                } else {
                    None
                },
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::signing::SigningKey;
    use strongroom_types::SigningAlgorithm;

    #[test]
    fn an_asymmetric_key_in_any_encoding_is_no_symmetric_one() {
        for &algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::generate(algorithm, &SystemEntropy).unwrap();
            let (public, private) = (key.public_key().unwrap(), key.to_pkcs8().unwrap());
            let pem = format!("-----BEGIN PUBLIC KEY-----\n{}", STANDARD.encode(&public));
            for bytes in [public.as_slice(), private.expose(), pem.as_bytes()] {
                let read = Key::read(&STANDARD.encode(bytes));
                assert_eq!(read.map(|_| ()), Err(JoseError::Key), "{algorithm}");
            }
        }
        let jwk = STANDARD.encode(br#"{"kty":"OKP","crv":"Ed25519","x":""}"#);
        assert!(Key::read(&jwk).is_err());
        let pem = URL_SAFE_NO_PAD.encode("-----BEGIN PUBLIC KEY-----\n");
        assert!(Key::read(&format!(r#"{{"kty":"oct","k":"{pem}"}}"#)).is_err());
        assert!(Key::read(&STANDARD.encode([0x30; 32])).is_ok());
        assert!(Key::read("not base64!").is_err());
    }

    #[test]
    fn a_jwk_must_be_whole() {
        for wrong in [
            "{}",
            r#"{"kty":"oct"}"#,
            r#"{"kty":"oct","k":7}"#,
            r#"{"kty":"oct","k":"AAAA="}"#,
            r#"{"kty":"oct","k":"AAAA","use":7}"#,
            r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#,
            r#"{"kty":"OKP","crv":"Ed448","x":"AAAA"}"#,
            r#"{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}"#,
            r#"{"kty":"RSA","n":"AAAA"}"#,
            "[]",
        ] {
            assert!(Key::read(wrong).is_err(), "{wrong}");
        }
        assert!(Key::read(r#"{"kty":"oct","k":"AAAA","use":"sig"}"#).is_ok());
    }
}
