//! Registering applications.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strongroom_types::body::ApplicationInfo;
use strongroom_types::{ClientId, ContextName, KeyVersion, Operation, Permission};

use super::{account, body_of, body_of_mut, check, expiry, give, name_id, put};
use crate::application::{
    AccessDue, ApplicationBody, ApplicationTokens, NewRefreshToken, PERMISSIONS, Registrations,
    info,
};
use crate::ask::{Answered, Ask};
use crate::caller::{Caller, Client, ClientBody};
use crate::denial::{Denial, Refused, Thing};
use crate::door::{Permit, Planned, Released, Stopped, Use};
use crate::named::map_of;
use crate::ports::{Change, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// An application to be registered.
#[derive(Clone, Debug)]
pub struct ApplicationCreate {
    /// Its name.
    pub name: String,
    /// Its environment.
    pub environment: String,
    /// Its team.
    pub team: String,
    /// What it is for.
    pub description: String,
    /// The named contexts that it is to use.
    pub contexts: Vec<ContextName>,
    /// In how many days it expires, if it does.
    pub expires_in_days: Option<u32>,
    /// Whether one that its user has already gets new tokens instead of being refused.
    pub again: bool,
}

/// An application that was registered.
#[derive(Debug)]
pub struct ApplicationCreated {
    /// What is said of it.
    pub info: ApplicationInfo,
    /// Its tokens.
    pub tokens: ApplicationTokens,
    /// Whether there was none of the name in the environment.
    pub is_new: bool,
}

/// The part that is sealed of the record that a name is looked up by.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ApplicationNameBody {
    pub(crate) client: ClientId,
}

impl Strongroom {
    /// Registers an application for the named contexts that it is to use. One that its user registered
    /// before gets new tokens, and the contexts that are named now beside those that it had, as far as
    /// they are its user's to give. A user has so many registrations within an hour. `shown` adds what a
    /// surface's clients read of the access token.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn application_register<F>(
        &self,
        ask: &Ask,
        request: ApplicationCreate,
        shown: F,
    ) -> Result<Answered<ApplicationCreated>, Refused>
    where
        F: Fn(&ApplicationInfo) -> Map<String, Value> + Send + Sync,
    {
        self.enter(ask, &Register { request, shown }).await
    }
}

struct Register<F> {
    request: ApplicationCreate,
    shown: F,
}

impl<F: Send + Sync> Register<F> {
    /// The application of the name that the caller has, if it has one.
    async fn known(
        &self,
        room: &Strongroom,
        caller: &Caller,
        named: &str,
    ) -> Result<Option<Client>, Denial> {
        let (state, kind) = (&caller.state, RecordKind::ApplicationName);
        let Some(row) = room.store.record(state.id, kind, named).await? else {
            return Ok(None);
        };
        let id = record::application_name(&state.keys, state.id, &row)?.client;
        let client = room.application(caller, id).await?;
        // What was suspended comes back only by the same way.
        let lasts = body_of(&client)?.lasts(room.time.now());
        if client.body.disabled || !lasts || !self.request.again {
            return Err(Denial::Conflict(Thing::Application));
        }
        Ok(Some(client))
    }

    /// Counts a registration of the caller's.
    async fn count(&self, room: &Strongroom, caller: &Caller) -> Result<Change, Denial> {
        let state = &caller.state;
        // What the caller is made of may be less than the client is.
        let owner = room.load_client(state, caller.client.id).await?;
        let mut owner = Client::clone(&owner);
        let (seen, most) = (
            owner.body.registrations,
            room.settings.registrations_per_hour,
        );
        let counted = Registrations::count(seen, room.time.now(), most)?;
        owner.body.registrations = Some(counted);
        put(caller, &owner)
    }

