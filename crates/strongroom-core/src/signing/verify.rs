//! Checking signatures. No private key takes part.

use strongroom_crypto::signing::verify;
use strongroom_types::body::{VerifyAnswer, VerifyRequest};
use strongroom_types::{Kind, Operation, Permission};

use super::SigningKeyBody;
use crate::ask::{Answered, Ask};
use crate::batch::named;
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused};
use crate::door::{Account, Permit, Planned, Released, Stopped, Use};
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
        named(self.enter(&ask, &Verify(request)).await)
    }
}

struct Verify(VerifyRequest);

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
        let found = room.signing_key(caller, self.0.key).await?;
        let version = self.holds_under(&found.body)?;
        let place = &found.place;
        let account = Account {
            count: 1,
            ..Account::default()
        }
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

impl Verify {
    /// The version that the signature holds under, the newest first.
    fn holds_under(&self, body: &SigningKeyBody) -> Result<Option<u64>, Denial> {
        let wanted = self.0.version;
        if wanted.is_some_and(|wanted| !(1..=body.newest()).contains(&wanted)) {
            return Err(Invalid::Field("version".into()).into());
        }
        let asked = |(version, _): &(u64, _)| wanted.is_none_or(|wanted| wanted == *version);
        let holds = |public_key: &[u8]| {
            let (message, signature) = (&self.0.message.0, &self.0.signature.0);
            verify(body.algorithm, public_key, message, signature).is_ok()
        };
        let mut under = body.numbered().rev().filter(asked);
        let under = under.find(|(_, public)| holds(&public.public_key.0));
        Ok(under.map(|(version, _)| version))
    }
}
