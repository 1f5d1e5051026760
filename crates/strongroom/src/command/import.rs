//! `strongroom import`.

mod cryptoserve;
mod stack;

use clap::Subcommand;

pub(crate) use cryptoserve::CryptoServeImportError;
pub(crate) use stack::StackImportError;

use crate::failure::Failure;

/// Moves what other products keep.
#[derive(Subcommand, Debug)]
pub(super) enum ImportCommand {
    /// Move a store of Stack Auth's Data Vault, value by value, by a list of its names
    Stack(stack::StackArgs),
    /// Bring contexts, keys and applications of a CryptoServe, so that what it sealed opens
    Cryptoserve(cryptoserve::CryptoServeArgs),
    /// Seal again, as `sr1`, what a CryptoServe sealed, once its keys are imported
    CryptoserveCiphertexts(cryptoserve::CiphertextsArgs),
}

pub(super) async fn run(command: ImportCommand) -> Result<(), Failure> {
    match command {
        ImportCommand::Stack(args) => stack::run(&args).await,
        ImportCommand::Cryptoserve(args) => Box::pin(cryptoserve::run(args)).await,
        ImportCommand::CryptoserveCiphertexts(args) => Box::pin(cryptoserve::rewrap(args)).await,
    }
}
