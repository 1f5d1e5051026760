//! Key pairs whose private keys never leave: what signing keys and hybrid keys have in common.
//!
//! Each has a key context of its own, so that it is suspended, destroyed and put under a tenant's own
//! key by itself, and policies and allowed key contexts that name the tenant's pairs hold for it.

mod find;
mod open;

use core::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::secret::SecretBytes;
use strongroom_types::{Bytes, ContextId, KeyContext, Kind, Operation, Permission};

pub(crate) use find::{Found, Place, read};
pub(crate) use open::Opening;

use crate::denial::{Denial, Thing};
use crate::fips::Algorithm;
use crate::ports::Micros;

/// A kind of key pair, told by its algorithms.
pub(crate) trait PairKind:
    Copy + Debug + Send + Sync + Serialize + DeserializeOwned + 'static
{
    /// What its key contexts are.
    const KIND: Kind;
    /// What there is none of, or one already.
    const THING: Thing;
    /// One of it, as entries and places call it: under another name nothing that is kept opens.
    const NAME: &'static str;
    /// Many of it, as entries call them.
    const NAMES: &'static str;
    /// The name of the pair that tells a key from others of the same tenant. It takes part in the id.
    const PAIR: &'static str;
    const CREATE: Operation;
    const ROTATE: Operation;
    const DESTROY: Operation;
    /// What whoever makes, rotates and destroys must be allowed to do.
    const ADMINISTER: Permission;
    /// What whoever reads public keys must be allowed to do.
    const READ: Permission;
    /// What callers see of a key.
    type Info: Send;

    fn algorithm(self) -> Algorithm;

    /// Draws a key pair.
    fn draw(self, entropy: &dyn Entropy) -> Result<Drawn, Denial>;

    /// The name under which the private key of a version is kept, and the version of that value. Keeping
    /// it erases what was under the same name.
    fn kept_as(version: u64) -> (Vec<u8>, u64);

    fn info(id: ContextId, body: &KeyPairBody<Self>) -> Self::Info;

    fn id(info: &Self::Info) -> ContextId;
}

/// A key pair that is not yet anyone's.
pub(crate) struct Drawn {
    pub(crate) private: SecretBytes,
    pub(crate) public: Bytes,
}

/// What is said of a key pair.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeyPairBody<K> {
    pub(crate) name: String,
    /// Whose key it is, without the pair that names it.
    pub(crate) of: Option<KeyContext>,
    pub(crate) algorithm: K,
    /// Never empty; the first is version 1, and each stands one after the one before.
    pub(crate) versions: Vec<PublicVersion>,
}

/// The public half of a version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PublicVersion {
    pub(crate) public_key: Bytes,
    pub(crate) created: Micros,
}

impl<K> KeyPairBody<K> {
    /// The versions with their numbers, oldest first.
    pub(crate) fn numbered(&self) -> impl DoubleEndedIterator<Item = (u64, &PublicVersion)> {
        let numbers = 1..=self.newest();
        numbers.collect::<Vec<_>>().into_iter().zip(&self.versions)
    }

    /// The number of the version that signs, or is sealed to.
    pub(crate) fn newest(&self) -> u64 {
        u64::try_from(self.versions.len()).unwrap_or(u64::MAX)
    }
}
