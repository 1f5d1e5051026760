//! `strongroom admin contexts`.

use std::time::Duration;

use clap::{Args, Subcommand};
use strongroom_types::{ContextId, KeyContext, KeyVersion};

use super::ListArgs;
use crate::config::ConnectionArgs;
use crate::failure::Failure;
use crate::{argument, print};

#[derive(Args, Debug)]
pub(in crate::command) struct ContextsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    action: Action,
}

const DAY: Duration = Duration::from_hours(24);

#[derive(Subcommand, Debug)]
enum Action {
    /// List them
    List(ListArgs),
    /// Make one before its first write, or make a destroyed one anew
    Create {
        /// As `key=value,…` or as a JSON object
        #[arg(value_parser = argument::key_context)]
        context: KeyContext,
    },
    /// Describe one and the versions of its key
    Show { id: ContextId },
    /// Give one a new key version; the old ones only open from now on
    Rotate { id: ContextId },
    /// Suspend one: nothing is sealed or opened
    Disable { id: ContextId },
    /// Resume one
    Enable { id: ContextId },
    /// Destroy its keys after a time of waiting: what was sealed under it never opens again
    Destroy {
        id: ContextId,
        /// How long to wait; as the server says if absent. Until then it can be called off
        #[arg(long, value_name = "DAYS", conflicts_with = "now")]
        wait_days: Option<u32>,
        /// Do not wait
        #[arg(long)]
        now: bool,
        /// Say so twice
        #[arg(long, required = true)]
        forever: bool,
    },
    /// Call a destruction off before its time; it stays suspended
    CancelDestroy { id: ContextId },
    /// Destroy one rotated version of its key
    DestroyVersion {
        id: ContextId,
        version: u32,
        /// Say so twice
        #[arg(long, required = true)]
        forever: bool,
    },
}

pub(super) async fn run(args: ContextsArgs) -> Result<(), Failure> {
    let client = args.connection.client()?;
    let contexts = client.contexts();
    match args.action {
        Action::List(list) => print::json(&contexts.list(&list.into()).await?)?,
        Action::Create { context } => print::json(&contexts.create(context).await?)?,
        Action::Show { id } => print::json(&contexts.describe(id).await?)?,
        Action::Rotate { id } => print::json(&contexts.rotate(id).await?)?,
        Action::Disable { id } => print::json(&contexts.disable(id).await?)?,
        Action::Enable { id } => print::json(&contexts.enable(id).await?)?,
        Action::Destroy { id, now: true, .. } => print::json(&contexts.destroy(id).await?)?,
        Action::Destroy { id, wait_days, .. } => {
            let wait = wait_days.map(|days| DAY * days);
            print::json(&contexts.destroy_later(id, wait).await?)?;
        }
        Action::CancelDestroy { id } => print::json(&contexts.cancel_destroy(id).await?)?,
        Action::DestroyVersion { id, version, .. } => {
            contexts.destroy_version(id, KeyVersion(version)).await?;
            print::note(format_args!("version {version} is destroyed"));
        }
    }
    Ok(())
}
