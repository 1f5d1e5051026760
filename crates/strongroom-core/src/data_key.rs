//! Data keys: handed out once in the clear, kept by the caller wrapped.

mod repeat;
mod unnamed;

use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_types::body::{
    Batch, BatchAnswer, DataKeyAnswer, DataKeyCreate, DataKeyItem, DataKeyRewrap, DataKeyUnwrap,
    WrappedKeyItem,
};
use strongroom_types::{Bytes, KeyContext, Operation, Permission, Purpose};
use zeroize::Zeroizing;

use repeat::Once;

use crate::ask::{Answered, Ask};
use crate::batch::{ItemUse, Prepared, named};
use crate::caller::Caller;
use crate::decrypt::{Kept, Opening, active, reparse};
use crate::denial::{Denial, Invalid, Refused};
use crate::door::keyring::{ContextKeys, SealSpec};
use crate::door::{ItemPermit, KeyUse, Need, Stopped, Withheld};
use crate::strongroom::Strongroom;

/// The length of a data key when the caller names none, in bytes.
const BYTES_DEFAULT: u16 = 32;
/// The longest data key, in bytes.
const BYTES_MAX: usize = strongroom_crypto::envelope::DATA_KEY_BYTES_MAX;

impl Strongroom {
    /// Makes a data key and gives it out in the clear and wrapped. Under an Idempotency-Key, a
    /// repetition gets the same key under an entry of its own.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn data_key_create(
        &self,
        ask: &Ask,
        request: DataKeyCreate,
    ) -> Result<Answered<DataKeyAnswer>, Refused> {
        let (item, metadata) = request.into_item();
        if ask.idempotency.is_none() {
            return self.enter_single(ask, &item, metadata).await;
        }
        let ask = ask.noting(metadata);
        named(self.enter(&ask, &Once(item)).await)
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
        let (item, metadata) = request.into_item();
        self.enter_single(ask, &item, metadata).await
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
        let (item, metadata) = request.into_item();
        self.enter_single(ask, &Rewrap(item), metadata).await
    }

    /// Makes many data keys.
    ///
    /// # Errors
    /// [`Refused`] as a whole; what is wrong with one item stands in its result.
    pub async fn data_key_create_batch(
        &self,
        ask: &Ask,
        batch: Batch<DataKeyItem>,
    ) -> Result<Answered<BatchAnswer<DataKeyAnswer>>, Refused> {
        self.enter_batch(ask, batch).await
    }

    /// Unwraps many data keys.
    ///
    /// # Errors
    /// [`Refused`] as a whole; what is wrong with one item stands in its result.
    pub async fn data_key_unwrap_batch(
        &self,
        ask: &Ask,
        batch: Batch<WrappedKeyItem>,
    ) -> Result<Answered<BatchAnswer<DataKeyAnswer>>, Refused> {
        self.enter_batch(ask, batch).await
    }

    /// Moves many wrapped data keys to the active versions of their keys.
    ///
    /// # Errors
    /// [`Refused`] as a whole; what is wrong with one item stands in its result.
    pub async fn data_key_rewrap_batch(
        &self,
        ask: &Ask,
        batch: Batch<WrappedKeyItem>,
    ) -> Result<Answered<BatchAnswer<DataKeyAnswer>>, Refused> {
        let items = batch.items.into_iter().map(Rewrap).collect();
        let metadata = batch.metadata;
        self.enter_batch(ask, Batch { items, metadata }).await
    }
}

/// A wrapped data key and the key itself, before their entry is durable.
#[derive(Debug)]
pub(crate) struct NewDataKey {
    wrapped: Withheld<Vec<u8>>,
    plaintext: Zeroizing<Vec<u8>>,
    keys: Arc<ContextKeys>,
}

impl ItemUse for DataKeyItem {
    const OPERATION: Operation = Operation::DataKeyCreate;
    const PERMISSION: Permission = Permission::DataKeys;
    type Work = NewDataKey;
    type Answer = DataKeyAnswer;

