//! Sealing and encapsulating to public keys. No private key takes part.

use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::hybrid::{HybridPublicKey, seal_to_hybrid};
use strongroom_crypto::xwing::EncapsulateError;
use strongroom_log::sha256;
use strongroom_types::body::{
    EncapsulateAnswer, EncapsulateRequest, Recipient, SealToAnswer, SealToRequest,
};
use strongroom_types::{HybridAlgorithm, Kind, Operation, Permission};

use crate::ask::{Answered, Ask};
use crate::batch::named;
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused};
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::fips::Algorithm;
use crate::key_pair::Found;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Seals to a public key.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn seal_to(
        &self,
        ask: &Ask,
        mut request: SealToRequest,
    ) -> Result<Answered<SealToAnswer>, Refused> {
        let ask = ask.noting(request.metadata.take());
        named(self.enter(&ask, &request).await)
    }

    /// Encapsulates a fresh shared secret to a public key.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn encapsulate(
        &self,
        ask: &Ask,
        mut request: EncapsulateRequest,
    ) -> Result<Answered<EncapsulateAnswer>, Refused> {
        let ask = ask.noting(request.metadata.take());
        named(self.enter(&ask, &request).await)
    }
}

/// A public key, and the account of its use.
struct To {
    key: HybridPublicKey,
    version: Option<u64>,
    account: Account,
}

impl To {
    async fn find(room: &Strongroom, caller: &Caller, to: &Recipient) -> Result<Self, Stopped> {
        let account = Account::of_one();
        let (key, version, account) = match to {
            Recipient::Key(named) => {
                let found: Found<HybridAlgorithm> = room.key_pair(caller, named.key).await?;
                let (place, newest) = (&found.place, found.body.newest());
                let account = account.of_kind(Kind::HybridKey, place.context, &place.map);
                let account = account.fact("version", &newest.to_string());
                (found.body.public_key()?, Some(newest), account)
            }
            Recipient::PublicKey(given) => {
                let key = given.public_key.0.clone();
                let key = HybridPublicKey::from_bytes(given.algorithm, key).map_err(refused)?;
                (key, None, account)
            }
        };
        let algorithm = Algorithm::Hybrid(key.algorithm());
        room.check_fips(algorithm)?;
        let account = account.using(algorithm);
        let account = account.fact("algorithm", key.algorithm().name());
        Ok(Self {
            key,
            version,
            account,
        })
    }
}

fn refused(error: EncapsulateError) -> Denial {
    match error {
        EncapsulateError::Entropy(_) => Denial::Unavailable,
        EncapsulateError::PublicKey => Invalid::Field("to.public_key".into()).into(),
    }
}

impl Use for SealToRequest {
    const OPERATION: Operation = Operation::SealTo;
    const PERMISSION: Option<Permission> = Some(Permission::SealTo);
    type Work = SealToAnswer;
    type Answer = SealToAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<SealToAnswer>, Stopped> {
        let to = To::find(room, caller, &self.to).await?;
        let associated_data = self.associated_data.as_ref().map(|data| &data.0[..]);
        let associated_data = associated_data.unwrap_or_default();
        let entropy: &dyn Entropy = &*room.entropy;
        let sealed = seal_to_hybrid(&to.key, associated_data, &self.plaintext.0, entropy);
        let sealed = sealed.map_err(refused)?;
        let account = Account {
            output: Some(sha256(&sealed)),
            ..to.account
        };
        let work = SealToAnswer {
            sealed: sealed.into(),
            algorithm: to.key.algorithm(),
            version: to.version,
            log_entry: None,
        };
        Ok(Planned { work, account })
    }

    fn release(
        &self,
        _room: &Strongroom,
        sealed: SealToAnswer,
        _permit: Permit,
    ) -> Released<SealToAnswer> {
        Released::of(Ok(sealed))
    }
}

impl Use for EncapsulateRequest {
    const OPERATION: Operation = Operation::Encapsulate;
    const PERMISSION: Option<Permission> = Some(Permission::SealTo);
    type Work = EncapsulateAnswer;
    type Answer = EncapsulateAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<EncapsulateAnswer>, Stopped> {
        let to = To::find(room, caller, &self.to).await?;
        let made = to.key.encapsulate(&*room.entropy).map_err(refused);
        let (ciphertext, shared) = made?;
        let account = Account {
            output: Some(sha256(&ciphertext)),
            ..to.account
        };
        let work = EncapsulateAnswer {
            ciphertext: ciphertext.into(),
            shared_secret: (*shared.expose()).into(),
            algorithm: to.key.algorithm(),
            version: to.version,
            log_entry: None,
        };
        Ok(Planned { work, account })
    }

    fn release(
        &self,
        _room: &Strongroom,
        made: EncapsulateAnswer,
        _permit: Permit,
    ) -> Released<EncapsulateAnswer> {
        Released::of(Ok(made))
    }
}
