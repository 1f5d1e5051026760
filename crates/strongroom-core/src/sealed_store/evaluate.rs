//! The server's part of opening a slot with a passphrase: an oblivious PRF, whose uses are counted.

use strongroom_crypto::oprf::{ELEMENT_BYTES, OprfKey};
use strongroom_crypto::secret::Secret;
use strongroom_types::body::{Evaluate, Evaluated};
use strongroom_types::{Bytes, Operation, Permission, StoreName};

use super::slot::SlotPlace;
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Asked, Permit, Planned, Released, Stopped, Use};
use crate::fips::Algorithm;
use crate::ports::{Guesses, Micros, SealedChange};
use crate::stores::StoreFamily;
use crate::strongroom::Strongroom;
use crate::time::seconds;

/// Guesses that a client has at a slot within an hour.
const GUESSES: u64 = 10;
const HOUR: Micros = seconds(3600);

impl Strongroom {
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
        let blinded = Blinded {
            store,
            slot,
            request,
        };
        self.enter(ask, &Evaluation(blinded)).await
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
        let blinded = Blinded {
            store,
            slot,
            request,
        };
        self.enter(ask, &Prepare(blinded)).await
    }
}

/// What is evaluated for which slot.
struct Blinded {
    store: StoreName,
    slot: StoreName,
    request: Evaluate,
}

impl Blinded {
    /// The place of the slot, which may be evaluated for as far as the request and its store go.
    async fn place(&self, room: &Strongroom, caller: &Caller) -> Result<SlotPlace, Stopped> {
        room.check_fips(Algorithm::ObliviousPrf)?;
        if self.request.blinded.0.len() != ELEMENT_BYTES {
            return Err(Denial::from(Invalid::Field("blinded".into())).into());
        }
        let place = SlotPlace::of(caller, (&self.store, &self.slot))?;
        room.sealed_map(caller.state.id, place.store.context)
            .await?;
        Ok(place)
    }
}

struct Evaluation(Blinded);

/// A key of the oblivious PRF that is used once the entry is durable.
struct Evaluating {
    seed: Secret<32>,
    ticket: Option<Bytes>,
}

impl Evaluating {
    /// Evaluates, which uses up the permit of the entry.
    fn finish(self, blinded: &Bytes, permit: Permit) -> Result<Evaluated, Denial> {
        permit.consume(Operation::SealedEvaluate)?;
        let key = OprfKey::from_seed(&self.seed, b"").map_err(|_no_key| Denial::Internal)?;
        let evaluated = key.evaluate(&blinded.0);
        let evaluated = evaluated.map_err(|_no_element| Invalid::Field("blinded".into()))?;
        Ok(Evaluated {
            evaluated: evaluated.into(),
            ticket: self.ticket,
        })
    }
}

impl Use for Evaluation {
    const OPERATION: Operation = Operation::SealedEvaluate;
    const PERMISSION: Option<Permission> = Some(Permission::StoresRead);
    type Work = Evaluating;
    type Answer = Evaluated;

    fn asked(&self) -> Asked {
        StoreFamily::Sealed.asked(&self.0.store)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Evaluating>, Stopped> {
        let place = self.0.place(room, caller).await?;
        room.check_store_open(caller, place.store.context).await?;
        let body = place.find(room, caller).await?;
        let sealed = body.oprf.ok_or(Denial::NotFound(Thing::Slot))?;
        let (guess, left) = next_guess(room, caller, &place).await?;
        let account = place.account(caller, vec![guess]);
        let account = account
            .using(Algorithm::ObliviousPrf)
            .fact("guesses_left", &left.to_string());
        let work = Evaluating {
            seed: place.open_seed(caller, &sealed)?,
            ticket: None,
        };
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, work: Evaluating, permit: Permit) -> Released<Evaluated> {
        Released::of(work.finish(&self.0.request.blinded, permit))
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

struct Prepare(Blinded);

impl Use for Prepare {
    const OPERATION: Operation = Operation::SealedEvaluate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminStores);
    type Work = Evaluating;
    type Answer = Evaluated;

    fn asked(&self) -> Asked {
        StoreFamily::Sealed.asked(&self.0.store)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Evaluating>, Stopped> {
        let place = self.0.place(room, caller).await?;
        let seed = Secret::<32>::generate(&*room.entropy);
        let seed = seed.map_err(|_no_entropy| Denial::Unavailable)?;
        let keys = &caller.state.keys;
        let ticket = keys.seal_json(&place.place(caller, b"slot seed"), seed.expose())?;
        let account = place.account(caller, Vec::new());
        let account = account
            .using(Algorithm::ObliviousPrf)
            .fact("slot_key", "new");
        let work = Evaluating {
            seed,
            ticket: Some(ticket.into()),
        };
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, work: Evaluating, permit: Permit) -> Released<Evaluated> {
        Released::of(work.finish(&self.0.request.blinded, permit))
    }
}
