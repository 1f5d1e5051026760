//! A deployment on a SQLite file in a temporary directory, with a clock and an anchor of its own.

use core::fmt::Debug;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, from_value, json};
use strongroom_core::ports::{
    Anchor, AnchorError, Clock, ConnectError, Deliver, DeliverError, Fetch, FetchError, Outage,
    Providers, Reading, Root, RootError, Tombstone,
};
use strongroom_core::{
    Ask, Bearer, Credentials, Denial, NamedContextCreate, OpenError, Origin, Parts, Refused,
    Settings, Strongroom,
};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_crypto::keys::{Place, Seed, WrappingKey};
use strongroom_crypto::secret::Secret;
use strongroom_store::{Database, StoreConfig};
use strongroom_types::body::{
    AlgorithmPolicy, EncryptRequest, NamedContextConfig, PolicyEnforcement, WorkspaceCreate,
};
use strongroom_types::{ClientId, KeyContext, Permission, ProviderKey, RequestId, WorkspaceId};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Each look is a millisecond after the one before.
#[derive(Debug)]
pub(crate) struct Ticking(AtomicI64);

/// 2026-11-23T00:00:00Z.
pub(crate) const START: i64 = 1_795_392_000_000_000;

impl Ticking {
    /// Lets time pass.
    pub(crate) fn pass(&self, time: Duration) {
        let micros = i64::try_from(time.as_micros()).unwrap();
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Default for Ticking {
    fn default() -> Self {
        Self(AtomicI64::new(START))
    }
}

impl Clock for Ticking {
    fn read(&self) -> Reading {
        let wall = self.0.fetch_add(1000, Ordering::SeqCst);
        Reading {
            wall,
            monotonic: Duration::from_micros((wall - START).unsigned_abs()),
        }
    }
}

/// A root whose key is this byte, again and again.
#[derive(Debug)]
pub(crate) struct TestRoot(pub(crate) u8);

/// The root of a deployment, unless a test says otherwise.
pub(crate) const ROOT: TestRoot = TestRoot(7);

impl TestRoot {
    fn key(&self) -> WrappingKey {
        WrappingKey::new(&Secret::from_bytes([self.0; 32]))
    }
}

#[async_trait]
impl Root for TestRoot {
    fn kind(&self) -> &'static str {
        "test"
    }

    fn is_symmetric(&self) -> bool {
        true
    }

    async fn wrap(
        &self,
        place: &Place,
        _context: Option<&KeyContext>,
        seed: &Seed,
    ) -> Result<Vec<u8>, RootError> {
        seed.wrap(&self.key(), place, &SystemEntropy)
            .map_err(|_no_entropy| RootError::Unavailable {
                provider: self.kind(),
                outage: Outage::Entropy,
            })
    }

    async fn unwrap(
        &self,
        place: &Place,
        _context: Option<&KeyContext>,
        wrapped: &[u8],
    ) -> Result<Seed, RootError> {
        Seed::unwrap(&self.key(), place, wrapped).map_err(|_altered| RootError::WrongRoot {
            provider: self.kind(),
        })
    }

    async fn probe(&self) -> Result<(), RootError> {
        Ok(())
    }
}

/// A deployment whose customers have no keys of their own.
#[derive(Debug)]
struct NoProviders;

impl Providers for NoProviders {
    fn connect(&self, description: &ProviderKey) -> Result<Arc<dyn Root>, ConnectError> {
        Err(ConnectError::NotBuilt {
            provider: description.kind(),
        })
    }
}

#[derive(Debug)]
struct Nowhere;

#[async_trait]
impl Fetch for Nowhere {
    async fn get(&self, _url: &str) -> Result<Vec<u8>, FetchError> {
        Err(FetchError::Status { status: 404 })
    }
}

/// A receiver of events, which takes what it is not told to refuse.
#[derive(Debug, Default)]
pub(crate) struct Letterbox {
    /// What came in: URL, signature and body.
    pub(crate) letters: Mutex<Vec<(String, String, Vec<u8>)>>,
    /// What the next ones are answered with.
    pub(crate) refusals: Mutex<VecDeque<DeliverError>>,
}

#[async_trait]
impl Deliver for Letterbox {
    fn check(&self, url: &str) -> Result<(), DeliverError> {
        url.starts_with("https://")
            .then_some(())
            .ok_or(DeliverError::Url)
    }

