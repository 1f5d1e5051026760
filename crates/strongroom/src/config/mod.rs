//! Configuration, and the only reader of the environment.
//!
//! **Precedence:** a flag, else the environment (`STRONGROOM_…`), else the file given with
//! `--config`, else the default. Each setting stands alone: a flag for one does not switch off the
//! file for another. A list replaces a list; a switch can be said with `=false`. A secret is no flag
//! but a file that a flag (or `…_FILE` of the environment) names, else a variable, else a file that
//! the configuration file names.

mod connection;
mod file;
mod key_providers;
#[cfg(test)]
mod precedence;
mod root;
mod server;

pub(crate) use connection::{ConnectionArgs, IdentityArgs};
pub(crate) use key_providers::KeyProviderArgs;
pub(crate) use server::{ApplicationArgs, FipsArgs, LogArgs, ServerArgs};

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args;
use zeroize::Zeroizing;

use file::File;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The configuration file is not as documented.
    #[error("configuration file `{}`", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: Box<toml::de::Error>,
    },
    /// There is no API key.
    #[error(
        "no API key: set STRONGROOM_API_KEY, or name a file with --api-key-file or in the \
         configuration"
    )]
    NoApiKey,
    /// There is no passphrase and nobody to ask.
    #[error(
        "no passphrase: set STRONGROOM_PASSPHRASE, name a file with --passphrase-file, or run this \
         in a terminal"
    )]
    NoPassphrase,
    /// More than one root in the configuration file, and no flag that picks one.
    #[error("configuration file names several roots: leave one, or pick one with --root")]
    SeveralRoots,
    /// Flags or the environment that name different roots, or settings of a root that is not named.
    #[error(
        "flags or environment name different roots: --root, --root-set, --key-file and \
         --passphrase-root must be of one"
    )]
    RootConflict,
    /// The description of the root breaks a rule.
    #[error("root is not described as docs/roots.md says")]
    Root(#[source] serde_json::Error),
    /// A credential where others can read it.
    #[error("`{field}` does not belong here: set {variable}, or name a file as `{field}_file`")]
    OpenCredential {
        field: &'static str,
        variable: &'static str,
    },
    /// A passphrase root without its file.
    #[error("passphrase root needs its file: --passphrase-root")]
    NoPassphraseRoot,
    /// A certificate without its key, or the reverse.
    #[error("TLS needs both a certificate and a key")]
    HalfTls,
    /// A lifetime of access tokens that is none.
    #[error("access tokens live for 1 to 3600 seconds")]
    AccessToken,
    /// A surface that there is not.
    #[error("no surface is called `{name}`")]
    Surface { name: String },
}

/// Where the configuration file is.
#[derive(Args, Clone, Debug)]
pub(crate) struct FileArgs {
    /// Configuration file (TOML); unknown settings in it are refused
    #[arg(
        long = "config",
        env = "STRONGROOM_CONFIG",
        value_name = "FILE",
        global = true
    )]
    path: Option<PathBuf>,
}

impl FileArgs {
    fn read(&self) -> Result<File, ConfigError> {
        let Some(path) = &self.path else {
            return Ok(File::default());
        };
        let text = read_text(path)?;
        toml::from_str(&text).map_err(|error| ConfigError::File {
            path: path.clone(),
            source: Box::new(error),
        })
    }
}

/// A secret that must not be a flag, where every user of the machine could read it: from the file
/// that a flag names, else from the environment, else from the file that the configuration names.
pub(crate) fn secret(
    name: &str,
    flag: Option<&Path>,
    from_file: Option<&Path>,
) -> Result<Option<Zeroizing<String>>, ConfigError> {
    if let Some(path) = flag {
        return read_text(path).map(Some);
    }
    match (variable(name), from_file) {
        (Some(text), _) => Ok(Some(text)),
        (None, path) => path.map(read_text).transpose(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this module is the one reader of the environment"
)]
fn variable(name: &str) -> Option<Zeroizing<String>> {
    let text = std::env::var(name).ok().map(Zeroizing::new);
    text.filter(|text| !text.is_empty())
}

/// Reads a file of text without the line end that editors put there.
pub(crate) fn read_text(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    let text = Zeroizing::new(text);
    Ok(Zeroizing::new(
        text.trim_end_matches(['\n', '\r']).to_owned(),
    ))
}
