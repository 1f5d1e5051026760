//! Promotion: moving an application to another environment.
//!
//! It keeps its tokens and contexts. Where its data asks for it, and where somebody asks for it before
//! its time, an owner approves; the request waits in the application's record.

use std::collections::BTreeSet;

use strongroom_types::{ClientId, ContextName, KeyContext, Kind, Operation, Outcome, Permission};

use super::{LABEL_CHARS_MAX, body_of, body_of_mut, name_id, put};
use crate::admin::applications::ApplicationNameBody;
use crate::admin::{Administration, reading};
use crate::application::{ContextReadiness, PromotionWaiting, Tier, Usage};
use crate::ask::{Answered, Ask};
use crate::caller::{Caller, Client};
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::log::EntriesQuery;
use crate::named::map_of;
use crate::once::Once;
use crate::ports::{Change, Micros, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;

/// How many contexts have more than one page of their entries looked through.
const FEW_CONTEXTS: usize = 8;
/// Entries of a page.
const PAGE: u32 = 1000;
/// The shortest and the longest reason for a promotion before its time.
const REASON_CHARS: core::ops::RangeInclusive<usize> = 10..=1000;

/// A promotion that waits for an owner.
#[derive(Clone, Debug)]
pub struct Awaited {
    /// Where the application is to go.
    pub target: String,
    /// Why before its time, if it is.
    pub reason: Option<String>,
}

/// What an owner approves: as it was looked at, and nothing else.
#[derive(Clone, Debug)]
pub struct Approval {
    /// Where the application goes.
    pub target: String,
    /// The named contexts that it takes along, all of them.
    pub contexts: Vec<ContextName>,
    /// Why before its time, as whoever asked for that wrote it.
    pub reason: Option<String>,
}

impl Approval {
    /// # Errors
    /// The application is to go elsewhere, or for another reason, or has other contexts.
    fn check(&self, waiting: &PromotionWaiting, contexts: &[ContextName]) -> Result<(), Denial> {
        let sorted = |contexts: &[ContextName]| contexts.iter().cloned().collect::<BTreeSet<_>>();
        let same = self.target == waiting.target
            && self.reason == waiting.reason
            && sorted(&self.contexts) == sorted(contexts);
        let changed = Denial::Conflict(Thing::Application);
        same.then_some(()).ok_or(changed)
    }
}

/// How far an application is.
#[derive(Debug)]
pub struct Promotion {
    /// Which.
    pub id: ClientId,
    /// Its name.
    pub name: String,
    /// Its environment.
    pub environment: String,
    /// Where it is to go, or has gone.
    pub target: String,
    /// How far it is under each of its contexts.
    pub contexts: Vec<ContextReadiness>,
    /// What waits for an owner, if anything does.
    pub waiting: Option<Awaited>,
    /// Whether it was promoted now.
    pub done: bool,
}

impl Promotion {
    /// Whether all that is asked for is there. An application without contexts has shown nothing.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.contexts.is_empty() && self.contexts.iter().all(ContextReadiness::is_ready)
    }

    /// Whether an owner must approve.
    #[must_use]
    pub fn needs_approval(&self) -> bool {
        self.contexts
            .iter()
            .any(|context| context.tier == Tier::High)
    }
}

