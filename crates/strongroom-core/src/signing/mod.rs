//! Signing keys: private keys that never leave.
//!
//! ```text
//! signing key      key context of the kind `signing-key`: the pairs of whose key it is ∪ {"signing_key": name}
//!   ├─ public      algorithm and the public keys of all versions, sealed like every row
//!   └─ private     PKCS #8 of the newest version, under a fresh data key of that key context
//! ```
//!
//! A signing key has a key context of its own, so that it is suspended, destroyed and put under a
//! tenant's own key by itself, and policies and allowed key contexts that name the tenant's pairs hold
//! for it. Rotating it erases the private key of the version before; its public keys stay.

mod find;
mod sign;
mod verify;

use serde::{Deserialize, Serialize};
use strongroom_types::body::{SigningKeyInfo, SigningKeyVersion};
use strongroom_types::{Bytes, ContextId, KeyContext, SigningAlgorithm};

pub(crate) use find::{Found, SigningPlace, read};

use crate::ports::Micros;
use crate::time::format_time;

/// What is said of a signing key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SigningKeyBody {
    pub(crate) name: String,
    /// Whose key it is, without the pair that names it.
    pub(crate) of: Option<KeyContext>,
    pub(crate) algorithm: SigningAlgorithm,
    /// Never empty; the first is version 1, and each stands one after the one before.
    pub(crate) versions: Vec<PublicVersion>,
}

/// The public half of a version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PublicVersion {
    /// `SubjectPublicKeyInfo` in DER.
    pub(crate) public_key: Bytes,
    pub(crate) created: Micros,
}

impl SigningKeyBody {
    /// The versions with their numbers, oldest first.
    pub(crate) fn numbered(&self) -> impl DoubleEndedIterator<Item = (u64, &PublicVersion)> {
        let numbers = 1..=u64::try_from(self.versions.len()).unwrap_or(u64::MAX);
        numbers.collect::<Vec<_>>().into_iter().zip(&self.versions)
    }

    /// The number of the version that signs.
    pub(crate) fn newest(&self) -> u64 {
        u64::try_from(self.versions.len()).unwrap_or(u64::MAX)
    }

    /// What callers see.
    pub(crate) fn info(&self, id: ContextId) -> SigningKeyInfo {
        let versions = self.numbered().map(|(version, public)| SigningKeyVersion {
            version,
            public_key: public.public_key.clone(),
            created: format_time(public.created),
        });
        SigningKeyInfo {
            id,
            name: self.name.clone(),
            key_context: self.of.clone(),
            algorithm: self.algorithm,
            versions: versions.collect(),
        }
    }
}
