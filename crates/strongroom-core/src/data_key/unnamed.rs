//! Wrapped data keys shown without their key context, because a foreign wire has no place for it.
//!
//! The wrapped key says itself whose it is, authenticated; that key context must be among the
//! client's allowed ones. The entry says `context: from-blob`: whoever shows the blob opens it,
//! without having to know whose it is.

use std::sync::Arc;

use strongroom_crypto::envelope::Envelope;
use strongroom_crypto::keys::ResolvedLock;
use strongroom_log::sha256;
use strongroom_types::body::{DataKeyAnswer, KeyRef};
use strongroom_types::{Bytes, KeyContext, Operation, Permission, Purpose};

use super::repeat::open;
use crate::ask::{Answered, Ask};
use crate::batch::named;
use crate::caller::Caller;
use crate::decrypt::{Opening, reparse};
use crate::denial::{Denial, Refused};
use crate::door::keyring::{ContextKeys, SealSpec};
use crate::door::{Account, Asked, KeyUse, Need, Permit, Planned, Released, Stopped, Use, parse};
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Unwraps a data key of whatever key context it is, if the client may use that.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known. A key of a key context that is not the
    /// client's looks like an altered one.
    pub async fn data_key_unwrap_unnamed(
        &self,
        ask: &Ask,
        wrapped_key: Bytes,
    ) -> Result<Answered<DataKeyAnswer>, Refused> {
        let unwrap = Unwrap(wrapped_key.0);
        named(self.enter(ask, &unwrap).await)
    }

    /// Wraps a data key of whatever key context it is for the one named, and gives it out in the
    /// clear as well. What it was locked to it stays locked to. One entry names both key contexts.
    ///
    /// # Errors
    /// As for [`Strongroom::data_key_unwrap_unnamed`].
    pub async fn data_key_rekey(
        &self,
        ask: &Ask,
        wrapped_key: Bytes,
        to: KeyContext,
    ) -> Result<Answered<DataKeyAnswer>, Refused> {
        let rekey = Rekey {
            wrapped: wrapped_key.0,
            to,
        };
        named(self.enter(ask, &rekey).await)
    }
}

/// A wrapped data key, and what opens it once its entry is durable.
struct Shown<'a> {
    envelope: Envelope<'a>,
    opening: Opening,
    account: Account,
}

/// Authorises the opening of a wrapped data key that nobody named a key context for.
async fn shown<'a>(
    room: &Strongroom,
    caller: &Caller,
    wrapped: &'a [u8],
) -> Result<Shown<'a>, Stopped> {
    let envelope = parse(wrapped, Purpose::DataKey)?;
    let keys = room.keys_it_names(caller, &envelope).await?;
    let lock = caller.lock_for_opening(&keys, &envelope.header)?;
    let mut account = Account {
        output: Some(sha256(wrapped)),
        ..Account::of_one()
    }
    .fact("context", "from-blob");
    account.use_key(KeyUse::opening(&keys, &envelope), &keys.map);
    Ok(Shown {
        envelope,
        opening: Opening { keys, lock },
        account,
    })
}

struct Unwrap(Vec<u8>);

impl Use for Unwrap {
    const OPERATION: Operation = Operation::DataKeyUnwrap;
    const PERMISSION: Option<Permission> = Some(Permission::DataKeys);
    type Work = Opening;
    type Answer = DataKeyAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Opening>, Stopped> {
        let shown = shown(room, caller, &self.0).await?;
        Ok(Planned {
            work: shown.opening,
            account: shown.account,
        })
    }

    fn release(
        &self,
        _room: &Strongroom,
        opening: Opening,
        mut permit: Permit,
    ) -> Released<DataKeyAnswer> {
        let item = permit.item(opening.keys.id).map_err(Denial::from);
        Released::of(item.and_then(|item| open(self.0.clone(), &opening, item)))
    }
}

struct Rekey {
    wrapped: Vec<u8>,
    to: KeyContext,
}

/// The keys of both sides.
struct Rekeying {
    from: Opening,
    to: Arc<ContextKeys>,
}

impl Use for Rekey {
    const OPERATION: Operation = Operation::DataKeyRekey;
    const PERMISSION: Option<Permission> = Some(Permission::DataKeys);
    type Work = Rekeying;
    type Answer = DataKeyAnswer;

    fn asked(&self) -> Asked {
        Asked::of_context(&self.to)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Planned<Rekeying>, Stopped> {
        caller.require_context(&self.to)?;
        let shown = shown(room, caller, &self.wrapped).await?;
        let need = Need::sealing(shown.envelope.header.lock.is_some());
        let to = room.keys_for_sealing((caller, ask), &self.to, need).await?;
        let terms = shown.envelope.header.lock.as_ref();
        let terms = terms.map(|held| held.lock.clone()).unwrap_or_default();
        to.rules.check_lock(&terms)?;
        let mut account = shown.account.fact("to", &to.id.to_string());
        account.use_key(KeyUse::sealing(&to), &to.map);
        let from = shown.opening;
        Ok(Planned {
            work: Rekeying { from, to },
            account,
        })
    }

    fn release(
        &self,
        room: &Strongroom,
        work: Rekeying,
        mut permit: Permit,
    ) -> Released<DataKeyAnswer> {
        Released::of(self.rekey(room, work, &mut permit))
    }
}

impl Rekey {
    fn rekey(
        &self,
        room: &Strongroom,
        Rekeying { from, to }: Rekeying,
        permit: &mut Permit,
    ) -> Result<DataKeyAnswer, Denial> {
        let envelope = reparse(&self.wrapped)?;
        let lock: Option<&ResolvedLock> = from.lock.as_ref();
        let opened = permit.item(from.keys.id)?;
        let data_key = from.keys.unwrap_data_key(opened, &envelope, lock)?;
        let spec = SealSpec {
            purpose: Purpose::DataKey,
            lock,
            associated_data: None,
            object: None,
            suite: None,
            entropy: &*room.entropy,
        };
        let sealed = permit.item(to.id)?;
        let wrapped = to.rekey_data_key(sealed, &spec, data_key.expose())?;
        let key: KeyRef = to.sealed_one();
        Ok(DataKeyAnswer {
            plaintext: Some(data_key.into_vec().into()),
            wrapped_key: wrapped.into(),
            key,
            log_entry: None,
        })
    }
}
