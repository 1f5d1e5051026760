//! SQLite: connections, the file, and the checkpoints of its WAL.

pub(crate) mod checkpoint;
pub(crate) mod file;

use core::time::Duration;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions as _, Executor as _, Row as _};
use tokio::time::sleep;

use crate::database::OpenError;

/// What makes a connection one that writes.
///
/// `secure_delete` overwrites erased openings and destroyed keys; the WAL is checkpointed off the
/// commit path.
pub(crate) const WRITER_PRAGMAS: &str = "PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
    PRAGMA wal_autocheckpoint = 0;";

/// How long a sync waits before it tries again.
const AGAIN: Duration = Duration::from_millis(20);

/// Connects the one writer.
pub(crate) async fn connect(options: &AnyConnectOptions) -> Result<AnyConnection, OpenError> {
    let mut conn = options.connect().await?;
    conn.execute(WRITER_PRAGMAS).await?;
    Ok(conn)
}

/// Makes a connection that only reads.
pub(crate) async fn read_only(conn: &mut AnyConnection) -> Result<(), sqlx::Error> {
    conn.execute("PRAGMA busy_timeout = 5000; PRAGMA query_only = ON;")
        .await?;
    Ok(())
}

/// Syncs the WAL and the database. It waits as long as the checkpointer is at work, for which SQLite
/// calls no busy handler, or readers are in the way.
///
/// # Errors
/// Not everything reached the disk.
pub(crate) async fn sync(conn: &mut AnyConnection) -> Result<(), sqlx::Error> {
    loop {
        let row = conn.fetch_one("PRAGMA wal_checkpoint(FULL)").await?;
        if row.try_get::<i64, _>(0)? == 0 {
            return Ok(());
        }
        sleep(AGAIN).await;
    }
}
