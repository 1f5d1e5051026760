//! A key that a device or a service keeps, before timeouts, retries and the circuit breaker are put
//! around it.

use core::fmt::Debug;

use async_trait::async_trait;
use strongroom_core::ports::{Outage, Refusal, RootError};
use strongroom_crypto::kdf;
use strongroom_crypto::keys::Seed;
use strongroom_crypto::secret::Secret;
use zeroize::Zeroizing;

use super::binding::{Binding, DIGEST_BYTES};

/// Bytes of a seed.
const SEED_BYTES: usize = 32;

/// What a provider does wrong: a [`RootError`] that does not know yet whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not answer.
    Outage(Outage),
    /// It says no.
    Refusal(Refusal),
    /// The bytes are not of this key and binding.
    WrongRoot,
}

impl Fault {
    /// The error of this provider.
    pub(super) const fn of(self, provider: &'static str) -> RootError {
        match self {
            Self::Outage(outage) => RootError::Unavailable { provider, outage },
            Self::Refusal(refusal) => RootError::Refused { provider, refusal },
            Self::WrongRoot => RootError::WrongRoot { provider },
        }
    }
}

impl From<Outage> for Fault {
    fn from(outage: Outage) -> Self {
        Self::Outage(outage)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

/// One key at one provider. Both calls may be repeated without harm.
#[async_trait]
pub(super) trait Remote: Send + Sync + Debug {
    /// The provider's kind.
    fn kind(&self) -> &'static str;

    /// Whether it wraps by a symmetric cipher.
    fn is_symmetric(&self) -> bool;

    /// Wraps a seed.
    async fn wrap(&self, binding: Binding<'_>, seed: &Seed) -> Result<Vec<u8>, Fault>;

    /// Unwraps a seed.
    async fn unwrap(&self, binding: Binding<'_>, wrapped: &[u8]) -> Result<Seed, Fault>;
}

/// A seed of the bytes that a provider gave out.
pub(super) fn seed(bytes: &[u8]) -> Result<Seed, Fault> {
    let bytes: [u8; SEED_BYTES] = bytes.try_into().map_err(|_length| Fault::WrongRoot)?;
    Ok(Seed::from_secret(Secret::from_bytes(bytes)))
}

/// `seed ‖ digest of the binding`: what a provider wraps that authenticates nothing beside it.
pub(super) fn seed_with_digest(seed: &Seed, binding: Binding<'_>) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(SEED_BYTES + DIGEST_BYTES));
    bytes.extend_from_slice(seed.as_secret().expose());
    bytes.extend_from_slice(&binding.digest());
    bytes
}

/// The seed of [`seed_with_digest`], if it was wrapped for this binding.
pub(super) fn seed_of_digest(bytes: &[u8], binding: Binding<'_>) -> Result<Seed, Fault> {
    let (bytes, digest) = bytes.split_at_checked(SEED_BYTES).ok_or(Fault::WrongRoot)?;
    if kdf::verify(&binding.digest(), digest) {
        return seed(bytes);
    }
    Err(Fault::WrongRoot)
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::entropy::SystemEntropy;
    use strongroom_crypto::keys::Place;

    use super::*;

    #[test]
    fn a_seed_wrapped_with_its_digest_is_of_its_place_only() {
        let (here, there) = (Place::Deployment("here"), Place::Deployment("there"));
        let binding = |place| Binding {
            place,
            context: None,
        };
        let drawn = Seed::generate(&SystemEntropy).unwrap();
        let bytes = seed_with_digest(&drawn, binding(&here));
        assert_eq!(seed_of_digest(&bytes, binding(&here)).unwrap(), drawn);
        for wrong in [
            seed_of_digest(&bytes, binding(&there)),
            seed_of_digest(&bytes[..63], binding(&here)),
            seed_of_digest(&bytes[..31], binding(&here)),
            seed_of_digest(&[], binding(&here)),
        ] {
            assert_eq!(wrong.unwrap_err(), Fault::WrongRoot);
        }
    }
}
