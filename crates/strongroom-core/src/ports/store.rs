//! The store, as a port.

use core::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use strongroom_log::{Hash, Openings};
use strongroom_types::{
    ClientId, ContextId, JobId, KeyId, KeyVersion, LeaseId, ObjectId, WebhookId, WorkspaceId,
};

use super::leases::LeaseRow;
use super::objects::{
    DueObject, FoundObject, ObjectVersionRow, ObjectsFilter, ObjectsRange, SealedVersion,
    StaleVersion, VersionPlace,
};
use super::rows::{
    ApiKeyRow, BatchRow, Change, CheckpointRow, ContextRow, Head, IdempotencyRow, Record,
    RecordKind, Tiling, WorkspaceRow,
};
use super::sealed_stores::{
    DueRecord, Guesses, SealedCounts, SealedMapRow, SealedNode, SealedSlot,
};
use super::stores::{FoundStore, InStore, SealedStoreValue, StaleStoreValue, StoreValuePlace};
use super::webhooks::{DeadLetterRow, DueWebhook, EventPlace, WebhookMove, WebhookRow};
use super::{JobRow, Micros, Wrapper};

/// A store that did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is gone, locked, full or too slow.
    #[error("store is unavailable")]
    Unavailable(#[source] Box<dyn core::error::Error + Send + Sync>),
    /// A row does not hold what it must.
    #[error("row of {table} is damaged")]
    Damaged {
        /// The table.
        table: &'static str,
    },
}

/// An entry that was not committed. Nothing of it is in the store.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The state that the request was authorised under has changed: authorise again.
    #[error("state epoch is {epoch} now")]
    Stale {
        /// The present epoch.
        epoch: u64,
    },
    /// A change of rows met another that was first.
    #[error("change conflicts with the present state")]
    Conflict,
    /// What was to change has changed since it was read: decide again.
    #[error("row has changed since it was read")]
    Outdated,
    /// A thing to change is not there.
    #[error("nothing there to change")]
    Missing,
    /// The workspace has as many key contexts as it may.
    #[error("quota of {quota} key contexts is reached")]
    Quota {
        /// The quota.
        quota: u64,
    },
    /// The log cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Seals a batch's openings under the workspace's audit key, bound to workspace and first index.
pub trait SealOpenings: Send + Sync + Debug {
    /// Seals the openings of the entries from `first` on, one `Openings` an entry.
    ///
    /// # Errors
    /// No entropy; the batch is not committed.
    fn seal(&self, first: u64, openings: Vec<Openings>) -> Result<Vec<u8>, StoreError>;
}

/// One request's entry on its way into the log.
#[derive(Debug)]
pub struct Pending {
    /// Whose log.
    pub workspace: WorkspaceId,
    /// The epoch the request was authorised under; `None` for what no state can make stale, such
    /// as a denial.
    pub epoch: Option<u64>,
    /// The entry's time.
    pub time: Micros,
    /// The encoded entry.
    pub entry: Vec<u8>,
    /// Its RFC 6962 leaf hash.
    pub leaf: Hash,
    /// The openings of its private fields.
    pub openings: Openings,
    /// Seals them, together with those of the batch.
    pub seal: Arc<dyn SealOpenings>,
    /// The compressed item records of a batch request.
    pub items: Option<Vec<u8>>,
    /// Rows that change with the entry.
    pub changes: Vec<Change>,
}

/// A durable entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its index.
    pub index: u64,
    /// The state epoch after it.
    pub epoch: u64,
}

/// Keeps everything that must last. All rows are of one workspace unless said otherwise.
#[async_trait]
pub trait Store: Send + Sync + Debug {
    /// Makes an entry durable, together with its changes: waits until the transaction that holds
    /// it is on disk. Entries of many callers share a transaction (group commit).
    ///
    /// Within a transaction, entries are taken in order; one whose epoch is not the head's, or
    /// whose changes do not apply, is left out without harm to the others. A change whose scope is
    /// the state raises the epoch for those after it.
    ///
    /// # Errors
    /// The entry is not in the log.
    async fn commit(&self, pending: Pending) -> Result<Committed, CommitError>;

