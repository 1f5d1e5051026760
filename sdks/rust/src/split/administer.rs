//! Keysets, their epochs and grants, from the side of the clients.

use reqwest::Method;
use strongroom_crypto::entropy::{Entropy as _, SystemEntropy};
use strongroom_crypto::split::{ClientShare, Grant, GrantPlace, SplitScope};
use strongroom_crypto::xwing::{PUBLIC_KEY_BYTES, PublicKey};
use strongroom_types::body::{
    KeysetDeclare, KeysetInfo, Page, SplitEpochCreate, SplitEpochInfo, SplitGrantSummary,
    SplitPublicKey, SplitPublicKeyPut,
};
use strongroom_types::{ClientId, Code, KeysetId};

use super::credential::SplitCredential;
use super::fault::{SplitError, SplitLie};
use super::granting::GrantingKey;
use super::key_pair::{ClientFingerprint, SplitKeyPair};
use super::keyset::SplitKeyset;
use super::pin::KeysetPin;
use crate::admin::PageQuery;
use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Call;

/// Split keys: keysets, grants, and what seals and opens.
#[derive(Clone, Copy, Debug)]
pub struct SplitKeys<'a>(pub(crate) &'a Client);

impl Client {
    /// Split keys.
    #[must_use]
    pub const fn split_keys(&self) -> SplitKeys<'_> {
        SplitKeys(self)
    }
}

impl SplitKeys<'_> {
    /// Declares a keyset.
    ///
    /// # Errors
    /// The server refused or did not answer; `conflict` tells that there is one of the name.
    pub async fn declare(&self, request: &KeysetDeclare) -> Result<KeysetInfo, ClientError> {
        self.0.create("/v1/keysets", request).await
    }

    /// Lists the keysets that the client may use, the suspended ones too; needs `keysets:list`.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn keysets(&self) -> Result<Vec<KeysetInfo>, ClientError> {
        let page: Page<KeysetInfo> = Call::get("/v1/keysets").answer(self.0).await?;
        Ok(page.items)
    }

    /// Suspends a keyset: no share of it is derived for anybody.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn disable(&self, keyset: KeysetId) -> Result<(), ClientError> {
        let call = Call::post(format!("/v1/keysets/{keyset}/disable"));
        call.send(self.0).await.map(drop)
    }

    /// Resumes a keyset.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn enable(&self, keyset: KeysetId) -> Result<(), ClientError> {
        let call = Call::post(format!("/v1/keysets/{keyset}/enable"));
        call.send(self.0).await.map(drop)
    }

    /// Has the client's public key kept, and tells the client's id for the granting client.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn register(&self, pair: &SplitKeyPair) -> Result<ClientId, ClientError> {
        let put = SplitPublicKeyPut {
            public_key: pair.public().as_bytes().to_vec().into(),
        };
        let path = "/v1/split-keys/public-key".to_owned();
        let kept: SplitPublicKey = self.0.change(Method::PUT, path, &put).await?;
        Ok(kept.client)
    }

    /// Makes the keyset's first share and grants it to the calling client, which becomes a granting
    /// client with this granting key. Of two that do so, one is refused with `conflict`.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn begin(
        &self,
        keyset: KeysetId,
        granting: &GrantingKey,
        pair: SplitKeyPair,
    ) -> Result<SplitCredential, SplitError> {
        let client = self.register(&pair).await?;
        let told: SplitEpochInfo = Call::get(keyset_path(keyset)).answer(self.0).await?;
        let scope = SplitScope {
            workspace: told.workspace,
            keyset: told.context,
        };
        let share = ClientShare::generate(&SystemEntropy)?;
        let place = new_place(scope, client, 1)?;
        let grant = Grant::make(
            place,
            &share,
            (pair.public(), granting.signer()),
            &SystemEntropy,
        )?;
        post_epoch(self.0, keyset, (granting, &grant)).await?;
        let pin = KeysetPin {
            scope,
            keyset,
            client,
            epoch: 1,
            signer: *granting.signer().public(),
            check: grant.check,
        };
        Ok(SplitCredential::new(pair, pin))
    }

    /// Fetches the client's grants, checks them against what the credential pins, and opens them.
    ///
    /// # Errors
    /// There is no grant, or none that fits the pin; the server refused or did not answer.
    pub async fn open(&self, credential: &SplitCredential) -> Result<SplitKeyset, SplitError> {
        SplitKeyset::fetch(self.0, credential).await
    }

    /// Lists who has grants of a keyset.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn grants(
        &self,
        keyset: KeysetId,
        query: &PageQuery,
    ) -> Result<Page<SplitGrantSummary>, ClientError> {
        let path = format!("{}/grants", keyset_path(keyset));
        self.0.list(&path, query).await
    }

    /// Takes a client's grants away: no share is derived for it any more. It still knows the clients'
    /// share, so that a new epoch follows if that matters.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn revoke(&self, keyset: KeysetId, client: ClientId) -> Result<(), ClientError> {
        let path = format!("{}/grants/{client}", keyset_path(keyset));
        let call = Call::new(Method::DELETE, path);
        call.send(self.0).await.map(drop)
    }
}

