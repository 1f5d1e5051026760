//! Slots: a store's root key, wrapped by a client.

use serde::{Deserialize, Serialize};
use strongroom_crypto::secret::Secret;
use strongroom_types::body::{Page, SlotInfo, SlotKind, SlotPut, SlotSummary};
use strongroom_types::{Bytes, Kind, Operation, Permission, StoreName};

use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{CiphertextFault, Denial, Invalid, Refused, Thing};
use crate::door::{Account, Asked, Permit, Planned, Released, Stopped, Use};
use crate::ports::{Change, SealedChange};
use crate::stores::{StoreFamily, StorePlace, tag};
use crate::strongroom::Strongroom;

/// The most slots of a store.
const SLOTS_MAX: u32 = 100;

/// A slot as its row keeps it, sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct SlotBody {
    name: StoreName,
    kind: SlotKind,
    epoch: u32,
    wrapped: Bytes,
    salt: Option<Bytes>,
    /// The seed of the oblivious PRF's key, sealed at its place; only for passphrases.
    pub(super) oprf: Option<Bytes>,
}

/// A slot that a request names.
pub(super) struct SlotPlace {
    pub(super) store: StorePlace,
    /// The slot's name as the database looks it up.
    pub(super) hash: Vec<u8>,
    name: StoreName,
}

impl SlotPlace {
    pub(super) fn of(
        caller: &Caller,
        (store, slot): (&StoreName, &StoreName),
    ) -> Result<Self, Denial> {
        let store = StorePlace::of(caller, StoreFamily::Sealed, store)?;
        let keys = &caller.state.keys.context_id;
        let named = [b"slot/", slot.as_str().as_bytes()].concat();
        Ok(Self {
            hash: keys.store_value_name(store.context, &named).to_vec(),
            store,
            name: slot.clone(),
        })
    }

    pub(super) fn place<'a>(&'a self, caller: &'a Caller, what: &'a [u8]) -> [&'a [u8]; 4] {
        let context = self.store.context.as_bytes();
        [what, caller.state.id.as_bytes(), context, &self.hash]
    }

    pub(super) async fn find(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<SlotBody, Denial> {
        let found = room
            .store
            .sealed_slot(caller.state.id, self.store.context, &self.hash);
        let sealed = found.await?.ok_or(Denial::NotFound(Thing::Slot))?;
        let place = self.place(caller, b"slot");
        let body: SlotBody = caller
            .state
            .keys
            .open_body("sealed_slot", &place, &sealed)?;
        Ok(body)
    }

    /// The seed of the oblivious PRF's key for this slot.
    pub(super) fn open_seed(&self, caller: &Caller, sealed: &Bytes) -> Result<Secret<32>, Denial> {
        let place = self.place(caller, b"slot seed");
        let opened = caller.state.keys.roots.open_row(&place, &sealed.0);
        let altered = Denial::Ciphertext(CiphertextFault::Altered);
        let opened = opened.map_err(|_other_place| altered.clone())?;
        let seed = opened.expose().try_into().map_err(|_length| altered)?;
        Ok(Secret::from_bytes(seed))
    }

    pub(super) fn account(&self, caller: &Caller, changes: Vec<SealedChange>) -> Account {
        let changes = changes.into_iter().map(Change::SealedStore).collect();
        Account::of_changes(changes)
            .of_kind(Kind::Store, self.store.context, &self.store.map)
            .fact("slot", &tag(&caller.state, self.store.context, &self.hash))
    }

    fn info(&self, caller: &Caller, body: SlotBody) -> SlotInfo {
        SlotInfo {
            workspace: caller.state.id,
            slot: self.name.clone(),
            kind: body.kind,
            epoch: body.epoch,
            wrapped: body.wrapped,
            salt: body.salt,
        }
    }
}

impl Strongroom {
    /// Keeps a slot.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when there is a slot of the name
    /// that it shall not replace.
    pub async fn sealed_slot_put(
        &self,
        ask: &Ask,
        (store, slot): (StoreName, StoreName),
        request: SlotPut,
    ) -> Result<Answered<SlotInfo>, Refused> {
        let put = Put {
            store,
            slot,
            request,
        };
        self.enter(ask, &put).await
    }

    /// Lists the slots of a store, all of them: there are few.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn sealed_slots(
        &self,
        ask: &Ask,
        store: StoreName,
    ) -> Result<Answered<Page<SlotSummary>>, Refused> {
        self.enter(ask, &List(store)).await
    }

    /// Gives out a slot. Without its secret it says nothing.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn sealed_slot_get(
        &self,
        ask: &Ask,
        (store, slot): (StoreName, StoreName),
    ) -> Result<Answered<SlotInfo>, Refused> {
        self.enter(ask, &Get { store, slot }).await
    }

    /// Removes a slot: its secret opens nothing any more.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn sealed_slot_delete(
        &self,
        ask: &Ask,
        (store, slot): (StoreName, StoreName),
    ) -> Result<Answered<()>, Refused> {
        self.enter(ask, &Delete { store, slot }).await
    }
}

struct Put {
    store: StoreName,
    slot: StoreName,
    request: SlotPut,
}

/// Bytes of a wrapped root: a seal of 32 bytes.
const WRAPPED_BYTES: usize = 104;
const SALT_BYTES: usize = 16;

