//! `strongroom split-key …`.

use std::io;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use strongroom_client::PageQuery;
use strongroom_client::split::{
    ClientFingerprint, GrantingKey, KeysetPin, SplitCredential, SplitKeyPair, SplitKeyset,
    ValuePlace,
};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_types::body::KeysetDeclare;
use strongroom_types::{ClientId, KeysetId, KeysetName};

use super::stream::{is_pipe, read_whole, write_whole};
use crate::config::{ConnectionArgs, read_text};
use crate::failure::Failure;
use crate::print;

/// What to do with split keys.
#[derive(Subcommand, Debug)]
#[command(after_help = "\
Begin a keyset; whoever has the granting key decides who else gets the clients' share:
  strongroom split-key declare tenants/acme
  strongroom split-key begin KEYSET --new-granting-key acme.granting > mine.credential

Let another client in. There, which prints its id and the fingerprint of its key:
  strongroom split-key register > its.key
Here, with both, told by another way than the server:
  strongroom split-key grant CLIENT skf_… --credential mine.credential --granting-key acme.granting
There again, with the pin that this printed:
  strongroom split-key join skp_… --key its.key > its.credential

Seal a value for its place, and open it there:
  strongroom split-key seal --credential its.credential --table users --column email < plain > sealed
  strongroom split-key open --credential its.credential --table users --column email < sealed")]
pub(super) enum SplitKeyCommand {
    /// Declare a keyset, and print it as JSON
    Declare {
        #[command(flatten)]
        connection: ConnectionArgs,
        /// Its name
        name: KeysetName,
    },
    /// List the keysets as JSON
    Keysets(ConnectionArgs),
    /// Make a keyset's first share, and print the credential of this client
    Begin {
        #[command(flatten)]
        connection: ConnectionArgs,
        /// The keyset's id
        keyset: KeysetId,
        /// File for the granting key that is made
        #[arg(long, value_name = "FILE")]
        new_granting_key: PathBuf,
    },
    /// Make this client's key pair, have its public half kept, and print it
    Register(ConnectionArgs),
    /// Grant a keyset to another client, and print what it is to pin
    Grant {
        #[command(flatten)]
        granting: GrantingArgs,
        /// The client's id
        client: ClientId,
        /// The fingerprint of its key, as the client told it
        fingerprint: ClientFingerprint,
    },
    /// Join a key pair with the pin that was told, and print the credential
    Join {
        /// The pin
        pin: KeysetPin,
        /// File with the key pair
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Begin a new epoch, and print the credential that takes the place of the former one
    NewEpoch(GrantingArgs),
    /// List who has grants, as JSON
    Grants {
        #[command(flatten)]
        connection: ConnectionArgs,
        /// The keyset's id
        keyset: KeysetId,
    },
    /// Take a client's grants away
    Revoke {
        #[command(flatten)]
        connection: ConnectionArgs,
        /// The keyset's id
        keyset: KeysetId,
        /// The client's id
        client: ClientId,
    },
    /// Seal a value
    Seal(ValueArgs),
    /// Open a value
    Open(ValueArgs),
}

/// A keyset that this client has a credential of.
#[derive(Args, Clone, Debug)]
pub(super) struct CredentialArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// File with the client's credential
    #[arg(long, env = "STRONGROOM_SPLIT_CREDENTIAL_FILE", value_name = "FILE")]
    credential: PathBuf,
}

/// The same, with its granting key.
#[derive(Args, Clone, Debug)]
pub(super) struct GrantingArgs {
    #[command(flatten)]
    credential: CredentialArgs,
    /// File with the granting key
    #[arg(long, value_name = "FILE")]
    granting_key: PathBuf,
}

/// A value and where it belongs.
#[derive(Args, Clone, Debug)]
pub(super) struct ValueArgs {
    #[command(flatten)]
    credential: CredentialArgs,
    /// The table
    #[arg(long)]
    table: String,
    /// The column
    #[arg(long)]
    column: String,
    /// The row
    #[arg(long)]
    row: Option<String>,
    /// File with the value; `-` is standard input
    #[arg(default_value = "-", value_name = "INPUT")]
    input: PathBuf,
    /// File for the result; `-` is standard output
    #[arg(long, short, default_value = "-", value_name = "OUTPUT")]
    output: PathBuf,
}

