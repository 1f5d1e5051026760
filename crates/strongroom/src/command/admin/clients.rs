//! `strongroom admin clients`.

use clap::{Args, Subcommand};
use strongroom_types::body::{ClientCreate, ClientUpdate};
use strongroom_types::{ClientId, ContextPattern, KeyId, Permission};

use super::ListArgs;
use crate::config::ConnectionArgs;
use crate::failure::Failure;
use crate::{argument, print};

#[derive(Args, Debug)]
#[command(after_help = "\
A client that may seal and open one tenant's data:
  strongroom admin clients create shop --permission encrypt --permission decrypt --allow tenant=acme

An auditor, who reads the log and nothing else:
  strongroom admin clients create auditor --permission log:read")]
pub(in crate::command) struct ClientsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// List them
    List(ListArgs),
    /// Make one; prints its API key, once
    Create {
        /// A name for people
        name: String,
        #[command(flatten)]
        rights: Rights,
        /// Seconds until its first API key expires
        #[arg(long, value_name = "SECONDS")]
        expires_in: Option<u64>,
    },
    /// Describe one
    Show { id: ClientId },
    /// Change one; lists that are given replace the old ones
    Update {
        id: ClientId,
        /// A new name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        rights: Rights,
    },
    /// Suspend one
    Disable { id: ClientId },
    /// Resume one
    Enable { id: ClientId },
    /// Give one another API key; prints it, once
    CreateKey {
        id: ClientId,
        /// Seconds until it expires
        #[arg(long, value_name = "SECONDS")]
        expires_in: Option<u64>,
    },
    /// Take an API key away
    RevokeKey { id: ClientId, key: KeyId },
}

#[derive(Args, Debug)]
struct Rights {
    /// What it may do; repeat for more
    #[arg(long = "permission", value_name = "NAME", value_parser = argument::permission)]
    permissions: Vec<Permission>,
    /// Key contexts it may use, as `key=value,…` with `*` for any value, or as JSON; `{}` is every
    /// one; repeat for more
    #[arg(long = "allow", value_name = "PATTERN", value_parser = argument::pattern)]
    allowed_contexts: Vec<ContextPattern>,
}

/// A list that was given, so that an absent one leaves things as they are.
fn given<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

pub(super) async fn run(args: ClientsArgs) -> Result<(), Failure> {
    let client = args.connection.client()?;
    let clients = client.clients();
    match args.action {
        Action::List(list) => print::json(&clients.list(&list.into()).await?)?,
        Action::Create {
            name,
            rights,
            expires_in,
        } => {
            let body = ClientCreate {
                name,
                permissions: rights.permissions,
                allowed_contexts: rights.allowed_contexts,
                expires_in,
            };
            print::json(&clients.create(&body).await?)?;
        }
        Action::Show { id } => print::json(&clients.describe(id).await?)?,
        Action::Update { id, name, rights } => {
            let body = ClientUpdate {
                name,
                permissions: given(rights.permissions),
                allowed_contexts: given(rights.allowed_contexts),
                disabled: None,
            };
            print::json(&clients.update(id, &body).await?)?;
        }
        Action::Disable { id } => print::json(&clients.update(id, &disabled(true)).await?)?,
        Action::Enable { id } => print::json(&clients.update(id, &disabled(false)).await?)?,
        Action::CreateKey { id, expires_in } => {
            print::json(&clients.create_key(id, expires_in).await?)?;
        }
        Action::RevokeKey { id, key } => {
            clients.revoke_key(id, key).await?;
            print::note(format_args!("{key} is revoked"));
        }
    }
    Ok(())
}

fn disabled(disabled: bool) -> ClientUpdate {
    ClientUpdate {
        disabled: Some(disabled),
        ..ClientUpdate::default()
    }
}
