//! The façade: one deployment's running state, and how it starts.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use moka::future::Cache;
use strongroom_crypto::entropy::{Entropy, EntropyUnavailable};
use strongroom_log::NoteError;
use strongroom_types::{RequestId, WorkspaceId};

use crate::customer_key::{Connections, CustomerKeys};
use crate::denial::Denial;
use crate::deployment::Deployment;
use crate::door::{Floods, Keyring};
use crate::guard::Guards;
use crate::identity::{Issuers, KeyCache};
use crate::log::Logs;
use crate::policy::Policies;
use crate::ports::{
    Anchor, AnchorError, Clock, Deliver, Fetch, Providers, RecordKind, Root, RootError, Store,
    StoreError, WorkspaceRow,
};
use crate::record;
use crate::root::MovingRoot;
use crate::settings::Settings;
use crate::time::Time;
use crate::workspace::{WorkspaceKeys, WorkspaceState, WrappedSeeds};

/// What a deployment is made of.
#[derive(Debug)]
pub struct Parts {
    /// Keeps everything that must last.
    pub store: Arc<dyn Store>,
    /// Wraps the seeds of workspaces.
    pub root: Arc<dyn Root>,
    /// The root of before, whose seeds move to the present one.
    pub former_root: Option<Arc<dyn Root>>,
    /// Connects to customers' own keys.
    pub providers: Arc<dyn Providers>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws salts, keys and ids.
    pub entropy: Arc<dyn Entropy>,
    /// Fetches issuers' keys.
    pub fetch: Arc<dyn Fetch>,
    /// Sends events to their receivers.
    pub deliver: Arc<dyn Deliver>,
    /// Remembers checkpoints and tombstones outside the store.
    pub anchor: Arc<dyn Anchor>,
    /// What the operator decides.
    pub settings: Settings,
}

/// Why a deployment does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The root does not answer, or is not this deployment's.
    #[error(transparent)]
    Root(#[from] RootError),
    /// What is kept outside the store does not answer.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// The log's name cannot stand in a signed note.
    #[error(transparent)]
    LogName(#[from] NoteError),
    /// A signing key cannot be made of its seed.
    #[error("signing key cannot be made of its seed")]
    SigningKey,
    /// A row of the deployment itself is damaged.
    #[error("deployment's own rows are damaged")]
    Damaged,
    /// The store is older than what was signed outside it.
    #[error(
        "log of {workspace} has {stored} entries, but a checkpoint kept outside the database has \
         {signed}: the database was rolled back. Restore a newer one, or begin a new generation of \
         the log by name"
    )]
    RolledBack {
        /// Whose log.
        workspace: WorkspaceId,
        /// Entries in the store.
        stored: u64,
        /// Entries in the checkpoint.
        signed: u64,
    },
    /// The store's log is not a continuation of what was signed outside it.
    #[error(
        "log of {workspace} is not the one that the checkpoint kept outside the database signs"
    )]
    OtherLog {
        /// Whose log.
        workspace: WorkspaceId,
    },
    /// Nothing is kept outside the database, although it holds signed checkpoints.
    #[error(
        "no checkpoint is kept outside the database, but {workspace} has one in it: is the anchor's \
         volume mounted? A rollback could not be noticed. Where the anchor is new on purpose, say \
         so by name (`--new-anchor`)"
    )]
    EmptyAnchor {
        /// A workspace whose log was signed.
        workspace: WorkspaceId,
    },
    /// A log cannot be compared with what was signed, or not be continued.
    #[error("log cannot be checked: {0}")]
    Log(Denial),
    /// The first entries could not be written.
    #[error("first entries cannot be written: {0}")]
    FirstEntries(Denial),
}

/// Whether the parts answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The database answers.
    pub store: bool,
    /// The root provider answers, and has unwrapped the system workspace's keys.
    pub root: bool,
    /// The root provider's kind.
    pub root_kind: &'static str,
    /// The last checkpoint is kept outside the database.
    pub anchor: bool,
}

/// Logs that have entries no checkpoint covers yet.
#[derive(Debug, Default)]
pub(crate) struct Dirty(Mutex<BTreeSet<WorkspaceId>>);

impl Dirty {
    pub(crate) fn mark(&self, workspace: WorkspaceId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(workspace);
    }

