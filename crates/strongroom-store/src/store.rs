//! The port, row by row. What each method does is said at [`Store`].

use async_trait::async_trait;
use strongroom_core::ports::{
    ApiKeyRow, BatchRow, CheckpointRow, CommitError, Committed, ContextRow, DeadLetterRow,
    DueObject, DueRecord, DueWebhook, EventPlace, FoundObject, FoundStore, Guesses, Head,
    IdempotencyRow, InStore, JobRow, LeaseRow, Micros, ObjectVersionRow, ObjectsFilter,
    ObjectsRange, Pending, Record, RecordKind, SealedCounts, SealedMapRow, SealedNode, SealedSlot,
    SealedStoreValue, SealedVersion, StaleStoreValue, StaleVersion, Store, StoreError,
    StoreValuePlace, Tiling, VersionPlace, WebhookMove, WebhookRow, WorkspaceRow, Wrapper,
};
use strongroom_log::Hash;
use strongroom_types::{
    ClientId, ContextId, JobId, KeyId, KeyVersion, LeaseId, ObjectId, WebhookId, WorkspaceId,
};

use crate::database::Database;
use crate::read::{
    context, job, lease, log, object, record, sealed_store, store, webhook, workspace,
};
use crate::write::{
    EraseLeases, EraseOpenings, EraseStoreValues, EraseTerms, MoveWebhook, Probe, PutCheckpoint,
    PutDeployment, PutFirstWorkspace, PutJob, PutTiling,
};

#[async_trait]
impl Store for Database {
    async fn commit(&self, pending: Pending) -> Result<Committed, CommitError> {
        self.outbox.commit(pending).await
    }

    async fn deployment(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(workspace::deployment(&self.readers, key)).await
    }

    async fn put_deployment(&self, key: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (name, value) = (key.to_owned(), value.to_vec());
        self.outbox.write(PutDeployment { name, value }).await
    }

    async fn put_first_workspace(&self, row: &WorkspaceRow) -> Result<(), StoreError> {
        self.outbox.write(PutFirstWorkspace(row.clone())).await
    }

    async fn head(&self, workspace: WorkspaceId) -> Result<Option<Head>, StoreError> {
        self.read(workspace::head(&self.readers, workspace)).await
    }

    async fn workspace(&self, id: WorkspaceId) -> Result<Option<WorkspaceRow>, StoreError> {
        self.read(workspace::workspace(&self.readers, id)).await
    }

    async fn count_workspaces(&self) -> Result<u64, StoreError> {
        self.read(workspace::count(&self.readers)).await
    }

    async fn workspaces(
        &self,
        after: Option<WorkspaceId>,
        limit: u32,
    ) -> Result<Vec<WorkspaceRow>, StoreError> {
        self.read(workspace::workspaces(&self.readers, after, limit))
            .await
    }

    async fn records(
        &self,
        workspace: WorkspaceId,
        kind: RecordKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        self.read(record::records(
            &self.readers,
            workspace,
            kind,
            after,
            limit,
        ))
        .await
    }

