//! The bodies that are sent, each made once.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::json;

/// The value that every request seals.
const PLAINTEXT: [u8; 64] = [b'x'; 64];
/// Items of a batch, and different key contexts in it.
pub const BATCH_ITEMS: u32 = 100;

/// Native `/v1/encrypt`, which the bare server understands too.
#[must_use]
pub fn single() -> Vec<u8> {
    single_in(0)
}

/// The same in one of many key contexts.
#[must_use]
pub fn single_in(index: u32) -> Vec<u8> {
    json(&item(index))
}

/// Native `/v1/context-policies`, of the key context of [`single`].
#[must_use]
pub fn policy() -> Vec<u8> {
    json(&json!({ "match": context(0), "suite": "AES-256-GCM" }))
}

/// Native `/v1/encrypt/batch` in JSON, which the bare server understands too.
#[must_use]
pub fn batch_json() -> Vec<u8> {
    batch_json_in(0..BATCH_ITEMS)
}

/// The same in these key contexts.
#[must_use]
pub fn batch_json_in(indices: Range<u32>) -> Vec<u8> {
    json(&json!({ "items": indices.map(item).collect::<Vec<_>>() }))
}

/// Native `/v1/encrypt/batch` in CBOR, where values are byte strings.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn batch_cbor() -> Vec<u8> {
    use ciborium::Value;
    let text = |text: &str| Value::Text(text.to_owned());
    let item = |index| {
        let context = vec![(text("organizationId"), Value::Text(organization(index)))];
        Value::Map(vec![
            (text("key_context"), Value::Map(context)),
            (text("plaintext"), Value::Bytes(PLAINTEXT.to_vec())),
        ])
    };
    let items = (0..BATCH_ITEMS).map(item).collect();
    let mut bytes = Vec::new();
    let body = Value::Map(vec![(text("items"), Value::Array(items))]);
    ciborium::into_writer(&body, &mut bytes).unwrap_or_default();
    bytes
}

/// What is signed, in base64.
#[must_use]
pub fn message() -> String {
    STANDARD.encode(PLAINTEXT)
}

/// OpenBao's `transit/encrypt/single`.
#[must_use]
pub fn openbao_single() -> Vec<u8> {
    json(&json!({ "plaintext": STANDARD.encode(PLAINTEXT) }))
}

/// OpenBao's `transit/sign/signer`.
#[must_use]
pub fn openbao_sign() -> Vec<u8> {
    json(&json!({ "input": message() }))
}

/// OpenBao's `transit/encrypt/derived`, with as many contexts as items.
#[must_use]
pub fn openbao_batch() -> Vec<u8> {
    let item = |index| {
        json!({
            "context": STANDARD.encode(organization(index)),
            "plaintext": STANDARD.encode(PLAINTEXT),
        })
    };
    json(&json!({ "batch_input": (0..BATCH_ITEMS).map(item).collect::<Vec<_>>() }))
}

/// How many objects are written and read, one for each caller.
pub const OBJECTS: u32 = 16;

/// Native `/v1/objects/by-name`, which keeps a value under a name.
#[must_use]
pub fn object(index: u32) -> Vec<u8> {
    json(&json!({
        "key_context": context(index),
        "name": object_name(index),
        "value": STANDARD.encode(PLAINTEXT),
    }))
}

/// The name of an object, on both servers.
#[must_use]
pub fn object_name(index: u32) -> String {
    format!("object-{index}")
}

/// OpenBao's `secret/data/…`.
#[must_use]
pub fn openbao_object() -> Vec<u8> {
    json(&json!({ "data": { "value": STANDARD.encode(PLAINTEXT) } }))
}

/// Stack Auth's `set`, as one of its clients recorded it: hashing a name takes it some 40 ms, so that
/// it cannot send them itself.
#[must_use]
pub fn store_set(index: u32) -> Vec<u8> {
    let sealed = [[1, 0].as_slice(), &[b'x'; 44 + PLAINTEXT.len()]].concat();
    json(&json!({
        "hashed_key": hashed_key(index),
        "encrypted_value": STANDARD.encode(sealed),
    }))
}

/// Stack Auth's `get`.
#[must_use]
pub fn store_get(index: u32) -> Vec<u8> {
    json(&json!({ "hashed_key": hashed_key(index) }))
}

/// As long as a hash, and another one for each caller.
fn hashed_key(index: u32) -> String {
    let mut hash = [b'x'; 32];
    for (byte, of_index) in hash.iter_mut().zip(index.to_be_bytes()) {
        *byte = of_index;
    }
    STANDARD.encode(hash)
}

/// Declares the store that values are set in, as Stack Auth's administrators do.
#[must_use]
pub fn store_declared() -> Vec<u8> {
    let stores = json!({ "dataVault.stores.bench": {} });
    json(&json!({ "config_override_string": stores.to_string() }))
}

fn item(index: u32) -> serde_json::Value {
    json!({ "key_context": context(index), "plaintext": STANDARD.encode(PLAINTEXT) })
}

fn context(index: u32) -> serde_json::Value {
    json!({ "organizationId": organization(index) })
}

fn organization(index: u32) -> String {
    format!("org_{index}")
}

fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}
