//! Connections to PostgreSQL, and the settings that it must have.

use core::time::Duration;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _, query_scalar};
use tokio::time::timeout;

use crate::database::OpenError;
use crate::postgres_tls::{self, DatabaseTls};

/// Settings without which a committed transaction can be lost.
const DURABILITY: [&str; 3] = ["synchronous_commit", "fsync", "full_page_writes"];

/// How long connecting may take.
pub(crate) const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Connects and checks that what is committed on this connection is durable, and its TLS as it must be.
///
/// # Errors
/// [`OpenError::SettingOff`] and [`OpenError::UnapprovedTls`] when it is not.
pub(crate) async fn connect(
    options: &AnyConnectOptions,
    tls: DatabaseTls,
) -> Result<AnyConnection, OpenError> {
    let mut conn = timeout(CONNECT_MAX, options.connect())
        .await
        .map_err(|_elapsed| OpenError::TimedOut)??;
    postgres_tls::check(&mut conn, tls).await?;
    match setting_off(&mut conn).await? {
        None => Ok(conn),
        Some(setting) => {
            conn.close().await?;
            Err(OpenError::SettingOff { setting })
        }
    }
}

async fn setting_off(conn: &mut AnyConnection) -> Result<Option<&'static str>, sqlx::Error> {
    let off: Vec<String> = query_scalar(
        "SELECT name FROM pg_settings
         WHERE name IN ('synchronous_commit', 'fsync', 'full_page_writes') AND setting = 'off'",
    )
    .fetch_all(conn)
    .await?;
    Ok(DURABILITY
        .into_iter()
        .find(|name| off.iter().any(|off| off == name)))
}
