//! Reading a lease.

use std::sync::Arc;

use strongroom_crypto::secret::SecretBytes;
use strongroom_types::body::GuardedOperation;
use strongroom_types::{LeaseId, Operation, Permission, Purpose};

use super::{Lease, LeaseInfo, bound};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::keyring::ContextKeys;
use crate::door::{Account, KeyUse, Permit, Planned, Released, Stopped, Use, parse};
use crate::named::map_of;
use crate::ports::{Change, LeaseChange};
use crate::strongroom::Strongroom;

/// A secret that is kept, opened.
#[derive(Debug)]
pub struct LeasedSecret {
    /// What is said of its lease.
    pub info: LeaseInfo,
    /// The secret.
    pub secret: SecretBytes,
}

impl Strongroom {
    /// Opens a secret that is kept.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known. One that is another's, or over, looks
    /// like none.
    pub async fn lease_read(
        &self,
        ask: &Ask,
        id: LeaseId,
    ) -> Result<Answered<LeasedSecret>, Refused> {
        self.enter(ask, &Read(id)).await
    }
}

struct Read(LeaseId);

/// A secret that may be opened once its entry is durable.
struct Opening {
    lease: Lease,
    keys: Arc<ContextKeys>,
    place: Vec<u8>,
}

impl Use for Read {
    const OPERATION: Operation = Operation::LeaseRead;
    const PERMISSION: Option<Permission> = Some(Permission::Leases);
    type Work = Opening;
    type Answer = LeasedSecret;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Opening>, Stopped> {
        let lease = room.live_lease(caller, self.0).await?;
        let named = room
            .named_context(&caller.state, &lease.body.context)
            .await?;
        let map = map_of(&lease.body.context)?;
        let envelope = parse(&lease.body.sealed.0, Purpose::Store)?;
        let keys = room.named_keys_for_opening(caller, &map, &envelope).await?;
        let symmetric = room.wraps_symmetrically(&caller.state, keys.wrapper());
        let of = (GuardedOperation::Decrypt, envelope.header.suite);
        let opening = named.use_now(room, caller, of, symmetric);
        caller.state.guards.admit(&opening)?;
        let stands = Change::Lease(LeaseChange::Stands(lease.id));
        let mut account = Account::of_changes(vec![stands]).fact("lease", &self.0.to_string());
        account.use_key(KeyUse::opening(&keys, &envelope), &keys.map);
        let place = bound(caller.state.id, self.0);
        let work = Opening { lease, keys, place };
        Ok(Planned { work, account })
    }

    fn release(
        &self,
        room: &Strongroom,
        work: Opening,
        mut permit: Permit,
    ) -> Released<LeasedSecret> {
        let mut open = || -> Result<LeasedSecret, Denial> {
            let item = permit.item(work.keys.id)?;
            let envelope = parse(&work.lease.body.sealed.0, Purpose::Store)?;
            let secret = work.keys.open_from_store(item, &work.place, &envelope)?;
            let info = work.lease.info(room.time.now());
            Ok(LeasedSecret { info, secret })
        };
        Released::of(open())
    }
}
