//! Slots: a store's root key, wrapped by a client; and the server's part of opening one with a
//! passphrase.

use serde::{Deserialize, Serialize};
use strongroom_crypto::oprf::{ELEMENT_BYTES, OprfKey};
use strongroom_crypto::secret::Secret;
use strongroom_types::body::{Evaluate, Evaluated, SlotInfo, SlotKind, SlotPut};
use strongroom_types::{Bytes, Kind, Operation, Permission, StoreName};

use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Asked, Permit, Planned, Released, Stopped, Use};
use crate::ports::{Change, Guesses, Micros, SealedChange};
use crate::stores::{StoreFamily, StorePlace};
use crate::strongroom::Strongroom;
use crate::time::seconds;

/// Guesses that a client has at a slot within an hour.
const GUESSES: u64 = 10;
const HOUR: Micros = seconds(3600);

/// A slot as its row keeps it, sealed.
#[derive(Serialize, Deserialize)]
struct SlotBody {
    kind: SlotKind,
    epoch: u32,
    wrapped: Bytes,
    salt: Option<Bytes>,
    /// The seed of the oblivious PRF's key; only for passphrases.
    oprf: Option<Bytes>,
}

/// A slot that a request names.
struct SlotPlace {
    store: StorePlace,
    /// The slot's name as the database looks it up.
    hash: Vec<u8>,
    name: StoreName,
}

impl SlotPlace {
    fn of(caller: &Caller, (store, slot): (&StoreName, &StoreName)) -> Result<Self, Denial> {
        let store = StorePlace::of(caller, StoreFamily::Sealed, store)?;
        let keys = &caller.state.keys.context_id;
        let named = [b"slot/", slot.as_str().as_bytes()].concat();
        Ok(Self {
            hash: keys.store_value_name(store.context, &named).to_vec(),
            store,
            name: slot.clone(),
        })
    }

    fn place<'a>(&'a self, caller: &'a Caller, what: &'a [u8]) -> [&'a [u8]; 4] {
        let context = self.store.context.as_bytes();
        [what, caller.state.id.as_bytes(), context, &self.hash]
    }

    async fn find(&self, room: &Strongroom, caller: &Caller) -> Result<SlotBody, Denial> {
        let found = room
            .store
            .sealed_slot(caller.state.id, self.store.context, &self.hash);
        let sealed = found.await?.ok_or(Denial::NotFound(Thing::Slot))?;
        let place = self.place(caller, b"slot");
        Ok(caller
            .state
            .keys
            .open_body("sealed_slot", &place, &sealed)?)
    }

    fn account(&self, changes: Vec<SealedChange>) -> Account {
        let changes = changes.into_iter().map(Change::SealedStore).collect();
        Account::of_changes(changes)
            .of_kind(Kind::Store, self.store.context, &self.store.map)
            .fact("slot", self.name.as_str())
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

    /// The server's part of hardening a passphrase for a slot that is there: one guess.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when the client has no guess left.
    pub async fn sealed_evaluate(
        &self,
        ask: &Ask,
        (store, slot): (StoreName, StoreName),
        request: Evaluate,
    ) -> Result<Answered<Evaluated>, Refused> {
        let evaluation = Evaluation {
            store,
            slot,
            request,
        };
        self.enter(ask, &evaluation).await
    }

    /// The same for a slot that is being made, under a key that no slot has yet.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn sealed_prepare(
        &self,
        ask: &Ask,
        (store, slot): (StoreName, StoreName),
        request: Evaluate,
    ) -> Result<Answered<Evaluated>, Refused> {
        let prepare = Prepare {
            store,
            slot,
            request,
        };
        self.enter(ask, &prepare).await
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
        let open = |ticket: &Bytes| -> Result<Bytes, Denial> {
            let keys = &caller.state.keys;
            let place = place.place(caller, b"slot ticket");
            let seed = keys.open_body("ticket", &place, &ticket.0);
            seed.map_err(|_other_place| wrong("ticket"))
        };
        Ok(SlotBody {
            kind: request.kind,
            epoch: request.epoch,
            wrapped: request.wrapped.clone(),
            salt: request.salt.clone(),
            oprf: request.ticket.as_ref().map(open).transpose()?,
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
        let there = place.find(room, caller).await;
        match there {
            Ok(_) if !self.request.replace => return Err(Denial::Conflict(Thing::Slot).into()),
            Ok(_) | Err(Denial::NotFound(_)) => {}
            Err(denial) => return Err(denial.into()),
        }
        let keys = &caller.state.keys;
        let put = SealedChange::PutSlot {
            context: place.store.context,
            slot: place.hash.clone(),
            body: keys.seal_body(&place.place(caller, b"slot"), &body)?,
            replace: self.request.replace,
        };
        let account = place.account(vec![put]);
        let work = place.info(caller, body);
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, work: SlotInfo, _permit: Permit) -> Released<SlotInfo> {
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
        let body = place.find(room, caller).await?;
        let account = place.account(Vec::new());
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
            account: place.account(vec![delete]),
        })
    }

    fn release(&self, _room: &Strongroom, _work: (), _permit: Permit) -> Released<()> {
        Released::of(Ok(()))
    }
}

