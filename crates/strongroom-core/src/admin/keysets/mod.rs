//! Keysets, administered: declared, changed, suspended, granted to their clients.
//!
//! Their key contexts are administered like all others: `contexts` rotates and destroys them.

mod clients;
mod grants;

use strongroom_types::body::{ContextState, KeysetInfo};
use strongroom_types::{KeysetId, KeysetName, Kind, Operation, Permission};

pub use clients::{KeysetClientCreate, KeysetClientCreated};

use super::contexts::{first_version, switch};
use super::{Administration, body_digest, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::keysets::{Keyset, KeysetBody, KeysetPlace, NameBody, WhichKeyset, info, name_id};
use crate::ports::{Change, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;

/// The longest description, in Unicode scalar values.
const DESCRIPTION_CHARS_MAX: usize = 256;

/// A keyset to be declared.
#[derive(Clone, Debug)]
pub struct KeysetCreate {
    /// Its name, which no other one has.
    pub name: KeysetName,
    /// What people call it.
    pub description: String,
    /// The name of a client to make with it.
    pub client: Option<String>,
}

/// What is to be changed of a keyset.
#[derive(Clone, Debug)]
pub struct KeysetModify {
    /// Which.
    pub keyset: WhichKeyset,
    /// Its new name.
    pub name: Option<KeysetName>,
    /// What people shall call it.
    pub description: Option<String>,
}

impl Strongroom {
    /// Declares a keyset, and makes a client of it where one is named.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn keyset_create(
        &self,
        ask: &Ask,
        request: KeysetCreate,
    ) -> Result<Answered<(KeysetInfo, Option<KeysetClientCreated>)>, Refused> {
        self.administer(ask, Create(request)).await
    }

    /// Lists the keysets that the caller may use.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn keysets(
        &self,
        ask: &Ask,
        show_disabled: bool,
    ) -> Result<Answered<Vec<KeysetInfo>>, Refused> {
        self.administer(ask, List { show_disabled }).await
    }

    /// Changes what is said of a keyset.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn keyset_modify(
        &self,
        ask: &Ask,
        request: KeysetModify,
    ) -> Result<Answered<()>, Refused> {
        self.administer(ask, Modify(request)).await
    }

    /// Suspends a keyset: ordered by its entry, on all nodes.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn keyset_disable(
        &self,
        ask: &Ask,
        keyset: WhichKeyset,
    ) -> Result<Answered<()>, Refused> {
        self.administer(ask, Disable(keyset)).await
    }

    /// Resumes a keyset.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn keyset_enable(
        &self,
        ask: &Ask,
        keyset: WhichKeyset,
    ) -> Result<Answered<()>, Refused> {
        self.administer(ask, Enable(keyset)).await
    }

    /// A keyset that the caller may administer.
    pub(super) async fn administered_keyset(
        &self,
        caller: &Caller,
        which: &WhichKeyset,
    ) -> Result<(std::sync::Arc<Keyset>, KeysetPlace), Denial> {
        let id = self.keyset_id(&caller.state, which, None).await?;
        let keyset = self.keyset(&caller.state, id).await?;
        let place = KeysetPlace::of(caller, id)?;
        Ok((keyset, place))
    }

    /// A new keyset and the rows of it.
    async fn new_keyset(
        &self,
        caller: &Caller,
        body: KeysetBody,
    ) -> Result<(Keyset, KeysetPlace, Vec<Change>), Denial> {
        let state = &caller.state;
        let id = KeysetId::from_random(self.generate_id()?);
        // Whoever may use some keysets only cannot make another.
        let place = KeysetPlace::of(caller, id)?;
        let version = first_version(self, caller, place.context)?;
        let kind = (Kind::Keyset, place.context);
        let row = self.new_context(state, kind, &place.map, version).await?;
        let created = row.created;
        let keyset = Keyset { id, created, body };
        let mut changes = vec![Change::InsertContext(row)];
        changes.push(put_keyset(caller, &keyset)?);
        changes.push(put_name(caller, &keyset)?);
        Ok((keyset, place, changes))
    }

    /// # Errors
    /// Another keyset has the name.
    async fn check_name_is_free(&self, caller: &Caller, name: &KeysetName) -> Result<(), Denial> {
        match self.keyset_named(&caller.state, name).await? {
            None => Ok(()),
            Some(_) => Err(Denial::Conflict(Thing::Keyset)),
        }
    }
}

fn put_keyset(caller: &Caller, keyset: &Keyset) -> Result<Change, Denial> {
    let state = &caller.state;
    let place = (RecordKind::Keyset, keyset.id.to_string(), keyset.created);
    let record = record::seal(&state.keys, state.id, place, &keyset.body)?;
    Ok(Change::PutRecord(state.id, record))
}

fn put_name(caller: &Caller, keyset: &Keyset) -> Result<Change, Denial> {
    let state = &caller.state;
    let id = name_id(state, &keyset.body.name);
    let place = (RecordKind::KeysetName, id, keyset.created);
    let body = NameBody { keyset: keyset.id };
    let record = record::seal(&state.keys, state.id, place, &body)?;
    Ok(Change::PutRecord(state.id, record))
}

fn check_description(description: &str) -> Result<(), Denial> {
    if description.chars().count() <= DESCRIPTION_CHARS_MAX {
        return Ok(());
    }
    Err(Invalid::Field("description".into()).into())
}

