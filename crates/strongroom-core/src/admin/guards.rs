//! Guards, administered: kept, listed, removed, tried.

use strongroom_types::body::{
    AlgorithmPolicy, GuardBody, GuardFinding, GuardedOperation, NamedContextConfig,
    PolicyEnforcement,
};
use strongroom_types::{ContextName, Operation, Permission, Suite, base32};

use super::named_contexts::check_config_size;
use super::{Administration, body_digest, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::guard::{Circumstances, Guard, Supposed};
use crate::named::{NamedContextBody, map_of, resolve};
use crate::ports::{Change, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// The most guards of a workspace: each is evaluated at each use that it is about.
const GUARDS_MAX: usize = 100;
/// The longest description and message, in Unicode scalar values.
const TEXT_CHARS_MAX: usize = 1000;
/// The longest name of an algorithm or a team that is tried.
const NAME_CHARS_MAX: usize = 100;
/// The longest metadata, in bytes of JSON.
const METADATA_BYTES_MAX: usize = 4096;
/// The most contexts that a guard names.
const CONTEXTS_MAX: usize = 100;

/// What would seal or open.
#[derive(Clone, Debug)]
pub enum TriedAlgorithm {
    /// A suite that there is.
    Suite(Suite),
    /// The name of another algorithm. Rules read it as one of 0 bits that resists nothing: here nothing
    /// is sealed in it.
    Other(String),
}

impl TriedAlgorithm {
    /// The suite, and the name in its place.
    fn parts(&self) -> (Suite, Option<&str>) {
        match self {
            Self::Suite(suite) => (*suite, None),
            Self::Other(name) => (Suite::default(), Some(name)),
        }
    }
}

/// A use that is not made, to see what the guards would say of it.
#[derive(Clone, Debug)]
pub struct GuardTrial {
    /// Which use.
    pub operation: GuardedOperation,
    /// What would seal or open.
    pub algorithm: TriedAlgorithm,
    /// The team of the application, in place of the caller's.
    pub team: Option<String>,
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

fn is_long_json(metadata: &serde_json::Map<String, serde_json::Value>) -> bool {
    let json = serde_json::to_vec(metadata);
    json.map_or(true, |json| json.len() > METADATA_BYTES_MAX)
}

fn check(guard: &GuardBody) -> Result<(), Denial> {
    let is_long = |text: &str| text.chars().count() > TEXT_CHARS_MAX;
    for (field, wrong) in [
        ("description", is_long(&guard.description)),
        ("message", is_long(&guard.message)),
        ("contexts", guard.contexts.len() > CONTEXTS_MAX),
        ("policy_metadata", is_long_json(&guard.metadata)),
    ] {
        if wrong {
            return Err(Invalid::Field(field.into()).into());
        }
    }
    Ok(())
}

/// Rules read all of it, each of them, so that it is as short as what a context may say of its data.
fn check_trial(trial: &GuardTrial) -> Result<(), Denial> {
    let is_long = |text: &String| text.chars().count() > NAME_CHARS_MAX;
    if matches!(&trial.algorithm, TriedAlgorithm::Other(name) if name.is_empty() || is_long(name)) {
        return Err(Invalid::Field("algorithm".into()).into());
    }
    if trial.team.as_ref().is_some_and(is_long) {
        return Err(Invalid::Field("team".into()).into());
    }
    check_config_size(&trial.config)
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
        check_trial(trial)?;
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
        let (suite, algorithm) = trial.algorithm.parts();
        let circumstances = Circumstances {
            operation: trial.operation,
            suite,
            symmetric: room.will_wrap_symmetrically(&caller.state, &map_of(&trial.context)?),
            context: &context,
            client: &caller.client,
            now: room.time.now(),
        };
        let team = trial.team.as_deref();
        let supposed = Supposed { algorithm, team };
        let findings = caller.state.guards.findings(&circumstances, supposed);
        Ok((findings, reading("what guards would say")))
    }
}
