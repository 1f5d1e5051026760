//! `strongroom object …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use strongroom_client::{Client, ObjectFilter, PageQuery};
use strongroom_types::body::{ObjectDelete, ObjectRead, ObjectUpsert, Order, StoredObject};
use strongroom_types::{KeyContext, Lock, ObjectId};

use super::stream::{read_whole, write_whole};
use crate::config::{ConnectionArgs, IdentityArgs};
use crate::failure::Failure;
use crate::{argument, print};

/// What to do with objects.
#[derive(Subcommand, Debug)]
#[command(after_help = "\
Keep a secret, and read it again:
  strongroom object put stripe/key --context tenant=acme key.txt
  strongroom object get stripe/key > key.txt

Replace it only if nobody else did meanwhile:
  strongroom object put stripe/key --context tenant=acme --check 3 new.txt

See what there was before, and go back:
  strongroom object versions stripe/key
  strongroom object restore-version obj_… 2")]
pub(super) enum ObjectCommand {
    /// Keep a value under a name, as a new object or as a new version of the one there is
    Put(Box<PutArgs>),
    /// Open an object
    Get(GetArgs),
    /// List objects, without values
    List(ListArgs),
    /// Describe an object without opening it
    Show(TargetArgs),
    /// List the versions of an object
    Versions(VersionsArgs),
    /// Make an old version the newest again
    RestoreVersion(VersionArgs),
    /// Erase what an old version holds
    DestroyVersion {
        #[command(flatten)]
        version: VersionArgs,
        /// Say so twice
        #[arg(long, required = true)]
        forever: bool,
    },
    /// Delete an object; it can be restored until it is purged
    Delete(DeleteArgs),
    /// Bring a deleted object back, by its id
    Restore(RestoreArgs),
}

/// Which object.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
struct Which {
    /// Its name
    name: Option<String>,
    /// Its id, instead of its name
    #[arg(long)]
    id: Option<ObjectId>,
}

impl Which {
    async fn id(&self, client: &Client) -> Result<ObjectId, Failure> {
        if let Some(id) = self.id {
            return Ok(id);
        }
        let filter = ObjectFilter {
            name: self.name.clone(),
            ..ObjectFilter::default()
        };
        let found = client.objects().list(&filter).await?.items;
        let found = found.first().ok_or(Failure::NoSuchObject)?;
        Ok(found.id)
    }
}

#[derive(Args, Clone, Debug)]
pub(super) struct TargetArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    which: Which,
}

#[derive(Args, Clone, Debug)]
pub(super) struct VersionsArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// How many
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// The `next` of the page before
    #[arg(long, value_name = "TOKEN")]
    page: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct VersionArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    identity: IdentityArgs,
    /// The object's id
    id: ObjectId,
    /// The version
    version: u64,
    /// Only if this is the present version
    #[arg(long, value_name = "VERSION")]
    check: Option<u64>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct RestoreArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The object's id
    id: ObjectId,
}

#[derive(Args, Clone, Debug)]
pub(super) struct DeleteArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Only if this is the present version
    #[arg(long, value_name = "VERSION")]
    check: Option<u64>,
    /// Seconds until it is erased
    #[arg(long, value_name = "SECONDS")]
    purge_in: Option<u64>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct PutArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    identity: IdentityArgs,
    /// The object's name
    name: String,
    /// Whose data this is, as `key=value,…` or as a JSON object
    #[arg(long, short, value_name = "CONTEXT", value_parser = argument::key_context)]
    context: KeyContext,
    /// File with the value; `-` is standard input
    #[arg(default_value = "-", value_name = "INPUT")]
    input: PathBuf,
    /// Only if this is the present version; 0: only if there is no such object
    #[arg(long, value_name = "VERSION")]
    check: Option<u64>,
    /// Seconds until it expires and is erased; 0 for never
    #[arg(long, value_name = "SECONDS")]
    expires_in: Option<u64>,
    /// Claims of the person to lock to, as `sub,…` or as a JSON list
    #[arg(long, value_name = "LOCK", value_parser = argument::lock)]
    lock: Option<Lock>,
}

#[derive(Args, Clone, Debug)]
pub(super) struct GetArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    identity: IdentityArgs,
    /// Which version; the newest if absent
    #[arg(long, value_name = "VERSION")]
    version: Option<u64>,
    /// File for the value, written as a whole or not at all; `-` is standard output
    #[arg(long, short, default_value = "-", value_name = "OUTPUT")]
    output: PathBuf,
}

