//! Writes that belong to no entry. Each runs in a transaction of its own.

use core::fmt::Debug;

use async_trait::async_trait;
use sqlx::{AnyConnection, AssertSqlSafe, query};
use strongroom_core::ports::{
    CheckpointRow, JobRow, Micros, StoreError, TileRow, Tiling, UseCount, WebhookMove, WorkspaceRow,
};
use strongroom_types::WorkspaceId;

use crate::change::store::erase_rows;
use crate::change::{self, ChangeError};
use crate::columns::{bigint, failed, placeholders};
use crate::read;

/// A write inside a transaction. It may run again when the transaction failed, so each leaves the
/// same rows when it has run before.
#[async_trait]
pub(crate) trait Write: Send + Sync + Debug + 'static {
    /// What the caller is told once it is durable.
    type Answer: Send + 'static;

    /// Whether it removed what must not stay readable anywhere, the WAL included. There is no answer
    /// of a write that failed, and nobody knows what became of it.
    fn erased(_answer: Option<&Self::Answer>) -> bool {
        false
    }

    /// Writes.
    async fn run(&self, conn: &mut AnyConnection) -> Result<Self::Answer, StoreError>;
}

/// Stores a deployment-wide value if there is none.
#[derive(Debug)]
pub(crate) struct PutDeployment {
    pub(crate) name: String,
    pub(crate) value: Vec<u8>,
}

#[async_trait]
impl Write for PutDeployment {
    type Answer = Vec<u8>;

    async fn run(&self, conn: &mut AnyConnection) -> Result<Vec<u8>, StoreError> {
        query("INSERT INTO deployment (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(self.name.as_str())
            .bind(self.value.as_slice())
            .execute(&mut *conn)
            .await
            .map_err(failed("deployment"))?;
        read::workspace::deployment(conn, &self.name)
            .await?
            .ok_or(StoreError::Damaged {
                table: "deployment",
            })
    }
}

/// Inserts the first workspace if it is not there.
#[derive(Debug)]
pub(crate) struct PutFirstWorkspace(pub(crate) WorkspaceRow);

#[async_trait]
impl Write for PutFirstWorkspace {
    type Answer = ();

    async fn run(&self, conn: &mut AnyConnection) -> Result<(), StoreError> {
        match change::insert_workspace(conn, &self.0).await {
            // Refused: it is there.
            Ok(()) | Err(ChangeError::Refused(_)) => Ok(()),
            Err(ChangeError::Failed(error)) => Err(failed("workspace")(error)),
        }
    }
}

/// Stores what the follower derived from 256 entries, unless their tile is stored.
#[derive(Debug)]
pub(crate) struct PutTiling {
    pub(crate) workspace: WorkspaceId,
    pub(crate) tiling: Tiling,
}

#[async_trait]
impl Write for PutTiling {
    type Answer = ();