    pub(crate) fn take(&self) -> BTreeSet<WorkspaceId> {
        core::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A running deployment. Cloning is cheap and shares everything.
#[derive(Clone, Debug)]
pub struct Strongroom(Arc<Inner>);

impl core::ops::Deref for Strongroom {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// The parts and the caches. Nothing in it must last: every field can be rebuilt from the store.
#[derive(Debug)]
#[expect(
    unnameable_types,
    reason = "only the crate itself reads the fields, through `Deref`"
)]
pub struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) root: Arc<dyn Root>,
    pub(crate) moving_root: Option<MovingRoot>,
    pub(crate) providers: Arc<dyn Providers>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) anchor: Arc<dyn Anchor>,
    pub(crate) deliver: Arc<dyn Deliver>,
    pub(crate) settings: Settings,
    pub(crate) time: Time,
    pub(crate) deployment: Deployment,
    pub(crate) issuer_keys: KeyCache,
    pub(crate) keyring: Keyring,
    pub(crate) connections: Connections,
    pub(crate) sessions: crate::door::Sessions,
    pub(crate) floods: Floods,
    pub(crate) dirty: Dirty,
    pub(crate) logs: Logs,
    pub(crate) turns: crate::object::Turns,
    pub(crate) purged: crate::object::Purged,
    pub(crate) misses: crate::sealed_store::Misses,
    pub(crate) keysets: crate::keysets::KeysetCache,
    pub(crate) split_grants: crate::split::GrantCache,
    pub(crate) named_contexts: crate::named::NamedContextCache,
    pub(crate) slow: crate::slow::Slow,
    states: Cache<WorkspaceId, Arc<WorkspaceState>>,
    /// By the wrapped seeds too: a state that is read again has the same keys, and the root is not
    /// asked for them again.
    workspace_keys: Cache<(WorkspaceId, Vec<u8>), Arc<WorkspaceKeys>>,
}

/// How many workspaces' states are kept.
const STATES_MAX: u64 = 10_000;

impl Strongroom {
    /// Opens a deployment: checks for a rollback of the store and destroys again what a restored
    /// store brought back.
    ///
    /// # Errors
    /// A part does not answer, or the store was rolled back.
    pub async fn open(parts: Parts) -> Result<Self, OpenError> {
        let moving_root = parts.former_root.map(|former| MovingRoot {
            present: Arc::clone(&parts.root),
            former,
        });
        let root = match &moving_root {
            Some(roots) => Arc::new(roots.clone()),
            None => parts.root,
        };
        let deployment = Deployment::open(
            &*parts.store,
            &*root,
            &*parts.entropy,
            &parts.settings.log_name,
        )
        .await?;
        let newest = parts.store.newest_time().await?;
        let room = Self(Arc::new(Inner {
            time: Time::start(parts.clock, newest),
            issuer_keys: KeyCache::new(parts.fetch),
            keyring: Keyring::new(),
            connections: Connections::new(),
            sessions: crate::door::Sessions::new(),
            floods: Floods::default(),
            dirty: Dirty::default(),
            logs: Logs::default(),
            turns: crate::object::Turns::new(),
            purged: crate::object::Purged::default(),
            misses: crate::sealed_store::Misses::default(),
            keysets: crate::keysets::KeysetCache::new(),
            split_grants: crate::split::GrantCache::new(),
            named_contexts: crate::named::NamedContextCache::new(),
            slow: crate::slow::Slow::new(),
            states: Cache::new(STATES_MAX),
            workspace_keys: Cache::new(STATES_MAX),
            store: parts.store,
            root,
            moving_root,
            providers: parts.providers,
            entropy: parts.entropy,
            anchor: parts.anchor,
            deliver: parts.deliver,
            settings: parts.settings,
            deployment,
        }));
        room.check_rollback().await?;
        room.destroy_again().await?;
        Ok(room)
    }

    /// Whether the parts answer.
    pub async fn health(&self) -> Health {
        Health {
            store: self.store.ping().await.is_ok(),
            root: self.root.probe().await.is_ok()
                && self.state(self.deployment.system).await.is_ok(),
            root_kind: self.root.kind(),
            anchor: self.logs.anchored(),
        }
    }

