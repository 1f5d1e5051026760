//! A client of Stack Auth's Data Vault, compatible with its own: for values that are kept there, or
//! by a Strongroom with its surface switched on.
//!
//! Names are hashed and values sealed here, with a secret that never leaves; what that is worth, and
//! what not, is said in `docs/coming-from-stack-auth.md`.

mod error;

use core::fmt;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use strongroom_crypto::entropy::SystemEntropy;
pub use strongroom_crypto::foreign::stack::{StackName, StackSealError, StackValueError};
use strongroom_crypto::secret::SecretBytes;
use strongroom_types::StoreName;

use crate::builder::{http_client, parse_url};
use crate::error::{ClientError, RequestError, TransportError};

pub use error::StackError;

/// A project, for which a secret server key speaks.
#[derive(Clone)]
pub struct StackProject {
    http: reqwest::Client,
    url: String,
    headers: HeaderMap,
}

impl StackProject {
    /// Names a project by its UUID. No connection is opened yet.
    ///
    /// # Errors
    /// The address is not a URL, or is plain HTTP to another machine, or the project or key cannot
    /// stand in a header.
    pub fn new(
        url: &str,
        project_id: &str,
        secret_server_key: &str,
        allow_plain_http: bool,
    ) -> Result<Self, ClientError> {
        let text = |value: &str| {
            let mut value =
                HeaderValue::try_from(value).map_err(|_invalid| RequestError::Credential)?;
            value.set_sensitive(true);
            Ok::<_, RequestError>(value)
        };
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-stack-access-type", "server"),
            ("x-stack-project-id", project_id),
            ("x-stack-secret-server-key", secret_server_key),
        ] {
            headers.insert(HeaderName::from_static(name), text(value)?);
        }
        Ok(Self {
            http: http_client()?,
            url: parse_url(url, allow_plain_http)?,
            headers,
        })
    }

    /// A store of the project. Whether there is one shows when it is used.
    #[must_use]
    pub fn store(&self, name: StoreName) -> StackStore {
        StackStore {
            project: self.clone(),
            name,
        }
    }
}

/// Without the key.
impl fmt::Debug for StackProject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackProject")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// A store of a project.
#[derive(Clone, Debug)]
pub struct StackStore {
    project: StackProject,
    name: StoreName,
}

#[derive(Serialize)]
struct Set<'a> {
    hashed_key: &'a str,
    encrypted_value: &'a str,
}

#[derive(Serialize)]
struct Get<'a> {
    hashed_key: &'a str,
}

#[derive(Deserialize)]
struct Got {
    encrypted_value: String,
}

impl StackStore {
    /// Gets a value and opens it; `None` if there is none of the name.
    ///
    /// # Errors
    /// The server does not answer or refuses, or the value does not open.
    pub async fn get(&self, name: &StackName) -> Result<Option<SecretBytes>, StackError> {
        match self.get_sealed(name.hashed_key()).await? {
            None => Ok(None),
            Some(sealed) => Ok(Some(name.open(&sealed)?)),
        }
    }

    /// Seals a value and sets it.
    ///
    /// # Errors
    /// There is no randomness, or the server does not answer or refuses.
    pub async fn set(&self, name: &StackName, value: &str) -> Result<(), StackError> {
        let sealed = name.seal(value, &SystemEntropy)?;
        self.set_sealed(name.hashed_key(), &sealed).await
    }

    /// Gets a value as it is kept; `None` if there is none of the name.
    ///
    /// # Errors
    /// The server does not answer or refuses.
    pub async fn get_sealed(&self, hashed_key: &str) -> Result<Option<String>, StackError> {
        let body = Get { hashed_key };
        match self.post("get", &body).await {
            Ok(response) => {
                let got: Got = response.json().await.map_err(StackError::decode)?;
                Ok(Some(got.encrypted_value))
            }
            Err(StackError::NoValue) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets a value as it is to be kept.
    ///
    /// # Errors
    /// The server does not answer or refuses.
    pub async fn set_sealed(&self, hashed_key: &str, sealed: &str) -> Result<(), StackError> {
        let body = Set {
            hashed_key,
            encrypted_value: sealed,
        };
        self.post("set", &body).await.map(drop)
    }

    async fn post(
        &self,
        operation: &str,
        body: &impl Serialize,
    ) -> Result<reqwest::Response, StackError> {
        let StackProject { http, url, headers } = &self.project;
        let url = format!("{url}/api/v1/data-vault/stores/{}/{operation}", self.name);
        let request = http.post(url).headers(headers.clone()).json(body);
        let response = request.send().await.map_err(TransportError::new)?;
        match StackError::of(&response) {
            None => Ok(response),
            Some(error) => Err(error),
        }
    }
}
