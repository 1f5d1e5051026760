//! `strongroom admin issuers`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use strongroom_types::IssuerId;
use strongroom_types::body::{IssuerCreate, IssuerKeys, IssuerUpdate};

use super::ListArgs;
use crate::config::{ConnectionArgs, read_text};
use crate::failure::Failure;
use crate::print;

#[derive(Args, Debug)]
#[command(after_help = "\
Trust the tokens of an OpenID provider that are meant for `shop`:
  strongroom admin issuers create https://login.example.com --audience shop

Whoever may do this can impersonate the workspace's identities.")]
pub(in crate::command) struct IssuersArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// List them
    List(ListArgs),
    /// Trust one
    Create {
        /// The `iss` of its tokens, byte for byte; it can never be changed
        issuer: String,
        #[command(flatten)]
        keys: KeysArgs,
        #[command(flatten)]
        rules: Rules,
    },
    /// Describe one
    Show { id: IssuerId },
    /// Change one; lists that are given replace the old ones
    Update {
        id: IssuerId,
        #[command(flatten)]
        keys: KeysArgs,
        #[command(flatten)]
        rules: Rules,
    },
    /// Suspend one
    Disable { id: IssuerId },
    /// Resume one
    Enable { id: IssuerId },
}

#[derive(Args, Debug)]
#[group(multiple = false)]
struct KeysArgs {
    /// Where its keys are; OpenID discovery below the issuer's URL if absent
    #[arg(long, value_name = "URL")]
    jwks_url: Option<String>,
    /// File with its keys, and no others: a JWKS document
    #[arg(long, value_name = "FILE")]
    jwks_file: Option<PathBuf>,
}

impl KeysArgs {
    fn read(&self) -> Result<Option<IssuerKeys>, Failure> {
        if let Some(path) = &self.jwks_file {
            let text = read_text(path)?;
            let keys = serde_json::from_str(&text).map_err(|error| Failure::File {
                path: path.clone(),
                source: error.into(),
            })?;
            return Ok(Some(IssuerKeys::Jwks(keys)));
        }
        Ok(self.jwks_url.clone().map(IssuerKeys::JwksUrl))
    }
}

#[derive(Args, Debug)]
struct Rules {
    /// An `aud` that its tokens may name; repeat for more
    #[arg(long = "audience", value_name = "AUD")]
    audiences: Vec<String>,
    /// The `aud` of tokens that sign users in, and open no lock; an empty one ends that
    #[arg(long, value_name = "AUD")]
    sign_in_audience: Option<String>,
    /// Clock skew allowed, in seconds
    #[arg(long, value_name = "SECONDS")]
    clock_skew_s: Option<u32>,
    /// A claim shown in the log beside the subject; repeat for more
    #[arg(long = "display-claim", value_name = "CLAIM")]
    display_claims: Vec<String>,
}

pub(super) async fn run(args: IssuersArgs) -> Result<(), Failure> {
    let client = args.connection.client()?;
    let issuers = client.issuers();
    match args.action {
        Action::List(list) => print::json(&issuers.list(&list.into()).await?)?,
        Action::Create {
            issuer,
            keys,
            rules,
        } => {
            let body = IssuerCreate {
                issuer,
                keys: keys.read()?.unwrap_or(IssuerKeys::Discovery {}),
                audiences: rules.audiences,
                sign_in_audience: rules.sign_in_audience,
                clock_skew_s: rules.clock_skew_s,
                display_claims: rules.display_claims,
            };
            print::json(&issuers.create(&body).await?)?;
        }
        Action::Show { id } => print::json(&issuers.describe(id).await?)?,
        Action::Update { id, keys, rules } => {
            let given = |list: Vec<String>| (!list.is_empty()).then_some(list);
            let body = IssuerUpdate {
                keys: keys.read()?,
                audiences: given(rules.audiences),
                sign_in_audience: rules.sign_in_audience,
                clock_skew_s: rules.clock_skew_s,
                display_claims: given(rules.display_claims),
                disabled: None,
            };
            print::json(&issuers.update(id, &body).await?)?;
        }
        Action::Disable { id } => print::json(&issuers.update(id, &disabled(true)).await?)?,
        Action::Enable { id } => print::json(&issuers.update(id, &disabled(false)).await?)?,
    }
    Ok(())
}

fn disabled(disabled: bool) -> IssuerUpdate {
    IssuerUpdate {
        disabled: Some(disabled),
        ..IssuerUpdate::default()
    }
}
