//! Setting and getting values.

use std::sync::Arc;

use strongroom_crypto::envelope::Envelope;
use strongroom_types::body::{StoreValue, StoreValueInfo};
use strongroom_types::{Operation, Permission, Purpose, StoreName};

use super::place::{StoreFamily, StorePlace, ValueName, tag};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{CiphertextFault, Denial, Refused, Thing};
use crate::door::keyring::ContextKeys;
use crate::door::{
    Account, Asked, KeyUse, Permit, Planned, Released, Stopped, Use, check_purpose, format_fault,
};
use crate::object::Turn;
use crate::ports::{Change, InStore, SealedStoreValue};
use crate::strongroom::Strongroom;

/// How many versions of a value are kept.
const KEPT: u64 = 1;

impl Strongroom {
    /// Keeps a value under a name, in place of the one that is there.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known. A store that is not the caller's looks
    /// like none.
    pub async fn store_set(
        &self,
        ask: &Ask,
        store: StoreName,
        name: Vec<u8>,
        value: Vec<u8>,
    ) -> Result<Answered<StoreValueInfo>, Refused> {
        let name = ValueName::new(store, name);
        self.enter(ask, &Set { name, value }).await
    }

    /// Opens the value under a name; `None` if there is none.
    ///
    /// # Errors
    /// As for [`Strongroom::store_set`].
    pub async fn store_get(
        &self,
        ask: &Ask,
        store: StoreName,
        name: Vec<u8>,
    ) -> Result<Answered<Option<StoreValue>>, Refused> {
        self.enter(ask, &Get(ValueName::new(store, name))).await
    }
}

fn asked(name: &ValueName) -> Asked {
    StoreFamily::Plain.asked(&name.store)
}

struct Set {
    name: ValueName,
    value: Vec<u8>,
}

/// What was sealed under, what is answered, and the turn at the name, which lasts until the entry is
/// durable.
type SetWork = (Arc<ContextKeys>, StoreValueInfo, Option<Turn>);

impl Use for Set {
    const OPERATION: Operation = Operation::StoreSet;
    const PERMISSION: Option<Permission> = Some(Permission::StoresWrite);
    type Work = SetWork;
    type Answer = StoreValueInfo;

    fn asked(&self) -> Asked {
        asked(&self.name)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<SetWork>, Stopped> {
        self.name.check().map_err(Denial::from)?;
        let size = u64::try_from(self.value.len()).unwrap_or(u64::MAX);
        let limit_bytes = room.settings.store_value_bytes_max;
        if size > limit_bytes {
            return Err(Denial::TooLarge { limit_bytes }.into());
        }
        let state = &caller.state;
        let place = StorePlace::of(caller, StoreFamily::Plain, &self.name.store)?;
        let hash = self.name.hash(state, place.context);
        let turn = room.turns.take((state.id, place.context, &hash)).await;
        let newest = room
            .store
            .store_value_version(state.id, place.context, &hash);
        let version = match newest.await? {
            InStore::NoStore => return Err(Denial::NotFound(Thing::Store).into()),
            InStore::NoValue => 1,
            InStore::Value(newest) => newest.saturating_add(1),
        };
        let keys = room
            .store_keys_for_sealing(caller, (place.context, &place.map))
            .await?;
        let bound = self.name.bound(state, version);
        let sealed = keys.seal_for_store(&bound, &self.value, &*room.entropy)?;
        let mut account = Account {
            output: Some(sealed.digest),
            ..Account::of_one()
        }
        .fact("value", &tag(state, place.context, &hash))
        .fact("version", &version.to_string());
        account.use_key(KeyUse::sealing(&keys), &keys.map);
        let set = (caller.client.id, room.time.now());
        let value = sealed.into_value((hash, version), set, self.value.len());
        let put = Change::PutStoreValue { value, keep: KEPT };
        account.changes.push(put);
        let info = StoreValueInfo { version, size };
        Ok(Planned {
            work: (keys, info, turn),
            account,
        })
    }

    fn release(
        &self,
        _room: &Strongroom,
        (keys, info, _turn): SetWork,
        _permit: Permit,
    ) -> Released<StoreValueInfo> {
        keys.sealed_one();
        Released::of(Ok(info))
    }
}

struct Get(ValueName);

/// A value that may be opened once its entry is durable.
struct Opening {
    keys: Arc<ContextKeys>,
    sealed: SealedStoreValue,
    bound: Vec<u8>,
}

impl Use for Get {
    const OPERATION: Operation = Operation::StoreGet;
    const PERMISSION: Option<Permission> = Some(Permission::StoresRead);
    type Work = Option<Opening>;
    type Answer = Option<StoreValue>;

    fn asked(&self) -> Asked {
        asked(&self.0)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Option<Opening>>, Stopped> {
        self.0.check().map_err(Denial::from)?;
        let state = &caller.state;
        let place = StorePlace::of(caller, StoreFamily::Plain, &self.0.store)?;
        let hash = self.0.hash(state, place.context);
        let account = Account::of_one().fact("value", &tag(state, place.context, &hash));
        let found = room.store.store_value(state.id, place.context, &hash);
        let sealed = match found.await? {
            InStore::NoStore => return Err(Denial::NotFound(Thing::Store).into()),
            InStore::NoValue => {
                let kind = strongroom_types::Kind::Store;
                let account = account.of_kind(kind, place.context, &place.map);
                return Ok(Planned {
                    work: None,
                    account: account.fact("found", "no"),
                });
            }
            InStore::Value(sealed) => sealed,
        };
        let envelope = envelope(&sealed)?;
        let keys = room
            .store_keys_for_opening(caller, place.context, &envelope)
            .await?;
        let mut account = account.fact("version", &sealed.row.version.to_string());
        account.output = Some(sealed.row.digest);
        account.use_key(KeyUse::opening(&keys, &envelope), &keys.map);
        let bound = self.0.bound(state, sealed.row.version);
        let work = Some(Opening {
            keys,
            sealed,
            bound,
        });
        Ok(Planned { work, account })
    }

    fn release(
        &self,
        _room: &Strongroom,
        work: Option<Opening>,
        permit: Permit,
    ) -> Released<Option<StoreValue>> {
        let opened = work.map(|opening| opening.open(permit));
        Released::of(opened.transpose())
    }
}

impl Opening {
    fn open(self, mut permit: Permit) -> Result<StoreValue, Denial> {
        let item = permit.item(self.keys.id)?;
        let envelope = envelope(&self.sealed)?;
        let value = self.keys.open_from_store(item, &self.bound, &envelope)?;
        Ok(StoreValue {
            version: self.sealed.row.version,
            value: value.into_vec().into(),
        })
    }
}

/// The envelope of a value: header and key part from one column, the body from another.
pub(crate) fn envelope(sealed: &SealedStoreValue) -> Result<Envelope<'_>, Denial> {
    let malformed = || Denial::Ciphertext(CiphertextFault::Malformed);
    let parsed = Envelope::parse_prefix(&sealed.prefix).map_err(format_fault)?;
    let (mut envelope, rest) = parsed.ok_or_else(malformed)?;
    check_purpose(&envelope, Purpose::Store)?;
    if !rest.is_empty() || envelope.key_part.version != sealed.row.key_version {
        return Err(malformed());
    }
    envelope.body = &sealed.body;
    Ok(envelope)
}
