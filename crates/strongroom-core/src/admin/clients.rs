//! Clients and their API keys.

use std::sync::Arc;

use strongroom_crypto::secret::Secret;
use strongroom_types::body::{
    ApiKeyCreated, ApiKeyInfo, ClientCreate, ClientCreated, ClientInfo, ClientUpdate, Page,
};
use strongroom_types::{ClientId, KeyId, Operation, Permission, WorkspaceId};

use super::{Administration, PageQuery, body_digest, check_name, names, page, reading};
use crate::ask::{Answered, Ask};
use crate::caller::{Caller, Client, ClientBody};
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped, format_api_key};
use crate::ports::{ApiKeyRow, Change, Micros, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;
use crate::time::{format_time, micros};
use crate::workspace::WorkspaceKeys;

/// The most live API keys of a client: the present one and the next.
const API_KEYS_MAX: usize = 2;
/// The longest life of an API key that ends: ten years of 365 days, in seconds.
pub(crate) const API_KEY_LIFETIME_S_MAX: u64 = 10 * 365 * 86_400;
/// The most patterns of allowed key contexts.
const PATTERNS_MAX: usize = 100;

impl Strongroom {
    /// Lists the workspace's clients.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn clients(
        &self,
        ask: &Ask,
        query: PageQuery,
    ) -> Result<Answered<Page<ClientInfo>>, Refused> {
        self.administer(ask, List(query)).await
    }

    /// Makes a client and its first API key, shown once.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn client_create(
        &self,
        ask: &Ask,
        request: ClientCreate,
    ) -> Result<Answered<ClientCreated>, Refused> {
        self.administer(ask, Create(request)).await
    }

    /// Describes a client.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn client_info(
        &self,
        ask: &Ask,
        id: ClientId,
    ) -> Result<Answered<ClientInfo>, Refused> {
        self.administer(ask, Describe(id)).await
    }

    /// Changes a client: takes effect with its entry.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn client_update(
        &self,
        ask: &Ask,
        id: ClientId,
        request: ClientUpdate,
    ) -> Result<Answered<ClientInfo>, Refused> {
        self.administer(ask, Update { id, request }).await
    }

    /// Gives a client a second API key, so that it can change keys without a pause.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn client_key_create(
        &self,
        ask: &Ask,
        id: ClientId,
        expires_in: Option<u64>,
    ) -> Result<Answered<ApiKeyCreated>, Refused> {
        self.administer(ask, CreateKey { id, expires_in }).await
    }

    /// Takes an API key away: ordered by its entry, on all nodes.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn client_key_revoke(
        &self,
        ask: &Ask,
        id: ClientId,
        key: KeyId,
    ) -> Result<Answered<ClientInfo>, Refused> {
        self.administer(ask, RevokeKey { id, key }).await
    }

    /// A new client with its first API key, and the rows of both.
    pub(super) fn new_client(
        &self,
        keys: &WorkspaceKeys,
        workspace: WorkspaceId,
        body: ClientBody,
        key: (KeyId, Secret<32>),
        expires_in: Option<u64>,
    ) -> Result<NewClient, Denial> {
        check_client(&body)?;
        let id = ClientId::from_bytes(self.generate_id()?);
        let created = self.time.now();
        let place = (RecordKind::Client, id.to_string(), created);
        let record = record::seal(keys, workspace, place, &body)?;
        let (row, api_key) = self.new_api_key(workspace, id, key, expires_in);
        let client = Client { id, created, body };
        let info = client_info(&client, vec![api_key.info.clone()]);
        let changes = vec![
            Change::PutRecord(workspace, record),
            Change::InsertApiKey(row),
        ];
        Ok(NewClient {
            info,
            api_key,
            changes,
        })
    }

    pub(super) fn new_api_key(
        &self,
        workspace: WorkspaceId,
        client: ClientId,
        (id, secret): (KeyId, Secret<32>),
        expires_in: Option<u64>,
    ) -> (ApiKeyRow, ApiKeyCreated) {
        let created = self.time.now();
        let lifetime = expires_in.map(std::time::Duration::from_secs).map(micros);
        let expires = lifetime.map(|lifetime| created.saturating_add(lifetime));
        let hash = self.deployment.api_key_hash(id, secret.expose()).to_vec();
        let row = ApiKeyRow {
            id,
            workspace,
            client,
            hash,
            created,
            expires,
        };
        let secret = format_api_key(id, secret.expose());
        let info = key_info(&row);
        (row, ApiKeyCreated { info, secret })
    }

    /// The id and the secret of a new API key.
    pub(super) fn generate_api_key(&self) -> Result<(KeyId, Secret<32>), Denial> {
        let id = KeyId::from_bytes(self.generate_id()?);
        let secret =
            Secret::<32>::generate(&*self.entropy).map_err(|_no_entropy| Denial::Unavailable)?;
        Ok((id, secret))
    }

    /// Nobody gives away, or gets hold of through another client's API key, what it may not do
    /// itself. Outside the system workspace the permission to administer workspaces does nothing.
    ///
    /// # Errors
    /// The caller lacks one of the permissions.
    pub(super) fn check_grant(
        &self,
        caller: &Caller,
        permissions: &[Permission],
    ) -> Result<(), Denial> {
        let inert = caller.state.id != self.deployment.system;
        permissions
            .iter()
            .filter(|permission| !(inert && **permission == Permission::AdminWorkspaces))
            .try_for_each(|permission| caller.require(*permission))
    }

    /// As [`Strongroom::check_grant`], for the key contexts too: each pattern is covered by one of the
    /// caller's own.
    ///
    /// # Errors
    /// The caller may do less than a client of these, or that in fewer key contexts.
    pub(super) fn check_within(&self, caller: &Caller, body: &ClientBody) -> Result<(), Denial> {
        self.check_grant(caller, &body.permissions)?;
        caller.require_patterns(&body.allowed_contexts)
    }

    /// A client that an administrator names; another's id is as unknown as none.
    pub(super) async fn known_client(
        &self,
        caller: &Caller,
        id: ClientId,
    ) -> Result<Arc<Client>, Denial> {
        self.load_client(&caller.state, id)
            .await
            .map_err(|denial| match denial {
                Denial::Unauthenticated => Denial::NotFound(Thing::Client),
                other => other,
            })
    }

    /// The API keys of a client that have not expired.
    pub(super) async fn live_keys(
        &self,
        caller: &Caller,
        id: ClientId,
    ) -> Result<Vec<ApiKeyRow>, Denial> {
        let now = self.time.now();
        let mut rows = self.store.api_keys(caller.state.id, id).await?;
        rows.retain(|row| row.expires.is_none_or(|expires| expires > now));
        Ok(rows)
    }

    async fn describe(&self, caller: &Caller, client: &Client) -> Result<ClientInfo, Denial> {
        let keys = self.live_keys(caller, client.id).await?;
        Ok(client_info(client, keys.iter().map(key_info).collect()))
    }
}

