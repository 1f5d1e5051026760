//! Which root: a key file, a passphrase, or a key that a device or a service keeps.
//!
//! A key that is kept elsewhere is described by the fields that the API takes for a customer's key,
//! except that a credential never stands among them: it comes from the file that `--root-set
//! <field>_file=…` names, else from `STRONGROOM_ROOT_<FIELD>`, else from the file that `<field>_file`
//! of the configuration file names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::{Map, Value};
use strongroom_server::RootSource;
use strongroom_types::ProviderKey;
use zeroize::Zeroizing;

use super::{ConfigError, read_text, secret};

/// Where the root key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RootKind {
    /// A root key file
    File,
    /// A root file and a passphrase
    Passphrase,
    /// A device with a PKCS#11 module
    Pkcs11,
    /// AWS KMS
    #[value(name = "aws_kms")]
    AwsKms,
    /// The transit engine of Vault or OpenBao
    Transit,
    /// Google Cloud KMS
    #[value(name = "gcp_kms")]
    GcpKms,
    /// Azure Key Vault or Managed HSM
    #[value(name = "azure_key_vault")]
    AzureKeyVault,
}

impl RootKind {
    /// Its name in a description.
    const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Passphrase => "passphrase",
            Self::Pkcs11 => "pkcs11",
            Self::AwsKms => "aws_kms",
            Self::Transit => "transit",
            Self::GcpKms => "gcp_kms",
            Self::AzureKeyVault => "azure_key_vault",
        }
    }

    /// The credentials among the fields of its description, with the variables that hold them.
    const fn credentials(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::File | Self::Passphrase => &[],
            Self::Pkcs11 => &[("pin", "STRONGROOM_ROOT_PIN")],
            Self::AwsKms => &[
                ("secret_access_key", "STRONGROOM_ROOT_SECRET_ACCESS_KEY"),
                ("session_token", "STRONGROOM_ROOT_SESSION_TOKEN"),
            ],
            Self::Transit => &[("token", "STRONGROOM_ROOT_TOKEN")],
            Self::GcpKms => &[
                ("service_account", "STRONGROOM_ROOT_SERVICE_ACCOUNT"),
                ("access_token", "STRONGROOM_ROOT_ACCESS_TOKEN"),
            ],
            Self::AzureKeyVault => &[("client_secret", "STRONGROOM_ROOT_CLIENT_SECRET")],
        }
    }
}

/// `field=value` of a description.
#[derive(Clone, Debug)]
struct Setting {
    field: String,
    value: String,
}

fn setting(text: &str) -> Result<Setting, &'static str> {
    let (field, value) = text.split_once('=').ok_or("not FIELD=VALUE")?;
    Ok(Setting {
        field: field.trim().to_owned(),
        value: value.to_owned(),
    })
}

/// The root, where it is not a file.
#[derive(Args, Clone, Debug)]
pub(super) struct RootArgs {
    /// Where the root key is [default: file]
    #[arg(long = "root", env = "STRONGROOM_ROOT", value_name = "KIND")]
    kind: Option<RootKind>,
    /// A field of the root's description, for example `key=alias/strongroom`; several in the
    /// variable are separated by `;`. See docs/roots.md
    #[arg(
        long = "root-set",
        env = "STRONGROOM_ROOT_SET",
        value_name = "FIELD=VALUE",
        value_delimiter = ';',
        value_parser = setting
    )]
    settings: Vec<Setting>,
}

/// `[root]` of the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RootFile {
    pub(super) key_file: Option<PathBuf>,
    pub(super) passphrase_root: Option<PathBuf>,
    pub(super) passphrase_file: Option<PathBuf>,
    pkcs11: Option<Map<String, Value>>,
    aws_kms: Option<Map<String, Value>>,
    transit: Option<Map<String, Value>>,
    gcp_kms: Option<Map<String, Value>>,
    azure_key_vault: Option<Map<String, Value>>,
}

impl RootFile {
    fn fields(&self, kind: RootKind) -> Option<&Map<String, Value>> {
        match kind {
            RootKind::File | RootKind::Passphrase => None,
            RootKind::Pkcs11 => self.pkcs11.as_ref(),
            RootKind::AwsKms => self.aws_kms.as_ref(),
            RootKind::Transit => self.transit.as_ref(),
            RootKind::GcpKms => self.gcp_kms.as_ref(),
            RootKind::AzureKeyVault => self.azure_key_vault.as_ref(),
        }
    }

