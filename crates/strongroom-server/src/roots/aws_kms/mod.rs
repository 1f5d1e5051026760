//! A symmetric key in AWS KMS.
//!
//! The encryption context is the key context beside the place, readable, so that a key policy can
//! name either (`kms:EncryptionContext:strongroom:workspace`) and `CloudTrail` shows whose data a key
//! was used for. What is stored is KMS' own ciphertext; it names the key's material, so that
//! rotating the key in KMS asks nothing of Strongroom.
//!
//! The SDK signs and encodes. Connections, time and retries are Strongroom's own.

mod http;

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{
    BehaviorVersion, Builder, Config, Credentials, ProvideCredentials, Region,
    SharedCredentialsProvider, StalledStreamProtectionConfig,
};
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use strongroom_core::ports::{Clock, ConnectError, Outage, Refusal};
use strongroom_crypto::keys::Seed;
use strongroom_types::provider::AwsKmsKey;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use self::http::{PortTime, RestClient};
use super::binding::Binding;
use super::remote::{self, Fault, Remote};
use super::rest::Rest;

pub(super) const KIND: &str = "aws_kms";

/// The key.
#[derive(Debug)]
pub(super) struct AwsKms {
    key: String,
    config: Config,
    access: Access,
}

/// Who asks.
#[derive(Debug)]
enum Access {
    /// Who the description names.
    Named(Client),
    /// Who this machine is: its environment, its profile, its instance or its web identity. Found
    /// out at the first use, because that may need an answer.
    Machine {
        found: OnceCell<Client>,
        http: RestClient,
        time: PortTime,
    },
}

impl AwsKms {
    /// `machine` connects to where this machine's own credentials come from.
    pub(super) fn new(
        key: &AwsKmsKey,
        rest: &Rest,
        machine: &Rest,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, ConnectError> {
        let time = PortTime(Arc::clone(clock));
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(key.region.as_str().to_owned()))
            .http_client(RestClient::new(rest))
            .time_source(time.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(endpoint) = &key.endpoint {
            config = config.endpoint_url(rest.url(KIND, endpoint)?.as_str());
        }
        let access = match named(key) {
            Some(credentials) => Access::Named(client(config.clone(), credentials)),
            None => Access::Machine {
                found: OnceCell::new(),
                http: RestClient::new(machine),
                time,
            },
        };
        Ok(Self {
            key: key.key.as_str().to_owned(),
            config: config.build(),
            access,
        })
    }

    async fn client(&self) -> &Client {
        match &self.access {
            Access::Named(client) => client,
            Access::Machine { found, http, time } => {
                let find = || async {
                    let provider = ProviderConfig::without_region()
                        .with_http_client(http.clone())
                        .with_time_source(time.clone())
                        .with_region(self.config.region().cloned());
                    let chain = DefaultCredentialsChain::builder()
                        .region(self.config.region().cloned())
                        .configure(provider);
                    client(self.config.to_builder(), chain.build().await)
                };
                found.get_or_init(find).await
            }
        }
    }
}

fn client(config: Builder, credentials: impl ProvideCredentials + 'static) -> Client {
    let credentials = SharedCredentialsProvider::new(credentials);
    Client::from_conf(config.credentials_provider(credentials).build())
}

fn named(key: &AwsKmsKey) -> Option<Credentials> {
    let (id, secret) = (key.access_key_id.as_ref()?, key.secret_access_key.as_ref()?);
    let session = key.session_token.as_ref();
    Some(Credentials::new(
        id.as_str(),
        secret.expose(),
        session.map(|token| token.expose().to_owned()),
        None,
        "description",
    ))
}

/// What AWS' answer, or its absence, means. The message of an answer is not read: it repeats names.
fn fault<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Fault {
    match error {
        SdkError::ServiceError(answered) => code(answered.err().code().unwrap_or_default()),
        SdkError::TimeoutError(_) => Outage::Timeout.into(),
        // The SDK gave up before it asked: the machine has no credentials.
        SdkError::DispatchFailure(failure) => {
            http::fault(failure).unwrap_or_else(|| Refusal::AccessDenied.into())
        }
        SdkError::ConstructionFailure(_) => Refusal::AccessDenied.into(),
        _ => Outage::Fault.into(),
    }
}

fn code(code: &str) -> Fault {
    match code {
        "DisabledException" | "KMSInvalidStateException" => Refusal::KeyDisabled.into(),
        "NotFoundException" => Refusal::KeyMissing.into(),
        "InvalidCiphertextException" | "IncorrectKeyException" => Fault::WrongRoot,
        "InvalidKeyUsageException" | "ValidationException" => Refusal::KeyKind.into(),
        "AccessDeniedException"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "OptInRequired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => Refusal::AccessDenied.into(),
        "LimitExceededException" | "RequestLimitExceeded" | "ThrottlingException" => {
            Outage::Throttled.into()
        }
        _ => Outage::Fault.into(),
    }
}

#[async_trait]
impl Remote for AwsKms {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn is_symmetric(&self) -> bool {
        true
    }

    async fn wrap(&self, binding: Binding<'_>, seed: &Seed) -> Result<Vec<u8>, Fault> {
        let request = self.client().await.encrypt().key_id(&self.key);
        let answer = request
            .set_encryption_context(Some(binding.pairs().into_iter().collect()))
            .plaintext(Blob::new(seed.as_secret().expose()))
            .send()
            .await
            .map_err(|error| fault(&error))?;
        let wrapped = answer.ciphertext_blob.ok_or(Outage::Fault)?;
        Ok(wrapped.into_inner())
    }

    async fn unwrap(&self, binding: Binding<'_>, wrapped: &[u8]) -> Result<Seed, Fault> {
        let request = self.client().await.decrypt().key_id(&self.key);
        let mut answer = request
            .set_encryption_context(Some(binding.pairs().into_iter().collect()))
            .ciphertext_blob(Blob::new(wrapped))
            .send()
            .await
            .map_err(|error| fault(&error))?;
        let plaintext = answer.plaintext.take().ok_or(Outage::Fault)?;
        let plaintext = Zeroizing::new(plaintext.into_inner());
        remote::seed(&plaintext).map_err(|_length| Outage::Fault.into())
    }
}
