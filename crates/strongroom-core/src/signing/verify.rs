//! Checking signatures. No private key takes part.

use strongroom_crypto::signing::verify;
use strongroom_types::body::{VerifyAnswer, VerifyRequest};
use strongroom_types::{Kind, Operation, Permission, SigningAlgorithm};

use crate::ask::{Answered, Ask};
use crate::batch::named;
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused};
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
use crate::fips::Algorithm;
use crate::key_pair::{Found, KeyPairBody};
use crate::once::Once;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Says whether a signature holds under a version of a signing key, or under any.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known. A signature that does not hold is none.
    pub async fn verify(
        &self,
        ask: &Ask,
        mut request: VerifyRequest,
    ) -> Result<Answered<VerifyAnswer>, Refused> {
        let ask = ask.noting(request.metadata.take());
        named(self.enter(&ask, &Verify(request, Once::new())).await)
    }
}

struct Verify(VerifyRequest, Once<Option<Holding>>);

/// What a signature was found to hold under.
struct Holding {
    version: u64,
    public_key: Vec<u8>,
}

impl Holding {
    /// Whether the key has it, as it is now: it may have been changed since the signature was checked.
    fn is_of(&self, body: &KeyPairBody<SigningAlgorithm>) -> bool {
        let mut versions = body.numbered();
        versions.any(|(version, public)| {
            version == self.version && public.public_key.0 == self.public_key
        })
    }
}

impl Use for Verify {
    const OPERATION: Operation = Operation::Verify;
    const PERMISSION: Option<Permission> = Some(Permission::Verify);
    type Work = VerifyAnswer;
    type Answer = VerifyAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<VerifyAnswer>, Stopped> {
        let found: Found<SigningAlgorithm> = room.key_pair(caller, self.0.key).await?;
        room.check_fips(Algorithm::Signing(found.body.algorithm))?;
        let held = holds(room, caller, &self.0, &found.body);
        let now = |held: &Option<Holding>| {
            let held = held.as_ref().filter(|held| held.is_of(&found.body));
            held.map(|held| held.version)
        };
        let version = self.1.of(held, now).await?;
        let place = &found.place;
        let account = Account::of_one()
            .of_kind(Kind::SigningKey, place.context, &place.map)
            .fact("algorithm", found.body.algorithm.name())
            .fact("valid", if version.is_some() { "yes" } else { "no" });
        let work = VerifyAnswer {
            valid: version.is_some(),
            version,
            log_entry: None,
        };
        Ok(Planned { work, account })
    }

    fn release(
        &self,
        _room: &Strongroom,
        work: VerifyAnswer,
        _permit: Permit,
    ) -> Released<VerifyAnswer> {
        Released::of(Ok(work))
    }
}

/// So many bytes are hashed at once, beside the other work if there are more.
const HASHED_AT_ONCE: usize = 256 << 10;

/// The version that a signature holds under, the newest first.
async fn holds(
    room: &Strongroom,
    caller: &Caller,
    request: &VerifyRequest,
    body: &KeyPairBody<SigningAlgorithm>,
) -> Result<Option<Holding>, Denial> {
    let wanted = request.version;
    if wanted.is_some_and(|wanted| !(1..=body.newest()).contains(&wanted)) {
        return Err(Invalid::Field("version".into()).into());
    }
    let asked = |version: u64| wanted.is_none_or(|wanted| wanted == version);
    let versions = body.numbered().rev().filter(|(version, _)| asked(*version));
    let versions: Vec<_> = versions
        .map(|(version, public)| (version, public.public_key.clone()))
        .collect();
    let algorithm = body.algorithm;
    let (message, signature) = (request.message.clone(), request.signature.clone());
    let bytes = message.0.len().saturating_mul(versions.len());
    let find = move || {
        let holds =
            |public_key: &[u8]| verify(algorithm, public_key, &message.0, &signature.0).is_ok();
        let found = versions.into_iter().find(|(_, public)| holds(&public.0));
        found.map(|(version, public)| Holding {
            version,
            public_key: public.0,
        })
    };
    if bytes <= HASHED_AT_ONCE {
        return Ok(find());
    }
    room.slow.run(caller, find).await
}
