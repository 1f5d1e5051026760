//! Workspaces, administered from the system workspace.

use strongroom_types::body::{
    Page, WorkspaceCreate, WorkspaceCreated, WorkspaceInfo, WorkspaceUpdate,
};
use strongroom_types::{Operation, Permission, WorkspaceId};

use super::{Administration, PageQuery, check_name, page, reading};
use crate::ask::{Answered, Ask};
use crate::caller::{ALL_PERMISSIONS, Caller, ClientBody};
use crate::denial::{Denial, Invalid, Refused, Thing};
use crate::door::{Account, Stopped};
use crate::ports::{Change, WorkspaceRow};
use crate::strongroom::Strongroom;
use crate::time::format_time;
use crate::workspace::{WorkspaceBody, WorkspaceKeys, WorkspaceState, WrappedSeeds};

impl Strongroom {
    /// Lists the workspaces.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn workspaces(
        &self,
        ask: &Ask,
        query: PageQuery,
    ) -> Result<Answered<Page<WorkspaceInfo>>, Refused> {
        self.administer(ask, List(query)).await
    }

    /// Makes a workspace and its first client, an administrator.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn workspace_create(
        &self,
        ask: &Ask,
        request: WorkspaceCreate,
    ) -> Result<Answered<WorkspaceCreated>, Refused> {
        let answered = self.administer(ask, Create(request)).await?;
        // The workspace's own log begins with how it came about.
        let state = self
            .state(answered.value.workspace.id)
            .await
            .map_err(Refused::unlogged)?;
        let account = Account::of_one().fact("client", &answered.value.client.id.to_string());
        self.append_own(&state, Operation::WorkspaceCreate, account)
            .await
            .map_err(Refused::unlogged)?;
        Ok(answered)
    }

    /// Describes a workspace: any from the system workspace, else only the caller's own.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn workspace(
        &self,
        ask: &Ask,
        id: WorkspaceId,
    ) -> Result<Answered<WorkspaceInfo>, Refused> {
        self.administer(ask, Describe(id)).await
    }

    /// Changes a workspace. Its own log says that it was disabled or enabled, too.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn workspace_update(
        &self,
        ask: &Ask,
        id: WorkspaceId,
        request: WorkspaceUpdate,
    ) -> Result<Answered<WorkspaceInfo>, Refused> {
        let disabled = request.disabled;
        let answered = self.administer(ask, Update { id, request }).await?;
        self.forget_state_of(id).await;
        if let Some(disabled) = disabled {
            let told = self.tell_disabled(id, disabled).await;
            told.map_err(Refused::unlogged)?;
        }
        Ok(answered)
    }

    async fn tell_disabled(&self, id: WorkspaceId, disabled: bool) -> Result<(), Denial> {
        let state = self.state(id).await?;
        let account = Account::of_one().fact("disabled", &disabled.to_string());
        self.append_own(&state, Operation::WorkspaceUpdate, account)
            .await
            .map(drop)
    }

    async fn workspace_info(&self, row: &WorkspaceRow) -> Result<WorkspaceInfo, Denial> {
        let keys = self.workspace_keys(row).await?;
        let body: WorkspaceBody =
            keys.open_body("workspace", &[b"workspace", row.id.as_bytes()], &row.body)?;
        Ok(WorkspaceInfo {
            id: row.id,
            name: body.name,
            context_quota: row.context_quota,
            disabled: body.disabled,
            created: format_time(row.created),
        })
    }

    /// The change of rows that gives a workspace another version of its root.
    ///
    /// # Errors
    /// The deployment's root does not wrap, or there is no randomness.
    pub(super) async fn next_root(&self, state: &WorkspaceState) -> Result<Change, Denial> {
        let row = self.store.workspace(state.id).await?;
        let from = row.ok_or(Denial::NotFound(Thing::Workspace))?.seeds;
        let seeds = WrappedSeeds::read(&from, &*self.root)?;
        let next = seeds.with_next_root(state.id, &*self.root, &*self.entropy);
        let to = next.await?.write();
        let id = state.id;
        Ok(Change::PutSeeds { id, from, to })
    }

    async fn workspace_keys(&self, row: &WorkspaceRow) -> Result<WorkspaceKeys, Denial> {
        Ok(WorkspaceKeys::unwrap(row.id, &row.seeds, &*self.root, &self.entropy).await?)
    }
}

/// The permission alone is not enough: a workspace's own administrator could grant it to itself.
pub(super) fn require_system(room: &Strongroom, caller: &Caller) -> Result<(), Denial> {
    caller.require(Permission::AdminWorkspaces)?;
    if caller.state.id == room.deployment.system {
        return Ok(());
    }
    Err(Denial::PermissionMissing(Permission::AdminWorkspaces))
}

