//! Sealing values.

use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_types::body::{Batch, BatchAnswer, EncryptAnswer, EncryptItem, EncryptRequest};
use strongroom_types::{KeyContext, Operation, Permission, Purpose};

use crate::ask::{Answered, Ask};
use crate::batch::{ItemUse, Many, Prepared, Single};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::keyring::{ContextKeys, SealSpec};
use crate::door::{ItemPermit, KeyUse, Stopped, Withheld};
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Seals one value.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn encrypt(
        &self,
        ask: &Ask,
        request: EncryptRequest,
    ) -> Result<Answered<EncryptAnswer>, Refused> {
        let (item, metadata) = request.into_item();
        let ask = ask.noting(metadata);
        let mut answered = self.enter(&ask, &Single(&item)).await?;
        answered.value.log_entry = answered.entry;
        Ok(answered)
    }

    /// Seals many values, under as many key contexts as they name.
    ///
    /// # Errors
    /// [`Refused`] as a whole; what is wrong with one item stands in its result.
    pub async fn encrypt_batch(
        &self,
        ask: &Ask,
        batch: Batch<EncryptItem>,
    ) -> Result<Answered<BatchAnswer<EncryptAnswer>>, Refused> {
        self.enter_batch(ask, batch).await
    }
}

impl ItemUse for EncryptItem {
    const OPERATION: Operation = Operation::Encrypt;
    const PERMISSION: Permission = Permission::Encrypt;
    type Work = (Withheld<Vec<u8>>, Arc<ContextKeys>);
    type Answer = EncryptAnswer;

    fn key_context(&self) -> &KeyContext {
        &self.key_context
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
        entropy: &dyn Entropy,
    ) -> Result<Prepared<Self::Work>, Stopped> {
        let keys = room
            .keys_for_sealing(caller, ask, &self.key_context)
            .await?;
        let lock = caller.lock_for_sealing(&keys, &self.lock, self.lock_for.as_ref())?;
        let spec = SealSpec {
            purpose: Purpose::Value,
            lock: lock.as_ref(),
            associated_data: self
                .associated_data
                .as_ref()
                .map(|bytes| bytes.0.as_slice()),
            entropy,
        };
        let sealed = keys.seal(&spec, &self.plaintext.0)?;
        Ok(Prepared {
            digest: sealed.digest(),
            map: Arc::clone(&keys.map),
            key_use: KeyUse::sealing(&keys),
            work: (sealed, keys),
        })
    }

    fn finish(
        &self,
        _room: &Strongroom,
        (sealed, keys): Self::Work,
        permit: ItemPermit,
    ) -> Result<EncryptAnswer, Denial> {
        let ciphertext = sealed.release(permit)?.into();
        let key = keys.sealed_one();
        Ok(EncryptAnswer {
            ciphertext,
            key,
            log_entry: None,
        })
    }
}

impl Strongroom {
    /// Enters with a batch and puts the results beside their one entry.
    pub(crate) async fn enter_batch<T: ItemUse>(
        &self,
        ask: &Ask,
        batch: Batch<T>,
    ) -> Result<Answered<BatchAnswer<T::Answer>>, Refused> {
        let ask = ask.noting(batch.metadata);
        let many = match Many::new(batch.items) {
            Ok(many) => many,
            Err(denial) => {
                let rejected = self.reject_as(&ask, T::OPERATION, denial);
                return Err(Box::pin(rejected).await);
            }
        };
        let answered = self.enter(&ask, &many).await?;
        let Some(log_entry) = answered.entry else {
            return Err(Refused::unlogged(Denial::Internal));
        };
        let value = BatchAnswer {
            results: answered.value,
            log_entry,
        };
        Ok(Answered {
            value,
            entry: answered.entry,
        })
    }
}
