//! `strongroom rewrap`.

use std::path::{Path, PathBuf};

use clap::Args;
use strongroom_client::{Client, StreamRequest};
use strongroom_types::KeyContext;
use tokio::fs::{self, File};

use super::whole_file::WholeFile;
use crate::config::ConnectionArgs;
use crate::failure::Failure;
use crate::{argument, print};

/// Moves sealed files.
#[derive(Args, Debug)]
#[command(after_help = "\
After a rotation, move files to the new version of the tenant's key; nobody's token is needed:
  strongroom admin contexts rotate ctx_…
  strongroom rewrap --context tenant=acme *.sr1

A file is replaced as a whole: if anything fails, it stays as it was. Only its first 64 KiB go to the
server, and its content is not opened.")]
pub(super) struct RewrapArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Whose data this is, as `key=value,…` or as a JSON object
    #[arg(long, short, value_name = "CONTEXT", value_parser = argument::key_context)]
    context: KeyContext,
    /// Files made by `strongroom encrypt`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) async fn run(args: RewrapArgs) -> Result<(), Failure> {
    let client = args.connection.client()?;
    for file in &args.files {
        let request = StreamRequest::new(args.context.clone());
        rewrap(&client, request, file).await?;
    }
    Ok(())
}

/// Writes the moved stream beside the file, then takes its place.
async fn rewrap(client: &Client, request: StreamRequest, file: &Path) -> Result<(), Failure> {
    // A link stays a link: what it names is replaced.
    let path = fs::canonicalize(file).await.map_err(Failure::file(file))?;
    let input = File::open(&path).await.map_err(Failure::file(file))?;
    let original = input.metadata().await.map_err(Failure::file(file))?;
    let mut whole = WholeFile::begin(&path)?;
    let summary = client.rewrap_copy(request, input, whole.output()).await?;
    whole.resemble(&original)?;
    whole.publish().await?;
    let entry = summary
        .log_entry
        .map(|entry| format!(", log entry {entry}"));
    let entry = entry.unwrap_or_default();
    print::note(format_args!("{} moved{entry}", file.display()));
    Ok(())
}
