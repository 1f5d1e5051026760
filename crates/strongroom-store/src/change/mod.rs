//! Changes of rows that commit with an entry. The caller holds the lock on the workspace's head, so
//! nothing else changes the workspace meanwhile, and a savepoint, so a refused change leaves nothing.

mod context;
pub(crate) mod job;
mod lease;
mod object;
mod record;
mod sealed_store;
pub(crate) mod store;
mod webhook;
mod workspace;

pub(crate) use workspace::insert as insert_workspace;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection};
use strongroom_core::ports::{Change, CommitError, Micros};
use strongroom_types::WorkspaceId;

/// A change that did not apply.
#[derive(Debug)]
pub(crate) enum ChangeError {
    /// The present state refuses it: the entry is left out.
    Refused(CommitError),
    /// The database failed: nothing of the transaction is committed.
    Failed(sqlx::Error),
}

impl From<CommitError> for ChangeError {
    fn from(error: CommitError) -> Self {
        Self::Refused(error)
    }
}

impl From<sqlx::Error> for ChangeError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(cause) if cause.is_foreign_key_violation() => Self::Refused(CommitError::Missing),
            // Whoever inserts says what a row that is there means; only an update can collide here.
            Some(cause) if cause.is_unique_violation() => Self::Refused(CommitError::Outdated),
            _ => Self::Failed(error),
        }
    }
}

/// Which entry a change belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The entry's workspace, in text form.
    pub(crate) workspace: &'a str,
    /// The entry's time.
    pub(crate) time: Micros,
    /// The index that the entry gets if all its changes apply.
    pub(crate) index: u64,
}

/// The workspace that a change is about when it names one; it may be another than the entry's.
pub(crate) const fn target(change: &Change) -> Option<WorkspaceId> {
    match change {
        Change::UpdateWorkspace { id, .. }
        | Change::PutSeeds { id, .. }
        | Change::PutRecord(id, _) => Some(*id),
        Change::InsertApiKey(row) => Some(row.workspace),
        Change::InsertWorkspace(_)
        | Change::DeleteRecord(..)
        | Change::DeleteApiKey(_)
        | Change::InsertContext(_)
        | Change::RecreateContext(_)
        | Change::AddContextKey(..)
        | Change::SetContextState(..)
        | Change::DestroyContext { .. }
        | Change::DestroyContextKey(..)
        | Change::MoveContext(_)
        | Change::SetDestruction(..)
        | Change::InsertIdempotency(_)
        | Change::NewGeneration(_)
        | Change::InsertObject(..)
        | Change::PutObject { .. }
        | Change::DestroyObjectVersion { .. }
        | Change::PurgeObject { .. }
        | Change::RewrapObjectVersion(_)
        | Change::InsertJob(_)
        | Change::UpdateJob(_)
        | Change::InsertWebhook(_)
        | Change::ClaimWebhook { .. }
        | Change::ResetWebhook { .. }
        | Change::DeleteWebhook(_)
        | Change::PutDeployment { .. }
        | Change::InsertStore(_)
        | Change::UpdateStore { .. }
        | Change::PutStoreValue { .. }
        | Change::RewrapStoreValue(_)
        | Change::SealedStore(_)
        | Change::Lease(_) => None,
    }
}

/// Applies a change of rows; [`Change::NewGeneration`] is the head's and changes no row.
///
/// # Errors
/// [`ChangeError::Refused`] when the present state does not take it.
pub(crate) async fn apply(
    conn: &mut AnyConnection,
    place: Place<'_>,
    change: &Change,
) -> Result<(), ChangeError> {
    match change {
        Change::InsertWorkspace(row) => workspace::insert(conn, row).await,
        Change::UpdateWorkspace {
            id,
            body,
            context_quota,
        } => workspace::update(conn, *id, body, *context_quota).await,
        Change::PutSeeds { id, from, to } => workspace::put_seeds(conn, *id, (from, to)).await,
        Change::PutDeployment { name, from, to } => {
            workspace::put_deployment(conn, name, (from, to)).await
        }
        Change::PutRecord(workspace, record) => record::put(conn, *workspace, record).await,
        Change::DeleteRecord(kind, id) => record::delete(conn, place, *kind, id).await,
        Change::InsertApiKey(row) => record::insert_api_key(conn, row).await,
        Change::DeleteApiKey(id) => record::delete_api_key(conn, place, *id).await,
        Change::InsertContext(row) => context::insert(conn, place, row).await,
        Change::RecreateContext(row) => context::recreate(conn, place, row).await,
        Change::AddContextKey(id, wrapper, key) => {
            context::add_key(conn, place, (*id, *wrapper), key).await
        }
        Change::MoveContext(moved) => context::rewrap(conn, place, moved).await,
        Change::SetContextState(id, state) => context::set_state(conn, place, *id, *state).await,
        Change::SetDestruction(id, to) => context::set_destruction(conn, place, *id, *to).await,
        Change::DestroyContext { id, final_after } => {
            context::destroy(conn, place, *id, *final_after).await
        }
        Change::DestroyContextKey(id, version) => {
            context::destroy_key(conn, place, *id, *version).await
        }
        Change::InsertIdempotency(row) => record::insert_idempotency(conn, place, row).await,
        Change::InsertJob(row) => job::insert(conn, row).await,
        Change::UpdateJob(row) => job::update(conn, row).await,
        Change::NewGeneration(_) => Ok(()),
        Change::InsertObject(row, version) => object::insert(conn, place, row, version).await,
        Change::PutObject { row, seen, version } => {
            object::put(conn, place, row, *seen, version.as_ref()).await
        }
        Change::DestroyObjectVersion { object, version } => {
            object::destroy_version(conn, place, *object, *version).await
        }
        Change::PurgeObject { object, due } => object::purge(conn, place, *object, *due).await,
        Change::RewrapObjectVersion(rewrapped) => object::rewrap(conn, place, rewrapped).await,
        Change::InsertWebhook(row) => webhook::insert(conn, place, row).await,
        Change::ClaimWebhook { id, turn, until } => {
            webhook::claim(conn, place, *id, *turn, *until).await
        }
        Change::ResetWebhook { id, next, due } => {
            webhook::reset(conn, place, *id, *next, *due).await
        }
        Change::DeleteWebhook(id) => webhook::delete(conn, place, *id).await,
        Change::InsertStore(row) => store::insert(conn, place, row).await,
        Change::UpdateStore { row, seen } => store::update(conn, place, row, *seen).await,
        Change::PutStoreValue { value, keep } => store::put_value(conn, place, value, *keep).await,
        Change::RewrapStoreValue(rewrapped) => store::rewrap_value(conn, place, rewrapped).await,
        Change::SealedStore(change) => sealed_store::apply(conn, place, change).await,
        Change::Lease(change) => lease::apply(conn, place, change).await,
    }
}

/// Runs a statement that must change a row; refuses with `otherwise` when there is none.
async fn must_change(
    conn: &mut AnyConnection,
    statement: Query<'_, Any, AnyArguments>,
    otherwise: CommitError,
) -> Result<(), ChangeError> {
    match statement.execute(conn).await?.rows_affected() {
        0 => Err(otherwise.into()),
        _ => Ok(()),
    }
}
