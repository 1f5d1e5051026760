//! Sealed stores, administered: made, counted, destroyed with all that they hold.

use strongroom_log::map::MapView;
use strongroom_types::body::{Page, SealedStoreCreate, SealedStoreInfo, StoreInfo};
use strongroom_types::{Kind, Operation, Permission, StoreName};

use super::contexts::{page_begin, page_end};
use super::stores::{self, Delete, info, new_store};
use super::{Administration, PageQuery, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::ports::{Change, SealedChange, SealedCounts, SealedMapRow};
use crate::stores::{StoreFamily, StorePlace};
use crate::strongroom::Strongroom;
use crate::time::format_time;

/// The first epoch of a store.
const FIRST_EPOCH: u32 = 1;
/// How many versions are kept unless the store says otherwise.
const KEEP: u32 = 10;
const KEEP_MAX: u32 = 100;

impl Strongroom {
    /// Makes a sealed store.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when there is one of the name.
    pub async fn sealed_store_create(
        &self,
        ask: &Ask,
        request: SealedStoreCreate,
    ) -> Result<Answered<SealedStoreInfo>, Refused> {
        self.administer(ask, Create(request)).await
    }

    /// Counts the sealed stores that the caller may use. A page that is not full may have a next one.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn sealed_stores(
        &self,
        ask: &Ask,
        query: PageQuery,
    ) -> Result<Answered<Page<SealedStoreInfo>>, Refused> {
        self.administer(ask, List(query)).await
    }

    /// Destroys a sealed store's keys and all that it holds.
    ///
    /// # Errors
    /// As for [`Strongroom::context_destroy`].
    pub async fn sealed_store_delete(
        &self,
        ask: &Ask,
        name: StoreName,
    ) -> Result<Answered<()>, Refused> {
        let family = StoreFamily::Sealed;
        self.destroy(ask, Delete { name, family }).await
    }
}

struct Create(SealedStoreCreate);

impl Administration for Create {
    const OPERATION: Operation = Operation::SealedStoreCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminStores);
    type Answer = SealedStoreInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(SealedStoreInfo, Account), Stopped> {
        let keep = self.0.keep.unwrap_or(KEEP);
        if !(1..=KEEP_MAX).contains(&keep) {
            return Err(Denial::from(Invalid::Field("keep".into())).into());
        }
        let place = StorePlace::of(caller, StoreFamily::Sealed, &self.0.name)?;
        if room
            .store
            .store(caller.state.id, place.context)
            .await?
            .is_some()
        {
            return Err(Denial::Conflict(Thing::Store).into());
        }
        let (row, mut changes) = new_store(room, caller, &place, None).await?;
        let empty = MapView::default();
        let root = empty.root();
        let map = SealedMapRow {
            context: place.context,
            epoch: FIRST_EPOCH,
            keep,
            sequence: 0,
            next_version: 1,
            root: empty.into_changes().root.encode(),
            changed: 0,
        };
        let store = StoreInfo {
            id: place.context,
            name: self.0.name.clone(),
            display_name: None,
            created: format_time(row.created),
        };
        let none = SealedCounts {
            records: 0,
            versions: 0,
            bytes: 0,
        };
        let made = counted(caller, store, &map, none);
        changes.push(Change::SealedStore(SealedChange::Insert(map)));
        let account = Account::of_changes(changes)
            .of_kind(Kind::Store, place.context, &place.map)
            .fact("sequence", "0")
            .fact("root", &root.to_string());
        Ok((made, account))
    }
}

/// What is said of a store: numbers only.
fn counted(
    caller: &Caller,
    store: StoreInfo,
    map: &SealedMapRow,
    counts: SealedCounts,
) -> SealedStoreInfo {
    SealedStoreInfo {
        id: store.id,
        workspace: caller.state.id,
        name: store.name,
        created: store.created,
        epoch: map.epoch,
        keep: map.keep,
        sequence: map.sequence,
        records: counts.records,
        versions: counts.versions,
        bytes: counts.bytes,
    }
}

struct List(PageQuery);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminStores);
    type Answer = Page<SealedStoreInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<SealedStoreInfo>, Account), Stopped> {
        let limit = usize::try_from(self.0.limit()?).unwrap_or(usize::MAX);
        let after = page_begin(caller, &self.0)?;
        let id = caller.state.id;
        let rows = room.store.stores(id, after, stores::ROWS).await?;
        let (mut items, mut last) = (Vec::new(), None);
        for found in &rows {
            if items.len() == limit {
                break;
            }
            let context = found.row.context;
            last = Some(context);
            let Some((store, map)) = info(&caller.state, StoreFamily::Sealed, found)? else {
                continue;
            };
            let row = room.store.sealed_map(id, context).await?;
            if let Some(row) = row.filter(|_| caller.may_use(&map)) {
                let counts = room.store.sealed_counts(id, context).await?;
                items.push(counted(caller, store, &row, counts));
            }
        }
        let read_all = rows.last().map(|row| row.row.context) == last;
        let ended = read_all && rows.len() < stores::ROWS as usize;
        let next = last.filter(|_| !ended);
        let next = next.map(|id| page_end(caller, id)).transpose()?;
        Ok((Page { items, next }, reading("sealed stores")))
    }
}
