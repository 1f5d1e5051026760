//! The public keys that clients get their grants sealed to.

use strongroom_crypto::xwing::PUBLIC_KEY_BYTES;
use strongroom_types::body::{SplitPublicKey, SplitPublicKeyPut};
use strongroom_types::{ClientId, HybridAlgorithm, Operation, Permission};

use crate::admin::{Administration, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::fips::Algorithm;
use crate::ports::RecordKind;
use crate::split::PublicKeyBody;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Keeps the calling client's public key, in place of a former one.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn split_public_key_put(
        &self,
        ask: &Ask,
        request: SplitPublicKeyPut,
    ) -> Result<Answered<SplitPublicKey>, Refused> {
        self.administer(ask, Put(request)).await
    }

    /// Gives out a client's public key. Whoever grants compares it with what they know of the client.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn split_public_key(
        &self,
        ask: &Ask,
        client: ClientId,
    ) -> Result<Answered<SplitPublicKey>, Refused> {
        self.administer(ask, Get(client)).await
    }
}

struct Put(SplitPublicKeyPut);

impl Administration for Put {
    const OPERATION: Operation = Operation::SplitPublicKeyPut;
    const PERMISSION: Option<Permission> = Some(Permission::SplitKeysUse);
    type Answer = SplitPublicKey;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(SplitPublicKey, Account), Stopped> {
        // Its grants are sealed by X-Wing.
        let algorithm = Algorithm::Hybrid(HybridAlgorithm::X25519MlKem768);
        room.check_fips(algorithm)?;
        let public_key = self.0.public_key.clone();
        if public_key.0.len() != PUBLIC_KEY_BYTES {
            return Err(Denial::from(Invalid::Field("public_key".into())).into());
        }
        let client = caller.client.id;
        let place = (RecordKind::SplitPublicKey, client.to_string());
        let body = PublicKeyBody {
            public_key: public_key.clone(),
        };
        let change = room.put_split(caller, place, &body)?;
        let account = Account::of_changes(vec![change])
            .using(algorithm)
            .fact("public_key_of", &client.to_string());
        Ok((SplitPublicKey { client, public_key }, account))
    }
}

struct Get(ClientId);

impl Administration for Get {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminSplitKeys);
    type Answer = SplitPublicKey;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(SplitPublicKey, Account), Stopped> {
        let found = room.split_public_key_of(&caller.state, self.0).await?;
        let found = found.ok_or(Denial::NotFound(Thing::SplitPublicKey))?;
        let answer = SplitPublicKey {
            client: self.0,
            public_key: found.public_key,
        };
        Ok((answer, reading("public key of a client")))
    }
}