fn check_unreserved(name: &KeysetName) -> Result<(), Denial> {
    if name.is_reserved() {
        return Err(Invalid::Field("name".into()).into());
    }
    Ok(())
}

/// The account of a change to a keyset.
fn account(caller: &Caller, keyset: &Keyset, changes: Vec<Change>) -> Result<Account, Denial> {
    let body = body_digest(&caller.state.keys, &keyset.body)?;
    Ok(Account::of_changes(changes)
        .fact("keyset", &keyset.id.to_string())
        .fact("body", &body))
}

struct Create(KeysetCreate);

impl Administration for Create {
    const OPERATION: Operation = Operation::KeysetCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminKeysets);
    type Answer = (KeysetInfo, Option<KeysetClientCreated>);

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Self::Answer, Account), Stopped> {
        let request = &self.0;
        check_unreserved(&request.name)?;
        check_description(&request.description)?;
        room.check_name_is_free(caller, &request.name).await?;
        let body = KeysetBody {
            name: request.name.clone(),
            description: request.description.clone(),
            is_default: false,
        };
        let (keyset, place, mut changes) = room.new_keyset(caller, body).await?;
        let client = match &request.client {
            None => None,
            Some(name) => {
                let client = KeysetClientCreate {
                    keyset: WhichKeyset::Id(keyset.id),
                    name: name.clone(),
                    description: request.description.clone(),
                };
                let made = room.new_keyset_client(caller, &client, keyset.id).await?;
                changes.extend(made.changes);
                Some(made.created)
            }
        };
        let mut account = account(caller, &keyset, changes)?;
        account = account.of_kind(Kind::Keyset, place.context, &place.map);
        if let Some(client) = &client {
            account = account.fact("keyset_client", &client.info.id.to_string());
        }
        Ok(((info(&keyset, false), client), account))
    }
}

struct List {
    show_disabled: bool,
}

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::KeysetsList);
    type Answer = Vec<KeysetInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Vec<KeysetInfo>, Account), Stopped> {
        let state = &caller.state;
        let open = |row: &crate::ports::Record| record::keyset(&state.keys, state.id, row);
        let all = room.all_records(state.id, RecordKind::Keyset, open).await?;
        let mut listed = Vec::new();
        for keyset in &all {
            let Ok(place) = KeysetPlace::of(caller, keyset.id) else {
                continue;
            };
            let row = room.store.context(state.id, place.context).await?;
            match row.map(|row| row.state) {
                None | Some(ContextState::Destroyed) => {}
                Some(ContextState::Disabled) if !self.show_disabled => {}
                Some(now) => listed.push(info(keyset, now == ContextState::Disabled)),
            }
        }
        Ok((listed, reading("keysets")))
    }
}

struct Modify(KeysetModify);

impl Administration for Modify {
    const OPERATION: Operation = Operation::KeysetUpdate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminKeysets);
    type Answer = ();

    async fn decide(&self, room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        let (known, place) = room.administered_keyset(caller, &self.0.keyset).await?;
        let mut body = known.body.clone();
        let mut changes = Vec::new();
        if let Some(description) = &self.0.description {
            check_description(description)?;
            body.description.clone_from(description);
        }
        let renamed = self.0.name.as_ref().filter(|name| **name != body.name);
        if let Some(name) = renamed {
            check_unreserved(name)?;
            // The name of the first one is what clients ask for that name none.
            check_unreserved(&body.name)?;
            room.check_name_is_free(caller, name).await?;
            let former = name_id(&caller.state, &body.name);
            changes.push(Change::DeleteRecord(RecordKind::KeysetName, former));
            body.name.clone_from(name);
        }
        let (id, created) = (known.id, known.created);
        let keyset = Keyset { id, created, body };
        changes.push(put_keyset(caller, &keyset)?);
        changes.push(put_name(caller, &keyset)?);
        let account = account(caller, &keyset, changes)?;
        Ok(((), account.of_kind(Kind::Keyset, place.context, &place.map)))
    }
}

struct Disable(WhichKeyset);

impl Administration for Disable {
    const OPERATION: Operation = Operation::KeysetDisable;
    const PERMISSION: Option<Permission> = Some(Permission::AdminKeysets);
    type Answer = ();

    async fn decide(&self, room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        let states = (ContextState::Active, ContextState::Disabled);
        switch_keyset(room, caller, &self.0, states).await
    }
}

struct Enable(WhichKeyset);

impl Administration for Enable {
    const OPERATION: Operation = Operation::KeysetEnable;
    const PERMISSION: Option<Permission> = Some(Permission::AdminKeysets);
    type Answer = ();

    async fn decide(&self, room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        let states = (ContextState::Disabled, ContextState::Active);
        switch_keyset(room, caller, &self.0, states).await
    }
}

async fn switch_keyset(
    room: &Strongroom,
    caller: &Caller,
    which: &WhichKeyset,
    states: (ContextState, ContextState),
) -> Result<((), Account), Stopped> {
    let (keyset, place) = room.administered_keyset(caller, which).await?;
    let (_, account) = switch(room, caller, place.context, states).await?;
    Ok(((), account.fact("keyset", &keyset.id.to_string())))
}
