//! Denials: each one an entry, until they flood.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use strongroom_types::body::LogEntryId;
use strongroom_types::{
    ClientId, Code, CustomerKeyId, KeyContext, Kind, ObjectId, Operation, Outcome, Reason,
    WorkspaceId,
};

use super::{Account, Ending};
use crate::ask::Ask;
use crate::caller::Caller;
use crate::denial::{Denial, Refused};
use crate::ports::Micros;
use crate::strongroom::Strongroom;

const MINUTE: Micros = 60_000_000;

/// What floods are counted by: what the caller is told, not why. One entry stands for a whole flood
/// and is named in each answer, so that two reasons of one code must not have two entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    workspace: WorkspaceId,
    client: ClientId,
    code: Code,
}

/// The present minute of one key.
#[derive(Debug)]
struct Minute {
    until: Micros,
    written: u32,
    /// Of those that have no entry of their own, how many had which reason.
    counted: BTreeMap<Reason, u32>,
    /// The entry that began the flood.
    last: Option<LogEntryId>,
    /// That entry is being written.
    beginning: bool,
    caller: Caller,
}

impl Minute {
    fn total(&self) -> u32 {
        self.counted
            .values()
            .fold(0, |all, n| all.saturating_add(*n))
    }

    /// What the entry says of the flood: all that were counted, and how many for each reason.
    fn account(&self) -> Account {
        let account = Account {
            count: self.total(),
            of: self.last.map(|entry| entry.index),
            ..Account::default()
        };
        self.counted.iter().fold(account, |account, (reason, n)| {
            account.fact(reason.name(), &n.to_string())
        })
    }
}

/// What to do with a denial.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Write it.
    Write,
    /// Write that a flood begins; it stands for this denial and those to come.
    Begin,
    /// It is counted; the entry that began the flood stands for it.
    Counted(LogEntryId),
}

/// Counts denials per client and code.
#[derive(Debug, Default)]
pub(crate) struct Floods(Mutex<HashMap<Key, Minute>>);

impl Floods {
    fn admit(&self, key: Key, reason: Reason, caller: &Caller, now: Micros, quota: u32) -> Verdict {
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = minutes.entry(key).or_insert_with(|| Minute {
            until: now.saturating_add(MINUTE),
            written: 0,
            counted: BTreeMap::new(),
            last: None,
            beginning: false,
            caller: caller.clone(),
        });
        if minute.written < quota {
            minute.written += 1;
            return Verdict::Write;
        }
        let verdict = match minute.last {
            Some(last) => Verdict::Counted(last),
            // Until the entry is there that it would name, a denial has its own.
            None if minute.beginning => return Verdict::Write,
            None => Verdict::Begin,
        };
        minute.beginning = verdict == Verdict::Begin;
        let counted = minute.counted.entry(reason).or_default();
        *counted = counted.saturating_add(1);
        verdict
    }

    fn begin(&self, key: Key, reason: Reason) -> Beginning<'_> {
        Beginning {
            floods: self,
            key,
            reason,
            entry: None,
        }
    }

    /// The entry that begins a flood is there, or will not be: then the next denial begins it.
    fn began(&self, key: Key, reason: Reason, entry: Option<LogEntryId>) {
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(minute) = minutes.get_mut(&key).filter(|minute| minute.beginning) else {
            return;
        };
        minute.beginning = false;
        minute.last = entry;
        if let (None, Some(counted)) = (entry, minute.counted.get_mut(&reason)) {
            *counted = counted.saturating_sub(1);
            minute.counted.retain(|_, counted| *counted > 0);
        }
    }

    /// Takes out the minutes that are over (all of them when the server stops).
    fn over(&self, now: Option<Micros>) -> Vec<(Key, Minute)> {
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |minute: &Minute| now.is_none_or(|now| minute.until <= now);
        minutes.extract_if(|_, minute| over(minute)).collect()
    }

    /// Takes back a minute whose count could not be written, so that the next round tries again.
    fn take_back(&self, key: Key, minute: Minute) {
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match minutes.entry(key) {
            Entry::Vacant(free) => {
                free.insert(minute);
            }
            Entry::Occupied(mut present) => {
                let present = present.get_mut();
                for (reason, n) in minute.counted {
                    let counted = present.counted.entry(reason).or_default();
                    *counted = counted.saturating_add(n);
                }
                present.last = present.last.or(minute.last);
            }
        }
    }
}

/// The beginning of a flood, which ends without an entry where nobody says otherwise: the log cannot
/// be written, or the caller went away.
struct Beginning<'a> {
    floods: &'a Floods,
    key: Key,
    reason: Reason,
    entry: Option<LogEntryId>,
}

impl Drop for Beginning<'_> {
    fn drop(&mut self) {
        self.floods.began(self.key, self.reason, self.entry);
    }
}