impl Put {
    fn body(&self, caller: &Caller, place: &SlotPlace) -> Result<SlotBody, Denial> {
        let wrong = |field: &'static str| Denial::from(Invalid::Field(field.into()));
        let request = &self.request;
        if request.wrapped.0.len() != WRAPPED_BYTES {
            return Err(wrong("wrapped"));
        }
        let hardened = request.kind == SlotKind::Passphrase;
        let salt = request.salt.as_ref().map(|salt| salt.0.len());
        if salt != hardened.then_some(SALT_BYTES) {
            return Err(wrong("salt"));
        }
        if request.ticket.is_some() != hardened {
            return Err(wrong("ticket"));
        }
        // A ticket of another slot is none.
        if let Some(ticket) = &request.ticket {
            place
                .open_seed(caller, ticket)
                .map_err(|_other_place| wrong("ticket"))?;
        }
        Ok(SlotBody {
            name: place.name.clone(),
            kind: request.kind,
            epoch: request.epoch,
            wrapped: request.wrapped.clone(),
            salt: request.salt.clone(),
            oprf: request.ticket.clone(),
        })
    }
}

impl Use for Put {
    const OPERATION: Operation = Operation::SealedSlotPut;
    const PERMISSION: Option<Permission> = Some(Permission::AdminStores);
    type Work = SlotInfo;
    type Answer = SlotInfo;

    fn asked(&self) -> Asked {
        StoreFamily::Sealed.asked(&self.store)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<SlotInfo>, Stopped> {
        let place = SlotPlace::of(caller, (&self.store, &self.slot))?;
        let map = room
            .sealed_map(caller.state.id, place.store.context)
            .await?;
        if self.request.epoch != map.epoch {
            return Err(Denial::from(Invalid::Field("epoch".into())).into());
        }
        let body = self.body(caller, &place)?;
        match place.find(room, caller).await {
            Ok(_) if !self.request.replace => return Err(Denial::Conflict(Thing::Slot).into()),
            Ok(_) => {}
            Err(Denial::NotFound(_)) => {
                let (workspace, context) = (caller.state.id, place.store.context);
                let slots = room.store.sealed_slots(workspace, context, SLOTS_MAX);
                if slots.await?.len() >= SLOTS_MAX as usize {
                    return Err(Denial::Conflict(Thing::Slot).into());
                }
            }
            Err(denial) => return Err(denial.into()),
        }
        let keys = &caller.state.keys;
        let put = SealedChange::PutSlot {
            context: place.store.context,
            slot: place.hash.clone(),
            body: keys.seal_body(&place.place(caller, b"slot"), &body)?,
            replace: self.request.replace,
        };
        let account = place.account(caller, vec![put]);
        let work = place.info(caller, body);
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, work: SlotInfo, _permit: Permit) -> Released<SlotInfo> {
        Released::of(Ok(work))
    }
}

struct List(StoreName);

impl Use for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminStores);
    type Work = Page<SlotSummary>;
    type Answer = Page<SlotSummary>;

    fn asked(&self) -> Asked {
        StoreFamily::Sealed.asked(&self.0)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Self::Work>, Stopped> {
        let state = &caller.state;
        let store = StorePlace::of(caller, StoreFamily::Sealed, &self.0)?;
        room.sealed_map(state.id, store.context).await?;
        let rows = room.store.sealed_slots(state.id, store.context, SLOTS_MAX);
        let mut items = Vec::new();
        for (hash, sealed) in rows.await? {
            let context = store.context.as_bytes();
            let place = [&b"slot"[..], state.id.as_bytes(), context, &hash];
            let body: SlotBody = state.keys.open_body("sealed_slot", &place, &sealed)?;
            items.push(SlotSummary {
                slot: body.name,
                kind: body.kind,
                epoch: body.epoch,
            });
        }
        items.sort_unstable_by(|a, b| a.slot.cmp(&b.slot));
        let account = Account::of_one()
            .of_kind(Kind::Store, store.context, &store.map)
            .fact("read", "slots");
        let work = Page { items, next: None };
        Ok(Planned { work, account })
    }

    fn release(
        &self,
        _room: &Strongroom,
        work: Self::Work,
        _permit: Permit,
    ) -> Released<Self::Answer> {
        Released::of(Ok(work))
    }
}

struct Get {
    store: StoreName,
    slot: StoreName,
}

impl Use for Get {
    const OPERATION: Operation = Operation::SealedSlotGet;
    const PERMISSION: Option<Permission> = Some(Permission::StoresRead);
    type Work = SlotInfo;
    type Answer = SlotInfo;

    fn asked(&self) -> Asked {
        StoreFamily::Sealed.asked(&self.store)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<SlotInfo>, Stopped> {
        let place = SlotPlace::of(caller, (&self.store, &self.slot))?;
        room.sealed_map(caller.state.id, place.store.context)
            .await?;
        room.check_store_open(caller, place.store.context).await?;
        let body = place.find(room, caller).await?;
        let account = place.account(caller, Vec::new());
        let work = place.info(caller, body);
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, work: SlotInfo, _permit: Permit) -> Released<SlotInfo> {
        Released::of(Ok(work))
    }
}

struct Delete {
    store: StoreName,
    slot: StoreName,
}

impl Use for Delete {
    const OPERATION: Operation = Operation::SealedSlotDelete;
    const PERMISSION: Option<Permission> = Some(Permission::AdminStores);
    type Work = ();
    type Answer = ();

    fn asked(&self) -> Asked {
        StoreFamily::Sealed.asked(&self.store)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<()>, Stopped> {
        let place = SlotPlace::of(caller, (&self.store, &self.slot))?;
        room.sealed_map(caller.state.id, place.store.context)
            .await?;
        place.find(room, caller).await?;
        let delete = SealedChange::DeleteSlot {
            context: place.store.context,
            slot: place.hash.clone(),
        };
        Ok(Planned {
            work: (),
            account: place.account(caller, vec![delete]),
        })
    }

    fn release(&self, _room: &Strongroom, _work: (), _permit: Permit) -> Released<()> {
        Released::of(Ok(()))
    }
}
