//! A key in Azure Key Vault (RSA) or Managed HSM (AES), over its REST interface.
//!
//! ```text
//! wrapped = 1 ‖ length of version u8 ‖ version ‖ value                    RSA-OAEP-256
//!         | 2 ‖ length of version u8 ‖ version ‖ iv 12 ‖ tag 16 ‖ value   A256GCM
//! ```
//! The service does not say in a value which version of the key it is under, so the version is
//! stored with it: a key rotated in the service goes on unwrapping what its old versions wrapped,
//! until they are disabled there.
//!
//! Tested against a server that checks requests as the service documents them, never against the
//! service itself.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::header::AUTHORIZATION;
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use strongroom_core::ports::{Clock, ConnectError, Outage, Refusal};
use strongroom_crypto::keys::Seed;
use strongroom_types::provider::{AzureAlgorithm, AzureKeyVaultKey, Segment};
use zeroize::Zeroizing;

use super::bearer::Bearer;
use super::binding::Binding;
use super::remote::{self, Fault, Remote};
use super::rest::{self, Answer, Request, Rest};

pub(super) const KIND: &str = "azure_key_vault";

const AUTHORITY: &str = "https://login.microsoftonline.com";
const API_VERSION: &str = "7.4";
const IV_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// The key.
#[derive(Debug)]
pub(super) struct AzureKeyVault {
    rest: Rest,
    /// `…/keys/<name>`.
    key: Url,
    version: Option<Segment>,
    algorithm: AzureAlgorithm,
    application: Application,
    bearer: Bearer,
}

/// Who asks.
struct Application {
    token: Url,
    client_id: String,
    client_secret: Zeroizing<String>,
    scope: String,
}

impl core::fmt::Debug for Application {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Application")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Form<'a> {
    grant_type: &'static str,
    client_id: &'a str,
    client_secret: &'a str,
    scope: &'a str,
}

/// What is sent to every operation of a key.
#[derive(Serialize)]
struct Operation<'a> {
    alg: AzureAlgorithm,
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    iv: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aad: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'a str>,
}

/// What every operation of a key answers.
#[derive(Deserialize)]
struct Outcome {
    kid: String,
    #[serde(deserialize_with = "rest::from_base64_url")]
    value: Zeroizing<Vec<u8>>,
    #[serde(default, deserialize_with = "rest::from_base64_url")]
    iv: Zeroizing<Vec<u8>>,
    #[serde(
        default,
        deserialize_with = "rest::from_base64_url",
        alias = "authentication_tag"
    )]
    tag: Zeroizing<Vec<u8>>,
}

#[derive(Deserialize)]
struct Bundle {
    key: JsonWebKey,
}

#[derive(Deserialize)]
struct JsonWebKey {
    kid: String,
}

#[derive(Default, Deserialize)]
struct Failure {
    error: Reason,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    code: String,
    innererror: Option<Box<Self>>,
}

impl AzureKeyVault {
    pub(super) fn new(
        key: &AzureKeyVaultKey,
        rest: &Rest,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, ConnectError> {
        let vault = rest.url(KIND, &key.vault)?;
        Ok(Self {
            rest: rest.clone(),
            version: key.version.clone(),
            algorithm: key.algorithm,
            application: Application::new(key, rest, &vault)?,
            key: rest::under(vault, ["keys", key.key.as_str()]),
            bearer: Bearer::new(clock),
        })
    }

    /// The version that wraps now.
    async fn newest(&self) -> Result<Segment, Fault> {
        if let Some(version) = &self.version {
            return Ok(version.clone());
        }
        let bundle: Bundle = self.ask(|url| Ok(Request::get(url)), &[]).await?;
        version_of(&bundle.key.kid)
    }

    async fn operate(
        &self,
        version: &Segment,
        action: &str,
        operation: &Operation<'_>,
    ) -> Result<Outcome, Fault> {
        let ask = |url| Request::post_json(url, operation);
        self.ask(ask, &[version.as_str(), action]).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        request: impl Fn(Url) -> Result<Request, Fault>,
        path: &[&str],
    ) -> Result<T, Fault> {
        let mut url = rest::under(self.key.clone(), path.iter().copied());
        url.set_query(Some(&format!("api-version={API_VERSION}")));
        let answer = self.send(request(url.clone())?).await?;
        if answer.status == 401 {
            self.bearer.forget().await;
            return read(&self.send(request(url)?).await?);
        }
        read(&answer)
    }

    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let ask = || self.application.ask();
        let token = self.bearer.header(&self.rest, ask).await?;
        self.rest.send(request.header(AUTHORIZATION, token)).await
    }
}

impl Application {
    fn new(key: &AzureKeyVaultKey, rest: &Rest, vault: &Url) -> Result<Self, ConnectError> {
        let authority = match &key.authority {
            Some(authority) => rest.url(KIND, authority)?,
            None => rest
                .acceptable(AUTHORITY)
                .ok_or(ConnectError::Address { provider: KIND })?,
        };
        let tenant = key.tenant_id.as_str();
        Ok(Self {
            token: rest::under(authority, [tenant, "oauth2", "v2.0", "token"]),
            client_id: key.client_id.as_str().to_owned(),
            client_secret: Zeroizing::new(key.client_secret.expose().to_owned()),
            scope: scope(vault),
        })
    }

    fn ask(&self) -> Result<Request, Fault> {
        let form = Form {
            grant_type: "client_credentials",
            client_id: &self.client_id,
            client_secret: &self.client_secret,
            scope: &self.scope,
        };
        Request::post_form(self.token.clone(), &form)
    }
}

