//! Which key contexts a customer's key is for: attached, put in the place of another, detached.
//!
//! Each changes policies and begins the job that moves what exists, in one entry. What is sealed from
//! then on is under the key that the policies want; what exists opens through the key that wraps it
//! until the job has moved it.

use strongroom_types::body::{
    CustomerKeyAttach, CustomerKeyDetach, CustomerKeyMoves, CustomerKeyReplace, JobCause, JobKind,
    PolicyBody,
};
use strongroom_types::{ContextPattern, CustomerKeyId, Operation, Permission, PolicyId};

use super::super::policies;
use super::{Administration, known};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::job::{self, JobBody};
use crate::policy::Policy;
use crate::ports::Change;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Puts all key contexts that contain given pairs under a customer's key.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn customer_key_attach(
        &self,
        ask: &Ask,
        id: CustomerKeyId,
        request: CustomerKeyAttach,
    ) -> Result<Answered<CustomerKeyMoves>, Refused> {
        let matches = request.matches;
        self.administer(ask, Attach { id, matches }).await
    }

    /// Puts another customer's key in the place of one, wherever that is attached.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn customer_key_replace(
        &self,
        ask: &Ask,
        id: CustomerKeyId,
        request: CustomerKeyReplace,
    ) -> Result<Answered<CustomerKeyMoves>, Refused> {
        let by = request.by;
        self.administer(ask, Replace { id, by }).await
    }

    /// Puts key contexts back under the key that their other policies want, or the workspace's root.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn customer_key_detach(
        &self,
        ask: &Ask,
        id: CustomerKeyId,
        request: CustomerKeyDetach,
    ) -> Result<Answered<CustomerKeyMoves>, Refused> {
        let policy = request.policy;
        self.administer(ask, Detach { id, policy }).await
    }

    /// Saves policies with another customer's key and begins the job that moves what exists.
    async fn begin_moves(
        &self,
        caller: &Caller,
        (cause, key): (JobCause, CustomerKeyId),
        policies: Vec<Policy>,
    ) -> Result<(CustomerKeyMoves, Account), Denial> {
        let ids: Vec<_> = policies.iter().map(|policy| policy.id).collect();
        let named: Vec<_> = ids.iter().map(ToString::to_string).collect();
        let body = JobBody::about_key(cause, ids, key);
        let row = self.new_job(&caller.state, JobKind::Rewrap, body).await?;
        let moves = CustomerKeyMoves {
            policies: policies.iter().map(Policy::info).collect(),
            job: job::info(&caller.state, &row)?,
        };
        let provider = known(caller, key)?.body.key.kind();
        let mut account = Account::of_changes(vec![Change::InsertJob(row)])
            .fact("customer_key", &key.to_string())
            .fact("provider", provider)
            .fact("job", &moves.job.id.to_string());
        for policy in &policies {
            account.changes.push(policies::put(caller, policy)?);
        }
        Ok((moves, account.fact("policies", &named.join(" "))))
    }
}

/// The policies that a key is attached to; at least one.
fn attached(caller: &Caller, id: CustomerKeyId) -> Result<Vec<&Policy>, Denial> {
    known(caller, id)?;
    let policies = caller.state.policies.iter();
    let attached: Vec<_> = policies
        .filter(|policy| policy.customer_key == Some(id))
        .collect();
    if attached.is_empty() {
        return Err(Denial::Conflict(Thing::CustomerKey));
    }
    Ok(attached)
}

struct Attach {
    id: CustomerKeyId,
    matches: ContextPattern,
}

impl Attach {
    /// The policy with exactly these pairs: the one there is, or a new one.
    fn policy(&self, room: &Strongroom, caller: &Caller) -> Result<Policy, Denial> {
        if self.matches.pairs().len() == 0 {
            return Err(Invalid::Field("match".into()).into());
        }
        let policies = &caller.state.policies;
        let there = policies
            .iter()
            .find(|policy| policy.body.matches == self.matches);
        if let Some(policy) = there {
            return match policy.customer_key {
                None => Ok(policy.clone()),
                Some(_) => Err(Denial::KeyAttached),
            };
        }
        let body = PolicyBody::of(self.matches.clone());
        policies.check(None, &body)?;
        Ok(Policy {
            id: PolicyId::from_bytes(room.generate_id()?),
            created: room.time.now(),
            body,
            customer_key: None,
        })
    }
}

impl Administration for Attach {
    const OPERATION: Operation = Operation::CustomerKeyAttach;
    const PERMISSION: Option<Permission> = Some(Permission::AdminCustomerKeys);
    type Answer = CustomerKeyMoves;

    fn customer_key(&self) -> Option<CustomerKeyId> {
        Some(self.id)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(CustomerKeyMoves, Account), Stopped> {
        known(caller, self.id)?
            .check_use()
            .map_err(Denial::CustomerKeyTried)?;
        let policy = Policy {
            customer_key: Some(self.id),
            ..self.policy(room, caller)?
        };
        Ok(room
            .begin_moves(caller, (JobCause::Attach, self.id), vec![policy])
            .await?)
    }
}

struct Replace {
    id: CustomerKeyId,
    by: CustomerKeyId,
}

impl Administration for Replace {
    const OPERATION: Operation = Operation::CustomerKeyReplace;
    const PERMISSION: Option<Permission> = Some(Permission::AdminCustomerKeys);
    type Answer = CustomerKeyMoves;

    fn customer_key(&self) -> Option<CustomerKeyId> {
        Some(self.id)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(CustomerKeyMoves, Account), Stopped> {
        let former = attached(caller, self.id)?;
        if self.by == self.id {
            return Err(Invalid::Field("by".into()).into());
        }
        let by = caller.state.customer_keys.find(self.by);
        let by = by.map_err(|_unknown| Invalid::Field("by".into()))?;
        by.check_use().map_err(Denial::CustomerKeyTried)?;
        let policies = former.into_iter().map(|policy| Policy {
            customer_key: Some(self.by),
            ..policy.clone()
        });
        let moves = room.begin_moves(caller, (JobCause::Replace, self.by), policies.collect());
        let (moves, account) = moves.await?;
        Ok((moves, account.fact("replaces", &self.id.to_string())))
    }
}

struct Detach {
    id: CustomerKeyId,
    policy: Option<PolicyId>,
}

impl Administration for Detach {
    const OPERATION: Operation = Operation::CustomerKeyDetach;
    const PERMISSION: Option<Permission> = Some(Permission::AdminCustomerKeys);
    type Answer = CustomerKeyMoves;

    fn customer_key(&self) -> Option<CustomerKeyId> {
        Some(self.id)
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(CustomerKeyMoves, Account), Stopped> {
        let mut former = attached(caller, self.id)?;
        former.retain(|policy| self.policy.is_none_or(|only| policy.id == only));
        if former.is_empty() {
            return Err(Denial::NotFound(Thing::Policy).into());
        }
        let policies = former.into_iter().map(|policy| Policy {
            customer_key: None,
            ..policy.clone()
        });
        Ok(room
            .begin_moves(caller, (JobCause::Detach, self.id), policies.collect())
            .await?)
    }
}
