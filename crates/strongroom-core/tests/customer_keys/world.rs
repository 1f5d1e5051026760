//! A deployment whose provider of customers' keys and whose clock the test controls.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::json;
use strongroom_core::ports::{Clock, Providers, Reading, Root};
use strongroom_core::{Ask, Denial, EntriesQuery, OpenError, Parts, Refused, Settings, Strongroom};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_store::{Database, StoreConfig};
use strongroom_types::body::{
    CustomerKeyAttach, CustomerKeyCreate, CustomerKeyMoves, DecryptRequest, EncryptAnswer,
    EncryptRequest, EntryView, JobInfo, JobState, WorkspaceCreate,
};
use strongroom_types::{
    Bytes, ContextId, ContextPattern, CustomerKeyId, JobId, KeyContext, Operation, WorkspaceId,
};
use tempfile::TempDir;

use crate::postgres;
use crate::provider::{FakeKey, FakeProvider};
use crate::support::{MemoryAnchor, START, ask, parts};

/// A clock that goes on by a microsecond at each look, and as far as the test says.
#[derive(Debug)]
pub(crate) struct Hands(AtomicI64);

impl Clock for Hands {
    fn read(&self) -> Reading {
        let wall = self.0.fetch_add(1, Ordering::SeqCst);
        Reading {
            wall,
            monotonic: Duration::from_micros((wall - START).unsigned_abs()),
        }
    }
}

/// A deployment, a workspace, and a client of it that may do everything.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) room: Strongroom,
    pub(crate) ask: Ask,
    /// A client of the system workspace.
    pub(crate) system: Ask,
    pub(crate) workspace: WorkspaceId,
    pub(crate) store: Arc<Database>,
    provider: Arc<FakeProvider>,
    clock: Arc<Hands>,
    anchor: Arc<MemoryAnchor>,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("strongroom.db");
        Self::on(format!("sqlite:{}", file.display()), folder).await
    }

    /// `None` if this run is not about PostgreSQL.
    #[expect(
        clippy::disallowed_methods,
        reason = "the tests have no configuration but this"
    )]
    pub(crate) async fn on_postgres() -> Option<Self> {
        let names = std::env::var("STRONGROOM_TEST_DATABASES");
        if names.is_ok_and(|names| !names.contains("postgres")) {
            return None;
        }
        let url = postgres::database("keys").unwrap();
        Some(Self::on(url, tempfile::tempdir().unwrap()).await)
    }

    async fn on(url: String, folder: TempDir) -> Self {
        let config = StoreConfig::new(url);
        let store = Database::open(&config, Arc::new(SystemEntropy)).await;
        let store = Arc::new(store.unwrap());
        let provider = Arc::new(FakeProvider::default());
        let clock = Arc::new(Hands(AtomicI64::new(START)));
        let anchor = Arc::new(MemoryAnchor::default());
        let room = node(&store, &anchor, (&provider, &clock)).await;
        let first = room.initialise().await.unwrap().unwrap();
        let request = WorkspaceCreate {
            name: "acme and beta".to_owned(),
            context_quota: None,
        };
        let created = room
            .workspace_create(&ask(&first.api_key.secret), request)
            .await
            .unwrap()
            .value;
        Self {
            ask: ask(&created.api_key.secret),
            system: ask(&first.api_key.secret),
            workspace: created.workspace.id,
            _folder: folder,
            room,
            store,
            provider,
            clock,
            anchor,
        }
    }

    /// Another node on the same database, which has nothing in memory yet.
    pub(crate) async fn node(&self) -> Strongroom {
        node(&self.store, &self.anchor, (&self.provider, &self.clock)).await
    }

    /// Another node, with this root and this former one.
    pub(crate) async fn node_under(
        &self,
        root: Arc<dyn Root>,
        former_root: Option<Arc<dyn Root>>,
    ) -> Result<Strongroom, OpenError> {
        let clock: Arc<dyn Clock> = Arc::<Hands>::clone(&self.clock);
        let parts = Parts {
            root,
            former_root,
            clock,
            ..parts(&self.store, &self.anchor, Settings::default())
        };
        Strongroom::open(parts).await
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: u64) {
        let micros = i64::try_from(seconds).unwrap() * 1_000_000;
        self.clock.0.fetch_add(micros, Ordering::SeqCst);
    }

    /// The key of this name at the provider.
    pub(crate) fn at_provider(&self, name: &str) -> Arc<FakeKey> {
        self.provider.key(name)
    }

    /// The key contexts that are remembered as destroyed outside the database.
    pub(crate) fn tombstones(&self) -> Vec<ContextId> {
        let held = self.anchor.tombstones.lock().unwrap();
        held.iter().map(|tombstone| tombstone.context).collect()
    }

    /// Registers and verifies a key.
    pub(crate) async fn key(&self, name: &str, cache_s: Option<u32>) -> CustomerKeyId {
        let request = description(name, cache_s);
        let registered = self.room.customer_key_register(&self.ask, request).await;
        let id = registered.unwrap().value.id;
        self.room.customer_key_verify(&self.ask, id).await.unwrap();
        id
    }

    /// Attaches a key to all key contexts of an organisation.
    pub(crate) async fn attach(&self, key: CustomerKeyId, organization: &str) -> CustomerKeyMoves {
        let request = CustomerKeyAttach {
            matches: ContextPattern::new([("organizationId", organization)]).unwrap(),
        };
        let attached = self.room.customer_key_attach(&self.ask, key, request).await;
        attached.unwrap().value
    }

    /// Attaches a key and lets the job do its work.
    pub(crate) async fn attach_all(&self, key: CustomerKeyId, organization: &str) -> JobInfo {
        let moves = self.attach(key, organization).await;
        self.done(moves.job.id).await
    }

    pub(crate) async fn job(&self, id: JobId) -> JobInfo {
        self.room.job(&self.ask, id).await.unwrap().value
    }

    /// Lets a job that nothing is in the way of do its work.
    pub(crate) async fn done(&self, id: JobId) -> JobInfo {
        self.room.work().await;
        let job = self.job(id).await;
        assert_eq!(job.state, JobState::Done, "{job:?}");
        job
    }

    pub(crate) async fn seal(&self, map: &KeyContext, value: &str) -> EncryptAnswer {
        self.try_seal(map, value).await.unwrap()
    }

    pub(crate) async fn try_seal(
        &self,
        map: &KeyContext,
        value: &str,
    ) -> Result<EncryptAnswer, Denial> {
        let request = EncryptRequest::new(map.clone(), value);
        let answered = self.room.encrypt(&self.ask, request).await;
        answered.map(|answered| answered.value).map_err(denial)
    }

    pub(crate) async fn open(
        &self,
        map: &KeyContext,
        ciphertext: &Bytes,
    ) -> Result<String, Denial> {
        open_at(&self.room, &self.ask, map, ciphertext).await
    }

    /// The entries of an operation, oldest first.
    pub(crate) async fn entries(&self, operation: Operation) -> Vec<EntryView> {
        let query = EntriesQuery {
            operation: Some(operation),
            limit: Some(1000),
            ..EntriesQuery::default()
        };
        let page = self.room.log_entries(&self.ask, query).await;
        page.unwrap().value.entries
    }
}

