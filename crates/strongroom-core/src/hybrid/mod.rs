//! Hybrid keys: private keys of an elliptic curve and ML-KEM that never leave.
//!
//! ```text
//! hybrid key       key context of the kind `hybrid-key`: the pairs of whose key it is ∪ {"hybrid_key": name}
//!   ├─ public      algorithm and the public keys of all versions, sealed like every row
//!   └─ private *   of each version, under a fresh data key of that key context
//! ```
//!
//! As a signing key, it has a key context of its own. Unlike that of a signing key, the private key of
//! every version is kept: what was sealed to it opens after a rotation too. Public keys need no door to
//! be used, and are used through it all the same, because what is sealed is sealed for somebody.

mod find;
mod open;
mod seal;

use serde::{Deserialize, Serialize};
use strongroom_crypto::hybrid::HybridPublicKey;
use strongroom_types::body::{HybridKeyInfo, HybridKeyVersion};
use strongroom_types::{Bytes, ContextId, HybridAlgorithm, KeyContext};

pub(crate) use find::{Found, HybridPlace, read};

use crate::denial::Denial;
use crate::ports::Micros;
use crate::time::format_time;

/// What is said of a hybrid key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HybridKeyBody {
    pub(crate) name: String,
    /// Whose key it is, without the pair that names it.
    pub(crate) of: Option<KeyContext>,
    pub(crate) algorithm: HybridAlgorithm,
    /// Never empty; the first is version 1, and each stands one after the one before.
    pub(crate) versions: Vec<PublicVersion>,
}

/// The public half of a version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PublicVersion {
    pub(crate) public_key: Bytes,
    pub(crate) created: Micros,
}

impl HybridKeyBody {
    /// The versions with their numbers, oldest first.
    fn numbered(&self) -> impl Iterator<Item = (u64, &PublicVersion)> {
        (1..).zip(&self.versions)
    }

    /// The number of the version that is sealed to.
    pub(crate) fn newest(&self) -> u64 {
        u64::try_from(self.versions.len()).unwrap_or(u64::MAX)
    }

    fn public_key_of(&self, version: &PublicVersion) -> Result<HybridPublicKey, Denial> {
        let key = HybridPublicKey::from_bytes(self.algorithm, version.public_key.0.clone());
        key.map_err(|_of_our_own| Denial::Internal)
    }

    /// The public key that is sealed to.
    fn public_key(&self) -> Result<HybridPublicKey, Denial> {
        let newest = self.versions.last().ok_or(Denial::Internal)?;
        self.public_key_of(newest)
    }

    /// The version whose public key has this digest.
    fn version_of(&self, digest: &[u8; 32]) -> Result<Option<u64>, Denial> {
        for (number, version) in self.numbered() {
            if self.public_key_of(version)?.digest() == *digest {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// What callers see.
    pub(crate) fn info(&self, id: ContextId) -> HybridKeyInfo {
        let versions = self.numbered().map(|(version, public)| HybridKeyVersion {
            version,
            public_key: public.public_key.clone(),
            created: format_time(public.created),
        });
        HybridKeyInfo {
            id,
            name: self.name.clone(),
            key_context: self.of.clone(),
            algorithm: self.algorithm,
            versions: versions.collect(),
        }
    }
}
