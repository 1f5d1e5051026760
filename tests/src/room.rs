//! A workspace for one test, on a server that all tests of the process share.
//!
//! Workspaces are isolated from each other, so that a test knows every entry of its own log, and
//! one server is enough.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be set up fails its test"
)]

use core::fmt::Debug;
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use strongroom_client::{Client, ClientError, EntryFilter, RetryPolicy};
use strongroom_log::NoteVerifier;
use strongroom_types::body::{
    ClientCreate, ClientCreated, EntryView, IssuerCreate, IssuerInfo, IssuerKeys, LogEntryId,
    WorkspaceCreate,
};
use strongroom_types::{
    Code, ContextPattern, KeyContext, Outcome, Permission, Reason, WorkspaceId,
};

use crate::postgres;
use crate::reply::Reply;
use crate::server::Server;

/// Names the databases to test on, separated by commas; both if it is not set.
const DATABASES: &str = "STRONGROOM_TEST_DATABASES";

/// The `aud` of tokens that sign users of a [`Room`] in.
pub const SIGN_IN: &str = "strongroom-sign-in";

/// A database that tests run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// The embedded one.
    Sqlite,
    /// A throw-away PostgreSQL cluster.
    Postgres,
}

impl Database {
    /// Whether this run is about it.
    #[expect(
        clippy::disallowed_methods,
        reason = "CI names the databases, there is no other way in"
    )]
    pub fn is_tested(self) -> bool {
        let name = match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        };
        std::env::var(DATABASES).map_or(true, |names| names.split(',').any(|one| one == name))
    }

    /// Starts a server of its own.
    pub fn start(self) -> Server {
        match self {
            Self::Sqlite => Server::start().unwrap(),
            Self::Postgres => Server::start_on(Some(postgres::database("room").unwrap())).unwrap(),
        }
    }

    /// Starts a server of its own whose command is changed.
    pub fn start_changed(self, change: impl FnOnce(&mut Command)) -> Server {
        let database = match self {
            Self::Sqlite => None,
            Self::Postgres => Some(postgres::database("room").unwrap()),
        };
        Server::start_changed(database, change).unwrap()
    }

    /// The server that the tests share; it ends with the last test that uses it.
    fn shared(self) -> Arc<Server> {
        static SQLITE: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        static POSTGRES: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut running = match self {
            Self::Sqlite => &SQLITE,
            Self::Postgres => &POSTGRES,
        }
        .lock()
        .unwrap();
        if let Some(server) = running.upgrade() {
            return server;
        }
        let server = Arc::new(self.start());
        *running = Arc::downgrade(&server);
        server
    }
}

/// Makes one test per database of each `async fn(Room)` named.
#[macro_export]
macro_rules! on_each_database {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                $crate::room::run($crate::room::Database::Sqlite, super::$name).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                $crate::room::run($crate::room::Database::Postgres, super::$name).await;
            })+
        }
    };
}

/// Runs a test on a database, if this run is about that one.
pub async fn run(database: Database, test: impl AsyncFnOnce(Room)) {
    if database.is_tested() {
        test(Room::open(database.shared()).await).await;
    }
}

/// A workspace, its administrator's client, and the server.
#[derive(Debug)]
pub struct Room {
    /// The server, which other tests use too.
    pub server: Arc<Server>,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// A client with all permissions but that for workspaces.
    pub client: Client,
    /// The API key of that client.
    pub api_key: String,
    /// The development issuer, which the workspace trusts.
    pub issuer: IssuerInfo,
    http: reqwest::Client,
}

impl Room {
    /// Makes a workspace on the server.
    pub async fn open(server: Arc<Server>) -> Self {
        let request = WorkspaceCreate {
            name: "test".to_owned(),
            context_quota: None,
        };
        let system = client(&server, &administrator(&server));
        let created = system.workspaces().create(&request).await.unwrap();
        let api_key = created.api_key.secret;
        let client = client(&server, &api_key);
        let trusted = IssuerCreate {
            issuer: server.sheet().oidc.issuer.clone(),
            keys: IssuerKeys::Discovery {},
            audiences: vec!["strongroom".to_owned()],
            sign_in_audience: Some(SIGN_IN.to_owned()),
            clock_skew_s: None,
            display_claims: vec!["team".to_owned()],
        };
        let issuer = client.issuers().create(&trusted).await.unwrap();
        Self {
            workspace: created.workspace.id,
            client,
            api_key,
            issuer,
            http: reqwest::Client::new(),
            server,
        }
    }

    /// The server, where the test has it to itself.
    pub fn own_server(&mut self) -> &mut Server {
        Arc::get_mut(&mut self.server).unwrap()
    }

    /// Kills the server, where the test has it to itself, and starts it again.
    pub fn restart(&mut self) {
        self.own_server().restart().unwrap();
        self.reconnect();
    }

    /// Forgets connections to a process that is gone.
    pub fn reconnect(&mut self) {
        self.client = client(&self.server, &self.api_key);
        self.http = reqwest::Client::new();
    }

    /// A client of the system workspace with all permissions.
    pub fn system(&self) -> Client {
        client(&self.server, &administrator(&self.server))
    }

    /// A client with another API key, or with an exchanged token in its place.
    pub fn with_key(&self, api_key: &str) -> Client {
        client(&self.server, api_key)
    }