    fn key_context(&self) -> Option<&KeyContext> {
        Some(&self.key_context)
    }

    fn seals_under(&self) -> Option<&KeyContext> {
        Some(&self.key_context)
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
        let (of, need) = (&self.key_context, Need::sealing(!self.lock.is_empty()));
        let keys = room.keys_for_sealing((caller, ask), of, need).await?;
        let lock = caller.lock_for_sealing(&keys, &self.lock, self.lock_for.as_ref())?;
        let mut plaintext = Zeroizing::new(vec![0; bytes]);
        room.entropy
            .fill(&mut plaintext)
            .map_err(|_no_entropy| Denial::Unavailable)?;
        let spec = SealSpec {
            purpose: Purpose::DataKey,
            lock: lock.as_ref(),
            associated_data: None,
            object: None,
            suite: None,
            entropy,
        };
        let wrapped = keys.wrap_data_key(&spec, &plaintext)?;
        let (key_use, digest) = (KeyUse::sealing(&keys), wrapped.digest());
        let map = Arc::clone(&keys.map);
        let work = NewDataKey {
            wrapped,
            plaintext,
            keys,
        };
        Ok(Prepared::new(work, key_use, &map, digest))
    }

    fn finish(
        &self,
        _room: &Strongroom,
        mut work: NewDataKey,
        permit: ItemPermit,
    ) -> Result<DataKeyAnswer, Denial> {
        let wrapped_key = work.wrapped.release(permit)?.into();
        Ok(DataKeyAnswer {
            plaintext: Some(Bytes(core::mem::take(&mut *work.plaintext))),
            wrapped_key,
            key: work.keys.sealed_one(),
            log_entry: None,
        })
    }
}

impl ItemUse for WrappedKeyItem {
    const OPERATION: Operation = Operation::DataKeyUnwrap;
    const PERMISSION: Permission = Permission::DataKeys;
    type Work = Opening;
    type Answer = DataKeyAnswer;

    fn key_context(&self) -> Option<&KeyContext> {
        Some(&self.key_context)
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
        _entropy: &dyn Entropy,
    ) -> Result<Prepared<Opening>, Stopped> {
        let kept = Kept(&self.key_context, &self.wrapped_key.0, Purpose::DataKey);
        kept.prepare_opening(room, caller).await
    }

    fn finish(
        &self,
        _room: &Strongroom,
        work: Opening,
        permit: ItemPermit,
    ) -> Result<DataKeyAnswer, Denial> {
        repeat::open(self.wrapped_key.0.clone(), &work, permit)
    }
}

/// A wrapped data key to move. It looks like one to unwrap, but asks for less.
struct Rewrap(WrappedKeyItem);

impl ItemUse for Rewrap {
    const OPERATION: Operation = Operation::DataKeyRewrap;
    const PERMISSION: Permission = Permission::Rewrap;
    type Work = Arc<ContextKeys>;
    type Answer = DataKeyAnswer;

    fn key_context(&self) -> Option<&KeyContext> {
        Some(&self.0.key_context)
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
        _entropy: &dyn Entropy,
    ) -> Result<Prepared<Arc<ContextKeys>>, Stopped> {
        let kept = Kept(&self.0.key_context, &self.0.wrapped_key.0, Purpose::DataKey);
        kept.prepare_moving(room, caller).await
    }

    fn finish(
        &self,
        room: &Strongroom,
        keys: Arc<ContextKeys>,
        permit: ItemPermit,
    ) -> Result<DataKeyAnswer, Denial> {
        let envelope = reparse(&self.0.wrapped_key.0)?;
        let wrapped = keys.rewrap(permit, &envelope, None, &*room.entropy)?;
        Ok(DataKeyAnswer {
            plaintext: None,
            wrapped_key: wrapped.into(),
            key: active(&keys),
            log_entry: None,
        })
    }
}
