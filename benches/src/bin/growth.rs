//! Measures what many key contexts cost: the same requests to a server that has few and to one that has
//! many, in turns, and how long either takes to start.

#![expect(clippy::print_stdout, reason = "a program of the command line")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use strongroom_benches::failure::Failure;
use strongroom_benches::http::{Connection, request};
use strongroom_benches::stats::{Latencies, median};
use strongroom_benches::strongroom::{self, Strongroom};
use strongroom_benches::{body, now};
use tokio::task::JoinSet;

/// Callers that fill a server.
const FILLING: u32 = 8;
/// How often either server is started.
const STARTS: u32 = 3;
/// How far on the next visited key context is: no divisor of a round number, so that all are visited.
const STRIDE: u32 = 7_919;
const FEW: u32 = 10;
/// What development mode and this program's policy take of a workspace's 1,000,000.
const MANY: u32 = 999_900;

/// Fills a server with key contexts and measures it beside one that has ten.
#[derive(Debug, Parser)]
struct Arguments {
    /// The binary to measure, built with the profile `dist`
    #[arg(long)]
    strongroom: PathBuf,
    /// How many key contexts the large server has, a multiple of 100
    #[arg(long, default_value_t = MANY)]
    contexts: u32,
    /// How often everything is measured; the medians are printed
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Requests of a kind to either server in a round
    #[arg(long, default_value_t = 4_000)]
    requests: u32,
}

/// What one caller asks for.
#[derive(Clone, Copy, Debug)]
enum Ask {
    /// To seal in one key context, always the same.
    Same,
    /// To seal in one key context after the other, all over the workspace.
    Other,
    /// The proof of an entry, all over the log.
    Proof,
}

const ASKS: [(&str, Ask); 3] = [
    ("sealed in one key context", Ask::Same),
    ("sealed in any key context", Ask::Other),
    ("proof of any entry", Ask::Proof),
];

/// A server and how much it holds.
#[derive(Debug)]
struct Grown {
    server: Strongroom,
    contexts: u32,
    entries: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match measure(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("growth: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let directory = tempfile::Builder::new()
        .prefix("strongroom-bench-")
        .tempdir_in("target")?;
    let (few, many) = (directory.path().join("few"), directory.path().join("many"));
    let small = grow(&arguments.strongroom, &few, FEW).await?;
    let large = grow(&arguments.strongroom, &many, arguments.contexts).await?;
    println!("  {} MiB of memory", large.server.memory()? / 1024);
    for (title, ask) in ASKS {
        let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
        for round in 0..arguments.rounds {
            let from = round * arguments.requests;
            of_small.push(small.p50(ask, from, arguments.requests).await?);
            of_large.push(large.p50(ask, from, arguments.requests).await?);
        }
        report(title, "µs", median(of_small), median(of_large));
    }
    small.server.stop().await?;
    large.server.stop().await?;
    let of_few = starts(&arguments.strongroom, &few).await?;
    let of_many = starts(&arguments.strongroom, &many).await?;
    report("start after a kill", "ms", of_few / 1e3, of_many / 1e3);
    Ok(())
}

/// Starts a server and seals once in each key context.
async fn grow(binary: &Path, data: &Path, contexts: u32) -> Result<Grown, Failure> {
    let server = strongroom::start(binary, data).await?;
    let began = now();
    let size = contexts.min(body::BATCH_ITEMS);
    let mut tasks = JoinSet::new();
    for caller in 0..FILLING {
        let mut connection = Connection::open(server.target.address).await?;
        let api_key = server.api_key.clone();
        tasks.spawn(async move {
            for batch in (caller..contexts / size).step_by(FILLING as usize) {
                let from = batch * size;
                let body = body::batch_json_in(from..from + size);
                let fill = post(&api_key, "/v1/encrypt/batch", &body);
                connection.exchange(&fill).await?;
                tell(batch, contexts / size);
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(Failure::other)??;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{contexts} key contexts made in {seconds:.1} s, {:.0}/s",
        f64::from(contexts) / seconds
    );
    Ok(Grown {
        server,
        contexts,
        entries: contexts / size,
    })
}

/// Says how far it is, ten times.
fn tell(done: u32, all: u32) {
    if done > 0 && done.is_multiple_of((all / 10).max(1)) {
        println!("  {done} of {all} batches");
    }
}

impl Grown {
    /// Half of the requests were answered within this, in microseconds.
    async fn p50(&self, ask: Ask, from: u32, count: u32) -> Result<f64, Failure> {
        let mut connection = Connection::open(self.server.target.address).await?;
        let mut latencies = Latencies::default();
        for number in from..from + count {
            let ask = self.request(ask, number);
            let sent = now();
            connection.exchange(&ask).await?;
            latencies.push(sent.elapsed());
        }
        Ok(micros(latencies.percentile(50)))
    }

    fn request(&self, ask: Ask, number: u32) -> Vec<u8> {
        let visited = |all: u32| number.wrapping_mul(STRIDE) % all;
        let api_key = &self.server.api_key;
        match ask {
            Ask::Same => post(api_key, "/v1/encrypt", &body::single_in(0)),
            Ask::Other => {
                let body = body::single_in(visited(self.contexts));
                post(api_key, "/v1/encrypt", &body)
            }
            Ask::Proof => {
                let path = format!("/v1/log/proof?index={}", visited(self.entries));
                let bearer = format!("Bearer {api_key}");
                request("GET", &path, &[("authorization", bearer.as_str())], &[])
            }
        }
    }
}

fn post(api_key: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let bearer = format!("Bearer {api_key}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    request("POST", path, &headers, body)
}

/// The median of some starts, in microseconds.
async fn starts(binary: &Path, data: &Path) -> Result<f64, Failure> {
    let mut took = Vec::new();
    for _ in 0..STARTS {
        took.push(micros(strongroom::time_to_ready(binary, data).await?));
    }
    Ok(median(took))
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn report(title: &str, unit: &str, small: f64, large: f64) {
    let ratio = large / small;
    println!("{title}: p50 {small:.0} {unit} with few, {large:.0} {unit} with many, {ratio:.2} ×");
}
