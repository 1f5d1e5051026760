//! Sealing values.

use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_types::body::{Batch, BatchAnswer, EncryptAnswer, EncryptItem, EncryptRequest};
use strongroom_types::{KeyContext, Operation, Permission, Purpose};

use crate::ask::{Answered, Ask};
use crate::batch::{ItemUse, Prepared};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::keyring::{ContextKeys, SealSpec};
use crate::door::{ItemPermit, KeyUse, Need, Stopped, Withheld};
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
        self.enter_single(ask, &item, metadata).await
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
    ) -> Result<Prepared<Self::Work>, Stopped> {
        let (of, need) = (&self.key_context, Need::sealing(!self.lock.is_empty()));
        let keys = room.keys_for_sealing((caller, ask), of, need).await?;
        let lock = caller.lock_for_sealing(&keys, &self.lock, self.lock_for.as_ref())?;
        let spec = SealSpec {
            purpose: Purpose::Value,
            lock: lock.as_ref(),
            associated_data: self
                .associated_data
                .as_ref()
                .map(|bytes| bytes.0.as_slice()),
            object: None,
            suite: None,
            entropy,
        };
        let sealed = keys.seal(&spec, &self.plaintext.0)?;
        let (key_use, digest) = (KeyUse::sealing(&keys), sealed.digest());
        let map = Arc::clone(&keys.map);
        Ok(Prepared::new((sealed, keys), key_use, &map, digest))
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
