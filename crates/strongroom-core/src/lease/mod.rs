//! Leases: secrets that are kept for a time.
//!
//! ```text
//! lease   a row · whose it is · until when, and until when at the latest
//!         · the secret, sealed under a named context and bound to workspace and lease
//! ```
//!
//! A lease is its client's: nobody else reads, renews or revokes it, and to everybody else there is
//! none. No change of a lease raises the state epoch, so that nobody holds others up by making many.
//! They are ordered by the log all the same: an entry that reads or renews one commits only if it is
//! there then, and otherwise is decided again. What is over is refused, and erased in time.

mod change;
mod create;
mod read;
mod trail;

use serde::{Deserialize, Serialize};
use strongroom_crypto::frame;
use strongroom_types::{Bytes, ClientId, ContextName, LeaseId, WorkspaceId};

pub use change::LeaseRevoked;
pub use create::LeaseRequest;
pub use read::LeasedSecret;
pub use trail::{LeaseEvent, LeaseTrail};

use crate::caller::Caller;
use crate::denial::{Denial, Thing};
use crate::ports::{LeaseRow, Micros, StoreError};
use crate::strongroom::Strongroom;
use crate::time::{format_time, seconds};
use crate::workspace::WorkspaceState;

/// The longest that a secret is kept, renewals and all.
const LIFETIME_MAX: Micros = seconds(90 * 24 * 3600);
/// The longest secret.
const SECRET_BYTES_MAX: usize = 64 * 1024;

/// A lease as it was read.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) id: LeaseId,
    pub(crate) body: LeaseBody,
}

/// The part of a lease's row that is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LeaseBody {
    /// Whose it is.
    pub(crate) client: ClientId,
    pub(crate) context: ContextName,
    /// The secret, sealed under the context.
    pub(crate) sealed: Bytes,
    pub(crate) expires: Micros,
    /// It is not renewed beyond.
    pub(crate) until: Micros,
    pub(crate) renewable: bool,
}

/// What is said of a lease.
#[derive(Clone, Debug)]
pub struct LeaseInfo {
    /// Its id.
    pub id: LeaseId,
    /// Under which named context its secret is sealed.
    pub context: ContextName,
    /// When it expires.
    pub expires: String,
    /// In how many seconds that is.
    pub seconds: u64,
    /// Whether it can be renewed.
    pub renewable: bool,
}

impl Lease {
    fn info(&self, now: Micros) -> LeaseInfo {
        let left = self.body.expires.saturating_sub(now).max(0) / seconds(1);
        LeaseInfo {
            id: self.id,
            context: self.body.context.clone(),
            expires: format_time(self.body.expires),
            seconds: left.unsigned_abs(),
            renewable: self.body.renewable,
        }
    }

    fn seal(&self, state: &WorkspaceState) -> Result<Vec<u8>, Denial> {
        state
            .keys
            .seal_body(&place(&state.id, &self.id), &self.body)
    }

    fn open(state: &WorkspaceState, row: &LeaseRow) -> Result<Self, StoreError> {
        let place = place(&state.id, &row.id);
        Ok(Self {
            id: row.id,
            body: state.keys.open_body("lease", &place, &row.body)?,
        })
    }
}

/// The place of a lease's row.
fn place<'a>(workspace: &'a WorkspaceId, id: &'a LeaseId) -> [&'a [u8]; 3] {
    [b"lease row", workspace.as_bytes(), id.as_bytes()]
}

/// What the secret is bound to: `frame("lease", workspace, lease)`.
fn bound(workspace: WorkspaceId, lease: LeaseId) -> Vec<u8> {
    let parts: [&[u8]; 3] = [b"lease", workspace.as_bytes(), lease.as_bytes()];
    let mut bound = Vec::with_capacity(64);
    frame::push_list(&mut bound, parts.into_iter());
    bound
}

impl Strongroom {
    /// A lease of the caller's that is not over.
    ///
    /// # Errors
    /// There is none, it is another's, or it is over: which of these is not said.
    async fn live_lease(&self, caller: &Caller, id: LeaseId) -> Result<Lease, Denial> {
        let lease = self.kept_lease(caller, id).await?;
        let lasts = lease.body.expires > self.time.now();
        lasts.then_some(lease).ok_or(Denial::NotFound(Thing::Lease))
    }

    /// A lease of the caller's, perhaps one that is over and not yet erased.
    async fn kept_lease(&self, caller: &Caller, id: LeaseId) -> Result<Lease, Denial> {
        let state = &caller.state;
        let row = self.store.lease(state.id, id).await?;
        let row = row.ok_or(Denial::NotFound(Thing::Lease))?;
        let lease = Lease::open(state, &row)?;
        let own = lease.body.client == caller.client.id;
        own.then_some(lease).ok_or(Denial::NotFound(Thing::Lease))
    }
}
