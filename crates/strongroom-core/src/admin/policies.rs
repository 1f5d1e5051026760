//! Context policies, administered.

use strongroom_types::body::{Page, PolicyBody, PolicyInfo};
use strongroom_types::{Operation, Permission, PolicyId};

use super::{Administration, PageQuery, body_digest, names, page, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::fips::Algorithm;
use crate::policy::{Policy, PolicyRecord};
use crate::ports::{Change, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Lists the workspace's context policies.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn policies(
        &self,
        ask: &Ask,
        query: PageQuery,
    ) -> Result<Answered<Page<PolicyInfo>>, Refused> {
        self.administer(ask, List(query)).await
    }

    /// Saves a new context policy, unless it would tie with another.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn policy_create(
        &self,
        ask: &Ask,
        body: PolicyBody,
    ) -> Result<Answered<PolicyInfo>, Refused> {
        self.administer(ask, Create(body)).await
    }

    /// Describes a context policy.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn policy(&self, ask: &Ask, id: PolicyId) -> Result<Answered<PolicyInfo>, Refused> {
        self.administer(ask, Describe(id)).await
    }

    /// Replaces a context policy.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn policy_update(
        &self,
        ask: &Ask,
        id: PolicyId,
        body: PolicyBody,
    ) -> Result<Answered<PolicyInfo>, Refused> {
        self.administer(ask, Update { id, body }).await
    }

    /// Removes a context policy.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn policy_delete(&self, ask: &Ask, id: PolicyId) -> Result<Answered<()>, Refused> {
        self.administer(ask, Delete(id)).await
    }
}

fn known(caller: &Caller, id: PolicyId) -> Result<&Policy, Denial> {
    caller
        .state
        .policies
        .find(id)
        .ok_or(Denial::NotFound(Thing::Policy))
}

/// The change of rows that saves a policy.
pub(super) fn put(caller: &Caller, policy: &Policy) -> Result<Change, Denial> {
    let state = &caller.state;
    let place = (RecordKind::Policy, policy.id.to_string(), policy.created);
    let record = PolicyRecord {
        policy: policy.body.clone(),
        customer_key: policy.customer_key,
    };
    let record = record::seal(&state.keys, state.id, place, &record)?;
    Ok(Change::PutRecord(state.id, record))
}

fn save(caller: &Caller, policy: &Policy) -> Result<(PolicyInfo, Account), Denial> {
    let account = Account::of_changes(vec![put(caller, policy)?])
        .fact("policy", &policy.id.to_string())
        .fact("body", &body_digest(&caller.state.keys, &policy.body)?);
    Ok((policy.info(), account))
}

/// The fields that two bodies differ in.
fn changed(former: &PolicyBody, body: &PolicyBody) -> String {
    names([
        ("match", former.matches != body.matches),
        ("suite", former.suite != body.suite),
        ("required_lock", former.required_lock != body.required_lock),
        ("rotation", former.rotation != body.rotation),
        (
            "accepted_formats",
            former.accepted_formats != body.accepted_formats,
        ),
        ("closed_names", former.closed_names != body.closed_names),
        (
            "customer_key_required",
            former.customer_key_required != body.customer_key_required,
        ),
        (
            "version_check_required",
            former.version_check_required != body.version_check_required,
        ),
    ])
}

struct List(PageQuery);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminPolicies);
    type Answer = Page<PolicyInfo>;

    async fn decide(
        &self,
        _room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<PolicyInfo>, Account), Stopped> {
        let limit = self.0.limit()?;
        let after = self.0.after::<PolicyId>()?;
        let mut items: Vec<_> = caller.state.policies.iter().map(Policy::info).collect();
        items.sort_by_key(|info| info.id.to_string());
        items.retain(|info| after.is_none_or(|after| info.id.to_string() > after.to_string()));
        items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok((
            page(items, limit, |info| info.id.to_string()),
            reading("policies"),
        ))
    }
}

struct Describe(PolicyId);

impl Administration for Describe {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminPolicies);
    type Answer = PolicyInfo;

    async fn decide(
        &self,
        _room: &Strongroom,
        caller: &Caller,
    ) -> Result<(PolicyInfo, Account), Stopped> {
        let account = reading("policy").fact("policy", &self.0.to_string());
        Ok((known(caller, self.0)?.info(), account))
    }
}

/// A suite that could not be used is not chosen either.
fn check_suite(room: &Strongroom, body: &PolicyBody) -> Result<(), Denial> {
    let suite = body.suite.unwrap_or_default();
    room.check_fips(Algorithm::Suite(suite))
}

struct Create(PolicyBody);

impl Administration for Create {
    const OPERATION: Operation = Operation::PolicyCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminPolicies);
    type Answer = PolicyInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(PolicyInfo, Account), Stopped> {
        check_suite(room, &self.0)?;
        caller.state.policies.check(None, &self.0)?;
        let policy = Policy {
            id: PolicyId::from_bytes(room.generate_id()?),
            created: room.time.now(),
            body: self.0.clone(),
            customer_key: None,
        };
        Ok(save(caller, &policy)?)
    }

    async fn repeat(
        &self,
        _room: &Strongroom,
        caller: &Caller,
        made: String,
    ) -> Result<PolicyInfo, Stopped> {
        let id = made.parse().map_err(|_not_an_id| Denial::Internal)?;
        Ok(known(caller, id)?.info())
    }

    fn made(answer: &PolicyInfo) -> Option<String> {
        Some(answer.id.to_string())
    }
}

struct Update {
    id: PolicyId,
    body: PolicyBody,
}

impl Administration for Update {
    const OPERATION: Operation = Operation::PolicyUpdate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminPolicies);
    type Answer = PolicyInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(PolicyInfo, Account), Stopped> {
        check_suite(room, &self.body)?;
        let former = known(caller, self.id)?;
        caller.state.policies.check(Some(self.id), &self.body)?;
        if former.customer_key.is_some() && former.body.matches != self.body.matches {
            // Other key contexts would lose or get the key, which is attached and detached by name.
            return Err(Denial::KeyAttached.into());
        }
        let policy = Policy {
            body: self.body.clone(),
            ..former.clone()
        };
        let (info, account) = save(caller, &policy)?;
        let changed = changed(&former.body, &self.body);
        Ok((info, account.fact("changed", &changed)))
    }
}

struct Delete(PolicyId);

impl Administration for Delete {
    const OPERATION: Operation = Operation::PolicyDelete;
    const PERMISSION: Option<Permission> = Some(Permission::AdminPolicies);
    type Answer = ();

    async fn decide(&self, _room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        if known(caller, self.0)?.customer_key.is_some() {
            return Err(Denial::KeyAttached.into());
        }
        let change = Change::DeleteRecord(RecordKind::Policy, self.0.to_string());
        Ok((
            (),
            Account::of_changes(vec![change]).fact("policy", &self.0.to_string()),
        ))
    }
}
