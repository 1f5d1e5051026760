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

/// Live customer keys, by the revision of their description.
#[derive(Debug)]
pub(crate) struct Connections(Cache<(WorkspaceId, CustomerKeyId, u32), Arc<dyn Root>>);

impl Connections {
    pub(crate) fn new() -> Self {
        Self(
            Cache::builder()
                .max_capacity(KEYS_MAX)
                .time_to_idle(IDLE_MAX)
                .build(),
        )
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
        let slot = (workspace, key.id, key.body.revision);
        self.connections
            .0
            .try_get_with(slot, || self.providers.connect(&key.body.key))
            .map_err(|error: Arc<ConnectError>| CustomerKeyFault::Connect(*error))
    }
}
