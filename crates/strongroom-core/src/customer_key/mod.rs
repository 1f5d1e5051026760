//! Customers' own keys: what a workspace knows of them, and how they are reached.

mod connect;
mod fault;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strongroom_crypto::keys::{Place, Seed};
use strongroom_types::body::CustomerKeyState;
use strongroom_types::provider::Exposed;
use strongroom_types::{Bytes, CustomerKeyId, ProviderKey, WorkspaceId};

pub(crate) use connect::Connections;
pub use fault::CustomerKeyFault;

use crate::ports::Micros;
use crate::time::micros;

/// How long unwrapped keys are kept when nobody says otherwise.
pub(crate) const CACHE_S_DEFAULT: u32 = 60;
/// The longest that unwrapped keys may be kept.
pub(crate) const CACHE_S_MAX: u32 = 86_400;

/// A customer's key as it stands at one state epoch.
#[derive(Debug)]
pub(crate) struct CustomerKey {
    pub(crate) id: CustomerKeyId,
    pub(crate) created: Micros,
    pub(crate) body: CustomerKeyBody,
}

/// The part of a customer key's record that is sealed.
#[derive(Debug, Deserialize)]
pub(crate) struct CustomerKeyBody {
    pub(crate) name: String,
    pub(crate) key: ProviderKey,
    pub(crate) state: CustomerKeyState,
    pub(crate) cache_s: u32,
    /// Raised when the description changes, so that no connection of before is used.
    pub(crate) revision: u32,
    pub(crate) proof: Option<Proof>,
    pub(crate) verified: Option<Micros>,
}

/// The same, as it is sealed: the only place where the credentials are written.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CustomerKeyRecord<'a> {
    pub(crate) name: &'a str,
    pub(crate) key: &'a ProviderKey<Exposed<'a>>,
    pub(crate) state: CustomerKeyState,
    pub(crate) cache_s: u32,
    pub(crate) revision: u32,
    pub(crate) proof: Option<&'a Proof>,
    pub(crate) verified: Option<Micros>,
}

/// What only the key that was verified unwraps: shows later that it is still the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Proof {
    /// A seed without a use, wrapped.
    pub(crate) wrapped: Bytes,
    /// What is derived from the seed.
    check: Bytes,
}

impl Proof {
    /// What only the key that wrapped the seed will unwrap.
    pub(crate) fn new(place: &Place, seed: &Seed, wrapped: Vec<u8>) -> Self {
        Self {
            wrapped: Bytes(wrapped),
            check: Bytes(seed.derive_key(place).expose().to_vec()),
        }
    }

    /// Whether this is the seed.
    pub(crate) fn is_of(&self, place: &Place, seed: &Seed) -> bool {
        strongroom_crypto::kdf::verify(seed.derive_key(place).expose(), &self.check.0)
    }
}

impl CustomerKey {
    /// The place of its proof.
    pub(crate) const fn proof_place(workspace: WorkspaceId, id: CustomerKeyId) -> Place {
        Place::CustomerKeyProof(workspace, id)
    }

    /// How long what it unwrapped may be used.
    pub(crate) fn lifetime(&self) -> Micros {
        micros(Duration::from_secs(u64::from(self.body.cache_s)))
    }

    /// Whether it may be used.
    ///
    /// # Errors
    /// Its state forbids it.
    pub(crate) const fn check_use(&self) -> Result<(), CustomerKeyFault> {
        match self.body.state {
            CustomerKeyState::Active => Ok(()),
            CustomerKeyState::Unverified => Err(CustomerKeyFault::Unverified),
            CustomerKeyState::RewrapOnly => Err(CustomerKeyFault::RewrapOnly),
            CustomerKeyState::Disabled => Err(CustomerKeyFault::Disabled),
        }
    }

    /// Whether seeds may be moved away from it.
    ///
    /// # Errors
    /// Its state forbids it.
    pub(crate) const fn check_move(&self) -> Result<(), CustomerKeyFault> {
        match self.body.state {
            CustomerKeyState::RewrapOnly => Ok(()),
            _ => self.check_use(),
        }
    }
}

/// A workspace's customer keys.
#[derive(Debug, Default)]
pub(crate) struct CustomerKeys(Vec<Arc<CustomerKey>>);

impl CustomerKeys {
    pub(crate) fn new(keys: Vec<CustomerKey>) -> Self {
        Self(keys.into_iter().map(Arc::new).collect())
    }

    /// # Errors
    /// There is no such key.
    pub(crate) fn find(&self, id: CustomerKeyId) -> Result<&Arc<CustomerKey>, CustomerKeyFault> {
        self.0
            .iter()
            .find(|key| key.id == id)
            .ok_or(CustomerKeyFault::Unknown)
    }

    /// Whether a key may be used.
    ///
    /// # Errors
    /// Its state forbids it, or there is no such key.
    pub(crate) fn check_use(&self, id: CustomerKeyId) -> Result<(), CustomerKeyFault> {
        self.find(id)?.check_use()
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &CustomerKey> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Whether the provider of one of them is to be asked at every use.
    pub(crate) fn any_uncached(&self) -> bool {
        self.0.iter().any(|key| key.body.cache_s == 0)
    }
}
