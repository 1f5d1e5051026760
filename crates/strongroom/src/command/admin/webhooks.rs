//! `strongroom admin webhooks`.

use clap::{Args, Subcommand};
use strongroom_types::WebhookId;
use strongroom_types::body::{EventName, WebhookCreate, WebhookUpdate};

use super::ListArgs;
use crate::config::ConnectionArgs;
use crate::failure::Failure;
use crate::print;

#[derive(Args, Debug)]
#[command(after_help = "\
Have denials sent to a URL. The answer has the secret that they are signed with; it is shown once:
  strongroom admin webhooks create https://siem.example/strongroom --event strongroom.access.denied

Send everything from an entry of the log on again, dead letters included:
  strongroom admin webhooks replay whk_… 1200")]
pub(in crate::command) struct WebhooksArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// List them
    List(ListArgs),
    /// Make one; prints its secret
    Create {
        url: String,
        /// Only events of this name; may be repeated
        #[arg(long = "event", value_name = "NAME", value_parser = event)]
        events: Vec<EventName>,
    },
    /// Describe one, and how far it has come
    Show { id: WebhookId },
    /// Let one rest
    Disable { id: WebhookId },
    /// Let one go on from where it rested
    Enable { id: WebhookId },
    /// Send events again, from an entry on
    Replay {
        id: WebhookId,
        /// The entry's index in the log
        from_entry: u64,
    },
    /// List the events that were given up
    DeadLetters {
        id: WebhookId,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Remove one
    Delete { id: WebhookId },
}

fn event(name: &str) -> Result<EventName, String> {
    let names = || {
        EventName::ALL
            .iter()
            .map(|name| name.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    EventName::from_name(name).ok_or_else(|| format!("not one of {}", names()))
}

pub(super) async fn run(args: WebhooksArgs) -> Result<(), Failure> {
    let client = args.connection.client()?;
    let webhooks = client.webhooks();
    let rest = |disabled| WebhookUpdate {
        disabled: Some(disabled),
        ..WebhookUpdate::default()
    };
    match args.action {
        Action::List(list) => print::json(&webhooks.list(&list.into()).await?)?,
        Action::Create { url, events } => {
            let events = (!events.is_empty()).then_some(events);
            print::json(&webhooks.create(&WebhookCreate { url, events }).await?)?;
        }
        Action::Show { id } => print::json(&webhooks.describe(id).await?)?,
        Action::Disable { id } => print::json(&webhooks.update(id, &rest(true)).await?)?,
        Action::Enable { id } => print::json(&webhooks.update(id, &rest(false)).await?)?,
        Action::Replay { id, from_entry } => print::json(&webhooks.replay(id, from_entry).await?)?,
        Action::DeadLetters { id, list } => {
            print::json(&webhooks.dead_letters(id, &list.into()).await?)?;
        }
        Action::Delete { id } => {
            webhooks.delete(id).await?;
            print::note(format_args!("{id} is removed"));
        }
    }
    Ok(())
}
