//! `moto`, a server of `PyPI` that answers as AWS KMS does.

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

/// The region of all keys.
pub const REGION: &str = "eu-central-1";
/// A secret that must never be seen again.
pub const SECRET: &str = "hunter2-secret-access-key";

/// A running server. Dropping it ends it, and its keys with it.
#[derive(Debug)]
pub struct Moto {
    /// Where it listens.
    pub url: String,
    port: u16,
    _directory: TempDir,
    _process: Kept,
}

impl Moto {
    /// Starts one.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let port = free_port().unwrap();
        let moto = Self {
            url: format!("http://127.0.0.1:{port}"),
            port,
            _process: spawn(&directory, port),
            _directory: directory,
        };
        moto.wait().await;
        moto
    }

    /// Makes a symmetric key, and answers its ARN.
    pub async fn make_key(&self) -> String {
        let made = self.call("CreateKey", &json!({})).await;
        made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }

    /// Calls an operation of KMS.
    pub async fn call(&self, operation: &str, body: &Value) -> Value {
        let scope = format!("Credential=test/20260101/{REGION}/kms/aws4_request");
        let sent = reqwest::Client::new()
            .post(&self.url)
            .header("x-amz-target", format!("TrentService.{operation}"))
            .header("content-type", "application/x-amz-json-1.1")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"),
            )
            .json(body)
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

    async fn wait(&self) {
        let http = reqwest::Client::new();
        let health = format!("{}/moto-api/data.json", self.url);
        poll(async || http.get(&health).send().await.ok()).await;
    }
}

fn spawn(directory: &TempDir, port: u16) -> Kept {
    let arguments = ["--host", "127.0.0.1", "--port", &port.to_string()];
    let log = directory.path().join("moto.log");
    Kept::start(&in_venv("moto_server"), &arguments, &[], &log).unwrap()
}

/// The id in a key's ARN: `moto` disables and deletes keys by their ids alone.
///
/// # Panics
/// When it is no ARN.
#[must_use]
pub fn key_id(arn: &str) -> &str {
    arn.rsplit_once('/').unwrap().1
}

/// The description of a key at an address that answers as KMS does.
#[must_use]
pub fn description(endpoint: &str, key: &str) -> Value {
    json!({
        "provider": "aws_kms", "key": key, "region": REGION, "endpoint": endpoint,
        "access_key_id": "AKIATEST", "secret_access_key": SECRET,
    })
}
