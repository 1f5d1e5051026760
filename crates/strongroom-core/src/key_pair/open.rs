//! Opening private keys.

use std::sync::Arc;

use strongroom_crypto::secret::SecretBytes;

use super::{Found, PairKind};
use crate::caller::Caller;
use crate::denial::Denial;
use crate::door::keyring::ContextKeys;
use crate::door::{Account, KeyUse, Permit, Planned, Stopped};
use crate::ports::{InStore, SealedStoreValue};
use crate::stores::envelope;
use crate::strongroom::Strongroom;

/// A private key that may be opened once its entry is durable.
pub(crate) struct Opening<K> {
    pub(crate) algorithm: K,
    pub(crate) version: u64,
    keys: Arc<ContextKeys>,
    sealed: SealedStoreValue,
    bound: Vec<u8>,
}

impl<K: PairKind> Opening<K> {
    pub(crate) async fn plan(
        room: &Strongroom,
        caller: &Caller,
        Found { place, body, .. }: &Found<K>,
        version: u64,
    ) -> Result<Planned<Self>, Stopped> {
        let algorithm = body.algorithm.algorithm();
        room.check_fips(algorithm)?;
        let (state, id) = (&caller.state, place.context);
        let name = place.value_name(state, version);
        let value = room.store.store_value(state.id, id, &name).await?;
        let InStore::Value(sealed) = value else {
            return Err(Denial::NotFound(K::THING).into());
        };
        // Rotated between the two reads.
        if sealed.row.version != K::kept_as(version).1 {
            return Err(Stopped::Stale);
        }
        let envelope = envelope(&sealed)?;
        let keys = room
            .keys_of_kept_value(caller, (K::KIND, id), &envelope)
            .await?;
        let mut account = Account::of_one()
            .using(algorithm)
            .fact("algorithm", algorithm.name())
            .fact("version", &version.to_string());
        account.use_key(KeyUse::opening(&keys, &envelope), &keys.map);
        let work = Self {
            algorithm: body.algorithm,
            version,
            keys,
            bound: place.bound(state.id, version),
            sealed,
        };
        Ok(Planned { work, account })
    }

    /// Opens it, which uses up the item of the permit.
    pub(crate) fn open(&self, mut permit: Permit) -> Result<SecretBytes, Denial> {
        let item = permit.item(self.keys.id)?;
        let envelope = envelope(&self.sealed)?;
        self.keys.open_from_store(item, &self.bound, &envelope)
    }
}
