//! One item or many: every operation on values is written once, for an item.

use core::pin::pin;
use core::task::Poll;
use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join;
use futures_util::poll;
use strongroom_crypto::entropy::Entropy;
use strongroom_log::{Facts, Hash, Item, ItemId, ItemName, Items};
use strongroom_types::body::{
    Batch, BatchAnswer, DataKeyAnswer, DecapsulateAnswer, DecryptAnswer, DeriveAnswer,
    EncapsulateAnswer, EncryptAnswer, HashAnswer, ItemError, ItemResult, LogEntryId, MacAnswer,
    SealToAnswer, SealedOpenAnswer, SignAnswer, SplitShare, StoredObject, VerifyAnswer,
};
use strongroom_types::{
    Format, KeyContext, Kind, Metadata, ObjectId, Operation, Outcome, Permission, Reason,
};

use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused};
use crate::door::{
    Account, Asked, ItemPermit, KeyUse, Permit, Planned, Pool, Released, Stopped, Use,
};
use crate::fips::Algorithm;
use crate::strongroom::Strongroom;

/// How many items are prepared before other requests have a turn.
const ITEMS_IN_A_ROW: usize = 64;

/// Gives other requests a turn before the item at a position, if it is time.
pub(crate) async fn give_turn(position: usize) {
    if position % ITEMS_IN_A_ROW == ITEMS_IN_A_ROW - 1 {
        tokio::task::yield_now().await;
    }
}

/// An operation on one item.
pub(crate) trait ItemUse: Send + Sync {
    const OPERATION: Operation;
    const PERMISSION: Permission;
    type Work: Send;
    type Answer: Send;

    /// The key context that the item names, if it names one.
    fn key_context(&self) -> Option<&KeyContext>;

    /// The kind of that key context.
    fn kind(&self) -> Kind {
        Kind::Context
    }

    /// The key context that the item seals under, if its first write makes that.
    fn seals_under(&self) -> Option<&KeyContext> {
        None
    }

    /// The stored object that the item names, if it names one.
    fn object(&self) -> Option<ObjectId> {
        None
    }

    /// Authorises and prepares the item.
    fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
        entropy: &dyn Entropy,
    ) -> impl Future<Output = Result<Prepared<Self::Work>, Stopped>> + Send;

    /// Opens, or gives out what was withheld.
    fn finish(
        &self,
        room: &Strongroom,
        work: Self::Work,
        permit: ItemPermit,
    ) -> Result<Self::Answer, Denial>;
}

/// A prepared item.
#[derive(Debug)]
pub(crate) struct Prepared<W> {
    pub(crate) work: W,
    pub(crate) key_use: KeyUse,
    /// The key context's map, for the entry.
    pub(crate) map: Arc<KeyContext>,
    /// SHA-256 of what was sealed, or of the ciphertext to open.
    pub(crate) digest: Hash,
    /// Which version of which stored object it is.
    pub(crate) object: Option<(ObjectId, u64)>,
    /// Bytes that it holds until the end of the request, beside those of the request itself.
    pub(crate) holds: usize,
    /// The format of what is opened, where it is another product's.
    pub(crate) format: Option<Format>,
    /// How it is sealed, where that is another product's way and NIST does not approve it.
    pub(crate) unapproved: Option<Algorithm>,
}

impl<W> Prepared<W> {
    /// An item that the request holds all of.
    pub(crate) fn new(work: W, key_use: KeyUse, map: &Arc<KeyContext>, digest: Hash) -> Self {
        Self {
            work,
            key_use,
            map: Arc::clone(map),
            digest,
            object: None,
            holds: 0,
            format: None,
            unapproved: None,
        }
    }
}

impl<W> Prepared<W> {
    /// Itself, if FIPS mode approves its suite: what is not approved is that item's alone.
    fn approved(self, room: &Strongroom) -> Result<Self, Stopped> {
        let suite = self.key_use.suite.map(Algorithm::Suite);
        for algorithm in suite.into_iter().chain(self.unapproved) {
            room.check_fips(algorithm)?;
        }
        Ok(self)
    }
}

/// The most bytes of stored objects that one batch opens.
const HOLDS_MAX: usize = 64 << 20;

/// A request of one item: its denial is the request's.
pub(crate) struct Single<'a, T>(pub(crate) &'a T);

