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
use crate::batch::{ItemUse, Prepared};
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
        self.enter_single(ask, &item, metadata).await
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

    fn key_context(&self) -> Option<&KeyContext> {
        Some(&self.key_context)
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
        _entropy: &dyn Entropy,
    ) -> Result<Prepared<Self::Work>, Stopped> {
        let kept = Kept(&self.key_context, &self.ciphertext.0, Purpose::Value);
        kept.prepare_opening(room, caller).await
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

/// What a caller keeps and shows again: the key context that it names, the bytes, and what they must
/// be for.
pub(crate) struct Kept<'a>(
    pub(crate) &'a KeyContext,
    pub(crate) &'a [u8],
    pub(crate) Purpose,
);

impl Kept<'_> {
    /// Authorises its opening: the caller's identity must meet the lock.
    pub(crate) async fn prepare_opening(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<Prepared<Opening>, Stopped> {
        let envelope = self.parse(caller)?;
        let keys = room.keys_for_opening(caller, self.0, &envelope).await?;
        let lock = caller.lock_for_opening(&keys, &envelope.header)?;
        let key_use = KeyUse::opening(&keys, &envelope);
        let opening = Opening {
            keys: Arc::clone(&keys),
            lock,
        };
        Ok(self.prepared(key_use, &keys, opening))
    }

    /// Authorises moving it to the active key version, which needs nobody's claims.
    pub(crate) async fn prepare_moving(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<Prepared<Arc<ContextKeys>>, Stopped> {
        let envelope = self.parse(caller)?;
        let keys = room.keys_for_moving(caller, self.0, &envelope).await?;
        let key_use = KeyUse::moving(&keys, &envelope);
        Ok(self.prepared(key_use, &keys, Arc::clone(&keys)))
    }

    fn parse(&self, caller: &Caller) -> Result<Envelope<'_>, Denial> {
        let Self(named, bytes, purpose) = *self;
        caller.require_context(named)?;
        parse(bytes, purpose)
    }

    fn prepared<W>(&self, key_use: KeyUse, keys: &ContextKeys, work: W) -> Prepared<W> {
        Prepared::new(work, key_use, &keys.map, sha256(self.1))
    }
}

/// The key that a ciphertext is under once it was moved.
pub(crate) fn active(keys: &ContextKeys) -> KeyRef {
    KeyRef {
        id: keys.id,
        version: keys.active,
    }
}

/// Reads again what was read when the use was planned.
pub(crate) fn reparse(blob: &[u8]) -> Result<Envelope<'_>, Denial> {
    Envelope::parse(blob).map_err(|_changed| Denial::Internal)
}
