//! A signing key, and a signature of it to be verified again and again.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::body;
use crate::failure::Failure;
use crate::http::{Connection, request};
use crate::target::Work;

/// Makes an Ed25519 key; gives the requests that sign with it and verify.
///
/// # Errors
/// When one of these is refused.
pub async fn requests(
    address: SocketAddr,
    api_key: &str,
) -> Result<[(Work, Vec<Arc<[u8]>>); 2], Failure> {
    let bearer = format!("Bearer {api_key}");
    let post = |path: &str, body: &Value| {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        request("POST", path, &headers, body.to_string().as_bytes())
    };
    let mut connection = Connection::open(address).await?;
    let create = json!({"name": "bench", "algorithm": "Ed25519"});
    let made = connection
        .exchange(&post("/v1/signing-keys", &create))
        .await?;
    let made: Value = serde_json::from_slice(made)?;
    let id = made.get("id").ok_or(Failure::NoField("id"))?;
    let sign = post("/v1/sign", &json!({"key": id, "message": body::message()}));
    let signed: Value = serde_json::from_slice(connection.exchange(&sign).await?)?;
    let signature = signed
        .get("signature")
        .ok_or(Failure::NoField("signature"))?;
    let question = json!({"key": id, "message": body::message(), "signature": signature});
    let verify = post("/v1/verify", &question);
    Ok([
        (Work::Sign, vec![sign.into()]),
        (Work::Verify, vec![verify.into()]),
    ])
}
