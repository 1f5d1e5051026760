//! `strongroom admin …`: each answer is printed as JSON.

mod clients;
mod contexts;
mod customer_keys;
mod issuers;
mod jobs;
mod policies;
mod webhooks;
mod workspaces;

use clap::{Args, Subcommand};
use strongroom_client::PageQuery;

use crate::failure::Failure;

/// What is administered.
#[derive(Subcommand, Debug)]
pub(super) enum AdminCommand {
    /// Workspaces; with a credential of the system workspace
    Workspaces(workspaces::WorkspacesArgs),
    /// Clients, their permissions and API keys
    Clients(clients::ClientsArgs),
    /// Issuers whose tokens are trusted
    Issuers(issuers::IssuersArgs),
    /// Key contexts: create, rotate, disable, destroy
    Contexts(contexts::ContextsArgs),
    /// Context policies: suite, required lock, rotation
    Policies(policies::PoliciesArgs),
    /// Tenants' own keys: register, verify, attach, replace, detach
    CustomerKeys(customer_keys::CustomerKeysArgs),
    /// Jobs: see how far they are, cancel them
    Jobs(jobs::JobsArgs),
    /// Webhooks: where events are sent
    Webhooks(webhooks::WebhooksArgs),
}

pub(super) async fn run(command: AdminCommand) -> Result<(), Failure> {
    match command {
        AdminCommand::Workspaces(args) => workspaces::run(args).await,
        AdminCommand::Clients(args) => clients::run(args).await,
        AdminCommand::Issuers(args) => issuers::run(args).await,
        AdminCommand::Contexts(args) => contexts::run(args).await,
        AdminCommand::Policies(args) => policies::run(args).await,
        AdminCommand::CustomerKeys(args) => customer_keys::run(args).await,
        AdminCommand::Jobs(args) => jobs::run(args).await,
        AdminCommand::Webhooks(args) => webhooks::run(args).await,
    }
}

/// Which part of a list.
#[derive(Args, Clone, Debug)]
struct ListArgs {
    /// How many
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// The `next` of the page before
    #[arg(long, value_name = "TOKEN")]
    page: Option<String>,
}

impl From<ListArgs> for PageQuery {
    fn from(args: ListArgs) -> Self {
        Self {
            limit: args.limit,
            page: args.page,
        }
    }
}
