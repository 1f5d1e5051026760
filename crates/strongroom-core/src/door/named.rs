//! The keys of named contexts. They are declared: no use makes one.

use std::sync::Arc;

use strongroom_crypto::envelope::Envelope;
use strongroom_types::{ContextId, KeyContext, KeyVersion, Kind};

use super::keyring::ContextKeys;
use super::{Need, Stopped};
use crate::caller::Caller;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// The keys to seal under a named context with.
    pub(crate) async fn named_keys_for_sealing(
        &self,
        caller: &Caller,
        map: &KeyContext,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        caller.require_context(map)?;
        let id = caller.state.context_id(Kind::Named, map);
        let need = Need::sealing(false);
        let keys = self.known_keys(&caller.state, id, need).await?;
        keys.check_sealing()?;
        if keys.rotation_due(self.time.now()) {
            Box::pin(self.rotate_by_policy(caller, id, map)).await?;
            return Err(Stopped::Stale);
        }
        Ok(keys)
    }

    /// The keys that derive again, under a version, what clients of a named context got to seal with.
    pub(crate) async fn keys_of_bundle(
        &self,
        caller: &Caller,
        id: ContextId,
        version: KeyVersion,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        let need = Need::one(version);
        let keys = self.known_keys(&caller.state, id, need).await?;
        keys.check_sealing()?;
        keys.check_version(version)?;
        Ok(keys)
    }

    /// The keys to open a value of a named context with, if the ciphertext is of it.
    pub(crate) async fn named_keys_for_opening(
        &self,
        caller: &Caller,
        map: &KeyContext,
        envelope: &Envelope<'_>,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        caller.require_context(map)?;
        let named = (Kind::Named, map);
        self.keys_for(caller, named, envelope, Need::opening(envelope))
            .await
    }
}
