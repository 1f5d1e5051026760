//! Devices and services that keep keys: which module, and what customers' keys may be.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use strongroom_server::Config;

use super::file::File;

/// What `serve` and `dev` need to know about keys that others keep.
#[derive(Args, Clone, Debug)]
pub(crate) struct KeyProviderArgs {
    /// The library of a device's maker, for keys in devices (PKCS#11)
    #[arg(long, env = "STRONGROOM_PKCS11_MODULE", value_name = "FILE")]
    pkcs11_module: Option<PathBuf>,
    /// Use customers' keys at services on this machine, over plain HTTP too
    #[arg(
        long,
        env = "STRONGROOM_ALLOW_LOOPBACK_KEYS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    allow_loopback_keys: Option<bool>,
    /// Use customers' keys at services on private and link-local addresses
    #[arg(
        long,
        env = "STRONGROOM_ALLOW_PRIVATE_KEYS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    allow_private_keys: Option<bool>,
    /// Use customers' keys in AWS KMS with this machine's own credentials
    #[arg(
        long,
        env = "STRONGROOM_ALLOW_MACHINE_CREDENTIALS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    allow_machine_credentials: Option<bool>,
    /// Label of a token that customers may have keys in
    #[arg(
        long = "customer-token",
        env = "STRONGROOM_CUSTOMER_TOKENS",
        value_name = "LABEL",
        value_delimiter = ','
    )]
    customer_tokens: Vec<String>,
}

/// `[customer_keys]` of the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CustomerKeysFile {
    allow_loopback: bool,
    allow_private: bool,
    machine_credentials: bool,
    tokens: Vec<String>,
}

impl KeyProviderArgs {
    /// Puts what flags or environment say in the place of what the file says.
    pub(crate) fn apply(&self, config: &mut Config) {
        let keys = &mut config.customer_keys;
        for (target, said) in [
            (&mut keys.reach.loopback, self.allow_loopback_keys),
            (&mut keys.reach.private, self.allow_private_keys),
            (
                &mut keys.machine_credentials,
                self.allow_machine_credentials,
            ),
        ] {
            *target = said.unwrap_or(*target);
        }
        if !self.customer_tokens.is_empty() {
            keys.tokens.clone_from(&self.customer_tokens);
        }
        if let Some(module) = &self.pkcs11_module {
            config.pkcs11_module = Some(module.clone());
        }
    }
}

impl CustomerKeysFile {
    /// Permits what the file names.
    pub(super) fn apply(file: &File, config: &mut Config) {
        let keys = &mut config.customer_keys;
        let named = &file.customer_keys;
        keys.reach.loopback |= named.allow_loopback;
        keys.reach.private |= named.allow_private;
        keys.machine_credentials |= named.machine_credentials;
        keys.tokens.extend(named.tokens.iter().cloned());
        config.pkcs11_module.clone_from(&file.pkcs11_module);
    }
}
