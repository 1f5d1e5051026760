//! The root provider, as a port: a key file, a passphrase, later an HSM or a key service.

use core::fmt::Debug;

use async_trait::async_trait;
use strongroom_crypto::keys::{Place, Seed};

/// A root that did not do its one duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// The provider cannot be reached, or refuses.
    #[error("root provider is unavailable")]
    Unavailable,
    /// What was to be unwrapped was not wrapped by this root, at this place.
    #[error("wrapped seed does not open under this root")]
    WrongRoot,
}

/// Wraps 32-byte seeds, nothing else.
///
/// `place` says where the wrapped seed stands (what it is for, which workspace, which version); a
/// provider that can bind a context must bind it. One that cannot is still safe: the key is derived
/// from the seed and its place, so that a seed moved elsewhere yields a useless key.
#[async_trait]
pub trait Root: Send + Sync + Debug {
    /// The provider's kind, for health and errors: `file`, `passphrase`.
    fn kind(&self) -> &'static str;

    /// Wraps a seed.
    ///
    /// # Errors
    /// The provider is unavailable.
    async fn wrap(&self, place: &Place, seed: &Seed) -> Result<Vec<u8>, RootError>;

    /// Unwraps a seed.
    ///
    /// # Errors
    /// The provider is unavailable, or the bytes are not of this root and place.
    async fn unwrap(&self, place: &Place, wrapped: &[u8]) -> Result<Seed, RootError>;
}
