//! Servers in processes of their own, stopped and waited for when they are no longer needed.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use crate::failure::Failure;

const TRIES_MAX: u32 = 300;
const PAUSE: Duration = Duration::from_millis(100);

/// A free port of 127.0.0.1.
///
/// # Errors
/// When none is free.
pub fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Tries until `attempt` succeeds, for at most half a minute.
///
/// # Errors
/// The last error of `attempt`.
pub async fn retry<T, F>(attempt: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    for _ in 1..TRIES_MAX {
        if let Ok(value) = attempt().await {
            return Ok(value);
        }
        tokio::time::sleep(PAUSE).await;
    }
    attempt().await
}
