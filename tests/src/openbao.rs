//! `OpenBao` of `PyPI` with its transit engine, in development mode: unsealed, in memory.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a server that does not start or answer fails its test"
)]

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kept::{Kept, in_venv};
use crate::poll::poll;
use crate::postgres::free_port;

const ROOT_TOKEN: &str = "root-of-the-test";

/// What `docs/roots.md` gives Strongroom's token: `update` alone, because `create` would make a key
/// whose name was misspelt.
const POLICY: &str = r#"
path "transit/encrypt/strongroom" { capabilities = ["update"] }
path "transit/decrypt/strongroom" { capabilities = ["update"] }
"#;

/// A running server. Dropping it ends it, and its keys with it.
#[derive(Debug)]
pub struct OpenBao {
    /// Where it listens.
    pub url: String,
    /// A token that may use the key `strongroom`.
    pub token: String,
    port: u16,
    _directory: TempDir,
    _process: Kept,
}

impl OpenBao {
    /// Starts one with the transit key `strongroom`, made with these settings.
    pub async fn start(key: Value) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let port = free_port().unwrap();
        let listen = format!("-dev-listen-address=127.0.0.1:{port}");
        let token = format!("-dev-root-token-id={ROOT_TOKEN}");
        let arguments = ["server", "-dev", "-dev-no-store-token", &listen, &token];
        let log = directory.path().join("openbao.log");
        let home = directory.path().display().to_string();
        let process = Kept::start(&in_venv("bao"), &arguments, &[("HOME", home)], &log).unwrap();
        let mut bao = Self {
            url: format!("http://127.0.0.1:{port}"),
            token: String::new(),
            port,
            _directory: directory,
            _process: process,
        };
        bao.prepare(key).await;
        bao
    }

    async fn prepare(&mut self, key: Value) {
        let http = reqwest::Client::new();
        let health = format!("{}/v1/sys/health", self.url);
        poll(async || {
            let answer = http.get(&health).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        self.call("sys/mounts/transit", json!({"type": "transit"}))
            .await;
        self.call("transit/keys/strongroom", key).await;
        self.call("sys/policies/acl/strongroom", json!({"policy": POLICY}))
            .await;
        let wanted = json!({"policies": ["strongroom"], "no_default_policy": true});
        let created = self.call("auth/token/create", wanted).await;
        let token = created["auth"]["client_token"].as_str().unwrap();
        token.clone_into(&mut self.token);
    }

    /// The description of the key.
    #[must_use]
    pub fn description(&self) -> Value {
        json!({
            "provider": "transit", "address": self.url, "key": "strongroom", "token": self.token,
        })
    }

    /// Calls a path as the administrator.
    pub async fn call(&self, path: &str, body: Value) -> Value {
        self.send(reqwest::Method::POST, path, body).await
    }

    /// Sends a request as the administrator.
    pub async fn send(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let sent = reqwest::Client::new()
            .request(method, format!("{}/v1/{path}", self.url))
            .header("x-vault-token", ROOT_TOKEN)
            .json(&body)
            .send();
        let answer = sent.await.unwrap().error_for_status().unwrap();
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The port it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}