impl Strongroom {
    /// Tells how far an application is on its way to another environment.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn promotion_info(
        &self,
        ask: &Ask,
        id: ClientId,
        target: String,
    ) -> Result<Answered<Promotion>, Refused> {
        let counted = Once::new();
        let look = Look {
            id,
            target,
            counted,
        };
        self.administer(ask, look).await
    }

    /// Promotes an application, or has it wait for an owner where its data asks for one.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when it is not ready.
    pub async fn promote(
        &self,
        ask: &Ask,
        id: ClientId,
        target: String,
    ) -> Result<Answered<Promotion>, Refused> {
        let counted = Once::new();
        let promote = Promote {
            id,
            target,
            counted,
        };
        self.administer(ask, promote).await
    }

    /// Has an application wait for an owner to promote it before its time.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn promotion_expedite(
        &self,
        ask: &Ask,
        id: ClientId,
        (target, reason): (String, String),
    ) -> Result<Answered<Promotion>, Refused> {
        let expedite = Expedite {
            id,
            target,
            reason,
            counted: Once::new(),
        };
        self.administer(ask, expedite).await
    }

    /// Promotes an application that waits.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when it does not wait, or not with
    /// what is approved.
    pub async fn promotion_approve(
        &self,
        ask: &Ask,
        id: ClientId,
        approval: Approval,
    ) -> Result<Answered<Promotion>, Refused> {
        let counted = Once::new();
        let approve = Approve {
            id,
            approval,
            counted,
        };
        self.administer(ask, approve).await
    }

    /// How far an application is, as it is now, by what the log had of it.
    async fn promotion_of(
        &self,
        caller: &Caller,
        (client, target): (&Client, &str),
        counted: &Once<Counted>,
    ) -> Result<Promotion, Denial> {
        let application = body_of(client)?;
        check_target(client, target)?;
        let count = self.count(caller, client);
        let usages = counted.of(count, |counted| counted.of(client)).await??;
        let (mut contexts, now) = (Vec::new(), self.time.now());
        for (name, usage) in usages {
            let named = self.named_context(&caller.state, &name).await?;
            let tier = Tier::of(&named.body.config);
            contexts.push(ContextReadiness::of(name, tier, &usage, now));
        }
        Ok(Promotion {
            id: client.id,
            name: application.name.clone(),
            environment: application.environment.clone(),
            target: target.to_owned(),
            contexts,
            waiting: application.waiting.clone().map(Awaited::from),
            done: false,
        })
    }

    /// Looks an application up in the log.
    async fn count(&self, caller: &Caller, client: &Client) -> Result<Counted, Denial> {
        let _turn = self.slow.turn(caller).await?;
        let mut usages = Vec::new();
        for name in &body_of(client)?.contexts {
            let named = self.named_context(&caller.state, name).await?;
            let tier = Tier::of(&named.body.config);
            let usage = self.usage(caller, client, map_of(name)?, tier).await?;
            usages.push((name.clone(), usage));
        }
        let since = since(client)?;
        Ok(Counted { since, usages })
    }

    /// What the log has of an application under a context, since it is in its environment.
    async fn usage(
        &self,
        caller: &Caller,
        client: &Client,
        map: KeyContext,
        tier: Tier,
    ) -> Result<Usage, Denial> {
        let mut query = EntriesQuery {
            from: Some(since(client)?),
            key_context: Some(map),
            kind: Some(Kind::Named),
            outcome: Some(Outcome::Allowed),
            limit: Some(PAGE),
            ..EntriesQuery::default()
        };
        let few = body_of(client)?.contexts.len() <= FEW_CONTEXTS;
        let mut usage = Usage::default();
        for _ in 0..if few { 2 } else { 1 } {
            let page = self.find_entries(&caller.state, &query).await?;
            let own = page.entries.iter();
            own.filter(|entry| entry.client == Some(client.id))
                .for_each(|entry| usage.count(entry));
            query.page = page.next;
            if query.page.is_none() || usage.is_enough(tier) {
                break;
            }
        }
        Ok(usage)
    }

    /// The changes that put an application into another environment.
    async fn moved(
        &self,
        caller: &Caller,
        client: &mut Client,
        target: &str,
    ) -> Result<Vec<Change>, Denial> {
        let (state, now, id) = (&caller.state, self.time.now(), client.id);
        let application = body_of_mut(client)?;
        let (owner, name) = (application.owner, application.name.clone());
        let former = name_id(state, owner, &application.environment, &name);
        let next = name_id(state, owner, target, &name);
        let kind = RecordKind::ApplicationName;
        if self.store.record(state.id, kind, &next).await?.is_some() {
            return Err(Denial::Conflict(Thing::Application));
        }
        target.clone_into(&mut application.environment);
        application.environment_since = Some(now);
        application.waiting = None;
        let body = ApplicationNameBody { client: id };
        let record = record::seal(&state.keys, state.id, (kind, next, now), &body)?;
        Ok(vec![
            put(caller, client)?,
            Change::DeleteRecord(kind, former),
            Change::PutRecord(state.id, record),
        ])
    }
}

/// What the log had of an application when it was looked through, once for a request. If the data of a
/// context asks for more by then, less than that may have been counted, and no more than there is.
#[derive(Debug)]
struct Counted {
    /// From when on.
    since: Micros,
    /// Under each of its contexts.
    usages: Vec<(ContextName, Usage)>,
}

impl Counted {
    /// # Errors
    /// The application is in another environment by now, or has other contexts.
    fn of(&self, client: &Client) -> Result<Vec<(ContextName, Usage)>, Denial> {
        let names = self.usages.iter().map(|(name, _)| name);
        let same = self.since == since(client)? && names.eq(&body_of(client)?.contexts);
        let changed = Denial::Conflict(Thing::Application);
        same.then(|| self.usages.clone()).ok_or(changed)
    }
}

/// Since when an application is in its environment.
fn since(client: &Client) -> Result<Micros, Denial> {
    let since = body_of(client)?.environment_since;
    Ok(since.unwrap_or(client.created))
}

/// # Errors
/// The application is suspended or there already, or the environment has no name.
fn check_target(client: &Client, target: &str) -> Result<(), Denial> {
    if !(1..=LABEL_CHARS_MAX).contains(&target.chars().count()) {
        return Err(Invalid::Parameter("target").into());
    }
    let same = body_of(client)?.environment.eq_ignore_ascii_case(target);
    if same || client.body.disabled {
        return Err(Denial::Conflict(Thing::Promotion));
    }
    Ok(())
}

fn account(client: ClientId, target: &str, changes: Vec<Change>) -> Account {
    let account = Account::of_changes(changes).fact("application", &client.to_string());
    // What callers write is no public fact: it is in the application's record.
    account.fact(
        "production",
        if target == "production" { "yes" } else { "no" },
    )
}

