//! Opening and decapsulating with private keys.

use std::sync::Arc;

use strongroom_crypto::hybrid::{HybridKey, SealedHeader, open_sealed};
use strongroom_types::body::{
    DecapsulateAnswer, DecapsulateRequest, SealedOpenAnswer, SealedOpenRequest,
};
use strongroom_types::{ContextId, HybridAlgorithm, Kind, Operation, Permission};

use crate::ask::{Answered, Ask};
use crate::batch::named;
use crate::caller::Caller;
use crate::denial::{CiphertextFault, Denial, Invalid, Refused, Thing};
use crate::door::keyring::ContextKeys;
use crate::door::{Account, KeyUse, Permit, Planned, Released, Stopped, Use};
use crate::fips::Algorithm;
use crate::key_pair::Found;
use crate::ports::{InStore, SealedStoreValue};
use crate::stores::envelope;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Opens what was sealed to a hybrid key.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known. A key that is not the caller's looks like
    /// none.
    pub async fn open_sealed(
        &self,
        ask: &Ask,
        mut request: SealedOpenRequest,
    ) -> Result<Answered<SealedOpenAnswer>, Refused> {
        let ask = ask.noting(request.metadata.take());
        named(self.enter(&ask, &request).await)
    }

    /// The shared secret that was encapsulated to a hybrid key.
    ///
    /// # Errors
    /// As for [`Strongroom::open_sealed`].
    pub async fn decapsulate(
        &self,
        ask: &Ask,
        mut request: DecapsulateRequest,
    ) -> Result<Answered<DecapsulateAnswer>, Refused> {
        let ask = ask.noting(request.metadata.take());
        named(self.enter(&ask, &request).await)
    }
}

/// A private key that may be opened once its entry is durable.
pub(crate) struct Opening {
    algorithm: HybridAlgorithm,
    version: u64,
    keys: Arc<ContextKeys>,
    sealed: SealedStoreValue,
    bound: Vec<u8>,
}

impl Opening {
    async fn plan(
        room: &Strongroom,
        caller: &Caller,
        id: ContextId,
        found: &Found<HybridAlgorithm>,
        version: u64,
    ) -> Result<Planned<Self>, Stopped> {
        room.check_fips(Algorithm::Hybrid(found.body.algorithm))?;
        let state = &caller.state;
        let name = found.place.value_name(state, version);
        let value = room.store.store_value(state.id, id, &name).await?;
        let InStore::Value(sealed) = value else {
            return Err(Denial::NotFound(Thing::HybridKey).into());
        };
        let envelope = envelope(&sealed)?;
        let keys = room
            .keys_of_kept_value(caller, (Kind::HybridKey, id), &envelope)
            .await?;
        let mut account = Account {
            count: 1,
            ..Account::default()
        }
        .using(Algorithm::Hybrid(found.body.algorithm))
        .fact("algorithm", found.body.algorithm.name())
        .fact("version", &version.to_string());
        account.use_key(KeyUse::opening(&keys, &envelope), &keys.map);
        let work = Self {
            algorithm: found.body.algorithm,
            version,
            keys,
            bound: found.place.bound(state.id, version),
            sealed,
        };
        Ok(Planned { work, account })
    }

    fn private_key(&self, mut permit: Permit) -> Result<HybridKey, Denial> {
        let item = permit.item(self.keys.id)?;
        let envelope = envelope(&self.sealed)?;
        let bytes = self.keys.open_from_store(item, &self.bound, &envelope)?;
        HybridKey::from_bytes(self.algorithm, bytes).map_err(|_own| Denial::Internal)
    }
}

/// What does not open is answered like every ciphertext that does not.
const fn altered(_: strongroom_crypto::OpenError) -> Denial {
    Denial::Ciphertext(CiphertextFault::Altered)
}

impl Use for SealedOpenRequest {
    const OPERATION: Operation = Operation::SealedOpen;
    const PERMISSION: Option<Permission> = Some(Permission::SealedOpen);
    type Work = Opening;
    type Answer = SealedOpenAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Opening>, Stopped> {
        let found: Found<HybridAlgorithm> = room.key_pair(caller, self.key).await?;
        let malformed = |_| Denial::Ciphertext(CiphertextFault::Malformed);
        let (header, _, _) = SealedHeader::split(&self.sealed.0).map_err(malformed)?;
        // The header says to whom, and is authenticated when it opens.
        let version = found.body.version_of(&header.recipient)?;
        let other = Denial::Ciphertext(CiphertextFault::OtherContext);
        let version = version.ok_or(other)?;
        Opening::plan(room, caller, self.key, &found, version).await
    }

    fn release(
        &self,
        _room: &Strongroom,
        work: Opening,
        permit: Permit,
    ) -> Released<SealedOpenAnswer> {
        let associated_data = self.associated_data.as_ref().map(|data| &data.0[..]);
        let associated_data = associated_data.unwrap_or_default();
        let opened = work
            .private_key(permit)
            .and_then(|key| open_sealed(&key, associated_data, &self.sealed.0).map_err(altered));
        Released::of(opened.map(|plaintext| SealedOpenAnswer {
            plaintext: plaintext.into_vec().into(),
            version: work.version,
            log_entry: None,
        }))
    }
}

impl Use for DecapsulateRequest {
    const OPERATION: Operation = Operation::Decapsulate;
    const PERMISSION: Option<Permission> = Some(Permission::SealedOpen);
    type Work = Opening;
    type Answer = DecapsulateAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Opening>, Stopped> {
        let found: Found<HybridAlgorithm> = room.key_pair(caller, self.key).await?;
        let newest = found.body.newest();
        let version = self.version.unwrap_or(newest);
        if !(1..=newest).contains(&version) {
            return Err(Denial::from(Invalid::Field("version".into())).into());
        }
        Opening::plan(room, caller, self.key, &found, version).await
    }

    fn release(
        &self,
        _room: &Strongroom,
        work: Opening,
        permit: Permit,
    ) -> Released<DecapsulateAnswer> {
        let key = work.private_key(permit);
        let shared = key.and_then(|key| key.decapsulate(&self.ciphertext.0).map_err(altered));
        Released::of(shared.map(|shared| DecapsulateAnswer {
            shared_secret: (*shared.expose()).into(),
            algorithm: work.algorithm,
            version: work.version,
            log_entry: None,
        }))
    }
}