impl<T: ItemUse> Use for Single<'_, T> {
    const OPERATION: Operation = T::OPERATION;
    const PERMISSION: Option<Permission> = Some(T::PERMISSION);
    type Work = (KeyUse, T::Work);
    type Answer = T::Answer;

    fn asked(&self) -> Asked {
        let (named, contexts) = match (self.0.kind(), self.0.key_context().cloned()) {
            (Kind::Named, named) => (named, Vec::new()),
            (_, context) => (None, context.into_iter().collect()),
        };
        Asked {
            contexts,
            named,
            object: self.0.object(),
            ..Asked::default()
        }
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Planned<Self::Work>, Stopped> {
        let prepared = self.0.prepare(room, caller, ask, &*room.entropy).await?;
        let mut account = Account {
            output: Some(prepared.digest),
            unapproved: prepared.unapproved.into_iter().collect(),
            ..Account::of_one()
        };
        account.use_key(prepared.key_use, &prepared.map);
        if let Some((object, version)) = prepared.object {
            account = account.of_object(object, version);
        }
        if let Some(version) = prepared.key_use.moved_to {
            account = account.fact("moved_to", &version.to_string());
        }
        if let Some(format) = prepared.format {
            account = account.fact("format", format.name());
        }
        Ok(Planned {
            work: (prepared.key_use, prepared.work),
            account,
        })
    }

    fn release(
        &self,
        room: &Strongroom,
        (key_use, work): Self::Work,
        mut permit: Permit,
    ) -> Released<Self::Answer> {
        let finish = || {
            let item = permit.item(key_use.context)?;
            self.0.finish(room, work, item)
        };
        Released::of(finish())
    }
}

/// A request of many items: one entry, each item with a result of its own.
pub(crate) struct Many<T>(Vec<T>);

impl<T> Many<T> {
    /// # Errors
    /// No item, or too many.
    pub(crate) fn new(items: Vec<T>) -> Result<Self, Denial> {
        match items.len() {
            0 => Err(Invalid::Field("items".into()).into()),
            items if items > Batch::<T>::ITEMS_MAX => Err(Invalid::BatchItems {
                items,
                max: Batch::<T>::ITEMS_MAX,
            }
            .into()),
            _ => Ok(Self(items)),
        }
    }
}

impl<T: ItemUse> Use for Many<T> {
    const OPERATION: Operation = T::OPERATION;
    const PERMISSION: Option<Permission> = Some(T::PERMISSION);
    type Work = Vec<Result<Prepared<T::Work>, Denial>>;
    type Answer = Vec<ItemResult<T::Answer>>;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Planned<Self::Work>, Stopped> {
        let entropy = Pool::of(&*room.entropy);
        let mut work = Vec::with_capacity(self.0.len());
        let mut held: usize = 0;
        let mut ahead = false;
        for (position, item) in self.0.iter().enumerate() {
            give_turn(position).await;
            if held > HOLDS_MAX {
                work.push(Err(too_much()));
                continue;
            }
            let mut prepare = pin!(item.prepare(room, caller, ask, &entropy));
            let prepared = match poll!(prepare.as_mut()) {
                Poll::Ready(prepared) => prepared,
                Poll::Pending if ahead => prepare.await,
                Poll::Pending => {
                    // Its keys are not kept. Those of the rest may not be either.
                    ahead = true;
                    let rest = self.0.iter().skip(position + 1);
                    let rest = room.load_ahead((caller, ask), rest.filter_map(T::seals_under));
                    join(prepare, Box::pin(rest)).await.0
                }
            };
            let prepared = prepared.and_then(|prepared| prepared.approved(room));
            work.push(match prepared {
                Ok(prepared) => {
                    held = held.saturating_add(prepared.holds);
                    if held > HOLDS_MAX {
                        Err(too_much())
                    } else {
                        Ok(prepared)
                    }
                }
                Err(Stopped::Denied(denial)) => Err(denial),
                Err(Stopped::Stale) => return Err(Stopped::Stale),
            });
        }
        let account = self.account(caller, &work);
        Ok(Planned { work, account })
    }