/// What a request names, for the entry of its denial.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) contexts: Vec<KeyContext>,
    pub(crate) object: Option<ObjectId>,
    /// The key context of a store.
    pub(crate) store: Option<KeyContext>,
    /// The key context of a keyset.
    pub(crate) keyset: Option<KeyContext>,
    /// The key context of a named context.
    pub(crate) named: Option<KeyContext>,
    pub(crate) customer_key: Option<CustomerKeyId>,
}

impl Asked {
    /// An object, by its id.
    pub(crate) const fn of_object(object: ObjectId) -> Self {
        Self {
            contexts: Vec::new(),
            object: Some(object),
            store: None,
            keyset: None,
            named: None,
            customer_key: None,
        }
    }

    /// A key context.
    pub(crate) fn of_context(map: &KeyContext) -> Self {
        Self {
            contexts: vec![map.clone()],
            ..Self::default()
        }
    }

    /// A keyset, by its key context.
    pub(crate) fn of_keyset(map: KeyContext) -> Self {
        Self {
            keyset: Some(map),
            ..Self::default()
        }
    }

    /// A store, by its key context.
    pub(crate) fn of_store(map: KeyContext) -> Self {
        Self {
            store: Some(map),
            ..Self::default()
        }
    }
}

impl Strongroom {
    /// Writes the denial of a known caller, or counts it.
    pub(crate) async fn deny(
        &self,
        caller: &Caller,
        ask: &Ask,
        operation: Operation,
        asked: Asked,
        denial: Denial,
    ) -> Refused {
        if denial == Denial::LogUnavailable {
            return Refused::unlogged(denial);
        }
        match self
            .record_denial(caller, ask, operation, asked, &denial)
            .await
        {
            Ok(entry) => Refused::with_entry(denial, entry),
            Err(unwritten) => Refused::unlogged(unwritten),
        }
    }

    async fn record_denial(
        &self,
        caller: &Caller,
        ask: &Ask,
        operation: Operation,
        asked: Asked,
        denial: &Denial,
    ) -> Result<Option<LogEntryId>, Denial> {
        let reason = denial.reason();
        let key = Key {
            workspace: caller.state.id,
            client: caller.client.id,
            code: denial.code(),
        };
        let quota = self.settings.denials_per_minute;
        let now = self.time.now();
        let (operation, beginning) = match self.floods.admit(key, reason, caller, now, quota) {
            Verdict::Write => (operation, None),
            Verdict::Begin => (Operation::DenialFlood, Some(self.floods.begin(key, reason))),
            Verdict::Counted(last) => return Ok(Some(last)),
        };
        let ending = Ending {
            operation,
            outcome: Outcome::Denied,
            reason: Some(reason),
        };
        let account = decided_by(asked_account(caller, asked), denial);
        let entry = self.append_ending(caller, ask, ending, account).await?;
        if let Some(mut beginning) = beginning {
            beginning.entry = Some(entry);
        }
        Ok(Some(entry))
    }

    /// Writes the counts of the minutes that are over; of all, when `everything`.
    pub(crate) async fn flush_floods(&self, everything: bool) {
        let now = (!everything).then(|| self.time.now());
        for (key, minute) in self.floods.over(now) {
            if minute.total() < 2 {
                continue;
            }
            let ending = Ending {
                operation: Operation::DenialFlood,
                outcome: Outcome::Denied,
                reason: minute.counted.keys().next().copied(),
            };
            let account = minute.account();
            let Ok(request_id) = self.generate_request_id() else {
                self.floods.take_back(key, minute);
                continue;
            };
            let ask = Ask::of_the_deployment(request_id);
            if let Err(denial) = self
                .append_ending(&minute.caller, &ask, ending, account)
                .await
            {
                tracing::error!(%denial, counted = minute.total(), "flood count not written");
                self.floods.take_back(key, minute);
            }
        }
    }
}

/// Names the guard that decided, if one did.
fn decided_by(account: Account, denial: &Denial) -> Account {
    match denial.guard() {
        Some(name) => account.fact("guard", name),
        None => account,
    }
}

/// The account of a denial: which key contexts were asked for, and which object or customer's key.
fn asked_account(caller: &Caller, asked: Asked) -> Account {
    let mut account = Account::of_one();
    for map in asked.contexts {
        let context = caller.state.context_id(Kind::Context, &map);
        account = account.of_context(context, &map);
    }
    if let Some(map) = asked.store {
        let context = caller.state.context_id(Kind::Store, &map);
        account = account.of_kind(Kind::Store, context, &map);
    }
    if let Some(map) = asked.keyset {
        let context = caller.state.context_id(Kind::Keyset, &map);
        account = account.of_kind(Kind::Keyset, context, &map);
    }
    if let Some(map) = asked.named {
        let context = caller.state.context_id(Kind::Named, &map);
        account = account.of_kind(Kind::Named, context, &map);
    }
    account.count = u32::try_from(account.uses.len().max(1)).unwrap_or(u32::MAX);
    if let Some(object) = asked.object {
        account = account.fact("object", &object.to_string());
    }
    match asked.customer_key {
        Some(key) => account.fact("customer_key", &key.to_string()),
        None => account,
    }
}
