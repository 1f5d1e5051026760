//! Giving out sealed records, with proofs.

use std::sync::Arc;

use strongroom_crypto::envelope::Envelope;
use strongroom_log::map::MapKey;
use strongroom_types::body::{LogEntryId, RecordAnswer, RecordVersion, RecordsAnswer, RecordsGet};
use strongroom_types::{Kind, Operation, Permission, Purpose, StoreName};

use super::map::LoadedMap;
use super::record::{self, Kept};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{CiphertextFault, Denial, Invalid, Refused};
use crate::door::keyring::ContextKeys;
use crate::door::{
    Account, Asked, KeyUse, Permit, Planned, Released, Stopped, Use, check_purpose, format_fault,
};
use crate::ports::{Micros, SealedStoreValue};
use crate::stores::{StoreFamily, StorePlace};
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Gives out records with proofs of what the store's map has in their places.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known. A store that is not the caller's looks
    /// like none.
    pub async fn sealed_get(
        &self,
        ask: &Ask,
        store: StoreName,
        request: RecordsGet,
    ) -> Result<Answered<RecordsAnswer>, Refused> {
        self.enter(ask, &Get { store, request }).await
    }
}

/// The most bytes of sealed values that one request is given.
const BYTES_MAX: u64 = 64 << 20;

struct Get {
    store: StoreName,
    request: RecordsGet,
}

/// A version that is opened once its entry is durable.
struct Opening {
    keys: Arc<ContextKeys>,
    sealed: SealedStoreValue,
    bound: Vec<u8>,
}

/// A record that is found or not, with its proof.
struct Found {
    proof: Vec<u8>,
    newest: Option<Opening>,
    older: Option<Opening>,
}

struct Work {
    answer: RecordsAnswer,
    found: Vec<Found>,
    now: Micros,
}

impl Use for Get {
    const OPERATION: Operation = Operation::SealedGet;
    const PERMISSION: Option<Permission> = Some(Permission::StoresRead);
    type Work = Work;
    type Answer = RecordsAnswer;

    fn asked(&self) -> Asked {
        StoreFamily::Sealed.asked(&self.store)
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Work>, Stopped> {
        let names = record::names(self.request.names.iter())?;
        let asked = self.request.version;
        if asked == Some(0) || asked.is_some() && names.len() != 1 {
            return Err(Denial::from(Invalid::Field("version".into())).into());
        }
        let place = StorePlace::of(caller, StoreFamily::Sealed, &self.store)?;
        let now = room.time.now();
        let client = (caller.state.id, caller.client.id);
        let limit = room.settings.store_misses_per_minute;
        room.misses.count(client, (0, limit), now)?;
        let map = room
            .load_map(caller.state.id, place.context, &names)
            .await?;
        room.check_store_open(caller, place.context).await?;
        let mut account = Account {
            count: u32::try_from(names.len()).unwrap_or(u32::MAX),
            ..Account::default()
        }
        .fact("sequence", &map.row.sequence.to_string());
        let mut found = Vec::new();
        let mut bytes = 0_u64;
        for name in &names {
            let proof = match map.view.prove(*name) {
                Ok(proof) => proof.encode(),
                Err(fault) => return Err(room.map_fault(caller.state.id, &map.row, fault).await),
            };
            let look = |version| Look {
                room,
                caller,
                place: &place,
                name: *name,
                version,
            };
            let newest = self.version(look(None), &mut account).await?;
            let older = match asked.filter(|_| newest.is_some()) {
                None => None,
                asked => self.version(look(asked), &mut account).await?,
            };
            for opening in newest.iter().chain(&older) {
                bytes = bytes.saturating_add(opening.sealed.row.size);
            }
            if bytes > BYTES_MAX {
                let limit_bytes = BYTES_MAX;
                return Err(Denial::TooLarge { limit_bytes }.into());
            }
            found.push(Found {
                proof,
                newest,
                older,
            });
        }
        // What was read beside the map belongs to it, or everything is read again.
        room.unchanged(caller.state.id, &map.row).await?;
        let misses = found.iter().filter(|found| found.newest.is_none()).count();
        let misses = u32::try_from(misses).unwrap_or(u32::MAX);
        room.misses.count(client, (misses, limit), now)?;
        let account = account.fact("missing", &misses.to_string());
        let account = if account.uses.is_empty() {
            account.of_kind(Kind::Store, place.context, &place.map)
        } else {
            account
        };
        let answer = answer(caller, &map);
        let work = Work { answer, found, now };
        Ok(Planned { work, account })
    }

    fn release(
        &self,
        _room: &Strongroom,
        work: Work,
        mut permit: Permit,
    ) -> Released<RecordsAnswer> {
        let Work {
            mut answer,
            found,
            now,
        } = work;
        answer.log_entry = Some(permit.entry());
        let records = found.into_iter().map(|found| found.open(&mut permit, now));
        Released::of(records.collect::<Result<_, _>>().map(|records| {
            answer.records = records;
            answer
        }))
    }
}

impl Get {
    /// The newest version of a record or the one named, and its account.
    async fn version(
        &self,
        look: Look<'_>,
        account: &mut Account,
    ) -> Result<Option<Opening>, Stopped> {
        let (state, context) = (&look.caller.state, look.place.context);
        let hash = record::hash(state, context, &look.name);
        let found = look
            .room
            .store
            .sealed_value(state.id, context, &hash, look.version);
        let Some(sealed) = found.await? else {
            return Ok(None);
        };
        let envelope = envelope(&sealed)?;
        let keys = look
            .room
            .store_keys_for_opening(look.caller, context, &envelope)
            .await?;
        account.use_key(KeyUse::opening(&keys, &envelope), &keys.map);
        let bound = record::bound(state, &self.store, (&look.name, sealed.row.version));
        Ok(Some(Opening {
            keys,
            sealed,
            bound,
        }))
    }
}

/// Which version of which record is looked for, and for whom.
struct Look<'a> {
    room: &'a Strongroom,
    caller: &'a Caller,
    place: &'a StorePlace,
    name: MapKey,
    /// The newest if it is not named.
    version: Option<u64>,
}

