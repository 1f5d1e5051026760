//! Moves the WAL into the database, off the commit path.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::Arc;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions as _, Executor as _, Row as _};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// From so many bytes on the WAL is moved into the database and then written from its beginning
/// again. Its file keeps the size: a commit that makes a file longer waits for the file system too,
/// and takes several times as long to reach the disk.
const MOVED_BYTES: i64 = 8 << 20;
/// A page and its header in the WAL.
const FRAME_BYTES: i64 = 4096 + 24;

/// How long a look waits when readers kept it from emptying the WAL.
const AGAIN: Duration = Duration::from_secs(1);
/// A WAL that was written and that nobody has looked at for so long is emptied: what newer rows
/// replaced stays no longer than that on a quiet server.
const QUIET: Duration = Duration::from_mins(1);

/// Wakes the checkpointer.
#[derive(Debug)]
pub(crate) struct Wake {
    sender: mpsc::Sender<()>,
    erased: Arc<AtomicBool>,
    written: Arc<AtomicBool>,
}

/// Where the checkpointer sleeps.
#[derive(Debug)]
pub(crate) struct Woken {
    receiver: mpsc::Receiver<()>,
    /// Whether the WAL may hold what a write has erased from the database.
    erased: Arc<AtomicBool>,
    /// Whether anything was written since the WAL was emptied.
    written: Arc<AtomicBool>,
}

/// The two ends of the way to the checkpointer.
pub(crate) fn channel() -> (Wake, Woken) {
    let (sender, receiver) = mpsc::channel(1);
    let (erased, written) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let wake = Wake {
        sender,
        erased: Arc::clone(&erased),
        written: Arc::clone(&written),
    };
    let woken = Woken {
        receiver,
        erased,
        written,
    };
    (wake, woken)
}

impl Wake {
    /// Makes it look at the length of the WAL.
    pub(crate) fn look(&self) {
        // When there is no room, the checkpointer is awake already.
        self.sender.try_send(()).ok();
    }

    /// Notes that something was written.
    pub(crate) fn wrote(&self) {
        self.written.store(true, Ordering::Release);
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

    /// Sleeps until it is woken or has slept long enough, and says which. Nothing when nobody can wake
    /// it any more.
    async fn wait(&mut self, again: bool) -> Option<bool> {
        let pause = if again { AGAIN } else { QUIET };
        match timeout(pause, self.receiver.recv()).await {
            Ok(woken) => woken.map(|()| true),
            Err(_slept) => Some(false),
        }
    }

    /// What there is to do after a wait.
    fn due(&self, woken: bool, again: bool) -> Option<Goal> {
        if self.erased.swap(false, Ordering::AcqRel) || again {
            self.written.store(false, Ordering::Release);
            return Some(Goal::Empty);
        }
        if woken {
            return Some(Goal::Restart);
        }
        let written = self.written.swap(false, Ordering::AcqRel);
        written.then_some(Goal::Empty)
    }
}

/// How far a checkpoint goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    /// What is in the WAL is in the database as well, and the next commit begins at its front.
    Restart,
    /// What is in the WAL is in the database, and the WAL is empty.
    Empty,
}

/// Looks at the WAL each time it is woken; ends when nobody can wake it any more.
pub(crate) async fn run(options: AnyConnectOptions, mut woken: Woken) {
    let mut conn = None;
    let mut again = false;
    while let Some(heard) = woken.wait(again).await {
        let Some(goal) = woken.due(heard, again) else {
            continue;
        };
        match look(conn.take(), &options, goal).await {
            Ok((usable, done)) => {
                conn = Some(usable);
                again = goal == Goal::Empty && !done;
            }
            Err(error) => {
                tracing::warn!(%error, "the WAL could not be checkpointed");
                again = goal == Goal::Empty;
            }
        }
    }
}

