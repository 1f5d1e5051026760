//! `strongroom log receipt`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use strongroom_types::body::LogEntryId;

use crate::argument::LogKey;
use crate::config::ConnectionArgs;
use crate::failure::Failure;
use crate::print;

/// Fetches an entry and its receipt.
#[derive(Args, Debug)]
#[command(after_help = "\
Keep the proof that an answer was recorded; the name comes from the answer's `log_entry`:
  strongroom log receipt ws_…/42 --key log.key --receipt 42.receipt --entry 42.entry")]
pub(in crate::command) struct ReceiptArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The entry, `<log>/<index>`
    entry_id: LogEntryId,
    /// The log's public key, or a file with it
    #[arg(long)]
    key: LogKey,
    /// Where to write the receipt
    #[arg(long, value_name = "FILE")]
    receipt: PathBuf,
    /// Where to write the entry
    #[arg(long, value_name = "FILE")]
    entry: PathBuf,
}

pub(super) async fn run(args: ReceiptArgs) -> Result<(), Failure> {
    let client = args.connection.client()?;
    let proven = client.log().prove(args.entry_id, &args.key.0).await?;
    fs::write(&args.entry, &proven.bytes).map_err(Failure::file(&args.entry))?;
    let receipt = proven.receipt.to_string();
    fs::write(&args.receipt, receipt).map_err(Failure::file(&args.receipt))?;
    let (size, id) = (proven.checkpoint.size(), args.entry_id);
    print::line(format_args!("ok: {id} is in the log of {size} entries"))?;
    Ok(())
}