    /// Whether there is such a workspace, for an edge whose requests name one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn has_workspace(&self, id: WorkspaceId) -> Result<bool, Denial> {
        if self.states.get(&id).await.is_some() {
            return Ok(true);
        }
        Ok(self.store.workspace(id).await?.is_some())
    }

    /// How many key contexts have keys unwrapped in memory, for metrics.
    #[must_use]
    pub fn kept_contexts(&self) -> u64 {
        self.keyring.count()
    }

    /// The workspace whose log holds what concerns the deployment itself.
    #[must_use]
    pub fn system_workspace(&self) -> WorkspaceId {
        self.deployment.system
    }

    pub(crate) fn generate_request_id(&self) -> Result<RequestId, Denial> {
        self.generate_id().map(RequestId::from_bytes)
    }

    /// 16 random bytes for an id.
    pub(crate) fn generate_id(&self) -> Result<[u8; 16], Denial> {
        let mut bytes = [0; 16];
        self.entropy
            .fill(&mut bytes)
            .map_err(|_no_entropy| Denial::Unavailable)?;
        Ok(bytes)
    }

    /// The state of a workspace, from the cache or the store. Concurrent readers share one read.
    pub(crate) async fn state(&self, id: WorkspaceId) -> Result<Arc<WorkspaceState>, Denial> {
        if let Some(state) = self.states.get(&id).await {
            return Ok(state);
        }
        // Boxed, so that the common case does not carry the rare one's state about.
        let load = Box::pin(self.load_state(id));
        let loaded = Box::pin(self.states.try_get_with(id, load)).await;
        loaded.map_err(|denial: Arc<Denial>| Denial::clone(&denial))
    }

    /// Forgets a state that the log shows to be old, and the sessions under it.
    pub(crate) async fn forget_state(&self, state: &WorkspaceState) {
        state.outdated.store(true, Ordering::Release);
        self.states.invalidate(&state.id).await;
    }

    /// Forgets the state of a workspace that an entry in another log changed.
    pub(crate) async fn forget_state_of(&self, id: WorkspaceId) {
        if let Some(state) = self.states.remove(&id).await {
            state.outdated.store(true, Ordering::Release);
        }
    }

    async fn load_state(&self, id: WorkspaceId) -> Result<Arc<WorkspaceState>, Denial> {
        // The epoch is read first: what is read after it is at least as new, and the commit refuses
        // the request if it is newer.
        let head = self.store.head(id).await?.ok_or(Denial::Unauthenticated)?;
        let row = self
            .store
            .workspace(id)
            .await?
            .ok_or(Denial::Unauthenticated)?;
        let keys = self.keys_of(id, row.seeds).await?;
        let body = keys.open_body("workspace", &[b"workspace", id.as_bytes()], &row.body)?;
        let issuers = self
            .all_records(id, RecordKind::Issuer, |record| {
                record::issuer(&keys, id, record)
            })
            .await?;
        let policies = self
            .all_records(id, RecordKind::Policy, |record| {
                record::policy(&keys, id, record)
            })
            .await?;
        let customer_keys = self
            .all_records(id, RecordKind::CustomerKey, |record| {
                record::customer_key(&keys, id, record)
            })
            .await?;
        let guards = self
            .all_records(id, RecordKind::Guard, |record| {
                record::guard(&keys, id, record)
            })
            .await?;
        let guards = Guards::read(guards);
        let guards = guards.map_err(|_was_taken| StoreError::Damaged { table: "record" })?;
        let root = keys.roots.active_version();
        Ok(Arc::new(WorkspaceState {
            id,
            epoch: head.epoch,
            created: row.created,
            context_quota: row.context_quota,
            body,
            keys,
            issuers: Issuers::new(issuers),
            policies: Policies::new(policies, root),
            customer_keys: CustomerKeys::new(customer_keys),
            guards,
            outdated: AtomicBool::new(false),
        }))
    }

    async fn keys_of(&self, id: WorkspaceId, seeds: Vec<u8>) -> Result<Arc<WorkspaceKeys>, Denial> {
        let unwrap = async {
            let keys = WorkspaceKeys::unwrap(id, &seeds, &*self.root, &self.entropy).await?;
            Ok::<_, RootError>(Arc::new(keys))
        };
        let keys = self
            .workspace_keys
            .try_get_with((id, seeds.clone()), unwrap);
        Ok(keys.await.map_err(|error| *error)?)
    }

    /// Reads all records of a kind, page by page.
    pub(crate) async fn all_records<T>(
        &self,
        workspace: WorkspaceId,
        kind: RecordKind,
        open: impl Fn(&crate::ports::Record) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        const PAGE: u32 = 1000;
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self
                .store
                .records(workspace, kind, after.as_deref(), PAGE)
                .await?;
            for record in &page {
                all.push(open(record)?);
            }
            match page.last() {
                Some(last) if page.len() >= PAGE as usize => after = Some(last.id.clone()),
                _ => return Ok(all),
            }
        }
    }

    /// Makes the row of a new workspace.
    pub(crate) async fn new_workspace_row(
        &self,
        id: WorkspaceId,
        body: &crate::workspace::WorkspaceBody,
        context_quota: u64,
    ) -> Result<(WorkspaceRow, WorkspaceKeys), Denial> {
        let seeds = WrappedSeeds::generate(id, &*self.root, &*self.entropy).await?;
        let seeds = seeds.write();
        let keys = WorkspaceKeys::unwrap(id, &seeds, &*self.root, &self.entropy).await?;
        let body = keys.seal_body(&[b"workspace", id.as_bytes()], body)?;
        let created = self.time.now();
        let row = WorkspaceRow {
            id,
            created,
            seeds,
            body,
            context_quota,
            contexts: 0,
        };
        Ok((row, keys))
    }
}

impl From<StoreError> for Denial {
    fn from(error: StoreError) -> Self {
        tracing::error!(
            error = &error as &dyn core::error::Error,
            "store does not answer"
        );
        Self::StoreUnavailable
    }
}

impl From<RootError> for Denial {
    fn from(error: RootError) -> Self {
        tracing::error!(
            error = &error as &dyn core::error::Error,
            "root does not answer"
        );
        Self::RootUnavailable
    }
}
