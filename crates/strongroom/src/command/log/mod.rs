//! `strongroom log …`.

mod entries;
mod export;
mod receipt;
mod verify;

use clap::Subcommand;

use crate::failure::Failure;

/// What is done with the log.
#[derive(Subcommand, Debug)]
pub(super) enum LogCommand {
    /// Print entries, one JSON object a line
    Entries(entries::EntriesArgs),
    /// Fetch an entry and its receipt, and check them
    Receipt(receipt::ReceiptArgs),
    /// Fetch the whole log into a directory, or bring an earlier export up to date
    Export(export::ExportArgs),
    /// Check a receipt or an exported log, offline
    Verify(verify::VerifyArgs),
}

pub(super) async fn run(command: LogCommand) -> Result<(), Failure> {
    match command {
        LogCommand::Entries(args) => entries::run(args).await,
        LogCommand::Receipt(args) => receipt::run(args).await,
        LogCommand::Export(args) => export::run(args).await,
        LogCommand::Verify(args) => verify::run(&args),
    }
}
