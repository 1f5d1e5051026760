//! Named contexts, and what other products sealed for them.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use strongroom_types::ContextName;
use strongroom_types::body::{
    BatchAnswer, ImportedKeysAnswer, ImportedKeysPut, ImportedRewrap, ImportedSealed,
    KeyBundleSetting, NamedContextCreate, NamedContextInfo,
};

use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Call;

/// Named contexts. Declaring needs `admin:named-contexts`, importing `admin:imports`.
#[derive(Clone, Copy, Debug)]
pub struct NamedContexts<'a>(pub(crate) &'a Client);

/// An application to be registered with CryptoServe's surface.
#[derive(Clone, Debug, Serialize)]
pub struct ApplicationRegister {
    /// Its name.
    pub app_name: String,
    /// Its environment.
    pub environment: String,
    /// Its team.
    pub team: String,
    /// What it is for.
    pub description: String,
    /// The named contexts that it is to use.
    pub contexts: Vec<ContextName>,
}

/// An application that was registered, with new tokens. `Debug` shows none of them.
#[derive(Clone, Serialize, Deserialize)]
pub struct ApplicationTokens {
    /// Its id.
    pub app_id: String,
    /// Its access token.
    pub access_token: String,
    /// Its refresh token.
    pub refresh_token: String,
    /// Whether there was none of its name and environment before.
    #[serde(default)]
    pub is_new: bool,
}

impl core::fmt::Debug for ApplicationTokens {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ApplicationTokens({})", self.app_id)
    }
}

impl NamedContexts<'_> {
    /// Declares a named context.
    ///
    /// # Errors
    /// There is one of the name, or the server refused or did not answer.
    pub async fn create(
        &self,
        request: &NamedContextCreate,
    ) -> Result<NamedContextInfo, ClientError> {
        self.0.create("/v1/named-contexts", request).await
    }

    /// Describes a named context.
    ///
    /// # Errors
    /// There is none of the name, or the server refused or did not answer.
    pub async fn describe(&self, name: &ContextName) -> Result<NamedContextInfo, ClientError> {
        Call::get(format!("/v1/named-contexts/{name}"))
            .answer(self.0)
            .await
    }

    /// Keeps keys of another product, to open what was sealed under them.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn import_keys(
        &self,
        name: &ContextName,
        request: &ImportedKeysPut,
    ) -> Result<ImportedKeysAnswer, ClientError> {
        let path = format!("/v1/named-contexts/{name}/imported-keys");
        let call = Call::new(Method::PUT, path).json(request);
        call.answer(self.0).await
    }

    /// Seals again, as `sr1`, what another product sealed for the context.
    ///
    /// # Errors
    /// The server refused or did not answer. What is wrong with one item stands in its result.
    pub async fn rewrap(
        &self,
        name: &ContextName,
        request: &ImportedRewrap,
    ) -> Result<BatchAnswer<ImportedSealed>, ClientError> {
        let path = format!("/v1/named-contexts/{name}/rewrap");
        Call::post(path).json(request).answer(self.0).await
    }

    /// Says whether clients of the context get a key to seal with by themselves; needs `admin:key-bundles`.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn allow_key_bundle(
        &self,
        name: &ContextName,
        allowed: bool,
    ) -> Result<NamedContextInfo, ClientError> {
        let path = format!("/v1/named-contexts/{name}/key-bundle");
        let call = Call::new(Method::PUT, path).json(&KeyBundleSetting { allowed });
        call.answer(self.0).await
    }

    /// Registers an application with CryptoServe's surface, or gives one that is there new tokens.
    ///
    /// # Errors
    /// The surface is off, or the server refused or did not answer.
    pub async fn register_application(
        &self,
        request: &ApplicationRegister,
    ) -> Result<ApplicationTokens, ClientError> {
        let call = Call::post("/api/v1/applications/sdk/register").json(request);
        call.answer(self.0).await
    }
}

impl Client {
    /// Named contexts.
    #[must_use]
    pub fn named_contexts(&self) -> NamedContexts<'_> {
        NamedContexts(self)
    }
}