impl SplitKeyset {
    /// Grants the keyset to a client, in all epochs that this one has shares of. What is answered goes
    /// to that client by another way than the server: it is what the client's credential pins.
    ///
    /// # Errors
    /// The public key that the server has is not the one of the fingerprint, the granting key is not the
    /// keyset's, the client has a grant already, or the server refused or did not answer.
    pub async fn grant(
        &self,
        granting: &GrantingKey,
        client: ClientId,
        fingerprint: &ClientFingerprint,
    ) -> Result<KeysetPin, SplitError> {
        self.check_granting(granting)?;
        let recipient = self.public_key(client, fingerprint).await?;
        let path = format!("{}/grants", keyset_path(self.pin.keyset));
        for (epoch, share) in self.shares.iter() {
            let place = new_place(self.pin.scope, client, *epoch)?;
            let keys = (&recipient, granting.signer());
            let grant = Grant::make(place, share, keys, &SystemEntropy)?;
            let kept: Result<SplitGrantSummary, _> =
                self.client.create(&path, &grant.to_body()).await;
            match kept {
                // It has the share of this older epoch.
                Err(error) if *epoch < self.epoch && error.code() == Some(Code::Conflict) => {}
                kept => drop(kept?),
            }
        }
        self.pin_for(client)
    }

    /// Begins a new epoch with a new share, granted to this client alone; grant it to those that stay.
    /// Whoever was revoked learns nothing that is sealed from then on, not even together with the
    /// server.
    ///
    /// # Errors
    /// The granting key is not the keyset's, another began the epoch, or the server refused or did not
    /// answer.
    pub async fn begin_epoch(
        &self,
        granting: &GrantingKey,
        credential: SplitCredential,
    ) -> Result<SplitCredential, SplitError> {
        self.check_granting(granting)?;
        let epoch = self.epoch.saturating_add(1);
        let share = ClientShare::generate(&SystemEntropy)?;
        let place = new_place(self.pin.scope, self.pin.client, epoch)?;
        let keys = (credential.pair().public(), granting.signer());
        let grant = Grant::make(place, &share, keys, &SystemEntropy)?;
        post_epoch(&self.client, self.pin.keyset, (granting, &grant)).await?;
        let pin = KeysetPin {
            epoch,
            check: grant.check,
            ..self.pin
        };
        Ok(credential.with_pin(pin))
    }

    fn check_granting(&self, granting: &GrantingKey) -> Result<(), SplitError> {
        if *granting.signer().public() == self.pin.signer {
            return Ok(());
        }
        Err(SplitError::GrantingKey)
    }

    /// The client's public key, if it is the one that the client told of.
    async fn public_key(
        &self,
        client: ClientId,
        fingerprint: &ClientFingerprint,
    ) -> Result<PublicKey, SplitError> {
        let path = format!("/v1/split-keys/public-keys/{client}");
        let told: SplitPublicKey = Call::get(path).answer(&self.client).await?;
        let bytes = <[u8; PUBLIC_KEY_BYTES]>::try_from(told.public_key.0);
        let key = PublicKey::from_bytes(bytes.map_err(|_length| SplitLie::Malformed)?);
        if fingerprint.is_of(&key) {
            return Ok(key);
        }
        Err(SplitLie::OtherPublicKey.into())
    }
}

fn keyset_path(keyset: KeysetId) -> String {
    format!("/v1/split-keys/keysets/{keyset}")
}

fn new_place(scope: SplitScope, client: ClientId, epoch: u32) -> Result<GrantPlace, SplitError> {
    let mut id = [0; 16];
    SystemEntropy.fill(&mut id)?;
    Ok(GrantPlace {
        scope,
        client,
        epoch,
        id,
    })
}

async fn post_epoch(
    client: &Client,
    keyset: KeysetId,
    (granting, grant): (&GrantingKey, &Grant),
) -> Result<SplitEpochInfo, SplitError> {
    let request = SplitEpochCreate {
        signer: granting.signer().public().to_vec().into(),
        grant: grant.to_body(),
    };
    let path = format!("{}/epochs", keyset_path(keyset));
    Ok(client.create(&path, &request).await?)
}