pub(super) async fn run(command: SplitKeyCommand) -> Result<(), Failure> {
    match command {
        SplitKeyCommand::Declare { connection, name } => declare(&connection, name).await,
        SplitKeyCommand::Keysets(connection) => {
            let keysets = connection.client()?.split_keys().keysets().await?;
            Ok(print::json(&keysets)?)
        }
        SplitKeyCommand::Begin {
            connection,
            keyset,
            new_granting_key,
        } => begin(&connection, keyset, new_granting_key).await,
        SplitKeyCommand::Register(connection) => register(&connection).await,
        SplitKeyCommand::Grant {
            granting,
            client,
            fingerprint,
        } => grant(&granting, client, &fingerprint).await,
        SplitKeyCommand::Join { pin, key } => {
            let pair: SplitKeyPair = read_text(&key)?.parse()?;
            print_credential(&SplitCredential::new(pair, pin))
        }
        SplitKeyCommand::NewEpoch(args) => new_epoch(&args).await,
        SplitKeyCommand::Grants { connection, keyset } => {
            let client = connection.client()?;
            let (split, query) = (client.split_keys(), PageQuery::default());
            Ok(print::json(&split.grants(keyset, &query).await?)?)
        }
        SplitKeyCommand::Revoke {
            connection,
            keyset,
            client,
        } => {
            let connected = connection.client()?;
            Ok(connected.split_keys().revoke(keyset, client).await?)
        }
        SplitKeyCommand::Seal(args) => Box::pin(seal(&args)).await,
        SplitKeyCommand::Open(args) => Box::pin(open(&args)).await,
    }
}

impl CredentialArgs {
    fn read(&self) -> Result<SplitCredential, Failure> {
        Ok(read_text(&self.credential)?.parse()?)
    }

    async fn open(&self) -> Result<SplitKeyset, Failure> {
        let client = self.connection.client()?;
        Ok(client.split_keys().open(&self.read()?).await?)
    }
}

impl GrantingArgs {
    fn key(&self) -> Result<GrantingKey, Failure> {
        Ok(read_text(&self.granting_key)?.parse()?)
    }
}

impl ValueArgs {
    fn place(&self) -> ValuePlace<'_> {
        ValuePlace {
            table: &self.table,
            column: &self.column,
            row: self.row.as_deref(),
        }
    }
}

fn print_credential(credential: &SplitCredential) -> Result<(), Failure> {
    print::line(&*credential.expose_text())?;
    print::note("keep this credential where only the client reads it");
    Ok(())
}

async fn declare(connection: &ConnectionArgs, name: KeysetName) -> Result<(), Failure> {
    let request = KeysetDeclare {
        name,
        description: String::new(),
    };
    let made = connection.client()?.split_keys().declare(&request).await?;
    Ok(print::json(&made)?)
}

async fn begin(
    connection: &ConnectionArgs,
    keyset: KeysetId,
    file: PathBuf,
) -> Result<(), Failure> {
    let client = connection.client()?;
    let granting = GrantingKey::generate(&SystemEntropy)?;
    // Before the keyset depends on it, and never over one that another keyset depends on.
    if !is_pipe(&file) && file.exists() {
        let source = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(Failure::File { path: file, source });
    }
    write_whole(&file, granting.expose_text().as_bytes()).await?;
    let pair = SplitKeyPair::generate(&SystemEntropy)?;
    let begun = client.split_keys().begin(keyset, &granting, pair).await;
    print_credential(&begun?)
}

async fn register(connection: &ConnectionArgs) -> Result<(), Failure> {
    let client = connection.client()?;
    let pair = SplitKeyPair::generate(&SystemEntropy)?;
    let id = client.split_keys().register(&pair).await?;
    print::line(&*pair.expose_text())?;
    print::note(format_args!(
        "client {id}, fingerprint {}",
        pair.fingerprint()
    ));
    Ok(())
}

async fn grant(
    args: &GrantingArgs,
    client: ClientId,
    fingerprint: &ClientFingerprint,
) -> Result<(), Failure> {
    let granting = args.key()?;
    let keys = args.credential.open().await?;
    let pin = keys.grant(&granting, client, fingerprint).await?;
    Ok(print::line(pin)?)
}

async fn new_epoch(args: &GrantingArgs) -> Result<(), Failure> {
    let granting = args.key()?;
    let keys = args.credential.open().await?;
    let begun = keys.begin_epoch(&granting, args.credential.read()?).await?;
    print_credential(&begun)
}

async fn seal(args: &ValueArgs) -> Result<(), Failure> {
    let keys = args.credential.open().await?;
    let value = zeroize::Zeroizing::new(read_whole(&args.input).await?);
    let sealed = keys.seal(&args.place(), &value).await?;
    write_whole(&args.output, &sealed).await
}

async fn open(args: &ValueArgs) -> Result<(), Failure> {
    let sealed = read_whole(&args.input).await?;
    let keys = args.credential.open().await?;
    let opened = keys.open(&args.place(), &sealed).await?;
    write_whole(&args.output, opened.expose()).await
}