struct Evaluation {
    store: StoreName,
    slot: StoreName,
    request: Evaluate,
}

/// A key of the oblivious PRF that is used once the entry is durable.
struct Evaluating {
    seed: Secret<32>,
    ticket: Option<Bytes>,
}

impl Evaluating {
    /// Evaluates, which uses up the permit of the entry.
    fn finish(self, blinded: &Bytes, _permit: Permit) -> Result<Evaluated, Denial> {
        let key = OprfKey::from_seed(&self.seed, b"").map_err(|_no_key| Denial::Internal)?;
        let evaluated = key.evaluate(&blinded.0);
        let evaluated = evaluated.map_err(|_no_element| Invalid::Field("blinded".into()))?;
        Ok(Evaluated {
            evaluated: evaluated.into(),
            ticket: self.ticket,
        })
    }
}

fn check_blinded(request: &Evaluate) -> Result<(), Denial> {
    if request.blinded.0.len() == ELEMENT_BYTES {
        return Ok(());
    }
    Err(Invalid::Field("blinded".into()).into())
}

impl Use for Evaluation {
    const OPERATION: Operation = Operation::SealedEvaluate;
    const PERMISSION: Option<Permission> = Some(Permission::StoresRead);
    type Work = Evaluating;
    type Answer = Evaluated;

    fn asked(&self) -> Asked {
        StoreFamily::Sealed.asked(&self.store)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Evaluating>, Stopped> {
        check_blinded(&self.request)?;
        let place = SlotPlace::of(caller, (&self.store, &self.slot))?;
        room.sealed_map(caller.state.id, place.store.context)
            .await?;
        let body = place.find(room, caller).await?;
        let seed = body.oprf.and_then(|seed| seed.0.try_into().ok());
        let seed: [u8; 32] = seed.ok_or(Denial::NotFound(Thing::Slot))?;
        let (guess, left) = next_guess(room, caller, &place).await?;
        let account = place.account(vec![guess]);
        let account = account.fact("guesses_left", &left.to_string());
        let work = Evaluating {
            seed: Secret::from_bytes(seed),
            ticket: None,
        };
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, work: Evaluating, permit: Permit) -> Released<Evaluated> {
        Released::of(work.finish(&self.request.blinded, permit))
    }
}

/// Counts a guess of the caller at a slot, and says how many are left.
async fn next_guess(
    room: &Strongroom,
    caller: &Caller,
    place: &SlotPlace,
) -> Result<(SealedChange, u64), Denial> {
    let (context, client) = (place.store.context, caller.client.id);
    let seen = room
        .store
        .sealed_guesses(caller.state.id, context, &place.hash, client);
    let (seen, now) = (seen.await?, room.time.now());
    let running = seen.filter(|seen| now.saturating_sub(seen.since) < HOUR);
    let before = running.unwrap_or(Guesses {
        used: 0,
        since: now,
    });
    if before.used >= GUESSES {
        return Err(Denial::RateLimited {
            limit: "slot_guesses",
        });
    }
    let now = Guesses {
        used: before.used + 1,
        ..before
    };
    let change = SealedChange::PutGuesses {
        context,
        slot: place.hash.clone(),
        client,
        seen,
        now,
    };
    Ok((change, GUESSES - now.used))
}

struct Prepare {
    store: StoreName,
    slot: StoreName,
    request: Evaluate,
}

impl Use for Prepare {
    const OPERATION: Operation = Operation::SealedEvaluate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminStores);
    type Work = Evaluating;
    type Answer = Evaluated;

    fn asked(&self) -> Asked {
        StoreFamily::Sealed.asked(&self.store)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Evaluating>, Stopped> {
        check_blinded(&self.request)?;
        let place = SlotPlace::of(caller, (&self.store, &self.slot))?;
        room.sealed_map(caller.state.id, place.store.context)
            .await?;
        let seed = Secret::<32>::generate(&*room.entropy);
        let seed = seed.map_err(|_no_entropy| Denial::Unavailable)?;
        let bytes = Bytes(seed.expose().to_vec());
        let keys = &caller.state.keys;
        let ticket = keys.seal_body(&place.place(caller, b"slot ticket"), &bytes)?;
        let account = place.account(Vec::new()).fact("slot_key", "new");
        let work = Evaluating {
            seed,
            ticket: Some(ticket.into()),
        };
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, work: Evaluating, permit: Permit) -> Released<Evaluated> {
        Released::of(work.finish(&self.request.blinded, permit))
    }
}