    fn names(&self, kind: RootKind) -> bool {
        match kind {
            RootKind::File => self.key_file.is_some(),
            RootKind::Passphrase => self.passphrase_root.is_some(),
            other => self.fields(other).is_some(),
        }
    }

    /// The one root that the file names.
    fn kind(&self) -> Result<Option<RootKind>, ConfigError> {
        let kinds = RootKind::value_variants().iter().copied();
        let mut named = kinds.filter(|kind| self.names(*kind));
        match (named.next(), named.next()) {
            (kind, None) => Ok(kind),
            _ => Err(ConfigError::SeveralRoots),
        }
    }
}

impl RootFile {
    /// The root that is described here alone, without flags: one that seeds move away from.
    pub(super) fn source(&self) -> Result<Option<RootSource>, ConfigError> {
        let Some(kind) = self.kind()? else {
            return Ok(None);
        };
        let source = match kind {
            RootKind::File => return Ok(self.key_file.clone().map(RootSource::KeyFile)),
            RootKind::Passphrase => RootSource::Passphrase {
                file: self
                    .passphrase_root
                    .clone()
                    .ok_or(ConfigError::NoPassphraseRoot)?,
                passphrase: only_from_file("", "", self.passphrase_file.as_deref())?
                    .ok_or(ConfigError::NoPassphrase)?,
            },
            provider => {
                let fields = self.fields(provider).cloned().unwrap_or_default();
                describe(provider, fields, only_from_file)?
            }
        };
        Ok(Some(source))
    }
}

impl RootArgs {
    /// Which root, if flags, environment or file say so. `by_path` is the kind whose path a flag or
    /// the environment names: it picks that kind, and does not overrule another that is named, so
    /// that nothing left over makes the root a weaker one.
    pub(super) fn kind(
        &self,
        by_path: Option<RootKind>,
        file: &RootFile,
    ) -> Result<Option<RootKind>, ConfigError> {
        let named = match (self.kind, by_path) {
            (Some(kind), Some(other)) if kind != other => return Err(ConfigError::RootConflict),
            (kind, by_path) => kind.or(by_path),
        };
        let kind = named.map_or_else(|| file.kind(), |kind| Ok(Some(kind)))?;
        let takes_settings = !matches!(kind, None | Some(RootKind::File | RootKind::Passphrase));
        if !self.settings.is_empty() && !takes_settings {
            return Err(ConfigError::RootConflict);
        }
        Ok(kind)
    }

    /// Puts a description together: the file's fields, those that were set, and the credentials.
    pub(super) fn provider(
        &self,
        kind: RootKind,
        file: &RootFile,
    ) -> Result<RootSource, ConfigError> {
        let mut fields = file.fields(kind).cloned().unwrap_or_default();
        let mut said = BTreeSet::new();
        for Setting { field, value } in &self.settings {
            said.insert(field.as_str());
            let value = value
                .parse()
                .map_or_else(|_text| Value::String(value.clone()), Value::Bool);
            fields.insert(field.clone(), value);
        }
        describe(kind, fields, |field, variable, path| {
            if said.contains(format!("{field}_file").as_str()) {
                secret(variable, path, None)
            } else {
                secret(variable, None, path)
            }
        })
    }
}

/// The environment's credentials are those of the present root.
fn only_from_file(
    _field: &str,
    _variable: &str,
    path: Option<&Path>,
) -> Result<Option<Zeroizing<String>>, ConfigError> {
    path.map(read_text).transpose()
}

/// A description with its credentials.
fn describe(
    kind: RootKind,
    mut fields: Map<String, Value>,
    secret: impl Fn(&str, &str, Option<&Path>) -> Result<Option<Zeroizing<String>>, ConfigError>,
) -> Result<RootSource, ConfigError> {
    for &(field, variable) in kind.credentials() {
        if fields.contains_key(field) {
            return Err(ConfigError::OpenCredential { field, variable });
        }
        let path = path(&mut fields, &format!("{field}_file"))?;
        if let Some(text) = secret(field, variable, path.as_deref())? {
            fields.insert(field.to_owned(), Value::String(text.as_str().to_owned()));
        }
    }
    fields.insert("provider".to_owned(), kind.name().into());
    let described: ProviderKey =
        serde_json::from_value(Value::Object(fields)).map_err(ConfigError::Root)?;
    Ok(RootSource::Provider(Arc::new(described)))
}

fn path(fields: &mut Map<String, Value>, name: &str) -> Result<Option<PathBuf>, ConfigError> {
    let value = fields.remove(name).map(serde_json::from_value);
    value.transpose().map_err(ConfigError::Root)
}
