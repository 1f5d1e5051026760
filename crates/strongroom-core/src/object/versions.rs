//! The versions of an object: listed, restored, destroyed.

use strongroom_crypto::keys::ResolvedLock;
use strongroom_crypto::secret::SecretBytes;
use strongroom_types::body::{KeyRef, ObjectRead, ObjectVersionInfo, Page, StoredObject};
use strongroom_types::{ObjectId, Operation, Permission};

use super::act::{Act, Decided};
use super::delete::change;
use super::found::{Object, Target};
use super::read::{OpeningObject, target};
use super::write::{Value, ValueLock};
use crate::admin::{PageQuery, page};
use crate::ask::{Answered, Ask};
use crate::batch::named;
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::door::{Account, Asked, KeyUse, Permit, Planned, Released, Stopped, Use};
use crate::ports::{Change, ObjectVersionRow};
use crate::strongroom::Strongroom;
use crate::time::format_time;

impl Strongroom {
    /// Describes an object without opening it.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn object_describe(
        &self,
        ask: &Ask,
        target: ObjectRead,
    ) -> Result<Answered<StoredObject>, Refused> {
        named(self.act(ask, Describe(target)).await)
    }

    /// Lists the versions of an object, newest first.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn object_versions(
        &self,
        ask: &Ask,
        id: ObjectId,
        query: PageQuery,
    ) -> Result<Answered<Page<ObjectVersionInfo>>, Refused> {
        self.act(ask, List { id, query }).await
    }

    /// Erases what an old version holds. The newest cannot be: replace it first, or delete the
    /// object.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn object_version_destroy(
        &self,
        ask: &Ask,
        id: ObjectId,
        version: u64,
    ) -> Result<Answered<ObjectVersionInfo>, Refused> {
        self.act(ask, Destroy { id, version }).await
    }

    /// Makes an old version's value the newest again, as a version of its own. Its opening and its
    /// sealing are two entries, the second linked to the first; the value is not given out.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when the version checked is not
    /// the present one.
    pub async fn object_version_restore(
        &self,
        ask: &Ask,
        id: ObjectId,
        version: u64,
        version_check: Option<u64>,
    ) -> Result<Answered<StoredObject>, Refused> {
        let reopen = Reopen {
            id,
            version,
            version_check,
        };
        let opened = self.enter(ask, &reopen).await?;
        let Some(entry) = opened.entry else {
            return Err(Refused::unlogged(Denial::Internal));
        };
        let reseal = Reseal {
            reopen,
            opened: opened.value,
            of: entry.index,
        };
        named(self.act(ask, reseal).await)
    }
}

/// An account of looking at an object without opening it.
fn looking(object: &Object) -> Account {
    Account::of_one()
        .of_context(object.row.context, &object.map)
        .of_object(object.row.id, object.row.version)
}

struct Describe(ObjectRead);

impl Act for Describe {
    const OPERATION: Operation = Operation::ObjectDescribe;
    const PERMISSION: Permission = Permission::ObjectsList;
    type Answer = StoredObject;

    fn asked(&self) -> Asked {
        Asked {
            object: self.0.id,
            ..Asked::default()
        }
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Decided<StoredObject>, Stopped> {
        let object = room.live_object(caller, &target(&self.0)?).await?;
        Ok(Decided::new(object.show(&object.newest), looking(&object)))
    }
}

struct List {
    id: ObjectId,
    query: PageQuery,
}

impl Act for List {
    const OPERATION: Operation = Operation::ObjectVersions;
    const PERMISSION: Permission = Permission::ObjectsList;
    type Answer = Page<ObjectVersionInfo>;

    fn asked(&self) -> Asked {
        Asked::of_object(self.id)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Decided<Page<ObjectVersionInfo>>, Stopped> {
        let limit = self.query.limit()?;
        let before = self.query.after::<u64>()?;
        let object = room.live_object(caller, &Target::Id(self.id)).await?;
        let rows = room
            .store
            .object_versions(caller.state.id, self.id, before, limit)
            .await?;
        let items = rows.iter().map(|row| info(&object, row)).collect();
        let page = page(items, limit, |info: &ObjectVersionInfo| {
            info.version.to_string()
        });
        Ok(Decided::new(page, looking(&object)))
    }
}

fn info(object: &Object, row: &ObjectVersionRow) -> ObjectVersionInfo {
    ObjectVersionInfo {
        version: row.version,
        current: row.version == object.row.version,
        size: row.size,
        digest: row.digest.to_string(),
        key: KeyRef {
            id: object.row.context,
            version: row.key_version,
        },
        created: format_time(row.created),
        created_by: row.client,
        destroyed: row.destroyed.map(format_time),
    }
}

struct Destroy {
    id: ObjectId,
    version: u64,
}

impl Act for Destroy {
    const OPERATION: Operation = Operation::ObjectVersionDestroy;
    const PERMISSION: Permission = Permission::ObjectsDelete;
    type Answer = ObjectVersionInfo;

