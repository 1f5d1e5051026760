//! `strongroom dev`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use strongroom_server::DevInfo;
use strongroom_server::telemetry::{self, LogFormat};

use super::serve::interrupted;
use crate::argument::DatabaseUrl;
use crate::config::{ApplicationArgs, FipsArgs, KeyProviderArgs};
use crate::failure::Failure;
use crate::playground::Playground;
use crate::print;

/// Serves a playground.
#[derive(Args, Debug)]
#[command(after_help = "\
Play:
  strongroom dev --data ./playground

For programs: one line of JSON with the address and the keys, then it serves.
  strongroom dev --listen 127.0.0.1:8320 --data ./playground --json

Started again on the same directory it has the same ids and keys. Its issuer is named by its
address: on another port it is another one, and what was locked to a person before does not open.
The issuer mints a token for whoever asks, so it listens on this machine only.")]
pub(super) struct DevArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8320", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Directory of everything that must last; made if it is not there
    #[arg(long, default_value = "strongroom-dev", value_name = "DIR")]
    data: PathBuf,
    /// PostgreSQL URL, instead of SQLite in the directory
    #[arg(long, value_name = "URL")]
    database: Option<DatabaseUrl>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    providers: KeyProviderArgs,
    #[command(flatten)]
    fips: FipsArgs,
    #[command(flatten)]
    applications: ApplicationArgs,
    /// What to write to standard error; `strongroom_server::denial` tells why requests are refused
    #[arg(
        long = "log",
        env = "STRONGROOM_LOG",
        default_value = "warn",
        value_name = "FILTER"
    )]
    log: String,
}

pub(super) async fn run(args: &DevArgs) -> Result<(), Failure> {
    telemetry::start(LogFormat::Text, &args.log)?;
    let (data, database) = (args.data.clone(), args.database.clone());
    let allowed = Some((&args.providers, args.fips, args.applications));
    let playground = Playground::start(data, args.listen, database, allowed).await?;
    if args.json {
        let line = serde_json::to_string(playground.info()).map_err(std::io::Error::from)?;
        print::line(line)?;
    } else {
        print::line(page(playground.info()))?;
    }
    interrupted().await?;
    playground.shutdown().await;
    Ok(())
}

/// What a person needs to begin: three commands, of which the second gives the third its token.
fn page(info: &DevInfo) -> String {
    let (url, api_key, workspace) = (&info.url, &info.api_key, info.workspace);
    let (log_key, token_url) = (&info.log_public_key, &info.oidc.token_url);
    let second = &info.second_workspace.api_key;
    let workos = &info.workos.api_key;
    let (stack, stack_key) = (&info.stack.project_id, &info.stack.secret_server_key);
    format!(
        r#"Strongroom, for play.

  address         {url}
  documentation   {url}/docs
  workspace       {workspace}
  API key         {api_key}
  another one's   {second}
  for WorkOS SDKs {workos}
  for Stack SDKs  {stack_key}
  their project   {stack}
  log's key       {log_key}

Seal a value under Acme's key:

  curl -s {url}/v1/encrypt -H 'Authorization: Bearer {api_key}' -H 'Content-Type: application/json' -d '{{"key_context":{{"tenant":"acme"}},"plaintext":"aGVsbG8="}}'

Lock one to Alice, with a token from the issuer that is built in; only her token opens it:

  curl -s {url}/v1/encrypt -H 'Authorization: Bearer {api_key}' -H "Strongroom-Identity: $(curl -s {token_url} -d '{{"sub":"alice"}}' | cut -d '"' -f 4)" -H 'Content-Type: application/json' -d '{{"key_context":{{"tenant":"acme"}},"plaintext":"aGVsbG8=","lock":["sub"]}}'

Read what the log says about it:

  curl -s {url}/v1/log/entries -H 'Authorization: Bearer {api_key}'

Stop with Ctrl-C; the directory keeps everything. Start it on the same port again: on another one the
issuer is another, and what is locked to a person does not open."#
    )
}

#[cfg(test)]
mod tests {
    use strongroom_server::{
        DevCipherStash, DevCryptoServe, DevOidc, DevSecond, DevStack, DevWorkOs,
    };
    use strongroom_types::WorkspaceId;

    use super::*;

    #[test]
    fn page_has_three_commands_to_paste() {
        let url = "http://127.0.0.1:8320".to_owned();
        let workspace = WorkspaceId::from_bytes([7; 16]);
        let workos = |api_key: &str| DevWorkOs {
            api_key: api_key.to_owned(),
        };
        let stack = || DevStack {
            project_id: "00000000-0000-0000-0000-000000000000".to_owned(),
            secret_server_key: "sr_5".to_owned(),
            super_secret_admin_key: "sr_6".to_owned(),
        };
        let cipherstash = || DevCipherStash {
            workspace_crn: "crn:ap-southeast-2.aws:AAAAAAAAAAAAAAAA".to_owned(),
            workspace_id: "AAAAAAAAAAAAAAAA".to_owned(),
            client_id: strongroom_types::KeysetClientId::from_random([7; 16]),
            client_key: "a4".to_owned(),
            access_key: "CSAK1.2".to_owned(),
            cts_url: url.clone(),
        };
        let page = page(&DevInfo {
            workspace,
            api_key: "sr_1".to_owned(),
            log_public_key: "strongroom+1+2".to_owned(),
            oidc: DevOidc {
                issuer: format!("{url}/dev/oidc"),
                token_url: format!("{url}/dev/oidc/token"),
            },
            second_workspace: DevSecond {
                workspace,
                api_key: "sr_2".to_owned(),
                workos: workos("sr_4"),
                stack: stack(),
                cipherstash: cipherstash(),
            },
            workos: workos("sr_3"),
            stack: stack(),
            cipherstash: cipherstash(),
            cryptoserve: DevCryptoServe {
                session_cookie: "sr_7".to_owned(),
                viewer_cookie: "sr_8".to_owned(),
                other_session_cookie: "sr_9".to_owned(),
            },
            url,
        });
        assert_eq!(page.matches("\n  curl ").count(), 3);
        assert!(!page.contains("{{"));
        assert!(page.contains("on the same port"));
    }
}
