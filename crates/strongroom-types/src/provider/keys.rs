//! One description for each provider.

use serde::{Deserialize, Serialize};

use super::{Credential, Endpoint, HexId, KeyName, PathName, Segment, TokenText};

/// How a key in a token wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Pkcs11Mechanism {
    /// `CKM_AES_GCM`: place and key context are authenticated with the seed.
    #[default]
    AesGcm,
    /// `CKM_AES_KEY_WRAP`, for tokens without GCM: place and key context are wrapped with the seed
    /// as a digest, and compared.
    AesKeyWrap,
}

/// A key in a token, found by its label, its id, or both. Which module reaches the token is the
/// operator's to say, never a tenant's: a module is code.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Pkcs11Key<C = Credential> {
    /// The token's label.
    pub token: TokenText,
    /// The key's label (`CKA_LABEL`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<TokenText>,
    /// The key's id (`CKA_ID`), in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<HexId>,
    /// The PIN of the token's user.
    pub pin: C,
    /// How the key wraps.
    #[serde(default)]
    pub mechanism: Pkcs11Mechanism,
}

/// A symmetric key in AWS KMS.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AwsKmsKey<C = Credential> {
    /// The key's ARN, id or alias.
    pub key: KeyName,
    /// The region.
    pub region: Segment,
    /// Another address than the region's own, for example of a VPC endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// Whose access it is; without it, the credentials are those of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<Segment>,
    /// Its secret.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub secret_access_key: Option<C>,
    /// The token of temporary credentials.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub session_token: Option<C>,
}

/// A symmetric key in the transit engine of Vault or OpenBao.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TransitKey<C = Credential> {
    /// The server's address.
    pub address: Endpoint,
    /// Where the engine is mounted.
    #[serde(default = "transit")]
    pub mount: PathName,
    /// The key's name.
    pub key: Segment,
    /// Whether the key was made with `derived=true`: place and key context then also pick the key.
    #[serde(default)]
    pub derived: bool,
    /// The namespace, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<PathName>,
    /// The token that may encrypt and decrypt with the key. It is not renewed.
    pub token: C,
}

/// A symmetric key in Google Cloud KMS.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GcpKmsKey<C = Credential> {
    /// `projects/*/locations/*/keyRings/*/cryptoKeys/*`.
    pub key: PathName,
    /// Another address than `https://cloudkms.googleapis.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// The text of a service account's key file.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub service_account: Option<C>,
    /// An access token instead; it is not renewed.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub access_token: Option<C>,
}

/// How a key in Azure wraps; to be chosen by name, because the two do not protect alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AzureAlgorithm {
    /// `wrapKey` with an RSA key: place and key context are wrapped with the seed as a digest, and
    /// compared. Whoever has the public key can wrap a seed of their own.
    #[serde(rename = "RSA-OAEP-256")]
    RsaOaep256,
    /// `encrypt` with an AES key of a Managed HSM: place and key context are authenticated with the
    /// seed.
    #[serde(rename = "A256GCM")]
    A256Gcm,
}

impl AzureAlgorithm {
    /// Whether it is a symmetric cipher.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        match self {
            Self::RsaOaep256 => false,
            Self::A256Gcm => true,
        }
    }
}

/// A key in Azure Key Vault or Managed HSM.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AzureKeyVaultKey<C = Credential> {
    /// The vault's address, for example `https://acme.vault.azure.net`.
    pub vault: Endpoint,
    /// The key's name.
    pub key: Segment,
    /// The version that wraps; the newest if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Segment>,
    /// How the key wraps.
    pub algorithm: AzureAlgorithm,
    /// The directory (tenant) of the application.
    pub tenant_id: Segment,
    /// The application (client).
    pub client_id: Segment,
    /// Its secret.
    pub client_secret: C,
    /// Another address than `https://login.microsoftonline.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Endpoint>,
}

/// `#[serde(default)]` would ask for a default of the credential too.
const fn none<C>() -> Option<C> {
    None
}

fn transit() -> PathName {
    PathName::transit()
}

impl<C> Pkcs11Key<C> {
    pub(super) const fn is_named(&self) -> bool {
        self.key.is_some() || self.key_id.is_some()
    }

    pub(super) fn map<'a, D>(&'a self, each: impl Fn(&'a C) -> D) -> Pkcs11Key<D> {
        Pkcs11Key {
            token: self.token.clone(),
            key: self.key.clone(),
            key_id: self.key_id.clone(),
            pin: each(&self.pin),
            mechanism: self.mechanism,
        }
    }
}

impl<C> AwsKmsKey<C> {
    /// A secret with its id or neither; a session token only beside them.
    pub(super) const fn has_all_credentials(&self) -> bool {
        match (&self.access_key_id, &self.secret_access_key) {
            (Some(_), Some(_)) => true,
            (None, None) => self.session_token.is_none(),
            _ => false,
        }
    }

    pub(super) fn map<'a, D>(&'a self, each: impl Fn(&'a C) -> D) -> AwsKmsKey<D> {
        AwsKmsKey {
            key: self.key.clone(),
            region: self.region.clone(),
            endpoint: self.endpoint.clone(),
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.as_ref().map(&each),
            session_token: self.session_token.as_ref().map(&each),
        }
    }
}

impl<C> TransitKey<C> {
    pub(super) fn map<'a, D>(&'a self, each: impl Fn(&'a C) -> D) -> TransitKey<D> {
        TransitKey {
            address: self.address.clone(),
            mount: self.mount.clone(),
            key: self.key.clone(),
            derived: self.derived,
            namespace: self.namespace.clone(),
            token: each(&self.token),
        }
    }
}

impl<C> GcpKmsKey<C> {
    pub(super) const fn has_one_credential(&self) -> bool {
        self.service_account.is_some() != self.access_token.is_some()
    }

    pub(super) fn is_resource(&self) -> bool {
        let parts: Vec<&str> = self.key.as_str().split('/').collect();
        let kinds = ["projects", "locations", "keyRings", "cryptoKeys"];
        parts.len() == 2 * kinds.len() && parts.iter().step_by(2).eq(&kinds)
    }

    pub(super) fn map<'a, D>(&'a self, each: impl Fn(&'a C) -> D) -> GcpKmsKey<D> {
        GcpKmsKey {
            key: self.key.clone(),
            endpoint: self.endpoint.clone(),
            service_account: self.service_account.as_ref().map(&each),
            access_token: self.access_token.as_ref().map(&each),
        }
    }
}

impl<C> AzureKeyVaultKey<C> {
    pub(super) fn map<'a, D>(&'a self, each: impl Fn(&'a C) -> D) -> AzureKeyVaultKey<D> {
        AzureKeyVaultKey {
            vault: self.vault.clone(),
            key: self.key.clone(),
            version: self.version.clone(),
            algorithm: self.algorithm,
            tenant_id: self.tenant_id.clone(),
            client_id: self.client_id.clone(),
            client_secret: each(&self.client_secret),
            authority: self.authority.clone(),
        }
    }
}
