//! `strongroom store …`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use serde::Serialize;
use strongroom_client::PageQuery;
use strongroom_client::store::{
    ClientSecret, Found, Freshness, RecordName, RecordNameError, SealedStore, StoreError,
    StoreMemory, Unlock,
};
use strongroom_core::format_time;
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_types::StoreName;
use strongroom_types::body::SealedStoreCreate;
use zeroize::Zeroizing;

use super::stream::{read_whole, write_whole};
use crate::argument::LogKey;
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

Have the names listed, sealed like the values; then set and delete with --index only:
  strongroom store set vault stripe/key --index --secret-file vault.secret key.txt
  strongroom store names vault --secret-file vault.secret

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
    /// Read records as they were at one moment, as JSON
    Mget(MgetArgs),
    /// Keep and delete records, all or nothing
    Mset(MsetArgs),
    /// Delete a record with all its versions
    Delete {
        #[command(flatten)]
        record: RecordArgs,
        #[command(flatten)]
        index: IndexArgs,
    },
    /// List the names of records that were set with `--index`, as JSON
    Names(OpenArgs),
    /// Make an old version of a record the newest again
    Restore {
        #[command(flatten)]
        record: RecordArgs,
        /// The version
        version: u64,
    },
    /// List the slots of a store
    Slots {
        #[command(flatten)]
        connection: ConnectionArgs,
        /// The store
        store: StoreName,
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
    /// The log's public key, or a file with it: a state that cannot be compared with one that was seen is
    /// looked up in the log
    #[arg(long, value_name = "KEY")]
    log_key: Option<LogKey>,
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

/// Whether names are listed.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct IndexArgs {
    /// Keep the name in the store's index, which is sealed like its values, or take it out
    #[arg(long)]
    index: bool,
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
    #[arg(long, value_name = "VERSION", conflicts_with = "index")]
    check: Option<u64>,
    /// When it expires, in UTC: `2100-01-01T00:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = instant, conflicts_with_all = ["check", "index"])]
    expires: Option<i64>,
    #[command(flatten)]
    index: IndexArgs,
}

/// RFC 3339 in UTC, as microseconds since 1970.
fn instant(text: &str) -> Result<i64, String> {
    let wrong = || "expected a time like 2100-01-01T00:00:00Z".to_owned();
    strongroom_core::parse_time(text).ok_or_else(wrong)
}

#[derive(Args, Clone, Debug)]
pub(super) struct MgetArgs {
    #[command(flatten)]
    open: OpenArgs,
    /// Their names, 1 to 100
    #[arg(value_parser = record_name, required = true, value_name = "NAME")]
    names: Vec<RecordName>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct MsetArgs {
    #[command(flatten)]
    open: OpenArgs,
    /// File with a JSON object of names and texts, `null` for what is deleted; `-` is standard input
    #[arg(default_value = "-", value_name = "INPUT")]
    input: PathBuf,
    #[command(flatten)]
    index: IndexArgs,
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
        StoreCommand::Set(args) => Box::pin(set(args)).await,
        StoreCommand::Mget(args) => mget(args).await,
        StoreCommand::Mset(args) => Box::pin(mset(args)).await,
        StoreCommand::Delete { record, index } => {
            let none = [(&record.name, None)];
            Box::pin(set_all(&record.open, index, &none)).await
        }
        StoreCommand::Names(args) => names(args).await,
        StoreCommand::Restore { record, version } => restore(record, version).await,
        StoreCommand::Slots { connection, store } => {
            let slots = connection.client()?.stores().slots(&store).await?;
            Ok(print::json(&slots)?)
        }
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
        let opened = match &self.log_key {
            None => opened,
            Some(key) => opened.confirming(key.0.clone()),
        };
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
            note(freshness);
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

/// Says what is known of how new an answer is, unless it was compared with one that was seen.
fn note(freshness: Freshness) {
    match freshness {
        Freshness::NotOlderThanSeen => {}
        Freshness::InLog(confirmed) => print::note(format_args!(
            "freshness: change {} was the newest at {}, says the log of {} entries",
            confirmed.sequence,
            format_time(confirmed.at),
            confirmed.log_size,
        )),
        Freshness::Unverified => {
            print::note("freshness: unverified (nothing was seen of this store before)");
        }
    }
}

/// A record as `mget` prints it.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    version: u64,
    /// As text if it is text, else in `base64`.
    value: Option<&'a str>,
    base64: Option<String>,
}

async fn mget(args: MgetArgs) -> Result<(), Failure> {
    let store = args.open.open().await?;
    let names: Vec<_> = args.names.iter().collect();
    let read = store.get_all(&names).await?;
    note(read.freshness);
    args.open.remember(&store).await?;
    let shown = names.iter().zip(&read.found).map(|(name, found)| {
        let value = match found {
            Found::Value(value) => Some(value.value.expose()),
            Found::Nothing | Found::Expired { .. } => None,
        };
        let text = value.and_then(|value| std::str::from_utf8(value).ok());
        let other = value.filter(|_| text.is_none());
        Shown {
            name: name.as_str(),
            version: found.version(),
            value: text,
            base64: other.map(|value| STANDARD.encode(value)),
        }
    });
    let shown: Vec<_> = shown.collect();
    print::json(&shown)?;
    Ok(())
}

async fn mset(args: MsetArgs) -> Result<(), Failure> {
    let input = Zeroizing::new(read_whole(&args.input).await?);
    let values: BTreeMap<String, Option<String>> =
        serde_json::from_slice(&input).map_err(|_malformed| Failure::RecordsInput)?;
    let values = values
        .into_iter()
        .map(|(name, text)| (name, text.map(Zeroizing::new)));
    let values: Vec<_> = values.collect();
    let mut named = Vec::with_capacity(values.len());
    for (name, value) in &values {
        let value = value.as_ref().map(|text| text.as_bytes());
        named.push((RecordName::new(name).map_err(StoreError::from)?, value));
    }
    let values: Vec<_> = named.iter().map(|(name, value)| (name, *value)).collect();
    set_all(&args.open, args.index, &values).await
}

/// Sets records, or deletes those without a value, with or without the index.
async fn set_all(
    open: &OpenArgs,
    index: IndexArgs,
    values: &[(&RecordName, Option<&[u8]>)],
) -> Result<(), Failure> {
    let store = open.open().await?;
    if !index.index {
        store.set_all(values).await?;
        return open.remember(&store).await;
    }
    let indexed = store.indexed();
    indexed.set_all(values).await?;
    open.remember(indexed.store()).await
}

async fn names(args: OpenArgs) -> Result<(), Failure> {
    let store = args.open().await?.indexed();
    let (names, freshness) = store.list().await?;
    note(freshness);
    args.remember(store.store()).await?;
    let names: Vec<_> = names.iter().map(RecordName::as_str).collect();
    print::json(&names)?;
    Ok(())
}

async fn set(args: SetArgs) -> Result<(), Failure> {
    let value = Zeroizing::new(read_whole(&args.input).await?);
    let (open, name) = (&args.record.open, &args.record.name);
    if args.index.index {
        return set_all(open, args.index, &[(name, Some(&value))]).await;
    }
    let store = open.open().await?;
    let version = match args.check {
        None => store.set_until(name, &value, args.expires).await?,
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
    // Before the slot has it: a secret that nobody could read would lock its owner out.
    key.print()?;
    Ok(store.put_slot(&args.name, key.unlock(), replace).await?)
}
