//! JOSE over keys that callers bring: JWS (RFC 7515), JWE with a direct key (RFC 7516), JWK (RFC 7517,
//! 8037) and its thumbprint (RFC 7638), in the compact serialisation.
//!
//! ```text
//! jws = base64url(header) . base64url(payload) . base64url(signature over all before the last dot)
//! jwe = base64url(header) . . base64url(iv) . base64url(ciphertext) . base64url(tag)
//! ```
//!
//! The *kind of the key* decides which algorithms can be, and the header must name one of them: HMAC
//! takes a symmetric key and nothing else, and what is the encoding of a public key is no symmetric
//! one. `none` is no algorithm here. A header that names its own key (`jwk`, `jku`, `x5c` …) is not
//! listened to; one that demands what is not understood (`crit`), or compresses (`zip`), is refused.

mod jwe;
mod jwk;
mod jws;
mod key;
mod other_key;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

pub use jwe::{Encryption, Opened, decrypt, encrypt};
pub use jwk::{MadeKey, NewKey, generate, thumbprint};
pub use jws::{JwsAlgorithm, Signed, Verified, sign, verify};
pub use key::Key;

/// The longest header, in its encoding.
const HEADER_BYTES_MAX: usize = 8 * 1024;

/// Why nothing is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoseError {
    /// The key is none, or none of the algorithm, or not for this use.
    #[error("not a key of the algorithm")]
    Key,
    /// A member of the header is not the caller's to set.
    #[error("header is not the caller's to set")]
    Header,
    /// There is no randomness.
    #[error("no randomness available")]
    Entropy,
}

/// What was made by somebody else, with another key or algorithm, or altered: one value for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not valid")]
pub struct NotValid;

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Writes a header.
fn written(header: &Map<String, Value>) -> Result<String, JoseError> {
    let json = serde_json::to_vec(header).map_err(|_unserialisable| JoseError::Header)?;
    let text = encode(&json);
    (text.len() <= HEADER_BYTES_MAX)
        .then_some(text)
        .ok_or(JoseError::Header)
}

/// Reads a header, which must not demand what is not understood.
fn read(text: &str) -> Option<Map<String, Value>> {
    let json = decode(text).filter(|_| text.len() <= HEADER_BYTES_MAX)?;
    let header: Map<String, Value> = serde_json::from_slice(&json).ok()?;
    let demands = ["crit", "zip", "b64"];
    let plain = demands.iter().all(|name| !header.contains_key(*name));
    plain.then_some(header)
}

/// A member that is a text.
fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.get(name)?.as_str()
}
