//! JSON Web Keys, RFC 7517: the public keys of an issuer.
//!
//! Each usable key has exactly one algorithm, given by its type: RSA → RS256, P-256 → ES256,
//! Ed25519 → `EdDSA`. A key can therefore never be used under an algorithm that was made for
//! another type, and an HMAC under a public key cannot be asked for at all.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};

use super::jwt::Token;
use crate::denial::TokenFault;

/// The most keys that are tried for a token that names none.
const TRIES_MAX: usize = 16;
/// RSA of fewer than 2048 bits is refused.
const RSA_BYTES_MIN: usize = 256;
/// Members of a JWK that only a private or symmetric key has (RFC 7518 section 6).
const SECRET_MEMBERS: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key that may verify tokens.
#[derive(Clone, Debug)]
pub(super) struct PublicKey {
    kid: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl PublicKey {
    /// An Ed25519 key of ours.
    pub(super) fn ed25519(bytes: &[u8]) -> Self {
        Self {
            kid: None,
            algorithm: Algorithm::EdDSA,
            key: DecodingKey::from_ed_der(bytes),
        }
    }

    /// Whether the token's signature is of this key.
    pub(super) fn verifies(&self, token: &Token<'_>) -> bool {
        self.algorithm == token.algorithm
            && jsonwebtoken::crypto::verify(
                token.signature,
                token.signed.as_bytes(),
                &self.key,
                self.algorithm,
            )
            .unwrap_or(false)
    }

    /// Reads a JWK; `None` if it is not a public signature key of a type that is used here.
    fn read(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let (algorithm, key) = match (text("kty")?, text("crv")) {
            ("RSA", None) => (Algorithm::RS256, rsa(text("n")?, text("e")?)?),
            ("EC", Some("P-256")) => (Algorithm::ES256, p256(text("x")?, text("y")?)?),
            ("OKP", Some("Ed25519")) => (Algorithm::EdDSA, ed25519(text("x")?)?),
            (_, _) => return None,
        };
        let kid = text("kid").map(str::to_owned);
        let usable = !has_secret(jwk) && is_for_verifying(jwk, algorithm);
        usable.then_some(Self {
            kid,
            algorithm,
            key,
        })
    }
}

fn has_secret(jwk: &Map<String, Value>) -> bool {
    SECRET_MEMBERS
        .iter()
        .any(|&member| jwk.contains_key(member))
}

/// Respects `alg`, `use` and `key_ops` where the key has them.
fn is_for_verifying(jwk: &Map<String, Value>, algorithm: Algorithm) -> bool {
    let absent_or = |name: &str, good: &str| jwk.get(name).is_none_or(|value| value == good);
    let verifies = |ops: &Value| {
        ops.as_array()
            .is_some_and(|ops| ops.iter().any(|op| op == "verify"))
    };
    absent_or("alg", name(algorithm))
        && absent_or("use", "sig")
        && jwk.get("key_ops").is_none_or(verifies)
}

const fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RS256 => "RS256",
        Algorithm::ES256 => "ES256",
        Algorithm::EdDSA => "EdDSA",
        _ => "",
    }
}

fn rsa(n: &str, e: &str) -> Option<DecodingKey> {
    let modulus = URL_SAFE_NO_PAD.decode(n).ok()?;
    let leading = modulus.iter().take_while(|&&byte| byte == 0).count();
    let modulus = modulus.get(leading..)?;
    let bits_min = modulus.len() > RSA_BYTES_MIN
        || (modulus.len() == RSA_BYTES_MIN && modulus.first()? >= &0x80);
    let exponent = URL_SAFE_NO_PAD.decode(e).ok()?;
    bits_min.then(|| DecodingKey::from_rsa_raw_components(modulus, &exponent))
}

fn p256(x: &str, y: &str) -> Option<DecodingKey> {
    let mut point = vec![4];
    point.extend(coordinate(x)?);
    point.extend(coordinate(y)?);
    Some(DecodingKey::from_ec_der(&point))
}

fn ed25519(x: &str) -> Option<DecodingKey> {
    Some(DecodingKey::from_ed_der(&coordinate(x)?))
}

