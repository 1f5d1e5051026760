//! The names of the clients that made versions, for surfaces that show them beside their ids.

use strongroom_types::{ClientId, WorkspaceId};

use crate::strongroom::Strongroom;

impl Strongroom {
    /// The name of a client that an answer of the door named as the author of a version. `None` if
    /// it cannot be read now: the answer stands without it.
    pub async fn author_name(&self, workspace: WorkspaceId, client: ClientId) -> Option<String> {
        let state = self.state(workspace).await.ok()?;
        let client = self.load_client(&state, client).await.ok()?;
        Some(client.body.name.clone())
    }
}
