//! SQL of several statements, in as few crossings to the database as it takes.

use core::fmt::Write as _;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, AnyConnection, Arguments as _, AssertSqlSafe, Encode, Executor as _, Type};

use super::abort::Abort;
use super::writer::Dialect;
use crate::database::Backend;

/// Statements with their values.
///
/// SQLite runs on a thread of its own, and crossing to it costs more than most statements: it gets
/// all of them at once. PostgreSQL takes one statement with values at a time.
pub(crate) struct Script {
    backend: Backend,
    sql: String,
    values: AnyArguments,
}

impl Script {
    pub(crate) fn new(backend: Backend) -> Self {
        Self {
            backend,
            sql: String::with_capacity(512),
            values: AnyArguments::default(),
        }
    }

    /// Begins a transaction.
    pub(crate) async fn begin(
        conn: &mut AnyConnection,
        dialect: Dialect,
    ) -> Result<Self, sqlx::Error> {
        let mut script = Self::new(dialect.backend);
        match dialect.backend {
            Backend::Sqlite => {
                script.text(dialect.begin).text("; ");
            }
            Backend::Postgres => {
                conn.execute(sqlx::raw_sql(dialect.begin)).await?;
            }
        }
        Ok(script)
    }

    pub(crate) fn text(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Writes a placeholder for a value.
    pub(crate) fn value<'v, T>(&mut self, value: T) -> Result<&mut Self, Abort>
    where
        T: Encode<'v, Any> + Type<Any>,
    {
        self.values.add(value).map_err(sqlx::Error::Encode)?;
        // Writing to a string does not fail.
        write!(self.sql, "${}", self.values.len()).ok();
        Ok(self)
    }

    /// Ends a statement whose rows do not matter.
    pub(crate) async fn end_statement(&mut self, conn: &mut AnyConnection) -> Result<(), Abort> {
        match self.backend {
            Backend::Sqlite => {
                self.text("; ");
            }
            Backend::Postgres => {
                let next = Self::new(self.backend);
                core::mem::replace(self, next).run(conn).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn run(self, conn: &mut AnyConnection) -> Result<(), sqlx::Error> {
        let query = sqlx::query_with(AssertSqlSafe(self.sql), self.values);
        query.execute(conn).await?;
        Ok(())
    }

    pub(crate) async fn rows(self, conn: &mut AnyConnection) -> Result<Vec<AnyRow>, sqlx::Error> {
        let query = sqlx::query_with(AssertSqlSafe(self.sql), self.values);
        query.fetch_all(conn).await
    }
}
