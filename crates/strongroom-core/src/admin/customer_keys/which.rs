//! Which key a key context would use, and why. Nothing is used.

use strongroom_types::body::{
    ConsideredPolicy, WhichKey, WhichKeyBecause, WhichKeyRequest, WrappingKind,
};
use strongroom_types::{KeyContext, Kind, Operation, Permission};

use super::{Administration, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::Refused;
use crate::door::{Account, Stopped};
use crate::policy::{Closed, Policy, Rules};
use crate::ports::Wrapper;
use crate::strongroom::Strongroom;

impl Strongroom {
    /// Says which key a key context would use, and why.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn which_key(
        &self,
        ask: &Ask,
        request: WhichKeyRequest,
    ) -> Result<Answered<WhichKey>, Refused> {
        self.administer(ask, Which(request.key_context)).await
    }
}

struct Which(KeyContext);

impl Administration for Which {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminCustomerKeys);
    type Answer = WhichKey;

    fn asked(&self) -> Vec<KeyContext> {
        vec![self.0.clone()]
    }

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(WhichKey, Account), Stopped> {
        caller.require_context(&self.0)?;
        let state = &caller.state;
        let id = state.context_id(Kind::Context, &self.0);
        let rules = state.policies.rules(&self.0);
        let wanted = rules.customer_key.map(|(_, key)| key);
        let row = room.store.context(state.id, id).await?;
        let now = row.map(|row| row.wrapper);
        let (wrapped_by, because) = outcome(&rules);
        let (closed_name, requires) = match &rules.closed {
            Some(Closed::Name(name)) => (Some(name.clone()), None),
            Some(Closed::Required(policy)) => (None, Some(*policy)),
            None => (None, None),
        };
        let key = wanted.and_then(|id| state.customer_keys.find(id).ok());
        let matching = state.policies.matching(&self.0);
        let answer = WhichKey {
            context: id,
            wrapped_by,
            because,
            customer_key: wanted,
            state: key.map(|key| key.body.state),
            policy: requires.or_else(|| rules.customer_key.map(|(policy, _)| policy)),
            closed_name,
            considered: matching.into_iter().map(considered).collect(),
            wrapped_now: now.map(kind),
            customer_key_now: now.and_then(|wrapper| wrapper.customer()),
        };
        Ok((answer, reading("which key").of_context(id, &self.0)))
    }
}

const fn outcome(rules: &Rules) -> (WrappingKind, WhichKeyBecause) {
    match (&rules.closed, rules.customer_key) {
        (Some(Closed::Name(_)), _) => (WrappingKind::Refused, WhichKeyBecause::ClosedName),
        (Some(Closed::Required(_)), _) => {
            (WrappingKind::Refused, WhichKeyBecause::CustomerKeyRequired)
        }
        (None, Some(_)) => (
            WrappingKind::CustomerKey,
            WhichKeyBecause::PolicyWithMostPairs,
        ),
        (None, None) => (
            WrappingKind::WorkspaceRoot,
            WhichKeyBecause::NoPolicyWithKey,
        ),
    }
}

const fn kind(wrapper: Wrapper) -> WrappingKind {
    match wrapper {
        Wrapper::Root(_) => WrappingKind::WorkspaceRoot,
        Wrapper::Customer(_) => WrappingKind::CustomerKey,
    }
}

fn considered(policy: &Policy) -> ConsideredPolicy {
    ConsideredPolicy {
        policy: policy.id,
        pairs: u32::try_from(policy.body.matches.pairs().len()).unwrap_or(u32::MAX),
        customer_key: policy.customer_key,
    }
}
