//! `strongroom admin policies`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use strongroom_types::PolicyId;
use strongroom_types::body::PolicyBody;

use super::ListArgs;
use crate::config::ConnectionArgs;
use crate::failure::Failure;
use crate::print;

#[derive(Args, Debug)]
#[command(after_help = "\
Demand that personal data is locked to a person, and rotate its keys every 90 days:
  echo '{\"match\":{\"dataType\":\"pii\"},\"required_lock\":[\"sub\"],\"rotation\":{\"age_s\":7776000}}' \\
      | strongroom admin policies create -")]
pub(in crate::command) struct PoliciesArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// List them
    List(ListArgs),
    /// Make one
    Create {
        /// File with the policy as JSON; `-` is standard input
        file: PathBuf,
    },
    /// Describe one
    Show { id: PolicyId },
    /// Replace what one says
    Replace {
        id: PolicyId,
        /// File with the policy as JSON; `-` is standard input
        file: PathBuf,
    },
    /// Remove one
    Delete { id: PolicyId },
}

pub(super) async fn run(args: PoliciesArgs) -> Result<(), Failure> {
    let client = args.connection.client()?;
    let policies = client.policies();
    match args.action {
        Action::List(list) => print::json(&policies.list(&list.into()).await?)?,
        Action::Create { file } => print::json(&policies.create(&read(&file)?).await?)?,
        Action::Show { id } => print::json(&policies.describe(id).await?)?,
        Action::Replace { id, file } => {
            print::json(&policies.replace(id, &read(&file)?).await?)?;
        }
        Action::Delete { id } => {
            policies.delete(id).await?;
            print::note(format_args!("{id} is removed"));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<PolicyBody, Failure> {
    let mut text = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut text)?;
    } else {
        text = std::fs::read(path).map_err(Failure::file(path))?;
    }
    serde_json::from_slice(&text).map_err(|error| Failure::file(path)(error.into()))
}
