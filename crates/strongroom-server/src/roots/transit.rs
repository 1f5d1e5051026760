//! A key in the transit engine of Vault or OpenBao.
//!
//! The seed is encrypted with the binding's digest as `associated_data`; where the key is derived,
//! the digest is its `context` too. What is stored is the engine's own text, `vault:v1:…`: it names
//! the version of the key, so that rotating the key in the engine asks nothing of Strongroom.

use async_trait::async_trait;
use axum::http::HeaderMap;
use axum::http::header::{HeaderName, HeaderValue};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use strongroom_core::ports::{ConnectError, Outage, Refusal};
use strongroom_crypto::keys::Seed;
use strongroom_types::provider::TransitKey;
use zeroize::Zeroizing;

use super::binding::Binding;
use super::remote::{self, Fault, Remote};
use super::rest::{self, Answer, Request, Rest};

pub(super) const KIND: &str = "transit";

const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
/// Says that nobody was tricked into the request: a form or a link cannot set it.
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");

/// The key.
#[derive(Debug)]
pub(super) struct Transit {
    rest: Rest,
    encrypt: Url,
    decrypt: Url,
    headers: HeaderMap,
    derived: bool,
}

#[derive(Serialize)]
struct Encrypt<'a> {
    plaintext: &'a str,
    #[serde(flatten)]
    bound: Bound,
}

#[derive(Serialize)]
struct Decrypt<'a> {
    ciphertext: &'a str,
    #[serde(flatten)]
    bound: Bound,
}

#[derive(Serialize)]
struct Bound {
    associated_data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
}

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Decrypted {
    #[serde(deserialize_with = "rest::from_base64")]
    plaintext: Zeroizing<Vec<u8>>,
}

#[derive(Default, Deserialize)]
struct Errors {
    errors: Vec<String>,
}

impl Transit {
    pub(super) fn new(key: &TransitKey, rest: &Rest) -> Result<Self, ConnectError> {
        let address = rest.url(KIND, &key.address)?;
        let path = |action: &str| {
            let mount = key.mount.as_str().split('/');
            let key = [action, key.key.as_str()];
            rest::under(address.clone(), ["v1"].into_iter().chain(mount).chain(key))
        };
        Ok(Self {
            rest: rest.clone(),
            encrypt: path("encrypt"),
            decrypt: path("decrypt"),
            headers: headers(key).ok_or(ConnectError::Credential { provider: KIND })?,
            derived: key.derived,
        })
    }

    async fn ask(&self, url: &Url, body: &impl Serialize) -> Result<Answer, Fault> {
        let mut request = Request::post_json(url.clone(), body)?;
        request.headers.extend(self.headers.clone());
        let answer = self.rest.send(request).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        Err(fault(&answer))
    }

    fn bound(&self, binding: Binding<'_>) -> Bound {
        let digest = rest::base64(&binding.digest()).to_string();
        Bound {
            context: self.derived.then(|| digest.clone()),
            associated_data: digest,
        }
    }
}

/// `None` for a token that no header can carry.
fn headers(key: &TransitKey) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(TOKEN, rest::secret_header(key.token.expose())?);
    headers.insert(REQUEST, HeaderValue::from_static("true"));
    if let Some(namespace) = &key.namespace {
        headers.insert(NAMESPACE, rest::secret_header(namespace.as_str())?);
    }
    Some(headers)
}

/// Everything that is wrong with a request has one status, and is told apart by its text.
fn fault(answer: &Answer) -> Fault {
    if answer.status != 400 {
        return answer.general_fault();
    }
    let Errors { errors } = answer.read_failure();
    let says = |text: &str| errors.iter().any(|error| error.contains(text));
    if says("authentication failed") || says("invalid ciphertext") {
        return Fault::WrongRoot;
    }
    if says("disallowed by policy") || says("soft-deleted") {
        return Refusal::KeyDisabled.into();
    }
    if says("not found") {
        return Refusal::KeyMissing.into();
    }
    Refusal::KeyKind.into()
}

#[async_trait]
impl Remote for Transit {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn is_symmetric(&self) -> bool {
        true
    }

    async fn wrap(&self, binding: Binding<'_>, seed: &Seed) -> Result<Vec<u8>, Fault> {
        let plaintext = rest::base64(seed.as_secret().expose());
        let body = Encrypt {
            plaintext: &plaintext,
            bound: self.bound(binding),
        };
        let answer: Data<Encrypted> = self.ask(&self.encrypt, &body).await?.read()?;
        Ok(answer.data.ciphertext.into_bytes())
    }

    async fn unwrap(&self, binding: Binding<'_>, wrapped: &[u8]) -> Result<Seed, Fault> {
        // An empty text would be no ciphertext but a malformed request.
        let ciphertext = core::str::from_utf8(wrapped).ok();
        let ciphertext = ciphertext.filter(|text| !text.is_empty());
        let ciphertext = ciphertext.ok_or(Fault::WrongRoot)?;
        let body = Decrypt {
            ciphertext,
            bound: self.bound(binding),
        };
        let answer: Data<Decrypted> = self.ask(&self.decrypt, &body).await?.read()?;
        remote::seed(&answer.data.plaintext).map_err(|_length| Outage::Fault.into())
    }
}
