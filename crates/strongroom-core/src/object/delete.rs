//! Deleting objects, and bringing them back.

use strongroom_types::body::{ObjectDelete, StoredObject};
use strongroom_types::{ObjectId, Operation, Permission};

use super::act::{Act, Decided};
use super::found::{Object, Target, seal_row};
use super::name::ObjectName;
use crate::ask::{Answered, Ask};
use crate::batch::named;
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::door::{Account, Asked, Stopped};
use crate::ports::Change;
use crate::strongroom::Strongroom;
use crate::time::{format_time, micros, seconds};

impl Strongroom {
    /// Deletes an object: nobody reads it any more, and its name is free. It can be restored until
    /// it is purged.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when the version checked is not
    /// the present one.
    pub async fn object_delete(
        &self,
        ask: &Ask,
        id: ObjectId,
        request: ObjectDelete,
    ) -> Result<Answered<StoredObject>, Refused> {
        named(self.act(ask, Delete { id, request }).await)
    }

    /// Brings a deleted object back under its name.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when the name belongs to another
    /// object by now.
    pub async fn object_restore(
        &self,
        ask: &Ask,
        id: ObjectId,
        version_check: Option<u64>,
    ) -> Result<Answered<StoredObject>, Refused> {
        named(self.act(ask, Restore { id, version_check }).await)
    }
}

/// The account of a change that leaves the versions alone.
pub(super) fn change(caller: &Caller, object: &mut Object) -> Result<Account, Denial> {
    seal_row(&caller.state, &mut object.row, &object.name)?;
    let put = Change::PutObject {
        row: object.row.clone(),
        seen: object.changed,
        version: None,
    };
    Ok(Account::of_changes(vec![put])
        .of_context(object.row.context, &object.map)
        .of_object(object.row.id, object.row.version))
}

struct Delete {
    id: ObjectId,
    request: ObjectDelete,
}

impl Act for Delete {
    const OPERATION: Operation = Operation::ObjectDelete;
    const PERMISSION: Permission = Permission::ObjectsDelete;
    type Answer = StoredObject;

    fn asked(&self) -> Asked {
        Asked::of_object(self.id)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Decided<StoredObject>, Stopped> {
        let turn = room.turns.take((caller.state.id, self.id)).await;
        let mut object = room.live_object(caller, &Target::Id(self.id)).await?;
        object.check_version(caller, self.request.version_check)?;
        let now = room.time.now();
        let kept = match self.request.purge_in {
            None => micros(room.settings.object_retention),
            Some(after) => seconds(i64::try_from(after).unwrap_or(i64::MAX)),
        };
        let purge = now.saturating_add(kept);
        let purge = object
            .row
            .expires
            .map_or(purge, |expires| expires.min(purge));
        object.row.deleted = Some(now);
        object.row.purge = Some(purge);
        let account = change(caller, &mut object)?.fact("purged_after", &format_time(purge));
        Ok(Decided::new(object.show(&object.newest), account).in_turn(turn))
    }
}

struct Restore {
    id: ObjectId,
    version_check: Option<u64>,
}

impl Act for Restore {
    const OPERATION: Operation = Operation::ObjectRestore;
    const PERMISSION: Permission = Permission::ObjectsWrite;
    type Answer = StoredObject;

    fn asked(&self) -> Asked {
        Asked::of_object(self.id)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Decided<StoredObject>, Stopped> {
        let turn = room.turns.take((caller.state.id, self.id)).await;
        let mut object = room.known_object(caller, &Target::Id(self.id)).await?;
        let now = room.time.now();
        if object.row.purge.is_some_and(|purge| purge <= now) {
            return Err(Denial::NotFound(Thing::Object).into());
        }
        if object.row.deleted.is_none() {
            return Err(Denial::Conflict(Thing::Object).into());
        }
        object.check_version(caller, self.version_check)?;
        let name = ObjectName::new(&object.name).map_err(Denial::from)?;
        if room.holder(caller, &name).await?.is_some() {
            return Err(Denial::NameTaken.into());
        }
        object.row.deleted = None;
        object.row.purge = object.row.expires;
        let account = change(caller, &mut object)?;
        Ok(Decided::new(object.show(&object.newest), account).in_turn(turn))
    }
}
