//! Changes of sealed stores.

use sqlx::{AnyConnection, query};
use strongroom_core::ports::{
    CommitError, Guesses, Micros, SealedChange, SealedMapRow, SealedNode,
};
use strongroom_types::ClientId;

use super::{ChangeError, Place, must_change};
use crate::columns::bigint;

pub(super) async fn apply(
    conn: &mut AnyConnection,
    place: Place<'_>,
    change: &SealedChange,
) -> Result<(), ChangeError> {
    match change {
        SealedChange::Insert(row) => insert(conn, place, row).await,
        SealedChange::PutMap { row, put, removed } => {
            put_map(conn, place, row).await?;
            put_nodes(conn, place, row, (put, removed)).await
        }
        SealedChange::PutExpiry {
            context,
            record,
            version,
            due,
        } => put_expiry(conn, place, &context.to_string(), (record, *version, *due)).await,
        SealedChange::PurgeVersion {
            context,
            record,
            name,
            version,
        } => purge(conn, place, &context.to_string(), (record, name, *version)).await,
        SealedChange::ForgetValue {
            context,
            record,
            name,
            version,
        } => forget(conn, place, &context.to_string(), (record, name, *version)).await,
        SealedChange::PutSlot {
            context,
            slot,
            body,
            replace,
        } => put_slot(conn, place, &context.to_string(), (slot, body, *replace)).await,
        SealedChange::DeleteSlot { context, slot } => {
            delete_slot(conn, place, &context.to_string(), slot).await
        }
        SealedChange::PutGuesses {
            context,
            slot,
            client,
            seen,
            now,
        } => {
            let at = (context.to_string(), slot.as_slice(), *client);
            put_guesses(conn, place, at, (*seen, *now)).await
        }
    }
}