    async fn run(&self, conn: &mut AnyConnection) -> Result<(), StoreError> {
        let workspace = self.workspace.to_string();
        let Some((entries, above)) = self.tiling.tiles.split_first() else {
            return Ok(());
        };
        let erasable = self.tiling.terms.iter().any(|term| term.private);
        let last_time = erasable.then_some(self.tiling.last_time);
        if insert_tile(conn, &workspace, entries, last_time).await? == 0 {
            return Ok(());
        }
        for tile in above {
            insert_tile(conn, &workspace, tile, None).await?;
        }
        self.insert_terms(conn, &workspace).await?;
        for uses in &self.tiling.uses {
            count_uses(conn, &workspace, uses).await?;
        }
        Ok(())
    }
}

/// Terms in one statement: 256 entries have some hundred, and few different statements are to be
/// prepared.
const TERMS_AT_ONCE: usize = 64;

impl PutTiling {
    async fn insert_terms(
        &self,
        conn: &mut AnyConnection,
        workspace: &str,
    ) -> Result<(), StoreError> {
        for terms in self.tiling.terms.chunks(TERMS_AT_ONCE) {
            let rows: Vec<String> = (0..terms.len())
                .map(|row| format!("($1, {})", placeholders(2 + 3 * row, 3)))
                .collect();
            let sql = format!(
                "INSERT INTO term (workspace, term, tile, private) VALUES {}
                 ON CONFLICT DO NOTHING",
                rows.join(", ")
            );
            let mut insert = query(AssertSqlSafe(sql)).bind(workspace);
            for row in terms {
                insert = insert
                    .bind(row.term.as_slice())
                    .bind(bigint(row.tile))
                    .bind(i64::from(row.private));
            }
            insert.execute(&mut *conn).await.map_err(failed("term"))?;
        }
        Ok(())
    }
}

async fn insert_tile(
    conn: &mut AnyConnection,
    workspace: &str,
    tile: &TileRow,
    last_time: Option<Micros>,
) -> Result<u64, StoreError> {
    let inserted = query(
        "INSERT INTO tile (workspace, level, n, hashes, root, last_time)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(workspace)
    .bind(i64::from(tile.level))
    .bind(bigint(tile.n))
    .bind(tile.hashes.as_slice())
    .bind(tile.root.as_bytes().as_slice())
    .bind(last_time)
    .execute(conn)
    .await
    .map_err(failed("tile"))?;
    Ok(inserted.rows_affected())
}

async fn count_uses(
    conn: &mut AnyConnection,
    workspace: &str,
    uses: &UseCount,
) -> Result<(), StoreError> {
    query(
        "UPDATE context_key SET sealed = sealed + $4,
             last_opened = CASE WHEN last_opened IS NULL OR last_opened < $5 THEN $5
                                ELSE last_opened END
         WHERE workspace = $1 AND context = $2 AND version = $3",
    )
    .bind(workspace)
    .bind(uses.context.to_string())
    .bind(i64::from(uses.version.0))
    .bind(bigint(uses.sealed))
    .bind(uses.last_opened)
    .execute(conn)
    .await
    .map_err(failed("context_key"))?;
    Ok(())
}

/// Stores a checkpoint unless one of its generation and size is stored.
#[derive(Debug)]
pub(crate) struct PutCheckpoint {
    pub(crate) workspace: WorkspaceId,
    pub(crate) row: CheckpointRow,
}

#[async_trait]
impl Write for PutCheckpoint {
    type Answer = CheckpointRow;

    async fn run(&self, conn: &mut AnyConnection) -> Result<CheckpointRow, StoreError> {
        let Self { workspace, row } = self;
        query(
            "INSERT INTO checkpoint (workspace, generation, size, note) VALUES ($1, $2, $3, $4)
             ON CONFLICT DO NOTHING",
        )
        .bind(workspace.to_string())
        .bind(bigint(row.generation))
        .bind(bigint(row.size))
        .bind(row.note.as_str())
        .execute(&mut *conn)
        .await
        .map_err(failed("checkpoint"))?;
        read::log::checkpoint_at(conn, *workspace, row.generation, row.size)
            .await?
            .ok_or(StoreError::Damaged {
                table: "checkpoint",
            })
    }
}

/// Erases the openings of old batches.
#[derive(Debug)]
pub(crate) struct EraseOpenings {
    pub(crate) before: Micros,
    pub(crate) limit: u32,
}

#[async_trait]
impl Write for EraseOpenings {
    type Answer = u64;

    fn erased(answer: Option<&u64>) -> bool {
        answer != Some(&0)
    }

    async fn run(&self, conn: &mut AnyConnection) -> Result<u64, StoreError> {
        let erased = query(
            "UPDATE batch SET openings = NULL WHERE (workspace, first) IN (
                 SELECT workspace, first FROM batch
                 WHERE openings IS NOT NULL AND last_time < $1
                 ORDER BY last_time LIMIT $2)",
        )
        .bind(self.before)
        .bind(i64::from(self.limit))
        .execute(conn)
        .await
        .map_err(failed("batch"))?;
        Ok(erased.rows_affected())
    }
}

/// Erases leases that are over.
#[derive(Debug)]
pub(crate) struct EraseLeases {
    pub(crate) now: Micros,
    pub(crate) limit: u32,
}

#[async_trait]
impl Write for EraseLeases {
    type Answer = u64;

    fn erased(answer: Option<&u64>) -> bool {
        answer != Some(&0)
    }

    async fn run(&self, conn: &mut AnyConnection) -> Result<u64, StoreError> {
        let erased = query(
            "DELETE FROM lease WHERE (workspace, id) IN (
                 SELECT workspace, id FROM lease WHERE expires <= $1 ORDER BY expires LIMIT $2)",
        )
        .bind(self.now)
        .bind(i64::from(self.limit))
        .execute(conn)
        .await
        .map_err(failed("lease"))?;
        Ok(erased.rows_affected())
    }
}

/// Replaces a job. A write that runs again after a transaction that was in doubt says that it did not:
/// whoever works on the job then reads it again.
#[derive(Debug)]
pub(crate) struct PutJob(pub(crate) JobRow);

#[async_trait]
impl Write for PutJob {
    type Answer = bool;

    async fn run(&self, conn: &mut AnyConnection) -> Result<bool, StoreError> {
        let replaced = change::job::replace(&self.0).execute(conn).await;
        Ok(replaced.map_err(failed("job"))?.rows_affected() > 0)
    }
}

