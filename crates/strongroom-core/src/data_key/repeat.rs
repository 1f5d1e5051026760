//! Data keys under an Idempotency-Key: a repeated request gets the key that the first one got.
//!
//! The record keeps the *wrapped* key, as the caller does, and nothing that opens it: a repetition
//! unwraps it under an entry and a permit of its own.

use std::sync::Arc;

use strongroom_log::sha256;
use strongroom_types::body::{DataKeyAnswer, DataKeyItem, KeyRef};
use strongroom_types::{KeyContext, Operation, Permission, Purpose, base32};

use super::NewDataKey;
use crate::ask::Ask;
use crate::batch::{ItemUse as _, Prepared};
use crate::caller::Caller;
use crate::decrypt::{Kept, Opening, reparse};
use crate::denial::Denial;
use crate::door::{Account, Asked, ItemPermit, KeyUse, Permit, Planned, Released, Stopped, Use};
use crate::strongroom::Strongroom;

/// A data key to make once, however often it is asked for.
pub(super) struct Once(pub(super) DataKeyItem);

/// What a request does: the first makes a key, the others open it.
pub(super) enum Work {
    First(Box<NewDataKey>),
    Again { wrapped: Vec<u8>, opening: Opening },
}

impl Use for Once {
    const OPERATION: Operation = Operation::DataKeyCreate;
    const PERMISSION: Option<Permission> = Some(Permission::DataKeys);
    type Work = (KeyUse, Work);
    type Answer = DataKeyAnswer;

    fn asked(&self) -> Asked {
        Asked::of_context(&self.0.key_context)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Planned<Self::Work>, Stopped> {
        caller.require_context(&self.0.key_context)?;
        if let Some(made) = room.made_before(caller, ask).await? {
            let wrapped = base32::decode(&made).ok_or(Denial::Internal)?;
            return again(room, caller, &self.0.key_context, wrapped).await;
        }
        let prepared = self.0.prepare(room, caller, ask, &*room.entropy).await?;
        let mut account = account(prepared.key_use, &prepared.map, prepared.digest);
        let made = base32::encode(&prepared.work.wrapped.to_row());
        account
            .changes
            .extend(room.remember_made(caller, ask, made));
        Ok(Planned {
            work: (prepared.key_use, Work::First(Box::new(prepared.work))),
            account,
        })
    }

    fn release(
        &self,
        room: &Strongroom,
        (key_use, work): Self::Work,
        mut permit: Permit,
    ) -> Released<DataKeyAnswer> {
        let item = permit.item(key_use.context).map_err(Denial::from);
        Released::of(item.and_then(|item| match work {
            Work::First(made) => self.0.finish(room, *made, item),
            Work::Again { wrapped, opening } => open(wrapped, &opening, item),
        }))
    }
}

fn account(key_use: KeyUse, map: &Arc<KeyContext>, digest: strongroom_log::Hash) -> Account {
    let mut account = Account {
        output: Some(digest),
        ..Account::of_one()
    };
    account.use_key(key_use, map);
    account
}

/// Prepares the opening of the key that the first request made.
async fn again(
    room: &Strongroom,
    caller: &Caller,
    named: &KeyContext,
    wrapped: Vec<u8>,
) -> Result<Planned<(KeyUse, Work)>, Stopped> {
    let kept = Kept(named, &wrapped, Purpose::DataKey);
    let prepared: Prepared<Opening> = kept.prepare_opening(room, caller).await?;
    let account = account(prepared.key_use, &prepared.map, sha256(&wrapped)).fact("repeats", "yes");
    let opening = prepared.work;
    Ok(Planned {
        work: (prepared.key_use, Work::Again { wrapped, opening }),
        account,
    })
}

/// Unwraps a data key, for whoever names it or repeats its making.
pub(super) fn open(
    wrapped: Vec<u8>,
    opening: &Opening,
    permit: ItemPermit,
) -> Result<DataKeyAnswer, Denial> {
    let envelope = reparse(&wrapped)?;
    let plaintext = opening
        .keys
        .unwrap_data_key(permit, &envelope, opening.lock.as_ref())?;
    let key = KeyRef {
        id: opening.keys.id,
        version: envelope.key_part.version,
    };
    Ok(DataKeyAnswer {
        plaintext: Some(plaintext.into_vec().into()),
        wrapped_key: wrapped.into(),
        key,
        log_entry: None,
    })
}
