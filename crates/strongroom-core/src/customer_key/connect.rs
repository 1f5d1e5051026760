//! Live customer keys: connections, retries and circuit breakers are the key's own, so that a key is
//! made once and kept.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use strongroom_types::{CustomerKeyId, WorkspaceId};

use super::{CustomerKey, CustomerKeyFault};
use crate::ports::{ConnectError, Root};
use crate::strongroom::Strongroom;

/// How many live keys are kept.
const KEYS_MAX: u64 = 10_000;
/// How long a key that nobody uses stays.
const IDLE_MAX: Duration = Duration::from_hours(1);

/// Live customer keys, each with the revision of the description that it was made of.
#[derive(Debug)]
pub(crate) struct Connections(Cache<(WorkspaceId, CustomerKeyId), (u32, Arc<dyn Root>)>);

impl Connections {
    pub(crate) fn new() -> Self {
        Self(
            Cache::builder()
                .max_capacity(KEYS_MAX)
                .time_to_idle(IDLE_MAX)
                .build(),
        )
    }

    /// Drops a key, and the credentials in it, that is not to be used any more.
    pub(crate) fn forget(&self, workspace: WorkspaceId, key: CustomerKeyId) {
        self.0.invalidate(&(workspace, key));
    }

    /// Drops what nobody used for long; the cache does so by itself only when it is used.
    pub(crate) fn drop_idle(&self) {
        self.0.run_pending_tasks();
    }
}

impl Strongroom {
    /// The live key of a description.
    ///
    /// # Errors
    /// The description does not become a key.
    pub(crate) fn connect(
        &self,
        workspace: WorkspaceId,
        key: &CustomerKey,
    ) -> Result<Arc<dyn Root>, CustomerKeyFault> {
        let (place, revision) = ((workspace, key.id), key.body.revision);
        let kept = &self.connections.0;
        if kept
            .get(&place)
            .is_some_and(|(made_of, _)| made_of < revision)
        {
            kept.invalidate(&place);
        }
        let connect = || Ok((revision, self.providers.connect(&key.body.key)?));
        kept.try_get_with(place, connect)
            .map(|(_, root)| root)
            .map_err(|error: Arc<ConnectError>| CustomerKeyFault::Connect(*error))
    }
}
