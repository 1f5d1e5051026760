//! Stores, administered: declared, listed, destroyed with all that they hold.

use serde::{Deserialize, Serialize};
use strongroom_types::body::{ContextState, Page, StoreInfo};
use strongroom_types::{
    ContextId, KeyContext, Kind, Operation, Permission, StoreName, WorkspaceId,
};

use super::contexts::{first_version, page_begin, page_end};
use super::{Administration, NAME_CHARS_MAX, PageQuery, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{CiphertextFault, Denial, Invalid, Refused, Thing};
use crate::door::keyring::map_place;
use crate::door::{Account, Stopped};
use crate::ports::{Change, ContextRow, FoundStore, StoreRow, Tombstone};
use crate::stores::{StoreFamily, StorePlace};
use crate::strongroom::Strongroom;
use crate::time::format_time;
use crate::workspace::WorkspaceState;

/// The part of a store's row that is sealed.
#[derive(Debug, Serialize, Deserialize)]
struct StoreBody {
    display_name: Option<String>,
}

/// The place of a store's body.
fn place<'a>(workspace: &'a WorkspaceId, context: &'a ContextId) -> [&'a [u8]; 3] {
    [b"store", workspace.as_bytes(), context.as_bytes()]
}

impl Strongroom {
    /// Declares a store, or changes what people call one that is there.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn store_put(
        &self,
        ask: &Ask,
        name: StoreName,
        display_name: Option<String>,
    ) -> Result<Answered<StoreInfo>, Refused> {
        self.administer(ask, Put { name, display_name }).await
    }

    /// Lists the stores that the caller may use. A page that is not full may have a next one.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn stores(
        &self,
        ask: &Ask,
        query: PageQuery,
    ) -> Result<Answered<Page<StoreInfo>>, Refused> {
        self.administer(ask, List(query)).await
    }

    /// Destroys a store's keys and all that it holds. Copies in backups are gone when the
    /// `final_after` of the entry has passed.
    ///
    /// # Errors
    /// As for [`Strongroom::context_destroy`].
    pub async fn store_delete(&self, ask: &Ask, name: StoreName) -> Result<Answered<()>, Refused> {
        let family = StoreFamily::Plain;
        self.destroy(ask, Delete { name, family }).await
    }
}

/// Describes a store as it was found, if it is of the family.
pub(super) fn info(
    state: &WorkspaceState,
    family: StoreFamily,
    found: &FoundStore,
) -> Result<Option<(StoreInfo, KeyContext)>, Denial> {
    let id = found.row.context;
    let keys = &state.keys;
    let map: KeyContext = keys.open_body("context", &map_place(&state.id, &id), &found.map)?;
    let Some(name) = map.value(family.pair()) else {
        return Ok(None);
    };
    // A signing key may have a pair of the same name.
    if state.context_id(Kind::Store, &map) != id {
        return Ok(None);
    }
    let body: StoreBody = keys.open_body("store", &place(&state.id, &id), &found.row.body)?;
    let altered = |_no_name| Denial::Ciphertext(CiphertextFault::Altered);
    let info = StoreInfo {
        id,
        name: name.parse().map_err(altered)?,
        display_name: body.display_name,
        created: format_time(found.row.created),
    };
    Ok(Some((info, map)))
}

struct Put {
    name: StoreName,
    display_name: Option<String>,
}

/// The row of a store as it shall be.
fn row(
    state: &WorkspaceState,
    context: ContextId,
    display_name: Option<String>,
    created: i64,
) -> Result<StoreRow, Denial> {
    let body = StoreBody { display_name };
    Ok(StoreRow {
        context,
        body: state.keys.seal_body(&place(&state.id, &context), &body)?,
        created,
    })
}

/// The changes that make a new store, in an order in which they apply.
pub(super) async fn new_store(
    room: &Strongroom,
    caller: &Caller,
    place: &StorePlace,
    display_name: Option<String>,
) -> Result<(StoreRow, Vec<Change>), Stopped> {
    let (state, id) = (&caller.state, place.context);
    let (context, make) = declared(room, caller, (Kind::Store, id), &place.map).await?;
    let row = row(state, id, display_name, room.time.now())?;
    let store = Change::InsertStore(row.clone());
    Ok((row, vec![make(context), store]))
}

