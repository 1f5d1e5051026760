//! A keyset whose grants were fetched and believed.

use std::collections::BTreeMap;
use std::sync::Arc;

use strongroom_crypto::split::{ClientShare, Grant, SplitScope};
use strongroom_types::body::OwnSplitGrants;
use strongroom_types::{ClientId, Code};

use super::credential::SplitCredential;
use super::fault::{SplitError, SplitLie};
use super::key_pair::SplitKeyPair;
use super::pin::KeysetPin;
use crate::client::Client;
use crate::lock_context::IdentifiedContext;
use crate::transport::Call;

/// Seals and opens values of one keyset. Cheap to clone; shares are wiped with the last clone.
#[derive(Clone, Debug)]
pub struct SplitKeyset {
    pub(super) client: Client,
    pub(super) pin: KeysetPin,
    pub(super) shares: Arc<BTreeMap<u32, ClientShare>>,
    /// The newest epoch, which is sealed under.
    pub(super) epoch: u32,
}

impl SplitKeyset {
    /// Fetches the client's grants and believes them as far as the pin goes.
    pub(super) async fn fetch(
        client: &Client,
        credential: &SplitCredential,
    ) -> Result<Self, SplitError> {
        let pin = *credential.pin();
        let path = format!("/v1/split-keys/keysets/{}/own-grants", pin.keyset);
        let answer: OwnSplitGrants = match Call::get(path).answer(client).await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some(Code::NotFound) => {
                return Err(SplitError::NotGranted);
            }
            Err(error) => return Err(error.into()),
        };
        let shares = believe(&answer, &pin, credential.pair())?;
        let epoch = newest(&shares, &pin)?;
        Ok(Self {
            client: client.clone(),
            pin,
            shares: Arc::new(shares),
            epoch,
        })
    }

    /// The same keyset on behalf of a person: what is sealed is locked to them, and what is locked to
    /// them opens. Takes the result of [`LockContext::identify`](crate::LockContext::identify), or the
    /// person's own JWT.
    #[must_use]
    pub fn with_lock_context(&self, context: impl Into<IdentifiedContext>) -> Self {
        Self {
            client: self.client.with_lock_context(context),
            ..self.clone()
        }
    }

    /// The epoch that values are sealed under.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The pin of the newest epoch, to take the place of the former one in the client's credential.
    ///
    /// # Errors
    /// There is no share of it.
    pub fn pin(&self) -> Result<KeysetPin, SplitError> {
        self.pin_for(self.pin.client)
    }

    /// The pin for another client.
    pub(super) fn pin_for(&self, client: ClientId) -> Result<KeysetPin, SplitError> {
        Ok(KeysetPin {
            client,
            epoch: self.epoch,
            check: self.share(self.epoch)?.check(&self.pin.scope, self.epoch),
            ..self.pin
        })
    }

    pub(super) const fn scope(&self) -> &SplitScope {
        &self.pin.scope
    }

    pub(super) fn share(&self, epoch: u32) -> Result<&ClientShare, SplitError> {
        let share = self.shares.get(&epoch);
        share.ok_or(SplitError::UnknownEpoch(epoch))
    }
}

/// The shares of grants that fit the pin, by epoch.
fn believe(
    answer: &OwnSplitGrants,
    pin: &KeysetPin,
    pair: &SplitKeyPair,
) -> Result<BTreeMap<u32, ClientShare>, SplitLie> {
    if answer.client != pin.client {
        return Err(SplitLie::OtherKeyset);
    }
    let mut shares = BTreeMap::new();
    for body in &answer.grants {
        let grant = Grant::from_body(pin.scope, body).ok_or(SplitLie::Malformed)?;
        let place = &grant.place;
        if place.client != pin.client {
            return Err(SplitLie::OtherKeyset);
        }
        let epoch = place.epoch;
        let share = grant.open(pair.private(), &pin.signer)?;
        if epoch == pin.epoch && grant.check != pin.check {
            return Err(SplitLie::FalseShare);
        }
        if shares.insert(epoch, share).is_some() {
            return Err(SplitLie::Malformed);
        }
    }
    Ok(shares)
}

/// The epoch to seal under, which is not older than the pin's.
fn newest(shares: &BTreeMap<u32, ClientShare>, pin: &KeysetPin) -> Result<u32, SplitLie> {
    let shown = shares.keys().next_back().copied().unwrap_or_default();
    if shown < pin.epoch {
        let pinned = pin.epoch;
        return Err(SplitLie::OldEpoch { pinned, shown });
    }
    Ok(shown)
}
