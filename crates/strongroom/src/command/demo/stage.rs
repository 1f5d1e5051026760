//! The stage: a server on a temporary directory, and who speaks to it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use strongroom_client::Client;
use strongroom_log::NoteVerifier;
use strongroom_server::DevInfo;
use strongroom_types::body::{ClientCreate, LogEntryId};
use strongroom_types::{ContextPattern, Permission};
use tempfile::TempDir;

use super::DemoError;
use super::report::Report;
use super::table::Table;
use crate::playground::Playground;

/// How many requests are under way at once.
pub(super) const PARALLEL: usize = 16;
/// The loopback address with a free port.
const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// How long an identity's token lives: longer than the demo.
const TOKEN_SECONDS: u64 = 3600;

/// A server on a temporary directory, and who speaks to it.
pub(super) struct Stage {
    playground: Playground,
    /// The application: all permissions in the first workspace.
    pub(super) client: Client,
    /// An application of another workspace.
    pub(super) stranger: Client,
    /// The log's public key, as it was told at the start.
    pub(super) log_key: NoteVerifier,
    http: reqwest::Client,
    tokens: BTreeMap<String, String>,
    pub(super) directory: TempDir,
    last_seen: AtomicU64,
}

impl Stage {
    /// Starts the server and has a token minted for each identity of the table.
    pub(super) async fn set(table: &Table, report: &mut Report) -> Result<Self, DemoError> {
        let directory = TempDir::with_prefix("strongroom-demo-").map_err(DemoError::Directory)?;
        let playground =
            Playground::start(directory.path().join("data"), FREE_PORT, None, None).await?;
        let info = playground.info();
        let mut stage = Self {
            client: connect(info, &info.api_key)?,
            stranger: connect(info, &info.second_workspace.api_key)?,
            log_key: info.log_public_key.parse()?,
            http: reqwest::Client::new(),
            tokens: BTreeMap::new(),
            playground,
            directory,
            last_seen: AtomicU64::new(0),
        };
        report.end("start a server", 1, 0);
        stage.tokens = stage.mint_all(table).await?;
        report.end("have identity tokens minted", stage.tokens.len(), 0);
        Ok(stage)
    }

    /// Remembers that an answer named this entry.
    pub(super) fn saw(&self, entry: LogEntryId) {
        self.last_seen.fetch_max(entry.index, Ordering::Relaxed);
    }

    /// The highest index that an answer named: the log must hold it.
    pub(super) fn last_seen(&self) -> u64 {
        self.last_seen.load(Ordering::Relaxed)
    }

    /// Shuts the server down; the directory goes with the stage.
    pub(super) async fn strike(self) {
        self.playground.shutdown().await;
    }

    /// The application on behalf of an identity of the table.
    pub(super) fn on_behalf_of(&self, identity: &str) -> Client {
        self.as_identity(&self.client, identity)
    }

    /// A client on behalf of an identity of the table.
    pub(super) fn as_identity(&self, client: &Client, identity: &str) -> Client {
        let token = self.tokens.get(identity).map_or("", String::as_str);
        client.with_lock_context(token)
    }

    /// A client with another API key.
    pub(super) fn with_key(&self, api_key: &str) -> Result<Client, DemoError> {
        Ok(connect(self.playground.info(), api_key)?)
    }

    /// A new client of the workspace with these permissions and allowed contexts.
    pub(super) async fn new_client(
        &self,
        name: &str,
        permissions: &[Permission],
        allowed_contexts: Vec<ContextPattern>,
    ) -> Result<Client, DemoError> {
        let body = ClientCreate {
            name: name.to_owned(),
            permissions: permissions.to_vec(),
            allowed_contexts,
            expires_in: None,
        };
        let created = self.client.clients().create(&body).await?;
        self.with_key(&created.api_key.secret)
    }

    async fn mint_all(&self, table: &Table) -> Result<BTreeMap<String, String>, DemoError> {
        stream::iter(table.identities().keys())
            .map(async |identity| {
                let request = json!({"sub": identity, "expires_in": TOKEN_SECONDS});
                Ok((identity.clone(), self.mint(&request).await?))
            })
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await
    }

    /// Has a token minted by the development issuer.
    pub(super) async fn mint(&self, request: &Value) -> Result<String, DemoError> {
        let url = &self.playground.info().oidc.token_url;
        let answer = self.http.post(url).json(request).send().await;
        let answer: Minted = answer
            .and_then(reqwest::Response::error_for_status)
            .map_err(DemoError::Issuer)?
            .json()
            .await
            .map_err(DemoError::Issuer)?;
        Ok(answer.token)
    }
}

/// The answer of the development issuer.
#[derive(serde::Deserialize)]
struct Minted {
    token: String,
}

fn connect(info: &DevInfo, api_key: &str) -> Result<Client, strongroom_client::ClientError> {
    Client::builder(&info.url).api_key(api_key).build()
}