    /// A deployment-wide value, for example a wrapped seed.
    async fn deployment(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Stores a deployment-wide value if there is none, and gives the one that stands.
    async fn put_deployment(&self, key: &str, value: &[u8]) -> Result<Vec<u8>, StoreError>;
    /// Inserts the first workspace with an empty log, if it is not there.
    async fn put_first_workspace(&self, row: &WorkspaceRow) -> Result<(), StoreError>;

    /// The head of a log, read in a transaction of its own.
    async fn head(&self, workspace: WorkspaceId) -> Result<Option<Head>, StoreError>;
    /// A workspace.
    async fn workspace(&self, id: WorkspaceId) -> Result<Option<WorkspaceRow>, StoreError>;
    /// How many workspaces there are.
    async fn count_workspaces(&self) -> Result<u64, StoreError>;
    /// Workspaces by id, after the given one.
    async fn workspaces(
        &self,
        after: Option<WorkspaceId>,
        limit: u32,
    ) -> Result<Vec<WorkspaceRow>, StoreError>;

    /// All records of a kind, by id. `after` and `limit` page through many.
    async fn records(
        &self,
        workspace: WorkspaceId,
        kind: RecordKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError>;
    /// One record.
    async fn record(
        &self,
        workspace: WorkspaceId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StoreError>;
    /// An API key, of any workspace.
    async fn api_key(&self, id: KeyId) -> Result<Option<ApiKeyRow>, StoreError>;
    /// The API keys of a client, oldest first.
    async fn api_keys(
        &self,
        workspace: WorkspaceId,
        client: ClientId,
    ) -> Result<Vec<ApiKeyRow>, StoreError>;

    /// A key context with its keys.
    async fn context(
        &self,
        workspace: WorkspaceId,
        id: ContextId,
    ) -> Result<Option<ContextRow>, StoreError>;
    /// Key contexts by id, after the given one.
    async fn contexts(
        &self,
        workspace: WorkspaceId,
        after: Option<ContextId>,
        limit: u32,
    ) -> Result<Vec<ContextRow>, StoreError>;
    /// What an Idempotency-Key made, if it is still remembered.
    async fn idempotency(
        &self,
        workspace: WorkspaceId,
        key: &[u8],
        now: Micros,
    ) -> Result<Option<IdempotencyRow>, StoreError>;

    /// The batches that hold the entries `from..to`, oldest first.
    async fn batches(
        &self,
        workspace: WorkspaceId,
        from: u64,
        to: u64,
    ) -> Result<Vec<BatchRow>, StoreError>;
    /// When the newest entry of all logs was written; `None` where there is none.
    async fn newest_time(&self) -> Result<Option<Micros>, StoreError>;
    /// The compressed item records of an entry.
    async fn items(
        &self,
        workspace: WorkspaceId,
        index: u64,
    ) -> Result<Option<Vec<u8>>, StoreError>;
    /// The hashes of a full tile.
    async fn tile(
        &self,
        workspace: WorkspaceId,
        level: u8,
        n: u64,
    ) -> Result<Option<Vec<u8>>, StoreError>;
    /// The roots of the full tiles `from..to` of a level, in order, as far as they are stored.
    async fn tile_roots(
        &self,
        workspace: WorkspaceId,
        level: u8,
        from: u64,
        to: u64,
    ) -> Result<Vec<Hash>, StoreError>;
    /// How many level-0 tiles are stored: the follower's cursor.
    async fn tiles(&self, workspace: WorkspaceId) -> Result<u64, StoreError>;
    /// Stores what the follower derived from one level-0 tile; nothing if that tile is stored.
    async fn put_tiling(&self, workspace: WorkspaceId, tiling: Tiling) -> Result<(), StoreError>;
    /// The level-0 tiles from `from` on that hold every one of the terms, in order.
    async fn term_tiles(
        &self,
        workspace: WorkspaceId,
        terms: &[[u8; 16]],
        from: u64,
    ) -> Result<Vec<u64>, StoreError>;

    /// The latest checkpoint of a log.
    async fn checkpoint(&self, workspace: WorkspaceId)
    -> Result<Option<CheckpointRow>, StoreError>;
    /// Stores a checkpoint unless one of its generation and size is stored, and gives the one that
    /// stands.
    async fn put_checkpoint(
        &self,
        workspace: WorkspaceId,
        row: CheckpointRow,
    ) -> Result<CheckpointRow, StoreError>;

    /// Erases the openings of batches whose last entry is older than `before`; answers how many.
    async fn erase_openings(&self, before: Micros, limit: u32) -> Result<u64, StoreError>;
    /// Erases the search terms made of private fields in tiles whose last entry is older than
    /// `before`; answers of how many tiles.
    async fn erase_terms(&self, before: Micros, limit: u32) -> Result<u64, StoreError>;
    /// An object, live or deleted.
    async fn object(
        &self,
        workspace: WorkspaceId,
        id: ObjectId,
    ) -> Result<Option<FoundObject>, StoreError>;
    /// The object of this name that is not deleted.
    async fn object_named(
        &self,
        workspace: WorkspaceId,
        name_hash: &[u8; 32],
    ) -> Result<Option<FoundObject>, StoreError>;
    /// Objects by the entries that made them.
    async fn objects(
        &self,
        workspace: WorkspaceId,
        filter: &ObjectsFilter,
        range: ObjectsRange,
    ) -> Result<Vec<FoundObject>, StoreError>;
    /// All objects, live or deleted, by id, after the given one.
    async fn all_objects(
        &self,
        workspace: WorkspaceId,
        after: Option<ObjectId>,
        limit: u32,
    ) -> Result<Vec<FoundObject>, StoreError>;
    /// The versions of an object, newest first, older than the given one.
    async fn object_versions(
        &self,
        workspace: WorkspaceId,
        object: ObjectId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<ObjectVersionRow>, StoreError>;
    /// A version of an object with what it holds.
    async fn object_version(
        &self,
        workspace: WorkspaceId,
        object: ObjectId,
        version: u64,
    ) -> Result<Option<SealedVersion>, StoreError>;
    /// Objects of all workspaces whose purge is due by `now`.
    async fn due_objects(&self, now: Micros, limit: u32) -> Result<Vec<DueObject>, StoreError>;
    /// Stored versions under a version of a context key that is older than `below`, by object and
    /// version, after the given one. Destroyed ones have no key.
    async fn stale_versions(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        below: KeyVersion,
        after: Option<VersionPlace>,
        limit: u32,
    ) -> Result<Vec<StaleVersion>, StoreError>;
    /// How many stored versions are under a version of a context key that is older than `below`.
    async fn count_stale_versions(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        below: KeyVersion,
    ) -> Result<u64, StoreError>;
    /// How many key contexts that are not destroyed have their seeds wrapped by this key.
    async fn contexts_wrapped(
        &self,
        workspace: WorkspaceId,
        wrapper: Wrapper,
    ) -> Result<u64, StoreError>;
    /// A job.
    async fn job(&self, workspace: WorkspaceId, id: JobId) -> Result<Option<JobRow>, StoreError>;
    /// The jobs of a workspace, newest first, behind the given one.
    async fn jobs(
        &self,
        workspace: WorkspaceId,
        behind: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<JobRow>, StoreError>;
    /// Jobs of all workspaces that are due and that nobody works on, those that waited longest
    /// first.
    async fn due_jobs(&self, now: Micros, limit: u32) -> Result<Vec<JobRow>, StoreError>;
    /// Replaces a job without an entry: who works on it, how far it is, when it tries again. Answers
    /// whether it did: not unless the revision is the one before.
    async fn put_job(&self, row: &JobRow) -> Result<bool, StoreError>;
    /// How far a webhook has come.
    async fn webhook(
        &self,
        workspace: WorkspaceId,
        id: WebhookId,
    ) -> Result<Option<WebhookRow>, StoreError>;
    /// Webhooks of all workspaces that do not rest and are due by `now`, by workspace and id, after
    /// the given one.
    async fn due_webhooks(
        &self,
        now: Micros,
        after: Option<(WorkspaceId, WebhookId)>,
        limit: u32,
    ) -> Result<Vec<DueWebhook>, StoreError>;
    /// Notes how far the holder of a turn has come, and gives the turn back. False, and nothing
    /// else, when somebody has taken it since.
    async fn move_webhook(
        &self,
        workspace: WorkspaceId,
        moved: WebhookMove,
    ) -> Result<bool, StoreError>;
    /// The dead letters of a webhook, oldest first, from a place on.
    async fn dead_letters(
        &self,
        workspace: WorkspaceId,
        id: WebhookId,
        from: EventPlace,
        limit: u32,
    ) -> Result<Vec<DeadLetterRow>, StoreError>;
    /// A store, by its key context.
    async fn store(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
    ) -> Result<Option<FoundStore>, StoreError>;
    /// Stores by their key contexts, after the given one.
    async fn stores(
        &self,
        workspace: WorkspaceId,
        after: Option<ContextId>,
        limit: u32,
    ) -> Result<Vec<FoundStore>, StoreError>;
    /// The newest version under a name, with what it holds.
    async fn store_value(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        name: &[u8],
    ) -> Result<InStore<SealedStoreValue>, StoreError>;
    /// The number of the newest version under a name.
    async fn store_value_version(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        name: &[u8],
    ) -> Result<InStore<u64>, StoreError>;
    /// Values of a store under a version of its key that is older than `below`, by name and version,
    /// after the given one.
    async fn stale_store_values(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        below: KeyVersion,
        after: Option<StoreValuePlace>,
        limit: u32,
    ) -> Result<Vec<StaleStoreValue>, StoreError>;
    /// How many values of a store are under a version of its key that is older than `below`.
    async fn count_stale_store_values(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        below: KeyVersion,
    ) -> Result<u64, StoreError>;
    /// Erases some rows of a store that was destroyed; says how many.
    async fn erase_store_values(&self, limit: u32) -> Result<u64, StoreError>;
    /// The map of a sealed store.
    async fn sealed_map(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
    ) -> Result<Option<SealedMapRow>, StoreError>;
    /// Those of the nodes named that a sealed store's map has.
    async fn sealed_nodes(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        ids: &[Vec<u8>],
    ) -> Result<Vec<SealedNode>, StoreError>;
    /// A version of a value of a store, the newest if none is named.
    async fn sealed_value(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        name: &[u8],
        version: Option<u64>,
    ) -> Result<Option<SealedStoreValue>, StoreError>;
    /// A slot of a sealed store, as it is sealed.
    async fn sealed_slot(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        slot: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError>;
    /// The first slots of a sealed store, by their hashed names, as they are sealed.
    async fn sealed_slots(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        limit: u32,
    ) -> Result<Vec<SealedSlot>, StoreError>;
    /// What a client guessed at a slot.
    async fn sealed_guesses(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        slot: &[u8],
        client: ClientId,
    ) -> Result<Option<Guesses>, StoreError>;
    /// Versions of sealed records of all workspaces that have expired by `now`.
    async fn due_records(&self, now: Micros, limit: u32) -> Result<Vec<DueRecord>, StoreError>;
    /// What a sealed store holds, counted.
    async fn sealed_counts(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
    ) -> Result<SealedCounts, StoreError>;
    /// A lease, over or not.
    async fn lease(
        &self,
        workspace: WorkspaceId,
        id: LeaseId,
    ) -> Result<Option<LeaseRow>, StoreError>;
    /// How many leases of a client are not over.
    async fn count_leases(
        &self,
        workspace: WorkspaceId,
        client: ClientId,
        now: Micros,
    ) -> Result<u64, StoreError>;
    /// How many leases that are not over are under a version of a context key that is older than
    /// `below`.
    async fn count_stale_leases(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        below: KeyVersion,
        now: Micros,
    ) -> Result<u64, StoreError>;
    /// Erases some leases of all workspaces that are over; says how many.
    async fn erase_leases(&self, now: Micros, limit: u32) -> Result<u64, StoreError>;
    /// Whether the database answers and would accept a write.
    async fn ping(&self) -> Result<(), StoreError>;
}
