//! Keysets, their clients and grants, as they stand at one state epoch.

use std::sync::Arc;

use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use strongroom_types::{
    Bytes, ClientId, KeysetClientId, KeysetId, KeysetName, WorkspaceId, base32,
};

use super::place::KeysetPlace;
use super::{KeysetUse, WhichKeyset};
use crate::caller::Caller;
use crate::denial::{Denial, Thing};
use crate::ports::{Micros, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// How many of each are kept.
const KEPT_MAX: u64 = 100_000;

/// A keyset as it stands at one state epoch.
#[derive(Debug)]
pub(crate) struct Keyset {
    pub(crate) id: KeysetId,
    pub(crate) created: Micros,
    pub(crate) body: KeysetBody,
}

/// The part of a keyset's record that is sealed. Whether it is suspended is its key context's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeysetBody {
    pub(crate) name: KeysetName,
    pub(crate) description: String,
    pub(crate) is_default: bool,
}

/// The part that is sealed of the record that a name is looked up by.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NameBody {
    pub(crate) keyset: KeysetId,
}

/// A client of keysets as it stands at one state epoch.
#[derive(Debug)]
pub(crate) struct KeysetClient {
    pub(crate) id: KeysetClientId,
    pub(crate) body: KeysetClientBody,
}

/// The part of the record of a client of keysets that is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeysetClientBody {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) created_by: ClientId,
    /// The keyset that it uses where it names none.
    pub(crate) home: KeysetId,
}

/// What all clients of keysets of a workspace share: a secret that takes part in what they derive by
/// themselves. The server derives nothing of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct ShareBody {
    pub(crate) secret: Bytes,
}

/// The id of the record of a grant.
pub(crate) fn grant_id(client: KeysetClientId, keyset: KeysetId) -> String {
    format!("{client}/{keyset}")
}

/// What is kept of what was found, each under the epoch at which it was read: the commit refuses
/// what was decided by anything older than the head.
#[derive(Debug)]
pub(crate) struct KeysetCache {
    keysets: Cache<(WorkspaceId, u64, KeysetId), Arc<Keyset>>,
    names: Cache<(WorkspaceId, u64, KeysetName), KeysetId>,
    clients: Cache<(WorkspaceId, u64, KeysetClientId), Arc<KeysetClient>>,
    grants: Cache<(WorkspaceId, u64, KeysetClientId, KeysetId), ()>,
}

impl KeysetCache {
    pub(crate) fn new() -> Self {
        Self {
            keysets: Cache::new(KEPT_MAX),
            names: Cache::new(KEPT_MAX),
            clients: Cache::new(KEPT_MAX),
            grants: Cache::new(KEPT_MAX),
        }
    }
}

impl Strongroom {
    /// The keyset that a client of keysets may use, among those that the caller may use.
    pub(super) async fn keyset_for_use(
        &self,
        caller: &Caller,
        asked: &KeysetUse,
    ) -> Result<(Arc<Keyset>, KeysetPlace), Denial> {
        let state = &caller.state;
        let client = self.keyset_client(state, asked.client).await?;
        let home = Some(client.body.home);
        let id = self.keyset_id(state, &asked.keyset, home).await?;
        let keyset = self.keyset(state, id).await?;
        let place = KeysetPlace::of(caller, id)?;
        if !self.is_granted(state, client.id, id).await? {
            return Err(Denial::KeysetNotGranted);
        }
        Ok((keyset, place))
    }

    /// The id of the keyset that is meant.
    ///
    /// # Errors
    /// No keyset has the name, or none is at home.
    pub(crate) async fn keyset_id(
        &self,
        state: &WorkspaceState,
        which: &WhichKeyset,
        home: Option<KeysetId>,
    ) -> Result<KeysetId, Denial> {
        let found = match which {
            WhichKeyset::Home => home,
            WhichKeyset::Id(id) => Some(*id),
            WhichKeyset::Name(name) => self.keyset_named(state, name).await?,
        };
        found.ok_or(Denial::NotFound(Thing::Keyset))
    }

    /// A keyset by its id.
    ///
    /// # Errors
    /// There is none.
    pub(crate) async fn keyset(
        &self,
        state: &WorkspaceState,
        id: KeysetId,
    ) -> Result<Arc<Keyset>, Denial> {
        let kept = (state.id, state.epoch, id);
        if let Some(keyset) = self.keysets.keysets.get(&kept) {
            return Ok(keyset);
        }
        let (kind, name) = (RecordKind::Keyset, id.to_string());
        let row = self.store.record(state.id, kind, &name).await?;
        let row = row.ok_or(Denial::NotFound(Thing::Keyset))?;
        let keyset = Arc::new(record::keyset(&state.keys, state.id, &row)?);
        self.keysets.keysets.insert(kept, Arc::clone(&keyset));
        Ok(keyset)
    }

    /// The keyset that has a name.
    pub(crate) async fn keyset_named(
        &self,
        state: &WorkspaceState,
        name: &KeysetName,
    ) -> Result<Option<KeysetId>, Denial> {
        let kept = (state.id, state.epoch, name.clone());
        if let Some(id) = self.keysets.names.get(&kept) {
            return Ok(Some(id));
        }
        let (kind, hash) = (RecordKind::KeysetName, name_id(state, name));
        let Some(row) = self.store.record(state.id, kind, &hash).await? else {
            return Ok(None);
        };
        let id = record::keyset_name(&state.keys, state.id, &row)?.keyset;
        self.keysets.names.insert(kept, id);
        Ok(Some(id))
    }

    /// A client of keysets.
    ///
    /// # Errors
    /// There is none.
    pub(crate) async fn keyset_client(
        &self,
        state: &WorkspaceState,
        id: KeysetClientId,
    ) -> Result<Arc<KeysetClient>, Denial> {
        let kept = (state.id, state.epoch, id);
        if let Some(client) = self.keysets.clients.get(&kept) {
            return Ok(client);
        }
        let (kind, name) = (RecordKind::KeysetClient, id.to_string());
        let row = self.store.record(state.id, kind, &name).await?;
        let row = row.ok_or(Denial::NotFound(Thing::KeysetClient))?;
        let client = Arc::new(record::keyset_client(&state.keys, state.id, &row)?);
        self.keysets.clients.insert(kept, Arc::clone(&client));
        Ok(client)
    }

    /// Whether a client of keysets may use a keyset.
    pub(crate) async fn is_granted(
        &self,
        state: &WorkspaceState,
        client: KeysetClientId,
        keyset: KeysetId,
    ) -> Result<bool, Denial> {
        let kept = (state.id, state.epoch, client, keyset);
        if self.keysets.grants.get(&kept).is_some() {
            return Ok(true);
        }
        let (kind, id) = (RecordKind::KeysetGrant, grant_id(client, keyset));
        let granted = self.store.record(state.id, kind, &id).await?.is_some();
        if granted {
            self.keysets.grants.insert(kept, ());
        }
        Ok(granted)
    }
}

/// What a name is looked up by: the database shows no names.
///
/// `base32(HMAC(context-id key, label ‖ frame(name)))`
pub(crate) fn name_id(state: &WorkspaceState, name: &KeysetName) -> String {
    base32::encode(&state.keys.context_id.keyset_name(name.as_str()))
}
