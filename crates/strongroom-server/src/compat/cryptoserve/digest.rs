//! `/api/v1/crypto/hash` and `/mac`: over what is sent, under a key that is sent.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Answered, Ask, Invalid, Refused};
use strongroom_crypto::kdf;
use strongroom_types::body::{HashAnswer, HashRequest, MacAnswer, MacRequest};
use strongroom_types::{Bytes, HashAlgorithm, MacAlgorithm};

use super::shape::{decode, encode, hex, named, unhex};
use crate::edge::{App, Document, Reply, Sent, ok};

/// Bytes of a MAC key that is drawn.
const MAC_KEY_BYTES: u8 = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hash {
    data: String,
    algorithm: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HashVerify {
    data: String,
    algorithm: String,
    expected_digest: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mac {
    data: String,
    key: String,
    algorithm: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MacVerify {
    data: String,
    key: String,
    algorithm: String,
    expected_tag: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MacKey {
    algorithm: String,
}

#[derive(Serialize)]
pub(super) struct Hashed {
    digest: String,
    hex: String,
    algorithm: String,
    length_bits: usize,
}

#[derive(Serialize)]
pub(super) struct Authenticated {
    tag: String,
    hex: String,
    algorithm: String,
    length_bits: usize,
}

#[derive(Serialize)]
pub(super) struct Verified {
    valid: bool,
}

#[derive(Serialize)]
pub(super) struct DrawnKey {
    key: String,
    algorithm: String,
}

fn hash_request(data: &str, algorithm: &str) -> Result<HashRequest, Invalid> {
    Ok(HashRequest {
        algorithm: named(HashAlgorithm::ALL, HashAlgorithm::name, algorithm)?,
        data: decode("data", data)?.into(),
    })
}

fn mac_request(data: &str, key: &str, algorithm: &str) -> Result<MacRequest, Invalid> {
    Ok(MacRequest {
        algorithm: named(MacAlgorithm::ALL, MacAlgorithm::name, algorithm)?,
        key: decode("key", key)?.into(),
        data: decode("data", data)?.into(),
    })
}

/// Whether bytes are those that were expected, in hexadecimal or base64, in constant time.
fn is(bytes: &Bytes, expected: &str) -> bool {
    let expected = unhex(expected).or_else(|| decode("expected", expected).ok());
    expected.is_some_and(|expected| kdf::verify(&bytes.0, &expected))
}

async fn hashed(
    app: &App,
    ask: &Ask,
    request: Result<HashRequest, Invalid>,
) -> Result<Answered<HashAnswer>, Refused> {
    match request {
        Ok(request) => app.room.hash(ask, request).await,
        Err(invalid) => Err(app.room.reject(ask, invalid.into()).await),
    }
}

async fn authenticated(
    app: &App,
    ask: &Ask,
    request: Result<MacRequest, Invalid>,
) -> Result<Answered<MacAnswer>, Refused> {
    match request {
        Ok(request) => app.room.mac(ask, request).await,
        Err(invalid) => Err(app.room.reject(ask, invalid.into()).await),
    }
}

pub(super) async fn hash(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Hash>,
) -> Reply<Document<Hashed>> {
    let request = hash_request(&body.data, &body.algorithm);
    let done = hashed(&app, &ask, request).await;
    let of = |HashAnswer { digest, .. }: HashAnswer| Hashed {
        digest: encode(&digest.0),
        hex: hex(&digest.0),
        algorithm: body.algorithm,
        length_bits: digest.0.len() * 8,
    };
    ok(&ask, done.map(|answered| answered.map(of)))
}

pub(super) async fn hash_verify(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<HashVerify>,
) -> Reply<Document<Verified>> {
    let request = hash_request(&body.data, &body.algorithm);
    let done = hashed(&app, &ask, request).await;
    let of = |answer: HashAnswer| Verified {
        valid: is(&answer.digest, &body.expected_digest),
    };
    ok(&ask, done.map(|answered| answered.map(of)))
}

pub(super) async fn mac(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Mac>,
) -> Reply<Document<Authenticated>> {
    let request = mac_request(&body.data, &body.key, &body.algorithm);
    let done = authenticated(&app, &ask, request).await;
    let of = |MacAnswer { mac, .. }: MacAnswer| Authenticated {
        tag: encode(&mac.0),
        hex: hex(&mac.0),
        algorithm: body.algorithm,
        length_bits: mac.0.len() * 8,
    };
    ok(&ask, done.map(|answered| answered.map(of)))
}

pub(super) async fn mac_verify(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<MacVerify>,
) -> Reply<Document<Verified>> {
    let request = mac_request(&body.data, &body.key, &body.algorithm);
    let done = authenticated(&app, &ask, request).await;
    let of = |answer: MacAnswer| Verified {
        valid: is(&answer.mac, &body.expected_tag),
    };
    ok(&ask, done.map(|answered| answered.map(of)))
}

pub(super) async fn mac_key(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<MacKey>,
) -> Reply<Document<DrawnKey>> {
    let known = named(MacAlgorithm::ALL, MacAlgorithm::name, &body.algorithm);
    let drawn = match known {
        Ok(_) => app.room.random(&ask, MAC_KEY_BYTES).await,
        Err(invalid) => Err(app.room.reject(&ask, invalid.into()).await),
    };
    let of = |key: strongroom_crypto::secret::SecretBytes| DrawnKey {
        key: encode(key.expose()),
        algorithm: body.algorithm,
    };
    ok(&ask, drawn.map(|answered| answered.map(of)))
}
