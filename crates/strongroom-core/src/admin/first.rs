//! The first start: the system workspace and its administrator.

use strongroom_types::body::WorkspaceCreated;
use strongroom_types::{ContextPattern, Operation, Permission};

use crate::caller::{ALL_PERMISSIONS, ClientBody};
use crate::denial::Denial;
use crate::door::Account;
use crate::ports::RecordKind;
use crate::strongroom::{OpenError, Strongroom};
use crate::workspace::WorkspaceBody;

impl Strongroom {
    /// Makes the system workspace and its administrator, whose API key is shown once. `None` when
    /// that was done before.
    ///
    /// # Errors
    /// A part does not answer.
    pub async fn initialise(&self) -> Result<Option<WorkspaceCreated>, OpenError> {
        let system = self.deployment.system;
        if self.store.workspace(system).await?.is_none() {
            let body = WorkspaceBody {
                name: "system".to_owned(),
                disabled: false,
            };
            let quota = self.settings.context_quota;
            let (row, _) = self
                .new_workspace_row(system, &body, quota)
                .await
                .map_err(OpenError::FirstEntries)?;
            self.store.put_first_workspace(&row).await?;
        }
        let clients = self
            .store
            .records(system, RecordKind::Client, None, 1)
            .await?;
        if !clients.is_empty() {
            return Ok(None);
        }
        self.first_client()
            .await
            .map(Some)
            .map_err(OpenError::FirstEntries)
    }

    async fn first_client(&self) -> Result<WorkspaceCreated, Denial> {
        let state = self.state(self.deployment.system).await?;
        let mut permissions = ALL_PERMISSIONS.to_vec();
        permissions.push(Permission::AdminWorkspaces);
        let body = ClientBody {
            name: "administrator".to_owned(),
            permissions,
            allowed_contexts: vec![ContextPattern::default()],
            disabled: false,
            everything: Some(true),
            application: None,
            user: None,
            registrations: None,
        };
        let key = self.generate_api_key()?;
        let new = self.new_client(&state.keys, state.id, body, key, None)?;
        let account = Account::of_changes(new.changes).fact("client", &new.info.id.to_string());
        self.append_own(&state, Operation::ClientCreate, account)
            .await?;
        Ok(WorkspaceCreated {
            workspace: state.info(),
            client: new.info,
            api_key: new.api_key,
        })
    }
}
