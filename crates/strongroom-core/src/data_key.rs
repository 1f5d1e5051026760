//! Data keys: handed out once in the clear, kept by the caller wrapped.

use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::secret::SecretBytes;
use strongroom_log::sha256;
use strongroom_types::body::{
    DataKeyAnswer, DataKeyCreate, DataKeyRewrap, DataKeyUnwrap, KeyRef, LogEntryId,
};
use strongroom_types::{Bytes, KeyContext, Operation, Permission, Purpose};
use zeroize::Zeroizing;

use crate::ask::{Answered, Ask};
use crate::batch::{ItemUse, Prepared, Single};
use crate::caller::Caller;
use crate::decrypt::{Opening, reparse};
use crate::denial::{Denial, Invalid, Refused};
use crate::door::keyring::{ContextKeys, SealSpec};
use crate::door::{ItemPermit, KeyUse, Stopped, Withheld, parse};
use crate::strongroom::Strongroom;

/// The length of a data key when the caller names none, in bytes.
const BYTES_DEFAULT: u16 = 32;
/// The longest data key, in bytes.
const BYTES_MAX: usize = strongroom_crypto::envelope::DATA_KEY_BYTES_MAX;

/// A data key on its way to the caller, without the entry that allows it.
pub(crate) struct DataKey {
    plaintext: Option<Bytes>,
    wrapped: Vec<u8>,
    key: KeyRef,
}

impl Strongroom {
    /// Makes a data key and gives it out in the clear and wrapped.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn data_key_create(
        &self,
        ask: &Ask,
        request: DataKeyCreate,
    ) -> Result<Answered<DataKeyAnswer>, Refused> {
        let ask = ask.noting(request.metadata.clone());
        answer(self.enter(&ask, &Single(&request)).await?)
    }

    /// Unwraps a data key.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn data_key_unwrap(
        &self,
        ask: &Ask,
        request: DataKeyUnwrap,
    ) -> Result<Answered<DataKeyAnswer>, Refused> {
        let ask = ask.noting(request.metadata.clone());
        answer(self.enter(&ask, &Single(&request)).await?)
    }

    /// Moves a wrapped data key to the active key version, without showing it.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn data_key_rewrap(
        &self,
        ask: &Ask,
        request: DataKeyRewrap,
    ) -> Result<Answered<DataKeyAnswer>, Refused> {
        let ask = ask.noting(request.metadata.clone());
        answer(self.enter(&ask, &Single(&Rewrap(request))).await?)
    }
}

fn answer(answered: Answered<DataKey>) -> Result<Answered<DataKeyAnswer>, Refused> {
    let entry: Option<LogEntryId> = answered.entry;
    let Some(log_entry) = entry else {
        return Err(Refused::unlogged(Denial::Internal));
    };
    let DataKey {
        plaintext,
        wrapped,
        key,
    } = answered.value;
    let value = DataKeyAnswer {
        plaintext,
        wrapped_key: wrapped.into(),
        key,
        log_entry,
    };
    Ok(Answered { value, entry })
}

/// A wrapped data key and the key itself, before their entry is durable.
#[derive(Debug)]
pub(crate) struct NewDataKey {
    wrapped: Withheld<Vec<u8>>,
    plaintext: Zeroizing<Vec<u8>>,
    keys: Arc<ContextKeys>,
}

impl ItemUse for DataKeyCreate {
    const OPERATION: Operation = Operation::DataKeyCreate;
    const PERMISSION: Permission = Permission::DataKeys;
    type Work = NewDataKey;
    type Answer = DataKey;

    fn key_context(&self) -> &KeyContext {
        &self.key_context
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
        entropy: &dyn Entropy,
    ) -> Result<Prepared<NewDataKey>, Stopped> {
        let bytes = usize::from(self.bytes.unwrap_or(BYTES_DEFAULT));
        if bytes > BYTES_MAX {
            return Err(Denial::Invalid(Invalid::Field("bytes".into())).into());
        }
        let keys = room
            .keys_for_sealing(caller, ask, &self.key_context)
            .await?;
        let lock = caller.lock_for_sealing(&keys, &self.lock, self.lock_for.as_ref())?;
        let mut plaintext = Zeroizing::new(vec![0; bytes]);
        room.entropy
            .fill(&mut plaintext)
            .map_err(|_no_entropy| Denial::Unavailable)?;
        let spec = SealSpec {
            purpose: Purpose::DataKey,
            lock: lock.as_ref(),
            associated_data: None,
            entropy,
        };
        let wrapped = keys.wrap_data_key(&spec, &plaintext)?;
        Ok(Prepared {
            digest: wrapped.digest(),
            map: Arc::clone(&keys.map),
            key_use: KeyUse::sealing(&keys),
            work: NewDataKey {
                wrapped,
                plaintext,
                keys,
            },
        })
    }

