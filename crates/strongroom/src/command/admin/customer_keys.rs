//! `strongroom admin customer-keys`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;
use strongroom_client::Client;
use strongroom_types::body::{CustomerKeyMoves, EnableFor};
use strongroom_types::{ContextPattern, CustomerKeyId, KeyContext, PolicyId};
use zeroize::Zeroizing;

use super::{ListArgs, jobs};
use crate::config::ConnectionArgs;
use crate::failure::Failure;
use crate::{argument, print};

#[derive(Args, Debug)]
#[command(after_help = "\
Put all data of an organisation under its own key in AWS KMS:
  echo '{\"name\":\"Acme\",\"key\":{\"provider\":\"aws_kms\",\"region\":\"eu-central-1\",\"key\":\"arn:…\"}}' \\
      | strongroom admin customer-keys register -
  strongroom admin customer-keys verify ck_…
  strongroom admin customer-keys attach ck_… organizationId=org_acme --watch")]
pub(in crate::command) struct CustomerKeysArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// List them, without credentials
    List(ListArgs),
    /// Register one; it is not used before it is verified
    Register {
        /// File with name and key as JSON; `-` is standard input
        file: PathBuf,
    },
    /// Describe one
    Show { id: CustomerKeyId },
    /// Change its name, cache lifetime or credentials; it must stay the same key
    Update {
        id: CustomerKeyId,
        /// File with the changes as JSON; `-` is standard input
        file: PathBuf,
    },
    /// Let it wrap and unwrap a seed without a use; then it is active
    Verify { id: CustomerKeyId },
    /// Put all key contexts that contain these pairs under it
    Attach {
        id: CustomerKeyId,
        /// As `key=value,…` or as a JSON object
        #[arg(value_name = "PAIRS", value_parser = argument::pattern)]
        pairs: ContextPattern,
        /// Show how far the job is until it ends
        #[arg(long)]
        watch: bool,
    },
    /// Put another one in its place
    Replace {
        id: CustomerKeyId,
        by: CustomerKeyId,
        /// Show how far the job is until it ends
        #[arg(long)]
        watch: bool,
    },
    /// Take it away from its policies
    Detach {
        id: CustomerKeyId,
        /// From this one only
        #[arg(long, value_name = "ID")]
        policy: Option<PolicyId>,
        /// Show how far the job is until it ends
        #[arg(long)]
        watch: bool,
    },
    /// Suspend it: what is under it is closed at once
    Disable { id: CustomerKeyId },
    /// Resume it
    Enable {
        id: CustomerKeyId,
        /// For moving away from it only: what is under it stays closed until it is moved
        #[arg(long)]
        rewrap_only: bool,
    },
    /// Forget one that wraps nothing and is attached to nothing
    Delete { id: CustomerKeyId },
    /// Say which key a key context would use, and why
    Which {
        /// As `key=value,…` or as a JSON object
        #[arg(value_parser = argument::key_context)]
        context: KeyContext,
    },
}

pub(super) async fn run(args: CustomerKeysArgs) -> Result<(), Failure> {
    let client = args.connection.client()?;
    let keys = client.customer_keys();
    match args.action {
        Action::List(list) => print::json(&keys.list(&list.into()).await?)?,
        Action::Register { file } => print::json(&keys.register(&read(&file)?).await?)?,
        Action::Show { id } => print::json(&keys.describe(id).await?)?,
        Action::Update { id, file } => print::json(&keys.update(id, &read(&file)?).await?)?,
        Action::Verify { id } => print::json(&keys.verify(id).await?)?,
        Action::Attach { id, pairs, watch } => {
            follow(&client, keys.attach(id, pairs).await?, watch).await?;
        }
        Action::Replace { id, by, watch } => {
            follow(&client, keys.replace(id, by).await?, watch).await?;
        }
        Action::Detach { id, policy, watch } => {
            follow(&client, keys.detach(id, policy).await?, watch).await?;
        }
        Action::Disable { id } => print::json(&keys.disable(id).await?)?,
        Action::Enable { id, rewrap_only } => {
            let purpose = if rewrap_only {
                EnableFor::Rewrap
            } else {
                EnableFor::Use
            };
            print::json(&keys.enable(id, purpose).await?)?;
        }
        Action::Delete { id } => {
            keys.delete(id).await?;
            print::note(format_args!("{id} is forgotten"));
        }
        Action::Which { context } => print::json(&keys.which_key(context).await?)?,
    }
    Ok(())
}

/// Prints what changed, after the job has ended if its course is to be shown.
async fn follow(client: &Client, mut moves: CustomerKeyMoves, watch: bool) -> Result<(), Failure> {
    if watch {
        let ended = jobs::watch(client, Some(moves.job.id)).await?;
        if let Some(job) = ended.into_iter().next() {
            moves.job = job;
        }
    }
    Ok(print::json(&moves)?)
}

/// Reads a description. Its text is wiped: it may hold credentials.
fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let mut text = Zeroizing::new(Vec::new());
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut text)?;
    } else {
        *text = std::fs::read(path).map_err(Failure::file(path))?;
    }
    serde_json::from_slice(&text).map_err(|error| Failure::file(path)(error.into()))
}
