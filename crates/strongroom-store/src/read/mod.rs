//! Every read, in SQL that both databases take. Each is one statement, so it sees one moment.

pub(crate) mod context;
pub(crate) mod job;
pub(crate) mod lease;
pub(crate) mod log;
pub(crate) mod object;
pub(crate) mod record;
pub(crate) mod sealed_store;
pub(crate) mod store;
pub(crate) mod webhook;
pub(crate) mod workspace;
