//! A symmetric key in Google Cloud KMS, over its REST interface.
//!
//! The seed is encrypted with the binding's digest as `additionalAuthenticatedData`. Every field is
//! sent with its CRC32C and every answer's is checked, because between the two ends the service's
//! own parts hold the plaintext. What is stored is the service's own ciphertext; it names the key
//! version, so that rotating the key in the service asks nothing of Strongroom.
//!
//! Tested against a server that checks requests as the service documents them, never against the
//! service itself.

mod crc32c;
mod service_account;

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use strongroom_core::ports::{Clock, ConnectError, Outage, Refusal};
use strongroom_crypto::keys::Seed;
use strongroom_types::provider::GcpKmsKey;
use zeroize::Zeroizing;

use self::crc32c::crc32c;
use self::service_account::ServiceAccount;
use super::bearer::{self, Bearer};
use super::binding::Binding;
use super::remote::{self, Fault, Remote};
use super::rest::{self, Answer, Request, Rest};

pub(super) const KIND: &str = "gcp_kms";

const ENDPOINT: &str = "https://cloudkms.googleapis.com";

/// The key.
#[derive(Debug)]
pub(super) struct GcpKms {
    rest: Rest,
    encrypt: Url,
    decrypt: Url,
    access: Access,
}

/// Who asks.
#[derive(Debug)]
enum Access {
    /// Who holds this token.
    Token(HeaderValue),
    /// A service account, which is granted tokens.
    Account(Box<ServiceAccount>, Bearer),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Encrypt<'a> {
    plaintext: &'a str,
    plaintext_crc32c: String,
    additional_authenticated_data: &'a str,
    additional_authenticated_data_crc32c: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Encrypted {
    #[serde(deserialize_with = "rest::from_base64")]
    ciphertext: Zeroizing<Vec<u8>>,
    ciphertext_crc32c: String,
    #[serde(default)]
    verified_plaintext_crc32c: bool,
    #[serde(default)]
    verified_additional_authenticated_data_crc32c: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decrypt<'a> {
    ciphertext: &'a str,
    ciphertext_crc32c: String,
    additional_authenticated_data: &'a str,
    additional_authenticated_data_crc32c: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decrypted {
    #[serde(deserialize_with = "rest::from_base64")]
    plaintext: Zeroizing<Vec<u8>>,
    plaintext_crc32c: String,
}

#[derive(Default, Deserialize)]
struct Failure {
    error: Status,
}

#[derive(Default, Deserialize)]
struct Status {
    status: String,
}

impl GcpKms {
    pub(super) fn new(
        key: &GcpKmsKey,
        rest: &Rest,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, ConnectError> {
        let endpoint = match &key.endpoint {
            Some(endpoint) => rest.url(KIND, endpoint)?,
            None => rest
                .acceptable(ENDPOINT)
                .ok_or(ConnectError::Address { provider: KIND })?,
        };
        let path = |action: &str| {
            let name = format!("{}:{action}", key.key);
            rest::under(endpoint.clone(), ["v1"].into_iter().chain(name.split('/')))
        };
        Ok(Self {
            rest: rest.clone(),
            encrypt: path("encrypt"),
            decrypt: path("decrypt"),
            access: Access::new(key, rest, clock)?,
        })
    }

    async fn ask<T: DeserializeOwned>(&self, url: &Url, body: &impl Serialize) -> Result<T, Fault> {
        let answer = self.send(url, body).await?;
        if answer.status == 401 && self.access.may_be_stale().await {
            return read(&self.send(url, body).await?);
        }
        read(&answer)
    }

    async fn send(&self, url: &Url, body: &impl Serialize) -> Result<Answer, Fault> {
        let token = self.access.token(&self.rest).await?;
        let request = Request::post_json(url.clone(), body)?;
        self.rest.send(request.header(AUTHORIZATION, token)).await
    }
}

impl Access {
    fn new(key: &GcpKmsKey, rest: &Rest, clock: &Arc<dyn Clock>) -> Result<Self, ConnectError> {
        match (&key.access_token, &key.service_account) {
            (Some(token), None) => Ok(Self::Token(bearer::given(KIND, token)?)),
            (None, Some(text)) => {
                let account = ServiceAccount::read(text.expose(), rest, clock)?;
                Ok(Self::Account(Box::new(account), Bearer::new(clock)))
            }
            _ => Err(ConnectError::Credential { provider: KIND }),
        }
    }

    async fn token(&self, rest: &Rest) -> Result<HeaderValue, Fault> {
        match self {
            Self::Token(token) => Ok(token.clone()),
            Self::Account(account, bearer) => bearer.header(rest, || account.ask()).await,
        }
    }

    /// Forgets a token that can be granted anew.
    async fn may_be_stale(&self) -> bool {
        match self {
            Self::Token(_) => false,
            Self::Account(_, bearer) => {
                bearer.forget().await;
                true
            }
        }
    }
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, Fault> {
    if answer.is_success() {
        return answer.read();
    }
    let Failure { error } = answer.read_failure();
    Err(match (answer.status, error.status.as_str()) {
        // What does not open, and a request that is malformed, are one status: ours is well formed.
        (400, "INVALID_ARGUMENT") => Fault::WrongRoot,
        (400, "FAILED_PRECONDITION") => Refusal::KeyDisabled.into(),
        _ => answer.general_fault(),
    })
}

fn check(bytes: &[u8], crc: &str) -> Result<(), Fault> {
    if crc.parse() == Ok(crc32c(bytes)) {
        return Ok(());
    }
    Err(Outage::Fault.into())
}

#[async_trait]
impl Remote for GcpKms {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn is_symmetric(&self) -> bool {
        true
    }

    async fn wrap(&self, binding: Binding<'_>, seed: &Seed) -> Result<Vec<u8>, Fault> {
        let (seed, digest) = (seed.as_secret().expose(), binding.digest());
        let body = Encrypt {
            plaintext: &rest::base64(seed),
            plaintext_crc32c: crc32c(seed).to_string(),
            additional_authenticated_data: &rest::base64(&digest),
            additional_authenticated_data_crc32c: crc32c(&digest).to_string(),
        };
        let answer: Encrypted = match self.ask(&self.encrypt, &body).await {
            // Nothing that was wrapped is in this request: the key is of another kind.
            Err(Fault::WrongRoot) => return Err(Refusal::KeyKind.into()),
            answer => answer?,
        };
        let verified = answer.verified_plaintext_crc32c
            && answer.verified_additional_authenticated_data_crc32c;
        if !verified {
            return Err(Outage::Fault.into());
        }
        check(&answer.ciphertext, &answer.ciphertext_crc32c)?;
        Ok(answer.ciphertext.to_vec())
    }

    async fn unwrap(&self, binding: Binding<'_>, wrapped: &[u8]) -> Result<Seed, Fault> {
        let digest = binding.digest();
        let body = Decrypt {
            ciphertext: &rest::base64(wrapped),
            ciphertext_crc32c: crc32c(wrapped).to_string(),
            additional_authenticated_data: &rest::base64(&digest),
            additional_authenticated_data_crc32c: crc32c(&digest).to_string(),
        };
        let answer: Decrypted = self.ask(&self.decrypt, &body).await?;
        check(&answer.plaintext, &answer.plaintext_crc32c)?;
        remote::seed(&answer.plaintext).map_err(|_length| Outage::Fault.into())
    }
}