    fn asked(&self) -> Asked {
        Asked::of_object(self.id)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Decided<ObjectVersionInfo>, Stopped> {
        let turn = room.turns.take((caller.state.id, self.id)).await;
        let mut object = room.live_object(caller, &Target::Id(self.id)).await?;
        if self.version == object.row.version {
            return Err(Denial::Conflict(Thing::ObjectVersion).into());
        }
        let after = Some(self.version.saturating_add(1));
        let rows = room
            .store
            .object_versions(caller.state.id, self.id, after, 1);
        let there = rows.await?.pop().filter(|row| row.version == self.version);
        let mut row = there
            .filter(|row| row.destroyed.is_none())
            .ok_or(Denial::NotFound(Thing::ObjectVersion))?;
        row.destroyed = Some(room.time.now());
        let mut account = change(caller, &mut object)?.fact("destroyed", &self.version.to_string());
        account.changes.push(Change::DestroyObjectVersion {
            object: self.id,
            version: self.version,
        });
        Ok(Decided::new(info(&object, &row), account).in_turn(turn))
    }
}

/// Opens an old version, for nobody but [`Reseal`].
struct Reopen {
    id: ObjectId,
    version: u64,
    version_check: Option<u64>,
}

/// What an old version held, and what it was locked to.
struct Reopened {
    value: SecretBytes,
    lock: Option<ResolvedLock>,
}

impl Use for Reopen {
    const OPERATION: Operation = Operation::ObjectVersionRestore;
    const PERMISSION: Option<Permission> = Some(Permission::ObjectsWrite);
    type Work = (KeyUse, OpeningObject);
    type Answer = Reopened;

    fn asked(&self) -> Asked {
        Asked::of_object(self.id)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Self::Work>, Stopped> {
        let object = room.live_object(caller, &Target::Id(self.id)).await?;
        object.check_version(caller, self.version_check)?;
        let opening = room.opening_of(caller, object, Some(self.version)).await?;
        let prepared = opening.prepared()?;
        let mut account = Account {
            output: Some(prepared.digest),
            ..Account::of_one()
        }
        .of_object(self.id, self.version);
        account.use_key(prepared.key_use, &prepared.map);
        Ok(Planned {
            work: (prepared.key_use, prepared.work),
            account,
        })
    }

    fn release(
        &self,
        _room: &Strongroom,
        (key_use, work): Self::Work,
        mut permit: Permit,
    ) -> Released<Reopened> {
        let opened = permit
            .item(key_use.context)
            .map_err(Denial::from)
            .and_then(|item| work.open(item));
        Released::of(opened.map(|opened| Reopened {
            value: opened.value,
            lock: opened.lock,
        }))
    }
}

/// Seals what [`Reopen`] opened as a new version.
struct Reseal {
    reopen: Reopen,
    opened: Reopened,
    /// The entry of the opening.
    of: u64,
}

impl Act for Reseal {
    const OPERATION: Operation = Operation::ObjectUpdate;
    const PERMISSION: Permission = Permission::ObjectsWrite;
    type Answer = StoredObject;

    fn asked(&self) -> Asked {
        Asked::of_object(self.reopen.id)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Decided<StoredObject>, Stopped> {
        let id = self.reopen.id;
        let turn = room.turns.take((caller.state.id, id)).await;
        let object = room.live_object(caller, &Target::Id(id)).await?;
        object.check_version(caller, self.reopen.version_check)?;
        let value = Value {
            bytes: self.opened.value.expose(),
            lock: ValueLock::Kept(self.opened.lock.as_ref()),
            expires_in: None,
        };
        let mut decided = value.replace(room, (caller, ask), object).await?;
        decided.account = decided
            .account
            .fact("restored", &self.reopen.version.to_string());
        decided.account.of = Some(self.of);
        Ok(decided.in_turn(turn))
    }
}
