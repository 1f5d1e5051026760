//! The key that signs the access tokens of one application.
//!
//! ```text
//! seed 32      drawn with the application, and again when its tokens are ended
//!   ├─ wrapped   by the workspace's root, for this application and version: all that is kept of it
//!   └─ Ed25519   HKDF-Expand(seed, "key-of-application" ‖ workspace ‖ client ‖ version)
//! public 32    in the application's row, which is in memory: verifying reads nothing
//! kid          client id ‖ "." ‖ version
//! ```
//!
//! The private key is there only while one token is signed, for which the permit of its entry is used up.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::keys::{Place, Seed};
use strongroom_types::{Bytes, ClientId, KeyVersion, Operation};

use crate::access_token::AccessToken;
use crate::denial::Denial;
use crate::door::Permit;
use crate::identity::{ApplicationPlace, RowKey, TokenSigner};
use crate::ports::{Micros, StoreError};
use crate::strongroom::Strongroom;
use crate::time::seconds;
use crate::workspace::Roots;

/// A key as its application's row keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ApplicationKey {
    version: KeyVersion,
    public: Bytes,
    /// The seed, wrapped by this version of the workspace's root.
    wrapped: Bytes,
    root: KeyVersion,
}

impl ApplicationKey {
    /// Draws the key of an application.
    ///
    /// # Errors
    /// There is no randomness.
    pub(super) fn generate(
        roots: &Roots,
        (workspace, client): ApplicationPlace,
        version: KeyVersion,
        entropy: &dyn Entropy,
    ) -> Result<Self, Denial> {
        let place = Place::ApplicationKey(workspace, client, version);
        let seed = Seed::generate(entropy).map_err(|_no_entropy| Denial::Unavailable)?;
        let signer = TokenSigner::of_application(&seed.derive_key(&place), kid(client, version))?;
        let parent = roots.active().wrapping_key();
        let wrapped = seed.wrap(parent, &place, entropy);
        Ok(Self {
            version,
            public: Bytes(signer.public_bytes().to_vec()),
            wrapped: Bytes(wrapped.map_err(|_no_entropy| Denial::Unavailable)?),
            root: roots.active_version(),
        })
    }

    /// The name that tokens carry of it.
    pub(crate) fn kid(&self, client: ClientId) -> String {
        kid(client, self.version)
    }

    /// What verifies its tokens, under the name that [`ApplicationKey::kid`] gives.
    pub(crate) fn verifying<'a>(&'a self, kid: &'a str) -> RowKey<'a> {
        let public = &self.public.0;
        RowKey { kid, public }
    }

    /// Unwraps the private half.
    ///
    /// # Errors
    /// The row was altered, or what is wrapped in it belongs to another row.
    fn unwrap(
        &self,
        roots: &Roots,
        (workspace, client): ApplicationPlace,
    ) -> Result<TokenSigner, Denial> {
        let damaged = || Denial::from(StoreError::Damaged { table: "record" });
        let place = Place::ApplicationKey(workspace, client, self.version);
        let root = roots.version(self.root).ok_or_else(damaged)?;
        let seed = Seed::unwrap(root.wrapping_key(), &place, &self.wrapped.0);
        let key = seed.map_err(|_altered| damaged())?.derive_key(&place);
        let signer = TokenSigner::of_application(&key, self.kid(client))?;
        if signer.public_bytes() != self.public.0 {
            return Err(damaged());
        }
        Ok(signer)
    }
}

fn kid(client: ClientId, version: KeyVersion) -> String {
    format!("{client}.{version}")
}

/// An access token that is signed once its entry is durable.
#[derive(Debug)]
pub(crate) struct AccessDue {
    pub(super) place: ApplicationPlace,
    pub(super) key: ApplicationKey,
    pub(super) claims: Map<String, Value>,
    pub(super) now: Micros,
}

impl AccessDue {
    /// Signs it, which uses up the permit of the entry.
    ///
    /// # Errors
    /// The permit is for another operation; or the key is not the application's.
    pub(crate) fn sign(
        self,
        room: &Strongroom,
        roots: &Roots,
        (permit, operation): (Permit, Operation),
    ) -> Result<AccessToken, Denial> {
        permit.consume(operation)?;
        let signer = self.key.unwrap(roots, self.place)?;
        let issued = self.now.div_euclid(seconds(1)).saturating_mul(seconds(1));
        let lifetime = seconds(room.settings.access_token.get().into());
        let times = (issued, issued.saturating_add(lifetime));
        let issuer = &room.settings.token_issuer;
        let token = signer.issue_to_application(issuer, self.place, times, self.claims)?;
        Ok(AccessToken {
            token: token.into(),
            expires: times.1.div_euclid(seconds(1)),
        })
    }
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::entropy::{EntropyUnavailable, SystemEntropy};
    use strongroom_crypto::keys::WorkspaceRoot;
    use strongroom_crypto::secret::Secret;
    use strongroom_types::WorkspaceId;

    use super::*;

    const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([2; 16]);
    const ONE: ApplicationPlace = (WORKSPACE, ClientId::from_bytes([3; 16]));
    const OTHER: ApplicationPlace = (WORKSPACE, ClientId::from_bytes([4; 16]));

    fn roots() -> Roots {
        let seed = Seed::from_secret(Secret::from_bytes([7; 32]));
        Roots::of(WorkspaceRoot::derive(&seed, WORKSPACE, KeyVersion::FIRST))
    }

    fn key(place: ApplicationPlace, version: u32) -> ApplicationKey {
        ApplicationKey::generate(&roots(), place, KeyVersion(version), &SystemEntropy).unwrap()
    }

    #[test]
    fn a_key_is_unwrapped_in_its_own_row_only() {
        let made = key(ONE, 1);
        let signer = made.unwrap(&roots(), ONE).unwrap();
        assert_eq!(signer.public_bytes(), made.public.0);
        let elsewhere = (WorkspaceId::from_bytes([9; 16]), ONE.1);
        assert!(made.unwrap(&roots(), OTHER).is_err());
        assert!(made.unwrap(&roots(), elsewhere).is_err());
    }

    #[test]
    fn what_is_wrapped_in_another_row_signs_nothing() {
        let (one, other, next) = (key(ONE, 1), key(OTHER, 1), key(ONE, 2));
        for stolen in [&other, &next] {
            let wrapped = stolen.wrapped.clone();
            let swapped = ApplicationKey {
                wrapped,
                ..one.clone()
            };
            assert!(swapped.unwrap(&roots(), ONE).is_err());
        }
        // With another public key in the row its tokens would be verified by somebody else's.
        let public = other.public;
        let swapped = ApplicationKey { public, ..one };
        assert!(swapped.unwrap(&roots(), ONE).is_err());
    }

    #[test]
    fn without_randomness_there_is_no_key() {
        #[derive(Debug)]
        struct Dry;
        impl Entropy for Dry {
            fn fill(&self, _: &mut [u8]) -> Result<(), EntropyUnavailable> {
                Err(EntropyUnavailable)
            }
        }
        let made = ApplicationKey::generate(&roots(), ONE, KeyVersion::FIRST, &Dry);
        assert_eq!(made.err(), Some(Denial::Unavailable));
    }

    #[test]
    fn a_kid_names_application_and_version() {
        let made = key(ONE, 3);
        assert_eq!(made.kid(ONE.1), format!("{}.3", ONE.1));
    }
}