struct List(PageQuery);

impl Administration for List {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = Some(Permission::AdminWorkspaces);
    type Answer = Page<WorkspaceInfo>;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(Page<WorkspaceInfo>, Account), Stopped> {
        require_system(room, caller)?;
        let limit = self.0.limit()?;
        let rows = room.store.workspaces(self.0.after()?, limit).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            items.push(room.workspace_info(row).await?);
        }
        Ok((
            page(items, limit, |info| info.id.to_string()),
            reading("workspaces"),
        ))
    }
}

struct Describe(WorkspaceId);

impl Administration for Describe {
    const OPERATION: Operation = Operation::AdminRead;
    const PERMISSION: Option<Permission> = None;
    type Answer = WorkspaceInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(WorkspaceInfo, Account), Stopped> {
        if self.0 == caller.state.id {
            return Ok((caller.state.info(), reading("workspace")));
        }
        require_system(room, caller)?;
        let row = room
            .store
            .workspace(self.0)
            .await?
            .ok_or(Denial::NotFound(Thing::Workspace))?;
        let account = reading("workspace").fact("workspace", &self.0.to_string());
        Ok((room.workspace_info(&row).await?, account))
    }
}

struct Create(WorkspaceCreate);

impl Administration for Create {
    const OPERATION: Operation = Operation::WorkspaceCreate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminWorkspaces);
    type Answer = WorkspaceCreated;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(WorkspaceCreated, Account), Stopped> {
        require_system(room, caller)?;
        check_name(&self.0.name)?;
        let id = WorkspaceId::from_random(room.generate_id()?);
        let body = WorkspaceBody {
            name: self.0.name.clone(),
            disabled: false,
        };
        let quota = self.0.context_quota.unwrap_or(room.settings.context_quota);
        let (row, keys) = room.new_workspace_row(id, &body, quota).await?;
        let workspace = WorkspaceInfo {
            id,
            name: body.name,
            context_quota: quota,
            disabled: false,
            created: format_time(row.created),
        };
        let admin = ClientBody {
            name: "administrator".to_owned(),
            permissions: ALL_PERMISSIONS.to_vec(),
            allowed_contexts: vec![strongroom_types::ContextPattern::default()],
            disabled: false,
            everything: Some(true),
            application: None,
            user: None,
            registrations: None,
        };
        let key = room.generate_api_key()?;
        let new = room.new_client(&keys, id, admin, key, None)?;
        let mut changes = vec![Change::InsertWorkspace(row)];
        changes.extend(new.changes);
        let account = Account::of_changes(changes).fact("workspace", &id.to_string());
        Ok((
            WorkspaceCreated {
                workspace,
                client: new.info,
                api_key: new.api_key,
            },
            account,
        ))
    }

    fn made(answer: &WorkspaceCreated) -> Option<String> {
        Some(answer.workspace.id.to_string())
    }
}

struct Update {
    id: WorkspaceId,
    request: WorkspaceUpdate,
}

impl Administration for Update {
    const OPERATION: Operation = Operation::WorkspaceUpdate;
    const PERMISSION: Option<Permission> = Some(Permission::AdminWorkspaces);
    type Answer = WorkspaceInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(WorkspaceInfo, Account), Stopped> {
        require_system(room, caller)?;
        let row = room
            .store
            .workspace(self.id)
            .await?
            .ok_or(Denial::NotFound(Thing::Workspace))?;
        let mut info = room.workspace_info(&row).await?;
        if let Some(name) = &self.request.name {
            check_name(name)?;
            info.name.clone_from(name);
        }
        if let Some(quota) = self.request.context_quota {
            info.context_quota = quota;
        }
        if let Some(disabled) = self.request.disabled {
            if self.id == room.deployment.system {
                // Nobody could enable it again.
                return Err(Denial::from(Invalid::Field("disabled".into())).into());
            }
            info.disabled = disabled;
        }
        let keys = room.workspace_keys(&row).await?;
        let body = WorkspaceBody {
            name: info.name.clone(),
            disabled: info.disabled,
        };
        let body = keys.seal_body(&[b"workspace", self.id.as_bytes()], &body)?;
        let change = Change::UpdateWorkspace {
            id: self.id,
            body,
            context_quota: info.context_quota,
        };
        let account = Account::of_changes(vec![change]).fact("workspace", &self.id.to_string());
        Ok((info, account))
    }
}
