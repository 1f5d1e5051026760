//! Which client of keysets may use which keyset.

use serde::{Deserialize, Serialize};
use strongroom_types::{KeysetClientId, KeysetId, Kind, Operation, Permission};

use crate::admin::Administration;
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::keysets::{KeysetPlace, WhichKeyset, grant_id};
use crate::ports::{Change, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;

/// The part of a grant's record that is sealed: that it is there says all.
#[derive(Serialize, Deserialize)]
struct GrantBody {}

impl Strongroom {
    /// Lets a client of keysets use a keyset.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn keyset_grant(
        &self,
        ask: &Ask,
        client: KeysetClientId,
        keyset: WhichKeyset,
    ) -> Result<Answered<()>, Refused> {
        self.administer(ask, Grant { client, keyset }).await
    }

    /// Takes a keyset from a client of keysets: ordered by its entry, on all nodes.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn keyset_revoke(
        &self,
        ask: &Ask,
        client: KeysetClientId,
        keyset: WhichKeyset,
    ) -> Result<Answered<()>, Refused> {
        self.administer(ask, Revoke { client, keyset }).await
    }
}

/// The row of a grant.
pub(super) fn put_grant(
    room: &Strongroom,
    caller: &Caller,
    (client, keyset): (KeysetClientId, KeysetId),
) -> Result<Change, Denial> {
    let state = &caller.state;
    let id = grant_id(client, keyset);
    let place = (RecordKind::KeysetGrant, id, room.time.now());
    let record = record::seal(&state.keys, state.id, place, &GrantBody {})?;
    Ok(Change::PutRecord(state.id, record))
}

/// The keyset and its place, once both are known to be there, and whether it is granted.
async fn known(
    room: &Strongroom,
    caller: &Caller,
    (client, keyset): (KeysetClientId, &WhichKeyset),
) -> Result<(KeysetId, KeysetPlace, bool), Denial> {
    let state = &caller.state;
    room.keyset_client(state, client).await?;
    let (keyset, place) = room.administered_keyset(caller, keyset).await?;
    let granted = room.is_granted(state, client, keyset.id).await?;
    Ok((keyset.id, place, granted))
}

fn account(
    change: Change,
    place: &KeysetPlace,
    (client, keyset): (KeysetClientId, KeysetId),
) -> Account {
    Account::of_changes(vec![change])
        .of_kind(Kind::Keyset, place.context, &place.map)
        .fact("keyset", &keyset.to_string())
        .fact("keyset_client", &client.to_string())
}

struct Grant {
    client: KeysetClientId,
    keyset: WhichKeyset,
}

impl Administration for Grant {
    const OPERATION: Operation = Operation::KeysetGrant;
    const PERMISSION: Option<Permission> = Some(Permission::AdminKeysets);
    type Answer = ();

    async fn decide(&self, room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        // The epoch keeps this true until the entry is durable: of two grants one is first.
        let (keyset, place, granted) = known(room, caller, (self.client, &self.keyset)).await?;
        let pair = (self.client, keyset);
        if granted {
            return Err(Denial::Conflict(Thing::KeysetGrant).into());
        }
        let change = put_grant(room, caller, pair)?;
        Ok(((), account(change, &place, pair)))
    }
}

struct Revoke {
    client: KeysetClientId,
    keyset: WhichKeyset,
}

impl Administration for Revoke {
    const OPERATION: Operation = Operation::KeysetRevoke;
    const PERMISSION: Option<Permission> = Some(Permission::AdminKeysets);
    type Answer = ();

    async fn decide(&self, room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        let (keyset, place, granted) = known(room, caller, (self.client, &self.keyset)).await?;
        let pair = (self.client, keyset);
        if !granted {
            return Err(Denial::NotFound(Thing::KeysetGrant).into());
        }
        let id = grant_id(self.client, keyset);
        let change = Change::DeleteRecord(RecordKind::KeysetGrant, id);
        Ok(((), account(change, &place, pair)))
    }
}
