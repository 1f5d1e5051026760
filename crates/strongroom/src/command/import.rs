//! `strongroom import`.

mod stack;

use clap::Subcommand;

pub(crate) use stack::StackImportError;

use crate::failure::Failure;

/// Moves what other products keep.
#[derive(Subcommand, Debug)]
pub(super) enum ImportCommand {
    /// Move a store of Stack Auth's Data Vault, value by value, by a list of its names
    Stack(stack::StackArgs),
}

pub(super) async fn run(command: ImportCommand) -> Result<(), Failure> {
    match command {
        ImportCommand::Stack(args) => stack::run(&args).await,
    }
}
