//! `/api/users/me` and `/api/rbac/*`: users and their roles.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use strongroom_core::{Ask, Denial, Invalid, Role, Thing, UserInfo};
use strongroom_types::{ClientId, Permission, WorkspaceId};

use crate::edge::{App, Caller, Document, FromPath, Reply, Sent, Target, ok, removed};

/// A user that a path names.
#[derive(Debug)]
pub(super) struct UserId(ClientId);

impl FromPath for UserId {
    fn from_path(segments: &[&str]) -> Result<Self, Thing> {
        let id = segments.first().and_then(|text| text.parse().ok());
        id.map(Self).ok_or(Thing::User)
    }
}

/// A user, as their answers write one.
#[derive(Serialize)]
pub(super) struct User {
    id: ClientId,
    username: String,
    email: Option<String>,
    role: Option<&'static str>,
    is_admin: bool,
    is_active: bool,
    tenant_id: Option<WorkspaceId>,
    invited_by: Option<ClientId>,
    created_at: String,
}

impl User {
    pub(super) fn of(info: UserInfo, tenant_id: Option<WorkspaceId>) -> Self {
        Self {
            id: info.id,
            username: info.name,
            email: info.email,
            role: info.role.map(Role::name),
            is_admin: info.role >= Some(Role::Admin),
            is_active: info.active,
            tenant_id,
            invited_by: info.invited_by,
            created_at: info.created,
        }
    }
}

pub(super) async fn me(State(app): State<App>, Caller(ask): Caller) -> Reply<Document<User>> {
    let me = app.room.user_me(&ask).await;
    let me = me.map(|answered| {
        let tenant = answered.entry.map(|entry| entry.log);
        answered.map(|info| User::of(info, tenant))
    });
    ok(&ask, me)
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
) -> Reply<Document<Vec<User>>> {
    let listed = app.room.users(&ask).await;
    let listed = listed.map(|answered| {
        let tenant = answered.entry.map(|entry| entry.log);
        let shown = |infos: Vec<UserInfo>| {
            let users = infos.into_iter().map(|info| User::of(info, tenant));
            users.collect()
        };
        answered.map(shown)
    });
    ok(&ask, listed)
}

const fn display_name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Viewer",
        Role::Developer => "Developer",
        Role::Admin => "Administrator",
        Role::Owner => "Owner",
    }
}

const fn description(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Looks at contexts and applications",
        Role::Developer => "Registers applications, and seals and opens",
        Role::Admin => "Administers contexts, applications, and users up to this role",
        Role::Owner => "Administers who may do what",
    }
}

/// A role, as their answers write one.
#[derive(Serialize)]
pub(super) struct RoleInfo {
    role: &'static str,
    display_name: &'static str,
    description: &'static str,
    permissions_count: usize,
    /// Ours.
    permissions: Vec<Permission>,
}

impl RoleInfo {
    fn of(role: Role) -> Self {
        let permissions = role.permissions();
        Self {
            role: role.name(),
            display_name: display_name(role),
            description: description(role),
            permissions_count: permissions.len(),
            permissions,
        }
    }
}

/// The roles there are, for every user.
pub(super) async fn roles(
    State(app): State<App>,
    Caller(ask): Caller,
) -> Reply<Document<Vec<RoleInfo>>> {
    let asked = app.room.user_me(&ask).await;
    let roles = |_me| Role::ALL.into_iter().map(RoleInfo::of).collect();
    ok(&ask, asked.map(|answered| answered.map(roles)))
}

/// What a user may do, as their answers write it.
#[derive(Serialize)]
pub(super) struct Rights {
    user_id: ClientId,
    role: Option<&'static str>,
    role_display_name: Option<&'static str>,
    effective_permissions: Vec<Permission>,
    /// Those beyond the role's.
    custom_permissions: Vec<Permission>,
    denied_permissions: [Permission; 0],
}

impl From<UserInfo> for Rights {
    fn from(info: UserInfo) -> Self {
        let of_role = info.role.map(Role::permissions).unwrap_or_default();
        let mut custom = info.permissions.clone();
        custom.retain(|permission| !of_role.contains(permission));
        Self {
            user_id: info.id,
            role: info.role.map(Role::name),
            role_display_name: info.role.map(display_name),
            effective_permissions: info.permissions,
            custom_permissions: custom,
            denied_permissions: [],
        }
    }
}

pub(super) async fn permissions(
    State(app): State<App>,
    Caller(ask): Caller,
) -> Reply<Document<Rights>> {
    let me = app.room.user_me(&ask).await;
    ok(&ask, me.map(|answered| answered.map(Rights::from)))
}

/// Reads a role by its name, before anything is looked up.
pub(super) async fn role(app: &App, ask: &Ask, name: &str) -> Result<Role, crate::edge::Problem> {
    if let Some(role) = Role::named(name) {
        return Ok(role);
    }
    let denial = Denial::from(Invalid::Field("role".into()));
    Err(app.refuse(ask, denial).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetRole {
    role: String,
}

#[derive(Serialize)]
pub(super) struct RoleSet {
    success: bool,
    user_id: ClientId,
    new_role: Option<&'static str>,
    display_name: Option<&'static str>,
}

pub(super) async fn set_role(
    State(app): State<App>,
    Target(UserId(id)): Target<UserId>,
    Sent { ask, body, .. }: Sent<SetRole>,
) -> Reply<Document<RoleSet>> {
    let role = role(&app, &ask, &body.role).await?;
    let changed = app.room.user_role_set(&ask, id, role).await;
    let changed = changed.map(|answered| {
        answered.map(|user| RoleSet {
            success: true,
            user_id: user.id,
            new_role: user.role.map(Role::name),
            display_name: user.role.map(display_name),
        })
    });
    ok(&ask, changed)
}

/// Who has no role is no user.
pub(super) async fn remove(
    State(app): State<App>,
    Caller(ask): Caller,
    Target(UserId(id)): Target<UserId>,
) -> Reply<Response> {
    removed(&ask, app.room.user_remove(&ask, id).await)
}
