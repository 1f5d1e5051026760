//! Strongroom itself, in development mode on an embedded database.

use std::path::Path;
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::body;
use crate::failure::Failure;
use crate::http::request;
use crate::process::free_address;
use crate::target::{Target, Work};

/// The running server; it is killed when this is dropped.
#[derive(Debug)]
pub struct Strongroom {
    /// What to send it.
    pub target: Target,
    /// The key of a client that may encrypt.
    pub api_key: String,
    process: Child,
}

impl Strongroom {
    /// How much memory the process has, in KiB.
    ///
    /// # Errors
    /// When it has ended.
    pub fn memory(&self) -> Result<u64, Failure> {
        let ended = || Failure::NotReady("strongroom");
        let id = self.process.id().ok_or_else(ended)?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let mut words = status
            .split_whitespace()
            .skip_while(|word| *word != "VmRSS:");
        let kib = words.nth(1).and_then(|kib| kib.parse().ok());
        kib.ok_or_else(ended)
    }
}

#[derive(Debug, Deserialize)]
struct Ready {
    api_key: String,
}

/// Starts `binary` with its data in `directory`.
///
/// # Errors
/// When it does not print its line of JSON.
pub async fn start(binary: &Path, directory: &Path) -> Result<Strongroom, Failure> {
    let address = free_address()?;
    let mut process = Command::new(binary)
        .args(["dev", "--json", "--listen", &address.to_string(), "--data"])
        .arg(directory)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = process
        .stdout
        .take()
        .ok_or(Failure::NotReady("strongroom"))?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).await?;
    let Ready { api_key } = serde_json::from_str(&line)?;
    Ok(Strongroom {
        target: Target {
            name: "strongroom",
            address,
            requests: requests(&api_key),
        },
        api_key,
        process,
    })
}

fn requests(api_key: &str) -> Vec<(Work, Vec<std::sync::Arc<[u8]>>)> {
    let bearer = format!("Bearer {api_key}");
    let send = |method, path: &str, format, body: Vec<u8>| {
        let headers = [("authorization", bearer.as_str()), ("content-type", format)];
        request(method, path, &headers, &body).into()
    };
    let post = |path, format, body| vec![send("POST", path, format, body)];
    let (json, cbor) = ("application/json", "application/cbor");
    let write = |index| send("PUT", "/v1/objects", json, body::object(index));
    let read = |index| {
        let path = format!("/v1/objects/by-name?name={}", body::object_name(index));
        send("GET", &path, json, Vec::new())
    };
    vec![
        (Work::Single, post("/v1/encrypt", json, body::single())),
        (
            Work::BatchJson,
            post("/v1/encrypt/batch", json, body::batch_json()),
        ),
        (
            Work::BatchCbor,
            post("/v1/encrypt/batch", cbor, body::batch_cbor()),
        ),
        (Work::ObjectWrite, (0..body::OBJECTS).map(write).collect()),
        (Work::ObjectRead, (0..body::OBJECTS).map(read).collect()),
    ]
}
