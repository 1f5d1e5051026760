//! Measures keys of keysets: how many a second of the server's processor derives, in calls of 500 as
//! CipherStash's clients make them and of 10,000 natively, and how long one takes beside a commit.
//!
//! A rate is that of one processor: keys by the processor time that the server's process took, so that
//! the load's own share, and whoever else is on the machine, do not count.

#![expect(clippy::print_stdout, reason = "a program of the command line")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use serde_json::{Value, json};
use strongroom_benches::failure::Failure;
use strongroom_benches::http::{Connection, request};
use strongroom_benches::stats::Latencies;
use strongroom_benches::strongroom::{self, Strongroom};
use strongroom_benches::{commit, now};
use strongroom_client::Client;
use strongroom_client::split::{GrantingKey, SplitKeyPair};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_types::KeysetId;
use strongroom_types::body::{Batch, KeysetDeclare, SplitItem};

/// Keys of a call, as CipherStash's clients cut batches.
const OF_THEIRS: usize = 500;
/// Keys a second of one processor that calls of theirs, and native ones, must reach.
const BARS: [f64; 2] = [30_000.0, 100_000.0];
/// What one key may take longer than a commit of the same run, both by the median.
const OVER_A_COMMIT: Duration = Duration::from_micros(300);
/// Keys of a native call.
const NATIVELY: usize = 10_000;
const JSON: &str = "application/json";

/// Asks a server for keys of keysets.
#[derive(Debug, Parser)]
struct Arguments {
    /// The binary to measure, built with the profile `dist`
    #[arg(long)]
    strongroom: PathBuf,
    /// How many seconds each measurement takes
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match Box::pin(measure(&Arguments::parse())).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("keys: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let directory = tempfile::Builder::new()
        .prefix("strongroom-bench-")
        .tempdir_in("target")?;
    let length = Duration::from_secs(arguments.seconds);
    let server = strongroom::start(&arguments.strongroom, directory.path()).await?;
    let theirs = Theirs::of(&server).await?;
    let native = Native::of(&server).await?;

    println!("| keys in calls of | keys/s of a processor | call p50 | bar, keys/s |");
    println!("|---|---|---|---|");
    let retrieve = theirs.retrieve(OF_THEIRS).await?;
    let [json, cbor] = BARS;
    for (name, (count, bar), sent) in [
        (
            "500, JSON, generate",
            (OF_THEIRS, json),
            theirs.generate(OF_THEIRS),
        ),
        ("500, JSON, retrieve", (OF_THEIRS, json), retrieve),
        (
            "10,000, CBOR, derive",
            (NATIVELY, cbor),
            native.derive(NATIVELY)?,
        ),
    ] {
        let (rate, mut latencies) = rate(&server, &sent, count, length).await?;
        let (middle, verdict) = (us(latencies.percentile(50)), verdict(rate >= bar));
        println!("| {name} | {rate:.0} | {middle} | {bar:.0}: {verdict} |");
    }

    println!("\n| one key, one caller | p50 | p99 | bar, p50 |");
    println!("|---|---|---|---|");
    let before = commits(directory.path(), length)?;
    let mut single = Vec::new();
    for (name, sent) in [
        ("JSON, generate", theirs.generate(1)),
        ("JSON, retrieve", theirs.retrieve(1).await?),
        ("CBOR, derive", native.derive(1)?),
    ] {
        let (_, mut latencies) = rate(&server, &sent, 1, length).await?;
        let (middle, late) = (latencies.percentile(50), latencies.percentile(99));
        single.push((name, middle, late));
    }
    // The disk is not the same all the time: the commits before and after, together.
    let commit = (before + commits(directory.path(), length)?) / 2;
    let bar = commit + OVER_A_COMMIT;
    for (name, middle, late) in single {
        let (verdict, bar) = (verdict(middle <= bar), us(bar));
        println!(
            "| {name} | {} | {} | {bar}: {verdict} |",
            us(middle),
            us(late)
        );
    }
    Ok(())
}

/// Measures commits, and gives their median.
fn commits(directory: &Path, length: Duration) -> Result<Duration, Failure> {
    let mut commits = commit::measure(directory, length)?;
    let (middle, late) = (commits.percentile(50), commits.percentile(99));
    println!(
        "| a durable commit alone | {} | {} | |",
        us(middle),
        us(late)
    );
    Ok(middle)
}

/// Whether a bar is reached.
const fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "missed" }
}

fn us(duration: Duration) -> String {
    format!("{} µs", duration.as_micros())
}

