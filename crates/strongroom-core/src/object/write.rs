//! Keeping objects: create, upsert, update.

use std::sync::Arc;

use strongroom_crypto::keys::ResolvedLock;
use strongroom_types::body::{LockFor, ObjectCreate, ObjectUpdate, ObjectUpsert, StoredObject};
use strongroom_types::{KeyContext, Lock, ObjectId, Operation, Permission, Purpose};

use super::act::{Act, Decided};
use super::found::{Object, Target, seal_row};
use super::name::ObjectName;
use crate::ask::{Answered, Ask};
use crate::batch::named;
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::door::keyring::{ContextKeys, SealSpec, SealedObject};
use crate::door::{Account, Asked, KeyUse, Need, Stopped};
use crate::ports::{Change, Micros, ObjectRow};
use crate::strongroom::Strongroom;
use crate::time::seconds;

impl Strongroom {
    /// Keeps a new object.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when the name is taken.
    pub async fn object_create(
        &self,
        ask: &Ask,
        mut request: ObjectCreate,
    ) -> Result<Answered<StoredObject>, Refused> {
        let ask = ask.noting(request.metadata.take());
        named(self.act(&ask, Create(request)).await)
    }

    /// Keeps a new object, or gives the one of this name a new version.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when the version checked is not
    /// the present one.
    pub async fn object_upsert(
        &self,
        ask: &Ask,
        mut request: ObjectUpsert,
    ) -> Result<Answered<StoredObject>, Refused> {
        let ask = ask.noting(request.metadata.take());
        named(self.act(&ask, Upsert(request)).await)
    }

    /// Gives an object a new version.
    ///
    /// # Errors
    /// As for [`Strongroom::object_upsert`].
    pub async fn object_update(
        &self,
        ask: &Ask,
        id: ObjectId,
        mut request: ObjectUpdate,
    ) -> Result<Answered<StoredObject>, Refused> {
        let ask = ask.noting(request.metadata.take());
        named(self.act(&ask, Update { id, request }).await)
    }

    fn check_size(&self, value: &[u8]) -> Result<(), Denial> {
        let limit_bytes = self.settings.object_bytes_max;
        if u64::try_from(value.len()).is_ok_and(|bytes| bytes <= limit_bytes) {
            return Ok(());
        }
        Err(Denial::TooLarge { limit_bytes })
    }
}

/// What becomes a version.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) lock: ValueLock<'a>,
    pub(super) expires_in: Option<u64>,
}

/// What a version is locked to.
#[derive(Clone, Copy)]
pub(super) enum ValueLock<'a> {
    /// To the claims that the request names.
    Asked(&'a Lock, Option<&'a LockFor>),
    /// To what the version that it is made of was locked to.
    Kept(Option<&'a ResolvedLock>),
}

impl ValueLock<'_> {
    fn is_some(&self) -> bool {
        match self {
            Self::Asked(lock, _) => !lock.is_empty(),
            Self::Kept(lock) => lock.is_some(),
        }
    }
}

