//! Faults that tests put into the commit.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AnyConnection, Executor as _};

use super::abort::Abort;
use crate::database::Backend;

/// What goes wrong at the next commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The transaction is committed, but the connection is lost before the answer.
    AnswerLost,
    /// The connection is lost before the commit reaches the database.
    CommitLost,
}

/// The faults of one database.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    commit: Mutex<Option<Fault>>,
    look_ups: AtomicU32,
}

impl Faults {
    pub(crate) fn at_next_commit(&self, fault: Fault) {
        *self.commit.lock().unwrap() = Some(fault);
    }

    /// Makes the next look-ups fail.
    pub(crate) fn at_next_look_ups(&self, count: u32) {
        self.look_ups.store(count, Ordering::SeqCst);
    }

    fn take(&self, fault: Fault) -> bool {
        self.commit
            .lock()
            .unwrap()
            .take_if(|next| *next == fault)
            .is_some()
    }

    /// On PostgreSQL the connection is ended for real, before or after its commit.
    pub(crate) async fn before_commit(
        &self,
        conn: &mut AnyConnection,
        backend: Backend,
    ) -> Result<(), Abort> {
        const END: &str = "SELECT CAST(pg_terminate_backend(pg_backend_pid()) AS TEXT)";
        match backend {
            Backend::Sqlite => return self.before_embedded_commit(),
            Backend::Postgres if self.take(Fault::CommitLost) => {
                conn.execute(END).await.unwrap_err();
            }
            Backend::Postgres if self.take(Fault::AnswerLost) => {
                conn.execute("COMMIT").await.unwrap();
                conn.execute(END).await.unwrap_err();
            }
            Backend::Postgres => {}
        }
        Ok(())
    }

    /// As [`before_commit`](Self::before_commit) on SQLite.
    pub(crate) fn before_embedded_commit(&self) -> Result<(), Abort> {
        if self.take(Fault::CommitLost) {
            return Err(Abort::TimedOut);
        }
        Ok(())
    }

    /// SQLite has no connection that could end: its answer is withheld.
    pub(crate) fn after_commit(&self) -> Result<(), Abort> {
        if self.take(Fault::AnswerLost) {
            return Err(Abort::TimedOut);
        }
        Ok(())
    }

    pub(crate) fn before_look_up(&self) -> Result<(), Abort> {
        let down = |left: u32| left.checked_sub(1);
        match self
            .look_ups
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, down)
        {
            Ok(_) => Err(Abort::TimedOut),
            Err(_) => Ok(()),
        }
    }
}
