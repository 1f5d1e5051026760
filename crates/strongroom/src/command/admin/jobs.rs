//! `strongroom admin jobs`.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{MultiProgress, ProgressBar};
use strongroom_client::{Client, PageQuery};
use strongroom_types::body::{JobCreate, JobInfo, JobKind};
use strongroom_types::{ContextId, JobId};

use super::ListArgs;
use crate::config::ConnectionArgs;
use crate::failure::Failure;
use crate::{print, progress};

#[derive(Args, Debug)]
#[command(after_help = "\
See how far all jobs are, until the last one ends:
  strongroom admin jobs --watch")]
pub(in crate::command) struct JobsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Show how far jobs are until they end; then print them. Destructions that wait for their time
    /// only by name
    #[arg(long, global = true)]
    watch: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// List them, newest first
    List(ListArgs),
    /// Describe one
    Show { id: JobId },
    /// End one before it is done; what it did stays done. A destruction is called off by
    /// `strongroom admin contexts cancel-destroy`
    Cancel { id: JobId },
    /// Move every key context under the key that its policies want, and what is stored to the newest
    /// versions of the keys
    Rewrap {
        /// Only this key context
        #[arg(long, value_name = "ID")]
        context: Option<ContextId>,
    },
    /// Give the workspace a new root, and move the keys of all key contexts under it
    RotateRoot,
    /// Move all seeds of the deployment from the former root of the configuration to the present one;
    /// needs a client of the system workspace
    MoveRoot,
}

pub(super) async fn run(args: JobsArgs) -> Result<(), Failure> {
    let client = args.connection.client()?;
    let jobs = client.jobs();
    let one = match args.action {
        None if args.watch => return print_ended(watch(&client, None).await?),
        None => return list(&client, &PageQuery::default()).await,
        Some(Action::List(query)) => return list(&client, &query.into()).await,
        Some(Action::Show { id }) => jobs.describe(id).await?,
        Some(Action::Cancel { id }) => jobs.cancel(id).await?,
        Some(Action::Rewrap { context }) => {
            let kind = JobKind::Rewrap;
            jobs.begin(&JobCreate { kind, context }).await?
        }
        Some(Action::RotateRoot) => jobs.create(JobKind::RotateRoot).await?,
        Some(Action::MoveRoot) => jobs.create(JobKind::MoveRoot).await?,
    };
    if args.watch {
        return print_ended(watch(&client, Some(one.id)).await?);
    }
    Ok(print::json(&one)?)
}

async fn list(client: &Client, query: &PageQuery) -> Result<(), Failure> {
    Ok(print::json(&client.jobs().list(query).await?)?)
}

fn print_ended(ended: Vec<JobInfo>) -> Result<(), Failure> {
    for job in ended {
        print::json(&job)?;
    }
    Ok(())
}

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Shows how far a job is, or all that go on, until they end; gives them as they ended.
pub(super) async fn watch(client: &Client, only: Option<JobId>) -> Result<Vec<JobInfo>, Failure> {
    let lines = MultiProgress::new();
    let mut bars: BTreeMap<JobId, ProgressBar> = BTreeMap::new();
    let mut ended = Vec::new();
    loop {
        let mut going = 0;
        for job in look(client, only).await? {
            if only.is_none() && job.kind == JobKind::DestroyContext {
                // It may wait for days.
                continue;
            }
            if job.finished.is_none() {
                going += 1;
                let bar = bars.entry(job.id);
                show(bar.or_insert_with(|| lines.add(progress::job())), &job);
            } else if let Some(bar) = bars.remove(&job.id) {
                show(&bar, &job);
                bar.finish();
                ended.push(job);
            } else if only.is_some() {
                ended.push(job);
            }
        }
        if going == 0 {
            return Ok(ended);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn look(client: &Client, only: Option<JobId>) -> Result<Vec<JobInfo>, Failure> {
    match only {
        Some(id) => Ok(vec![client.jobs().describe(id).await?]),
        None => Ok(client.jobs().list(&PageQuery::default()).await?.items),
    }
}

fn show(bar: &ProgressBar, job: &JobInfo) {
    bar.set_length(job.total);
    bar.set_position(job.done);
    let reason = job.reason.map(|reason| format!(" ({reason})"));
    bar.set_message(format!(
        "{} {} {}: {} moved, {} stored, {} failed{}",
        job.kind,
        job.cause,
        job.state,
        job.moved,
        job.stored,
        job.failed,
        reason.unwrap_or_default()
    ));
}