/// The service that the vault is one of: `acme.vault.azure.net` is one of `vault.azure.net`.
fn scope(vault: &Url) -> String {
    let host = vault.host_str().unwrap_or_default();
    let service = host
        .split_once('.')
        .map(|(_name, service)| service)
        .filter(|service| service.starts_with("vault.") || service.starts_with("managedhsm."))
        .unwrap_or("vault.azure.net");
    format!("https://{service}/.default")
}

/// The last segment of a key's URL.
fn version_of(kid: &str) -> Result<Segment, Fault> {
    let version = kid.rsplit('/').next().unwrap_or_default();
    version.parse().map_err(|_name| Outage::Fault.into())
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, Fault> {
    if answer.is_success() {
        return answer.read();
    }
    let Failure { error } = answer.read_failure();
    let inner = error.innererror.as_ref().map(|inner| inner.code.as_str());
    Err(match (answer.status, error.code.as_str(), inner) {
        (_, "KeyDisabled", _) | (_, _, Some("KeyDisabled")) => Refusal::KeyDisabled.into(),
        // What does not open is a bad parameter.
        (400, "BadParameter", _) => Fault::WrongRoot,
        _ => answer.general_fault(),
    })
}

/// What is stored.
#[derive(Debug, PartialEq, Eq)]
struct Stored<'a> {
    algorithm: AzureAlgorithm,
    version: Segment,
    iv: &'a [u8],
    tag: &'a [u8],
    value: &'a [u8],
}

const fn code(algorithm: AzureAlgorithm) -> u8 {
    match algorithm {
        AzureAlgorithm::RsaOaep256 => 1,
        AzureAlgorithm::A256Gcm => 2,
    }
}

impl<'a> Stored<'a> {
    fn encode(&self) -> Result<Vec<u8>, Fault> {
        let version = self.version.as_str().as_bytes();
        let length = u8::try_from(version.len()).map_err(|_length| Outage::Fault)?;
        let head = [code(self.algorithm), length];
        Ok([&head, version, self.iv, self.tag, self.value].concat())
    }

    fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (&code, bytes) = bytes.split_first()?;
        let (&length, bytes) = bytes.split_first()?;
        let (version, bytes) = bytes.split_at_checked(usize::from(length))?;
        let version = core::str::from_utf8(version).ok()?.parse().ok()?;
        let algorithm = match code {
            1 => AzureAlgorithm::RsaOaep256,
            2 => AzureAlgorithm::A256Gcm,
            _ => return None,
        };
        let (iv, tag) = match algorithm {
            AzureAlgorithm::RsaOaep256 => (0, 0),
            AzureAlgorithm::A256Gcm => (IV_BYTES, TAG_BYTES),
        };
        let (iv, bytes) = bytes.split_at_checked(iv)?;
        let (tag, value) = bytes.split_at_checked(tag)?;
        Some(Self {
            algorithm,
            version,
            iv,
            tag,
            value,
        })
    }
}

#[async_trait]
impl Remote for AzureKeyVault {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn is_symmetric(&self) -> bool {
        self.algorithm.is_symmetric()
    }

    async fn wrap(&self, binding: Binding<'_>, seed: &Seed) -> Result<Vec<u8>, Fault> {
        let version = self.newest().await?;
        let aad = rest::base64_url(&binding.digest());
        let (action, value, aad) = match self.algorithm {
            AzureAlgorithm::RsaOaep256 => {
                let value = rest::base64_url(&remote::seed_with_digest(seed, binding));
                ("wrapkey", value, None)
            }
            AzureAlgorithm::A256Gcm => {
                let value = rest::base64_url(seed.as_secret().expose());
                ("encrypt", value, Some(aad.as_str()))
            }
        };
        let operation = Operation {
            alg: self.algorithm,
            value: &value,
            iv: None,
            aad,
            tag: None,
        };
        let outcome = match self.operate(&version, action, &operation).await {
            // Nothing that was wrapped is in this request: the key is of another kind.
            Err(Fault::WrongRoot) => return Err(Refusal::KeyKind.into()),
            outcome => outcome?,
        };
        let stored = Stored {
            algorithm: self.algorithm,
            version: version_of(&outcome.kid)?,
            iv: &outcome.iv,
            tag: &outcome.tag,
            value: &outcome.value,
        };
        let bytes = stored.encode()?;
        // An answer that lacks a part would be stored and never open.
        match Stored::decode(&bytes) {
            Some(read) if read == stored => Ok(bytes),
            _ => Err(Outage::Fault.into()),
        }
    }

    async fn unwrap(&self, binding: Binding<'_>, wrapped: &[u8]) -> Result<Seed, Fault> {
        let stored = Stored::decode(wrapped).ok_or(Fault::WrongRoot)?;
        let value = rest::base64_url(stored.value);
        if stored.algorithm == AzureAlgorithm::RsaOaep256 {
            let operation = Operation {
                alg: stored.algorithm,
                value: &value,
                iv: None,
                aad: None,
                tag: None,
            };
            let outcome = self.operate(&stored.version, "unwrapkey", &operation);
            return remote::seed_of_digest(&outcome.await?.value, binding);
        }
        let operation = Operation {
            alg: stored.algorithm,
            value: &value,
            iv: Some(&rest::base64_url(stored.iv)),
            aad: Some(&rest::base64_url(&binding.digest())),
            tag: Some(&rest::base64_url(stored.tag)),
        };
        let outcome = self.operate(&stored.version, "decrypt", &operation).await?;
        remote::seed(&outcome.value).map_err(|_length| Outage::Fault.into())
    }
}
