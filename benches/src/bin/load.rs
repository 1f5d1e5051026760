//! Compares Strongroom with a bare server and with OpenBao under the same load, in turns.

#![expect(clippy::print_stdout, reason = "a program of the command line")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use strongroom_benches::failure::Failure;
use strongroom_benches::load::{self, Outcome};
use strongroom_benches::openbao::{Engine, OpenBao};
use strongroom_benches::sealed::{Sealed, Step};
use strongroom_benches::stats::median;
use strongroom_benches::strongroom::Strongroom;
use strongroom_benches::target::{Target, Work};
use strongroom_benches::{append, bare, body, commit, openbao, stream, strongroom};

/// Which row of the comparison, and with what load.
#[derive(Debug, PartialEq)]
struct Scenario {
    title: &'static str,
    work: Work,
    callers: u32,
    items: u32,
}

/// Callers of a crowd.
const CROWD: u32 = 64;
const SINGLE: Scenario = scenario("single, 64 callers", Work::Single, 64, 1);
const ALONE: Scenario = scenario("single, one caller", Work::Single, 1, 1);
const BATCH: Scenario = scenario(
    "batch of 100, JSON, 16 callers",
    Work::BatchJson,
    16,
    body::BATCH_ITEMS,
);
const CBOR: Scenario = scenario(
    "batch of 100, CBOR, 16 callers",
    Work::BatchCbor,
    16,
    body::BATCH_ITEMS,
);
const FORMAT: Scenario = scenario(
    "batch of 100, JSON, the format alone",
    Work::FormatJson,
    16,
    body::BATCH_ITEMS,
);
const WRITE: Scenario = scenario(
    "object written, 16 callers",
    Work::ObjectWrite,
    body::OBJECTS,
    1,
);
const READ: Scenario = scenario(
    "object read, 16 callers",
    Work::ObjectRead,
    body::OBJECTS,
    1,
);
const SET: Scenario = scenario(
    "value set in a store, 16 callers",
    Work::StoreSet,
    body::OBJECTS,
    1,
);
const GET: Scenario = scenario(
    "value got from a store, 16 callers",
    Work::StoreGet,
    body::OBJECTS,
    1,
);
const SIGN: Scenario = scenario("signed, 64 callers", Work::Sign, 64, 1);
const VERIFY: Scenario = scenario("verified, 64 callers", Work::Verify, 64, 1);
const NAMED: Scenario = scenario("in a named context, 64 callers", Work::Named, 64, 1);
const GUARDED: Scenario = scenario(
    "in a named context, seven policies, 64 callers",
    Work::Guarded,
    64,
    1,
);
const NAMED_ALONE: Scenario = scenario("in a named context, one caller", Work::Named, 1, 1);
const GUARDED_ALONE: Scenario = scenario(
    "in a named context, seven policies, one caller",
    Work::Guarded,
    1,
    1,
);
const NAMED_OPEN: Scenario = scenario(
    "in a named context, opened, 64 callers",
    Work::NamedOpen,
    64,
    1,
);
const NAMED_HASH: Scenario = scenario(
    "hashed on CryptoServe's surface, 64 callers",
    Work::NamedHash,
    64,
    1,
);
const NAMED_BATCH: Scenario = scenario(
    "100 in a named context, one caller",
    Work::NamedBatch,
    1,
    100,
);
const SCENARIOS: [Scenario; 18] = [
    SINGLE,
    ALONE,
    BATCH,
    CBOR,
    FORMAT,
    WRITE,
    READ,
    SET,
    GET,
    SIGN,
    VERIFY,
    NAMED,
    GUARDED,
    NAMED_ALONE,
    GUARDED_ALONE,
    NAMED_OPEN,
    NAMED_HASH,
    NAMED_BATCH,
];

/// What the Rust client does with a sealed store, and how many do it at once.
const SEALED: [(&str, Step, usize); 3] = [
    ("sealed record got and proven, one caller", Step::Get, 1),
    ("sealed record got and proven, 16 callers", Step::Get, 16),
    ("sealed record set, 16 callers", Step::Set, 16),
];

const STREAM: &str = "stream of 256 MiB";
const STREAM_BLOCKS: u32 = 4096;
const STREAM_CONTEXT: &str = "strongroom-key-context: eyJvcmdhbml6YXRpb25JZCI6Im9yZ18wIn0=\r\n";

const fn scenario(title: &'static str, work: Work, callers: u32, items: u32) -> Scenario {
    Scenario {
        title,
        work,
        callers,
        items,
    }
}

