//! One body for each test, run on both databases.
//!
//! PostgreSQL must be installed: without it the tests fail. `STRONGROOM_TEST_DATABASES=sqlite`
//! leaves it out, by name.

mod changes;
mod group_commit;
mod in_doubt;
mod jobs;
mod nodes;
mod objects;
mod opening;
#[expect(
    unreachable_pub,
    dead_code,
    reason = "the fixture is public in the package of the black-box tests, which use all of it"
)]
#[path = "../../../../tests/src/postgres.rs"]
mod postgres;
mod reads;
mod stores;
mod webhooks;
mod wrappers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{AnyConnection, Connection as _, Executor as _};
use strongroom_core::ports::{
    Change, CommitError, Committed, ContextKeyRow, ContextRow, Pending, SealOpenings, Store,
    StoreError, WorkspaceRow, Wrapper,
};
use strongroom_crypto::entropy::{Entropy, EntropyUnavailable};
use strongroom_log::{EntryBundle, Hash, Openings, leaf_hash};
use strongroom_types::body::{ContextState, KeyState};
use strongroom_types::{ContextId, KeyVersion, Kind, WorkspaceId};

use crate::database::{Backend, Database, StoreConfig};

/// Runs each named test on each database, on one thread: entries that are handed in together are
/// in one batch, because the writer runs only when all callers wait.
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::tests::Fixture::new(crate::database::Backend::Sqlite).await)
                    .await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $name() {
                if crate::tests::is_wanted("postgres") {
                    let backend = crate::database::Backend::Postgres;
                    super::$name(crate::tests::Fixture::new(backend).await).await;
                }
            })+
        }
    };
}
use on_both_databases;

#[expect(
    clippy::disallowed_methods,
    reason = "the tests have no configuration but this"
)]
fn is_wanted(database: &str) -> bool {
    std::env::var("STRONGROOM_TEST_DATABASES").map_or(true, |names| names.contains(database))
}

/// Gives other bytes each time.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyUnavailable> {
        let count = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (to, from) in out.iter_mut().zip(count.iter().cycle()) {
            *to = *from;
        }
        Ok(())
    }
}

/// An open database with one workspace.
pub(crate) struct Fixture {
    db: Arc<Database>,
    pub(crate) config: StoreConfig,
    workspace: WorkspaceId,
    _folder: Option<tempfile::TempDir>,
}

impl Fixture {
    pub(crate) async fn new(backend: Backend) -> Self {
        let (url, folder) = new_url(backend);
        let config = StoreConfig::new(url);
        let fixture = Self {
            db: Arc::new(open(&config).await),
            config,
            workspace: workspace_id(1),
            _folder: folder,
        };
        fixture.db.put_first_workspace(&workspace(1)).await.unwrap();
        fixture
    }

    /// A connection of our own, past the store.
    async fn raw(&self) -> AnyConnection {
        let url = match self.config.url.strip_prefix("sqlite:") {
            Some(path) => crate::sqlite::file::url(path.as_ref()),
            None => self.config.url.clone(),
        };
        AnyConnection::connect(&url).await.unwrap()
    }

    async fn execute(&self, sql: &'static str) {
        self.raw().await.execute(sqlx::raw_sql(sql)).await.unwrap();
    }

    pub(crate) async fn commit(&self, pending: Pending) -> Result<Committed, CommitError> {
        self.db.commit(pending).await
    }

    /// Commits an entry with changes.
    async fn change(&self, changes: Vec<Change>) -> Result<Committed, CommitError> {
        self.commit(with_changes(self.pending(0), changes)).await
    }

    pub(crate) fn pending(&self, n: u64) -> Pending {
        pending(self.workspace, n)
    }

    async fn second_workspace(&self) -> WorkspaceId {
        self.change(vec![Change::InsertWorkspace(workspace(2))])
            .await
            .unwrap();
        workspace_id(2)
    }

    async fn size(&self, workspace: WorkspaceId) -> u64 {
        self.db
            .head(workspace)
            .await
            .unwrap()
            .unwrap()
            .frontier
            .size()
    }

    async fn epoch(&self, workspace: WorkspaceId) -> u64 {
        self.db.head(workspace).await.unwrap().unwrap().epoch
    }

    /// All entries of a log, after checking that its batches leave no gap and do not overlap.
    async fn entries(&self, workspace: WorkspaceId) -> Vec<Vec<u8>> {
        let mut entries = Vec::new();
        for batch in self.db.batches(workspace, 0, u64::MAX).await.unwrap() {
            assert_eq!(usize::try_from(batch.first).unwrap(), entries.len());
            let read = EntryBundle::entries(&batch.entries).map(|entry| entry.unwrap().to_vec());
            entries.extend(read);
            assert_eq!(
                usize::try_from(batch.first + batch.count).unwrap(),
                entries.len()
            );
        }
        entries
    }
}

fn new_url(backend: Backend) -> (String, Option<tempfile::TempDir>) {
    match backend {
        Backend::Sqlite => {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("strongroom.db");
            (format!("sqlite:{}", path.display()), Some(folder))
        }
        Backend::Postgres => (postgres::database("store").unwrap(), None),
    }
}

async fn open(config: &StoreConfig) -> Database {
    Database::open(config, Arc::new(Counter::default()))
        .await
        .unwrap()
}

pub(crate) fn workspace_id(n: u8) -> WorkspaceId {
    WorkspaceId::from_bytes([n; 16])
}

pub(crate) fn context_id(n: u8) -> ContextId {
    ContextId::from_bytes([n; 32])
}

fn workspace(n: u8) -> WorkspaceRow {
    WorkspaceRow {
        id: workspace_id(n),
        created: 1_000 + i64::from(n),
        seeds: vec![n; 4],
        body: vec![n; 5],
        context_quota: 10,
        contexts: 0,
    }
}

/// What wraps the seeds of key contexts at first.
pub(crate) const ROOT: Wrapper = Wrapper::Root(KeyVersion(1));

pub(crate) fn context(n: u8) -> ContextRow {
    ContextRow {
        id: context_id(n),
        kind: Kind::Named,
        state: ContextState::Active,
        created: 5,
        map: vec![n; 6],
        wrapper: ROOT,
        lock_secret: vec![n; 7],
        destruction: None,
        final_after: None,
        keys: vec![context_key(1)],
    }
}

pub(crate) fn context_key(version: u32) -> ContextKeyRow {
    ContextKeyRow {
        version: KeyVersion(version),
        state: KeyState::Active,
        created: 5,
        seed: vec![8; 8],
        sealed: 0,
        last_opened: None,
    }
}

/// Writes down what it was asked to seal.
#[derive(Debug)]
struct WriteDown;

impl SealOpenings for WriteDown {
    fn seal(&self, first: u64, openings: Vec<Openings>) -> Result<Vec<u8>, StoreError> {
        Ok(format!("{first}+{}", openings.len()).into_bytes())
    }
}

pub(crate) fn pending(workspace: WorkspaceId, n: u64) -> Pending {
    let entry = format!("entry {n}").into_bytes();
    Pending {
        workspace,
        epoch: None,
        time: 1_000 + i64::try_from(n).unwrap(),
        leaf: leaf_hash(&entry),
        entry,
        openings: Openings::default(),
        seal: Arc::new(WriteDown),
        items: None,
        changes: Vec::new(),
    }
}

pub(crate) fn with_changes(mut pending: Pending, changes: Vec<Change>) -> Pending {
    pending.changes = changes;
    pending
}

fn leaves(entries: &[Vec<u8>]) -> Vec<Hash> {
    entries.iter().map(|entry| leaf_hash(entry)).collect()
}
