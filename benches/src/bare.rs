//! The floor: an axum server that only does JSON, base64 and AES-256-GCM.
//!
//! No caller is checked, no key derived, nothing written: what remains is what any HTTP service
//! in this language pays, and how far Strongroom is from it is what Strongroom costs.
//!
//! Beside it the floor of the format: the same server, sealing with the construction of `sr1` under a
//! key that is derived for each value, and hashing what it gives out. Nothing that answers `sr1`
//! ciphertexts can be faster.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use strongroom_crypto::chunked::{self, InputKey, SALT_BYTES};
use strongroom_crypto::entropy::{Entropy as _, SystemEntropy};
use strongroom_log::sha256;
use strongroom_types::Suite;
use tokio::net::TcpListener;

use crate::body;
use crate::failure::Failure;
use crate::http::request;
use crate::target::{Target, Work};

/// Bytes of the header of an unlocked value, its key version and the length of its associated data.
const HEADER_BYTES: usize = 65;

#[derive(Debug, Deserialize)]
struct Value {
    key_context: BTreeMap<String, String>,
    plaintext: String,
}

#[derive(Debug, Deserialize)]
struct Batch {
    items: Vec<Value>,
}

#[derive(Debug, Serialize)]
struct Sealed {
    ciphertext: String,
}

#[derive(Debug, Serialize)]
struct Results {
    results: Vec<Sealed>,
}

/// One key for both floors.
struct Keys {
    plain: RandomizedNonceKey,
    input: InputKey,
}

type Key = State<Arc<Keys>>;

/// Starts the server on a runtime of its own, with as many threads as the machine has cores.
///
/// # Errors
/// When no port is free or no thread can be started.
pub fn start() -> Result<Target, Failure> {
    let keys = Keys {
        plain: RandomizedNonceKey::new(&AES_256_GCM, &[7; 32])?,
        input: InputKey::new(Suite::Aes256Gcm, &[7; 32]).map_err(Failure::other)?,
    };
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/v1/encrypt", post(encrypt))
        .route("/v1/encrypt/batch", post(encrypt_batch))
        .route("/v1/format/batch", post(format_batch))
        .route("/echo", post(echo))
        .with_state(Arc::new(keys));
    std::thread::Builder::new().spawn(move || serve(listener, router))?;
    Ok(target(address))
}

#[tokio::main]
async fn serve(listener: std::net::TcpListener, router: Router) -> Result<(), Failure> {
    let listener = TcpListener::from_std(listener)?;
    Ok(axum::serve(listener, router).await?)
}

fn target(address: SocketAddr) -> Target {
    let json = [("content-type", "application/json")];
    let single = request("POST", "/v1/encrypt", &json, &body::single());
    let batch = request("POST", "/v1/encrypt/batch", &json, &body::batch_json());
    let format = request("POST", "/v1/format/batch", &json, &body::batch_json());
    Target {
        name: "bare",
        address,
        requests: vec![
            (Work::Single, vec![single.into()]),
            (Work::BatchJson, vec![batch.into()]),
            (Work::FormatJson, vec![format.into()]),
        ],
    }
}

async fn encrypt(State(keys): Key, Json(value): Json<Value>) -> Result<Json<Sealed>, StatusCode> {
    seal(&keys.plain, &value).map(Json)
}

async fn encrypt_batch(
    State(keys): Key,
    Json(batch): Json<Batch>,
) -> Result<Json<Results>, StatusCode> {
    let results = batch.items.iter().map(|value| seal(&keys.plain, value));
    let results = results.collect::<Result<_, _>>()?;
    Ok(Json(Results { results }))
}

async fn format_batch(
    State(keys): Key,
    Json(batch): Json<Batch>,
) -> Result<Json<Results>, StatusCode> {
    let results = batch.items.iter().map(|value| format(&keys.input, value));
    let results = results.collect::<Result<_, _>>()?;
    Ok(Json(Results { results }))
}

async fn echo(request: Request) -> Body {
    request.into_body()
}

fn seal(key: &RandomizedNonceKey, value: &Value) -> Result<Sealed, StatusCode> {
    let mut bytes = STANDARD.decode(&value.plaintext).map_err(bad_request)?;
    let context = value.key_context.values().next().map_or("", String::as_str);
    let nonce = key
        .seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut bytes)
        .map_err(bad_request)?;
    bytes.extend_from_slice(nonce.as_ref());
    Ok(Sealed {
        ciphertext: STANDARD.encode(&bytes),
    })
}

/// A header as long as one of `sr1`'s is the context of the construction.
fn format(key: &InputKey, value: &Value) -> Result<Sealed, StatusCode> {
    let bytes = STANDARD.decode(&value.plaintext).map_err(bad_request)?;
    let mut salt = [0; SALT_BYTES];
    SystemEntropy.fill(&mut salt).map_err(bad_request)?;
    let sealed = chunked::seal(key, &salt, &[0x5a; HEADER_BYTES], &bytes);
    std::hint::black_box(sha256(&sealed));
    Ok(Sealed {
        ciphertext: STANDARD.encode(&sealed),
    })
}

fn bad_request<E>(_: E) -> StatusCode {
    StatusCode::BAD_REQUEST
}