    fn release(
        &self,
        room: &Strongroom,
        work: Self::Work,
        mut permit: Permit,
    ) -> Released<Self::Answer> {
        let mut failed = Items::default();
        let mut results = Vec::with_capacity(work.len());
        for (position, (item, prepared)) in self.0.iter().zip(work).enumerate() {
            results.push(match prepared {
                Err(denial) => item_error(&denial),
                Ok(prepared) => match finish(room, item, prepared, &mut permit) {
                    Ok(answer) => ItemResult::Ok(answer),
                    Err((key_use, denial)) => {
                        let ending = (Outcome::Failed, denial.reason());
                        failed
                            .0
                            .push(record(item_id(position), Some(key_use), ending));
                        item_error(&denial)
                    }
                },
            });
        }
        Released {
            answer: Ok(results),
            failed,
        }
    }
}

impl<T: ItemUse> Many<T> {
    fn account(&self, caller: &Caller, work: &[Result<Prepared<T::Work>, Denial>]) -> Account {
        let count = u32::try_from(work.len()).unwrap_or(u32::MAX);
        let mut account = Account {
            count,
            outcome: Outcome::Denied,
            ..Account::default()
        };
        let mut items = Vec::with_capacity(work.len());
        for (position, (item, prepared)) in self.0.iter().zip(work).enumerate() {
            match prepared {
                Ok(prepared) => {
                    account.outcome = Outcome::Allowed;
                    account.unapproved.extend(prepared.unapproved);
                    account.use_key(prepared.key_use, &prepared.map);
                    let id = match prepared.object {
                        Some((object, version)) => object_item(object, Some(version)),
                        None => item_id(position),
                    };
                    items.push(allowed(id, prepared.key_use, prepared.digest));
                }
                Err(denial) => {
                    let asked = item.key_context().map(|map| {
                        let kind = item.kind();
                        let asked = KeyUse::asking(kind, caller.state.context_id(kind, map));
                        account.use_key(asked, &Arc::new(map.clone()));
                        asked
                    });
                    let id = match item.object() {
                        Some(object) => object_item(object, None),
                        None => item_id(position),
                    };
                    let ending = (Outcome::Denied, denial.reason());
                    items.push(record(id, asked, ending));
                }
            }
        }
        account.items = Some(Items(items));
        account = decided_by_guards(account, work.iter().filter_map(|item| item.as_ref().err()));
        let prepared = work.iter().flatten();
        let formats: BTreeSet<_> = prepared.filter_map(|item| item.format).collect();
        if formats.is_empty() {
            return account;
        }
        let names: Vec<&str> = formats.iter().map(|format| format.name()).collect();
        account.fact("formats", &names.join(" "))
    }
}

/// An answer that names the entry it was allowed by.
pub(crate) trait Named {
    /// Names it.
    fn name(&mut self, entry: Option<LogEntryId>);
}

macro_rules! named {
    ($($answer:ty),+) => {
        $(impl Named for $answer {
            fn name(&mut self, entry: Option<LogEntryId>) {
                self.log_entry = entry;
            }
        })+
    };
}

named!(
    EncryptAnswer,
    DecryptAnswer,
    DataKeyAnswer,
    StoredObject,
    SplitShare,
    SignAnswer,
    SealToAnswer,
    SealedOpenAnswer,
    EncapsulateAnswer,
    DecapsulateAnswer,
    VerifyAnswer,
    HashAnswer,
    MacAnswer,
    DeriveAnswer
);

/// Puts the entry into the answer.
pub(crate) fn named<A: Named>(
    answered: Result<Answered<A>, Refused>,
) -> Result<Answered<A>, Refused> {
    answered.map(|mut answered| {
        answered.value.name(answered.entry);
        answered
    })
}

impl Strongroom {
    /// Enters with one item; its answer names its entry.
    pub(crate) async fn enter_single<T: ItemUse>(
        &self,
        ask: &Ask,
        item: &T,
        metadata: Option<Metadata>,
    ) -> Result<Answered<T::Answer>, Refused>
    where
        T::Answer: Named,
    {
        let ask = ask.noting(metadata);
        named(self.enter(&ask, &Single(item)).await)
    }

    /// Enters with a batch and puts the results beside their one entry.
    pub(crate) async fn enter_batch<T: ItemUse>(
        &self,
        ask: &Ask,
        batch: Batch<T>,
    ) -> Result<Answered<BatchAnswer<T::Answer>>, Refused> {
        let ask = ask.noting(batch.metadata);
        let many = match Many::new(batch.items) {
            Ok(many) => many,
            Err(denial) => {
                let rejected = self.reject_as(&ask, T::OPERATION, denial);
                return Err(Box::pin(rejected).await);
            }
        };
        let answered = self.enter(&ask, &many).await?;
        let Some(log_entry) = answered.entry else {
            return Err(Refused::unlogged(Denial::Internal));
        };
        let value = BatchAnswer {
            results: answered.value,
            log_entry,
        };
        Ok(Answered {
            value,
            entry: answered.entry,
        })
    }
}