/// What is said of the state; the records follow when the entry is durable.
fn answer(caller: &Caller, map: &LoadedMap) -> RecordsAnswer {
    RecordsAnswer {
        workspace: caller.state.id,
        epoch: map.row.epoch,
        next_version: map.row.next_version,
        sequence: map.row.sequence,
        root: (*map.view.root().as_bytes()).into(),
        rooted: LogEntryId {
            log: caller.state.id,
            index: map.row.changed,
        },
        records: Vec::new(),
        log_entry: None,
    }
}

impl Found {
    fn open(self, permit: &mut Permit, now: Micros) -> Result<RecordAnswer, Denial> {
        let open = |opening: Option<Opening>, permit: &mut Permit| {
            opening.map(|opening| opening.open(permit, now)).transpose()
        };
        let record = open(self.newest, permit)?;
        let older = open(self.older, permit)?;
        Ok(RecordAnswer {
            proof: self.proof.into(),
            record,
            older,
        })
    }
}

impl Opening {
    fn open(self, permit: &mut Permit, now: Micros) -> Result<RecordVersion, Denial> {
        let item = permit.item(self.keys.id)?;
        let envelope = envelope(&self.sealed)?;
        let kept = self.keys.open_from_store(item, &self.bound, &envelope)?;
        Ok(Kept::decode(kept.expose())?.show(self.sealed.row.version, now))
    }
}

/// The envelope of a version: header and key part from one column, the body from another.
fn envelope(sealed: &SealedStoreValue) -> Result<Envelope<'_>, Denial> {
    let malformed = || Denial::Ciphertext(CiphertextFault::Malformed);
    let parsed = Envelope::parse_prefix(&sealed.prefix).map_err(format_fault)?;
    let (mut envelope, rest) = parsed.ok_or_else(malformed)?;
    check_purpose(&envelope, Purpose::Store)?;
    if !rest.is_empty() || envelope.key_part.version != sealed.row.key_version {
        return Err(malformed());
    }
    envelope.body = &sealed.body;
    Ok(envelope)
}
