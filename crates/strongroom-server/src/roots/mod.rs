//! Root providers: what wraps the seeds of the deployment, and customers' own keys.
//!
//! | Module | Where the key is |
//! |---|---|
//! | [`mod@file`], [`passphrase`] | in this process: a [`KeyRoot`] |
//! | `pkcs11`, `aws_kms`, `transit`, `gcp_kms`, `azure_key_vault` | in a device or a service |
//!
//! Keys of the second kind are made by [`KeyProviders`]. Each module has the calls of its provider
//! and the meaning of its answers (`remote`); around all of them is one `guard` with time limits,
//! retries and a circuit breaker, and below those that speak HTTP one client (`rest`).

#[cfg(feature = "aws-kms")]
mod aws_kms;
mod azure_key_vault;
mod bearer;
mod binding;
mod breaker;
pub mod file;
mod gcp_kms;
mod guard;
pub mod passphrase;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod providers;
mod remote;
mod rest;
mod transit;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use strongroom_core::ports::{Outage, Root, RootError};
use strongroom_crypto::entropy::{Entropy, EntropyUnavailable};
use strongroom_crypto::keys::{Place, Seed, WrappingKey};
use strongroom_crypto::secret::Secret;
use strongroom_types::KeyContext;

pub use providers::{CustomerKeys, KeyProviders};

/// A root file that cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum RootFileError {
    /// The file cannot be read or written.
    #[error("cannot use root file `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Group or others may use the file.
    #[error(
        "root file `{}` has mode {mode:o}: others than its owner may use it, run `chmod 600` on it",
        path.display()
    )]
    SharedWithOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not of the documented form, or a character of it was lost.
    #[error("root file `{}` is damaged or not a root file", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase is not the one that the file was made with.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// The passphrase is too short to protect anything.
    #[error("passphrase has fewer than {min} characters")]
    WeakPassphrase {
        /// The fewest characters.
        min: usize,
    },
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

/// A root whose wrapping key is in memory. It binds the place alone: a place that is of a key
/// context names it by its id, which is a keyed hash of the context.
#[derive(Debug)]
pub struct KeyRoot {
    kind: &'static str,
    key: WrappingKey,
    entropy: Arc<dyn Entropy>,
}

impl KeyRoot {
    fn new(kind: &'static str, key: &Secret<32>, entropy: Arc<dyn Entropy>) -> Self {
        let key = WrappingKey::new(key);
        Self { kind, key, entropy }
    }
}

#[async_trait]
impl Root for KeyRoot {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn is_symmetric(&self) -> bool {
        true
    }

    async fn wrap(
        &self,
        place: &Place,
        _context: Option<&KeyContext>,
        seed: &Seed,
    ) -> Result<Vec<u8>, RootError> {
        seed.wrap(&self.key, place, &*self.entropy)
            .map_err(|EntropyUnavailable| RootError::Unavailable {
                provider: self.kind,
                outage: Outage::Entropy,
            })
    }

    async fn unwrap(
        &self,
        place: &Place,
        _context: Option<&KeyContext>,
        wrapped: &[u8],
    ) -> Result<Seed, RootError> {
        Seed::unwrap(&self.key, place, wrapped).map_err(|_open_error| RootError::WrongRoot {
            provider: self.kind,
        })
    }

    /// A key in memory answers.
    async fn probe(&self) -> Result<(), RootError> {
        Ok(())
    }
}
