//! The commands, one file each.

mod admin;
pub(crate) mod convert;
mod decrypt;
pub(crate) mod demo;
mod dev;
mod doctor;
mod encrypt;
pub(crate) mod import;
mod init;
mod log;
mod object;
mod rewrap;
mod serve;
mod split_key;
mod store;
mod stream;
mod whole_file;

use clap::{Parser, Subcommand};

use crate::failure::Failure;

/// Encryption for multi-tenant software: under the tenant's key, locked to the person, and every
/// use in a log that anyone can check.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
See it work, on real data, in under two minutes:
  strongroom demo

Play with a server of your own:
  strongroom dev --data ./playground

Run one in earnest:
  strongroom init --data /var/lib/strongroom
  strongroom serve --data /var/lib/strongroom

Settings come from a flag, else the environment (STRONGROOM_…), else the file given with --config,
else the default.";

#[derive(Subcommand, Debug)]
enum Command {
    /// Make a deployment: its directory, its root key and its first administrator
    Init(init::InitArgs),
    /// Serve a deployment
    Serve(serve::ServeArgs),
    /// Serve a playground: two workspaces, and an issuer that mints a token for whoever asks
    Dev(dev::DevArgs),
    /// Seal a real table, attack it, prove every use; ends with `demo: ok`
    Demo(demo::DemoArgs),
    /// Administer workspaces, clients, issuers, key contexts and policies through a server
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// Seal a file or a pipe through a server
    Encrypt(encrypt::EncryptArgs),
    /// Open a file or a pipe through a server
    Decrypt(decrypt::DecryptArgs),
    /// Move sealed files to the active version of their key, in place
    Rewrap(rewrap::RewrapArgs),
    /// Read, export and verify the log
    #[command(subcommand)]
    Log(log::LogCommand),
    /// Keep named, versioned values in a server
    #[command(subcommand)]
    Object(object::ObjectCommand),
    /// Keep names and values in a server that can read neither
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Seal and open values under keys that no server knows
    #[command(subcommand)]
    SplitKey(split_key::SplitKeyCommand),
    /// Compare what is stored with what the log says of it
    Doctor(doctor::DoctorArgs),
    /// Move locally encrypted values between the layouts of WorkOS clients; needs no key
    Convert(convert::ConvertArgs),
    /// Move what other products keep
    #[command(subcommand)]
    Import(import::ImportCommand),
}

pub(crate) async fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Init(args) => init::run(&args).await,
        Command::Serve(args) => serve::run(&args).await,
        Command::Dev(args) => dev::run(&args).await,
        Command::Demo(args) => demo::run(&args).await,
        Command::Admin(command) => admin::run(command).await,
        Command::Encrypt(args) => encrypt::run(args).await,
        Command::Decrypt(args) => decrypt::run(args).await,
        Command::Rewrap(args) => rewrap::run(args).await,
        Command::Log(command) => log::run(command).await,
        Command::Object(command) => object::run(command).await,
        Command::Store(command) => Box::pin(store::run(command)).await,
        Command::SplitKey(command) => Box::pin(split_key::run(command)).await,
        Command::Doctor(args) => doctor::run(&args).await,
        Command::Convert(args) => convert::run(args).await,
        Command::Import(command) => Box::pin(import::run(command)).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
