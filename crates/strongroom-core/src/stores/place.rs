//! Where a value of a store stands.

use strongroom_crypto::frame;
use strongroom_types::{ContextId, KeyContext, Kind, StoreName, base32};

use crate::caller::Caller;
use crate::denial::{Denial, Invalid};
use crate::door::Asked;
use crate::workspace::WorkspaceState;

/// Which stores: a name stands for another store in each family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreFamily {
    /// Stores of values that the server opens for their clients.
    Plain,
    /// Sealed stores.
    Sealed,
}

impl StoreFamily {
    /// The name of the one pair in the map of a store's key context.
    pub(crate) const fn pair(self) -> &'static str {
        match self {
            Self::Plain => "store",
            Self::Sealed => "sealed_store",
        }
    }

    /// The map of a store's key context.
    fn map_of(self, store: &StoreName) -> Result<KeyContext, Denial> {
        KeyContext::new([(self.pair(), store.as_str())]).map_err(|_too_long| Denial::Internal)
    }

    /// What a request names, for the entry of a denial.
    pub(crate) fn asked(self, store: &StoreName) -> Asked {
        let map = self.map_of(store);
        map.map_or_else(|_too_long| Asked::default(), Asked::of_store)
    }
}

/// A store that a caller named and may use.
#[derive(Debug)]
pub(crate) struct StorePlace {
    pub(crate) context: ContextId,
    pub(crate) map: KeyContext,
}

impl StorePlace {
    /// # Errors
    /// It is not among the caller's; whether there is one is not said.
    pub(crate) fn of(
        caller: &Caller,
        family: StoreFamily,
        store: &StoreName,
    ) -> Result<Self, Denial> {
        let map = family.map_of(store)?;
        if !caller.may_use(&map) {
            return Err(Denial::StoreHidden);
        }
        let context = caller.state.context_id(Kind::Store, &map);
        Ok(Self { context, map })
    }
}

/// A name in a store, as its client sends it.
#[derive(Clone)]
pub(super) struct ValueName {
    pub(super) store: StoreName,
    name: Vec<u8>,
}

impl ValueName {
    /// The longest name. Those of clients are hashes, far shorter.
    const BYTES_MAX: usize = 4096;

    /// Takes a name, however long.
    pub(super) const fn new(store: StoreName, name: Vec<u8>) -> Self {
        Self { store, name }
    }

    /// # Errors
    /// It is empty or too long.
    pub(super) fn check(&self) -> Result<(), Invalid> {
        if (1..=Self::BYTES_MAX).contains(&self.name.len()) {
            return Ok(());
        }
        Err(Invalid::Field("name".into()))
    }

    /// The name as the database looks it up.
    pub(super) fn hash(&self, state: &WorkspaceState, context: ContextId) -> Vec<u8> {
        let keys = &state.keys.context_id;
        keys.store_value_name(context, &self.name).to_vec()
    }

    /// What a value is bound to: `frame(purpose, workspace, store, name, version)`.
    pub(super) fn bound(&self, state: &WorkspaceState, version: u64) -> Vec<u8> {
        let version = version.to_be_bytes();
        let parts: [&[u8]; 5] = [
            b"store value",
            state.id.as_bytes(),
            self.store.as_str().as_bytes(),
            &self.name,
            &version,
        ];
        let mut bound = Vec::with_capacity(64 + self.name.len());
        frame::push_list(&mut bound, parts.into_iter());
        bound
    }
}

/// What an entry calls a value: an HMAC of the name that the database has, under the audit key. Who
/// holds that key finds the entries of one value; nobody finds the name.
///
/// `base32(HMAC(search term key, "store value" ‖ context id ‖ name))`, first 16 bytes
pub(crate) fn tag(state: &WorkspaceState, context: ContextId, name: &[u8]) -> String {
    let parts: [&[u8]; 3] = [b"store value", context.as_bytes(), name];
    base32::encode(&state.keys.audit.search_term(&parts))
}
