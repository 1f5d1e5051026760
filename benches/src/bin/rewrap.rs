//! Measures a rewrap job: how many stored data keys it moves to a new key version in a second, and how
//! much memory the server has meanwhile.

#![expect(clippy::print_stdout, reason = "a program of the command line")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use strongroom_benches::failure::Failure;
use strongroom_benches::now;
use strongroom_benches::strongroom::{self, Strongroom};
use strongroom_client::Client;
use strongroom_types::body::{JobInfo, JobKind, JobState, ObjectCreate};
use strongroom_types::{ContextId, KeyContext};
use tokio::task::JoinSet;

/// Between two looks at the job.
const PAUSE: Duration = Duration::from_millis(50);

/// Keeps objects, rotates their keys, and measures the job that moves them.
#[derive(Debug, Parser)]
struct Arguments {
    /// The binary to measure, built with the profile `dist`
    #[arg(long)]
    strongroom: PathBuf,
    /// How many objects, each with a data key of its own
    #[arg(long, default_value_t = 100_000)]
    objects: u32,
    /// How many key contexts they are in
    #[arg(long, default_value_t = 100)]
    contexts: u32,
    /// How many callers keep them
    #[arg(long, default_value_t = 32)]
    callers: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match measure(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("rewrap: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let directory = tempfile::Builder::new()
        .prefix("strongroom-bench-")
        .tempdir_in("target")?;
    let server = strongroom::start(&arguments.strongroom, directory.path()).await?;
    let client = Arc::new(connect(&server)?);
    let began = now();
    let contexts = keep(&client, arguments).await?;
    report("kept", u64::from(arguments.objects), began);
    for context in &contexts {
        let rotated = client.contexts().rotate(*context).await;
        rotated.map_err(Failure::other)?;
    }
    let before = server.memory()?;
    let began = now();
    let job = client.jobs().create(JobKind::Rewrap).await;
    let job = job.map_err(Failure::other)?;
    let (done, most) = watch(&client, &server, &job).await?;
    report("rewrapped", done.stored, began);
    println!(
        "  {} moved, {} failed, {} remaining; memory {} MiB before, {} MiB at most",
        done.stored,
        done.failed,
        done.remaining,
        before / 1024,
        most / 1024
    );
    Ok(())
}

fn connect(server: &Strongroom) -> Result<Client, Failure> {
    Client::builder(&format!("http://{}", server.target.address))
        .api_key(server.api_key.as_str())
        .build()
        .map_err(Failure::other)
}

/// Keeps the objects; gives their key contexts.
async fn keep(client: &Arc<Client>, arguments: &Arguments) -> Result<Vec<ContextId>, Failure> {
    let mut tasks = JoinSet::new();
    for caller in 0..arguments.callers {
        let client = Arc::clone(client);
        let (all, callers, contexts) = (arguments.objects, arguments.callers, arguments.contexts);
        tasks.spawn(async move {
            let mut used = Vec::new();
            for n in (caller..all).step_by(usize::try_from(callers).unwrap_or(1)) {
                used.push(keep_one(&client, n, n % contexts).await?);
            }
            Ok::<_, Failure>(used)
        });
    }
    let mut used = std::collections::BTreeSet::new();
    while let Some(done) = tasks.join_next().await {
        used.extend(done.map_err(Failure::other)??);
    }
    Ok(used.into_iter().collect())
}

async fn keep_one(client: &Client, n: u32, context: u32) -> Result<ContextId, Failure> {
    let context = format!("org_{context}");
    let map = KeyContext::new([("organizationId", context.as_str())]).map_err(Failure::other)?;
    let request = ObjectCreate::new(map, format!("object {n}"), vec![7; 64]);
    let created = client.objects().create(request).await;
    Ok(created.map_err(Failure::other)?.key.id)
}

/// Waits for the end of the job; gives the most memory that was seen, in KiB.
async fn watch(
    client: &Client,
    server: &Strongroom,
    job: &JobInfo,
) -> Result<(JobInfo, u64), Failure> {
    let mut most = 0;
    loop {
        most = most.max(server.memory()?);
        let job = client.jobs().describe(job.id).await;
        let job = job.map_err(Failure::other)?;
        if job.state == JobState::Done {
            return Ok((job, most));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
fn report(what: &str, count: u64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{what}: {count} data keys in {seconds:.1} s, {:.0}/s",
        count as f64 / seconds
    );
}