async fn insert(
    conn: &mut AnyConnection,
    place: Place<'_>,
    row: &SealedMapRow,
) -> Result<(), ChangeError> {
    let insert = query(
        "INSERT INTO sealed_map (workspace, context, epoch, keep, sequence, root, changed,
                                 next_version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(place.workspace)
    .bind(row.context.to_string())
    .bind(i64::from(row.epoch))
    .bind(i64::from(row.keep))
    .bind(bigint(row.sequence))
    .bind(row.root.as_slice())
    .bind(bigint(place.index))
    .bind(bigint(row.next_version));
    must_change(conn, insert, CommitError::Outdated).await
}

/// Replaces the map that has the sequence before this one's; another writer may have been first.
async fn put_map(
    conn: &mut AnyConnection,
    place: Place<'_>,
    row: &SealedMapRow,
) -> Result<(), ChangeError> {
    let update = query(
        "UPDATE sealed_map SET sequence = $3, root = $4, changed = $5, next_version = $7
         WHERE workspace = $1 AND context = $2 AND sequence = $6",
    )
    .bind(place.workspace)
    .bind(row.context.to_string())
    .bind(bigint(row.sequence))
    .bind(row.root.as_slice())
    .bind(bigint(place.index))
    .bind(bigint(row.sequence.saturating_sub(1)))
    .bind(bigint(row.next_version));
    must_change(conn, update, CommitError::Outdated).await
}

async fn put_nodes(
    conn: &mut AnyConnection,
    place: Place<'_>,
    row: &SealedMapRow,
    (put, removed): (&[SealedNode], &[Vec<u8>]),
) -> Result<(), ChangeError> {
    let context = row.context.to_string();
    for (id, node) in put {
        query(
            "INSERT INTO sealed_node (workspace, context, id, node) VALUES ($1, $2, $3, $4)
             ON CONFLICT (workspace, context, id) DO UPDATE SET node = excluded.node",
        )
        .bind(place.workspace)
        .bind(context.as_str())
        .bind(id.as_slice())
        .bind(node.as_slice())
        .execute(&mut *conn)
        .await?;
    }
    for id in removed {
        query("DELETE FROM sealed_node WHERE workspace = $1 AND context = $2 AND id = $3")
            .bind(place.workspace)
            .bind(context.as_str())
            .bind(id.as_slice())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Erases a record of which nothing newer was set meanwhile.
async fn forget(
    conn: &mut AnyConnection,
    place: Place<'_>,
    context: &str,
    (record, name, version): (&[u8], &[u8], u64),
) -> Result<(), ChangeError> {
    query("DELETE FROM sealed_expiry WHERE workspace = $1 AND context = $2 AND record = $3")
        .bind(place.workspace)
        .bind(context)
        .bind(record)
        .execute(&mut *conn)
        .await?;
    let erase = query(
        "DELETE FROM store_value
         WHERE workspace = $1 AND context = $2 AND name = $3
               AND (SELECT max(version) FROM store_value
                    WHERE workspace = $1 AND context = $2 AND name = $3) = $4",
    )
    .bind(place.workspace)
    .bind(context)
    .bind(name)
    .bind(bigint(version));
    must_change(conn, erase, CommitError::Outdated).await
}

async fn put_expiry(
    conn: &mut AnyConnection,
    place: Place<'_>,
    context: &str,
    (record, version, due): (&[u8], u64, Micros),
) -> Result<(), ChangeError> {
    query(
        "INSERT INTO sealed_expiry (workspace, context, record, version, due)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workspace, context, record, version) DO UPDATE SET due = excluded.due",
    )
    .bind(place.workspace)
    .bind(context)
    .bind(record)
    .bind(bigint(version))
    .bind(due)
    .execute(conn)
    .await?;
    Ok(())
}

/// Erases a version that expired. It may be gone already, because newer ones are enough.
async fn purge(
    conn: &mut AnyConnection,
    place: Place<'_>,
    context: &str,
    (record, name, version): (&[u8], &[u8], u64),
) -> Result<(), ChangeError> {
    for (erase, called) in [
        (
            "DELETE FROM sealed_expiry
             WHERE workspace = $1 AND context = $2 AND record = $3 AND version = $4",
            record,
        ),
        (
            "DELETE FROM store_value
             WHERE workspace = $1 AND context = $2 AND name = $3 AND version = $4",
            name,
        ),
    ] {
        query(erase)
            .bind(place.workspace)
            .bind(context)
            .bind(called)
            .bind(bigint(version))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

async fn put_slot(
    conn: &mut AnyConnection,
    place: Place<'_>,
    context: &str,
    (slot, body, replace): (&[u8], &[u8], bool),
) -> Result<(), ChangeError> {
    let statement = if replace {
        "INSERT INTO sealed_slot (workspace, context, slot, body)
         SELECT $1, $2, $3, $4 FROM sealed_map WHERE workspace = $1 AND context = $2
         ON CONFLICT (workspace, context, slot) DO UPDATE SET body = excluded.body"
    } else {
        "INSERT INTO sealed_slot (workspace, context, slot, body)
         SELECT $1, $2, $3, $4 FROM sealed_map WHERE workspace = $1 AND context = $2
         ON CONFLICT DO NOTHING"
    };
    let put = query(statement)
        .bind(place.workspace)
        .bind(context)
        .bind(slot)
        .bind(body);
    must_change(conn, put, CommitError::Outdated).await
}

async fn delete_slot(
    conn: &mut AnyConnection,
    place: Place<'_>,
    context: &str,
    slot: &[u8],
) -> Result<(), ChangeError> {
    query("DELETE FROM sealed_guess WHERE workspace = $1 AND context = $2 AND slot = $3")
        .bind(place.workspace)
        .bind(context)
        .bind(slot)
        .execute(&mut *conn)
        .await?;
    let delete =
        query("DELETE FROM sealed_slot WHERE workspace = $1 AND context = $2 AND slot = $3")
            .bind(place.workspace)
            .bind(context)
            .bind(slot);
    must_change(conn, delete, CommitError::Outdated).await
}

/// Counts a guess on top of what was seen; of two that saw the same, one is decided again.
async fn put_guesses(
    conn: &mut AnyConnection,
    place: Place<'_>,
    (context, slot, client): (String, &[u8], ClientId),
    (seen, now): (Option<Guesses>, Guesses),
) -> Result<(), ChangeError> {
    let statement = match seen {
        None => {
            "INSERT INTO sealed_guess (workspace, context, slot, client, used, since)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"
        }
        Some(_) => {
            "UPDATE sealed_guess SET used = $5, since = $6
             WHERE workspace = $1 AND context = $2 AND slot = $3 AND client = $4
                   AND used = $7 AND since = $8"
        }
    };
    let put = query(statement)
        .bind(place.workspace)
        .bind(context)
        .bind(slot)
        .bind(client.to_string())
        .bind(bigint(now.used))
        .bind(now.since);
    let put = match seen {
        None => put,
        Some(seen) => put.bind(bigint(seen.used)).bind(seen.since),
    };
    must_change(conn, put, CommitError::Outdated).await
}
