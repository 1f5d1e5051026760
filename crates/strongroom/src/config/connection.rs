//! What the commands that talk to a server need to know.

use std::path::PathBuf;

use clap::Args;
use strongroom_client::Client;
use zeroize::Zeroizing;

use super::file::File;
use super::{ConfigError, FileArgs, secret};
use crate::failure::Failure;

/// A server and the credential to use with it.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConnectionArgs {
    #[command(flatten)]
    pub(super) file: FileArgs,
    /// Address of the server; `http://127.0.0.1:8320` if nothing is said
    #[arg(long, env = "STRONGROOM_URL", value_name = "URL", global = true)]
    url: Option<String>,
    /// File with the API key; else `STRONGROOM_API_KEY`, else the configuration file
    #[arg(
        long,
        env = "STRONGROOM_API_KEY_FILE",
        value_name = "FILE",
        global = true
    )]
    api_key_file: Option<PathBuf>,
    /// Send the API key over plain HTTP to another machine, through a network that is safe
    #[arg(
        long,
        env = "STRONGROOM_CLIENT_ALLOW_PLAIN_HTTP",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL",
        global = true
    )]
    allow_plain_http: Option<bool>,
}

const URL: &str = "http://127.0.0.1:8320";

impl ConnectionArgs {
    /// The client that flags, environment and file describe.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let file = self.file.read()?;
        let key = self.api_key(&file)?;
        let url = self.url.clone().or(file.client.url);
        let open = self.allow_plain_http.or(file.client.allow_plain_http);
        let builder =
            Client::builder(url.as_deref().unwrap_or(URL)).allow_plain_http(open.unwrap_or(false));
        Ok(builder.api_key(key.as_str()).build()?)
    }

    pub(super) fn api_key(&self, file: &File) -> Result<Zeroizing<String>, ConfigError> {
        let (path, from_file) = (&self.api_key_file, &file.client.api_key_file);
        let key = secret("STRONGROOM_API_KEY", path.as_deref(), from_file.as_deref())?;
        key.ok_or(ConfigError::NoApiKey)
    }
}

/// On whose behalf.
#[derive(Args, Clone, Debug)]
pub(crate) struct IdentityArgs {
    /// File with the person's JWT; else `STRONGROOM_IDENTITY_TOKEN`
    #[arg(long, env = "STRONGROOM_IDENTITY_TOKEN_FILE", value_name = "FILE")]
    identity_token_file: Option<PathBuf>,
}

impl IdentityArgs {
    /// The client on behalf of the person, if one is named.
    pub(crate) fn apply(&self, client: &Client) -> Result<Client, Failure> {
        let path = self.identity_token_file.as_deref();
        Ok(match secret("STRONGROOM_IDENTITY_TOKEN", path, None)? {
            None => client.clone(),
            Some(token) => client.with_lock_context(token.as_str()),
        })
    }
}
