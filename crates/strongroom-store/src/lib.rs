//! SQLite and PostgreSQL behind the port [`Store`](strongroom_core::ports::Store).
//!
//! ```no_run
//! use std::sync::Arc;
//! use strongroom_core::ports::Store;
//! use strongroom_crypto::entropy::SystemEntropy;
//! use strongroom_store::{Database, OpenError, StoreConfig};
//!
//! # async fn example() -> Result<(), OpenError> {
//! let config = StoreConfig::new("sqlite:/var/lib/strongroom/strongroom.db");
//! let store: Arc<dyn Store> = Arc::new(Database::open(&config, Arc::new(SystemEntropy)).await?);
//! # Ok(())
//! # }
//! ```
//!
//! Both databases share one DDL (`migrations/`) and one SQL text for every read and every change of
//! rows. Only the **group commit** has an implementation for each: the entries that wait are
//! written in one transaction, durable once; while it syncs, the next ones gather. See `commit`.
//!
//! - SQLite: one task owns every write on one connection; a lock file beside the database keeps a
//!   second process out; checkpoints of the WAL run on a connection of their own.
//! - PostgreSQL: any number of nodes; the heads of the logs are locked with `SKIP LOCKED`. A server
//!   that does not sync its commits is refused.
//!
//! What is *not* here: what an entry or a sealed body says (`strongroom-core`), the tree
//! (`strongroom-log`), any key. The tables, and what they reveal: `docs/formats/database.md`.

mod change;
mod columns;
mod commit;
mod database;
mod postgres;
mod postgres_tls;
mod read;
mod schema;
mod sqlite;
mod store;
mod write;

pub use database::{Database, OpenError, StoreConfig};
pub use postgres_tls::{DatabaseTls, UnapprovedTls};

#[cfg(test)]
mod tests;
