//! Strongroom itself, in development mode on an embedded database.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::failure::Failure;
use crate::http::{Connection, request};
use crate::process::free_address;
use crate::target::{Target, Work};
use crate::{body, cryptoserve, now, signing};

/// The running server; it is killed when this is dropped.
#[derive(Debug)]
pub struct Strongroom {
    /// What to send it.
    pub target: Target,
    /// The key of a client that may encrypt.
    pub api_key: String,
    /// What clients of CipherStash are configured with.
    pub cipherstash: CipherStash,
    process: Child,
}

/// An access key and a client of keysets.
#[derive(Debug, Deserialize)]
pub struct CipherStash {
    /// The access key.
    pub access_key: String,
    /// The client.
    pub client_id: String,
}

impl Strongroom {
    /// How much processor time the process has taken.
    ///
    /// # Errors
    /// When it has ended.
    pub fn processor_time(&self) -> Result<Duration, Failure> {
        let ended = || Failure::NotReady("strongroom");
        let id = self.process.id().ok_or_else(ended)?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // Behind the name, which may hold spaces, fields 14 and 15 are in hundredths of a second.
        let (_, fields) = stat.rsplit_once(')').ok_or_else(ended)?;
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Kills the process and waits for its end, so that its data can be opened again.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn stop(mut self) -> Result<(), Failure> {
        Ok(self.process.kill().await?)
    }

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
    stack: Stack,
    cipherstash: CipherStash,
    cryptoserve: cryptoserve::Owner,
}

/// A project of Stack Auth's surface.
#[derive(Debug, Deserialize)]
struct Stack {
    project_id: String,
    secret_server_key: String,
    super_secret_admin_key: String,
}

/// Starts `binary` with its data in `directory`.
///
/// # Errors
/// When it does not print its line of JSON.
pub async fn start(binary: &Path, directory: &Path) -> Result<Strongroom, Failure> {
    let (address, process, ready) = spawn(binary, directory).await?;
    let Ready {
        api_key,
        stack,
        cipherstash,
        cryptoserve,
    } = ready;
    keep_policy(address, &api_key).await?;
    stack.declare(address).await?;
    let token = cryptoserve.prepare(address).await?;
    let requests = requests(&api_key)
        .into_iter()
        .chain(stack.requests())
        .chain(signing::requests(address, &api_key).await?)
        .chain(cryptoserve::requests(address, &token).await?);
    Ok(Strongroom {
        target: Target {
            name: "strongroom",
            address,
            requests: requests.collect(),
        },
        api_key,
        cipherstash,
        process,
    })
}

/// How long `binary` takes until it is ready with the data in `directory`, which nobody else has open.
///
/// # Errors
/// When it does not print its line of JSON.
pub async fn time_to_ready(binary: &Path, directory: &Path) -> Result<Duration, Failure> {
    let began = now();
    let (_, mut process, _) = spawn(binary, directory).await?;
    let took = began.elapsed();
    process.kill().await?;
    Ok(took)
}

/// Starts the process and waits for its line.
async fn spawn(binary: &Path, directory: &Path) -> Result<(SocketAddr, Child, Ready), Failure> {
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
    Ok((address, process, serde_json::from_str(&line)?))
}

/// Keeps a context policy that matches what single requests seal under, so that one is applied in each.
async fn keep_policy(address: SocketAddr, api_key: &str) -> Result<(), Failure> {
    let bearer = format!("Bearer {api_key}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let keep = request("POST", "/v1/context-policies", &headers, &body::policy());
    let mut connection = Connection::open(address).await?;
    connection.exchange(&keep).await.map(drop)
}

fn requests(api_key: &str) -> Vec<(Work, Vec<Arc<[u8]>>)> {
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

impl Stack {
    fn request(
        &self,
        method: &str,
        path: &str,
        (access, key): (&str, &str),
        body: &[u8],
    ) -> Vec<u8> {
        let header = match access {
            "admin" => "x-hexclave-super-secret-admin-key",
            _ => "x-hexclave-secret-server-key",
        };
        let headers = [
            ("x-hexclave-project-id", self.project_id.as_str()),
            ("x-hexclave-access-type", access),
            (header, key),
            ("content-type", "application/json"),
        ];
        request(method, path, &headers, body)
    }

    async fn declare(&self, address: SocketAddr) -> Result<(), Failure> {
        let path = "/api/v1/internal/config/override/environment";
        let admin = ("admin", self.super_secret_admin_key.as_str());
        let declare = self.request("PATCH", path, admin, &body::store_declared());
        let mut connection = Connection::open(address).await?;
        connection.exchange(&declare).await.map(drop)
    }

    fn requests(&self) -> [(Work, Vec<Arc<[u8]>>); 2] {
        let server = ("server", self.secret_server_key.as_str());
        let post = |path: &str, body: fn(u32) -> Vec<u8>| {
            let path = format!("/api/v1/data-vault/stores/bench/{path}");
            let one = |index| self.request("POST", &path, server, &body(index)).into();
            (0..body::OBJECTS).map(one).collect()
        };
        [
            (Work::StoreSet, post("set", body::store_set)),
            (Work::StoreGet, post("get", body::store_get)),
        ]
    }
}