async fn node(
    store: &Arc<Database>,
    anchor: &Arc<MemoryAnchor>,
    (provider, clock): (&Arc<FakeProvider>, &Arc<Hands>),
) -> Strongroom {
    let providers: Arc<dyn Providers> = Arc::<FakeProvider>::clone(provider);
    let clock: Arc<dyn Clock> = Arc::<Hands>::clone(clock);
    let parts = Parts {
        providers,
        clock,
        ..parts(store, anchor, Settings::default())
    };
    Strongroom::open(parts).await.unwrap()
}

/// How a key is registered.
pub(crate) fn description(name: &str, cache_s: Option<u32>) -> CustomerKeyCreate {
    let json = json!({
        "name": format!("key {name}"),
        "cache_s": cache_s,
        "key": way(name, "hunter2"),
    });
    serde_json::from_value(json).unwrap()
}

/// The way to a key at the provider.
pub(crate) fn way(name: &str, secret: &str) -> serde_json::Value {
    json!({
        "provider": "aws_kms",
        "key": name,
        "region": "eu-central-1",
        "access_key_id": "AKIA",
        "secret_access_key": secret,
    })
}

/// Opens a value at one node.
pub(crate) async fn open_at(
    room: &Strongroom,
    ask: &Ask,
    map: &KeyContext,
    ciphertext: &Bytes,
) -> Result<String, Denial> {
    let request = DecryptRequest::new(map.clone(), ciphertext.clone());
    let answered = room.decrypt(ask, request).await.map_err(denial)?;
    Ok(String::from_utf8(answered.value.plaintext.0).unwrap())
}

pub(crate) fn denial(refused: Refused) -> Denial {
    refused.denial
}

/// The key context of an organisation's data of one kind.
pub(crate) fn data(organization: &str, kind: &str) -> KeyContext {
    KeyContext::new([("organizationId", organization), ("dataType", kind)]).unwrap()
}
