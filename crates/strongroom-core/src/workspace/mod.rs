//! A workspace as the hot path sees it: its keys, issuers and policies at one state epoch.

mod keys;
mod roots;
mod seeds;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use strongroom_crypto::keys::{Place, Seed};
use strongroom_types::body::WorkspaceInfo;
use strongroom_types::{ContextId, KeyContext, Kind, WorkspaceId};

pub(crate) use keys::WorkspaceKeys;
pub(crate) use roots::Roots;
pub(crate) use seeds::WrappedSeeds;

use crate::customer_key::CustomerKeys;
use crate::guard::Guards;
use crate::identity::Issuers;
use crate::policy::{Policies, Rules};
use crate::ports::{Micros, StoreError, Wrapper};
use crate::time::format_time;

/// Everything a request needs to know about its workspace, read at `epoch` or later. A commit under
/// an older epoch than the head's is refused, so that a stale state never decides.
#[derive(Debug)]
pub(crate) struct WorkspaceState {
    pub(crate) id: WorkspaceId,
    pub(crate) epoch: u64,
    pub(crate) created: Micros,
    pub(crate) context_quota: u64,
    pub(crate) body: WorkspaceBody,
    pub(crate) keys: Arc<WorkspaceKeys>,
    pub(crate) issuers: Issuers,
    pub(crate) policies: Policies,
    pub(crate) customer_keys: CustomerKeys,
    pub(crate) guards: Guards,
    /// Set once the log has shown a later epoch.
    pub(crate) outdated: AtomicBool,
}

impl WorkspaceState {
    /// Whether the log has shown a later state. Without it this may still be an old one: the commit
    /// decides.
    pub(crate) fn is_outdated(&self) -> bool {
        self.outdated.load(Ordering::Acquire)
    }

    /// The id of a key context in this workspace.
    pub(crate) fn context_id(&self, kind: Kind, context: &KeyContext) -> ContextId {
        self.keys.context_id.context_id(kind, context)
    }

    /// How long unwrapped keys may be used: not longer than the customer's key allows that wraps
    /// them or is to wrap them; `None` if there is none.
    pub(crate) fn lifetime(&self, wrapper: Wrapper, rules: &Rules) -> Option<Micros> {
        let wanted = rules.customer_key.map(|(_, key)| key);
        let keys = wrapper.customer().into_iter().chain(wanted);
        let lifetime = |id| self.customer_keys.find(id).map_or(0, |key| key.lifetime());
        keys.map(lifetime).min()
    }

    /// Unwraps a seed that a version of the workspace's root wraps.
    ///
    /// # Errors
    /// Something else wraps it, or it is altered.
    pub(crate) fn unwrap_seed(
        &self,
        wrapper: Wrapper,
        place: &Place,
        wrapped: &[u8],
    ) -> Result<Seed, StoreError> {
        let damaged = StoreError::Damaged {
            table: "context_key",
        };
        let Wrapper::Root(version) = wrapper else {
            return Err(damaged);
        };
        let Some(root) = self.keys.roots.version(version) else {
            return Err(damaged);
        };
        Seed::unwrap(root.wrapping_key(), place, wrapped).map_err(|_altered| damaged)
    }

    pub(crate) fn info(&self) -> WorkspaceInfo {
        WorkspaceInfo {
            id: self.id,
            name: self.body.name.clone(),
            context_quota: self.context_quota,
            disabled: self.body.disabled,
            created: format_time(self.created),
        }
    }
}

/// The part of a workspace's row that is sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct WorkspaceBody {
    pub(crate) name: String,
    /// Whether nobody of it is let in.
    #[serde(default)]
    pub(crate) disabled: bool,
}