/// A client that is about to be made.
pub(super) struct NewClient {
    pub(super) info: ClientInfo,
    pub(super) api_key: ApiKeyCreated,
    pub(super) changes: Vec<Change>,
}

fn check_client(body: &ClientBody) -> Result<(), Denial> {
    check_name(&body.name)?;
    if body.allowed_contexts.len() > PATTERNS_MAX {
        return Err(Invalid::Field("allowed_contexts".into()).into());
    }
    Ok(())
}

/// # Errors
/// The API key would be dead at once, or live longer than one that ends may.
fn check_lifetime(expires_in: Option<u64>) -> Result<(), Denial> {
    match expires_in {
        None | Some(1..=API_KEY_LIFETIME_S_MAX) => Ok(()),
        Some(_) => Err(Invalid::ApiKeyLifetime.into()),
    }
}

fn client_info(client: &Client, api_keys: Vec<ApiKeyInfo>) -> ClientInfo {
    ClientInfo {
        id: client.id,
        name: client.body.name.clone(),
        permissions: client.body.permissions.clone(),
        allowed_contexts: client.body.allowed_contexts.clone(),
        disabled: client.body.disabled,
        api_keys,
        created: format_time(client.created),
    }
}

fn key_info(row: &ApiKeyRow) -> ApiKeyInfo {
    ApiKeyInfo {
        id: row.id,
        created: format_time(row.created),
        expires: row.expires.map(|expires: Micros| format_time(expires)),
    }
}

struct List(PageQuery);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminClients);
    type Answer = Page<ClientInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<ClientInfo>, Account), Stopped> {
        let limit = self.0.limit()?;
        let after = self.0.after::<ClientId>()?.map(|id| id.to_string());
        let state = &caller.state;
        let kind = RecordKind::Client;
        let rows = room
            .store
            .records(state.id, kind, after.as_deref(), limit)
            .await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            let client = record::client(&state.keys, state.id, row)?;
            items.push(room.describe(caller, &client).await?);
        }
        Ok((
            page(items, limit, |info| info.id.to_string()),
            reading("clients"),
        ))
    }
}

struct Describe(ClientId);

impl Administration for Describe {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminClients);
    type Answer = ClientInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ClientInfo, Account), Stopped> {
        let client = room.known_client(caller, self.0).await?;
        let account = reading("client").fact("client", &self.0.to_string());
        Ok((room.describe(caller, &client).await?, account))
    }
}

struct Create(ClientCreate);

impl Administration for Create {
    const OPERATION: Operation = Operation::ClientCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminClients);
    type Answer = ClientCreated;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ClientCreated, Account), Stopped> {
        let state = &caller.state;
        let body = ClientBody {
            name: self.0.name.clone(),
            permissions: unique(&self.0.permissions),
            allowed_contexts: self.0.allowed_contexts.clone(),
            disabled: false,
            everything: Some(false),
            application: None,
            user: None,
            registrations: None,
        };
        check_client(&body)?;
        check_lifetime(self.0.expires_in)?;
        room.check_within(caller, &body)?;
        let key = room.generate_api_key()?;
        let new = room.new_client(&state.keys, state.id, body, key, self.0.expires_in)?;
        let account = Account::of_changes(new.changes)
            .fact("client", &new.info.id.to_string())
            .fact("permissions", &permission_names(&new.info.permissions))
            .fact(
                "allowed_contexts",
                &body_digest(&state.keys, &new.info.allowed_contexts)?,
            );
        Ok((
            ClientCreated {
                client: new.info,
                api_key: new.api_key,
            },
            account,
        ))
    }

    fn made(answer: &ClientCreated) -> Option<String> {
        Some(answer.client.id.to_string())
    }
}