    fn new_application(&self, room: &Strongroom, caller: &Caller) -> Result<Client, Denial> {
        let request = &self.request;
        let application = ApplicationBody {
            owner: caller.client.id,
            name: request.name.clone(),
            environment: request.environment.clone(),
            team: request.team.clone(),
            description: request.description.clone(),
            contexts: Vec::new(),
            generation: KeyVersion::FIRST,
            key: None,
            lines: Vec::new(),
            next_line: 1,
            expires: expiry(request.expires_in_days, room.time.now())?,
            environment_since: None,
            waiting: None,
        };
        check(&application)?;
        let body = ClientBody {
            name: request.name.clone(),
            permissions: PERMISSIONS.to_vec(),
            allowed_contexts: Vec::new(),
            disabled: false,
            everything: Some(false),
            application: Some(application),
            user: None,
            registrations: None,
        };
        Ok(Client {
            id: ClientId::from_bytes(room.generate_id()?),
            created: room.time.now(),
            body,
        })
    }

    /// The contexts that are asked for, and those of before that are still the caller's to give.
    fn contexts(&self, caller: &Caller, client: &Client) -> Result<Vec<ContextName>, Denial> {
        let mut contexts = self.request.contexts.clone();
        for name in &body_of(client)?.contexts {
            if caller.may_use(&map_of(name)?) {
                contexts.push(name.clone());
            }
        }
        Ok(contexts)
    }
}

/// What a registered application is given once the entry is durable.
struct Due {
    state: Arc<WorkspaceState>,
    info: ApplicationInfo,
    access: AccessDue,
    refresh: NewRefreshToken,
    is_new: bool,
}

impl Due {
    fn give(self, room: &Strongroom, permit: Permit) -> Result<ApplicationCreated, Denial> {
        let permitted = (permit, Operation::ApplicationRegister);
        let access = self.access.sign(room, &self.state.keys.roots, permitted)?;
        let refresh = self.refresh;
        Ok(ApplicationCreated {
            info: self.info,
            tokens: ApplicationTokens { access, refresh },
            is_new: self.is_new,
        })
    }
}

impl<F> Use for Register<F>
where
    F: Fn(&ApplicationInfo) -> Map<String, Value> + Send + Sync,
{
    const OPERATION: Operation = Operation::ApplicationRegister;
    const PERMISSION: Option<Permission> = Some(Permission::ApplicationsRegister);
    type Work = Due;
    type Answer = ApplicationCreated;

    async fn plan(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
    ) -> Result<Planned<Due>, Stopped> {
        let (state, request) = (&caller.state, &self.request);
        room.check_grant(caller, &PERMISSIONS)?;
        room.check_contexts(caller, &request.contexts).await?;
        let owner = caller.client.id;
        let named = name_id(state, owner, &request.environment, &request.name);
        let known = self.known(room, caller, &named).await?;
        let is_new = known.is_none();
        let mut client = match known {
            Some(client) => {
                // An administrator may have given it more than others give.
                room.check_grant(caller, &client.body.permissions)?;
                client
            }
            None => self.new_application(room, caller)?,
        };
        let contexts = self.contexts(caller, &client)?;
        give(&mut client, contexts)?;
        let now = room.time.now();
        let (refresh, kept) = room.new_refresh_token((state.id, client.id), now)?;
        body_of_mut(&mut client)?.begin_line(kept, now);
        let access = room.application_access(state, &mut client, &self.shown)?;
        let mut changes = vec![put(caller, &client)?, self.count(room, caller).await?];
        if is_new {
            let place = (RecordKind::ApplicationName, named, now);
            let body = ApplicationNameBody { client: client.id };
            let record = record::seal(&state.keys, state.id, place, &body)?;
            changes.push(Change::PutRecord(state.id, record));
        }
        let new = if is_new { "true" } else { "false" };
        let account = account(caller, &client, changes)?.fact("new", new);
        let work = Due {
            state: Arc::clone(state),
            info: info(&client, body_of(&client)?),
            access,
            refresh,
            is_new,
        };
        Ok(Planned { work, account })
    }

    fn release(&self, room: &Strongroom, due: Due, permit: Permit) -> Released<ApplicationCreated> {
        Released::of(due.give(room, permit))
    }
}
