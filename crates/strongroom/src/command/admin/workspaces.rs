//! `strongroom admin workspaces`.

use clap::{Args, Subcommand};
use strongroom_types::WorkspaceId;
use strongroom_types::body::{WorkspaceCreate, WorkspaceUpdate};

use super::ListArgs;
use crate::config::ConnectionArgs;
use crate::failure::Failure;
use crate::print;

#[derive(Args, Debug)]
pub(in crate::command) struct WorkspacesArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// List them
    List(ListArgs),
    /// Make one; prints the API key of its first administrator, once
    Create {
        /// A name for people
        name: String,
        /// The most key contexts it may have
        #[arg(long, value_name = "N")]
        context_quota: Option<u64>,
    },
    /// Describe one
    Show { id: WorkspaceId },
    /// Refuse everybody of one until it is enabled; nothing is lost
    Disable { id: WorkspaceId },
    /// Let its clients and users in again
    Enable { id: WorkspaceId },
    /// Change one
    Update {
        id: WorkspaceId,
        /// A new name
        #[arg(long)]
        name: Option<String>,
        /// A new quota
        #[arg(long, value_name = "N")]
        context_quota: Option<u64>,
    },
}

pub(super) async fn run(args: WorkspacesArgs) -> Result<(), Failure> {
    let client = args.connection.client()?;
    let workspaces = client.workspaces();
    match args.action {
        Action::List(list) => print::json(&workspaces.list(&list.into()).await?)?,
        Action::Create {
            name,
            context_quota,
        } => {
            let body = WorkspaceCreate {
                name,
                context_quota,
            };
            print::json(&workspaces.create(&body).await?)?;
        }
        Action::Show { id } => print::json(&workspaces.describe(id).await?)?,
        Action::Update {
            id,
            name,
            context_quota,
        } => {
            let body = WorkspaceUpdate {
                name,
                context_quota,
                disabled: None,
            };
            print::json(&workspaces.update(id, &body).await?)?;
        }
        Action::Disable { id } => print::json(&workspaces.update(id, &disabled(true)).await?)?,
        Action::Enable { id } => print::json(&workspaces.update(id, &disabled(false)).await?)?,
    }
    Ok(())
}

fn disabled(disabled: bool) -> WorkspaceUpdate {
    WorkspaceUpdate {
        disabled: Some(disabled),
        ..WorkspaceUpdate::default()
    }
}
