//! Renewing and revoking leases.

use strongroom_types::{LeaseId, Operation, Permission};

use super::LeaseInfo;
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::ports::{Change, LeaseChange};
use crate::strongroom::Strongroom;
use crate::time::{format_time, seconds};

/// A lease that was revoked.
#[derive(Clone, Copy, Debug)]
pub struct LeaseRevoked(pub LeaseId);

impl Strongroom {
    /// Keeps a secret for so many seconds from now on, and not beyond what was said at first.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn lease_renew(
        &self,
        ask: &Ask,
        id: LeaseId,
        seconds: u32,
    ) -> Result<Answered<LeaseInfo>, Refused> {
        self.enter(ask, &Renew(id, seconds)).await
    }

    /// Erases a secret that is kept.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn lease_revoke(
        &self,
        ask: &Ask,
        id: LeaseId,
    ) -> Result<Answered<LeaseRevoked>, Refused> {
        self.enter(ask, &Revoke(id)).await
    }
}

struct Renew(LeaseId, u32);

impl Use for Renew {
    const OPERATION: Operation = Operation::LeaseRenew;
    const PERMISSION: Option<Permission> = Some(Permission::Leases);
    type Work = LeaseInfo;
    type Answer = LeaseInfo;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<LeaseInfo>, Stopped> {
        let mut lease = room.live_lease(caller, self.0).await?;
        if !lease.body.renewable {
            return Err(Denial::Conflict(Thing::Lease).into());
        }
        if self.1 == 0 {
            return Err(Denial::from(Invalid::Field("increment_seconds".into())).into());
        }
        let now = room.time.now();
        let wanted = now.saturating_add(seconds(self.1.into()));
        // Never sooner than it would have been.
        let from = lease.body.expires;
        let expires = wanted.min(lease.body.until).max(from);
        lease.body.expires = expires;
        let renewed = LeaseChange::Renew {
            id: lease.id,
            from,
            to: expires,
            body: lease.seal(&caller.state)?,
        };
        let account = Account::of_changes(vec![Change::Lease(renewed)])
            .fact("lease", &self.0.to_string())
            .fact("expires", &format_time(expires));
        let work = lease.info(now);
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, info: LeaseInfo, _permit: Permit) -> Released<LeaseInfo> {
        Released::of(Ok(info))
    }
}

struct Revoke(LeaseId);

impl Use for Revoke {
    const OPERATION: Operation = Operation::LeaseRevoke;
    const PERMISSION: Option<Permission> = Some(Permission::Leases);
    type Work = ();
    type Answer = LeaseRevoked;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<()>, Stopped> {
        // Also one that is over: its secret is still there.
        let lease = room.kept_lease(caller, self.0).await?;
        let erased = Change::Lease(LeaseChange::Erase(lease.id));
        let account = Account::of_changes(vec![erased]).fact("lease", &lease.id.to_string());
        Ok(Planned { work: (), account })
    }

    fn release(&self, _room: &Strongroom, (): (), _permit: Permit) -> Released<LeaseRevoked> {
        Released::of(Ok(LeaseRevoked(self.0)))
    }
}