impl Value<'_> {
    /// When the object expires: as it was, never, or so many seconds from now.
    fn expires(&self, before: Option<Micros>, now: Micros) -> Option<Micros> {
        match self.expires_in {
            None => before,
            Some(0) => None,
            Some(after) => {
                let after = seconds(i64::try_from(after).unwrap_or(i64::MAX));
                Some(now.saturating_add(after))
            }
        }
    }

    /// Seals it as a version of an object.
    async fn seal(
        &self,
        room: &Strongroom,
        (caller, ask): (&Caller, &Ask),
        map: &KeyContext,
        object: (ObjectId, u64),
    ) -> Result<(SealedObject, Arc<ContextKeys>), Stopped> {
        room.check_size(self.bytes)?;
        let need = Need::sealing(self.lock.is_some());
        let keys = room.keys_for_sealing((caller, ask), map, need).await?;
        let asked = match self.lock {
            ValueLock::Asked(lock, lock_for) => caller.lock_for_sealing(&keys, lock, lock_for)?,
            ValueLock::Kept(_) => None,
        };
        let lock = match self.lock {
            ValueLock::Asked(..) => asked.as_ref(),
            ValueLock::Kept(kept) => {
                let terms = kept.map(|kept| kept.lock().clone()).unwrap_or_default();
                keys.rules.check_lock(&terms)?;
                kept
            }
        };
        let spec = SealSpec {
            purpose: Purpose::Object,
            lock,
            associated_data: None,
            object: Some(object),
            suite: None,
            entropy: &*room.entropy,
        };
        let sealed = keys.seal_object(&spec, self.bytes)?;
        Ok((sealed, keys))
    }

    /// Makes the first version of a new object.
    async fn create(
        &self,
        room: &Strongroom,
        (caller, ask): (&Caller, &Ask),
        map: &KeyContext,
        name: &ObjectName,
    ) -> Result<Decided<StoredObject>, Stopped> {
        const FIRST: u64 = 1;
        let id = ObjectId::from_bytes(room.generate_id()?);
        let (sealed, keys) = self.seal(room, (caller, ask), map, (id, FIRST)).await?;
        let now = room.time.now();
        let expires = self.expires(None, now);
        let mut row = ObjectRow {
            id,
            context: keys.id,
            name_hash: name.hash(&caller.state),
            body: Vec::new(),
            version: FIRST,
            created: now,
            updated: now,
            expires,
            deleted: None,
            purge: expires,
        };
        seal_row(&caller.state, &mut row, name.as_str())?;
        let account = account(&keys, &sealed).of_object(id, FIRST);
        let version = sealed.into_version(FIRST, caller.client.id, now);
        let object = Object {
            row: row.clone(),
            changed: 0,
            newest: version.row.clone(),
            name: name.as_str().to_owned(),
            map: map.clone(),
        };
        let change = Change::InsertObject(row, version);
        Ok(decided(&object, keys, account, change))
    }

    /// Makes the next version of an object that is there.
    pub(super) async fn replace(
        &self,
        room: &Strongroom,
        (caller, ask): (&Caller, &Ask),
        mut object: Object,
    ) -> Result<Decided<StoredObject>, Stopped> {
        let id = object.row.id;
        let version = object.row.version.saturating_add(1);
        let (sealed, keys) = self
            .seal(room, (caller, ask), &object.map, (id, version))
            .await?;
        let now = room.time.now();
        object.row.version = version;
        object.row.updated = now;
        object.row.expires = self.expires(object.row.expires, now);
        object.row.purge = object.row.expires;
        seal_row(&caller.state, &mut object.row, &object.name)?;
        let account = account(&keys, &sealed).of_object(id, version);
        let version = sealed.into_version(version, caller.client.id, now);
        object.newest = version.row.clone();
        let change = Change::PutObject {
            row: object.row.clone(),
            seen: object.changed,
            version: Some(version),
        };
        Ok(decided(&object, keys, account, change))
    }
}

fn account(keys: &Arc<ContextKeys>, sealed: &SealedObject) -> Account {
    let mut account = Account {
        output: Some(sealed.digest),
        ..Account::of_one()
    };
    account.use_key(KeyUse::sealing(keys), &keys.map);
    account
}

fn decided(
    object: &Object,
    keys: Arc<ContextKeys>,
    mut account: Account,
    change: Change,
) -> Decided<StoredObject> {
    account.changes.push(change);
    Decided {
        sealed: Some(keys),
        ..Decided::new(object.show(&object.newest), account)
    }
}

struct Create(ObjectCreate);

impl Act for Create {
    const OPERATION: Operation = Operation::ObjectCreate;
    const PERMISSION: Permission = Permission::ObjectsWrite;
    type Answer = StoredObject;

