//! Signing.

use strongroom_crypto::signing::SigningKey;
use strongroom_types::body::{SignAnswer, SignRequest};
use strongroom_types::{ContextId, Operation, Permission, SigningAlgorithm};

use crate::ask::{Answered, Ask};
use crate::batch::named;
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::{Permit, Planned, Released, Stopped, Use};
use crate::key_pair::{Found, Opening};
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

impl Use for Sign {
    const OPERATION: Operation = Operation::Sign;
    const PERMISSION: Option<Permission> = Some(Permission::Sign);
    type Work = Opening<SigningAlgorithm>;
    type Answer = SignAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Self::Work>, Stopped> {
        let found: Found<SigningAlgorithm> = room.key_pair(caller, self.key).await?;
        Opening::plan(room, caller, &found, found.body.newest()).await
    }

    fn release(
        &self,
        _room: &Strongroom,
        work: Self::Work,
        permit: Permit,
    ) -> Released<SignAnswer> {
        Released::of(sign(&work, permit, &self.message))
    }
}

fn sign(
    opening: &Opening<SigningAlgorithm>,
    permit: Permit,
    message: &[u8],
) -> Result<SignAnswer, Denial> {
    let pkcs8 = opening.open(permit)?;
    let algorithm = opening.algorithm;
    let key = SigningKey::from_pkcs8(algorithm, pkcs8.expose());
    let signature = key.and_then(|key| key.sign(message));
    let signature = signature.map_err(|_of_aws_lc| Denial::Internal)?;
    Ok(SignAnswer {
        signature: signature.into(),
        algorithm,
        version: opening.version,
        log_entry: None,
    })
}
