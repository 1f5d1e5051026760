//! Applications, administered: registered, described, changed, removed.
//!
//! Whoever registered an application administers it, and whoever administers everybody's. Nobody
//! gives an application a named context, or a permission, that is not its own.

mod promotion;
mod register;
mod tokens;

use strongroom_types::body::ApplicationInfo;
use strongroom_types::{ClientId, ContextName, Operation, Permission, base32};

pub use promotion::{Approval, Awaited, Promotion};
pub(crate) use register::ApplicationNameBody;
pub use register::{ApplicationCreate, ApplicationCreated};

use super::{Administration, body_digest, check_name, names, reading};
use crate::application::{ApplicationBody, info};
use crate::ask::{Answered, Ask};
use crate::caller::{Caller, Client};
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::named::{map_of, pattern_of};
use crate::ports::{Change, Micros, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;
use crate::time::seconds;
use crate::workspace::WorkspaceState;

/// The longest environment or team, in Unicode scalar values.
const LABEL_CHARS_MAX: usize = 64;
/// The longest description, in Unicode scalar values.
const DESCRIPTION_CHARS_MAX: usize = 1000;
/// The farthest that an application expires, in days.
const EXPIRY_DAYS_MAX: u32 = 3650;
/// The most named contexts of an application.
const CONTEXTS_MAX: usize = 100;

/// What is to be changed of an application.
#[derive(Clone, Debug, Default)]
pub struct ApplicationUpdate {
    /// Its team.
    pub team: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The named contexts that it may use from now on.
    pub contexts: Option<Vec<ContextName>>,
    /// Whether it may do anything.
    pub active: Option<bool>,
    /// In how many days from now on it expires.
    pub expires_in_days: Option<u32>,
}

impl Strongroom {
    /// Lists the workspace's applications; those of a name, where one is given.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn applications(
        &self,
        ask: &Ask,
        name: Option<String>,
    ) -> Result<Answered<Vec<ApplicationInfo>>, Refused> {
        self.administer(ask, List(name)).await
    }

    /// Describes an application.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn application_info(
        &self,
        ask: &Ask,
        id: ClientId,
    ) -> Result<Answered<ApplicationInfo>, Refused> {
        self.administer(ask, Describe(id)).await
    }

    /// Changes an application: takes effect with its entry.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn application_update(
        &self,
        ask: &Ask,
        id: ClientId,
        request: ApplicationUpdate,
    ) -> Result<Answered<ApplicationInfo>, Refused> {
        self.administer(ask, Update { id, request }).await
    }

    /// Removes an application and all its tokens. `confirmed` must be its name.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn application_delete(
        &self,
        ask: &Ask,
        id: ClientId,
        confirmed: String,
    ) -> Result<Answered<()>, Refused> {
        self.administer(ask, Delete { id, confirmed }).await
    }

    /// An application of the workspace.
    async fn application(&self, caller: &Caller, id: ClientId) -> Result<Client, Denial> {
        match self.load_client(&caller.state, id).await {
            Ok(client) if client.body.application.is_some() => Ok(Client::clone(&client)),
            Ok(_) | Err(Denial::Unauthenticated) => Err(Denial::NotFound(Thing::Application)),
            Err(denial) => Err(denial),
        }
    }

    /// An application that the caller administers.
    async fn administered_application(
        &self,
        caller: &Caller,
        id: ClientId,
    ) -> Result<Client, Denial> {
        let client = self.application(caller, id).await?;
        if body_of(&client)?.owner != caller.client.id {
            caller.require(Permission::AdminApplications)?;
        }
        Ok(client)
    }

    /// Nobody gets hold of, through an application's tokens or by its own name, what it may not do
    /// itself.
    ///
    /// # Errors
    /// The application may do, or is to do, what the caller may not.
    async fn check_reach(
        &self,
        caller: &Caller,
        client: &Client,
        contexts: &[ContextName],
    ) -> Result<(), Denial> {
        self.check_grant(caller, &client.body.permissions)?;
        self.check_contexts(caller, contexts).await
    }

    /// # Errors
    /// There are too many, one is not declared, or one is not the caller's to give.
    pub(super) async fn check_contexts(
        &self,
        caller: &Caller,
        contexts: &[ContextName],
    ) -> Result<(), Denial> {
        if contexts.len() > CONTEXTS_MAX {
            return Err(Invalid::Field("contexts".into()).into());
        }
        for name in contexts {
            self.named_context(&caller.state, name).await?;
            caller.require_context(&map_of(name)?)?;
        }
        Ok(())
    }
}

fn body_of(client: &Client) -> Result<&ApplicationBody, Denial> {
    client.body.application.as_ref().ok_or(Denial::Internal)
}

fn body_of_mut(client: &mut Client) -> Result<&mut ApplicationBody, Denial> {
    client.body.application.as_mut().ok_or(Denial::Internal)
}

/// What the name of an application is looked up by: the database shows no names.
fn name_id(state: &WorkspaceState, owner: ClientId, environment: &str, name: &str) -> String {
    let names = &state.keys.context_id;
    base32::encode(&names.application_name(owner.as_bytes(), environment, name))
}

fn check(application: &ApplicationBody) -> Result<(), Denial> {
    check_name(&application.name)?;
    for (field, text) in [
        ("environment", &application.environment),
        ("team", &application.team),
    ] {
        if !(1..=LABEL_CHARS_MAX).contains(&text.chars().count()) {
            return Err(Invalid::Field(field.into()).into());
        }
    }
    if application.description.chars().count() > DESCRIPTION_CHARS_MAX {
        return Err(Invalid::Field("description".into()).into());
    }
    Ok(())
}

