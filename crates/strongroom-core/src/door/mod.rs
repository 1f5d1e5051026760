//! The one door. Every use of a key goes through [`Strongroom::enter`].
//!
//! ```text
//! authenticate ─ authorise ─ entry ─ durable append ─ Permit ─ release
//!      │             │         │            │                     │
//!   refused       denied    no entropy   stale: again        failed: linked
//!  (a metric)    (entry)    (refused)    gone: refused        entry, error
//! ```
//!
//! An operation is a [`Use`]: `plan` authorises and prepares it (it may seal, but what it sealed is
//! [`Withheld`]); `release` gets the [`Permit`] that only the log's commit confirmation makes, and
//! opens or gives out. There is no other way in: keys are private to [`keyring`], and nothing in it
//! opens without an item of a permit.

mod account;
mod ahead;
mod authenticate;
mod contexts;
mod denials;
mod draw;
mod idle;
mod kept;
pub(crate) mod keyring;
mod keysets;
mod locks;
mod named;
mod permit;
mod proofs;
mod stores;
mod wrapping;

use std::sync::Arc;

use strongroom_log::{Items, leaf_hash};
use strongroom_types::body::LogEntryId;
use strongroom_types::{Operation, Outcome, Permission, Reason};

pub(crate) use account::{Account, DENIED_ITEMS, KeyUse, NO_KEY};
pub use authenticate::access_key;
pub(crate) use authenticate::{Recalled, Sessions, format_api_key, is_api_key};
pub(crate) use contexts::{check_purpose, format_fault, parse};
pub(crate) use denials::{Asked, Floods};
pub(crate) use draw::Pool;
pub(crate) use kept::{Keyring, Need};
pub(crate) use permit::{ItemPermit, NotPermitted, Permit, Withheld};
pub(crate) use wrapping::Successor;

use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::ports::{Change, CommitError, Committed, Pending};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// How often a request is authorised again because the state changed under it.
const TRIES: u32 = 64;

/// One operation that needs a key, or changes who may use one.
pub(crate) trait Use: Send + Sync {
    /// What the entry calls it.
    const OPERATION: Operation;
    /// What the client must be allowed to do; `None` for what every client may.
    const PERMISSION: Option<Permission>;
    /// What is prepared in `plan` and finished in `release`.
    type Work: Send;
    /// What the caller gets.
    type Answer: Send;

    /// What the request names, for the entry of a denial.
    fn asked(&self) -> Asked {
        Asked::default()
    }

    /// Authorises the operation and prepares it. Runs again when the state changed meanwhile.
    fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> impl Future<Output = Result<Planned<Self::Work>, Stopped>> + Send;

    /// Opens, or gives out what was withheld. The entry is durable.
    fn release(
        &self,
        room: &Strongroom,
        work: Self::Work,
        permit: Permit,
    ) -> Released<Self::Answer>;
}

/// A prepared operation and the account of it.
#[derive(Debug)]
pub(crate) struct Planned<W> {
    pub(crate) work: W,
    pub(crate) account: Account,
}

/// How an operation ended after its entry was durable.
#[derive(Debug)]
pub(crate) struct Released<A> {
    pub(crate) answer: Result<A, Denial>,
    /// The items of a batch that failed; they make a linked entry although the batch is answered.
    pub(crate) failed: Items,
}

impl<A> Released<A> {
    /// All went well, or all of it failed.
    pub(crate) fn of(answer: Result<A, Denial>) -> Self {
        Self {
            answer,
            failed: Items::default(),
        }
    }
}

impl From<NotPermitted> for Denial {
    fn from(_: NotPermitted) -> Self {
        tracing::error!("a permit did not allow the use it was made for");
        Self::Internal
    }
}

/// Why an attempt did not go through.
#[derive(Clone, Debug)]
pub(crate) enum Stopped {
    /// The state changed: authorise again.
    Stale,
    /// It is over.
    Denied(Denial),
}

impl<E: Into<Denial>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Denied(error.into())
    }
}

impl Strongroom {
    /// The one door, for those who need not know who came through.
    pub(crate) async fn enter<U: Use>(
        &self,
        ask: &Ask,
        using: &U,
    ) -> Result<Answered<U::Answer>, Refused> {
        self.enter_as(ask, using)
            .await
            .map(|(answered, _)| answered)
    }

