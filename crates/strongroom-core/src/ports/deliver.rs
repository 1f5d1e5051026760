//! Sending events to their receivers, as a port.

use core::fmt::Debug;

use async_trait::async_trait;

/// An event that its receiver did not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeliverError {
    /// The URL is not acceptable, for example plain HTTP to another host.
    #[error("url is not acceptable")]
    Url,
    /// No answer in time, or a broken one.
    #[error("no usable answer")]
    Unreachable,
    /// Another status than 200 to 299.
    #[error("status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
}

/// Sends small JSON documents.
#[async_trait]
pub trait Deliver: Send + Sync + Debug {
    /// Whether something could be sent there at all: its form, not whether anyone answers.
    ///
    /// # Errors
    /// The URL is not acceptable.
    fn check(&self, url: &str) -> Result<(), DeliverError>;

    /// Posts the body with its signature within 10 seconds, following no redirect.
    ///
    /// # Errors
    /// The receiver did not take it.
    async fn post(&self, url: &str, signature: &str, body: Vec<u8>) -> Result<(), DeliverError>;
}
