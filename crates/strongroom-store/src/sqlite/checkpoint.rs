//! Moves the WAL into the database, off the commit path.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions as _, Executor as _};
use tokio::sync::mpsc;

/// From this size on the WAL is moved without holding anyone up; it keeps its size.
const PASSIVE_BYTES: u64 = 8 << 20;
/// From this size on it is also emptied, for which the writer waits a moment: almost everything
/// has just been moved.
const TRUNCATE_BYTES: u64 = 64 << 20;

/// Looks at the WAL each time it is woken; ends when nobody can wake it any more.
pub(crate) async fn run(path: PathBuf, options: AnyConnectOptions, mut wake: mpsc::Receiver<()>) {
    let wal = wal(&path);
    let mut conn = None;
    let mut moved = 0;
    while wake.recv().await.is_some() {
        let bytes = size(&wal);
        if bytes < moved {
            moved = 0;
        }
        if bytes < moved + PASSIVE_BYTES {
            continue;
        }
        match checkpoint(conn.take(), &options, bytes).await {
            Ok(usable) => conn = Some(usable),
            Err(error) => tracing::warn!(%error, "the WAL could not be checkpointed"),
        }
        moved = size(&wal);
    }
}

fn wal(path: &Path) -> OsString {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    wal
}

/// No WAL is an empty one.
fn size(wal: &OsString) -> u64 {
    std::fs::metadata(wal).map_or(0, |metadata| metadata.len())
}

async fn checkpoint(
    conn: Option<AnyConnection>,
    options: &AnyConnectOptions,
    bytes: u64,
) -> Result<AnyConnection, sqlx::Error> {
    let mut conn = match conn {
        Some(conn) => conn,
        None => connect(options).await?,
    };
    conn.fetch_optional("PRAGMA wal_checkpoint(PASSIVE)").await?;
    if bytes >= TRUNCATE_BYTES {
        conn.fetch_optional("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    }
    Ok(conn)
}

async fn connect(options: &AnyConnectOptions) -> Result<AnyConnection, sqlx::Error> {
    let mut conn = options.connect().await?;
    // Short, because the writer waits as long as this waits for readers.
    conn.execute("PRAGMA busy_timeout = 100; PRAGMA synchronous = FULL;").await?;
    Ok(conn)
}
