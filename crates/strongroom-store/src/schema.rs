//! The tables, and which version of them a database has.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AssertSqlSafe, SqlSafeStr as _};

use crate::database::{Backend, OpenError};

/// Every version of the tables, oldest first. A version that was released is never edited.
const VERSIONS: [(i64, &str, &str); 8] = [
    (1, "tables", include_str!("../migrations/0001_tables.sql")),
    (2, "objects", include_str!("../migrations/0002_objects.sql")),
    (
        3,
        "private_terms",
        include_str!("../migrations/0003_private_terms.sql"),
    ),
    (
        4,
        "customer keys and jobs",
        include_str!("../migrations/0004_customer_keys_and_jobs.sql"),
    ),
    (
        5,
        "webhooks",
        include_str!("../migrations/0005_webhooks.sql"),
    ),
    (6, "stores", include_str!("../migrations/0006_stores.sql")),
    (
        7,
        "sealed stores",
        include_str!("../migrations/0007_sealed_stores.sql"),
    ),
    (8, "leases", include_str!("../migrations/0008_leases.sql")),
];

/// Brings the tables to the newest version that this program knows.
///
/// # Errors
/// The database is of a newer program, or does not answer.
pub(crate) async fn migrate(conn: &mut AnyConnection, backend: Backend) -> Result<(), OpenError> {
    let versions = VERSIONS.map(|(version, name, ddl)| migration(version, name, ddl, backend));
    Migrator::with_migrations(versions.into())
        .run_direct(None, conn, false)
        .await
        .map_err(|error| match error {
            MigrateError::VersionMissing(version) => OpenError::NewerSchema { version },
            other => OpenError::Schema(other),
        })
}

fn migration(version: i64, name: &'static str, ddl: &str, backend: Backend) -> Migration {
    let sql = match backend {
        Backend::Sqlite => ddl.to_owned(),
        Backend::Postgres => ddl.replace(" TEXT", " TEXT COLLATE \"C\""),
    };
    Migration::new(
        version,
        Cow::Borrowed(name),
        MigrationType::Simple,
        AssertSqlSafe(sql).into_sql_str(),
        false,
    )
}
