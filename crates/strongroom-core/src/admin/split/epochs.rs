//! Epochs of split keys: each has a share of the clients of its own.

use strongroom_types::body::{SplitEpochCreate, SplitEpochInfo};
use strongroom_types::{Bytes, KeysetId, Operation, Permission};

use super::{EPOCHS_MAX, account_of};
use crate::admin::{Administration, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::keysets::KeysetPlace;
use crate::ports::RecordKind;
use crate::split::{EpochsBody, grants_id};
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Tells the present epoch of a keyset.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn split_epoch(
        &self,
        ask: &Ask,
        keyset: KeysetId,
    ) -> Result<Answered<SplitEpochInfo>, Refused> {
        self.administer(ask, Get(keyset)).await
    }

    /// Begins an epoch with the first grant of its share. Of two that begin the same one, the second
    /// is refused: nobody seals under a share that the others have not.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn split_epoch_create(
        &self,
        ask: &Ask,
        keyset: KeysetId,
        request: SplitEpochCreate,
    ) -> Result<Answered<SplitEpochInfo>, Refused> {
        self.administer(ask, Create { keyset, request }).await
    }
}

fn info(
    caller: &Caller,
    keyset: KeysetId,
    (place, epochs): (&KeysetPlace, Option<&EpochsBody>),
) -> SplitEpochInfo {
    SplitEpochInfo {
        workspace: caller.state.id,
        keyset,
        context: place.context,
        epoch: epochs.map_or(0, EpochsBody::epoch),
        signer: epochs.map(|epochs| epochs.signer.clone()),
    }
}

struct Get(KeysetId);

impl Administration for Get {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminSplitKeys);
    type Answer = SplitEpochInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(SplitEpochInfo, Account), Stopped> {
        let place = room.split_keyset(caller, self.0).await?;
        let epochs = room.split_epochs(&caller.state, self.0).await?;
        let info = info(caller, self.0, (&place, epochs.as_ref()));
        Ok((info, reading("epoch of split keys")))
    }
}

struct Create {
    keyset: KeysetId,
    request: SplitEpochCreate,
}

impl Create {
    /// The epochs with the new one.
    ///
    /// # Errors
    /// It does not follow the present one, another granting key begins it, or there are too many.
    fn next(&self, present: Option<EpochsBody>) -> Result<EpochsBody, Denial> {
        let SplitEpochCreate { signer, grant } = &self.request;
        let mut epochs = present.unwrap_or_else(|| EpochsBody {
            signer: signer.clone(),
            checks: Vec::new(),
        });
        if epochs.epoch().checked_add(1) != Some(grant.epoch) {
            return Err(Denial::Conflict(Thing::SplitEpoch));
        }
        if epochs.signer != *signer {
            return Err(Invalid::Field("signer".into()).into());
        }
        if grant.epoch > EPOCHS_MAX {
            return Err(Invalid::Field("epoch".into()).into());
        }
        epochs.checks.push(Bytes(grant.check.0.clone()));
        Ok(epochs)
    }
}

impl Administration for Create {
    const OPERATION: Operation = Operation::SplitEpochCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminSplitKeys);
    type Answer = SplitEpochInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(SplitEpochInfo, Account), Stopped> {
        let (state, grant) = (&caller.state, &self.request.grant);
        let place = room.split_keyset(caller, self.keyset).await?;
        let present = room.split_epochs(state, self.keyset).await?;
        let epochs = self.next(present)?;
        let signed = (grant, epochs.signer.0.as_slice());
        room.check_split_grant(caller, &place, signed).await?;
        let held = room
            .split_grants(state, (self.keyset, grant.client))
            .await?;
        let mut held = held.unwrap_or_default();
        held.grants.push(grant.clone());
        // The state epoch keeps all this true until the entry is durable.
        let kind = (RecordKind::SplitEpochs, self.keyset.to_string());
        let of_client = grants_id(self.keyset, grant.client);
        let changes = vec![
            room.put_split(caller, kind, &epochs)?,
            room.put_split(caller, (RecordKind::SplitGrants, of_client), &held)?,
        ];
        let info = info(caller, self.keyset, (&place, Some(&epochs)));
        Ok((info, account_of(&place, self.keyset, (grant, changes))))
    }
}
