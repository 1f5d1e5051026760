//! What is measured, and against whom.

use std::net::SocketAddr;
use std::sync::Arc;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// One value of 64 bytes.
    Single,
    /// 100 values in 100 key contexts, as JSON.
    BatchJson,
    /// 100 values in 100 key contexts, as CBOR.
    BatchCbor,
    /// The batch as JSON, sealed with the construction of the format and nothing more.
    FormatJson,
    /// A value of 64 bytes that is kept under a name, of a name for each caller.
    ObjectWrite,
    /// Reading what was kept.
    ObjectRead,
    /// A value of 64 bytes that a client sealed, of a name for each caller.
    StoreSet,
    /// Getting what was set.
    StoreGet,
    /// Signing 64 bytes with Ed25519.
    Sign,
    /// Verifying such a signature.
    Verify,
    /// One value of 256 bytes in a named context, for an application.
    Named,
    /// The same, with seven policies to be evaluated.
    Guarded,
    /// Opening such a value.
    NamedOpen,
    /// Hashing 256 bytes on the same surface.
    NamedHash,
    /// 100 such values at once.
    NamedBatch,
}

/// A server, with the request it is sent for each kind of work that it knows.
#[derive(Debug)]
pub struct Target {
    /// How the report calls it.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    /// The serialised requests: for each kind of work, those that callers take turns in.
    pub requests: Vec<(Work, Vec<Arc<[u8]>>)>,
}

impl Target {
    /// The requests for one kind of work, if the server knows that kind.
    #[must_use]
    pub fn requests(&self, work: Work) -> Option<&[Arc<[u8]>]> {
        let (_, requests) = self.requests.iter().find(|(known, _)| *known == work)?;
        Some(requests)
    }
}