/// Erases the search terms made of private fields in old tiles.
#[derive(Debug)]
pub(crate) struct EraseTerms {
    pub(crate) before: Micros,
    pub(crate) limit: u32,
}

#[async_trait]
impl Write for EraseTerms {
    type Answer = u64;

    fn erased(answer: Option<&u64>) -> bool {
        answer != Some(&0)
    }

    async fn run(&self, conn: &mut AnyConnection) -> Result<u64, StoreError> {
        let tiles =
            read::log::tiles_with_private_terms(&mut *conn, self.before, self.limit).await?;
        for (workspace, tile) in &tiles {
            erase_terms(conn, workspace, *tile).await?;
        }
        Ok(u64::try_from(tiles.len()).unwrap_or(u64::MAX))
    }
}

async fn erase_terms(
    conn: &mut AnyConnection,
    workspace: &str,
    tile: u64,
) -> Result<(), StoreError> {
    query("DELETE FROM term WHERE workspace = $1 AND tile = $2 AND private = 1")
        .bind(workspace)
        .bind(bigint(tile))
        .execute(&mut *conn)
        .await
        .map_err(failed("term"))?;
    query("UPDATE tile SET last_time = NULL WHERE workspace = $1 AND level = 0 AND n = $2")
        .bind(workspace)
        .bind(bigint(tile))
        .execute(conn)
        .await
        .map_err(failed("tile"))?;
    Ok(())
}

/// Notes how far the holder of a webhook's turn has come.
#[derive(Debug)]
pub(crate) struct MoveWebhook {
    pub(crate) workspace: WorkspaceId,
    pub(crate) moved: WebhookMove,
}

#[async_trait]
impl Write for MoveWebhook {
    type Answer = bool;

    async fn run(&self, conn: &mut AnyConnection) -> Result<bool, StoreError> {
        let Self { workspace, moved } = self;
        let (workspace, id) = (workspace.to_string(), moved.id.to_string());
        let update = query(
            "UPDATE webhook SET next_entry = $4, next_part = $5, failures = $6, due = $7
             WHERE workspace = $1 AND id = $2 AND turn = $3 AND due IS NOT NULL",
        )
        .bind(workspace.as_str())
        .bind(id.as_str())
        .bind(bigint(moved.turn))
        .bind(bigint(moved.next.entry))
        .bind(i64::from(moved.next.part))
        .bind(i64::from(moved.failures))
        .bind(moved.due)
        .execute(&mut *conn)
        .await
        .map_err(failed("webhook"))?;
        let Some(dead) = moved.dead.filter(|_| update.rows_affected() == 1) else {
            return Ok(update.rows_affected() == 1);
        };
        query(
            "INSERT INTO dead_letter (workspace, webhook, entry, part, status, given_up)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(workspace)
        .bind(id)
        .bind(bigint(dead.place.entry))
        .bind(i64::from(dead.place.part))
        .bind(dead.status.map(i64::from))
        .bind(dead.given_up)
        .execute(conn)
        .await
        .map_err(failed("dead_letter"))?;
        Ok(true)
    }
}

/// Writes nothing; the transaction around it shows that a write would be accepted.
#[derive(Debug)]
pub(crate) struct Probe;

#[async_trait]
impl Write for Probe {
    type Answer = ();

    async fn run(&self, conn: &mut AnyConnection) -> Result<(), StoreError> {
        query("UPDATE deployment SET value = value WHERE name = $1")
            .bind("")
            .execute(conn)
            .await
            .map_err(failed("deployment"))?;
        Ok(())
    }
}

/// Erases some rows of a store that was destroyed; says how many.
#[derive(Debug)]
pub(crate) struct EraseStoreValues {
    pub(crate) limit: u32,
}

#[async_trait]
impl Write for EraseStoreValues {
    type Answer = u64;

    fn erased(answer: Option<&u64>) -> bool {
        answer != Some(&0)
    }

    async fn run(&self, conn: &mut AnyConnection) -> Result<u64, StoreError> {
        let Some((workspace, context)) = read::store::to_erase(&mut *conn).await? else {
            return Ok(0);
        };
        let store = (workspace.as_str(), context.as_str());
        let erased = erase_rows(&mut *conn, store, self.limit).await;
        let erased = erased.map_err(failed("store_value"))?;
        if erased < u64::from(self.limit) {
            query("DELETE FROM store_erasure WHERE workspace = $1 AND context = $2")
                .bind(workspace)
                .bind(context)
                .execute(conn)
                .await
                .map_err(failed("store_erasure"))?;
        }
        Ok(erased)
    }
}
