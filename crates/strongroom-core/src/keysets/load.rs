//! A client begins to use a keyset.

use std::sync::Arc;

use strongroom_types::body::KeysetInfo;
use strongroom_types::{KeyContext, Operation, Permission};

use super::find::Keyset;
use super::place::map_of;
use super::{KeysetUse, LoadedKeyset, WhichKeyset};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::door::keyring::ContextKeys;
use crate::door::{Account, Asked, KeyUse, Permit, Planned, Released, Stopped, Use};
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Describes a keyset and gives out the key of its index terms.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn keyset_load(
        &self,
        ask: &Ask,
        asked: KeysetUse,
    ) -> Result<Answered<LoadedKeyset>, Refused> {
        self.enter(ask, &Load(asked)).await
    }
}

impl KeysetUse {
    /// What the entry of a denial says: a keyset that was named by its id.
    pub(super) fn asked(&self) -> Asked {
        let WhichKeyset::Id(id) = &self.keyset else {
            return Asked::default();
        };
        map_of(*id).map_or_else(|_too_long| Asked::default(), Asked::of_keyset)
    }

    /// What the entry of a use says of the keyset and its client.
    pub(super) fn account(&self, keyset: &Keyset, count: usize) -> Account {
        self.naming(&keyset.id.to_string(), count)
    }

    /// The same, of a keyset whose map is at hand.
    pub(super) fn account_of(&self, map: &KeyContext, count: usize) -> Account {
        self.naming(map.value("keyset").unwrap_or_default(), count)
    }

    fn naming(&self, keyset: &str, count: usize) -> Account {
        Account {
            count: u32::try_from(count).unwrap_or(u32::MAX),
            ..Account::default()
        }
        .fact("keyset", keyset)
        .fact("keyset_client", &self.client.to_string())
    }
}

/// Describes a keyset.
pub(crate) fn info(keyset: &Keyset, is_disabled: bool) -> KeysetInfo {
    KeysetInfo {
        id: keyset.id,
        name: keyset.body.name.clone(),
        description: keyset.body.description.clone(),
        is_disabled,
        is_default: keyset.body.is_default,
    }
}

struct Load(KeysetUse);

impl Use for Load {
    const OPERATION: Operation = Operation::KeysetLoad;
    const PERMISSION: Option<Permission> = Some(Permission::KeysetsRetrieve);
    type Work = (Arc<Keyset>, Arc<ContextKeys>);
    type Answer = LoadedKeyset;

    fn asked(&self) -> Asked {
        self.0.asked()
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Self::Work>, Stopped> {
        let (keyset, place) = room.keyset_for_use(caller, &self.0).await?;
        let keys = room.keyset_keys_for_sealing(caller, &place, true).await?;
        let mut account = self.0.account(&keyset, 1);
        let key_use = KeyUse::deriving(&keys);
        account.use_key(key_use, &keys.map);
        Ok(Planned {
            work: (keyset, keys),
            account,
        })
    }

    fn release(
        &self,
        _room: &Strongroom,
        (keyset, keys): Self::Work,
        mut permit: Permit,
    ) -> Released<LoadedKeyset> {
        let mut release = || {
            let index_key = keys.keyset_index_key(permit.item(keys.id)?)?;
            let info = info(&keyset, false);
            Ok::<_, Denial>(LoadedKeyset { info, index_key })
        };
        Released::of(release())
    }
}
