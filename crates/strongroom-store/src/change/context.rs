//! Changes of key contexts and their keys.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, query, query_scalar};
use strongroom_core::ports::{
    CommitError, ContextKeyRow, ContextMove, ContextRow, Destruction, Micros, Wrapper,
};
use strongroom_types::body::{ContextState, KeyState};
use strongroom_types::{ContextId, KeyVersion};

use super::{ChangeError, Place, must_change, store};
use crate::columns::bigint;

pub(super) async fn insert(
    conn: &mut AnyConnection,
    place: Place<'_>,
    row: &ContextRow,
) -> Result<(), ChangeError> {
    let id = row.id.to_string();
    // An id that is there conflicts even when the quota is reached.
    if state_of(conn, place, &id).await?.is_some() {
        return Err(CommitError::Conflict.into());
    }
    count_one_more(conn, place).await?;
    let insert = query(
        "INSERT INTO context
             (workspace, id, kind, state, created, map, lock_secret, final_after, wrapper)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    );
    bind(insert, place, &id, row).execute(&mut *conn).await?;
    insert_keys(conn, place, &id, &row.keys, CommitError::Conflict).await
}

fn bind<'q>(
    statement: Query<'q, Any, AnyArguments>,
    place: Place<'q>,
    id: &'q str,
    row: &'q ContextRow,
) -> Query<'q, Any, AnyArguments> {
    statement
        .bind(place.workspace)
        .bind(id)
        .bind(row.kind.name())
        .bind(row.state.name())
        .bind(row.created)
        .bind(row.map.as_slice())
        .bind(row.lock_secret.as_slice())
        .bind(row.final_after)
        .bind(row.wrapper.to_string())
}

/// The name of a key context's state; `None` when there is no such context.
async fn state_of(
    conn: &mut AnyConnection,
    place: Place<'_>,
    id: &str,
) -> Result<Option<String>, ChangeError> {
    Ok(
        query_scalar("SELECT state FROM context WHERE workspace = $1 AND id = $2")
            .bind(place.workspace)
            .bind(id)
            .fetch_optional(conn)
            .await?,
    )
}

async fn count_one_more(conn: &mut AnyConnection, place: Place<'_>) -> Result<(), ChangeError> {
    let counted = query(
        "UPDATE workspace SET contexts = contexts + 1 WHERE id = $1 AND contexts < context_quota",
    )
    .bind(place.workspace)
    .execute(&mut *conn)
    .await?;
    if counted.rows_affected() == 1 {
        return Ok(());
    }
    let quota: i64 = query_scalar("SELECT context_quota FROM workspace WHERE id = $1")
        .bind(place.workspace)
        .fetch_one(conn)
        .await?;
    let quota = quota.unsigned_abs();
    Err(CommitError::Quota { quota }.into())
}

async fn insert_keys(
    conn: &mut AnyConnection,
    place: Place<'_>,
    context: &str,
    keys: &[ContextKeyRow],
    otherwise: CommitError,
) -> Result<(), ChangeError> {
    for key in keys {
        let insert = query(
            "INSERT INTO context_key
                 (workspace, context, version, state, created, seed, sealed, last_opened)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        )
        .bind(place.workspace)
        .bind(context)
        .bind(i64::from(key.version.0))
        .bind(key.state.name())
        .bind(key.created)
        .bind(key.seed.as_slice())
        .bind(bigint(key.sealed))
        .bind(key.last_opened);
        if insert.execute(&mut *conn).await?.rows_affected() == 0 {
            return Err(otherwise.into());
        }
    }
    Ok(())
}

pub(super) async fn recreate(
    conn: &mut AnyConnection,
    place: Place<'_>,
    row: &ContextRow,
) -> Result<(), ChangeError> {
    let id = row.id.to_string();
    match state_of(conn, place, &id).await? {
        None => return Err(CommitError::Missing.into()),
        Some(state) if state != ContextState::Destroyed.name() => {
            return Err(CommitError::Conflict.into());
        }
        Some(_) => {}
    }
    let update = query(
        "UPDATE context SET kind = $3, state = $4, created = $5, map = $6, lock_secret = $7,
                            final_after = $8, wrapper = $9
         WHERE workspace = $1 AND id = $2",
    );
    bind(update, place, &id, row).execute(&mut *conn).await?;
    insert_keys(conn, place, &id, &row.keys, CommitError::Conflict).await
}

pub(super) async fn add_key(
    conn: &mut AnyConnection,
    place: Place<'_>,
    (id, wrapper): (ContextId, Wrapper),
    key: &ContextKeyRow,
) -> Result<(), ChangeError> {
    let id = id.to_string();
    must_live(conn, place, &id).await?;
    must_be_wrapped_by(conn, place, &id, wrapper).await?;
    add_active(conn, place, &id, key).await
}

/// Refuses a context whose seeds another key wraps.
async fn must_be_wrapped_by(
    conn: &mut AnyConnection,
    place: Place<'_>,
    id: &str,
    wrapper: Wrapper,
) -> Result<(), ChangeError> {
    let present: Option<String> =
        query_scalar("SELECT wrapper FROM context WHERE workspace = $1 AND id = $2")
            .bind(place.workspace)
            .bind(id)
            .fetch_optional(conn)
            .await?;
    if present.is_some_and(|present| present == wrapper.to_string()) {
        return Ok(());
    }
    Err(CommitError::Outdated.into())
}

