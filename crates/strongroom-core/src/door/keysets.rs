//! The keys of keysets. A keyset is declared: no use makes one.

use std::sync::Arc;

use strongroom_types::Kind;

use super::kept::Versions;
use super::keyring::ContextKeys;
use super::{Need, Stopped};
use crate::caller::Caller;
use crate::denial::{CiphertextFault, Denial};
use crate::keysets::KeysetPlace;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// The keys to derive new data keys of a keyset with. The keyset is there, and the caller's.
    pub(crate) async fn keyset_keys_for_sealing(
        &self,
        caller: &Caller,
        place: &KeysetPlace,
        lock_secret: bool,
    ) -> Result<Arc<ContextKeys>, Stopped> {
        let need = Need::sealing(lock_secret);
        let keys = self.known_keys(&caller.state, place.context, need).await?;
        check_kind(&keys)?;
        keys.check_sealing()?;
        if keys.rotation_due(self.time.now()) {
            let rotated = self.rotate_by_policy(caller, place.context, &place.map);
            Box::pin(rotated).await?;
            return Err(Stopped::Stale);
        }
        Ok(keys)
    }

    /// The keys to derive data keys of a keyset again with, under the versions that their tags name.
    pub(crate) async fn keyset_keys_for_opening(
        &self,
        caller: &Caller,
        place: &KeysetPlace,
        (versions, lock_secret): (&Versions, bool),
    ) -> Result<Arc<ContextKeys>, Stopped> {
        let need = Need::deriving_again(versions, lock_secret);
        let keys = self.known_keys(&caller.state, place.context, need).await?;
        check_kind(&keys)?;
        keys.check_sealing()?;
        Ok(keys)
    }
}

/// The kind takes part in the id, so that this fails for a damaged row only.
fn check_kind(keys: &ContextKeys) -> Result<(), Denial> {
    if keys.kind == Kind::Keyset {
        return Ok(());
    }
    Err(Denial::Ciphertext(CiphertextFault::OtherContext))
}
