//! Split keys, administered: public keys, epochs and grants.
//!
//! What is kept here was sealed and signed by clients for each other. The server refuses what is
//! malformed or not signed, so that nobody waits for a client to find it out; nobody believes it.

mod epochs;
mod grants;
mod public_keys;

use serde::Serialize;
use strongroom_crypto::split::{Grant, SplitScope};
use strongroom_types::body::SplitGrant;
use strongroom_types::{KeysetId, Kind, base32};

use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Thing};
use crate::door::Account;
use crate::keysets::{KeysetPlace, WhichKeyset};
use crate::ports::{Change, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;

/// The most epochs of a keyset.
const EPOCHS_MAX: u32 = 64;

impl Strongroom {
    /// The place of a keyset that is there and the caller's.
    async fn split_keyset(&self, caller: &Caller, keyset: KeysetId) -> Result<KeysetPlace, Denial> {
        let which = WhichKeyset::Id(keyset);
        Ok(self.administered_keyset(caller, &which).await?.1)
    }

    fn put_split<T: Serialize>(
        &self,
        caller: &Caller,
        (kind, id): (RecordKind, String),
        body: &T,
    ) -> Result<Change, Denial> {
        let state = &caller.state;
        let place = (kind, id, self.time.now());
        let record = record::seal(&state.keys, state.id, place, body)?;
        Ok(Change::PutRecord(state.id, record))
    }

    /// # Errors
    /// The grant is malformed, not signed by the keyset's granting key, or for a client without a
    /// public key.
    async fn check_split_grant(
        &self,
        caller: &Caller,
        place: &KeysetPlace,
        (grant, signer): (&SplitGrant, &[u8]),
    ) -> Result<(), Denial> {
        let wrong = |field: &'static str| Denial::from(Invalid::Field(field.into()));
        let signer = signer.try_into().map_err(|_length| wrong("signer"))?;
        let scope = SplitScope {
            workspace: caller.state.id,
            keyset: place.context,
        };
        let read = Grant::from_body(scope, grant).ok_or_else(|| wrong("grant"))?;
        if !read.is_signed_by(signer) {
            return Err(wrong("signature"));
        }
        let held = self.split_public_key_of(&caller.state, grant.client);
        match held.await? {
            Some(_) => Ok(()),
            None => Err(Denial::NotFound(Thing::SplitPublicKey)),
        }
    }
}

/// The account of a change to a keyset's grants.
fn account(place: &KeysetPlace, keyset: KeysetId, changes: Vec<Change>) -> Account {
    Account::of_changes(changes)
        .of_kind(Kind::Keyset, place.context, &place.map)
        .fact("keyset", &keyset.to_string())
}

/// The same, of one grant.
fn account_of(
    place: &KeysetPlace,
    keyset: KeysetId,
    (grant, changes): (&SplitGrant, Vec<Change>),
) -> Account {
    account(place, keyset, changes)
        .fact("granted_to", &grant.client.to_string())
        .fact("epoch", &grant.epoch.to_string())
        .fact("grant", &base32::encode(&grant.id.0))
}