    async fn post(&self, url: &str, signature: &str, body: Vec<u8>) -> Result<(), DeliverError> {
        if let Some(refusal) = self.refusals.lock().unwrap().pop_front() {
            return Err(refusal);
        }
        let letter = (url.to_owned(), signature.to_owned(), body);
        self.letters.lock().unwrap().push(letter);
        Ok(())
    }
}

/// What outlives the database.
#[derive(Debug, Default)]
pub(crate) struct MemoryAnchor {
    pub(crate) checkpoints: Mutex<BTreeMap<WorkspaceId, String>>,
    pub(crate) tombstones: Mutex<Vec<Tombstone>>,
    /// Nothing can be written, as on a full disk.
    pub(crate) full: AtomicBool,
}

impl MemoryAnchor {
    fn writable(&self) -> Result<(), AnchorError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(AnchorError::Io(std::io::ErrorKind::StorageFull.into()));
        }
        Ok(())
    }
}

#[async_trait]
impl Anchor for MemoryAnchor {
    async fn checkpoints(&self) -> Result<Vec<(WorkspaceId, String)>, AnchorError> {
        let held = self.checkpoints.lock().unwrap();
        Ok(held.iter().map(|(id, note)| (*id, note.clone())).collect())
    }

    async fn put_checkpoint(&self, workspace: WorkspaceId, note: &str) -> Result<(), AnchorError> {
        self.writable()?;
        self.checkpoints
            .lock()
            .unwrap()
            .insert(workspace, note.to_owned());
        Ok(())
    }

    async fn tombstones(&self) -> Result<Vec<Tombstone>, AnchorError> {
        Ok(self.tombstones.lock().unwrap().clone())
    }

    async fn put_tombstone(&self, tombstone: &Tombstone) -> Result<(), AnchorError> {
        self.writable()?;
        self.tombstones.lock().unwrap().push(*tombstone);
        Ok(())
    }
}

/// An open database file.
pub(crate) async fn database(file: &Path) -> Arc<Database> {
    let config = StoreConfig::new(format!("sqlite:{}", file.display()));
    Arc::new(
        Database::open(&config, Arc::new(SystemEntropy))
            .await
            .unwrap(),
    )
}

/// Copies a database that is closed, with what its last connection may not have moved into the file.
pub(crate) fn back_up(file: &Path, to: &Path) {
    std::fs::copy(file, to).unwrap();
    let wal = |file: &Path| file.with_extension("db-wal");
    if wal(file).exists() {
        std::fs::copy(wal(file), wal(to)).unwrap();
    }
}

/// What a deployment on the database is made of.
pub(crate) fn parts(
    store: &Arc<Database>,
    anchor: &Arc<MemoryAnchor>,
    settings: Settings,
) -> Parts {
    Parts {
        store: Arc::<Database>::clone(store),
        root: Arc::new(ROOT),
        former_root: None,
        providers: Arc::new(NoProviders),
        clock: Arc::new(Ticking(AtomicI64::new(START))),
        entropy: Arc::new(SystemEntropy),
        fetch: Arc::new(Nowhere),
        deliver: Arc::new(Letterbox::default()),
        anchor: Arc::<MemoryAnchor>::clone(anchor),
        settings,
    }
}

/// A deployment on the database.
pub(crate) async fn open(
    store: &Arc<Database>,
    anchor: &Arc<MemoryAnchor>,
    settings: Settings,
) -> Result<Strongroom, OpenError> {
    let outside = (Arc::default(), Arc::default());
    open_at(&outside, store, anchor, settings).await
}

/// A deployment on the database with this clock and this receiver of events.
pub(crate) async fn open_at(
    (clock, letterbox): &(Arc<Ticking>, Arc<Letterbox>),
    store: &Arc<Database>,
    anchor: &Arc<MemoryAnchor>,
    settings: Settings,
) -> Result<Strongroom, OpenError> {
    let parts = Parts {
        clock: Arc::<Ticking>::clone(clock),
        deliver: Arc::<Letterbox>::clone(letterbox),
        ..parts(store, anchor, settings)
    };
    Strongroom::open(parts).await
}

/// A workspace and a client of it that may do everything.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) room: Strongroom,
    pub(crate) workspace: WorkspaceId,
    pub(crate) ask: Ask,
    pub(crate) clock: Arc<Ticking>,
    pub(crate) letterbox: Arc<Letterbox>,
    pub(crate) anchor: Arc<MemoryAnchor>,
    pub(crate) store: Arc<Database>,
    pub(crate) folder: TempDir,
}

