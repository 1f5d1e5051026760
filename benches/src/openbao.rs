//! OpenBao's transit engine as an application would use it: a policy token and a file audit.
//!
//! Storage is in memory, which favours OpenBao; its audit file is not synced, and ours is.

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

const POLICY: &str = r#"path "transit/*" { capabilities = ["create", "update"] }"#;

/// The running server; it is killed when this is dropped.
#[derive(Debug)]
pub struct OpenBao {
    /// What to send it.
    pub target: Target,
    _process: Child,
}

/// Starts `binary` with its audit file in `directory`, unsealed and with two transit keys.
///
/// # Errors
/// When it does not start or refuses its configuration.
pub async fn start(binary: &Path, directory: &Path) -> Result<OpenBao, Failure> {
    let address = free_address()?;
    let config = directory.join("openbao.hcl");
    std::fs::write(
        &config,
        configuration(address, &directory.join("audit.log")),
    )?;
    let process = Command::new(binary)
        .args(["server", "-log-level=warn", "-config"])
        .arg(&config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let token = prepare(address).await?;
    Ok(OpenBao {
        target: Target {
            name: "openbao",
            address,
            requests: requests(&token),
        },
        _process: process,
    })
}

fn configuration(address: SocketAddr, audit: &Path) -> String {
    format!(
        r#"
storage "inmem" {{}}
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
    )
}

/// Initialises and unseals the server and returns a token that may only encrypt.
async fn prepare(address: SocketAddr) -> Result<String, Failure> {
    let shares = json!({ "secret_shares": 1, "secret_threshold": 1 });
    let init = retry(|| send(address, "", "PUT", "/v1/sys/init", &shares)).await?;
    let key = field(&init, "/keys_base64/0")?;
    let root = field(&init, "/root_token")?;
    send(address, "", "PUT", "/v1/sys/unseal", &json!({ "key": key })).await?;
    let mount = json!({ "type": "transit" });
    retry(|| send(address, &root, "POST", "/v1/sys/mounts/transit", &mount)).await?;
    let settings = [
        ("/v1/transit/keys/single", json!({})),
        ("/v1/transit/keys/derived", json!({ "derived": true })),
        ("/v1/sys/policies/acl/bench", json!({ "policy": POLICY })),
    ];
    for (path, setting) in settings {
        send(address, &root, "POST", path, &setting).await?;
    }
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

fn field(answer: &Value, pointer: &'static str) -> Result<String, Failure> {
    let value = answer.pointer(pointer).and_then(Value::as_str);
    value.map(str::to_owned).ok_or(Failure::NoField(pointer))
}

fn requests(token: &str) -> Vec<(Work, Arc<[u8]>)> {
    let post =
        |path, body: Vec<u8>| request("POST", path, &[("x-vault-token", token)], &body).into();
    vec![
        (
            Work::Single,
            post("/v1/transit/encrypt/single", body::openbao_single()),
        ),
        (
            Work::BatchJson,
            post("/v1/transit/encrypt/derived", body::openbao_batch()),
        ),
    ]
}
