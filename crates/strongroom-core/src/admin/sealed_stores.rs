//! Sealed stores, administered: made, counted, destroyed with all that they hold.

use strongroom_log::map::MapView;
use strongroom_types::body::{Page, SealedStoreCreate, SealedStoreInfo, StoreInfo};
use strongroom_types::{Kind, Operation, Permission, StoreName};

use super::stores::{Delete, family_page, new_store};
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
        let page = family_page(room, caller, &self.0, StoreFamily::Sealed).await?;
        let mut items = Vec::new();
        for store in page.items {
            if let Some(row) = room.store.sealed_map(caller.state.id, store.id).await? {
                let counts = room.store.sealed_counts(caller.state.id, store.id).await?;
                items.push(counted(caller, store, &row, counts));
            }
        }
        let next = page.next;
        Ok((Page { items, next }, reading("sealed stores")))
    }
}
