//! One item or many: every operation on values is written once, for an item.

use std::sync::Arc;

use strongroom_crypto::entropy::Entropy;
use strongroom_log::{Hash, Item, ItemId, Items};
use strongroom_types::body::{Batch, ItemError, ItemResult};
use strongroom_types::{KeyContext, Kind, Operation, Outcome, Permission};

use crate::ask::Ask;
use crate::caller::Caller;
use crate::denial::{Denial, Invalid};
use crate::door::{Account, ItemPermit, KeyUse, Permit, Planned, Pool, Released, Stopped, Use};
use crate::strongroom::Strongroom;

/// How many items are prepared before other requests have a turn.
const ITEMS_IN_A_ROW: usize = 64;

/// An operation on one item.
pub(crate) trait ItemUse: Send + Sync {
    const OPERATION: Operation;
    const PERMISSION: Permission;
    type Work: Send;
    type Answer: Send;

    /// The key context that the item names.
    fn key_context(&self) -> &KeyContext;

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
}

/// A request of one item: its denial is the request's.
pub(crate) struct Single<'a, T>(pub(crate) &'a T);

impl<T: ItemUse> Use for Single<'_, T> {
    const OPERATION: Operation = T::OPERATION;
    const PERMISSION: Option<Permission> = Some(T::PERMISSION);
    type Work = (KeyUse, T::Work);
    type Answer = T::Answer;

    fn asked(&self) -> Vec<KeyContext> {
        vec![self.0.key_context().clone()]
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Planned<Self::Work>, Stopped> {
        let prepared = self.0.prepare(room, caller, ask, &*room.entropy).await?;
        let mut account = Account {
            count: 1,
            output: Some(prepared.digest),
            ..Account::default()
        };
        account.use_key(prepared.key_use, &prepared.map);
        if let Some(version) = prepared.key_use.moved_to {
            account = account.fact("moved_to", &version.to_string());
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
        for (position, item) in self.0.iter().enumerate() {
            if position % ITEMS_IN_A_ROW == ITEMS_IN_A_ROW - 1 {
                tokio::task::yield_now().await;
            }
            work.push(match item.prepare(room, caller, ask, &entropy).await {
                Ok(prepared) => Ok(prepared),
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
                        failed
                            .0
                            .push(record(position, key_use, Outcome::Failed, &denial));
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
                    account.use_key(prepared.key_use, &prepared.map);
                    items.push(allowed(position, prepared.key_use, prepared.digest));
                }
                Err(denial) => {
                    let map = item.key_context();
                    let asked = caller.state.context_id(Kind::Context, map);
                    account = account.of_context(asked, map);
                    let key_use = KeyUse::asking(asked);
                    items.push(record(position, key_use, Outcome::Denied, denial));
                }
            }
        }
        account.items = Some(Items(items));
        account
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

fn allowed(position: usize, key_use: KeyUse, digest: Hash) -> Item {
    Item {
        id: item_id(position),
        context: Some((key_use.kind, key_use.context, key_use.version)),
        outcome: Outcome::Allowed,
        reason: None,
        digest: Some(digest),
        moved_to: key_use.moved_to,
    }
}

fn record(position: usize, key_use: KeyUse, outcome: Outcome, denial: &Denial) -> Item {
    Item {
        id: item_id(position),
        context: Some((key_use.kind, key_use.context, key_use.version)),
        outcome,
        reason: Some(denial.reason()),
        digest: None,
        moved_to: None,
    }
}

fn item_id(position: usize) -> ItemId {
    ItemId::Position(u32::try_from(position).unwrap_or(u32::MAX))
}