    async fn record(
        &self,
        workspace: WorkspaceId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StoreError> {
        self.read(record::record(&self.readers, workspace, kind, id))
            .await
    }

    async fn api_key(&self, id: KeyId) -> Result<Option<ApiKeyRow>, StoreError> {
        self.read(record::api_key(&self.readers, id)).await
    }

    async fn api_keys(
        &self,
        workspace: WorkspaceId,
        client: ClientId,
    ) -> Result<Vec<ApiKeyRow>, StoreError> {
        self.read(record::api_keys(&self.readers, workspace, client))
            .await
    }

    async fn context(
        &self,
        workspace: WorkspaceId,
        id: ContextId,
    ) -> Result<Option<ContextRow>, StoreError> {
        self.read(context::context(&self.readers, workspace, id))
            .await
    }

    async fn contexts(
        &self,
        workspace: WorkspaceId,
        after: Option<ContextId>,
        limit: u32,
    ) -> Result<Vec<ContextRow>, StoreError> {
        self.read(context::contexts(&self.readers, workspace, after, limit))
            .await
    }

    async fn idempotency(
        &self,
        workspace: WorkspaceId,
        key: &[u8],
        now: Micros,
    ) -> Result<Option<IdempotencyRow>, StoreError> {
        self.read(record::idempotency(&self.readers, workspace, key, now))
            .await
    }

    async fn batches(
        &self,
        workspace: WorkspaceId,
        from: u64,
        to: u64,
    ) -> Result<Vec<BatchRow>, StoreError> {
        self.read(log::batches(&self.readers, workspace, from, to))
            .await
    }

    async fn items(
        &self,
        workspace: WorkspaceId,
        index: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(log::items(&self.readers, workspace, index)).await
    }

    async fn tile(
        &self,
        workspace: WorkspaceId,
        level: u8,
        n: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(log::tile(&self.readers, workspace, level, n))
            .await
    }

    async fn tile_roots(
        &self,
        workspace: WorkspaceId,
        level: u8,
        from: u64,
        to: u64,
    ) -> Result<Vec<Hash>, StoreError> {
        self.read(log::tile_roots(&self.readers, workspace, level, from, to))
            .await
    }

    async fn newest_time(&self) -> Result<Option<Micros>, StoreError> {
        self.read(log::newest_time(&self.readers)).await
    }

    async fn tiles(&self, workspace: WorkspaceId) -> Result<u64, StoreError> {
        self.read(log::tiles(&self.readers, workspace)).await
    }

    async fn put_tiling(&self, workspace: WorkspaceId, tiling: Tiling) -> Result<(), StoreError> {
        self.outbox.write(PutTiling { workspace, tiling }).await
    }

    async fn term_tiles(
        &self,
        workspace: WorkspaceId,
        terms: &[[u8; 16]],
        from: u64,
    ) -> Result<Vec<u64>, StoreError> {
        self.read(log::term_tiles(&self.readers, workspace, terms, from))
            .await
    }

    async fn checkpoint(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Option<CheckpointRow>, StoreError> {
        self.read(log::checkpoint(&self.readers, workspace)).await
    }

    async fn put_checkpoint(
        &self,
        workspace: WorkspaceId,
        row: CheckpointRow,
    ) -> Result<CheckpointRow, StoreError> {
        self.outbox.write(PutCheckpoint { workspace, row }).await
    }

    async fn erase_terms(&self, before: Micros, limit: u32) -> Result<u64, StoreError> {
        self.outbox.write(EraseTerms { before, limit }).await
    }

    async fn erase_openings(&self, before: Micros, limit: u32) -> Result<u64, StoreError> {
        self.outbox.write(EraseOpenings { before, limit }).await
    }

    async fn object(
        &self,
        workspace: WorkspaceId,
        id: ObjectId,
    ) -> Result<Option<FoundObject>, StoreError> {
        self.read(object::object(&self.readers, workspace, id))
            .await
    }

    async fn object_named(
        &self,
        workspace: WorkspaceId,
        name_hash: &[u8; 32],
    ) -> Result<Option<FoundObject>, StoreError> {
        self.read(object::object_named(&self.readers, workspace, name_hash))
            .await
    }

    async fn objects(
        &self,
        workspace: WorkspaceId,
        filter: &ObjectsFilter,
        range: ObjectsRange,
    ) -> Result<Vec<FoundObject>, StoreError> {
        self.read(object::objects(&self.readers, workspace, filter, range))
            .await
    }

    async fn all_objects(
        &self,
        workspace: WorkspaceId,
        after: Option<ObjectId>,
        limit: u32,
    ) -> Result<Vec<FoundObject>, StoreError> {
        self.read(object::all_objects(&self.readers, workspace, after, limit))
            .await
    }

    async fn object_versions(
        &self,
        workspace: WorkspaceId,
        object: ObjectId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<ObjectVersionRow>, StoreError> {
        let versions = object::object_versions(&self.readers, workspace, object, before, limit);
        self.read(versions).await
    }

    async fn object_version(
        &self,
        workspace: WorkspaceId,
        object: ObjectId,
        version: u64,
    ) -> Result<Option<SealedVersion>, StoreError> {
        let version = object::object_version(&self.readers, workspace, object, version);
        self.read(version).await
    }

    async fn due_objects(&self, now: Micros, limit: u32) -> Result<Vec<DueObject>, StoreError> {
        self.read(object::due_objects(&self.readers, now, limit))
            .await
    }

    async fn stale_versions(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        below: KeyVersion,
        after: Option<VersionPlace>,
        limit: u32,
    ) -> Result<Vec<StaleVersion>, StoreError> {
        let stale = object::stale_versions(&self.readers, workspace, context, below, after, limit);
        self.read(stale).await
    }

    async fn count_stale_versions(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        below: KeyVersion,
    ) -> Result<u64, StoreError> {
        let count = object::count_stale_versions(&self.readers, workspace, context, below);
        self.read(count).await
    }

    async fn contexts_wrapped(
        &self,
        workspace: WorkspaceId,
        wrapper: Wrapper,
    ) -> Result<u64, StoreError> {
        self.read(context::wrapped(&self.readers, workspace, wrapper))
            .await
    }

    async fn job(&self, workspace: WorkspaceId, id: JobId) -> Result<Option<JobRow>, StoreError> {
        self.read(job::job(&self.readers, workspace, id)).await
    }

    async fn jobs(
        &self,
        workspace: WorkspaceId,
        behind: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<JobRow>, StoreError> {
        self.read(job::jobs(&self.readers, workspace, behind, limit))
            .await
    }

    async fn due_jobs(&self, now: Micros, limit: u32) -> Result<Vec<JobRow>, StoreError> {
        self.read(job::due(&self.readers, now, limit)).await
    }

    async fn put_job(&self, row: &JobRow) -> Result<bool, StoreError> {
        self.outbox.write(PutJob(row.clone())).await
    }

    async fn webhook(
        &self,
        workspace: WorkspaceId,
        id: WebhookId,
    ) -> Result<Option<WebhookRow>, StoreError> {
        self.read(webhook::webhook(&self.readers, workspace, id))
            .await
    }

    async fn due_webhooks(
        &self,
        now: Micros,
        after: Option<(WorkspaceId, WebhookId)>,
        limit: u32,
    ) -> Result<Vec<DueWebhook>, StoreError> {
        self.read(webhook::due_webhooks(&self.readers, now, after, limit))
            .await
    }

    async fn move_webhook(
        &self,
        workspace: WorkspaceId,
        moved: WebhookMove,
    ) -> Result<bool, StoreError> {
        self.outbox.write(MoveWebhook { workspace, moved }).await
    }

    async fn dead_letters(
        &self,
        workspace: WorkspaceId,
        id: WebhookId,
        from: EventPlace,
        limit: u32,
    ) -> Result<Vec<DeadLetterRow>, StoreError> {
        let letters = webhook::dead_letters(&self.readers, workspace, id, from, limit);
        self.read(letters).await
    }

    async fn store(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
    ) -> Result<Option<FoundStore>, StoreError> {
        self.read(store::store(&self.readers, workspace, context))
            .await
    }

    async fn stores(
        &self,
        workspace: WorkspaceId,
        after: Option<ContextId>,
        limit: u32,
    ) -> Result<Vec<FoundStore>, StoreError> {
        self.read(store::stores(&self.readers, workspace, after, limit))
            .await
    }

    async fn store_value(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        name: &[u8],
    ) -> Result<InStore<SealedStoreValue>, StoreError> {
        self.read(store::value(&self.readers, workspace, context, name))
            .await
    }

    async fn store_value_version(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        name: &[u8],
    ) -> Result<InStore<u64>, StoreError> {
        self.read(store::version(&self.readers, workspace, context, name))
            .await
    }

    async fn stale_store_values(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        below: KeyVersion,
        after: Option<StoreValuePlace>,
        limit: u32,
    ) -> Result<Vec<StaleStoreValue>, StoreError> {
        let stale = store::stale_values(&self.readers, workspace, context, below, after, limit);
        self.read(stale).await
    }

    async fn count_stale_store_values(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        below: KeyVersion,
    ) -> Result<u64, StoreError> {
        let count = store::count_stale_values(&self.readers, workspace, context, below);
        self.read(count).await
    }

    async fn erase_store_values(&self, limit: u32) -> Result<u64, StoreError> {
        self.outbox.write(EraseStoreValues { limit }).await
    }

    async fn sealed_map(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
    ) -> Result<Option<SealedMapRow>, StoreError> {
        self.read(sealed_store::map(&self.readers, workspace, context))
            .await
    }

    async fn sealed_nodes(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        ids: &[Vec<u8>],
    ) -> Result<Vec<SealedNode>, StoreError> {
        self.read(sealed_store::nodes(&self.readers, workspace, context, ids))
            .await
    }

    async fn sealed_value(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        name: &[u8],
        version: Option<u64>,
    ) -> Result<Option<SealedStoreValue>, StoreError> {
        let value = store::value_at(&self.readers, workspace, context, (name, version));
        self.read(value).await
    }

    async fn sealed_slot(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        slot: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(sealed_store::slot(&self.readers, workspace, context, slot))
            .await
    }

    async fn sealed_slots(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        limit: u32,
    ) -> Result<Vec<SealedSlot>, StoreError> {
        let slots = sealed_store::slots(&self.readers, workspace, context, limit);
        self.read(slots).await
    }

    async fn sealed_guesses(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        slot: &[u8],
        client: ClientId,
    ) -> Result<Option<Guesses>, StoreError> {
        let guesses = sealed_store::guesses(&self.readers, workspace, context, (slot, client));
        self.read(guesses).await
    }

    async fn due_records(&self, now: Micros, limit: u32) -> Result<Vec<DueRecord>, StoreError> {
        self.read(sealed_store::due_records(&self.readers, now, limit))
            .await
    }

    async fn sealed_counts(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
    ) -> Result<SealedCounts, StoreError> {
        self.read(sealed_store::counts(&self.readers, workspace, context))
            .await
    }

    async fn lease(
        &self,
        workspace: WorkspaceId,
        id: LeaseId,
    ) -> Result<Option<LeaseRow>, StoreError> {
        self.read(lease::lease(&self.readers, workspace, id)).await
    }

    async fn count_leases(
        &self,
        workspace: WorkspaceId,
        client: ClientId,
        now: Micros,
    ) -> Result<u64, StoreError> {
        let count = lease::count_of_client(&self.readers, workspace, client, now);
        self.read(count).await
    }

    async fn count_stale_leases(
        &self,
        workspace: WorkspaceId,
        context: ContextId,
        below: KeyVersion,
        now: Micros,
    ) -> Result<u64, StoreError> {
        let count = lease::count_stale(&self.readers, workspace, context, (below, now));
        self.read(count).await
    }

    async fn erase_leases(&self, now: Micros, limit: u32) -> Result<u64, StoreError> {
        self.outbox.write(EraseLeases { now, limit }).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.outbox.write(Probe).await
    }
}