fn finish<T: ItemUse>(
    room: &Strongroom,
    item: &T,
    prepared: Prepared<T::Work>,
    permit: &mut Permit,
) -> Result<T::Answer, (KeyUse, Denial)> {
    let key_use = prepared.key_use;
    permit
        .item(key_use.context)
        .map_err(Denial::from)
        .and_then(|permit| item.finish(room, prepared.work, permit))
        .map_err(|denial| (key_use, denial))
}

fn item_error<A>(denial: &Denial) -> ItemResult<A> {
    let code = denial.code();
    let detail = denial
        .detail()
        .unwrap_or_else(|| code.name().replace('_', " "));
    ItemResult::Err {
        error: ItemError { code, detail },
    }
}

/// Names the guards that refused items, each once, in order.
fn decided_by_guards<'a>(account: Account, denials: impl Iterator<Item = &'a Denial>) -> Account {
    let guards: BTreeSet<_> = denials.filter_map(Denial::guard).collect();
    if guards.is_empty() {
        return account;
    }
    account.fact("guards", &names_that_fit(&guards))
}

/// Names with a space between them. Of more than a fact holds, those that fit, and how many do not: `a b +3`.
fn names_that_fit(names: &BTreeSet<&str>) -> String {
    // Fewer than there are items.
    const COUNT_BYTES: usize = " +9999".len();
    let all: Vec<_> = names.iter().copied().collect();
    let written = all.join(" ");
    if written.len() <= Facts::VALUE_BYTES_MAX {
        return written;
    }
    let mut bytes = COUNT_BYTES;
    let fits = |name: &&&str| {
        bytes += name.len() + 1;
        bytes <= Facts::VALUE_BYTES_MAX
    };
    let mut kept: Vec<_> = all.iter().take_while(fits).copied().collect();
    let left = format!("+{}", all.len() - kept.len());
    kept.push(&left);
    kept.join(" ")
}

/// Once a batch holds as much as it may, the items that follow are asked for again.
fn too_much() -> Denial {
    Denial::TooLarge {
        limit_bytes: u64::try_from(HOLDS_MAX).unwrap_or(u64::MAX),
    }
}

fn allowed(id: ItemId, key_use: KeyUse, digest: Hash) -> Item {
    Item {
        id,
        context: Some((key_use.kind, key_use.context, key_use.version)),
        outcome: Outcome::Allowed,
        reason: None,
        digest: Some(digest),
        moved_to: key_use.moved_to,
    }
}

fn record(id: ItemId, key_use: Option<KeyUse>, (outcome, reason): (Outcome, Reason)) -> Item {
    Item {
        id,
        context: key_use.map(|used| (used.kind, used.context, used.version)),
        outcome,
        reason: Some(reason),
        digest: None,
        moved_to: None,
    }
}

/// An item that is a stored object: `obj_…`, or `obj_…/<version>` where the version is known.
pub(crate) fn object_item(object: ObjectId, version: Option<u64>) -> ItemId {
    let name = match version {
        Some(version) => format!("{object}/{version}"),
        None => object.to_string(),
    };
    // An id and a number are far shorter than a name may be.
    ItemName::new(&name).map_or(ItemId::Position(u32::MAX), ItemId::Name)
}

fn item_id(position: usize) -> ItemId {
    ItemId::Position(u32::try_from(position).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_guards_fit_into_a_fact() {
        let long: Vec<_> = (0..100)
            .map(|n| format!("{n:03}{}", "x".repeat(61)))
            .collect();
        let first =
            |count: usize| names_that_fit(&long.iter().take(count).map(String::as_str).collect());
        assert_eq!(first(1), long[0]);
        // Three of 64 bytes, two spaces.
        assert_eq!(first(3), long[..3].join(" "));
        assert_eq!(first(4), format!("{} +1", long[..3].join(" ")));
        assert_eq!(first(100), format!("{} +97", long[..3].join(" ")));
        assert!(first(100).len() <= Facts::VALUE_BYTES_MAX);
    }
}
