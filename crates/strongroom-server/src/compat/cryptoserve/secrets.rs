//! `/api/v1/secrets`: shares of secrets, and secrets that are kept for a time.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{
    Combine, Denial, LeaseEvent, LeaseInfo, LeaseRequest, LeaseRevoked, LeaseTrail, LeasedSecret,
    SecretShare, Split, Thing,
};
use strongroom_crypto::secret::SecretBytes;
use strongroom_crypto::sharing::Share;
use strongroom_types::{ContextName, LeaseId, Operation};

use super::shape::{SecretText, decode, encode};
use crate::edge::{App, Caller, Document, Reply, Sent, Target, ok};

/// For how long a secret is kept if nothing is said, in seconds.
const SECONDS: u32 = 3600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SplitRequest {
    secret: SecretText,
    threshold: u8,
    total_shares: u8,
}

impl SplitRequest {
    fn request(&self) -> Result<Split, Denial> {
        Ok(Split {
            secret: decode("secret", &self.secret)?.into(),
            threshold: self.threshold,
            total: self.total_shares,
        })
    }
}

#[derive(Serialize)]
pub(super) struct SplitAnswer {
    shares: Vec<ShareAnswer>,
    threshold: u8,
    total_shares: u8,
}

#[derive(Serialize)]
struct ShareAnswer {
    index: u8,
    value: String,
    threshold: u8,
}

pub(super) async fn split(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<SplitRequest>,
) -> Reply<Document<SplitAnswer>> {
    let shares = match body.request() {
        Ok(request) => app.room.use_tool(&ask, request).await,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let share = |share: &Share| ShareAnswer {
        index: share.index,
        value: encode(share.value.expose()),
        threshold: body.threshold,
    };
    let of = |shares: Vec<Share>| SplitAnswer {
        shares: shares.iter().map(share).collect(),
        threshold: body.threshold,
        total_shares: body.total_shares,
    };
    ok(&ask, shares.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CombineRequest {
    shares: Vec<ShareSent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareSent {
    index: u8,
    value: SecretText,
    /// Repeats what the share itself says, and is not believed.
    #[serde(default)]
    #[expect(dead_code, reason = "their server asks for it, ours takes it")]
    threshold: Option<u8>,
}

impl CombineRequest {
    fn request(&self) -> Combine {
        let read = |share: &ShareSent| SecretShare {
            index: share.index,
            // What is no base64 is no share: it is named like every false one.
            value: decode("value", &share.value).unwrap_or_default().into(),
        };
        Combine(self.shares.iter().map(read).collect())
    }
}

#[derive(Serialize)]
pub(super) struct CombineAnswer {
    secret: String,
}

pub(super) async fn combine(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<CombineRequest>,
) -> Reply<Document<CombineAnswer>> {
    let combined = app.room.use_tool(&ask, body.request()).await;
    let of = |secret: SecretBytes| CombineAnswer {
        secret: encode(secret.expose()),
    };
    ok(&ask, combined.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeaseCreate {
    secret: SecretText,
    #[serde(default)]
    ttl_seconds: Option<u32>,
    #[serde(default)]
    max_ttl_seconds: Option<u32>,
    #[serde(default)]
    renewable: Option<bool>,
    #[serde(default)]
    context: Option<ContextName>,
}

impl LeaseCreate {
    fn request(&self) -> Result<LeaseRequest, Denial> {
        Ok(LeaseRequest {
            secret: decode("secret", &self.secret)?.into(),
            seconds: self.ttl_seconds.unwrap_or(SECONDS),
            seconds_max: self.max_ttl_seconds,
            renewable: self.renewable.unwrap_or(true),
            context: self.context.clone(),
        })
    }
}

#[derive(Serialize)]
pub(super) struct Kept {
    lease_id: LeaseId,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    ttl_seconds: u64,
    expires_at: String,
    renewable: bool,
    context: ContextName,
}

impl Kept {
    fn of(info: LeaseInfo, secret: Option<String>) -> Self {
        Self {
            lease_id: info.id,
            secret,
            ttl_seconds: info.seconds,
            expires_at: info.expires,
            renewable: info.renewable,
            context: info.context,
        }
    }
}

pub(super) async fn create_lease(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<LeaseCreate>,
) -> Reply<Document<Kept>> {
    let made = match body.request() {
        Ok(request) => app.room.lease_create(&ask, &request).await,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    // Their client reads the secret that it sent from the answer.
    let of = |info| Kept::of(info, Some(body.secret.to_string()));
    ok(&ask, made.map(|answered| answered.map(of)))
}

pub(super) async fn read_lease(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<LeaseId>,
) -> Reply<Document<Kept>> {
    let read = app.room.lease_read(&ask, id).await;
    let of = |LeasedSecret { info, secret }| {
        let secret: SecretBytes = secret;
        Kept::of(info, Some(encode(secret.expose())))
    };
    ok(&ask, read.map(|answered| answered.map(of)))
}

/// The lease that a text names.
fn lease_of(text: &str) -> Result<LeaseId, Denial> {
    let unknown = |_not_an_id| Denial::NotFound(Thing::Lease);
    text.parse().map_err(unknown)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeaseRenew {
    lease_id: String,
    #[serde(default)]
    increment_seconds: Option<u32>,
}

/// Without the secret: it is no reading.
pub(super) async fn renew_lease(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<LeaseRenew>,
) -> Reply<Document<Kept>> {
    let seconds = body.increment_seconds.unwrap_or(SECONDS);
    let renewed = match lease_of(&body.lease_id) {
        Ok(id) => app.room.lease_renew(&ask, id, seconds).await,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let of = |info| Kept::of(info, None);
    ok(&ask, renewed.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeaseRevoke {
    lease_id: String,
}

#[derive(Serialize)]
pub(super) struct Revoked {
    status: &'static str,
    lease_id: LeaseId,
}

pub(super) async fn revoke_lease(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<LeaseRevoke>,
) -> Reply<Document<Revoked>> {
    let revoked = match lease_of(&body.lease_id) {
        Ok(id) => app.room.lease_revoke(&ask, id).await,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let of = |LeaseRevoked(lease_id)| Revoked {
        status: "revoked",
        lease_id,
    };
    ok(&ask, revoked.map(|answered| answered.map(of)))
}

#[derive(Serialize)]
pub(super) struct Trail {
    lease_id: LeaseId,
    events: Vec<Event>,
    complete: bool,
}

#[derive(Serialize)]
struct Event {
    timestamp: String,
    action: &'static str,
    entry: u64,
}

fn action(operation: Operation) -> &'static str {
    match operation {
        Operation::LeaseCreate => "create",
        Operation::LeaseRead => "read",
        Operation::LeaseRenew => "renew",
        Operation::LeaseRevoke => "revoke",
        other => other.name(),
    }
}

pub(super) async fn lease_trail(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(id): Target<LeaseId>,
) -> Reply<Document<Trail>> {
    let told = app.room.lease_trail(&ask, id).await;
    let event = |event: LeaseEvent| Event {
        timestamp: event.time,
        action: action(event.operation),
        entry: event.index,
    };
    let of = |trail: LeaseTrail| Trail {
        lease_id: trail.id,
        events: trail.events.into_iter().map(event).collect(),
        complete: trail.complete,
    };
    ok(&ask, told.map(|answered| answered.map(of)))
}
