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
}

/// A server, with the request it is sent for each kind of work that it knows.
#[derive(Debug)]
pub struct Target {
    /// How the report calls it.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    /// The serialised requests.
    pub requests: Vec<(Work, Arc<[u8]>)>,
}

impl Target {
    /// The request for one kind of work, if the server knows that kind.
    #[must_use]
    pub fn request(&self, work: Work) -> Option<&Arc<[u8]>> {
        let (_, request) = self.requests.iter().find(|(known, _)| *known == work)?;
        Some(request)
    }
}