struct Update {
    id: ClientId,
    request: ClientUpdate,
}

impl Administration for Update {
    const OPERATION: Operation = Operation::ClientUpdate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminClients);
    type Answer = ClientInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ClientInfo, Account), Stopped> {
        let state = &caller.state;
        let mut client = Client::clone(&*room.known_client(caller, self.id).await?);
        room.check_within(caller, &client.body)?;
        let rights = self.request.permissions.is_some() || self.request.allowed_contexts.is_some();
        if rights && client.body.application.is_some() {
            // What an application may is what its registration says, whoever rotates its tokens.
            return Err(Denial::from(Invalid::Field("permissions".into())).into());
        }
        apply(&mut client.body, &self.request);
        check_client(&client.body)?;
        room.check_within(caller, &client.body)?;
        let place = (RecordKind::Client, self.id.to_string(), client.created);
        let record = record::seal(&state.keys, state.id, place, &client.body)?;
        let account = Account::of_changes(vec![Change::PutRecord(state.id, record)])
            .fact("client", &self.id.to_string())
            .fact("changed", &changed(&self.request))
            .fact("permissions", &permission_names(&client.body.permissions))
            .fact(
                "allowed_contexts",
                &body_digest(&state.keys, &client.body.allowed_contexts)?,
            )
            .fact(
                "disabled",
                if client.body.disabled {
                    "true"
                } else {
                    "false"
                },
            );
        Ok((room.describe(caller, &client).await?, account))
    }
}

/// The fields that an update names.
fn changed(request: &ClientUpdate) -> String {
    names([
        ("name", request.name.is_some()),
        ("permissions", request.permissions.is_some()),
        ("allowed_contexts", request.allowed_contexts.is_some()),
        ("disabled", request.disabled.is_some()),
    ])
}

fn apply(body: &mut ClientBody, request: &ClientUpdate) {
    if let Some(name) = &request.name {
        body.name.clone_from(name);
    }
    if let Some(permissions) = &request.permissions {
        body.permissions = unique(permissions);
        // These and no others: it does not grow any more.
        body.everything = Some(false);
    }
    if let Some(allowed) = &request.allowed_contexts {
        body.allowed_contexts.clone_from(allowed);
    }
    if let Some(disabled) = request.disabled {
        body.disabled = disabled;
    }
}

fn unique(permissions: &[Permission]) -> Vec<Permission> {
    let sorted: std::collections::BTreeSet<_> = permissions.iter().copied().collect();
    sorted.into_iter().collect()
}

pub(super) fn permission_names(permissions: &[Permission]) -> String {
    let names: Vec<_> = permissions
        .iter()
        .map(|permission| permission.name())
        .collect();
    names.join(" ")
}

struct CreateKey {
    id: ClientId,
    expires_in: Option<u64>,
}

impl Administration for CreateKey {
    const OPERATION: Operation = Operation::ClientKeyCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminClients);
    type Answer = ApiKeyCreated;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ApiKeyCreated, Account), Stopped> {
        check_lifetime(self.expires_in)?;
        let client = room.known_client(caller, self.id).await?;
        room.check_within(caller, &client.body)?;
        if room.live_keys(caller, self.id).await?.len() >= API_KEYS_MAX {
            return Err(Denial::Invalid(Invalid::ApiKeys).into());
        }
        let key = room.generate_api_key()?;
        let (row, created) = room.new_api_key(caller.state.id, self.id, key, self.expires_in);
        let account = Account::of_changes(vec![Change::InsertApiKey(row)])
            .fact("client", &self.id.to_string())
            .fact("key", &created.info.id.to_string());
        Ok((created, account))
    }

    fn made(answer: &ApiKeyCreated) -> Option<String> {
        Some(answer.info.id.to_string())
    }
}

struct RevokeKey {
    id: ClientId,
    key: KeyId,
}

impl Administration for RevokeKey {
    const OPERATION: Operation = Operation::ClientKeyRevoke;
    const PERMISSION: Option<Permission> = Some(Permission::AdminClients);
    type Answer = ClientInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ClientInfo, Account), Stopped> {
        let client = room.known_client(caller, self.id).await?;
        let mut keys = room.store.api_keys(caller.state.id, self.id).await?;
        let before = keys.len();
        keys.retain(|row| row.id != self.key);
        if keys.len() == before {
            return Err(Denial::NotFound(Thing::ApiKey).into());
        }
        let account = Account::of_changes(vec![Change::DeleteApiKey(self.key)])
            .fact("client", &self.id.to_string())
            .fact("key", &self.key.to_string());
        Ok((
            client_info(&client, keys.iter().map(key_info).collect()),
            account,
        ))
    }
}
