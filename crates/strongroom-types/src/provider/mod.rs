//! Descriptions of keys that somebody else's device or service keeps: a deployment's root, or a
//! customer's own key.
//!
//! ```json
//! {"provider":"aws_kms","key":"arn:aws:kms:…","region":"eu-central-1"}
//! {"provider":"transit","address":"https://vault.example","key":"acme","token":"…"}
//! ```
//!
//! A description that exists obeys its rules: names fit into the paths that they become part of, and
//! credentials are complete. Its credentials are of the type `C`:
//!
//! | `C` | is | for |
//! |---|---|---|
//! | [`Credential`] | read, never printed or written | what a caller sends |
//! | [`Hidden`] | written as `"hidden"` | what a caller is answered: [`ProviderKey::view`] |
//! | [`Exposed`] | written in the clear | what is sealed and stored: [`ProviderKey::expose`] |

mod credential;
mod keys;
mod name;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use credential::{Credential, Exposed, Hidden};
pub use keys::{
    AwsKmsKey, AzureAlgorithm, AzureKeyVaultKey, GcpKmsKey, Pkcs11Key, Pkcs11Mechanism, TransitKey,
};
pub use name::{Endpoint, HexId, KeyName, NameError, PathName, Segment, TokenText};

/// A description that breaks a rule that concerns several of its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// One of two credentials that belong together, or none where one is needed.
    #[error("credentials of provider {provider} are incomplete, or there are two kinds of them")]
    Credentials {
        /// The provider.
        provider: &'static str,
    },
    /// A key that is named in no way.
    #[error("key of provider {provider} has neither label nor id")]
    Unnamed {
        /// The provider.
        provider: &'static str,
    },
    /// A Google Cloud key that is not the full name of a key.
    #[error("key is not projects/*/locations/*/keyRings/*/cryptoKeys/*")]
    ResourceName,
}

/// A key at a provider.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "provider", rename_all = "snake_case", remote = "Self")]
pub enum ProviderKey<C = Credential> {
    /// A key in a device or token with a PKCS#11 module.
    Pkcs11(Pkcs11Key<C>),
    /// A key in AWS KMS.
    AwsKms(AwsKmsKey<C>),
    /// A key in the transit engine of Vault or OpenBao.
    Transit(TransitKey<C>),
    /// A key in Google Cloud KMS.
    GcpKms(GcpKmsKey<C>),
    /// A key in Azure Key Vault or Managed HSM.
    AzureKeyVault(AzureKeyVaultKey<C>),
}

impl<C> ProviderKey<C> {
    /// The provider's name, as it stands in `provider` and in errors.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Pkcs11(_) => "pkcs11",
            Self::AwsKms(_) => "aws_kms",
            Self::Transit(_) => "transit",
            Self::GcpKms(_) => "gcp_kms",
            Self::AzureKeyVault(_) => "azure_key_vault",
        }
    }

    /// Whether it wraps by a symmetric cipher. What RSA wraps does not last against quantum computers.
    /// PKCS#11 is used with AES alone, and the transit engine authenticates associated data, which is
    /// always sent, with symmetric keys alone.
    #[must_use]
    pub const fn is_symmetric(&self) -> bool {
        match self {
            Self::Pkcs11(_) | Self::AwsKms(_) | Self::Transit(_) | Self::GcpKms(_) => true,
            Self::AzureKeyVault(key) => key.algorithm.is_symmetric(),
        }
    }

    /// The rules that concern several fields.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn check(&self) -> Result<(), ProviderError> {
        let provider = self.kind();
        let complete = match self {
            Self::Pkcs11(key) if !key.is_named() => {
                return Err(ProviderError::Unnamed { provider });
            }
            Self::GcpKms(key) if !key.is_resource() => return Err(ProviderError::ResourceName),
            Self::AwsKms(key) => key.has_all_credentials(),
            Self::GcpKms(key) => key.has_one_credential(),
            Self::Pkcs11(_) | Self::Transit(_) | Self::AzureKeyVault(_) => true,
        };
        if complete {
            Ok(())
        } else {
            Err(ProviderError::Credentials { provider })
        }
    }
}

impl ProviderKey {
    /// The description without its credentials: what a caller may be shown.
    #[must_use]
    pub fn view(&self) -> ProviderKey<Hidden> {
        self.map(|_credential| Hidden)
    }

    /// The description with its credentials in the clear: for the one place that seals it.
    #[must_use]
    pub fn expose(&self) -> ProviderKey<Exposed<'_>> {
        self.map(Exposed)
    }

    fn map<'a, D>(&'a self, each: impl Fn(&'a Credential) -> D) -> ProviderKey<D> {
        match self {
            Self::Pkcs11(key) => ProviderKey::Pkcs11(key.map(each)),
            Self::AwsKms(key) => ProviderKey::AwsKms(key.map(each)),
            Self::Transit(key) => ProviderKey::Transit(key.map(each)),
            Self::GcpKms(key) => ProviderKey::GcpKms(key.map(each)),
            Self::AzureKeyVault(key) => ProviderKey::AzureKeyVault(key.map(each)),
        }
    }
}

impl<C: Serialize> Serialize for ProviderKey<C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de, C: Deserialize<'de>> Deserialize<'de> for ProviderKey<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = Self::deserialize(deserializer)?;
        key.check().map_err(de::Error::custom)?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests;
