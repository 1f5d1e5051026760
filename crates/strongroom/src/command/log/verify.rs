//! `strongroom log verify`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use strongroom_client::{origin_of, verifier_of_origin};
use strongroom_log::Receipt;

use crate::archive;
use crate::argument::LogKey;
use crate::failure::Failure;
use crate::print;

/// Checks a receipt or an exported log.
#[derive(Args, Debug)]
#[command(after_help = "\
Check an exported log:
  strongroom log verify ./log --key log.key

Check one entry and its receipt:
  strongroom log verify --receipt 42.receipt --entry 42.entry --key log.key

Nothing is fetched. An exported log fails if a byte of any of its files is another, or a file is
missing or too many. The key must come from a time when you trusted the server, not with the export:
the file `key` in it is compared with yours and never believed.")]
pub(in crate::command) struct VerifyArgs {
    /// An exported log
    #[arg(required_unless_present = "receipt", conflicts_with = "receipt")]
    directory: Option<PathBuf>,
    /// A receipt
    #[arg(long, value_name = "FILE", requires = "entry")]
    receipt: Option<PathBuf>,
    /// The receipt's entry
    #[arg(long, value_name = "FILE", requires = "receipt")]
    entry: Option<PathBuf>,
    /// The log's public key, or a file with it
    #[arg(long)]
    key: LogKey,
}

pub(super) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    match (&args.directory, &args.receipt, &args.entry) {
        (Some(directory), _, _) => verify_archive(directory, &args.key),
        (None, Some(receipt), Some(entry)) => verify_receipt(receipt, entry, &args.key),
        // The command line does not let this through.
        (None, _, _) => Ok(()),
    }
}

fn verify_archive(directory: &Path, key: &LogKey) -> Result<(), Failure> {
    let verified = archive::verify(directory, &key.0)?;
    print::line(format_args!(
        "ok: {}: {} entries, {} bytes, {} batches, all as signed",
        verified.origin, verified.entries, verified.bytes, verified.batches
    ))?;
    Ok(())
}

fn verify_receipt(receipt: &Path, entry: &Path, key: &LogKey) -> Result<(), Failure> {
    let text = fs::read_to_string(receipt).map_err(Failure::file(receipt))?;
    let bytes = fs::read(entry).map_err(Failure::file(entry))?;
    let receipt: Receipt = text.parse()?;
    let note = receipt.checkpoint.to_string();
    let origin = origin_of(&note);
    let verifier = verifier_of_origin(&key.0, origin)?;
    let checkpoint = receipt.verify(&bytes, &verifier, origin)?;
    print::line(format_args!(
        "ok: the entry is number {} of {origin}, signed over {} entries",
        receipt.index,
        checkpoint.size()
    ))?;
    Ok(())
}
