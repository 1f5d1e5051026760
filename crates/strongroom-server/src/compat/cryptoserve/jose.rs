//! `/api/v1/jose`: with keys that are sent.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strongroom_core::{
    Denial, Invalid, JweDecrypt, JweEncrypt, JwkMake, JwkThumbprint, JwsSign, JwsVerify,
};
use strongroom_crypto::jose::{
    Encryption, JwsAlgorithm, Key, MadeKey, NewKey, Opened as OpenedJwe, Signed as SignedJws,
    Verified as VerifiedJws,
};

use super::shape::{SecretText, decode, encode};
use crate::edge::{App, Document, Reply, Sent, ok};

/// The one way of managing keys that is served.
const DIRECT: &str = "dir";
/// The most algorithms that a caller allows.
const ALGORITHMS_MAX: usize = 16;

fn unfit(field: &'static str) -> Denial {
    Invalid::Field(field.into()).into()
}

fn key(text: &str) -> Result<Key, Denial> {
    Key::read(text).map_err(|_no_key| unfit("key"))
}

fn jws_algorithm(name: &str) -> Result<JwsAlgorithm, Denial> {
    JwsAlgorithm::from_name(name).ok_or_else(|| unfit("algorithm"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sign {
    payload: SecretText,
    key: SecretText,
    #[serde(default)]
    algorithm: Option<String>,
    #[serde(default)]
    additional_headers: Option<Map<String, Value>>,
}

impl Sign {
    fn request(self) -> Result<JwsSign, Denial> {
        let algorithm = self.algorithm.as_deref();
        Ok(JwsSign {
            algorithm: jws_algorithm(algorithm.unwrap_or(JwsAlgorithm::EdDsa.name()))?,
            key: key(&self.key)?,
            payload: decode("payload", &self.payload)?.into(),
            header: self.additional_headers.unwrap_or_default(),
        })
    }
}

#[derive(Serialize)]
pub(super) struct Signed {
    jws: String,
    algorithm: Option<Value>,
    header: Map<String, Value>,
}

pub(super) async fn sign(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Sign>,
) -> Reply<Document<Signed>> {
    let signed = match body.request() {
        Ok(request) => app.room.use_tool(&ask, request).await,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let of = |SignedJws { jws, header }: SignedJws| Signed {
        jws,
        algorithm: header.get("alg").cloned(),
        header,
    };
    ok(&ask, signed.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verify {
    jws: String,
    key: SecretText,
    #[serde(default)]
    algorithms: Option<Vec<String>>,
}

impl Verify {
    fn request(self) -> Result<JwsVerify, Denial> {
        let read = |names: Vec<String>| {
            if names.len() > ALGORITHMS_MAX {
                return Err(unfit("algorithms"));
            }
            // A name that there is not allows nothing.
            let known = names
                .iter()
                .filter_map(|name| JwsAlgorithm::from_name(name));
            Ok(known.collect())
        };
        Ok(JwsVerify {
            jws: self.jws,
            key: key(&self.key)?,
            allowed: self.algorithms.map(read).transpose()?,
        })
    }
}

#[derive(Serialize)]
pub(super) struct Verified {
    valid: bool,
    payload: String,
    header: Map<String, Value>,
    algorithm: &'static str,
}

pub(super) async fn verify(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Verify>,
) -> Reply<Document<Verified>> {
    let verified = match body.request() {
        Ok(request) => app.room.use_tool(&ask, request).await,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let of = |verified: Option<VerifiedJws>| match verified {
        Some(verified) => Verified {
            valid: true,
            payload: encode(verified.payload.expose()),
            header: verified.header,
            algorithm: verified.algorithm.name(),
        },
        // Nothing of what does not hold is given back.
        None => Verified {
            valid: false,
            payload: String::new(),
            header: Map::new(),
            algorithm: "",
        },
    };
    ok(&ask, verified.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Encrypt {
    plaintext: SecretText,
    key: SecretText,
    #[serde(default)]
    algorithm: Option<String>,
    #[serde(default)]
    encryption: Option<String>,
}

impl Encrypt {
    fn request(&self) -> Result<JweEncrypt, Denial> {
        if self.algorithm.as_deref().unwrap_or(DIRECT) != DIRECT {
            return Err(unfit("algorithm"));
        }
        let name = self.encryption.as_deref();
        let encryption = Encryption::from_name(name.unwrap_or(Encryption::A256Gcm.name()));
        Ok(JweEncrypt {
            encryption: encryption.ok_or_else(|| unfit("encryption"))?,
            key: key(&self.key)?,
            plaintext: decode("plaintext", &self.plaintext)?.into(),
        })
    }
}

#[derive(Serialize)]
pub(super) struct Encrypted {
    jwe: String,
    header: Map<String, Value>,
    algorithm: &'static str,
    encryption: &'static str,
}

pub(super) async fn encrypt(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Encrypt>,
) -> Reply<Document<Encrypted>> {
    let request = match body.request() {
        Ok(request) => request,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let encryption = request.encryption.name();
    let encrypted = app.room.use_tool(&ask, request).await;
    let of = |(jwe, header)| Encrypted {
        jwe,
        header,
        algorithm: DIRECT,
        encryption,
    };
    ok(&ask, encrypted.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decrypt {
    jwe: String,
    key: SecretText,
}

#[derive(Serialize)]
pub(super) struct Decrypted {
    plaintext: String,
    header: Map<String, Value>,
    algorithm: &'static str,
    encryption: &'static str,
}

pub(super) async fn decrypt(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Decrypt>,
) -> Reply<Document<Decrypted>> {
    let opened = match key(&body.key) {
        Ok(key) => {
            let jwe = body.jwe;
            app.room.use_tool(&ask, JweDecrypt { jwe, key }).await
        }
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let of = |opened: OpenedJwe| Decrypted {
        plaintext: encode(opened.plaintext.expose()),
        header: opened.header,
        algorithm: DIRECT,
        encryption: opened.encryption.name(),
    };
    ok(&ask, opened.map(|answered| answered.map(of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generate {
    key_type: String,
    #[serde(default)]
    curve: Option<String>,
    /// In bits, of a symmetric key.
    #[serde(default)]
    size: Option<u16>,
    #[serde(default, rename = "use")]
    used_for: Option<String>,
}

impl Generate {
    fn request(&self) -> Result<JwkMake, Denial> {
        let used_for = match self.used_for.as_deref() {
            None => None,
            Some("sig") => Some("sig"),
            Some("enc") => Some("enc"),
            Some(_) => return Err(unfit("use")),
        };
        let new = self.kind()?;
        Ok(JwkMake { new, used_for })
    }

    fn kind(&self) -> Result<NewKey, Denial> {
        match (self.key_type.as_str(), self.curve.as_deref()) {
            ("EC", Some("P-256")) => Ok(NewKey::P256),
            ("EC", Some("P-384")) => Ok(NewKey::P384),
            ("OKP", None | Some("Ed25519")) => Ok(NewKey::Ed25519),
            ("OKP", Some("X25519")) => Ok(NewKey::X25519),
            // Their client names a curve for these too.
            ("oct", _) => match self.size.unwrap_or(256) {
                128 => Ok(NewKey::Symmetric(16)),
                256 => Ok(NewKey::Symmetric(32)),
                384 => Ok(NewKey::Symmetric(48)),
                512 => Ok(NewKey::Symmetric(64)),
                _ => Err(unfit("size")),
            },
            ("EC" | "OKP", _) => Err(unfit("curve")),
            _ => Err(unfit("key_type")),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Generated {
    private_jwk: Map<String, Value>,
    public_jwk: Option<Map<String, Value>>,
}

pub(super) async fn generate(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Generate>,
) -> Reply<Document<Generated>> {
    let made = match body.request() {
        Ok(request) => app.room.use_tool(&ask, request).await,
        Err(denial) => return Err(app.refuse(&ask, denial).await),
    };
    let of = |MadeKey { private, public }: MadeKey| Generated {
        private_jwk: private,
        public_jwk: public,
    };
    ok(&ask, made.map(|answered| answered.map(of)))
}

#[derive(Serialize)]
pub(super) struct Thumbprint {
    thumbprint: String,
}

pub(super) async fn thumbprint(
    State(app): State<App>,
    Sent { ask, body, .. }: Sent<Map<String, Value>>,
) -> Reply<Document<Thumbprint>> {
    let named = app.room.use_tool(&ask, JwkThumbprint(body)).await;
    let of = |thumbprint| Thumbprint { thumbprint };
    ok(&ask, named.map(|answered| answered.map(of)))
}
