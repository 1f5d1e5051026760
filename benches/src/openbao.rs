//! OpenBao's transit engine and its store of versioned secrets, as an application would use them: a
//! policy token and a file audit.
//!
//! Storage is in memory for transit, which favours OpenBao, and on disk for secrets; its audit file is
//! not synced, and ours is.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::body;
use crate::failure::Failure;
use crate::http::{Connection, request};
use crate::process::{free_address, retry};
use crate::target::{Target, Work};

const POLICY: &str = r#"
path "transit/*" { capabilities = ["create", "update"] }
path "secret/*" { capabilities = ["create", "update", "read"] }"#;

/// Which of the two is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Sealing, with its storage in memory.
    Transit,
    /// Versioned secrets (KV v2), with its storage on disk.
    Secrets,
}

/// The running server; it is killed when this is dropped.
#[derive(Debug)]
pub struct OpenBao {
    /// What to send it.
    pub target: Target,
    _process: Child,
}

/// Starts `binary` with its files in `directory`, unsealed and with what the engine needs.
///
/// # Errors
/// When it does not start or refuses its configuration.
pub async fn start(binary: &Path, directory: &Path, engine: Engine) -> Result<OpenBao, Failure> {
    let address = free_address()?;
    let directory = directory.join(format!("openbao-{engine:?}"));
    std::fs::create_dir(&directory)?;
    let config = directory.join("openbao.hcl");
    std::fs::write(&config, configuration(address, &directory, engine)?)?;
    let process = Command::new(binary)
        .args(["server", "-log-level=warn", "-config"])
        .arg(&config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let token = prepare(address, engine).await?;
    let verify = match engine {
        Engine::Transit => Some(signed(address, &token).await?),
        Engine::Secrets => None,
    };
    Ok(OpenBao {
        target: Target {
            name: "openbao",
            address,
            requests: requests(&token, engine).into_iter().chain(verify).collect(),
        },
        _process: process,
    })
}

fn configuration(address: SocketAddr, directory: &Path, engine: Engine) -> Result<String, Failure> {
    let storage = match engine {
        Engine::Transit => r#"storage "inmem" {}"#.to_owned(),
        Engine::Secrets => format!(
            r#"storage "raft" {{
  path = "{}"
  node_id = "bench"
}}
cluster_addr = "http://{}""#,
            directory.display(),
            free_address()?
        ),
    };
    let audit = directory.join("audit.log");
    Ok(format!(
        r#"
{storage}
listener "tcp" {{
  address = "{address}"
  tls_disable = true
}}
audit "file" "bench" {{
  options = {{ file_path = "{}" }}
}}
disable_mlock = true
api_addr = "http://{address}"
"#,
        audit.display()
    ))
}

/// Initialises and unseals the server and returns a token that may use the engine and no more.
async fn prepare(address: SocketAddr, engine: Engine) -> Result<String, Failure> {
    let shares = json!({ "secret_shares": 1, "secret_threshold": 1 });
    let init = retry(|| send(address, "", "PUT", "/v1/sys/init", &shares)).await?;
    let key = field(&init, "/keys_base64/0")?;
    let root = field(&init, "/root_token")?;
    send(address, "", "PUT", "/v1/sys/unseal", &json!({ "key": key })).await?;
    let post = async |path, body: Value| retry(|| send(address, &root, "POST", path, &body)).await;
    match engine {
        Engine::Transit => {
            post("/v1/sys/mounts/transit", json!({ "type": "transit" })).await?;
            post("/v1/transit/keys/single", json!({})).await?;
            post("/v1/transit/keys/derived", json!({ "derived": true })).await?;
            post("/v1/transit/keys/signer", json!({ "type": "ed25519" })).await?;
        }
        Engine::Secrets => {
            let mount = json!({ "type": "kv", "options": { "version": "2" } });
            post("/v1/sys/mounts/secret", mount).await?;
        }
    }
    post("/v1/sys/policies/acl/bench", json!({ "policy": POLICY })).await?;
    let wanted = json!({ "policies": ["bench"] });
    let created = send(address, &root, "POST", "/v1/auth/token/create", &wanted).await?;
    field(&created, "/auth/client_token")
}

async fn send(
    address: SocketAddr,
    token: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> Result<Value, Failure> {
    let body = serde_json::to_vec(body)?;
    let bytes = request(method, path, &[("x-vault-token", token)], &body);
    let mut connection = Connection::open(address).await?;
    match connection.exchange(&bytes).await? {
        [] => Ok(Value::Null),
        answer => Ok(serde_json::from_slice(answer)?),
    }
}

/// A request that verifies a signature.
async fn signed(address: SocketAddr, token: &str) -> Result<(Work, Vec<Arc<[u8]>>), Failure> {
    let path = "/v1/transit/sign/signer";
    let body = json!({ "input": body::message() });
    let answer = send(address, token, "POST", path, &body).await?;
    let signature = field(&answer, "/data/signature")?;
    let body = json!({ "input": body::message(), "signature": signature });
    let headers = [("x-vault-token", token)];
    let body = serde_json::to_vec(&body)?;
    let sent = request("POST", "/v1/transit/verify/signer", &headers, &body);
    Ok((Work::Verify, vec![sent.into()]))
}

fn field(answer: &Value, pointer: &'static str) -> Result<String, Failure> {
    let value = answer.pointer(pointer).and_then(Value::as_str);
    value.map(str::to_owned).ok_or(Failure::NoField(pointer))
}

fn requests(token: &str, engine: Engine) -> Vec<(Work, Vec<Arc<[u8]>>)> {
    let send = |method, path: &str, body: Vec<u8>| {
        request(method, path, &[("x-vault-token", token)], &body).into()
    };
    let post = |path, body| vec![send("POST", path, body)];
    let path = |index| format!("/v1/secret/data/{}", body::object_name(index));
    let write = |index| send("POST", &path(index), body::openbao_object());
    let read = |index| send("GET", &path(index), Vec::new());
    match engine {
        Engine::Transit => vec![
            (
                Work::Single,
                post("/v1/transit/encrypt/single", body::openbao_single()),
            ),
            (
                Work::BatchJson,
                post("/v1/transit/encrypt/derived", body::openbao_batch()),
            ),
            (
                Work::Sign,
                post("/v1/transit/sign/signer", body::openbao_sign()),
            ),
        ],
        Engine::Secrets => vec![
            (Work::ObjectWrite, (0..body::OBJECTS).map(write).collect()),
            (Work::ObjectRead, (0..body::OBJECTS).map(read).collect()),
        ],
    }
}