fn coordinate(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// The usable keys of a JWK set.
#[derive(Clone, Debug)]
pub(super) struct KeySet(Vec<PublicKey>);

impl KeySet {
    /// Reads a set that was fetched. Keys that cannot be used are passed over, as RFC 7517
    /// section 5 demands, and so are those whose private part is shown.
    pub(super) fn read(document: &Value) -> Option<Self> {
        let keys = document.get("keys")?.as_array()?;
        Some(Self(
            keys.iter()
                .filter_map(Value::as_object)
                .filter_map(PublicKey::read)
                .collect(),
        ))
    }

    /// Reads a set that an administrator gives: at least one usable key, and no secret.
    pub(super) fn of_public_keys(document: &Value) -> Option<Self> {
        let set = Self::read(document).filter(|set| !set.0.is_empty())?;
        let mut keys = document.get("keys")?.as_array()?.iter();
        keys.all(|key| key.as_object().is_some_and(|key| !has_secret(key)))
            .then_some(set)
    }

    /// Verifies the token's signature.
    ///
    /// A token with a `kid` is verified by the keys of that name only; one without by the keys of
    /// its algorithm, at most 16.
    ///
    /// # Errors
    /// [`TokenFault::KeyUnknown`] when no key has the `kid`, or when there is no `kid` and no key
    /// verifies the token; [`TokenFault::Algorithm`] when the key is for another algorithm;
    /// [`TokenFault::Signature`] when the signature is not the key's.
    pub(super) fn verify(&self, token: &Token<'_>) -> Result<(), TokenFault> {
        let verified = |key: &&PublicKey| key.verifies(token);
        let Some(kid) = token.kid.as_deref() else {
            let fitting = self.0.iter().filter(|key| key.algorithm == token.algorithm);
            let found = fitting.take(TRIES_MAX).find(verified);
            return found.map(drop).ok_or(TokenFault::KeyUnknown);
        };
        let mut named = self
            .0
            .iter()
            .filter(|key| key.kid.as_deref() == Some(kid))
            .peekable();
        named.peek().ok_or(TokenFault::KeyUnknown)?;
        let mut fitting = named
            .filter(|key| key.algorithm == token.algorithm)
            .peekable();
        fitting.peek().ok_or(TokenFault::Algorithm)?;
        fitting
            .take(TRIES_MAX)
            .find(verified)
            .map(drop)
            .ok_or(TokenFault::Signature)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::identity::fixture::{Mutations, Signer, claims, ed25519 as ed, es256, rs256};

    fn usable(jwk: &Value) -> bool {
        KeySet::read(&json!({"keys": [jwk]})).unwrap().0.len() == 1
    }

    #[test]
    fn public_keys_of_the_three_types_are_usable() {
        for signer in [rs256(), es256(), ed(1)] {
            assert!(usable(&signer.public_jwk()), "{:?}", signer.algorithm);
        }
    }

    #[test]
    fn keys_for_something_else_are_passed_over() {
        for (member, value) in [
            ("kty", json!("EC")),
            ("crv", json!("X25519")),
            ("x", json!("AAAA")),
            ("x", json!(1)),
            ("d", json!("AAAA")),
            ("use", json!("enc")),
            ("alg", json!("ES256")),
            ("key_ops", json!(["sign"])),
            ("key_ops", json!("verify")),
        ] {
            let mut jwk = ed(1).public_jwk();
            jwk[member] = value.clone();
            assert!(!usable(&jwk), "{member} = {value}");
        }
    }

    #[test]
    fn stated_uses_that_fit_are_respected() {
        let mut jwk = es256().public_jwk();
        jwk["alg"] = json!("ES256");
        jwk["use"] = json!("sig");
        jwk["key_ops"] = json!(["verify"]);
        assert!(usable(&jwk));
    }

    #[test]
    fn rsa_below_2048_bits_is_passed_over() {
        let of = |first: u8, bytes: usize| {
            let mut modulus = vec![0xff; bytes];
            modulus[0] = first;
            json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB"})
        };
        assert!(usable(&of(0x80, 256)));
        assert!(!usable(&of(0x7f, 256)));
        assert!(!usable(&of(0, 256)));
        assert!(!usable(&of(0xff, 128)));
    }

    #[test]
    fn documents_of_another_shape_are_refused() {
        for wrong in [json!([]), json!({}), json!({"keys": {}}), json!("keys")] {
            assert!(KeySet::read(&wrong).is_none(), "{wrong}");
        }
    }

    /// Altered sets verify a token only with the key that signed it, as it was; an administrator's
    /// set with a secret in it is none.
    #[test]
    fn a_hundred_thousand_mutations_of_key_sets_verify_with_no_other_key() {
        let signers = [rs256(), es256(), ed(1)];
        let signed = signers
            .each_ref()
            .map(|signer| signer.sign(&claims(&json!({}))));
        let jwks = signers.each_ref().map(Signer::public_jwk);
        let mut verified = 0;
        for (which, jwk) in jwks.iter().enumerate() {
            let member = if which == 0 { "n" } else { "x" };
            let public = jwk[member].as_str().unwrap();
            let set = json!({"keys": [jwk]}).to_string();
            for mutated in Mutations::of(&set).take(33_334) {
                let Ok(document) = serde_json::from_str::<Value>(&mutated) else {
                    continue;
                };
                let Some(keys) = KeySet::read(&document) else {
                    continue;
                };
                let token = Token::parse(&signed[which], 4096).unwrap();
                if keys.verify(&token).is_ok() {
                    assert!(mutated.contains(public), "{mutated}");
                    verified += 1;
                }
                if KeySet::of_public_keys(&document).is_some() {
                    let keys = document["keys"].as_array().unwrap();
                    assert!(!keys.iter().any(|key| has_secret(key.as_object().unwrap())));
                }
            }
        }
        assert!(verified > 100, "{verified}");
    }
}