#[derive(Args, Clone, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Only this key context, as `key=value,…` or as a JSON object
    #[arg(long, short, value_name = "CONTEXT", value_parser = argument::key_context)]
    context: Option<KeyContext>,
    /// Only deleted objects that can be restored
    #[arg(long)]
    deleted: bool,
    /// Oldest first
    #[arg(long)]
    oldest_first: bool,
    /// How many, at most 100
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// A page's token: the page ahead of it
    #[arg(long, value_name = "TOKEN", conflicts_with = "after")]
    before: Option<String>,
    /// A page's token: the page behind it
    #[arg(long, value_name = "TOKEN")]
    after: Option<String>,
}

pub(super) async fn run(command: ObjectCommand) -> Result<(), Failure> {
    match command {
        ObjectCommand::Put(args) => put(*args).await,
        ObjectCommand::Get(args) => get(args).await,
        ObjectCommand::List(args) => list(args).await,
        ObjectCommand::Show(args) => {
            let client = args.connection.client()?;
            let id = args.which.id(&client).await?;
            print::json(&client.objects().describe(id).await?)?;
            Ok(())
        }
        ObjectCommand::Versions(args) => versions(args).await,
        ObjectCommand::RestoreVersion(args) => {
            let client = args.identity.apply(&args.connection.client()?)?;
            let objects = client.objects();
            let restored = objects.restore_version(args.id, args.version, args.check);
            print::json(&restored.await?)?;
            Ok(())
        }
        ObjectCommand::DestroyVersion { version: args, .. } => {
            let client = args.connection.client()?;
            let objects = client.objects();
            let destroyed = objects.destroy_version(args.id, args.version);
            print::json(&destroyed.await?)?;
            Ok(())
        }
        ObjectCommand::Delete(args) => delete(args).await,
        ObjectCommand::Restore(args) => {
            let client = args.connection.client()?;
            print::json(&client.objects().restore(args.id, None).await?)?;
            Ok(())
        }
    }
}

async fn put(args: PutArgs) -> Result<(), Failure> {
    let value = read_whole(&args.input).await?;
    let client = args.identity.apply(&args.connection.client()?)?;
    let request = ObjectUpsert {
        version_check: args.check,
        expires_in: args.expires_in,
        lock: args.lock.unwrap_or_default(),
        ..ObjectUpsert::new(args.context, args.name, value)
    };
    print::json(&client.objects().upsert(request).await?)?;
    Ok(())
}

async fn get(args: GetArgs) -> Result<(), Failure> {
    let client = args.identity.apply(&args.target.connection.client()?)?;
    let which = match (args.version, args.target.which.name.clone()) {
        (None, Some(name)) => ObjectRead::by_name(name),
        (version, _) => ObjectRead {
            version,
            ..ObjectRead::by_id(args.target.which.id(&client).await?)
        },
    };
    let read: StoredObject = client.objects().read(&which).await?;
    write_whole(&args.output, &read.value.unwrap_or_default().0).await?;
    print::note(format_args!("version {} of {}", read.version, read.id));
    Ok(())
}

async fn list(args: ListArgs) -> Result<(), Failure> {
    let filter = ObjectFilter {
        key_context: args.context,
        deleted: args.deleted,
        order: args.oldest_first.then_some(Order::Asc),
        limit: args.limit,
        before: args.before,
        after: args.after,
        ..ObjectFilter::default()
    };
    print::json(&args.connection.client()?.objects().list(&filter).await?)?;
    Ok(())
}

async fn versions(args: VersionsArgs) -> Result<(), Failure> {
    let client = args.target.connection.client()?;
    let id = args.target.which.id(&client).await?;
    let query = PageQuery {
        limit: args.limit,
        page: args.page,
    };
    print::json(&client.objects().versions(id, &query).await?)?;
    Ok(())
}

async fn delete(args: DeleteArgs) -> Result<(), Failure> {
    let client = args.target.connection.client()?;
    let id = args.target.which.id(&client).await?;
    let request = ObjectDelete {
        version_check: args.check,
        purge_in: args.purge_in,
    };
    print::json(&client.objects().delete(id, request).await?)?;
    Ok(())
}