    fn asked(&self) -> Asked {
        Asked::of_context(&self.0.key_context)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Decided<StoredObject>, Stopped> {
        let request = &self.0;
        let name = ObjectName::new(&request.name).map_err(Denial::from)?;
        room.check_size(&request.value.0)?;
        caller.require_context(&request.key_context)?;
        // Repetitions wait for the first, and then find what it made.
        let turn = room.turns.take((caller.state.id, name.as_str())).await;
        if let Some(made) = room.made_before(caller, ask).await? {
            return Ok(room.made_object(caller, &made).await?);
        }
        if room.holder(caller, &name).await?.is_some() {
            return Err(Denial::NameTaken.into());
        }
        let value = Value {
            bytes: &request.value.0,
            lock: ValueLock::Asked(&request.lock, request.lock_for.as_ref()),
            expires_in: request.expires_in,
        };
        let mut decided = value
            .create(room, (caller, ask), &request.key_context, &name)
            .await?;
        let made = decided.answer.id.to_string();
        let remembered = room.remember_made(caller, ask, made);
        decided.account.changes.extend(remembered);
        Ok(decided.in_turn(turn))
    }
}

impl Strongroom {
    /// What the first request under an Idempotency-Key answered, under a new entry: the object as it
    /// was made, whatever became of it.
    async fn made_object(
        &self,
        caller: &Caller,
        made: &str,
    ) -> Result<Decided<StoredObject>, Denial> {
        let id: ObjectId = made.parse().map_err(|_not_an_id| Denial::Internal)?;
        let found = self.find_object(&caller.state, &Target::Id(id)).await?;
        let object = found.filter(|object| caller.may_use(&object.map));
        let object = object.ok_or(Denial::NotFound(Thing::Object))?;
        let first = self.store.object_versions(caller.state.id, id, Some(2), 1);
        let first = first.await?.pop();
        let first = first.ok_or(Denial::NotFound(Thing::ObjectVersion))?;
        let account = Account::of_one()
            .of_context(object.row.context, &object.map)
            .fact("repeats", made);
        Ok(Decided::new(object.show(&first), account))
    }
}

struct Upsert(ObjectUpsert);

impl Act for Upsert {
    const OPERATION: Operation = Operation::ObjectUpsert;
    const PERMISSION: Permission = Permission::ObjectsWrite;
    type Answer = StoredObject;

    fn asked(&self) -> Asked {
        Asked::of_context(&self.0.key_context)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Decided<StoredObject>, Stopped> {
        let request = &self.0;
        let name = ObjectName::new(&request.name).map_err(Denial::from)?;
        caller.require_context(&request.key_context)?;
        let turn = room.turns.take((caller.state.id, name.as_str())).await;
        let value = Value {
            bytes: &request.value.0,
            lock: ValueLock::Asked(&request.lock, request.lock_for.as_ref()),
            expires_in: request.expires_in,
        };
        let parties = (caller, ask);
        let decided = match room.holder(caller, &name).await? {
            None => {
                check_absent(caller, &request.key_context, request.version_check)?;
                value
                    .create(room, parties, &request.key_context, &name)
                    .await?
            }
            Some(object) => {
                check_holder(caller, &object, &request.key_context)?;
                object.check_version(caller, request.version_check)?;
                value.replace(room, parties, object).await?
            }
        };
        Ok(decided.in_turn(turn))
    }
}

/// Whether there may be no object of the name.
fn check_absent(caller: &Caller, map: &KeyContext, check: Option<u64>) -> Result<(), Denial> {
    let rules = caller.state.policies.rules(map);
    match check {
        None if rules.version_check_required => Err(Denial::VersionCheckMissing),
        None | Some(0) => Ok(()),
        Some(_) => Err(Denial::VersionConflict { current: 0 }),
    }
}

/// Whether the object that holds the name is one that the request may mean. A key context never
/// changes.
fn check_holder(caller: &Caller, object: &Object, map: &KeyContext) -> Result<(), Denial> {
    if !caller.may_use(&object.map) {
        return Err(Denial::NameTaken);
    }
    if object.map != *map {
        return Err(Denial::ContextMismatch);
    }
    Ok(())
}

struct Update {
    id: ObjectId,
    request: ObjectUpdate,
}

impl Act for Update {
    const OPERATION: Operation = Operation::ObjectUpdate;
    const PERMISSION: Permission = Permission::ObjectsWrite;
    type Answer = StoredObject;

    fn asked(&self) -> Asked {
        Asked::of_object(self.id)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Decided<StoredObject>, Stopped> {
        let request = &self.request;
        let turn = room.turns.take((caller.state.id, self.id)).await;
        let object = room.live_object(caller, &Target::Id(self.id)).await?;
        object.check_version(caller, request.version_check)?;
        let value = Value {
            bytes: &request.value.0,
            lock: ValueLock::Asked(&request.lock, request.lock_for.as_ref()),
            expires_in: request.expires_in,
        };
        let decided = value.replace(room, (caller, ask), object).await?;
        Ok(decided.in_turn(turn))
    }
}