/// Measures servers side by side and prints medians and ratios.
#[derive(Debug, Parser)]
struct Arguments {
    /// The binary to measure, built with the profile `dist`
    #[arg(long)]
    strongroom: Option<PathBuf>,
    /// OpenBao's binary
    #[arg(long)]
    openbao: Option<PathBuf>,
    /// How often everything is measured; the medians are printed
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seconds for each server and load in a round
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Only the loads whose title contains this, for a profile
    #[arg(long, default_value = "")]
    only: String,
}

/// One measurement of one server.
#[derive(Debug)]
struct Sample {
    title: &'static str,
    server: &'static str,
    outcome: Outcome,
}

/// Everything measured in all rounds.
#[derive(Debug, Default)]
struct Samples {
    loads: Vec<Sample>,
    /// Median and 99th percentile, in microseconds.
    commits: Vec<(f64, f64)>,
    /// What a request on CryptoServe's surface takes of the server's processor, in microseconds, by scenario.
    named: Vec<(&'static str, f64)>,
    /// The p99 of an append of one of 64 callers, in microseconds.
    appends: Vec<f64>,
    /// Name of the server, bytes in a second.
    streams: Vec<(&'static str, f64)>,
}

/// The servers under comparison.
#[derive(Debug)]
struct Servers {
    bare: Target,
    strongroom: Option<Strongroom>,
    sealed: Option<Sealed>,
    /// One for each engine.
    openbao: Vec<OpenBao>,
    directory: tempfile::TempDir,
}

fn main() -> ExitCode {
    // The client has one thread, the servers have the rest of the machine.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = runtime
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(compare(&Arguments::parse())));
    match outcome {
        Ok(samples) => {
            report(&samples);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("load: {failure}");
            ExitCode::FAILURE
        }
    }
}

impl Servers {
    /// What Strongroom's process has taken of the processor; nothing when it is not measured.
    fn processor_time(&self) -> Result<Duration, Failure> {
        let strongroom = self.strongroom.as_ref();
        strongroom.map_or(Ok(Duration::ZERO), Strongroom::processor_time)
    }
}

async fn compare(arguments: &Arguments) -> Result<Samples, Failure> {
    let servers = start(arguments).await?;
    let length = Duration::from_secs(arguments.seconds);
    let mut samples = Samples::default();
    // The first round makes keys and fills caches, and is not counted.
    let (only, warm_up) = (arguments.only.as_str(), Duration::from_millis(500));
    round(&servers, only, warm_up, &mut Samples::default()).await?;
    for number in 1..=arguments.rounds {
        println!("round {number} of {}", arguments.rounds);
        round(&servers, only, length, &mut samples).await?;
    }
    Ok(samples)
}

async fn start(arguments: &Arguments) -> Result<Servers, Failure> {
    // Beside the build, so that every server writes to the same disk as the commit loop.
    let directory = tempfile::Builder::new()
        .prefix("strongroom-bench-")
        .tempdir_in("target")?;
    let data = |name: &str| directory.path().join(name);
    let strongroom = match &arguments.strongroom {
        Some(binary) => Some(strongroom::start(binary, &data("strongroom")).await?),
        None => None,
    };
    let sealed = match &strongroom {
        Some(server) => Some(Sealed::start(server).await?),
        None => None,
    };
    let mut openbao = Vec::new();
    if let Some(binary) = &arguments.openbao {
        for engine in [Engine::Transit, Engine::Secrets] {
            openbao.push(openbao::start(binary, directory.path(), engine).await?);
        }
    }
    Ok(Servers {
        bare: bare::start()?,
        strongroom,
        sealed,
        openbao,
        directory,
    })
}

async fn round(
    servers: &Servers,
    only: &str,
    length: Duration,
    samples: &mut Samples,
) -> Result<(), Failure> {
    let chosen = |scenario: &&Scenario| scenario.title.contains(only);
    for scenario in SCENARIOS.iter().filter(chosen) {
        for target in servers.targets() {
            let Some(requests) = target.requests(scenario.work) else {
                continue;
            };
            let before = servers.processor_time()?;
            let outcome = load::measure(target.address, requests, scenario.callers, length).await?;
            if THEIRS.iter().any(|(known, ..)| known == scenario) {
                let took = servers.processor_time()?.saturating_sub(before);
                let requests = outcome.rate * length.as_secs_f64();
                let each = micros(took) / requests;
                samples.named.push((scenario.title, each));
            }
            samples.loads.push(Sample {
                title: scenario.title,
                server: target.name,
                outcome,
            });
        }
        if *scenario == ALONE {
            let mut commits = commit::measure(servers.directory.path(), length)?;
            let (p50, p99) = (commits.percentile(50), commits.percentile(99));
            samples.commits.push((micros(p50), micros(p99)));
            let folder = tempfile::tempdir_in(servers.directory.path())?;
            let mut appends = append::measure(folder.path(), CROWD, length).await?;
            samples.appends.push(micros(appends.percentile(99)));
        }
    }
    if let Some(sealed) = &servers.sealed {
        for (title, step, callers) in SEALED {
            if !title.contains(only) {
                continue;
            }
            samples.loads.push(Sample {
                title,
                server: "strongroom",
                outcome: sealed.measure(step, callers, length).await?,
            });
        }
    }
    if STREAM.contains(only) {
        streams(servers, samples).await?;
    }
    Ok(())
}

async fn streams(servers: &Servers, samples: &mut Samples) -> Result<(), Failure> {
    let echo = stream::measure(servers.bare.address, "/echo", "", STREAM_BLOCKS).await?;
    samples.streams.push(("bare", echo));
    if let Some(strongroom) = &servers.strongroom {
        let headers = format!(
            "authorization: Bearer {}\r\n{STREAM_CONTEXT}",
            strongroom.api_key
        );
        let address = strongroom.target.address;
        let sealed =
            stream::measure(address, "/v1/stream/encrypt", &headers, STREAM_BLOCKS).await?;
        samples.streams.push(("strongroom", sealed));
    }
    Ok(())
}

impl Servers {
    fn targets(&self) -> impl Iterator<Item = &Target> {
        let strongroom = self.strongroom.as_ref().map(|server| &server.target);
        let openbao = self.openbao.iter().map(|server| &server.target);
        [Some(&self.bare), strongroom]
            .into_iter()
            .flatten()
            .chain(openbao)
    }
}

impl Samples {
    fn median_of(&self, title: &str, server: &str, figure: impl Fn(&Outcome) -> f64) -> f64 {
        let chosen = self
            .loads
            .iter()
            .filter(|sample| sample.title == title && sample.server == server);
        median(chosen.map(|sample| figure(&sample.outcome)).collect())
    }

