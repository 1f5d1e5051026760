//! `strongroom store …`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use strongroom_client::PageQuery;
use strongroom_client::store::{
    ClientSecret, Freshness, RecordName, RecordNameError, SealedStore, StoreMemory, Unlock,
};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_types::StoreName;
use strongroom_types::body::SealedStoreCreate;
use zeroize::Zeroizing;

use super::stream::{read_whole, write_whole};
use crate::config::{ConnectionArgs, read_text};
use crate::failure::Failure;
use crate::print;

/// What to do with sealed stores.
#[derive(Subcommand, Debug)]
#[command(after_help = "\
Make a store whose names and values the server cannot read; its secret is printed once:
  strongroom store create vault > vault.secret

Keep a value, and read it again:
  strongroom store set vault stripe/key --secret-file vault.secret key.txt
  strongroom store get vault stripe/key --secret-file vault.secret > key.txt

Let a machine in, with a secret of its own, and out again:
  strongroom store add-slot vault machine --secret-file vault.secret > machine.secret
  strongroom store remove-slot vault machine

Be warned of a server that goes back to an older state:
  strongroom store get vault stripe/key --secret-file vault.secret --memory vault.seen")]
pub(super) enum StoreCommand {
    /// Make a store, and print the secret that opens it
    Create(CreateArgs),
    /// Count what the stores hold; nothing lists names
    List(ListArgs),
    /// Destroy a store with all that it holds
    Destroy {
        #[command(flatten)]
        connection: ConnectionArgs,
        /// The store
        store: StoreName,
        /// Say so twice
        #[arg(long, required = true)]
        forever: bool,
    },
    /// Read a record
    Get(GetArgs),
    /// Keep a value under a name
    Set(SetArgs),
    /// Delete a record with all its versions
    Delete(RecordArgs),
    /// Make an old version of a record the newest again
    Restore {
        #[command(flatten)]
        record: RecordArgs,
        /// The version
        version: u64,
    },
    /// Make another secret that opens a store, and print it
    AddSlot(SlotArgs),
    /// Put a new secret in the place of a slot's, and print it
    ChangeSlot(SlotArgs),
    /// Remove a slot: its secret opens the store no more
    RemoveSlot {
        #[command(flatten)]
        connection: ConnectionArgs,
        /// The store
        store: StoreName,
        /// The slot
        slot: StoreName,
    },
}

/// A store, and what opens it.
#[derive(Args, Clone, Debug)]
pub(super) struct OpenArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The store
    store: StoreName,
    /// The slot that the secret opens
    #[arg(long, default_value = "main", value_name = "SLOT")]
    slot: StoreName,
    #[command(flatten)]
    key: KeyArgs,
    /// File that remembers the last state that was seen, and is made if it is not there
    #[arg(long, env = "STRONGROOM_STORE_MEMORY", value_name = "FILE")]
    memory: Option<PathBuf>,
}

/// What opens a slot.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
struct KeyArgs {
    /// File with the slot's secret
    #[arg(long, env = "STRONGROOM_STORE_SECRET_FILE", value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// File with the slot's passphrase
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// Which record.
#[derive(Args, Clone, Debug)]
pub(super) struct RecordArgs {
    #[command(flatten)]
    open: OpenArgs,
    /// Its name
    #[arg(value_parser = record_name)]
    name: RecordName,
}

#[derive(Args, Clone, Debug)]
pub(super) struct CreateArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Its name
    store: StoreName,
    /// The first slot
    #[arg(long, default_value = "main", value_name = "SLOT")]
    slot: StoreName,
    /// Versions of each record that are kept
    #[arg(long, value_name = "N")]
    keep: Option<u32>,
    /// File with a passphrase for the slot, instead of a secret
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// How many
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// The `next` of the page before
    #[arg(long, value_name = "TOKEN")]
    page: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct GetArgs {
    #[command(flatten)]
    record: RecordArgs,
    /// Which version; the newest if absent
    #[arg(long, value_name = "VERSION")]
    version: Option<u64>,
    /// File for the value, written as a whole or not at all; `-` is standard output
    #[arg(long, short, default_value = "-", value_name = "OUTPUT")]
    output: PathBuf,
}

#[derive(Args, Clone, Debug)]
pub(super) struct SetArgs {
    #[command(flatten)]
    record: RecordArgs,
    /// File with the value; `-` is standard input
    #[arg(default_value = "-", value_name = "INPUT")]
    input: PathBuf,
    /// Only if this is the present version; 0: only if there is no such record
    #[arg(long, value_name = "VERSION")]
    check: Option<u64>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct SlotArgs {
    #[command(flatten)]
    open: OpenArgs,
    /// The slot that is made or changed
    name: StoreName,
    /// File with a passphrase for it, instead of a secret
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
}

fn record_name(text: &str) -> Result<RecordName, RecordNameError> {
    RecordName::new(text)
}

pub(super) async fn run(command: StoreCommand) -> Result<(), Failure> {
    match command {
        StoreCommand::Create(args) => create(args).await,
        StoreCommand::List(args) => list(args).await,
        StoreCommand::Destroy {
            connection, store, ..
        } => Ok(connection.client()?.stores().delete(&store).await?),
        StoreCommand::Get(args) => get(args).await,
        StoreCommand::Set(args) => set(args).await,
        StoreCommand::Delete(args) => {
            let store = args.open.open().await?;
            store.delete(&args.name).await?;
            args.open.remember(&store).await
        }
        StoreCommand::Restore { record, version } => restore(record, version).await,
        StoreCommand::AddSlot(args) => put_slot(args, false).await,
        StoreCommand::ChangeSlot(args) => put_slot(args, true).await,
        StoreCommand::RemoveSlot {
            connection,
            store,
            slot,
        } => {
            let client = connection.client()?;
            Ok(client.stores().remove_slot(&store, &slot).await?)
        }
    }
}

/// A key of a slot, read from a file.
enum Key {
    Secret(ClientSecret),
    Passphrase(Zeroizing<String>),
}

impl Key {
    fn passphrase(file: &Path) -> Result<Self, Failure> {
        Ok(Self::Passphrase(read_text(file)?))
    }