    /// The one door.
    pub(crate) async fn enter_as<U: Use>(
        &self,
        ask: &Ask,
        using: &U,
    ) -> Result<(Answered<U::Answer>, Caller), Refused> {
        let mut tries = 1;
        loop {
            let caller = self.authenticate(ask).await?;
            let denial = match self.attempt(&caller, ask, using).await {
                Ok((work, permit)) => {
                    let entry = permit.entry();
                    let released = using.release(self, work, permit);
                    let answered = self
                        .conclude(&caller, ask, U::OPERATION, entry, released)
                        .await?;
                    return Ok((answered, caller));
                }
                Err(Stopped::Stale) if tries < TRIES => {
                    tries += 1;
                    continue;
                }
                Err(Stopped::Stale) => Denial::Unavailable,
                Err(Stopped::Denied(denial)) => denial,
            };
            // Boxed like every rare way out: a request is moved about with the room that its longest
            // way takes.
            let denied = self.deny(&caller, ask, U::OPERATION, using.asked(), denial);
            return Err(Box::pin(denied).await);
        }
    }

    /// Authorises, makes the entry durable, and so gets the permit.
    async fn attempt<U: Use>(
        &self,
        caller: &Caller,
        ask: &Ask,
        using: &U,
    ) -> Result<(U::Work, Permit), Stopped> {
        if let Some(permission) = U::PERMISSION {
            caller.require(permission)?;
        }
        let Planned { work, account } = using.plan(self, caller, ask).await?;
        let permit = self.append(caller, ask, U::OPERATION, account).await?;
        Ok((work, permit))
    }

    /// Makes the entry durable and turns the confirmation into a permit.
    pub(crate) async fn append(
        &self,
        caller: &Caller,
        ask: &Ask,
        operation: Operation,
        mut account: Account,
    ) -> Result<Permit, Stopped> {
        account.check_fips(self.settings.fips)?;
        let uses = account.permitted();
        let header = self.header(Some(caller), ask, operation, account.outcome);
        let pending = self.pending(
            &caller.state,
            Some(caller.state.epoch),
            &header,
            &mut account,
        )?;
        let committed = match self.commit(&caller.state, pending).await {
            // Another request under the same Idempotency-Key was first: what it made is found when
            // this one is planned again.
            Err(Stopped::Denied(Denial::Conflict(_))) if ask.idempotency.is_some() => {
                return Err(Stopped::Stale);
            }
            committed => committed?,
        };
        Ok(Permit::of(
            committed,
            caller.state.id,
            operation,
            uses,
            &self.time,
        ))
    }

    /// Answers; a failure after the permit first becomes a linked entry.
    async fn conclude<A>(
        &self,
        caller: &Caller,
        ask: &Ask,
        operation: Operation,
        entry: LogEntryId,
        released: Released<A>,
    ) -> Result<Answered<A>, Refused> {
        let reason = released.answer.as_ref().err().map(Denial::reason);
        if reason.is_none() && released.failed.0.is_empty() {
            return Refused::answer(released.answer, Some(entry));
        }
        let account = Account {
            of: Some(entry.index),
            count: u32::try_from(released.failed.0.len().max(1)).unwrap_or(u32::MAX),
            items: Some(released.failed).filter(|failed| !failed.0.is_empty()),
            ..Account::default()
        };
        let ending = Ending {
            operation,
            outcome: Outcome::Failed,
            reason,
        };
        match Box::pin(self.append_ending(caller, ask, ending, account)).await {
            Ok(_) => Refused::answer(released.answer, Some(entry)),
            Err(denial) => Err(Refused::unlogged(denial)),
        }
    }

    /// Writes an entry that no state can make stale: a denial, a failure, a completion.
    pub(crate) async fn append_ending(
        &self,
        caller: &Caller,
        ask: &Ask,
        ending: Ending,
        mut account: Account,
    ) -> Result<LogEntryId, Denial> {
        let mut header = self.header(Some(caller), ask, ending.operation, ending.outcome);
        header.reason = ending.reason;
        let pending = self.pending(&caller.state, None, &header, &mut account)?;
        match self.commit(&caller.state, pending).await {
            Ok(committed) => Ok(LogEntryId {
                log: caller.state.id,
                index: committed.index,
            }),
            Err(Stopped::Stale) => Err(Denial::Internal),
            Err(Stopped::Denied(denial)) => Err(denial),
        }
    }

