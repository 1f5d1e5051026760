//! `/api/v1/crypto/key-exchange` and `/hybrid`: with keys that are sent, and for the caller alone.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use strongroom_core::{Agree, AgreementPair, Denial, HpkeOpen, HpkeSeal};
use strongroom_crypto::agreement::{Agreement, KeyPair};
use strongroom_crypto::hpke::HpkeAead;
use strongroom_crypto::secret::SecretBytes;

use super::shape::{SecretText, decode, encode, named};
use crate::edge::{App, Document, Reply, Sent, ok};

fn agreement(name: &str) -> Result<Agreement, Denial> {
    Ok(named(Agreement::ALL, Agreement::name, name)?)
}

fn aead(name: &str) -> Result<HpkeAead, Denial> {
    Ok(named(HpkeAead::ALL, HpkeAead::name, name)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generate {
    algorithm: String,
}

#[derive(Serialize)]
pub(super) struct Generated {
    private_key: String,
    public_key: String,
    algorithm: &'static str,
}

pub(super) async fn generate(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Generate>,
) -> Reply<Document<Generated>> {
    let agreement = match agreement(&body.algorithm) {
        Ok(agreement) => agreement,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let made = app.room.use_tool(&ask, AgreementPair(agreement)).await;
    let of = |pair: KeyPair| Generated {
        private_key: encode(pair.private.expose()),
        public_key: encode(&pair.public),
        algorithm: agreement.name(),
    };
    ok(&ask, made.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Derive {
    private_key: SecretText,
    peer_public_key: String,
    algorithm: String,
}

impl Derive {
    fn request(&self) -> Result<Agree, Denial> {
        Ok(Agree {
            agreement: agreement(&self.algorithm)?,
            private: decode("private_key", &self.private_key)?.into(),
            peer: decode("peer_public_key", &self.peer_public_key)?,
        })
    }
}

#[derive(Serialize)]
pub(super) struct Derived {
    shared_secret: String,
    algorithm: String,
}

pub(super) async fn derive(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Derive>,
) -> Reply<Document<Derived>> {
    let derived = match body.request() {
        Ok(request) => app.room.use_tool(&ask, request).await,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let of = |shared: SecretBytes| Derived {
        shared_secret: encode(shared.expose()),
        algorithm: body.algorithm,
    };
    ok(&ask, derived.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seal {
    plaintext: SecretText,
    recipient_public_key: String,
    algorithm: String,
    #[serde(default)]
    aad: Option<String>,
}

/// What is authenticated with a value; nothing where nothing is sent.
fn aad(sent: Option<&str>) -> Result<Vec<u8>, Denial> {
    Ok(decode("aad", sent.unwrap_or_default())?)
}

impl Seal {
    fn request(&self) -> Result<HpkeSeal, Denial> {
        Ok(HpkeSeal {
            aead: aead(&self.algorithm)?,
            recipient: decode("recipient_public_key", &self.recipient_public_key)?,
            aad: aad(self.aad.as_deref())?,
            plaintext: decode("plaintext", &self.plaintext)?.into(),
        })
    }
}

#[derive(Serialize)]
pub(super) struct Sealed {
    ciphertext: String,
    algorithm: String,
}

pub(super) async fn seal(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Seal>,
) -> Reply<Document<Sealed>> {
    let sealed = match body.request() {
        Ok(request) => app.room.use_tool(&ask, request).await,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let of = |ciphertext: Vec<u8>| Sealed {
        ciphertext: encode(&ciphertext),
        algorithm: body.algorithm,
    };
    ok(&ask, sealed.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Open {
    ciphertext: String,
    private_key: SecretText,
    algorithm: String,
    #[serde(default)]
    aad: Option<String>,
}

impl Open {
    fn request(&self) -> Result<HpkeOpen, Denial> {
        Ok(HpkeOpen {
            aead: aead(&self.algorithm)?,
            private: decode("private_key", &self.private_key)?.into(),
            aad: aad(self.aad.as_deref())?,
            // What is no base64 is no ciphertext either.
            ciphertext: decode("ciphertext", &self.ciphertext).unwrap_or_default(),
        })
    }
}

#[derive(Serialize)]
pub(super) struct Opened {
    plaintext: String,
}

pub(super) async fn open(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Open>,
) -> Reply<Document<Opened>> {
    let opened = match body.request() {
        Ok(request) => app.room.use_tool(&ask, request).await,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let of = |plaintext: SecretBytes| Opened {
        plaintext: encode(plaintext.expose()),
    };
    ok(&ask, opened.map(|answered| answered.map(of)))
}
