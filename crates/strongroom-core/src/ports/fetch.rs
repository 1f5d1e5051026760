//! Fetching an issuer's keys, as a port.

use core::fmt::Debug;

use async_trait::async_trait;

/// A document that could not be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL is not acceptable, for example plain HTTP to another host.
    #[error("url is not acceptable")]
    Url,
    /// No answer in time, or a broken one.
    #[error("no usable answer")]
    Unreachable,
    /// Another status than 200.
    #[error("status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// A longer document than allowed.
    #[error("document is too large")]
    TooLarge,
}

/// Fetches small public documents: OpenID configurations and JWK sets.
#[async_trait]
pub trait Fetch: Send + Sync + Debug {
    /// Fetches at most 256 KiB within 5 seconds, following no redirect to another host.
    ///
    /// # Errors
    /// Why there is no document.
    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError>;
}