/// Gives an application these named contexts, and no other key context. What waits for an owner waited
/// with those that it had.
fn give(client: &mut Client, mut contexts: Vec<ContextName>) -> Result<(), Denial> {
    contexts.sort();
    contexts.dedup();
    let patterns = contexts.iter().map(pattern_of);
    client.body.allowed_contexts = patterns.collect::<Result<_, _>>()?;
    let application = body_of_mut(client)?;
    if application.contexts != contexts {
        application.waiting = None;
    }
    application.contexts = contexts;
    Ok(())
}

/// When what expires in so many days does.
///
/// # Errors
/// That is now, or too far away.
fn expiry(days: Option<u32>, now: Micros) -> Result<Option<Micros>, Denial> {
    let at = |days: u32| {
        let fits = (1..=EXPIRY_DAYS_MAX).contains(&days);
        let wrong = Denial::from(Invalid::Field("expires_in_days".into()));
        let after = seconds(i64::from(days) * 86_400);
        fits.then(|| now.saturating_add(after)).ok_or(wrong)
    };
    days.map(at).transpose()
}

fn put(caller: &Caller, client: &Client) -> Result<Change, Denial> {
    let state = &caller.state;
    let record = record::seal_client(&state.keys, state.id, client)?;
    Ok(Change::PutRecord(state.id, record))
}

/// The account of a change to an application.
fn account(caller: &Caller, client: &Client, changes: Vec<Change>) -> Result<Account, Denial> {
    let contexts = body_digest(&caller.state.keys, &client.body.allowed_contexts)?;
    Ok(Account::of_changes(changes)
        .fact("application", &client.id.to_string())
        .fact("allowed_contexts", &contexts))
}

struct List(Option<String>);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::ApplicationsList);
    type Answer = Vec<ApplicationInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Vec<ApplicationInfo>, Account), Stopped> {
        let state = &caller.state;
        let open = |row: &crate::ports::Record| record::client(&state.keys, state.id, row);
        let clients = room.all_records(state.id, RecordKind::Client, open).await?;
        let applications = clients.iter().filter_map(|client| {
            let application = client.body.application.as_ref()?;
            let named = self.0.as_ref().is_none_or(|name| *name == application.name);
            named.then(|| info(client, application))
        });
        Ok((applications.collect(), reading("applications")))
    }
}

struct Describe(ClientId);

impl Administration for Describe {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::ApplicationsList);
    type Answer = ApplicationInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ApplicationInfo, Account), Stopped> {
        let client = room.application(caller, self.0).await?;
        let account = reading("application").fact("application", &self.0.to_string());
        Ok((info(&client, body_of(&client)?), account))
    }
}

struct Update {
    id: ClientId,
    request: ApplicationUpdate,
}

impl Administration for Update {
    const OPERATION: Operation = Operation::ApplicationUpdate;
    const PERMISSION: Option<Permission> = Some(Permission::ApplicationsRegister);
    type Answer = ApplicationInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ApplicationInfo, Account), Stopped> {
        let request = &self.request;
        let mut client = room.administered_application(caller, self.id).await?;
        let application = body_of_mut(&mut client)?;
        if let Some(team) = &request.team {
            application.team.clone_from(team);
        }
        if let Some(description) = &request.description {
            application.description.clone_from(description);
        }
        if let Some(expires) = expiry(request.expires_in_days, room.time.now())? {
            application.expires = Some(expires);
        }
        check(application)?;
        if let Some(contexts) = &request.contexts {
            room.check_reach(caller, &client, contexts).await?;
            give(&mut client, contexts.clone())?;
        }
        if let Some(active) = request.active {
            if active && client.body.disabled {
                // Who suspended it is not known: perhaps somebody else than its owner.
                caller.require(Permission::AdminApplications)?;
            }
            client.body.disabled = !active;
        }
        let changed = names([
            ("team", request.team.is_some()),
            ("description", request.description.is_some()),
            ("contexts", request.contexts.is_some()),
            ("active", request.active.is_some()),
            ("expires", request.expires_in_days.is_some()),
        ]);
        let changes = vec![put(caller, &client)?];
        let account = account(caller, &client, changes)?.fact("changed", &changed);
        Ok((info(&client, body_of(&client)?), account))
    }
}

struct Delete {
    id: ClientId,
    confirmed: String,
}

impl Administration for Delete {
    const OPERATION: Operation = Operation::ApplicationDelete;
    const PERMISSION: Option<Permission> = Some(Permission::ApplicationsRegister);
    type Answer = ();

    async fn decide(&self, room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        let client = room.administered_application(caller, self.id).await?;
        let application = body_of(&client)?;
        if self.confirmed != application.name {
            return Err(Invalid::Parameter("confirm").into());
        }
        let state = &caller.state;
        let (environment, name) = (&application.environment, &application.name);
        let named = name_id(state, application.owner, environment, name);
        let mut changes = vec![
            Change::DeleteRecord(RecordKind::Client, self.id.to_string()),
            Change::DeleteRecord(RecordKind::ApplicationName, named),
        ];
        let keys = room.store.api_keys(state.id, self.id).await?;
        changes.extend(keys.iter().map(|key| Change::DeleteApiKey(key.id)));
        Ok(((), account(caller, &client, changes)?))
    }
}