/// Moves the WAL if it is long or must be emptied, and says whether the goal was reached.
async fn look(
    conn: Option<AnyConnection>,
    options: &AnyConnectOptions,
    goal: Goal,
) -> Result<(AnyConnection, bool), sqlx::Error> {
    let mut conn = match conn {
        Some(conn) => conn,
        None => connect(options).await?,
    };
    if goal == Goal::Restart && frames(&mut conn).await? * FRAME_BYTES < MOVED_BYTES {
        return Ok((conn, true));
    }
    // Without holding anyone up; what is left to the second step, for which the writer waits, is
    // what came in meanwhile.
    conn.fetch_optional("PRAGMA wal_checkpoint(PASSIVE)")
        .await?;
    let row = conn
        .fetch_one(match goal {
            Goal::Restart => "PRAGMA wal_checkpoint(RESTART)",
            Goal::Empty => "PRAGMA wal_checkpoint(TRUNCATE)",
        })
        .await?;
    let busy: i64 = row.try_get(0)?;
    Ok((conn, busy == 0))
}

/// How many pages are in the WAL.
async fn frames(conn: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    let row = conn.fetch_one("PRAGMA wal_checkpoint(NOOP)").await?;
    row.try_get(1)
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
    use std::ffi::OsString;
    use std::path::PathBuf;

    use sqlx::AssertSqlSafe;
    use tempfile::TempDir;

    use super::*;
    use crate::sqlite::file;

    /// A database that nobody else moves the WAL of.
    struct Own {
        options: AnyConnectOptions,
        path: PathBuf,
        conn: AnyConnection,
        _folder: TempDir,
    }

    impl Own {
        async fn new() -> Self {
            sqlx::any::install_default_drivers();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("own.db");
            file::create(&path).unwrap();
            let options = file::url(&path).parse().unwrap();
            let mut conn = crate::sqlite::connect(&options).await.unwrap();
            conn.execute("CREATE TABLE value (bytes BLOB)")
                .await
                .unwrap();
            Self {
                options,
                path,
                conn,
                _folder: folder,
            }
        }

        async fn write(&mut self, bytes: usize) {
            let insert = format!("INSERT INTO value VALUES (zeroblob({bytes}))");
            self.conn.execute(AssertSqlSafe(insert)).await.unwrap();
        }

        fn bytes(&self) -> u64 {
            std::fs::metadata(&self.path).unwrap().len()
        }

        fn wal_bytes(&self) -> u64 {
            let mut wal = OsString::from(&self.path);
            wal.push("-wal");
            std::fs::metadata(wal).map_or(0, |metadata| metadata.len())
        }

        async fn run_once(&self, wake: impl FnOnce(&Wake)) {
            let (waker, woken) = channel();
            wake(&waker);
            drop(waker);
            run(self.options.clone(), woken).await;
        }
    }

    #[tokio::test]
    async fn a_long_wal_is_moved_and_written_from_its_front_again() {
        let mut own = Own::new().await;
        own.write(9 << 20).await;
        let (before, wal) = (own.bytes(), own.wal_bytes());
        own.run_once(Wake::look).await;
        let after = own.bytes();
        assert!(after > before + (9 << 20), "{before} {after}");
        own.write(1).await;
        assert_eq!(own.wal_bytes(), wal, "it is neither longer nor shorter");
    }

    #[test]
    fn a_wal_that_was_written_is_emptied_when_it_is_quiet() {
        let (wake, woken) = channel();
        assert_eq!(woken.due(false, false), None, "nothing was written");
        wake.wrote();
        assert_eq!(woken.due(true, false), Some(Goal::Restart));
        assert_eq!(woken.due(false, false), Some(Goal::Empty));
        assert_eq!(woken.due(false, false), None, "it is empty");
        assert_eq!(
            woken.due(false, true),
            Some(Goal::Empty),
            "readers were in the way"
        );
        wake.wrote();
        wake.erase();
        assert_eq!(woken.due(true, false), Some(Goal::Empty));
        assert_eq!(
            woken.due(false, false),
            None,
            "what was written went with it"
        );
    }

    #[tokio::test]
    async fn a_short_wal_is_left_alone() {
        let mut own = Own::new().await;
        own.write(1).await;
        let before = std::fs::read(&own.path).unwrap();
        own.run_once(Wake::look).await;
        assert!(std::fs::read(&own.path).unwrap() == before);
    }

    #[tokio::test]
    async fn a_short_wal_is_emptied_once_something_was_erased() {
        let mut own = Own::new().await;
        own.write(1).await;
        assert!(own.wal_bytes() > 0);
        own.run_once(Wake::erase).await;
        assert_eq!(own.wal_bytes(), 0);
        own.write(1).await;
    }
}
