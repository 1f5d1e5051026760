//! The keys of stores. A store is declared: no write makes one.

use std::sync::Arc;

use strongroom_crypto::envelope::Envelope;
use strongroom_types::{ContextId, Format, KeyContext, Kind};

use super::keyring::ContextKeys;
use super::{Need, Stopped};
use crate::caller::Caller;
use crate::denial::{CiphertextFault, Denial};
use crate::ports::ContextRow;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// The keys to seal a value of a store under. The store is there, and the caller's.
    pub(crate) async fn store_keys_for_sealing(
        &self,
        caller: &Caller,
        (id, map): (ContextId, &KeyContext),
    ) -> Result<Arc<ContextKeys>, Stopped> {
        let keys = self
            .known_keys(&caller.state, id, Need::sealing(false))
            .await?;
        keys.check_sealing()?;
        keys.rules.check_lock(&strongroom_types::Lock::default())?;
        if keys.rotation_due(self.time.now()) {
            Box::pin(self.rotate_by_policy(caller, id, map)).await?;
            return Err(Stopped::Stale);
        }
        Ok(keys)
    }

    /// The keys of a key context that is made in the same entry as what is sealed under it.
    pub(crate) async fn keys_of_new(
        &self,
        caller: &Caller,
        row: &ContextRow,
    ) -> Result<Arc<ContextKeys>, Denial> {
        let need = Need::sealing(false);
        let keys = self.unwrap_keys(&caller.state, row.clone(), need).await?;
        keys.rules.check_lock(&strongroom_types::Lock::default())?;
        Ok(keys)
    }

    /// Whether the store's keys may be used: what is shut says nothing, proofs and slots included.
    pub(crate) async fn check_store_open(
        &self,
        caller: &Caller,
        id: ContextId,
    ) -> Result<(), Stopped> {
        let need = Need::sealing(false);
        let keys = self.known_keys(&caller.state, id, need).await?;
        Ok(keys.check_sealing()?)
    }

    /// The keys to open a value of a store with.
    pub(crate) async fn store_keys_for_opening(
        &self,
        caller: &Caller,
        id: ContextId,
        envelope: &Envelope<'_>,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        let of_store = (Kind::Store, id);
        self.keys_of_kept_value(caller, of_store, envelope).await
    }

    /// The keys to open what is kept under a key context that is declared.
    pub(crate) async fn keys_of_kept_value(
        &self,
        caller: &Caller,
        (kind, id): (Kind, ContextId),
        envelope: &Envelope<'_>,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        let header = &envelope.header;
        if header.workspace != caller.state.id || header.context != id {
            return Err(Denial::Ciphertext(CiphertextFault::Altered).into());
        }
        let need = Need::opening(envelope);
        let keys = self.known_keys(&caller.state, id, need).await?;
        if keys.kind != kind {
            return Err(Denial::Ciphertext(CiphertextFault::OtherContext).into());
        }
        keys.rules.check_format(Format::Sr1)?;
        keys.check_opening(envelope)?;
        Ok(keys)
    }
}
