//! Administration: workspaces, clients, issuers, key contexts, context policies, customers' keys and
//! jobs.
//!
//! Changing who may use a key is as much an entry as using one: each change goes through the door
//! and commits with its entry, under the state epoch at which it was authorised. Two
//! administrators who race are therefore ordered by the log, and the later one decides again.

mod applications;
mod clients;
mod contexts;
mod customer_keys;
mod devices;
mod first;
mod guards;
mod hybrid_keys;
mod idempotency;
mod imported;
mod issuers;
mod jobs;
mod key_pairs;
mod keysets;
mod named_contexts;
mod named_resolution;
mod policies;
mod sealed_stores;
mod signing_keys;
mod split;
mod stores;
mod users;
mod webhooks;
mod workspaces;

pub(crate) use applications::ApplicationNameBody;
pub use applications::{
    ApplicationCreate, ApplicationCreated, ApplicationUpdate, Approval, Awaited, Promotion,
};
pub(crate) use clients::API_KEY_LIFETIME_S_MAX;
pub use devices::DeviceApproval;
pub use guards::{GuardTrial, TriedAlgorithm};
pub use keysets::{KeysetClientCreate, KeysetClientCreated, KeysetCreate, KeysetModify};
pub use named_contexts::{NamedContextCreate, NamedContextUpdate};
pub use named_resolution::NamedContextResolution;
use serde::Serialize;
use strongroom_log::sha256;
use strongroom_types::body::Page;
use strongroom_types::{CustomerKeyId, KeyContext, Operation, Permission, base32};
pub use users::{InvitationCreate, InvitationCreated, InvitationInfo, UserAccepted, UserSession};

use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused};
use crate::door::{Account, Asked, Permit, Planned, Released, Stopped, Use};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceKeys;

/// Which part of a list.
#[derive(Clone, Debug, Default)]
pub struct PageQuery {
    /// At most so many items; 100 if absent, at most 1,000.
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub page: Option<String>,
}

impl PageQuery {
    const LIMIT_DEFAULT: u32 = 100;
    const LIMIT_MAX: u32 = 1000;

    pub(crate) fn limit(&self) -> Result<u32, Denial> {
        limit_within(self.limit, Self::LIMIT_DEFAULT, Self::LIMIT_MAX)
    }

    /// The id that the page begins after.
    pub(crate) fn after<I: core::str::FromStr>(&self) -> Result<Option<I>, Denial> {
        let parse = |text: &String| text.parse().map_err(|_not_an_id| Invalid::PageToken.into());
        self.page.as_ref().map(parse).transpose()
    }
}

/// How many items were asked for, if so many may be.
pub(crate) fn limit_within(asked: Option<u32>, default: u32, max: u32) -> Result<u32, Denial> {
    let limit = asked.unwrap_or(default);
    if (1..=max).contains(&limit) {
        return Ok(limit);
    }
    Err(Invalid::Parameter("limit").into())
}

/// A full page has a next one, which begins after its last id.
pub(crate) fn page<T>(items: Vec<T>, limit: u32, id: impl Fn(&T) -> String) -> Page<T> {
    let full = u32::try_from(items.len()).is_ok_and(|len| len >= limit);
    let next = items.last().filter(|_| full).map(id);
    Page { items, next }
}

/// One act of administration: what it needs, and what it changes.
trait Administration: Send + Sync {
    const OPERATION: Operation;
    const PERMISSION: Option<Permission>;
    type Answer: Send;

    /// The key context that is administered, for the entry of a denial.
    fn asked(&self) -> Vec<KeyContext> {
        Vec::new()
    }

    /// The customer's key that is administered, for the entry of a denial.
    fn customer_key(&self) -> Option<CustomerKeyId> {
        None
    }

    /// Decides, and says what changes.
    fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> impl Future<Output = Result<(Self::Answer, Account), Stopped>> + Send;

    /// What a repetition under the same Idempotency-Key answers. Secrets are not repeated.
    fn repeat(
        &self,
        _room: &Strongroom,
        _caller: &Caller,
        made: String,
    ) -> impl Future<Output = Result<Self::Answer, Stopped>> + Send {
        async { Err(Denial::AlreadyIssued { made }.into()) }
    }

    /// The id of what was made, for acts that create.
    fn made(_answer: &Self::Answer) -> Option<String> {
        None
    }
}

struct Administer<T>(T);

impl<T: Administration> Use for Administer<T> {
    const OPERATION: Operation = T::OPERATION;
    const PERMISSION: Option<Permission> = T::PERMISSION;
    type Work = T::Answer;
    type Answer = T::Answer;

    fn asked(&self) -> Asked {
        Asked {
            contexts: self.0.asked(),
            customer_key: self.0.customer_key(),
            ..Asked::default()
        }
    }

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
    ) -> Result<Planned<T::Answer>, Stopped> {
        if let Some(made) = room.made_before(caller, ask).await? {
            let account = Account::of_one().fact("repeats", &made);
            return Ok(Planned {
                work: self.0.repeat(room, caller, made).await?,
                account,
            });
        }
        let (work, mut account) = self.0.decide(room, caller).await?;
        if let Some(made) = T::made(&work) {
            account
                .changes
                .extend(room.remember_made(caller, ask, made));
        }
        Ok(Planned { work, account })
    }

    fn release(&self, _room: &Strongroom, work: T::Answer, _permit: Permit) -> Released<T::Answer> {
        Released::of(Ok(work))
    }
}

impl Strongroom {
    async fn administer<T: Administration>(
        &self,
        ask: &Ask,
        act: T,
    ) -> Result<Answered<T::Answer>, Refused> {
        self.enter(ask, &Administer(act)).await
    }
}

/// What an entry says of a body whose values it does not: which body it was can be checked by whoever
/// holds the body and the audit key, and two equal bodies are seen to be equal.
///
/// `base32(HMAC(search term key, "body" ‖ SHA-256(JSON)))`, first 16 bytes
fn body_digest<T: Serialize>(keys: &WorkspaceKeys, body: &T) -> Result<String, Denial> {
    let json = serde_json::to_vec(body).map_err(|_unserialisable| Denial::Internal)?;
    let mac = keys.audit.search_term(&[b"body", sha256(&json).as_bytes()]);
    Ok(base32::encode(&mac))
}

/// The names of those that are so.
fn names<const N: usize>(fields: [(&str, bool); N]) -> String {
    let named = fields.into_iter().filter(|(_, is)| *is);
    let named: Vec<_> = named.map(|(name, _)| name).collect();
    named.join(" ")
}

/// An account of reading what is administered.
fn reading(what: &'static str) -> Account {
    Account::of_one().fact("read", what)
}

/// The longest name of a workspace or client, in Unicode scalar values.
pub const NAME_CHARS_MAX: usize = 200;

fn check_name(name: &str) -> Result<(), Denial> {
    if (1..=NAME_CHARS_MAX).contains(&name.chars().count()) {
        return Ok(());
    }
    Err(Invalid::Field("name".into()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_to_a_thousand_items() {
        let limit = |limit| PageQuery { limit, page: None }.limit();
        assert_eq!(limit(None), Ok(100));
        assert_eq!(limit(Some(1)), Ok(1));
        assert_eq!(limit(Some(1000)), Ok(1000));
        for wrong in [0, 1001, u32::MAX] {
            assert_eq!(
                limit(Some(wrong)),
                Err(Denial::Invalid(Invalid::Parameter("limit")))
            );
        }
    }
}