/// The row of a key context that is declared, and the change that makes it, again if it was destroyed.
/// That there is none was read before.
pub(super) async fn declared(
    room: &Strongroom,
    caller: &Caller,
    kind: (Kind, ContextId),
    map: &KeyContext,
) -> Result<(ContextRow, fn(ContextRow) -> Change), Stopped> {
    let (state, (_, id)) = (&caller.state, kind);
    match room.store.context(state.id, id).await? {
        None => {
            let version = first_version(room, caller, id)?;
            let row = room.new_context(state, kind, map, version).await?;
            Ok((row, Change::InsertContext))
        }
        Some(old) if old.state == ContextState::Destroyed => {
            let version = old.next_version();
            let version = version.ok_or(Denial::Conflict(Thing::KeyVersion))?;
            let row = room.new_context(state, kind, map, version).await?;
            Ok((row, Change::RecreateContext))
        }
        // It was made since this was read.
        Some(_) => Err(Stopped::Stale),
    }
}

impl Administration for Put {
    const OPERATION: Operation = Operation::StorePut;
    const PERMISSION: Option<Permission> = Some(Permission::AdminStores);
    type Answer = StoreInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(StoreInfo, Account), Stopped> {
        let display_chars = self.display_name.as_deref().unwrap_or_default().chars();
        if display_chars.count() > NAME_CHARS_MAX {
            return Err(Denial::from(Invalid::Field("display_name".into())).into());
        }
        let place = StorePlace::of(caller, StoreFamily::Plain, &self.name)?;
        let name = self.display_name.clone();
        let found = room.store.store(caller.state.id, place.context).await?;
        let (row, changes, what) = match found {
            None => {
                let (row, changes) = new_store(room, caller, &place, name).await?;
                (row, changes, "made")
            }
            Some(found) => {
                let row = row(&caller.state, place.context, name, found.row.created)?;
                let seen = found.changed;
                let update = Change::UpdateStore {
                    row: row.clone(),
                    seen,
                };
                (row, vec![update], "changed")
            }
        };
        let account = Account::of_changes(changes)
            .of_kind(Kind::Store, place.context, &place.map)
            .fact("store", what);
        let info = StoreInfo {
            id: place.context,
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            created: format_time(row.created),
        };
        Ok((info, account))
    }
}

/// How many rows are read together.
const ROWS: u32 = 200;

/// A page of what stands among the stores. A page that is not full may have a next one.
pub(super) async fn store_page<T>(
    room: &Strongroom,
    caller: &Caller,
    query: &PageQuery,
    read: impl Fn(&FoundStore) -> Result<Option<T>, Denial>,
) -> Result<Page<T>, Denial> {
    let limit = usize::try_from(query.limit()?).unwrap_or(usize::MAX);
    let after = page_begin(caller, query)?;
    let rows = room.store.stores(caller.state.id, after, ROWS).await?;
    let (mut items, mut last) = (Vec::new(), None);
    for found in &rows {
        if items.len() == limit {
            break;
        }
        last = Some(found.row.context);
        items.extend(read(found)?);
    }
    let read_all = rows.last().map(|row| row.row.context) == last;
    let ended = read_all && rows.len() < ROWS as usize;
    let next = last.filter(|_| !ended);
    let next = next.map(|id| page_end(caller, id)).transpose()?;
    Ok(Page { items, next })
}

/// A page of the caller's stores of a family.
pub(super) async fn family_page(
    room: &Strongroom,
    caller: &Caller,
    query: &PageQuery,
    family: StoreFamily,
) -> Result<Page<StoreInfo>, Denial> {
    let read = |found: &FoundStore| {
        let described = info(&caller.state, family, found)?;
        let described = described.filter(|(_, map)| caller.may_use(map));
        Ok(described.map(|(info, _)| info))
    };
    store_page(room, caller, query, read).await
}

struct List(PageQuery);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminStores);
    type Answer = Page<StoreInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<StoreInfo>, Account), Stopped> {
        let page = family_page(room, caller, &self.0, StoreFamily::Plain).await?;
        Ok((page, reading("stores")))
    }
}

/// Destroys a store of either family.
pub(super) struct Delete {
    pub(super) name: StoreName,
    pub(super) family: StoreFamily,
}

impl Administration for Delete {
    const OPERATION: Operation = Operation::StoreDelete;
    const PERMISSION: Option<Permission> = Some(Permission::AdminStores);
    type Answer = ((), Tombstone);

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(((), Tombstone), Account), Stopped> {
        let state = &caller.state;
        let place = StorePlace::of(caller, self.family, &self.name)?;
        let unknown = Denial::NotFound(Thing::Store);
        let row = room.store.context(state.id, place.context).await?;
        let mut row = row.ok_or_else(|| unknown.clone())?;
        if row.state == ContextState::Destroyed {
            room.keep_tombstone_again(state.id, &row).await?;
            return Err(unknown.into());
        }
        let found = room.store.store(state.id, place.context).await?;
        let found = found.ok_or_else(|| unknown.clone())?;
        info(state, self.family, &found)?.ok_or(unknown)?;
        let (account, tombstone) = room.destruction_of(state.id, &mut row, &place.map);
        Ok((((), tombstone), account))
    }
}