/// Sends a request again and again: keys by the processor time of the server, and the latencies.
#[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
async fn rate(
    server: &Strongroom,
    sent: &[u8],
    keys: usize,
    length: Duration,
) -> Result<(f64, Latencies), Failure> {
    let mut connection = Connection::open(server.target.address).await?;
    connection.exchange(sent).await?;
    let mut latencies = Latencies::default();
    let (before, end) = (server.processor_time()?, now() + length);
    while now() < end {
        let began = now();
        connection.exchange(sent).await?;
        latencies.push(began.elapsed());
    }
    let took = server.processor_time()?.saturating_sub(before);
    let all = f64::from(latencies.count()) * keys as f64;
    Ok((all / took.as_secs_f64(), latencies))
}

/// What CipherStash's clients send.
struct Theirs<'a> {
    server: &'a Strongroom,
    token: String,
}

impl<'a> Theirs<'a> {
    async fn of(server: &'a Strongroom) -> Result<Self, Failure> {
        let body = json!({ "accessKey": server.cipherstash.access_key });
        let sent = request(
            "POST",
            "/api/authorise",
            &[("content-type", JSON)],
            body.to_string().as_bytes(),
        );
        let mut connection = Connection::open(server.target.address).await?;
        let answer: Value = serde_json::from_slice(connection.exchange(&sent).await?)?;
        let token = answer.get("accessToken").and_then(Value::as_str);
        let token = token.ok_or(Failure::NoField("accessToken"))?.to_owned();
        Ok(Self { server, token })
    }

    fn request(&self, path: &str, keys: &[Value]) -> Vec<u8> {
        let body = json!({"client_id": self.server.cipherstash.client_id, "keyset_id": null,
            "keys": keys, "unverified_context": {}});
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", JSON)];
        request("POST", path, &headers, body.to_string().as_bytes())
    }

    fn keys(count: usize) -> Vec<Value> {
        let key = |number: usize| {
            let mut iv = [0; 16];
            let (_, last) = iv.split_at_mut(8);
            last.copy_from_slice(&(number as u64).to_be_bytes());
            json!({"iv": STANDARD.encode(iv), "descriptor": "users/email", "context": []})
        };
        (0..count).map(key).collect()
    }

    fn generate(&self, count: usize) -> Vec<u8> {
        self.request("/zerokms/generate-data-key", &Self::keys(count))
    }

    /// The keys that `generate` made, asked for again: with their tags, as lists of numbers.
    async fn retrieve(&self, count: usize) -> Result<Vec<u8>, Failure> {
        let mut connection = Connection::open(self.server.target.address).await?;
        let made = connection.exchange(&self.generate(count)).await?;
        let made: Value = serde_json::from_slice(made)?;
        let made = made.get("keys").and_then(Value::as_array);
        let made = made.ok_or(Failure::NoField("keys"))?;
        let mut keys = Self::keys(count);
        for (key, made) in keys.iter_mut().zip(made) {
            let tag = made.get("tag").and_then(Value::as_str);
            let tag = tag.ok_or(Failure::NoField("tag"))?;
            let tag = STANDARD.decode(tag).map_err(Failure::other)?;
            if let Some(key) = key.as_object_mut() {
                key.insert("tag".into(), tag.into());
                key.insert("tag_version".into(), 0.into());
            }
        }
        Ok(self.request("/zerokms/retrieve-data-key", &keys))
    }
}

/// What the native clients send.
struct Native {
    keyset: KeysetId,
    bearer: String,
}

impl Native {
    async fn of(server: &Strongroom) -> Result<Self, Failure> {
        let client = Client::builder(&format!("http://{}", server.target.address))
            .api_key(server.api_key.as_str())
            .build()
            .map_err(Failure::other)?;
        let request = KeysetDeclare {
            name: "bench".parse().map_err(Failure::other)?,
            description: String::new(),
        };
        let split = client.split_keys();
        let keyset = split.declare(&request).await.map_err(Failure::other)?.id;
        let granting = GrantingKey::generate(&SystemEntropy).map_err(Failure::other)?;
        let pair = SplitKeyPair::generate(&SystemEntropy).map_err(Failure::other)?;
        let begun = split.begin(keyset, &granting, pair).await;
        begun.map_err(Failure::other)?;
        let bearer = format!("Bearer {}", server.api_key);
        Ok(Self { keyset, bearer })
    }

    fn derive(&self, count: usize) -> Result<Vec<u8>, Failure> {
        let item = |number: usize| SplitItem {
            keyset: self.keyset,
            id: [(number as u64).to_be_bytes(), [0; 8]].concat().into(),
            version: None,
            lock: strongroom_types::Lock::default(),
            lock_tag: None,
        };
        let batch = Batch {
            items: (0..count).map(item).collect(),
            metadata: None,
        };
        let mut body = Vec::new();
        ciborium::into_writer(&batch, &mut body).map_err(Failure::other)?;
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("content-type", "application/cbor"),
        ];
        Ok(request(
            "POST",
            "/v1/split-keys/derive/batch",
            &headers,
            &body,
        ))
    }
}
