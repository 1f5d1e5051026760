//! Moving ciphertexts to the active version of their key. Needs nobody's claims.

use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_log::sha256;
use strongroom_types::body::{
    Batch, BatchAnswer, DecryptItem, KeyRef, RewrapAnswer, RewrapItem, RewrapRequest,
};
use strongroom_types::{KeyContext, Operation, Permission, Purpose};

use crate::ask::{Answered, Ask};
use crate::batch::{ItemUse, Prepared, Single};
use crate::caller::Caller;
use crate::decrypt::reparse;
use crate::denial::{Denial, Refused};
use crate::door::keyring::ContextKeys;
use crate::door::{ItemPermit, KeyUse, Stopped, parse};
use crate::strongroom::Strongroom;

/// A ciphertext to move. It looks like one to open, but asks for less.
pub(crate) struct Rewrap(DecryptItem);

impl Strongroom {
    /// Moves one ciphertext to the active key version.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn rewrap(
        &self,
        ask: &Ask,
        request: RewrapRequest,
    ) -> Result<Answered<RewrapAnswer>, Refused> {
        let (item, metadata) = request.into_item();
        let ask = ask.noting(metadata);
        let mut answered = self.enter(&ask, &Single(&Rewrap(item))).await?;
        answered.value.log_entry = answered.entry;
        Ok(answered)
    }

    /// Moves many ciphertexts to the active versions of their keys.
    ///
    /// # Errors
    /// [`Refused`] as a whole; what is wrong with one item stands in its result.
    pub async fn rewrap_batch(
        &self,
        ask: &Ask,
        batch: Batch<RewrapItem>,
    ) -> Result<Answered<BatchAnswer<RewrapAnswer>>, Refused> {
        let items = batch.items.into_iter().map(Rewrap).collect();
        self.enter_batch(
            ask,
            Batch {
                items,
                metadata: batch.metadata,
            },
        )
        .await
    }
}

impl ItemUse for Rewrap {
    const OPERATION: Operation = Operation::Rewrap;
    const PERMISSION: Permission = Permission::Rewrap;
    type Work = Arc<ContextKeys>;
    type Answer = RewrapAnswer;

    fn key_context(&self) -> &KeyContext {
        &self.0.key_context
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
        _entropy: &dyn Entropy,
    ) -> Result<Prepared<Self::Work>, Stopped> {
        caller.require_context(&self.0.key_context)?;
        let envelope = parse(&self.0.ciphertext.0, Purpose::Value)?;
        let keys = room
            .keys_for_opening(caller, &self.0.key_context, &envelope)
            .await?;
        Ok(Prepared {
            digest: sha256(&self.0.ciphertext.0),
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
    ) -> Result<RewrapAnswer, Denial> {
        let envelope = reparse(&self.0.ciphertext.0)?;
        let associated_data = self
            .0
            .associated_data
            .as_ref()
            .map(|bytes| bytes.0.as_slice());
        let moved = keys.rewrap(permit, &envelope, associated_data, &*room.entropy)?;
        let key = KeyRef {
            id: keys.id,
            version: keys.active,
        };
        Ok(RewrapAnswer {
            ciphertext: moved.into(),
            key,
            log_entry: None,
        })
    }
}
