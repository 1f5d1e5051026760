//! Who and what an event is about, by name. The log has ids; names are looked up when an event is
//! made, so that they are those of now, and none of what is gone.

use strongroom_types::body::{Actor, ActorSource};
use strongroom_types::{ClientId, ContextId, KeyContext, ObjectId};

use crate::denial::Denial;
use crate::door::keyring::map_place;
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// Who acts where no client does.
const DEPLOYMENT: &str = "strongroom";

impl Strongroom {
    pub(super) async fn actor(
        &self,
        state: &WorkspaceState,
        client: Option<ClientId>,
    ) -> Result<Actor, Denial> {
        let (actor_id, actor_name) = match client {
            None => (DEPLOYMENT.to_owned(), DEPLOYMENT.to_owned()),
            Some(id) => (id.to_string(), self.client_name(state, id).await?),
        };
        Ok(Actor {
            actor_id,
            actor_source: ActorSource::Api,
            actor_name,
        })
    }

    async fn client_name(&self, state: &WorkspaceState, id: ClientId) -> Result<String, Denial> {
        match self.load_client(state, id).await {
            Ok(client) => Ok(client.body.name.clone()),
            // A client of the system workspace, which administers others.
            Err(Denial::Unauthenticated) => Ok(id.to_string()),
            Err(denial) => Err(denial),
        }
    }

    /// The map of a key context.
    pub(super) async fn map_of(
        &self,
        state: &WorkspaceState,
        id: ContextId,
    ) -> Result<Option<KeyContext>, Denial> {
        let Some(row) = self.store.context(state.id, id).await? else {
            return Ok(None);
        };
        let place = map_place(&state.id, &id);
        Ok(Some(state.keys.open_body("context", &place, &row.map)?))
    }

    /// The name of an object; its id where it was purged.
    pub(super) async fn name_of(
        &self,
        state: &WorkspaceState,
        id: ObjectId,
    ) -> Result<String, Denial> {
        let name = self.object_name(state, id).await?;
        Ok(name.unwrap_or_else(|| id.to_string()))
    }
}
