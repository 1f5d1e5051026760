//! Signing.

use std::sync::Arc;

use strongroom_crypto::signing::SigningKey;
use strongroom_types::body::{SignAnswer, SignRequest};
use strongroom_types::{ContextId, Kind, Operation, Permission, SigningAlgorithm};

use crate::ask::{Answered, Ask};
use crate::batch::named;
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::door::keyring::ContextKeys;
use crate::door::{Account, KeyUse, Permit, Planned, Released, Stopped, Use};
use crate::fips::Algorithm;
use crate::key_pair::Found;
use crate::ports::{InStore, SealedStoreValue};
use crate::stores::envelope;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Signs a message with the newest version of a signing key.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known. A key that is not the caller's looks like
    /// none.
    pub async fn sign(
        &self,
        ask: &Ask,
        request: SignRequest,
    ) -> Result<Answered<SignAnswer>, Refused> {
        let ask = ask.noting(request.metadata);
        let sign = Sign {
            key: request.key,
            message: request.message.0,
        };
        named(self.enter(&ask, &sign).await)
    }
}

struct Sign {
    key: ContextId,
    message: Vec<u8>,
}

/// A private key that may be opened once its entry is durable.
struct Opening {
    found: Found<SigningAlgorithm>,
    keys: Arc<ContextKeys>,
    sealed: SealedStoreValue,
    bound: Vec<u8>,
}

impl Use for Sign {
    const OPERATION: Operation = Operation::Sign;
    const PERMISSION: Option<Permission> = Some(Permission::Sign);
    type Work = Opening;
    type Answer = SignAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Opening>, Stopped> {
        let state = &caller.state;
        let found: Found<SigningAlgorithm> = room.key_pair(caller, self.key).await?;
        room.check_fips(Algorithm::Signing(found.body.algorithm))?;
        let name = found.place.value_name(state, found.body.newest());
        let value = room.store.store_value(state.id, self.key, &name).await?;
        let InStore::Value(sealed) = value else {
            return Err(Denial::NotFound(Thing::SigningKey).into());
        };
        // Rotated between the two reads.
        if sealed.row.version != found.body.newest() {
            return Err(Stopped::Stale);
        }
        let envelope = envelope(&sealed)?;
        let keys = room
            .keys_of_kept_value(caller, (Kind::SigningKey, self.key), &envelope)
            .await?;
        let mut account = Account {
            count: 1,
            ..Account::default()
        }
        .fact("algorithm", found.body.algorithm.name())
        .fact("version", &sealed.row.version.to_string());
        account.use_key(KeyUse::opening(&keys, &envelope), &keys.map);
        let bound = found.place.bound(state.id, sealed.row.version);
        let work = Opening {
            found,
            keys,
            sealed,
            bound,
        };
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, work: Opening, permit: Permit) -> Released<SignAnswer> {
        Released::of(work.sign(permit, &self.message))
    }
}

impl Opening {
    fn sign(self, mut permit: Permit, message: &[u8]) -> Result<SignAnswer, Denial> {
        let item = permit.item(self.keys.id)?;
        let envelope = envelope(&self.sealed)?;
        let pkcs8 = self.keys.open_from_store(item, &self.bound, &envelope)?;
        let algorithm = self.found.body.algorithm;
        let key = SigningKey::from_pkcs8(algorithm, pkcs8.expose());
        let signature = key.and_then(|key| key.sign(message));
        let signature = signature.map_err(|_of_aws_lc| Denial::Internal)?;
        Ok(SignAnswer {
            signature: signature.into(),
            algorithm,
            version: self.sealed.row.version,
            log_entry: None,
        })
    }
}
