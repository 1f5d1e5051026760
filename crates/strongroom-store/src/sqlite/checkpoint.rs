//! Moves the WAL into the database, off the commit path.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions as _, Executor as _, Row as _};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// From this size on the WAL is moved without holding anyone up; it keeps its size.
const PASSIVE_BYTES: u64 = 8 << 20;
/// From this size on it is also emptied, for which the writer waits a moment: almost everything
/// has just been moved.
const TRUNCATE_BYTES: u64 = 64 << 20;

/// How long a look waits when readers kept it from emptying the WAL.
const AGAIN: Duration = Duration::from_secs(1);

/// Wakes the checkpointer.
#[derive(Debug)]
pub(crate) struct Wake {
    sender: mpsc::Sender<()>,
    erased: Arc<AtomicBool>,
}

/// Where the checkpointer sleeps.
#[derive(Debug)]
pub(crate) struct Woken {
    receiver: mpsc::Receiver<()>,
    /// Whether the WAL may hold what a write has erased from the database.
    erased: Arc<AtomicBool>,
}

/// The two ends of the way to the checkpointer.
pub(crate) fn channel() -> (Wake, Woken) {
    let (sender, receiver) = mpsc::channel(1);
    let erased = Arc::<AtomicBool>::default();
    let wake = Wake {
        sender,
        erased: Arc::clone(&erased),
    };
    (wake, Woken { receiver, erased })
}

impl Wake {
    /// Makes it look at the size of the WAL.
    pub(crate) fn look(&self) {
        // When there is no room, the checkpointer is awake already.
        self.sender.try_send(()).ok();
    }

    /// Makes it empty the WAL, whatever its size: destroyed keys and erased openings are in it
    /// until then, and on a quiet server nothing else would overwrite them.
    pub(crate) fn erase(&self) {
        self.erased.store(true, Ordering::Release);
        self.look();
    }
}

impl Woken {
    /// Whether it is asked to empty the WAL.
    #[cfg(test)]
    pub(crate) fn is_to_erase(&self) -> bool {
        self.erased.load(Ordering::Acquire)
    }

    /// Sleeps until there is something to do; false when nobody can wake it any more.
    async fn wait(&mut self, again: bool) -> bool {
        if !again {
            return self.receiver.recv().await.is_some();
        }
        let woken = timeout(AGAIN, self.receiver.recv()).await;
        woken.map_or(true, |woken| woken.is_some())
    }
}

/// Looks at the WAL each time it is woken; ends when nobody can wake it any more.
pub(crate) async fn run(path: PathBuf, options: AnyConnectOptions, mut woken: Woken) {
    let wal = wal(&path);
    let mut conn = None;
    let mut moved = 0;
    let mut again = false;
    while woken.wait(again).await {
        let erased = woken.erased.swap(false, Ordering::AcqRel) || again;
        again = false;
        let bytes = size(&wal);
        if bytes < moved {
            moved = 0;
        }
        if bytes < moved + PASSIVE_BYTES && !erased {
            continue;
        }
        let truncate = erased || bytes >= TRUNCATE_BYTES;
        match checkpoint(conn.take(), &options, truncate).await {
            Ok((usable, emptied)) => {
                conn = Some(usable);
                again = erased && !emptied;
            }
            Err(error) => {
                tracing::warn!(%error, "the WAL could not be checkpointed");
                again = erased;
            }
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

/// Moves the WAL, and says whether it also was emptied.
async fn checkpoint(
    conn: Option<AnyConnection>,
    options: &AnyConnectOptions,
    truncate: bool,
) -> Result<(AnyConnection, bool), sqlx::Error> {
    let mut conn = match conn {
        Some(conn) => conn,
        None => connect(options).await?,
    };
    conn.fetch_optional("PRAGMA wal_checkpoint(PASSIVE)")
        .await?;
    if !truncate {
        return Ok((conn, false));
    }
    let row = conn.fetch_one("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    let busy: i64 = row.try_get(0)?;
    Ok((conn, busy == 0))
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

        let (wake, woken) = channel();
        wake.look();
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
        checkpoint(None, &options, true).await.unwrap();
        assert_eq!(size(&wal(&path)), 0);
        assert_eq!(f.commit(f.pending(1)).await.unwrap().index, 1);
    }

    #[tokio::test]
    async fn a_small_wal_is_emptied_once_something_was_erased() {
        let f = Fixture::new(Backend::Sqlite).await;
        f.commit(f.pending(0)).await.unwrap();
        let (path, options) = path_and_options(&f);
        let (wake, woken) = channel();
        wake.erase();
        drop(wake);
        assert!(size(&wal(&path)) > 0);
        run(path.clone(), options, woken).await;
        assert_eq!(size(&wal(&path)), 0);
    }
}
