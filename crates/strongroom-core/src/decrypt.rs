//! Opening values.

use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::envelope::Envelope;
use strongroom_crypto::keys::ResolvedLock;
use strongroom_log::sha256;
use strongroom_types::body::{
    Batch, BatchAnswer, DecryptAnswer, DecryptItem, DecryptRequest, KeyRef,
};
use strongroom_types::{KeyContext, Operation, Permission, Purpose};

use crate::ask::{Answered, Ask};
use crate::batch::{ItemUse, Prepared, Single};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::keyring::ContextKeys;
use crate::door::{ItemPermit, KeyUse, Stopped, parse};
use crate::strongroom::Strongroom;

/// A value that may be opened once its entry is durable.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) keys: Arc<ContextKeys>,
    pub(crate) lock: Option<ResolvedLock>,
}

impl Strongroom {
    /// Opens one value.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn decrypt(
        &self,
        ask: &Ask,
        request: DecryptRequest,
    ) -> Result<Answered<DecryptAnswer>, Refused> {
        let (item, metadata) = request.into_item();
        let ask = ask.noting(metadata);
        let mut answered = self.enter(&ask, &Single(&item)).await?;
        answered.value.log_entry = answered.entry;
        Ok(answered)
    }

    /// Opens many values.
    ///
    /// # Errors
    /// [`Refused`] as a whole; what is wrong with one item stands in its result.
    pub async fn decrypt_batch(
        &self,
        ask: &Ask,
        batch: Batch<DecryptItem>,
    ) -> Result<Answered<BatchAnswer<DecryptAnswer>>, Refused> {
        self.enter_batch(ask, batch).await
    }
}

impl ItemUse for DecryptItem {
    const OPERATION: Operation = Operation::Decrypt;
    const PERMISSION: Permission = Permission::Decrypt;
    type Work = Opening;
    type Answer = DecryptAnswer;

    fn key_context(&self) -> &KeyContext {
        &self.key_context
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
        _entropy: &dyn Entropy,
    ) -> Result<Prepared<Self::Work>, Stopped> {
        caller.require_context(&self.key_context)?;
        let envelope = parse(&self.ciphertext.0, Purpose::Value)?;
        let keys = room
            .keys_for_opening(caller, &self.key_context, &envelope)
            .await?;
        let lock = caller.lock_for_opening(&keys, &envelope.header)?;
        Ok(Prepared {
            digest: sha256(&self.ciphertext.0),
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
    ) -> Result<DecryptAnswer, Denial> {
        let envelope = reparse(&self.ciphertext.0)?;
        let associated_data = self
            .associated_data
            .as_ref()
            .map(|bytes| bytes.0.as_slice());
        let plaintext = work
            .keys
            .open(permit, &envelope, work.lock.as_ref(), associated_data)?;
        Ok(DecryptAnswer {
            plaintext: plaintext.into_vec().into(),
            key: KeyRef {
                id: work.keys.id,
                version: envelope.key_part.version,
            },
            log_entry: None,
        })
    }
}

/// Reads again what was read when the use was planned.
pub(crate) fn reparse(blob: &[u8]) -> Result<Envelope<'_>, Denial> {
    Envelope::parse(blob).map_err(|_changed| Denial::Internal)
}