async fn add_active(
    conn: &mut AnyConnection,
    place: Place<'_>,
    id: &str,
    key: &ContextKeyRow,
) -> Result<(), ChangeError> {
    query(
        "UPDATE context_key SET state = $3
         WHERE workspace = $1 AND context = $2 AND state = $4",
    )
    .bind(place.workspace)
    .bind(id)
    .bind(KeyState::Rotated.name())
    .bind(KeyState::Active.name())
    .execute(&mut *conn)
    .await?;
    let key = core::slice::from_ref(key);
    insert_keys(conn, place, id, key, CommitError::Outdated).await
}

/// Wraps all seeds by another key and adds a version. That the new version is the next one shows
/// that none was added since the row was read.
pub(super) async fn rewrap(
    conn: &mut AnyConnection,
    place: Place<'_>,
    moved: &ContextMove,
) -> Result<(), ChangeError> {
    let id = moved.id.to_string();
    must_live(conn, place, &id).await?;
    let update = query(
        "UPDATE context SET wrapper = $3, lock_secret = $4
         WHERE workspace = $1 AND id = $2 AND wrapper = $5 AND lock_secret = $6",
    )
    .bind(place.workspace)
    .bind(id.as_str())
    .bind(moved.to.to_string())
    .bind(moved.lock_secret.to.as_slice())
    .bind(moved.from.to_string())
    .bind(moved.lock_secret.from.as_slice());
    must_change(&mut *conn, update, CommitError::Outdated).await?;
    for (version, seed) in &moved.seeds {
        let update = query(
            "UPDATE context_key SET seed = $4
             WHERE workspace = $1 AND context = $2 AND version = $3 AND seed = $5",
        )
        .bind(place.workspace)
        .bind(id.as_str())
        .bind(i64::from(version.0))
        .bind(seed.to.as_slice())
        .bind(seed.from.as_slice());
        must_change(&mut *conn, update, CommitError::Outdated).await?;
    }
    add_active(conn, place, &id, &moved.key).await
}

/// Refuses a context that is not there, or destroyed.
async fn must_live(
    conn: &mut AnyConnection,
    place: Place<'_>,
    id: &str,
) -> Result<(), ChangeError> {
    match state_of(conn, place, id).await? {
        None => Err(CommitError::Missing.into()),
        Some(state) if state == ContextState::Destroyed.name() => Err(CommitError::Conflict.into()),
        Some(_) => Ok(()),
    }
}

pub(super) async fn set_state(
    conn: &mut AnyConnection,
    place: Place<'_>,
    id: ContextId,
    state: ContextState,
) -> Result<(), ChangeError> {
    let id = id.to_string();
    must_live(conn, place, &id).await?;
    query("UPDATE context SET state = $3 WHERE workspace = $1 AND id = $2")
        .bind(place.workspace)
        .bind(id)
        .bind(state.name())
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn set_destruction(
    conn: &mut AnyConnection,
    place: Place<'_>,
    id: ContextId,
    destruction: Option<Destruction>,
) -> Result<(), ChangeError> {
    let update = query(
        "UPDATE context SET destroy_at = $3, destroy_job = $4
         WHERE workspace = $1 AND id = $2 AND state <> $5",
    )
    .bind(place.workspace)
    .bind(id.to_string())
    .bind(destruction.map(|destruction| destruction.at))
    .bind(destruction.map(|destruction| destruction.job.to_string()))
    .bind(ContextState::Destroyed.name());
    must_change(conn, update, CommitError::Outdated).await
}

pub(super) async fn destroy(
    conn: &mut AnyConnection,
    place: Place<'_>,
    id: ContextId,
    final_after: Micros,
) -> Result<(), ChangeError> {
    let id = id.to_string();
    must_live(conn, place, &id).await?;
    store::erase(conn, place, &id).await?;
    query(
        "UPDATE context SET state = $3, lock_secret = $4, final_after = $5,
                            destroy_at = NULL, destroy_job = NULL
         WHERE workspace = $1 AND id = $2",
    )
    .bind(place.workspace)
    .bind(id.as_str())
    .bind(ContextState::Destroyed.name())
    .bind(Vec::new())
    .bind(final_after)
    .execute(&mut *conn)
    .await?;
    query("UPDATE context_key SET state = $3, seed = $4 WHERE workspace = $1 AND context = $2")
        .bind(place.workspace)
        .bind(id)
        .bind(KeyState::Destroyed.name())
        .bind(Vec::new())
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn destroy_key(
    conn: &mut AnyConnection,
    place: Place<'_>,
    id: ContextId,
    version: KeyVersion,
) -> Result<(), ChangeError> {
    let id = id.to_string();
    let there: Option<String> = query_scalar(
        "SELECT state FROM context_key WHERE workspace = $1 AND context = $2 AND version = $3",
    )
    .bind(place.workspace)
    .bind(id.as_str())
    .bind(i64::from(version.0))
    .fetch_optional(&mut *conn)
    .await?;
    if there.is_none() {
        return Err(CommitError::Missing.into());
    }
    let destroy = query(
        "UPDATE context_key SET state = $4, seed = $5
         WHERE workspace = $1 AND context = $2 AND version = $3 AND state <> $4",
    )
    .bind(place.workspace)
    .bind(id)
    .bind(i64::from(version.0))
    .bind(KeyState::Destroyed.name())
    .bind(Vec::new());
    must_change(conn, destroy, CommitError::Conflict).await
}
