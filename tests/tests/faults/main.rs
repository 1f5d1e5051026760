//! What breaks: the process, the disk, the database, the connection to it. Nothing that was
//! acknowledged is lost, and no key is used without an entry.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what is not there fails its test"
)]

/// Runs tests on each database that is tested, each in a world of its own.
macro_rules! on_each {
    ($world:ident, $($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                let database = super::Database::Sqlite;
                if database.is_tested() {
                    super::$name(super::$world::open(database).await).await;
                }
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let database = super::Database::Postgres;
                if database.is_tested() {
                    super::$name(super::$world::open(database).await).await;
                }
            })+
        }
    };
}

mod crash;
mod database_file;
mod deployment;
mod disk;
mod job_crash;
mod object_crash;
mod object_rows;
mod postgres_lost;
mod postgres_stopped;
mod rollback;
mod sealed_store_crash;
mod shutdown;
mod split_key_crash;
mod store_crash;
mod store_rows;
mod webhook_crash;