    /// Makes a client with these permissions and allowed key contexts.
    pub async fn make_client(
        &self,
        permissions: &[Permission],
        allowed: &[&[(&str, &str)]],
    ) -> (Client, ClientCreated) {
        let patterns = allowed
            .iter()
            .map(|pairs| ContextPattern::new(pairs.iter().copied()).unwrap());
        let request = ClientCreate {
            name: "program".to_owned(),
            permissions: permissions.to_vec(),
            allowed_contexts: patterns.collect(),
            expires_in: None,
        };
        let created = self.client.clients().create(&request).await.unwrap();
        (self.with_key(&created.api_key.secret), created)
    }

    /// A token of the development issuer for a subject.
    pub async fn token(&self, subject: &str) -> String {
        self.mint(json!({ "sub": subject })).await
    }

    /// A token of the development issuer with these claims beside the subject.
    pub async fn token_with(&self, subject: &str, claims: Value) -> String {
        self.mint(json!({ "sub": subject, "claims": claims })).await
    }

    /// A token of the development issuer, a bad one if asked for.
    pub async fn mint(&self, request: Value) -> String {
        self.server.mint(&request).await.unwrap()
    }

    /// The administrator's client on behalf of a person: locks to `["sub"]`.
    pub async fn person(&self, subject: &str) -> Client {
        self.client.with_lock_context(&self.token(subject).await)
    }

    /// A request with the administrator's API key.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.api_key)
    }

    /// A request without a credential.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.server.sheet().url);
        self.http.request(method, url)
    }

    /// Posts a body, however malformed, as JSON.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Reply {
        let request = self.request(Method::POST, path);
        let request = request.header("content-type", "application/json");
        Reply::of(request.body(body)).await
    }

    /// Reads a path with the administrator's API key.
    pub async fn read(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::GET, path)).await
    }

    /// All entries that a filter admits, page by page.
    pub async fn entries(&self, filter: EntryFilter) -> Vec<EntryView> {
        let mut filter = EntryFilter {
            limit: Some(1000),
            ..filter
        };
        let mut all = Vec::new();
        loop {
            let page = self.client.log().entries(&filter).await.unwrap();
            all.extend(page.entries);
            match page.next {
                None => return all,
                next => filter.page = next,
            }
        }
    }

    /// The entry with an id.
    pub async fn entry(&self, id: LogEntryId) -> EntryView {
        assert_eq!(id.log, self.workspace);
        let mut all = self.entries(EntryFilter::default()).await;
        all.retain(|entry| entry.index == id.index);
        all.pop().unwrap()
    }

    /// How the use that an answer's entry is about ended, and why: the entry says so itself, or one
    /// that is linked to it.
    pub async fn ending(&self, id: LogEntryId) -> (Outcome, Option<Reason>) {
        assert_eq!(id.log, self.workspace);
        let all = self.entries(EntryFilter::default()).await;
        let own = |entry: &&EntryView| entry.index == id.index;
        let linked = |entry: &&EntryView| entry.of == Some(id.index);
        let last = all.iter().rev().find(linked);
        let entry = last.or_else(|| all.iter().find(own)).unwrap();
        (entry.outcome, entry.reason)
    }

    /// Checks that a call was refused with this status and code, and that the log says why.
    pub async fn assert_refused<T: Debug>(
        &self,
        result: Result<T, ClientError>,
        (status, code): (u16, Code),
        reason: Reason,
    ) {
        let error = result.unwrap_err();
        let refusal = error.refusal().unwrap_or_else(|| unexpected(&error));
        assert_eq!(
            (refusal.status(), refusal.code()),
            (status, code),
            "{refusal}"
        );
        let (outcome, said) = self.ending(refusal.log_entry().unwrap()).await;
        assert_eq!(said, Some(reason));
        assert!(matches!(outcome, Outcome::Denied | Outcome::Failed));
    }

    /// Checks that an answer is a problem document with this status and code, and that the log says
    /// why.
    pub async fn assert_problem(&self, reply: &Reply, (status, code): (u16, &str), reason: Reason) {
        reply.assert_problem(status, code);
        let (outcome, said) = self.ending(reply.entry().unwrap()).await;
        assert_eq!(said, Some(reason), "{reply:?}");
        assert!(matches!(outcome, Outcome::Denied | Outcome::Failed));
    }

    /// The verifier key of the deployment, as `dev` printed it.
    pub fn verifier(&self) -> NoteVerifier {
        self.server.sheet().log_public_key.parse().unwrap()
    }
}

#[expect(clippy::panic, reason = "the test fails here")]
fn unexpected(error: &ClientError) -> ! {
    panic!("not a refusal: {error:?}")
}

/// A client that sends nothing twice: what a test counts, it sent.
fn client(server: &Server, api_key: &str) -> Client {
    Client::builder(&server.sheet().url)
        .api_key(api_key)
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

/// The API key of the system workspace's administrator, which development mode keeps in a file.
fn administrator(server: &Server) -> String {
    let text = std::fs::read(server.data().join("dev.json")).unwrap();
    let state: Value = serde_json::from_slice(&text).unwrap();
    state
        .get("administrator")
        .and_then(Value::as_str)
        .unwrap()
        .to_owned()
}

/// A key context of these pairs.
pub fn context(pairs: &[(&str, &str)]) -> KeyContext {
    KeyContext::new(pairs.iter().copied()).unwrap()
}

/// The key context of a tenant.
pub fn tenant(name: &str) -> KeyContext {
    context(&[("tenant", name)])
}
