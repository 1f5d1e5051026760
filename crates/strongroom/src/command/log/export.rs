//! `strongroom log export`.

use std::path::PathBuf;

use clap::Args;

use crate::archive;
use crate::argument::LogKey;
use crate::config::ConnectionArgs;
use crate::failure::Failure;
use crate::print;

/// Fetches the whole log.
#[derive(Args, Debug)]
#[command(after_help = "\
Fetch it, or fetch what is new since the last time:
  strongroom log export ./log --key log.key

The directory has the layout of C2SP tlog-tiles. Export with a client that has log:read alone.")]
pub(in crate::command) struct ExportArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Where to
    directory: PathBuf,
    /// The log's public key, or a file with it
    #[arg(long)]
    key: LogKey,
}

pub(super) async fn run(args: ExportArgs) -> Result<(), Failure> {
    let client = args.connection.client()?;
    let exported = archive::export(&client, &args.key.0, &args.directory).await?;
    print::line(format_args!(
        "{}: {} entries; {} new files, {} bytes",
        exported.origin, exported.entries, exported.files, exported.bytes
    ))?;
    Ok(())
}
