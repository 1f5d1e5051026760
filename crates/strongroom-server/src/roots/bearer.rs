//! Access tokens that a service grants for a while.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use serde::Deserialize;
use strongroom_core::ports::{Clock, ConnectError, Outage, Refusal};
use strongroom_types::Credential;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::remote::Fault;
use super::rest::{self, Answer, Request, Rest};

/// A token is asked for again this long before it ends.
const EARLY: Duration = Duration::from_mins(1);

/// A token, for as long as it may be used.
#[derive(Debug)]
struct Held {
    header: HeaderValue,
    until: Duration,
}

/// Keeps the token that was granted last.
#[derive(Debug)]
pub(super) struct Bearer {
    held: Mutex<Option<Held>>,
    clock: Arc<dyn Clock>,
}

/// RFC 6749 section 5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: Credential,
    expires_in: u64,
}

impl Bearer {
    pub(super) fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            held: Mutex::new(None),
            clock: Arc::clone(clock),
        }
    }

    /// The `Authorization` header; callers that come while a token is being asked for wait for it.
    pub(super) async fn header(
        &self,
        rest: &Rest,
        ask: impl FnOnce() -> Result<Request, Fault>,
    ) -> Result<HeaderValue, Fault> {
        let mut held = self.held.lock().await;
        let now = self.clock.read().monotonic;
        if let Some(held) = held.as_ref().filter(|held| now < held.until) {
            return Ok(held.header.clone());
        }
        let granted = granted(&rest.send(ask()?).await?)?;
        let header = header(&granted.access_token)?;
        let lives = Duration::from_secs(granted.expires_in);
        *held = Some(Held {
            header: header.clone(),
            until: now.saturating_add(lives.saturating_sub(EARLY)),
        });
        Ok(header)
    }

    /// Forgets the token: the service does not take it any more.
    pub(super) async fn forget(&self) {
        *self.held.lock().await = None;
    }
}

fn granted(answer: &Answer) -> Result<Granted, Fault> {
    match answer.status {
        200..=299 => answer.read(),
        429 => Err(Outage::Throttled.into()),
        400..=499 => Err(Refusal::AccessDenied.into()),
        _ => Err(Outage::Fault.into()),
    }
}

fn header(token: &Credential) -> Result<HeaderValue, Fault> {
    let text = Zeroizing::new(format!("Bearer {}", token.expose()));
    rest::secret_header(&text).ok_or_else(|| Outage::Fault.into())
}

/// The `Authorization` header of a token that a description gives.
pub(super) fn given(
    provider: &'static str,
    token: &Credential,
) -> Result<HeaderValue, ConnectError> {
    header(token).map_err(|_bytes| ConnectError::Credential { provider })
}
