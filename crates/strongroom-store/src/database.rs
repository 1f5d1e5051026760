//! Opening a database.

use core::fmt;
use core::time::Duration;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Once};

use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::{AnyPool, ConnectOptions as _, Connection as _};
use strongroom_core::ports::StoreError;
use strongroom_crypto::entropy::Entropy;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::commit::{self, Inbox, Means, Outbox};
use crate::postgres_tls::{self, DatabaseTls, UnapprovedTls};
use crate::{postgres, schema, sqlite};

/// A database that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither `sqlite:<path>` nor `postgres://…`.
    #[error("url is neither sqlite:<path> nor postgres://…")]
    Url,
    /// Another process has the SQLite database open.
    #[error("database is in use by another process")]
    InUse,
    /// PostgreSQL would lose committed transactions.
    #[error("postgresql setting {setting} is off")]
    SettingOff {
        /// The setting.
        setting: &'static str,
    },
    /// PostgreSQL negotiates, or may negotiate, TLS that NIST does not approve.
    #[error(transparent)]
    UnapprovedTls(#[from] UnapprovedTls),
    /// The tables were made by a newer program.
    #[error("tables have version {version}, which this program does not know")]
    NewerSchema {
        /// Their version.
        version: i64,
    },
    /// The tables could not be made.
    #[error("tables could not be brought up to date")]
    Schema(#[source] sqlx::migrate::MigrateError),
    /// The database does not answer.
    #[error("database did not answer in time")]
    TimedOut,
    /// The file cannot be made or locked.
    #[error("database file cannot be opened")]
    File(#[from] io::Error),
    /// The database refuses.
    #[error("database cannot be opened")]
    Database(#[from] sqlx::Error),
}

/// Which database, and how much of it is used.
#[derive(Clone)]
pub struct StoreConfig {
    /// `sqlite:<path>` (taken literally, without escapes) or `postgres://…`.
    pub url: String,
    /// The most connections that read at the same time. One (SQLite) or three (PostgreSQL) more
    /// write.
    pub readers_max: u32,
    /// What TLS to PostgreSQL may negotiate.
    pub tls: DatabaseTls,
}

impl StoreConfig {
    /// The default of [`readers_max`](Self::readers_max).
    pub const READERS_MAX: u32 = 8;

    /// A configuration with the default number of readers.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            readers_max: Self::READERS_MAX,
            tls: DatabaseTls::Any,
        }
    }
}

/// Without the URL, which may hold a password.
impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig")
            .field("readers_max", &self.readers_max)
            .finish_non_exhaustive()
    }
}

/// How long a read may take, waiting for a connection included.
const READ_MAX: Duration = Duration::from_secs(5);

/// Which of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// An open database. The tasks that write end when it is dropped, after everything that was handed
/// in; [`close`](Database::close) waits for them.
pub struct Database {
    pub(crate) readers: AnyPool,
    pub(crate) outbox: Outbox,
    tasks: Vec<JoinHandle<()>>,
    #[cfg(test)]
    pub(crate) faults: Arc<commit::fault::Faults>,
}

/// Without the URL, which may hold a password.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

impl Database {
    /// Opens a database, makes it if it is a SQLite file that is not there, and brings its tables
    /// up to date. Batches get their ids from `entropy`.
    ///
    /// # Errors
    /// Each says what the operator has to change.
    pub async fn open(config: &StoreConfig, entropy: Arc<dyn Entropy>) -> Result<Self, OpenError> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(install_default_drivers);
        if let Some(path) = config.url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            Self::open_sqlite(sqlite::file::resolve(path)?, config, entropy).await
        } else if config.url.starts_with("postgres://") || config.url.starts_with("postgresql://") {
            Self::open_postgres(config, entropy).await
        } else {
            Err(OpenError::Url)
        }
    }

    async fn open_sqlite(
        path: PathBuf,
        config: &StoreConfig,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        let lock = sqlite::file::lock(&path).await?;
        sqlite::file::create(&path)?;
        let options = quiet(&sqlite::file::url(&path))?;
        let mut first = sqlite::connect(&options).await?;
        schema::migrate(&mut first, Backend::Sqlite).await?;
        let readers = AnyPoolOptions::new()
            .max_connections(config.readers_max)
            // There is no network that a connection to a file could be lost by.
            .test_before_acquire(false)
            .after_connect(|conn, _| Box::pin(sqlite::read_only(conn)))
            .connect_with(options.clone())
            .await?;
        first.close().await?;
        let means = Means::new((options.clone(), DatabaseTls::Any), entropy);
        let (wake, woken) = sqlite::checkpoint::channel();
        // What was erased before the last stop may be in the WAL still.
        wake.erase();
        Self::start(readers, means, |means, outbox, inbox| {
            let shared = commit::sqlite::shared(means, (path, lock), wake);
            outbox.share(Arc::clone(&shared));
            let writer = commit::sqlite::start(shared, inbox)?;
            let checkpointer = sqlite::checkpoint::run(options, woken);
            Ok(vec![writer, tokio::spawn(checkpointer)])
        })
    }

    async fn open_postgres(
        config: &StoreConfig,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        let options = quiet(&config.url)?;
        let tls = config.tls;
        let mut first = postgres::connect(&options, tls).await?;
        schema::migrate(&mut first, Backend::Postgres).await?;
        first.close().await?;
        let readers = AnyPoolOptions::new()
            .max_connections(config.readers_max)
            .acquire_timeout(postgres::CONNECT_MAX)
            .after_connect(move |conn, _| Box::pin(postgres_tls::check_again(conn, tls)))
            .connect_with(options.clone())
            .await?;
        let means = Means::new((options, tls), entropy);
        Self::start(readers, means, |means, _, inbox| {
            Ok(vec![tokio::spawn(commit::postgres::run(means, inbox))])
        })
    }

    /// Waits for a read, but not for ever: a database that accepted the connection and then fell
    /// silent is one that is not there.
    pub(crate) async fn read<T>(
        &self,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let read = timeout(READ_MAX, read).await;
        read.unwrap_or_else(|elapsed| Err(StoreError::Unavailable(Box::new(elapsed))))
    }

    fn start(
        readers: AnyPool,
        means: Means,
        spawn: impl FnOnce(Means, &mut Outbox, Inbox) -> Result<Vec<JoinHandle<()>>, OpenError>,
    ) -> Result<Self, OpenError> {
        let (mut outbox, inbox) = commit::channel();
        #[cfg(test)]
        let faults = Arc::clone(&means.faults);
        let tasks = spawn(means, &mut outbox, inbox)?;
        Ok(Self {
            readers,
            outbox,
            tasks,
            #[cfg(test)]
            faults,
        })
    }

    /// Closes the database once everything that was handed in is written.
    pub async fn close(self) {
        let Self {
            readers,
            outbox,
            tasks,
            ..
        } = self;
        drop(outbox);
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task that writes has failed");
            }
        }
        readers.close().await;
    }
}

/// Statements are not logged: their values are not for the log, and the hot path has no time.
fn quiet(url: &str) -> Result<AnyConnectOptions, OpenError> {
    let options: AnyConnectOptions = url.parse().map_err(|_invalid| OpenError::Url)?;
    Ok(options.disable_statement_logging())
}