    fn rate(&self, scenario: &Scenario, server: &str) -> f64 {
        let rate = self.median_of(scenario.title, server, |outcome| outcome.rate);
        rate * f64::from(scenario.items)
    }

    fn stream(&self, server: &str) -> f64 {
        let chosen = self.streams.iter().filter(|(name, _)| *name == server);
        median(chosen.map(|(_, rate)| *rate).collect())
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn report(samples: &Samples) {
    for scenario in &SCENARIOS {
        report_loads(samples, scenario.title, scenario.items);
    }
    for (title, _, _) in SEALED {
        report_loads(samples, title, 1);
    }
    report_commits(samples);
    report_named(samples);
    report_ratios(samples);
}

/// What CryptoServe 1.4.3 took of its processor for the same with values of 256 bytes, in microseconds:
/// measured once with SQLite and one worker on a busy machine of two cores, so that its size counts and
/// not its digits.
const THEIRS: [(Scenario, &str, f64); 3] = [
    (NAMED, "a value sealed", 12_700.0),
    (NAMED_OPEN, "a value opened", 11_200.0),
    (NAMED_HASH, "a hash made", 5_200.0),
];
/// How long a batch of 100 such values took there, in microseconds, on the same machine.
const THEIR_BATCH: f64 = 2_300_000.0;

fn report_named(samples: &Samples) {
    for (scenario, what, theirs) in &THEIRS {
        let named = samples.named.iter();
        let chosen = named.filter(|(title, _)| *title == scenario.title);
        let ours = median(chosen.map(|(_, took)| *took).collect());
        if ours > 0.0 {
            println!(
                "{what} on CryptoServe's surface takes {ours:.0} µs of the processor; of CryptoServe's own \
                 server it took {theirs:.0} µs, measured once in another run ({:.0} times, not side by side)",
                theirs / ours
            );
        }
    }
    let batch = samples.median_of(NAMED_BATCH.title, "strongroom", |outcome| {
        micros(outcome.p50)
    });
    if batch > 0.0 {
        println!(
            "a batch of 100 there is answered in {batch:.0} µs (p50); CryptoServe's own server took \
             {THEIR_BATCH:.0} µs, measured once in another run ({:.0} times, not side by side)",
            THEIR_BATCH / batch
        );
    }
}

fn report_loads(samples: &Samples, title: &str, items: u32) {
    println!("\n{title}");
    for server in ["bare", "strongroom", "openbao"] {
        let rate = samples.median_of(title, server, |outcome| outcome.rate) * f64::from(items);
        if rate > 0.0 {
            let p50 = samples.median_of(title, server, |outcome| micros(outcome.p50));
            let p99 = samples.median_of(title, server, |outcome| micros(outcome.p99));
            println!("  {server:<12}{rate:>12.0} values/s   p50 {p50:>8.0} µs   p99 {p99:>8.0} µs");
        }
    }
}

fn report_commits(samples: &Samples) {
    let commit_p50 = median(samples.commits.iter().map(|(p50, _)| *p50).collect());
    let commit_p99 = median(samples.commits.iter().map(|(_, p99)| *p99).collect());
    println!("\none durable commit on this disk: p50 {commit_p50:.0} µs, p99 {commit_p99:.0} µs");
    let alone = samples.median_of(ALONE.title, "strongroom", |outcome| micros(outcome.p50));
    if alone > 0.0 {
        println!(
            "  one caller's p50 is that + {:.0} µs (bar 200, beyond 100)",
            alone - commit_p50
        );
        let append = median(samples.appends.clone());
        println!(
            "  p99 of an append at {CROWD} callers is {append:.0} µs, {:.1} times its p99 (bar 3)",
            append / commit_p99
        );
    }
}

/// A title, a ratio, its bar and what is beyond it.
type Row = (&'static str, f64, &'static str, &'static str);

fn report_ratios(samples: &Samples) {
    println!("\nStrongroom's rate                      ratio     bar  beyond");
    let rows = sealing(samples).into_iter().chain(the_rest(samples));
    for (title, ratio, bar, beyond) in rows {
        if ratio.is_finite() && ratio > 0.0 {
            println!("  {title:<34}{ratio:>8.2}{bar:>8}{beyond:>8}");
        }
    }
}

/// The rate of a scenario, of another's on a server.
fn against(samples: &Samples, scenario: &Scenario, basis: &Scenario, server: &str) -> f64 {
    samples.rate(scenario, "strongroom") / samples.rate(basis, server)
}

fn sealing(samples: &Samples) -> [Row; 7] {
    let of = |scenario, basis, server| against(samples, scenario, basis, server);
    let format = samples.rate(&FORMAT, "bare");
    let batch = "batch in JSON, of the format alone";
    let stream = samples.stream("strongroom") / samples.stream("bare");
    [
        (
            "single, of the bare server",
            of(&SINGLE, &SINGLE, "bare"),
            "0.4",
            "0.6",
        ),
        (
            "single, of OpenBao",
            of(&SINGLE, &SINGLE, "openbao"),
            "15",
            "25",
        ),
        (
            "batch in JSON, of OpenBao",
            of(&BATCH, &BATCH, "openbao"),
            "10",
            "15",
        ),
        (
            "batch in CBOR, of OpenBao",
            of(&CBOR, &BATCH, "openbao"),
            "20",
            "30",
        ),
        (batch, samples.rate(&BATCH, "strongroom") / format, "-", "-"),
        (
            "the format alone, of OpenBao",
            format / samples.rate(&BATCH, "openbao"),
            "-",
            "-",
        ),
        ("stream over HTTP, of a bare echo", stream, "0.6", "0.85"),
    ]
}

/// A policy may cost a fifth: 1.2 × of the time is 0.83 of the rate.
fn the_rest(samples: &Samples) -> [Row; 6] {
    let of = |scenario, basis, server| against(samples, scenario, basis, server);
    let (crowd, alone) = ("seven policies, of none", "the same, one caller");
    [
        (
            "object written, of OpenBao",
            of(&WRITE, &WRITE, "openbao"),
            "-",
            "-",
        ),
        (
            "object read, of OpenBao",
            of(&READ, &READ, "openbao"),
            "-",
            "-",
        ),
        ("signed, of OpenBao", of(&SIGN, &SIGN, "openbao"), "-", "-"),
        (
            "verified, of OpenBao",
            of(&VERIFY, &VERIFY, "openbao"),
            "-",
            "-",
        ),
        (crowd, of(&GUARDED, &NAMED, "strongroom"), "0.83", "-"),
        (
            alone,
            of(&GUARDED_ALONE, &NAMED_ALONE, "strongroom"),
            "0.83",
            "-",
        ),
    ]
}
