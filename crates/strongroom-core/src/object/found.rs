//! An object as it was found: its row checked against its sealed part, and who may see it.

use serde::{Deserialize, Serialize};
use strongroom_types::body::{KeyRef, StoredObject};
use strongroom_types::{KeyContext, ObjectId, WorkspaceId};

use super::name::ObjectName;
use crate::caller::Caller;
use crate::denial::{CiphertextFault, Denial, Thing};
use crate::door::Stopped;
use crate::door::keyring::map_place;
use crate::ports::{FoundObject, Micros, ObjectRow, ObjectVersionRow};
use crate::strongroom::Strongroom;
use crate::time::format_time;
use crate::workspace::WorkspaceState;

/// The part of an object's row that is sealed at its place: its name, and what of its columns decides
/// who may read what. A column that says something else was altered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Body {
    name: String,
    version: u64,
    expires: Option<Micros>,
    deleted: Option<Micros>,
    purge: Option<Micros>,
}

/// The place of an object's sealed part: an object of one key context in one workspace.
fn place<'a>(workspace: &'a WorkspaceId, row: &'a ObjectRow) -> [&'a [u8]; 4] {
    [
        b"object",
        workspace.as_bytes(),
        row.id.as_bytes(),
        row.context.as_bytes(),
    ]
}

/// Which object is meant.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Id(ObjectId),
    Name(ObjectName),
}

/// An object as it was found.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) row: ObjectRow,
    pub(super) changed: u64,
    pub(super) newest: ObjectVersionRow,
    pub(super) name: String,
    pub(super) map: KeyContext,
}

impl Object {
    /// Opens the sealed parts of what the store found.
    ///
    /// # Errors
    /// Something was altered, or put in another's place.
    pub(super) fn open(state: &WorkspaceState, found: FoundObject) -> Result<Self, Denial> {
        let row = found.row;
        let altered = || Denial::Ciphertext(CiphertextFault::Altered);
        let body: Body = state
            .keys
            .open_body("object", &place(&state.id, &row), &row.body)
            .map_err(|_damaged| altered())?;
        let map: KeyContext = state
            .keys
            .open_body("context", &map_place(&state.id, &row.context), &found.map)
            .map_err(|_damaged| altered())?;
        if body != Body::of(&row, &body.name)
            || row.name_hash != state.keys.context_id.object_name(&body.name)
        {
            return Err(altered());
        }
        Ok(Self {
            row,
            changed: found.changed,
            newest: found.newest,
            name: body.name,
            map,
        })
    }

    /// Whether it can be read: neither deleted nor expired.
    pub(super) fn is_live(&self, now: Micros) -> bool {
        self.row.deleted.is_none() && self.row.expires.is_none_or(|expires| expires > now)
    }

    /// # Errors
    /// The policy demands a check and there is none, or the object has another version.
    pub(super) fn check_version(&self, caller: &Caller, check: Option<u64>) -> Result<(), Denial> {
        let rules = caller.state.policies.rules(&self.map);
        match check {
            None if rules.version_check_required => Err(Denial::VersionCheckMissing),
            Some(expected) if expected != self.row.version => Err(Denial::VersionConflict {
                current: self.row.version,
            }),
            _ => Ok(()),
        }
    }

    /// What the caller is shown of a version, without its value.
    pub(super) fn show(&self, version: &ObjectVersionRow) -> StoredObject {
        StoredObject {
            id: self.row.id,
            name: self.name.clone(),
            key_context: self.map.clone(),
            version: version.version,
            size: version.size,
            digest: version.digest.to_string(),
            key: KeyRef {
                id: self.row.context,
                version: version.key_version,
            },
            created: format_time(self.row.created),
            updated: format_time(version.created),
            updated_by: version.client,
            expires: self.row.expires.map(format_time),
            deleted: self.row.deleted.map(format_time),
            purged_after: self.row.deleted.and(self.row.purge).map(format_time),
            value: None,
            log_entry: None,
        }
    }
}

impl Body {
    fn of(row: &ObjectRow, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: row.version,
            expires: row.expires,
            deleted: row.deleted,
            purge: row.purge,
        }
    }
}

/// Seals the part of the row that is sealed, as the columns are now.
pub(super) fn seal_row(
    state: &WorkspaceState,
    row: &mut ObjectRow,
    name: &str,
) -> Result<(), Denial> {
    row.body = state
        .keys
        .seal_body(&place(&state.id, row), &Body::of(row, name))?;
    Ok(())
}

impl Strongroom {
    /// Finds an object, whoever may see it.
    pub(super) async fn find_object(
        &self,
        state: &WorkspaceState,
        target: &Target,
    ) -> Result<Option<Object>, Denial> {
        let found = match target {
            Target::Id(id) => self.store.object(state.id, *id).await?,
            Target::Name(name) => {
                let hash = name.hash(state);
                self.store.object_named(state.id, &hash).await?
            }
        };
        found.map(|found| Object::open(state, found)).transpose()
    }

    /// The name of an object, live or not.
    pub(crate) async fn object_name(
        &self,
        state: &WorkspaceState,
        id: ObjectId,
    ) -> Result<Option<String>, Denial> {
        let found = self.find_object(state, &Target::Id(id)).await?;
        Ok(found.map(|object| object.name))
    }

    /// An object that the caller may know of, live or not.
    ///
    /// # Errors
    /// There is none, or it is of a key context that is not the caller's: both look alike.
    pub(super) async fn known_object(
        &self,
        caller: &Caller,
        target: &Target,
    ) -> Result<Object, Denial> {
        let found = self.find_object(&caller.state, target).await?;
        let object = found.ok_or(Denial::NotFound(Thing::Object))?;
        if caller.may_use(&object.map) {
            Ok(object)
        } else {
            Err(Denial::ObjectHidden)
        }
    }

    /// A live object that the caller may know of.
    ///
    /// # Errors
    /// As for [`Strongroom::known_object`]; or it is deleted or expired.
    pub(super) async fn live_object(
        &self,
        caller: &Caller,
        target: &Target,
    ) -> Result<Object, Denial> {
        let object = self.known_object(caller, target).await?;
        if object.is_live(self.time.now()) {
            Ok(object)
        } else {
            Err(Denial::NotFound(Thing::Object))
        }
    }

    /// The object that holds a name. One that expired and was not purged yet is purged now, so that
    /// its name is free.
    pub(super) async fn holder(
        &self,
        caller: &Caller,
        name: &ObjectName,
    ) -> Result<Option<Object>, Stopped> {
        let target = Target::Name(name.clone());
        let Some(object) = self.find_object(&caller.state, &target).await? else {
            return Ok(None);
        };
        if object.is_live(self.time.now()) {
            return Ok(Some(object));
        }
        self.purge_expired(&caller.state, &object).await?;
        Ok(None)
    }
}