    /// Makes an entry of the deployment itself durable, for uses of keys that it makes itself.
    pub(crate) async fn permit_own(
        &self,
        state: &Arc<WorkspaceState>,
        operation: Operation,
        mut account: Account,
    ) -> Result<Permit, Denial> {
        account.check_fips(self.settings.fips)?;
        let uses = account.permitted();
        let committed = self.append_own(state, operation, account).await?;
        Ok(Permit::of(committed, state.id, operation, uses, &self.time))
    }

    /// Writes an entry of the deployment itself, with the rows that change with it.
    pub(crate) async fn append_own(
        &self,
        state: &Arc<WorkspaceState>,
        operation: Operation,
        mut account: Account,
    ) -> Result<Committed, Denial> {
        let ask = Ask::of_the_deployment(self.generate_request_id()?);
        let header = self.header(None, &ask, operation, account.outcome);
        let bound = !account.changes.is_empty() || !account.permitted().is_empty();
        let epoch = bound.then_some(state.epoch);
        let pending = self.pending(state, epoch, &header, &mut account)?;
        self.commit(state, pending)
            .await
            .map_err(|stopped| match stopped {
                Stopped::Stale => Denial::Unavailable,
                Stopped::Denied(denial) => denial,
            })
    }

    fn header<'a>(
        &self,
        caller: Option<&'a Caller>,
        ask: &'a Ask,
        operation: Operation,
        outcome: Outcome,
    ) -> account::Header<'a> {
        account::Header {
            time: self.time.now(),
            operation,
            outcome,
            reason: None,
            client: caller.map(|caller| caller.client.id),
            identity: caller.and_then(|caller| caller.identity.as_deref()),
            ask,
        }
    }

    fn pending(
        &self,
        state: &Arc<WorkspaceState>,
        epoch: Option<u64>,
        header: &account::Header<'_>,
        account: &mut Account,
    ) -> Result<Pending, Denial> {
        let (entry, openings) = account::entry(header, account, &*self.entropy)
            .map_err(|_no_entropy| Denial::LogUnavailable)?;
        let entry = entry.encode();
        Ok(Pending {
            workspace: state.id,
            epoch,
            time: header.time,
            leaf: leaf_hash(&entry),
            entry,
            openings,
            seal: state.keys.openings_sealer(),
            items: account
                .items
                .take()
                .map(|items| crate::log::compress_items(&items)),
            changes: core::mem::take(&mut account.changes),
        })
    }

    async fn commit(
        &self,
        state: &Arc<WorkspaceState>,
        pending: Pending,
    ) -> Result<Committed, Stopped> {
        let log = self.logs.of(state.id);
        let seen = log.size();
        let changed = pending.changes.iter().filter_map(Change::changed_context);
        let changed: Vec<_> = changed.collect();
        match self.store.commit(pending).await {
            Ok(committed) => {
                for id in changed {
                    self.keyring.forget(state.id, id);
                }
                log.check(seen, committed.index)?;
                log.grew(committed.index.saturating_add(1));
                if committed.epoch != state.epoch {
                    self.forget_state(state).await;
                }
                self.dirty.mark(state.id);
                Ok(committed)
            }
            Err(CommitError::Stale { .. }) => {
                self.forget_state(state).await;
                Err(Stopped::Stale)
            }
            Err(CommitError::Outdated) => Err(Stopped::Stale),
            Err(CommitError::Conflict) => Err(Denial::Conflict(Thing::Context).into()),
            Err(CommitError::Missing) => Err(Denial::NotFound(Thing::Context).into()),
            Err(CommitError::Quota { quota }) => Err(Denial::ContextQuota { quota }.into()),
            Err(CommitError::Store(error)) => {
                tracing::error!(error = &error as &dyn core::error::Error, "log not written");
                Err(Denial::LogUnavailable.into())
            }
        }
    }
}

/// How something that had been allowed, or never was, ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub(crate) operation: Operation,
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<Reason>,
}

impl Refused {
    /// A refusal without an entry: the caller is unknown, or the log cannot be written.
    #[must_use]
    pub fn unlogged(denial: Denial) -> Self {
        Self::with_entry(denial, None)
    }

    pub(crate) fn with_entry(denial: Denial, entry: Option<LogEntryId>) -> Self {
        let retry_after = denial.retry_after();
        Self {
            denial,
            entry,
            retry_after,
        }
    }

    fn answer<A>(
        answer: Result<A, Denial>,
        entry: Option<LogEntryId>,
    ) -> Result<Answered<A>, Self> {
        match answer {
            Ok(value) => Ok(Answered { value, entry }),
            Err(denial) => Err(Self::with_entry(denial, entry)),
        }
    }
}
