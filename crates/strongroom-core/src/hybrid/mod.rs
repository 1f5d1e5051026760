//! Hybrid keys: private keys of an elliptic curve and ML-KEM that never leave.
//!
//! ```text
//! hybrid key       key context of the kind `hybrid-key`: the pairs of whose key it is ∪ {"hybrid_key": name}
//!   ├─ public      algorithm and the public keys of all versions, sealed like every row
//!   └─ private *   of each version, under a fresh data key of that key context
//! ```
//!
//! Unlike that of a signing key, the private key of every version is kept: what was sealed to it opens
//! after a rotation too. Public keys need no door to be used, and are used through it all the same,
//! because what is sealed is sealed for somebody.

mod open;
mod seal;

use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::frame;
use strongroom_crypto::hybrid::{HybridKey, HybridPublicKey};
use strongroom_types::body::{HybridKeyInfo, HybridKeyVersion};
use strongroom_types::{ContextId, HybridAlgorithm, Kind, Operation, Permission};

use crate::denial::{Denial, Thing};
use crate::fips::Algorithm;
use crate::key_pair::{Drawn, KeyPairBody, PairKind, PublicVersion};
use crate::time::format_time;

impl PairKind for HybridAlgorithm {
    const KIND: Kind = Kind::HybridKey;
    const THING: Thing = Thing::HybridKey;
    const NAME: &'static str = "hybrid key";
    const NAMES: &'static str = "hybrid keys";
    const PAIR: &'static str = "hybrid_key";
    const CREATE: Operation = Operation::HybridKeyCreate;
    const ROTATE: Operation = Operation::HybridKeyRotate;
    const DESTROY: Operation = Operation::HybridKeyDestroy;
    const ADMINISTER: Permission = Permission::AdminHybridKeys;
    const READ: Permission = Permission::SealTo;
    type Info = HybridKeyInfo;

    fn algorithm(self) -> Algorithm {
        Algorithm::Hybrid(self)
    }

    fn draw(self, entropy: &dyn Entropy) -> Result<Drawn, Denial> {
        let key = HybridKey::generate(self, entropy).map_err(|_no_entropy| Denial::Unavailable)?;
        Ok(Drawn {
            private: key.to_bytes().expose().to_vec().into(),
            public: key.public_key().as_bytes().into(),
        })
    }

    /// Each under a name of its own, once.
    fn kept_as(version: u64) -> (Vec<u8>, u64) {
        (frame::list(&[b"private key", &version.to_be_bytes()]), 1)
    }

    fn info(id: ContextId, body: &KeyPairBody<Self>) -> HybridKeyInfo {
        let versions = body.numbered().map(|(version, public)| HybridKeyVersion {
            version,
            public_key: public.public_key.clone(),
            created: format_time(public.created),
        });
        HybridKeyInfo {
            id,
            name: body.name.clone(),
            key_context: body.of.clone(),
            algorithm: body.algorithm,
            versions: versions.collect(),
        }
    }

    fn id(info: &HybridKeyInfo) -> ContextId {
        info.id
    }
}

impl KeyPairBody<HybridAlgorithm> {
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
}
