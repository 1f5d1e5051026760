//! Guards, administered: kept, listed, removed, tried.

use strongroom_types::body::{
    AlgorithmPolicy, GuardBody, GuardFinding, GuardedOperation, NamedContextConfig,
    PolicyEnforcement,
};
use strongroom_types::{ContextName, Operation, Permission, Suite, base32};

use super::{Administration, body_digest, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::guard::{Circumstances, Guard};
use crate::named::{NamedContextBody, map_of, resolve};
use crate::ports::{Change, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// The most guards of a workspace: each is evaluated at each use that it is about.
const GUARDS_MAX: usize = 100;
/// The longest description and message, in Unicode scalar values.
const TEXT_CHARS_MAX: usize = 1000;
/// The most contexts that a guard names.
const CONTEXTS_MAX: usize = 100;

/// A use that is not made, to see what the guards would say of it.
#[derive(Clone, Debug)]
pub struct GuardTrial {
    /// Which use.
    pub operation: GuardedOperation,
    /// The suite that would seal or open.
    pub suite: Suite,
    /// The context.
    pub context: ContextName,
    /// What would be said of its data.
    pub config: NamedContextConfig,
}

impl Strongroom {
    /// Keeps a guard; `is_new` refuses to replace one of its name.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when its rule is not one that is
    /// taken.
    pub async fn guard_put(
        &self,
        ask: &Ask,
        guard: GuardBody,
        is_new: bool,
    ) -> Result<Answered<GuardBody>, Refused> {
        self.administer(ask, Put { guard, is_new }).await
    }

    /// Lists the guards.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn guards(&self, ask: &Ask) -> Result<Answered<Vec<GuardBody>>, Refused> {
        self.administer(ask, List).await
    }

    /// Describes a guard.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn guard_info(
        &self,
        ask: &Ask,
        name: ContextName,
    ) -> Result<Answered<GuardBody>, Refused> {
        self.administer(ask, Describe(name)).await
    }

    /// Removes a guard.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn guard_delete(
        &self,
        ask: &Ask,
        name: ContextName,
    ) -> Result<Answered<()>, Refused> {
        self.administer(ask, Delete(name)).await
    }

    /// Tells what the guards would say of a use by the caller.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn guard_try(
        &self,
        ask: &Ask,
        trial: GuardTrial,
    ) -> Result<Answered<Vec<GuardFinding>>, Refused> {
        self.administer(ask, Try(trial)).await
    }
}

/// The id of a guard's record: `base32(HMAC(search term key, "guard" ‖ name))`.
fn record_id(state: &WorkspaceState, name: &ContextName) -> String {
    let parts: [&[u8]; 2] = [b"guard", name.as_str().as_bytes()];
    base32::encode(&state.keys.audit.search_term(&parts))
}

fn check(guard: &GuardBody) -> Result<(), Denial> {
    let is_long = |text: &str| text.chars().count() > TEXT_CHARS_MAX;
    for (field, wrong) in [
        ("description", is_long(&guard.description)),
        ("message", is_long(&guard.message)),
        ("contexts", guard.contexts.len() > CONTEXTS_MAX),
    ] {
        if wrong {
            return Err(Invalid::Field(field.into()).into());
        }
    }
    Ok(())
}

struct Put {
    guard: GuardBody,
    is_new: bool,
}

impl Administration for Put {
    const OPERATION: Operation = Operation::GuardPut;
    const PERMISSION: Option<Permission> = Some(Permission::AdminPolicies);
    type Answer = GuardBody;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(GuardBody, Account), Stopped> {
        let (state, body) = (&caller.state, &self.guard);
        check(body)?;
        let is_there = state.guards.find(&body.name).is_some();
        if is_there && self.is_new {
            return Err(Denial::Conflict(Thing::Guard).into());
        }
        if !is_there && !self.is_new {
            return Err(Denial::NotFound(Thing::Guard).into());
        }
        if !is_there && state.guards.len() >= GUARDS_MAX {
            return Err(Denial::from(Invalid::Field("name".into())).into());
        }
        let guard = Guard::new(body.clone()).map_err(|fault| Denial::from(Invalid::from(fault)))?;
        let id = record_id(state, &body.name);
        let place = (RecordKind::Guard, id, room.time.now());
        let record = record::seal(&state.keys, state.id, place, &guard.body)?;
        let account = Account::of_changes(vec![Change::PutRecord(state.id, record)])
            .fact("guard", body.name.as_str())
            .fact("body", &body_digest(&state.keys, body)?);
        Ok((guard.body, account))
    }
}

struct List;

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::NamedContextsList);
    type Answer = Vec<GuardBody>;

    async fn decide(
        &self,
        _room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Vec<GuardBody>, Account), Stopped> {
        let guards = caller.state.guards.iter();
        let listed = guards.map(|guard| guard.body.clone()).collect();
        Ok((listed, reading("guards")))
    }
}

struct Describe(ContextName);

impl Administration for Describe {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::NamedContextsList);
    type Answer = GuardBody;

    async fn decide(
        &self,
        _room: &Strongroom,
        caller: &Caller,
    ) -> Result<(GuardBody, Account), Stopped> {
        let found = caller.state.guards.find(&self.0);
        let found = found.ok_or(Denial::NotFound(Thing::Guard))?;
        Ok((found.body.clone(), reading("guard")))
    }
}

struct Delete(ContextName);

impl Administration for Delete {
    const OPERATION: Operation = Operation::GuardDelete;
    const PERMISSION: Option<Permission> = Some(Permission::AdminPolicies);
    type Answer = ();

    async fn decide(&self, _room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        let state = &caller.state;
        let found = state.guards.find(&self.0);
        found.ok_or(Denial::NotFound(Thing::Guard))?;
        let id = record_id(state, &self.0);
        let change = Change::DeleteRecord(RecordKind::Guard, id);
        let account = Account::of_changes(vec![change]).fact("guard", self.0.as_str());
        Ok(((), account))
    }
}

struct Try(GuardTrial);

impl Administration for Try {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::NamedContextsList);
    type Answer = Vec<GuardFinding>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Vec<GuardFinding>, Account), Stopped> {
        let trial = &self.0;
        let context = NamedContextBody {
            name: trial.context.clone(),
            display_name: String::new(),
            description: String::new(),
            config: trial.config.clone(),
            resolved: resolve(&trial.config, room.settings.fips),
            algorithm_policy: AlgorithmPolicy::default(),
            enforcement: PolicyEnforcement::default(),
            formats: Vec::new(),
            key_bundle: false,
        };
        let findings = caller.state.guards.findings(&Circumstances {
            operation: trial.operation,
            suite: trial.suite,
            symmetric: room.will_wrap_symmetrically(&caller.state, &map_of(&trial.context)?),
            context: &context,
            client: &caller.client,
            now: room.time.now(),
        });
        Ok((findings, reading("what guards would say")))
    }
}
