//! Users, administered: listed, given another role, removed.
//!
//! Nobody gives a role, or takes one away, that may what it may not do itself, and the last owner stays one
//! here. Whoever administers clients is not bound by that: a client may be suspended at once.

mod accept;
mod invitations;
mod session;

use std::sync::Arc;

use strongroom_types::{ClientId, Operation, Permission};

pub use accept::UserAccepted;
pub use invitations::{InvitationCreate, InvitationCreated, InvitationInfo};
pub use session::UserSession;

use super::clients::permission_names;
use super::{Administration, reading};
use crate::ask::{Answered, Ask};
use crate::caller::{Caller, Client};
use crate::denial::{Denial, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::ports::{Change, Record, RecordKind};
use crate::record;
use crate::strongroom::Strongroom;
use crate::user::{Role, UserInfo, identity_id, role_of};

impl Strongroom {
    /// Describes the user who asks.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn user_me(&self, ask: &Ask) -> Result<Answered<UserInfo>, Refused> {
        self.administer(ask, Me).await
    }

    /// Lists the workspace's users: its clients that have a role.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn users(&self, ask: &Ask) -> Result<Answered<Vec<UserInfo>>, Refused> {
        self.administer(ask, List).await
    }

    /// Gives a user another role: takes effect with its entry.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known; also when the last owner would be none.
    pub async fn user_role_set(
        &self,
        ask: &Ask,
        id: ClientId,
        role: Role,
    ) -> Result<Answered<UserInfo>, Refused> {
        self.administer(ask, SetRole { id, role }).await
    }

    /// Removes a user, its sessions, and what its tokens made it. Its applications stay.
    ///
    /// # Errors
    /// As for [`Strongroom::user_role_set`].
    pub async fn user_remove(&self, ask: &Ask, id: ClientId) -> Result<Answered<()>, Refused> {
        self.administer(ask, Remove(id)).await
    }

    /// A user that an administrator names, and who may not do more than that one, nor in more key
    /// contexts.
    async fn administered_user(
        &self,
        caller: &Caller,
        id: ClientId,
    ) -> Result<Arc<Client>, Denial> {
        let unknown = Denial::NotFound(Thing::User);
        let client = match self.load_client(&caller.state, id).await {
            Err(Denial::Unauthenticated) => return Err(unknown),
            loaded => loaded?,
        };
        role_of(&client).ok_or(unknown)?;
        self.check_within(caller, &client.body)?;
        Ok(client)
    }

    /// All clients of the workspace that have a role.
    async fn all_users(&self, caller: &Caller) -> Result<Vec<Client>, Denial> {
        let state = &caller.state;
        let open = |row: &Record| record::client(&state.keys, state.id, row);
        let mut clients = self.all_records(state.id, RecordKind::Client, open).await?;
        clients.retain(|client| role_of(client).is_some());
        Ok(clients)
    }

    /// # Errors
    /// The user is the only owner that can still show an API key.
    async fn check_owner_stays(&self, caller: &Caller, user: &Client) -> Result<(), Denial> {
        if role_of(user) != Some(Role::Owner) {
            return Ok(());
        }
        for other in self.all_users(caller).await? {
            let owner = role_of(&other) == Some(Role::Owner) && !other.body.disabled;
            if other.id == user.id || !owner {
                continue;
            }
            if !self.live_keys(caller, other.id).await?.is_empty() {
                return Ok(());
            }
        }
        Err(Denial::Conflict(Thing::LastOwner))
    }
}

struct Me;

impl Administration for Me {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::UsersRead);
    type Answer = UserInfo;

    async fn decide(
        &self,
        _room: &Strongroom,
        caller: &Caller,
    ) -> Result<(UserInfo, Account), Stopped> {
        Ok((UserInfo::of(&caller.client), reading("user")))
    }
}

struct List;

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminUsers);
    type Answer = Vec<UserInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Vec<UserInfo>, Account), Stopped> {
        let users = room.all_users(caller).await?;
        let infos = users.iter().map(UserInfo::of).collect();
        Ok((infos, reading("users")))
    }
}

struct SetRole {
    id: ClientId,
    role: Role,
}

impl Administration for SetRole {
    const OPERATION: Operation = Operation::UserRoleSet;
    const PERMISSION: Option<Permission> = Some(Permission::AdminUsers);
    type Answer = UserInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(UserInfo, Account), Stopped> {
        let permissions = self.role.permissions();
        room.check_grant(caller, &permissions)?;
        let user = room.administered_user(caller, self.id).await?;
        if self.role < Role::Owner {
            room.check_owner_stays(caller, &user).await?;
        }
        let mut user = Client::clone(&user);
        user.body.permissions = permissions;
        // It has what its role has now, and nothing that is added later.
        user.body.everything = Some(false);
        let state = &caller.state;
        let record = record::seal_client(&state.keys, state.id, &user)?;
        let account = Account::of_changes(vec![Change::PutRecord(state.id, record)])
            .fact("client", &self.id.to_string())
            .fact("role", self.role.name())
            .fact("permissions", &permission_names(&user.body.permissions));
        Ok((UserInfo::of(&user), account))
    }
}

struct Remove(ClientId);

impl Administration for Remove {
    const OPERATION: Operation = Operation::UserRemove;
    const PERMISSION: Option<Permission> = Some(Permission::AdminUsers);
    type Answer = ();

    async fn decide(&self, room: &Strongroom, caller: &Caller) -> Result<((), Account), Stopped> {
        let state = &caller.state;
        let user = room.administered_user(caller, self.0).await?;
        room.check_owner_stays(caller, &user).await?;
        let mut changes = vec![Change::DeleteRecord(RecordKind::Client, self.0.to_string())];
        if let Some(body) = &user.body.user {
            let id = identity_id(state, body.issuer, &body.subject);
            changes.push(Change::DeleteRecord(RecordKind::UserIdentity, id));
        }
        let keys = room.store.api_keys(state.id, self.0).await?;
        changes.extend(keys.iter().map(|key| Change::DeleteApiKey(key.id)));
        let account = Account::of_changes(changes).fact("client", &self.0.to_string());
        Ok(((), account))
    }
}
