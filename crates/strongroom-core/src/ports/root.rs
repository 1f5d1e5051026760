//! What wraps seeds, as a port: the deployment's root, and customers' own keys.

use core::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use strongroom_crypto::keys::{Place, Seed};
use strongroom_types::{KeyContext, ProviderKey};

/// Why a provider does not answer for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Outage {
    /// No connection, or it broke off.
    #[error("cannot be reached")]
    Unreachable,
    /// No answer in time.
    #[error("does not answer in time")]
    Timeout,
    /// It asks to be called less often.
    #[error("is throttling")]
    Throttled,
    /// It says that it is out of order, or its answer is not as documented.
    #[error("is out of order")]
    Fault,
    /// It failed often and is not asked again before a while has passed.
    #[error("failed too often and is not asked for a while")]
    CircuitOpen,
    /// There is no randomness to wrap or to wait with.
    #[error("has no randomness")]
    Entropy,
}

/// Why a provider says no. Asking again does not help before somebody has acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The key is disabled, or waits to be destroyed.
    #[error("key is disabled")]
    KeyDisabled,
    /// There is no such key.
    #[error("there is no such key")]
    KeyMissing,
    /// The credentials may not use the key, or are not accepted.
    #[error("access is denied")]
    AccessDenied,
    /// The PIN is wrong, or locked.
    #[error("pin is wrong or locked")]
    WrongPin,
    /// The key cannot do what is asked of it, for example an RSA key that should be AES.
    #[error("key is not of the kind that is needed")]
    KeyKind,
}

/// A key that did not do its one duty. It names the provider, and nothing of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// The provider does not answer: a repetition may help.
    #[error("provider {provider} {outage}")]
    Unavailable {
        /// The provider's kind.
        provider: &'static str,
        /// Why.
        outage: Outage,
    },
    /// The provider answers, and says no.
    #[error("provider {provider} refuses: {refusal}")]
    Refused {
        /// The provider's kind.
        provider: &'static str,
        /// Why.
        refusal: Refusal,
    },
    /// What was to be unwrapped was not wrapped by this key, for this place and key context.
    #[error("wrapped seed does not open under this {provider} key")]
    WrongRoot {
        /// The provider's kind.
        provider: &'static str,
    },
}

impl RootError {
    /// The kind of the provider.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        match self {
            Self::Unavailable { provider, .. }
            | Self::Refused { provider, .. }
            | Self::WrongRoot { provider } => provider,
        }
    }
}

/// Wraps 32-byte seeds, nothing else.
///
/// `place` says where the wrapped seed stands (what it is for, which workspace, which version), and
/// `context` whose data its key is for, where it is for one key context. A provider binds both if it
/// can. One that cannot is still safe: the key is derived from the seed and its place, so that a
/// seed moved elsewhere yields a useless key.
#[async_trait]
pub trait Root: Send + Sync + Debug {
    /// The provider's kind, for health and errors: `file`, `passphrase`, or
    /// [`ProviderKey::kind`].
    fn kind(&self) -> &'static str;

    /// Whether it wraps by a symmetric cipher, so that nothing above a key is one that quantum computers
    /// break. `false` where it is not known.
    fn is_symmetric(&self) -> bool {
        false
    }

    /// Wraps a seed.
    ///
    /// # Errors
    /// The provider does not answer, or refuses.
    async fn wrap(
        &self,
        place: &Place,
        context: Option<&KeyContext>,
        seed: &Seed,
    ) -> Result<Vec<u8>, RootError>;

    /// Unwraps a seed.
    ///
    /// # Errors
    /// The provider does not answer, refuses, or the bytes are not of this key, place and context.
    async fn unwrap(
        &self,
        place: &Place,
        context: Option<&KeyContext>,
        wrapped: &[u8],
    ) -> Result<Seed, RootError>;

    /// Whether the key would wrap and unwrap now. Cheap enough for every health check: a provider
    /// that did so a moment ago is not asked again.
    ///
    /// # Errors
    /// What a wrap or an unwrap would answer.
    async fn probe(&self) -> Result<(), RootError>;
}

/// A description that does not become a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// This build leaves the provider out.
    #[error("provider {provider} is not part of this build")]
    NotBuilt {
        /// The provider's kind.
        provider: &'static str,
    },
    /// The operator does not permit this provider, token or use of the machine's credentials.
    #[error("provider {provider} is not permitted by the operator in this way")]
    NotPermitted {
        /// The provider's kind.
        provider: &'static str,
    },
    /// An address that Strongroom may not connect to.
    #[error("address of provider {provider} is not acceptable")]
    Address {
        /// The provider's kind.
        provider: &'static str,
    },
    /// A credential that is not what the provider takes, for example a service account that is no
    /// key file.
    #[error("credential of provider {provider} is not of the documented form")]
    Credential {
        /// The provider's kind.
        provider: &'static str,
    },
    /// The system's certificates cannot be read, or the device's module not be loaded.
    #[error("provider {provider} cannot be prepared")]
    Unprepared {
        /// The provider's kind.
        provider: &'static str,
    },
}

/// Turns the description of a customer's key into a live key.
pub trait Providers: Send + Sync + Debug {
    /// Makes the key. Nothing is called yet: whether the key answers shows its
    /// [`probe`](Root::probe). Keep what is made: retries, the circuit breaker and connections
    /// are the key's own.
    ///
    /// # Errors
    /// The rule that the description breaks.
    fn connect(&self, description: &ProviderKey) -> Result<Arc<dyn Root>, ConnectError>;
}
