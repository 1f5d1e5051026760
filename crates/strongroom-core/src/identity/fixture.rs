//! Test keys, tokens and issuers, the same in every run. The private keys in `testdata/` were made
//! for these tests and protect nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Map, Value, json};
use strongroom_types::IssuerId;
use strongroom_types::body::IssuerKeys;

use super::token::ed25519_pkcs8;
use super::{Identity, Issuer, IssuerBody};
use crate::ports::Micros;

pub(super) const NOW_S: i64 = 1_800_000_000;
pub(super) const NOW: Micros = NOW_S * 1_000_000;
pub(super) const ISSUER: IssuerId = IssuerId::from_bytes([1; 16]);
pub(super) const ISS: &str = "https://id.example/tenant/";

/// A private key of an issuer.
#[derive(Clone)]
pub(super) struct Signer {
    pub(super) kid: String,
    pub(super) algorithm: Algorithm,
    key: EncodingKey,
}

pub(super) fn ed25519(seed: u8) -> Signer {
    let key = EncodingKey::from_ed_der(&ed25519_pkcs8(&[seed; 32]));
    Signer {
        kid: format!("ed-{seed}"),
        algorithm: Algorithm::EdDSA,
        key,
    }
}

pub(super) fn es256() -> Signer {
    let key = EncodingKey::from_ec_pem(include_bytes!("testdata/es256.pem")).unwrap();
    Signer {
        kid: "es".into(),
        algorithm: Algorithm::ES256,
        key,
    }
}

pub(super) fn rs256() -> Signer {
    let key = EncodingKey::from_rsa_pem(include_bytes!("testdata/rs256.pem")).unwrap();
    Signer {
        kid: "rs".into(),
        algorithm: Algorithm::RS256,
        key,
    }
}

impl Signer {
    /// The same key under another `kid`.
    pub(super) fn named(self, kid: &str) -> Self {
        Self {
            kid: kid.to_owned(),
            ..self
        }
    }

    /// The public key with its `kid`, as an issuer publishes it.
    pub(super) fn public_jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk
    }

    /// Signs claims under a good header.
    pub(super) fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm, "kid": self.kid, "typ": "JWT"});
        self.sign_with(&header.to_string(), claims)
    }

    /// Signs claims under any header text.
    pub(super) fn sign_with(&self, header: &str, claims: &Value) -> String {
        sign(header, claims, &self.key, self.algorithm)
    }

    /// Makes the token of the classic confusion: an HMAC whose secret is the public key.
    pub(super) fn sign_hs256_with_public_key(&self, claims: &Value) -> String {
        let public = self.public_jwk()["n"].as_str().unwrap().to_owned();
        let secret = EncodingKey::from_secret(&URL_SAFE_NO_PAD.decode(public).unwrap());
        let header = json!({"alg": "HS256", "kid": self.kid}).to_string();
        sign(&header, claims, &secret, Algorithm::HS256)
    }
}

fn sign(header: &str, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let [header, claims] = [header, &claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part));
    let signed = format!("{header}.{claims}");
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), key, algorithm).unwrap();
    format!("{signed}.{signature}")
}

/// Good claims with some changed; `null` removes one.
pub(super) fn claims(changed: &Value) -> Value {
    let mut claims = json!({
        "iss": ISS, "sub": "alice", "aud": "app",
        "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 600, "jti": "1",
    });
    let claims_map = claims.as_object_mut().unwrap();
    claims_map.extend(changed.as_object().unwrap().clone());
    claims_map.retain(|_, value| !value.is_null());
    claims
}

/// An issuer with fixed keys, audience `app`, that shows `email`.
pub(super) fn issuer(jwks: &[Value]) -> Issuer {
    issuer_with(IssuerKeys::Jwks(json!({ "keys": jwks })))
}

pub(super) fn issuer_with(keys: IssuerKeys) -> Issuer {
    let body = IssuerBody {
        issuer: ISS.into(),
        keys,
        audiences: vec!["other-app".into(), "app".into()],
        clock_skew_s: 60,
        display_claims: vec!["email".into()],
        disabled: false,
        sign_in_audience: None,
        acts_as: None,
    };
    Issuer {
        id: ISSUER,
        created: 0,
        body,
    }
}

/// An identity with these claims.
pub(super) fn identity(claims: Value) -> Identity {
    let claims: Map<String, Value> = serde_json::from_value(claims).unwrap();
    let display = super::pick(&claims, &["email".into()]);
    let subject = claims["sub"].as_str().unwrap().to_owned();
    Identity {
        issuer: ISSUER,
        iss: ISS.into(),
        subject,
        claims,
        display,
        expires: NOW + 600_000_000,
    }
}

/// Texts that differ from one text, in an order given by a seed: bytes replaced, removed, doubled,
/// moved, and the text cut.
pub(super) struct Mutations {
    text: Vec<u8>,
    state: u64,
}

impl Mutations {
    pub(super) fn of(text: &str) -> Self {
        Self {
            text: text.into(),
            state: 0x5eed,
        }
    }

    /// `SplitMix64`, Steele et al. 2014.
    fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next_u64() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn change(&mut self, text: &mut Vec<u8>) {
        let alphabet =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=\"{} \x00";
        let (at, other) = (self.below(text.len()), self.below(text.len()));
        let byte = alphabet[self.below(alphabet.len())];
        match self.below(6) {
            _ if text.is_empty() => text.push(byte),
            0 | 1 => text[at] = byte,
            2 => drop(text.remove(at)),
            3 => text.insert(at, byte),
            4 => text.swap(at, other),
            _ => text.truncate(at),
        }
    }
}

impl Iterator for Mutations {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            let mut text = self.text.clone();
            for _ in 0..=self.below(3) {
                self.change(&mut text);
            }
            if text != self.text {
                return String::from_utf8(text).ok();
            }
        }
    }
}
