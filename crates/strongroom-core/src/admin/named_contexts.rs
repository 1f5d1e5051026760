//! Named contexts, administered: declared, described, changed.
//!
//! Their key contexts are administered like all others: `contexts` rotates and destroys them.

use strongroom_types::body::{
    AlgorithmPolicy, NamedContextConfig, NamedContextInfo, PolicyEnforcement,
};
use strongroom_types::{ContextName, Kind, Operation, Permission};

use super::contexts::first_version;
use super::{Administration, body_digest, check_name, reading};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::fips::Algorithm;
use crate::named::{
    NamedContext, NamedContextBody, asked_suite, check_algorithm_policy, map_of, resolve,
};
use crate::ports::{Change, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;

/// The longest description, in Unicode scalar values.
const DESCRIPTION_CHARS_MAX: usize = 1000;
/// The most bytes of what is said of the data of a context, as JSON.
const CONFIG_BYTES_MAX: usize = 16 * 1024;

/// A named context to be declared.
#[derive(Clone, Debug)]
pub struct NamedContextCreate {
    /// Its name, which no other one of the workspace has.
    pub name: ContextName,
    /// What people call it.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// What is said of its data.
    pub config: NamedContextConfig,
    /// Which suites may seal.
    pub algorithm_policy: AlgorithmPolicy,
    /// What becomes of sealing in others.
    pub enforcement: PolicyEnforcement,
}

/// What is to be changed of a named context.
#[derive(Clone, Debug)]
pub struct NamedContextUpdate {
    /// Which.
    pub name: ContextName,
    /// What people shall call it.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What is said of its data. The suite follows from it for what is sealed from now on.
    pub config: Option<NamedContextConfig>,
    /// Which suites may seal from now on.
    pub algorithm_policy: Option<AlgorithmPolicy>,
    /// What shall become of sealing in others.
    pub enforcement: Option<PolicyEnforcement>,
}

impl Strongroom {
    /// Declares a named context.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn named_context_create(
        &self,
        ask: &Ask,
        request: NamedContextCreate,
    ) -> Result<Answered<NamedContextInfo>, Refused> {
        self.administer(ask, Create(request)).await
    }

    /// Lists the named contexts that the caller may use.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn named_contexts(
        &self,
        ask: &Ask,
    ) -> Result<Answered<Vec<NamedContextInfo>>, Refused> {
        self.administer(ask, List).await
    }

    /// Describes a named context.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn named_context_info(
        &self,
        ask: &Ask,
        name: ContextName,
    ) -> Result<Answered<NamedContextInfo>, Refused> {
        self.administer(ask, Describe(name)).await
    }

    /// Changes what is said of a named context.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn named_context_update(
        &self,
        ask: &Ask,
        request: NamedContextUpdate,
    ) -> Result<Answered<NamedContextInfo>, Refused> {
        self.administer(ask, Update(request)).await
    }
}

fn check(body: &NamedContextBody) -> Result<(), Denial> {
    check_name(&body.display_name)?;
    check_algorithm_policy(&body.algorithm_policy)?;
    if body.description.chars().count() > DESCRIPTION_CHARS_MAX {
        return Err(Invalid::Field("description".into()).into());
    }
    let asked = body.config.algorithm;
    let unknown = asked.is_some_and(|asked| asked_suite(asked).is_none());
    if unknown || body.resolved.suite.key_bits() < body.resolved.minimum_bits {
        return Err(Invalid::Field("config.algorithm".into()).into());
    }
    check_config_size(&body.config)
}

/// # Errors
/// More is said of the data than fits.
pub(super) fn check_config_size(config: &NamedContextConfig) -> Result<(), Denial> {
    let json = serde_json::to_vec(config).map_err(|_unserialisable| Denial::Internal)?;
    if json.len() > CONFIG_BYTES_MAX {
        return Err(Invalid::Field("config".into()).into());
    }
    Ok(())
}

pub(super) fn put(caller: &Caller, named: &NamedContext) -> Result<Change, Denial> {
    let state = &caller.state;
    let place = (
        RecordKind::NamedContext,
        named.id.to_string(),
        named.created,
    );
    let record = record::seal(&state.keys, state.id, place, &named.body)?;
    Ok(Change::PutRecord(state.id, record))
}

