//! Opening and decapsulating with private keys.

use strongroom_crypto::hybrid::{HybridKey, SealedHeader, open_sealed};
use strongroom_types::body::{
    DecapsulateAnswer, DecapsulateRequest, SealedOpenAnswer, SealedOpenRequest,
};
use strongroom_types::{HybridAlgorithm, Operation, Permission};

use crate::ask::{Answered, Ask};
use crate::batch::named;
use crate::caller::Caller;
use crate::denial::{CiphertextFault, Denial, Invalid, Refused};
use crate::door::{Permit, Planned, Released, Stopped, Use};
use crate::key_pair::{Found, Opening};
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

fn private_key(opening: &Opening<HybridAlgorithm>, permit: Permit) -> Result<HybridKey, Denial> {
    let bytes = opening.open(permit)?;
    HybridKey::from_bytes(opening.algorithm, bytes).map_err(|_own| Denial::Internal)
}

/// What does not open is answered like every ciphertext that does not.
const fn altered(_: strongroom_crypto::OpenError) -> Denial {
    Denial::Ciphertext(CiphertextFault::Altered)
}

impl Use for SealedOpenRequest {
    const OPERATION: Operation = Operation::SealedOpen;
    const PERMISSION: Option<Permission> = Some(Permission::SealedOpen);
    type Work = Opening<HybridAlgorithm>;
    type Answer = SealedOpenAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Self::Work>, Stopped> {
        let found: Found<HybridAlgorithm> = room.key_pair(caller, self.key).await?;
        let malformed = |_| Denial::Ciphertext(CiphertextFault::Malformed);
        let (header, _, _) = SealedHeader::split(&self.sealed.0).map_err(malformed)?;
        // The header says to whom, and is authenticated when it opens.
        let version = found.body.version_of(&header.recipient)?;
        let other = Denial::Ciphertext(CiphertextFault::OtherContext);
        let version = version.ok_or(other)?;
        Opening::plan(room, caller, &found, version).await
    }

    fn release(
        &self,
        _room: &Strongroom,
        work: Self::Work,
        permit: Permit,
    ) -> Released<SealedOpenAnswer> {
        let associated_data = self.associated_data.as_ref().map(|data| &data.0[..]);
        let associated_data = associated_data.unwrap_or_default();
        let opened = private_key(&work, permit)
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
    type Work = Opening<HybridAlgorithm>;
    type Answer = DecapsulateAnswer;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Self::Work>, Stopped> {
        let found: Found<HybridAlgorithm> = room.key_pair(caller, self.key).await?;
        let newest = found.body.newest();
        let version = self.version.unwrap_or(newest);
        if !(1..=newest).contains(&version) {
            return Err(Denial::from(Invalid::Field("version".into())).into());
        }
        Opening::plan(room, caller, &found, version).await
    }

    fn release(
        &self,
        _room: &Strongroom,
        work: Self::Work,
        permit: Permit,
    ) -> Released<DecapsulateAnswer> {
        let key = private_key(&work, permit);
        let shared = key.and_then(|key| key.decapsulate(&self.ciphertext.0).map_err(altered));
        Released::of(shared.map(|shared| DecapsulateAnswer {
            shared_secret: (*shared.expose()).into(),
            algorithm: work.algorithm,
            version: work.version,
            log_entry: None,
        }))
    }
}
