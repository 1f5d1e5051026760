//! Signing keys: private keys that never leave.
//!
//! ```text
//! signing key      key context of the kind `signing-key`: the pairs of whose key it is ∪ {"signing_key": name}
//!   ├─ public      algorithm and the public keys of all versions, sealed like every row
//!   └─ private     PKCS #8 of the newest version, under a fresh data key of that key context
//! ```
//!
//! Rotating it erases the private key of the version before; its public keys, `SubjectPublicKeyInfo` in
//! DER, stay.

mod sign;
mod verify;

use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::signing::SigningKey;
use strongroom_types::body::{SigningKeyInfo, SigningKeyVersion};
use strongroom_types::{ContextId, Kind, Operation, Permission, SigningAlgorithm};

use crate::denial::{Denial, Thing};
use crate::fips::Algorithm;
use crate::key_pair::{Drawn, KeyPairBody, PairKind};
use crate::time::format_time;

impl PairKind for SigningAlgorithm {
    const KIND: Kind = Kind::SigningKey;
    const THING: Thing = Thing::SigningKey;
    const NAME: &'static str = "signing key";
    const NAMES: &'static str = "signing keys";
    const PAIR: &'static str = "signing_key";
    const CREATE: Operation = Operation::SigningKeyCreate;
    const ROTATE: Operation = Operation::SigningKeyRotate;
    const DESTROY: Operation = Operation::SigningKeyDestroy;
    const ADMINISTER: Permission = Permission::AdminSigningKeys;
    const READ: Permission = Permission::Verify;
    type Info = SigningKeyInfo;

    fn algorithm(self) -> Algorithm {
        Algorithm::Signing(self)
    }

    fn draw(self, entropy: &dyn Entropy) -> Result<Drawn, Denial> {
        let key = SigningKey::generate(self, entropy).map_err(|_no_entropy| Denial::Unavailable)?;
        let (private, public) = (key.to_pkcs8(), key.public_key());
        Ok(Drawn {
            private: private.map_err(|_of_aws_lc| Denial::Internal)?,
            public: public.map_err(|_of_aws_lc| Denial::Internal)?.into(),
        })
    }

    /// Under one name: only the newest is kept.
    fn kept_as(version: u64) -> (Vec<u8>, u64) {
        (b"private key".to_vec(), version)
    }

    fn info(id: ContextId, body: &KeyPairBody<Self>) -> SigningKeyInfo {
        let versions = body.numbered().map(|(version, public)| SigningKeyVersion {
            version,
            public_key: public.public_key.clone(),
            created: format_time(public.created),
        });
        SigningKeyInfo {
            id,
            name: body.name.clone(),
            key_context: body.of.clone(),
            algorithm: body.algorithm,
            versions: versions.collect(),
        }
    }

    fn id(info: &SigningKeyInfo) -> ContextId {
        info.id
    }
}