struct Look {
    id: ClientId,
    target: String,
    counted: Once<Counted>,
}

impl Administration for Look {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::ApplicationsRegister);
    type Answer = Promotion;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Promotion, Account), Stopped> {
        let client = room.administered_application(caller, self.id).await?;
        let promotion = room
            .promotion_of(caller, (&client, &self.target), &self.counted)
            .await?;
        let account = reading("promotion").fact("application", &self.id.to_string());
        Ok((promotion, account))
    }
}

struct Promote {
    id: ClientId,
    target: String,
    counted: Once<Counted>,
}

impl Administration for Promote {
    const OPERATION: Operation = Operation::ApplicationPromote;
    const PERMISSION: Option<Permission> = Some(Permission::ApplicationsRegister);
    type Answer = Promotion;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Promotion, Account), Stopped> {
        let mut client = room.administered_application(caller, self.id).await?;
        let mut promotion = room
            .promotion_of(caller, (&client, &self.target), &self.counted)
            .await?;
        if !promotion.is_ready() {
            return Err(Denial::Conflict(Thing::Promotion).into());
        }
        let changes = if promotion.needs_approval() {
            let changes = wait(caller, &mut client, &self.target, None)?;
            promotion.waiting = body_of(&client)?.waiting.clone().map(Awaited::from);
            changes
        } else {
            promotion.done = true;
            room.moved(caller, &mut client, &self.target).await?
        };
        let done = if promotion.done { "done" } else { "waits" };
        let account = account(self.id, &self.target, changes).fact("promotion", done);
        Ok((promotion, account))
    }
}

/// Has an application wait for an owner.
fn wait(
    caller: &Caller,
    client: &mut Client,
    target: &str,
    reason: Option<&str>,
) -> Result<Vec<Change>, Denial> {
    body_of_mut(client)?.waiting = Some(PromotionWaiting {
        target: target.to_owned(),
        asked_by: caller.client.id,
        reason: reason.map(str::to_owned),
    });
    Ok(vec![put(caller, client)?])
}

struct Expedite {
    id: ClientId,
    target: String,
    reason: String,
    counted: Once<Counted>,
}

impl Administration for Expedite {
    const OPERATION: Operation = Operation::PromotionExpedite;
    const PERMISSION: Option<Permission> = Some(Permission::ApplicationsRegister);
    type Answer = Promotion;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Promotion, Account), Stopped> {
        if !REASON_CHARS.contains(&self.reason.trim().chars().count()) {
            return Err(Denial::from(Invalid::Field("justification".into())).into());
        }
        let mut client = room.administered_application(caller, self.id).await?;
        let mut promotion = room
            .promotion_of(caller, (&client, &self.target), &self.counted)
            .await?;
        let changes = wait(caller, &mut client, &self.target, Some(&self.reason))?;
        promotion.waiting = body_of(&client)?.waiting.clone().map(Awaited::from);
        Ok((promotion, account(self.id, &self.target, changes)))
    }
}

impl From<PromotionWaiting> for Awaited {
    fn from(waiting: PromotionWaiting) -> Self {
        Self {
            target: waiting.target,
            reason: waiting.reason,
        }
    }
}

struct Approve {
    id: ClientId,
    approval: Approval,
    counted: Once<Counted>,
}

impl Administration for Approve {
    const OPERATION: Operation = Operation::PromotionApprove;
    const PERMISSION: Option<Permission> = Some(Permission::ApprovePromotions);
    type Answer = Promotion;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Promotion, Account), Stopped> {
        let mut client = room.application(caller, self.id).await?;
        let waiting = body_of(&client)?.waiting.clone();
        let waiting = waiting.ok_or(Denial::Conflict(Thing::Promotion))?;
        let contexts = &body_of(&client)?.contexts;
        self.approval.check(&waiting, contexts)?;
        let target = waiting.target;
        let mut promotion = room
            .promotion_of(caller, (&client, &target), &self.counted)
            .await?;
        // Nothing that was not asked for before its time goes before its time.
        if waiting.reason.is_none() && !promotion.is_ready() {
            return Err(Denial::Conflict(Thing::Promotion).into());
        }
        let changes = room.moved(caller, &mut client, &target).await?;
        (promotion.done, promotion.waiting) = (true, None);
        let asked_by = waiting.asked_by.to_string();
        let account = account(self.id, &target, changes).fact("asked_by", &asked_by);
        Ok((promotion, account))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_for_one_reason_or_for_none() {
        let reason = |text: &str| Some(text.to_owned());
        for asked in [None, reason("it is down"), reason("it is up")] {
            let waiting = PromotionWaiting {
                target: "production".to_owned(),
                asked_by: ClientId::from_bytes([1; 16]),
                reason: asked.clone(),
            };
            for approved in [None, reason("it is down"), reason("it is up"), reason("")] {
                let same = approved == asked;
                let approval = Approval {
                    target: "production".to_owned(),
                    contexts: Vec::new(),
                    reason: approved,
                };
                assert_eq!(approval.check(&waiting, &[]).is_ok(), same);
            }
        }
    }
}
