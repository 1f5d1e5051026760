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
    conn.fetch_optional("PRAGMA wal_checkpoint(PASSIVE)")
        .await?;
    if bytes >= TRUNCATE_BYTES {
        conn.fetch_optional("PRAGMA wal_checkpoint(TRUNCATE)")
            .await?;
    }
    Ok(conn)
}

async fn connect(options: &AnyConnectOptions) -> Result<AnyConnection, sqlx::Error> {
    let mut conn = options.connect().await?;
    // Short, because the writer waits as long as this waits for readers.
    conn.execute("PRAGMA busy_timeout = 100; PRAGMA synchronous = FULL;")
        .await?;
    Ok(conn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Backend;
    use crate::tests::Fixture;

    fn path_and_options(f: &Fixture) -> (PathBuf, AnyConnectOptions) {
        let path = PathBuf::from(f.config.url.strip_prefix("sqlite:").unwrap());
        let options = crate::sqlite::file::url(&path).parse().unwrap();
        (path, options)
    }

    #[tokio::test]
    async fn a_large_wal_is_moved_into_the_database() {
        let f = Fixture::new(Backend::Sqlite).await;
        let mut large = f.pending(0);
        large.items = Some(vec![1; 9 << 20]);
        f.commit(large).await.unwrap();
        let (path, options) = path_and_options(&f);
        let before = std::fs::metadata(&path).unwrap().len();

        let (wake, woken) = mpsc::channel(1);
        wake.try_send(()).unwrap();
        drop(wake);
        run(path.clone(), options, woken).await;
        let after = std::fs::metadata(&path).unwrap().len();
        assert!(after > before + (9 << 20), "{before} {after}");
    }

    #[tokio::test]
    async fn a_huge_wal_is_emptied() {
        let f = Fixture::new(Backend::Sqlite).await;
        f.commit(f.pending(0)).await.unwrap();
        let (path, options) = path_and_options(&f);
        assert!(size(&wal(&path)) > 0);
        checkpoint(None, &options, TRUNCATE_BYTES).await.unwrap();
        assert_eq!(size(&wal(&path)), 0);
        assert_eq!(f.commit(f.pending(1)).await.unwrap().index, 1);
    }
}
