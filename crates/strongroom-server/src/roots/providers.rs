//! From the description of a key to the key.

use std::path::PathBuf;
use std::sync::Arc;

use strongroom_core::ports::{Clock, ConnectError, Providers, Root};
use strongroom_crypto::entropy::Entropy;
use strongroom_types::{FipsMode, ProviderKey};

#[cfg(feature = "aws-kms")]
use super::aws_kms::AwsKms;
use super::azure_key_vault::AzureKeyVault;
use super::gcp_kms::GcpKms;
use super::guard::Guarded;
#[cfg(feature = "pkcs11")]
use super::pkcs11::{self, Pkcs11};
use super::remote::Remote;
use super::rest::Rest;
use super::transit::Transit;
use crate::fetch::ClientError;
use crate::reach::Reach;

/// What the operator permits customers' keys. By default: services on public addresses, with
/// credentials of the customer's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerKeys {
    /// Where their services may be.
    pub reach: Reach,
    /// Whether a key in AWS KMS may be used with this machine's own credentials, which the customer
    /// has granted access.
    pub machine_credentials: bool,
    /// The labels of the tokens that may be theirs. A wrong PIN can lock a token, so no tenant may
    /// name the deployment's own.
    pub tokens: Vec<String>,
}

/// Whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Deployment,
    Customer,
}

/// Makes keys of descriptions.
#[derive(Debug)]
pub struct KeyProviders {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    #[cfg_attr(
        not(feature = "pkcs11"),
        expect(dead_code, reason = "only PKCS#11 loads a module")
    )]
    module: Option<PathBuf>,
    permitted: CustomerKeys,
    deployment: Rest,
    customers: Rest,
    #[cfg(feature = "aws-kms")]
    machine: Rest,
}

impl KeyProviders {
    /// `module` is the PKCS#11 module of this process; connections negotiate what FIPS mode permits.
    ///
    /// # Errors
    /// The system's certificate store cannot be read.
    pub fn new(
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        module: Option<PathBuf>,
        permitted: CustomerKeys,
        fips: FipsMode,
    ) -> Result<Self, ClientError> {
        // The operator knows what is on the operator's network.
        let everywhere = Reach {
            loopback: true,
            private: true,
        };
        Ok(Self {
            clock,
            entropy,
            module,
            deployment: Rest::new(everywhere, fips)?,
            customers: Rest::new(permitted.reach, fips)?,
            #[cfg(feature = "aws-kms")]
            machine: Rest::of_machine(fips)?,
            permitted,
        })
    }

    /// The deployment's root.
    ///
    /// # Errors
    /// The rule that the description breaks.
    pub fn root(&self, description: &ProviderKey) -> Result<Arc<dyn Root>, ConnectError> {
        self.make(description, Owner::Deployment)
    }

    fn make(&self, key: &ProviderKey, owner: Owner) -> Result<Arc<dyn Root>, ConnectError> {
        if owner == Owner::Customer && !self.permits(key) {
            return Err(ConnectError::NotPermitted {
                provider: key.kind(),
            });
        }
        let rest = match owner {
            Owner::Deployment => &self.deployment,
            Owner::Customer => &self.customers,
        };
        match key {
            #[cfg(feature = "pkcs11")]
            ProviderKey::Pkcs11(key) => {
                let provider = pkcs11::KIND;
                let module = self.module.as_ref();
                let module = module.ok_or(ConnectError::NotPermitted { provider })?;
                let key = Pkcs11::new(key, module, &self.clock, &self.entropy)?;
                Ok(self.guard(key))
            }
            #[cfg(feature = "aws-kms")]
            ProviderKey::AwsKms(key) => {
                Ok(self.guard(AwsKms::new(key, rest, &self.machine, &self.clock)?))
            }
            ProviderKey::Transit(key) => Ok(self.guard(Transit::new(key, rest)?)),
            ProviderKey::GcpKms(key) => Ok(self.guard(GcpKms::new(key, rest, &self.clock)?)),
            ProviderKey::AzureKeyVault(key) => {
                Ok(self.guard(AzureKeyVault::new(key, rest, &self.clock)?))
            }
            #[cfg(not(all(feature = "pkcs11", feature = "aws-kms")))]
            left_out => Err(ConnectError::NotBuilt {
                provider: left_out.kind(),
            }),
        }
    }

    fn permits(&self, key: &ProviderKey) -> bool {
        match key {
            ProviderKey::Pkcs11(key) => {
                let token = key.token.as_str();
                self.permitted.tokens.iter().any(|it| it == token)
            }
            ProviderKey::AwsKms(key) => {
                // The machine's credentials go to AWS, not to where a tenant says.
                key.access_key_id.is_some()
                    || (self.permitted.machine_credentials && key.endpoint.is_none())
            }
            ProviderKey::Transit(_) | ProviderKey::GcpKms(_) | ProviderKey::AzureKeyVault(_) => {
                true
            }
        }
    }

    fn guard(&self, remote: impl Remote + 'static) -> Arc<dyn Root> {
        let clock = Arc::clone(&self.clock);
        Arc::new(Guarded::new(remote, clock, Arc::clone(&self.entropy)))
    }
}

impl Providers for KeyProviders {
    fn connect(&self, description: &ProviderKey) -> Result<Arc<dyn Root>, ConnectError> {
        self.make(description, Owner::Customer)
    }
}