    /// A new secret, or the passphrase of a file.
    fn made(passphrase_file: Option<&PathBuf>) -> Result<Self, Failure> {
        match passphrase_file {
            Some(file) => Self::passphrase(file),
            None => Ok(Self::Secret(ClientSecret::generate(&SystemEntropy)?)),
        }
    }

    fn unlock(&self) -> Unlock<'_> {
        match self {
            Self::Secret(secret) => Unlock::Secret(secret),
            Self::Passphrase(passphrase) => Unlock::Passphrase(passphrase),
        }
    }

    /// Prints a secret that was made.
    fn print(&self) -> Result<(), Failure> {
        if let Self::Secret(secret) = self {
            print::line(&*secret.expose_text())?;
            print::note("keep this secret: nobody can make it again, and without it nothing opens");
        }
        Ok(())
    }
}

impl KeyArgs {
    fn read(&self) -> Result<Key, Failure> {
        match (&self.secret_file, &self.passphrase_file) {
            (Some(file), _) => Ok(Key::Secret(read_text(file)?.parse()?)),
            (None, Some(file)) => Key::passphrase(file),
            (None, None) => Err(Failure::NoStoreKey),
        }
    }
}

impl OpenArgs {
    async fn open(&self) -> Result<SealedStore, Failure> {
        let key = self.key.read()?;
        let client = self.connection.client()?;
        let stores = client.stores();
        let opened = stores.open(&self.store, &self.slot, key.unlock()).await?;
        match self.remembered()? {
            None => Ok(opened),
            Some(memory) => Ok(opened.remembering(memory)?),
        }
    }

    /// What an earlier run saw.
    fn remembered(&self) -> Result<Option<StoreMemory>, Failure> {
        let Some(file) = self.memory.as_ref().filter(|file| file.exists()) else {
            return Ok(None);
        };
        let text = read_text(file)?;
        let memory = serde_json::from_str(&text);
        memory
            .map(Some)
            .map_err(|_malformed| Failure::StoreMemory { path: file.clone() })
    }

    /// Keeps what this run saw.
    async fn remember(&self, store: &SealedStore) -> Result<(), Failure> {
        let (Some(file), Some(memory)) = (&self.memory, store.memory()) else {
            return Ok(());
        };
        let text = serde_json::to_vec(&memory).map_err(std::io::Error::from)?;
        write_whole(file, &text).await
    }
}

async fn create(args: CreateArgs) -> Result<(), Failure> {
    let key = Key::made(args.passphrase_file.as_ref())?;
    let client = args.connection.client()?;
    let request = SealedStoreCreate {
        name: args.store,
        keep: args.keep,
    };
    let stores = client.stores();
    stores.create(&request, &args.slot, key.unlock()).await?;
    key.print()
}

async fn list(args: ListArgs) -> Result<(), Failure> {
    let query = PageQuery {
        limit: args.limit,
        page: args.page,
    };
    print::json(&args.connection.client()?.stores().list(&query).await?)?;
    Ok(())
}

async fn get(args: GetArgs) -> Result<(), Failure> {
    let (open, name) = (&args.record.open, &args.record.name);
    let store = open.open().await?;
    let found = match args.version {
        None => {
            let (found, freshness) = store.get(name).await?;
            if freshness == Freshness::Unverified {
                print::note("freshness: unverified (nothing was seen of this store before)");
            }
            found.value()
        }
        Some(version) => store.get_version(name, version).await?,
    };
    open.remember(&store).await?;
    let found = found.ok_or(Failure::NoSuchRecord)?;
    write_whole(&args.output, found.value.expose()).await?;
    print::note(format_args!("version {}", found.version));
    Ok(())
}

async fn set(args: SetArgs) -> Result<(), Failure> {
    let value = Zeroizing::new(read_whole(&args.input).await?);
    let (open, name) = (&args.record.open, &args.record.name);
    let store = open.open().await?;
    let version = match args.check {
        None => store.set(name, &value).await?,
        Some(check) => store.set_if(name, &value, check).await?,
    };
    open.remember(&store).await?;
    print::note(format_args!("version {version}"));
    Ok(())
}

async fn restore(args: RecordArgs, version: u64) -> Result<(), Failure> {
    let store = args.open.open().await?;
    let restored = store.restore(&args.name, version).await?;
    args.open.remember(&store).await?;
    let version = restored.ok_or(Failure::NoSuchRecord)?;
    print::note(format_args!("version {version}"));
    Ok(())
}

async fn put_slot(args: SlotArgs, replace: bool) -> Result<(), Failure> {
    let key = Key::made(args.new_passphrase_file.as_ref())?;
    let store = args.open.open().await?;
    store.put_slot(&args.name, key.unlock(), replace).await?;
    key.print()
}
