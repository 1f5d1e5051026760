//! What breaks: the process, the disk, the database, the connection to it. Nothing that was
//! acknowledged is lost, and no key is used without an entry.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what is not there fails its test"
)]

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
mod shutdown;
mod store_crash;
mod store_rows;
mod webhook_crash;