/// The account of a change to a named context.
fn account(caller: &Caller, named: &NamedContext, changes: Vec<Change>) -> Result<Account, Denial> {
    let map = map_of(&named.body.name)?;
    let body = body_digest(&caller.state.keys, &named.body)?;
    Ok(Account::of_changes(changes)
        .of_kind(Kind::Named, named.id, &map)
        .fact("suite", named.body.resolved.suite.name())
        .fact("body", &body))
}

struct Create(NamedContextCreate);

impl Administration for Create {
    const OPERATION: Operation = Operation::NamedContextCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminNamedContexts);
    type Answer = NamedContextInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(NamedContextInfo, Account), Stopped> {
        let request = &self.0;
        let state = &caller.state;
        let map = map_of(&request.name)?;
        // Whoever may use some named contexts only cannot declare another.
        caller.require_context(&map)?;
        let id = state.context_id(Kind::Named, &map);
        let kind = RecordKind::NamedContext;
        if room
            .store
            .record(state.id, kind, &id.to_string())
            .await?
            .is_some()
        {
            return Err(Denial::Conflict(Thing::NamedContext).into());
        }
        let version = first_version(room, caller, id)?;
        let row = room
            .new_context(state, (Kind::Named, id), &map, version)
            .await?;
        let mut body = NamedContextBody {
            name: request.name.clone(),
            display_name: request.display_name.clone(),
            description: request.description.clone(),
            config: request.config.clone(),
            resolved: resolve(&request.config, room.settings.fips),
            algorithm_policy: request.algorithm_policy.clone(),
            enforcement: request.enforcement,
            formats: Vec::new(),
            key_bundle: false,
        };
        body.resolve(room.settings.fips);
        check(&body)?;
        room.check_fips(Algorithm::Suite(body.resolved.suite))?;
        let created = row.created;
        let named = NamedContext { id, created, body };
        let changes = vec![Change::InsertContext(row), put(caller, &named)?];
        Ok((
            room.named_info(state, &named)?,
            account(caller, &named, changes)?,
        ))
    }
}

struct List;

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::NamedContextsList);
    type Answer = Vec<NamedContextInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Vec<NamedContextInfo>, Account), Stopped> {
        let state = &caller.state;
        let kind = RecordKind::NamedContext;
        let open = |row: &crate::ports::Record| room.read_named_context(state, row);
        let mut listed = Vec::new();
        for named in room.all_records(state.id, kind, open).await? {
            if caller.may_use(&map_of(&named.body.name)?) {
                listed.push(room.named_info(state, &named)?);
            }
        }
        listed.sort_by(|one, other| one.name.cmp(&other.name));
        Ok((listed, reading("named-contexts")))
    }
}

struct Describe(ContextName);

impl Administration for Describe {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::NamedContextsList);
    type Answer = NamedContextInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(NamedContextInfo, Account), Stopped> {
        let named = room.named_context(&caller.state, &self.0).await?;
        let map = map_of(&self.0)?;
        caller.require_context(&map)?;
        let account = reading("named-context").of_kind(Kind::Named, named.id, &map);
        Ok((room.named_info(&caller.state, &named)?, account))
    }
}

struct Update(NamedContextUpdate);

impl Administration for Update {
    const OPERATION: Operation = Operation::NamedContextUpdate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminNamedContexts);
    type Answer = NamedContextInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(NamedContextInfo, Account), Stopped> {
        let request = &self.0;
        let known = room.named_context(&caller.state, &request.name).await?;
        caller.require_context(&map_of(&request.name)?)?;
        let mut body = known.body.clone();
        if let Some(display_name) = &request.display_name {
            body.display_name.clone_from(display_name);
        }
        if let Some(description) = &request.description {
            body.description.clone_from(description);
        }
        if let Some(config) = &request.config {
            body.config.clone_from(config);
        }
        if let Some(policy) = &request.algorithm_policy {
            body.algorithm_policy.clone_from(policy);
        }
        if let Some(enforcement) = request.enforcement {
            body.enforcement = enforcement;
        }
        body.resolve(room.settings.fips);
        check(&body)?;
        room.check_fips(Algorithm::Suite(body.resolved.suite))?;
        let (id, created) = (known.id, known.created);
        let named = NamedContext { id, created, body };
        let changes = vec![put(caller, &named)?];
        let info = room.named_info(&caller.state, &named)?;
        Ok((info, account(caller, &named, changes)?))
    }
}