    fn finish(
        &self,
        _room: &Strongroom,
        mut work: NewDataKey,
        permit: ItemPermit,
    ) -> Result<DataKey, Denial> {
        let wrapped = work.wrapped.release(permit)?;
        let plaintext = Some(Bytes(core::mem::take(&mut *work.plaintext)));
        Ok(DataKey {
            plaintext,
            wrapped,
            key: work.keys.sealed_one(),
        })
    }
}

impl ItemUse for DataKeyUnwrap {
    const OPERATION: Operation = Operation::DataKeyUnwrap;
    const PERMISSION: Permission = Permission::DataKeys;
    type Work = Opening;
    type Answer = DataKey;

    fn key_context(&self) -> &KeyContext {
        &self.key_context
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
        _entropy: &dyn Entropy,
    ) -> Result<Prepared<Opening>, Stopped> {
        caller.require_context(&self.key_context)?;
        let envelope = parse(&self.wrapped_key.0, Purpose::DataKey)?;
        let keys = room
            .keys_for_opening(caller, &self.key_context, &envelope)
            .await?;
        let lock = caller.lock_for_opening(&keys, &envelope.header)?;
        Ok(Prepared {
            digest: sha256(&self.wrapped_key.0),
            map: Arc::clone(&keys.map),
            key_use: KeyUse::opening(&keys, &envelope),
            work: Opening { keys, lock },
        })
    }

    fn finish(
        &self,
        _room: &Strongroom,
        work: Opening,
        permit: ItemPermit,
    ) -> Result<DataKey, Denial> {
        let envelope = reparse(&self.wrapped_key.0)?;
        let plaintext: SecretBytes =
            work.keys
                .unwrap_data_key(permit, &envelope, work.lock.as_ref())?;
        Ok(DataKey {
            plaintext: Some(plaintext.into_vec().into()),
            wrapped: self.wrapped_key.0.clone(),
            key: KeyRef {
                id: work.keys.id,
                version: envelope.key_part.version,
            },
        })
    }
}

/// A wrapped data key to move. It looks like one to unwrap, but asks for less.
struct Rewrap(DataKeyRewrap);

impl ItemUse for Rewrap {
    const OPERATION: Operation = Operation::DataKeyRewrap;
    const PERMISSION: Permission = Permission::Rewrap;
    type Work = Arc<ContextKeys>;
    type Answer = DataKey;

    fn key_context(&self) -> &KeyContext {
        &self.0.key_context
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
        _entropy: &dyn Entropy,
    ) -> Result<Prepared<Arc<ContextKeys>>, Stopped> {
        caller.require_context(&self.0.key_context)?;
        let envelope = parse(&self.0.wrapped_key.0, Purpose::DataKey)?;
        let keys = room
            .keys_for_opening(caller, &self.0.key_context, &envelope)
            .await?;
        Ok(Prepared {
            digest: sha256(&self.0.wrapped_key.0),
            map: Arc::clone(&keys.map),
            key_use: KeyUse::moving(&keys, &envelope),
            work: keys,
        })
    }

    fn finish(
        &self,
        room: &Strongroom,
        keys: Arc<ContextKeys>,
        permit: ItemPermit,
    ) -> Result<DataKey, Denial> {
        let envelope = reparse(&self.0.wrapped_key.0)?;
        let wrapped = keys.rewrap(permit, &envelope, None, &*room.entropy)?;
        let key = KeyRef {
            id: keys.id,
            version: keys.active,
        };
        Ok(DataKey {
            plaintext: None,
            wrapped,
            key,
        })
    }
}
