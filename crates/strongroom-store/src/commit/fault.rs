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

    /// Ends the transaction, or the connection, behind the writer's back.
    pub(crate) async fn before_commit(&self, conn: &mut AnyConnection, backend: Backend) {
        const END: &str = "SELECT CAST(pg_terminate_backend(pg_backend_pid()) AS TEXT)";
        let fault = self.commit.lock().unwrap().take();
        let statements: &[&str] = match (fault, backend) {
            (None, _) => &[],
            (Some(Fault::AnswerLost), Backend::Sqlite) => &["COMMIT"],
            (Some(Fault::CommitLost), Backend::Sqlite) => &["ROLLBACK"],
            (Some(Fault::AnswerLost), Backend::Postgres) => &["COMMIT", END],
            (Some(Fault::CommitLost), Backend::Postgres) => &[END],
        };
        for statement in statements {
            let statement = sqlx::AssertSqlSafe(*statement);
            // The loss of the connection is what is wanted.
            conn.execute(sqlx::raw_sql(statement)).await.ok();
        }
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
