//! An issuer of the tests' own: signs whatever it is told to, well or badly.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "keys that cannot be made fail their test"
)]

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use aws_lc_rs::{hmac, signature::RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A key pair of an issuer.
#[derive(Debug)]
pub struct SigningKey {
    kid: Option<&'static str>,
    pair: Pair,
}

#[derive(Debug)]
enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl SigningKey {
    /// An Ed25519 key from one byte.
    pub fn ed25519(kid: &'static str, seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        Self {
            kid: Some(kid),
            pair: Pair::Ed25519(pair),
        }
    }

    /// A new P-256 key.
    pub fn p256(kid: &'static str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self {
            kid: Some(kid),
            pair: Pair::P256(pair),
        }
    }

    /// A new RSA key of 2048 bits.
    pub fn rsa(kid: &'static str) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        Self {
            kid: Some(kid),
            pair: Pair::Rsa(Box::new(pair)),
        }
    }

    /// The same key, whose tokens and JWK name no `kid`.
    #[must_use]
    pub fn without_kid(self) -> Self {
        Self { kid: None, ..self }
    }

    /// The name of its algorithm, RFC 7518 and RFC 8037.
    pub fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Ed25519(_) => "EdDSA",
            Pair::P256(_) => "ES256",
            Pair::Rsa(_) => "RS256",
        }
    }

    /// Its public half as a JWK, RFC 7517.
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref())})
            }
            Pair::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..])})
            }
            Pair::Rsa(pair) => {
                let public: RsaPublicKeyComponents<Vec<u8>> = pair.public_key().into();
                json!({"kty": "RSA", "n": encode(&public.n), "e": encode(&public.e)})
            }
        };
        if let Some(kid) = self.kid {
            jwk.as_object_mut()
                .unwrap()
                .insert("kid".to_owned(), kid.into());
        }
        jwk
    }

    /// A JWT with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(self.algorithm(), claims)
    }

    /// A JWT whose header claims another algorithm than the key's.
    pub fn sign_as(&self, algorithm: &str, claims: &Value) -> String {
        let text = unsigned(&self.header(algorithm), claims);
        let signature = self.signature(text.as_bytes());
        format!("{text}.{}", encode(&signature))
    }

    /// A JWT whose HMAC key is the public half of this key: the classic confusion.
    pub fn sign_with_public_key(&self, claims: &Value) -> String {
        let public: Vec<u8> = match &self.pair {
            Pair::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
            Pair::P256(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
                der.as_ref().to_vec()
            }
        };
        let text = unsigned(&self.header("HS256"), claims);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &public);
        let tag = hmac::sign(&key, text.as_bytes());
        format!("{text}.{}", encode(tag.as_ref()))
    }

    fn header(&self, algorithm: &str) -> Value {
        match self.kid {
            None => json!({"alg": algorithm, "typ": "JWT"}),
            Some(kid) => json!({"alg": algorithm, "typ": "JWT", "kid": kid}),
        }
    }

    fn signature(&self, text: &[u8]) -> Vec<u8> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test, which signs as an issuer does"
        )]
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ed25519(pair) => pair.sign(text).as_ref().to_vec(),
            Pair::P256(pair) => pair.sign(&random, text).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature)
                    .unwrap();
                signature
            }
        }
    }
}

/// A key set of these keys, RFC 7517 section 5.
pub fn key_set(keys: &[&SigningKey]) -> Value {
    json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() })
}

/// Header and claims of a JWT, without a signature.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    )
}

/// Good claims of an issuer for a subject, good until 2100.
pub fn claims(issuer: &str, subject: &str) -> Value {
    json!({"iss": issuer, "sub": subject, "aud": "strongroom", "exp": 4_102_444_800_i64})
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
