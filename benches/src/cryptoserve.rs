//! An application of CryptoServe's surface, in two contexts that are alike but for the policies that
//! hold for one of them.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::http::{Connection, request};
use crate::target::Work;

/// The context without policies, and the one with them.
const CONTEXTS: [(&str, Work); 2] = [
    ("bench-plain", Work::Named),
    ("bench-guarded", Work::Guarded),
];

/// An owner of a workspace.
#[derive(Debug, Deserialize)]
pub struct Owner {
    session_cookie: String,
}

impl Owner {
    /// Declares the contexts, keeps the seven policies of CryptoServe's paper for one of them, and
    /// registers an application.
    ///
    /// # Errors
    /// When one of these is refused.
    pub async fn prepare(&self, address: SocketAddr) -> Result<String, Failure> {
        let send = async |method, path: &str, body: Value| {
            send(address, &self.session_cookie, method, path, &body).await
        };
        for (name, _) in CONTEXTS {
            let body = json!({"name": name, "display_name": name, "description": "", "config": {}});
            send("POST", "/api/contexts", body).await?;
        }
        let shipped = send("GET", "/api/policies/defaults", Value::Null).await?;
        for policy in shipped.as_array().into_iter().flatten() {
            let mut policy = policy.clone();
            if let Some(policy) = policy.as_object_mut() {
                policy.insert("contexts".into(), json!(["bench-guarded"]));
            }
            send("POST", "/api/policies", policy).await?;
        }
        let names: Vec<_> = CONTEXTS.iter().map(|(name, _)| name).collect();
        let body = json!({"app_name": "bench", "team": "default", "environment": "development",
            "contexts": names, "description": null});
        let registered = send("POST", "/api/v1/applications/sdk/register", body).await?;
        let token = registered.get("access_token").and_then(Value::as_str);
        Ok(token.ok_or(Failure::NoField("access_token"))?.to_owned())
    }
}

/// What the application sends: values of 256 bytes, as long as those that CryptoServe's own server was
/// measured with.
///
/// # Errors
/// When the value that is to be opened is not sealed.
pub async fn requests(
    address: SocketAddr,
    token: &str,
) -> Result<Vec<(Work, Vec<Arc<[u8]>>)>, Failure> {
    let value = STANDARD.encode([b'x'; 256]);
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let one = |work, path: &str, body: &Value| {
        let path = format!("/api/v1/crypto/{path}");
        let sent = request("POST", &path, &headers, body.to_string().as_bytes());
        (work, vec![Arc::from(sent)])
    };
    let plain = |context| json!({"plaintext": value, "context": context});
    let mut requests: Vec<_> = CONTEXTS
        .map(|(context, work)| one(work, "encrypt", &plain(context)))
        .into();
    let [(context, _), _] = CONTEXTS;
    let path = "/api/v1/crypto/encrypt";
    let sealed = send(address, token, "POST", path, &plain(context)).await?;
    let ciphertext = sealed.get("ciphertext");
    let ciphertext = ciphertext.ok_or(Failure::NoField("ciphertext"))?;
    let open = json!({"ciphertext": ciphertext, "context": context});
    let hash = json!({"data": value, "algorithm": "sha256"});
    let items = (0..100).map(|id| json!({"id": id.to_string(), "plaintext": value}));
    let batch = json!({"context": context, "items": items.collect::<Vec<_>>()});
    requests.push(one(Work::NamedOpen, "decrypt", &open));
    requests.push(one(Work::NamedHash, "hash", &hash));
    requests.push(one(Work::NamedBatch, "batch/encrypt", &batch));
    Ok(requests)
}

async fn send(
    address: SocketAddr,
    session: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> Result<Value, Failure> {
    let bearer = format!("Bearer {session}");
    let body = match body {
        Value::Null => Vec::new(),
        body => serde_json::to_vec(body)?,
    };
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let mut connection = Connection::open(address).await?;
    let sent = request(method, path, &headers, &body);
    Ok(serde_json::from_slice(connection.exchange(&sent).await?)?)
}