impl World {
    /// A new deployment with one workspace, whose log has one entry.
    pub(crate) async fn new() -> Self {
        Self::under(Settings::default()).await
    }

    /// A new deployment under these settings.
    pub(crate) async fn under(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = database(&folder.path().join("strongroom.db")).await;
        let anchor = Arc::new(MemoryAnchor::default());
        let outside = (Arc::default(), Arc::default());
        let room = open_at(&outside, &store, &anchor, settings).await.unwrap();
        let (clock, letterbox) = outside;
        let first = room.initialise().await.unwrap().unwrap();
        let request = WorkspaceCreate {
            name: "acme".to_owned(),
            context_quota: None,
        };
        let created = room
            .workspace_create(&ask(&first.api_key.secret), request)
            .await;
        let created = created.unwrap().value;
        let (workspace, ask) = (created.workspace.id, ask(&created.api_key.secret));
        Self {
            room,
            workspace,
            ask,
            clock,
            letterbox,
            anchor,
            store,
            folder,
        }
    }

    /// A client that may do these things in the key contexts with these pairs.
    pub(crate) async fn client(
        &self,
        permissions: &[Permission],
        allowed: &Value,
    ) -> (ClientId, Ask) {
        let request = json!({
            "name": "program",
            "permissions": permissions,
            "allowed_contexts": allowed,
        });
        let request = from_value(request).unwrap();
        let made = self.room.client_create(&self.ask, request).await;
        let made = made.unwrap().value;
        (made.client.id, ask(&made.api_key.secret))
    }

    /// Declares a named context of whose data nothing is said.
    pub(crate) async fn declare_context(&self, name: &str) {
        let request = named_context(name);
        let made = self.room.named_context_create(&self.ask, request).await;
        made.unwrap();
    }

    /// Closes everything, so that the database is one file.
    pub(crate) async fn close(self) -> (TempDir, Arc<MemoryAnchor>) {
        let Self {
            room,
            anchor,
            store,
            folder,
            ..
        } = self;
        room.close().await;
        drop(room);
        Arc::into_inner(store).unwrap().close().await;
        (folder, anchor)
    }

    /// Seals until the log has `size` entries.
    pub(crate) async fn grow(&self, size: u64) {
        let mut next = self.seal("org_acme").await + 1;
        let mut tasks = JoinSet::new();
        while next < size {
            let (room, ask) = (self.room.clone(), self.ask.clone());
            tasks.spawn(async move { room.encrypt(&ask, value("org_acme")).await.map(drop) });
            next += 1;
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap().unwrap();
        }
    }

    /// Seals one value and gives the index of its entry.
    pub(crate) async fn seal(&self, organization: &str) -> u64 {
        let answered = self
            .room
            .encrypt(&self.ask, value(organization))
            .await
            .unwrap();
        answered.entry.unwrap().index
    }
}

/// A request with this API key.
pub(crate) fn ask(api_key: &str) -> Ask {
    Ask {
        credentials: Credentials {
            bearer: Some(Arc::new(Bearer::new(api_key))),
            ..Credentials::default()
        },
        origin: Origin {
            request_id: RequestId::from_bytes([3; 16]),
            address: Some("192.0.2.1".to_owned()),
            user_agent: Some("test/1".to_owned()),
        },
        metadata: None,
        idempotency: None,
    }
}

/// Why something was refused.
pub(crate) fn why<T: Debug>(refused: Result<T, Refused>) -> Denial {
    refused.unwrap_err().denial
}

/// A named context of whose data nothing is said.
pub(crate) fn named_context(name: &str) -> NamedContextCreate {
    NamedContextCreate {
        name: name.parse().unwrap(),
        display_name: name.to_owned(),
        description: String::new(),
        config: NamedContextConfig::default(),
        algorithm_policy: AlgorithmPolicy::default(),
        enforcement: PolicyEnforcement::default(),
    }
}

/// The key context of an organisation.
pub(crate) fn context(organization: &str) -> KeyContext {
    KeyContext::new([("organizationId", organization)]).unwrap()
}

fn value(organization: &str) -> EncryptRequest {
    EncryptRequest::new(context(organization), b"value".to_vec())
}
