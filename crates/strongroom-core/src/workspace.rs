//! A workspace as the hot path sees it: its keys, issuers and policies at one state epoch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::keys::{AuditKey, ContextIdKey, Place, Seed, WorkspaceRoot};
use strongroom_log::{Openings, RowOpenings};
use strongroom_types::body::WorkspaceInfo;
use strongroom_types::{Bytes, ContextId, KeyContext, KeyVersion, Kind, WorkspaceId};

use crate::denial::Denial;
use crate::identity::Issuers;
use crate::policy::Policies;
use crate::ports::{Micros, Root, RootError, SealOpenings, StoreError};
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

    pub(crate) fn info(&self) -> WorkspaceInfo {
        WorkspaceInfo {
            id: self.id,
            name: self.body.name.clone(),
            context_quota: self.context_quota,
            created: format_time(self.created),
        }
    }
}

/// The part of a workspace's row that is sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct WorkspaceBody {
    pub(crate) name: String,
}

/// A workspace's own keys.
#[derive(Debug)]
pub(crate) struct WorkspaceKeys {
    workspace: WorkspaceId,
    pub(crate) root: WorkspaceRoot,
    pub(crate) context_id: ContextIdKey,
    pub(crate) audit: Arc<AuditKey>,
    entropy: Arc<dyn Entropy>,
}

/// The version of the workspace root that wraps now.
const ROOT_VERSION: KeyVersion = KeyVersion::FIRST;

/// The seeds of a workspace as its row keeps them: each wrapped by the root provider.
#[derive(Serialize, Deserialize)]
struct WrappedSeeds {
    root: Bytes,
    context_id: Bytes,
    audit: Bytes,
}

impl WorkspaceKeys {
    /// Draws the seeds of a new workspace; gives them wrapped, as its row keeps them.
    pub(crate) async fn generate(
        workspace: WorkspaceId,
        root: &dyn Root,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Denial> {
        let wrap = async |place: Place| {
            let seed = Seed::generate(entropy).map_err(|_no_entropy| Denial::Unavailable)?;
            let row = root
                .wrap(&place, None, &seed)
                .await
                .map_err(|_root| Denial::RootUnavailable)?;
            Ok::<_, Denial>(Bytes(row))
        };
        let seeds = WrappedSeeds {
            root: wrap(Place::WorkspaceRoot(workspace, ROOT_VERSION)).await?,
            context_id: wrap(Place::ContextIdKey(workspace)).await?,
            audit: wrap(Place::AuditKey(workspace)).await?,
        };
        serde_json::to_vec(&seeds).map_err(|_unserialisable| Denial::Internal)
    }

    /// Unwraps what [`WorkspaceKeys::generate`] gave.
    pub(crate) async fn unwrap(
        workspace: WorkspaceId,
        row: &[u8],
        root: &dyn Root,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Self, RootError> {
        let seeds: WrappedSeeds =
            serde_json::from_slice(row).map_err(|_shape| RootError::WrongRoot {
                provider: root.kind(),
            })?;
        let root_place = Place::WorkspaceRoot(workspace, ROOT_VERSION);
        let root_seed = root.unwrap(&root_place, None, &seeds.root.0).await?;
        let context_place = Place::ContextIdKey(workspace);
        let context_seed = root
            .unwrap(&context_place, None, &seeds.context_id.0)
            .await?;
        let audit_seed = root
            .unwrap(&Place::AuditKey(workspace), None, &seeds.audit.0)
            .await?;
        Ok(Self {
            workspace,
            root: WorkspaceRoot::derive(&root_seed, workspace, ROOT_VERSION),
            context_id: ContextIdKey::derive(&context_seed, workspace),
            audit: Arc::new(AuditKey::derive(&audit_seed, workspace)),
            entropy: Arc::clone(entropy),
        })
    }

    /// Seals a row's JSON body at its place: table and primary key.
    pub(crate) fn seal_body<T: Serialize>(
        &self,
        place: &[&[u8]],
        body: &T,
    ) -> Result<Vec<u8>, Denial> {
        let json = serde_json::to_vec(body).map_err(|_unserialisable| Denial::Internal)?;
        self.root
            .seal_row(place, &json, &*self.entropy)
            .map_err(|_no_entropy| Denial::Unavailable)
    }

    /// Opens a row's JSON body.
    pub(crate) fn open_body<T: for<'de> Deserialize<'de>>(
        &self,
        table: &'static str,
        place: &[&[u8]],
        sealed: &[u8],
    ) -> Result<T, StoreError> {
        let json = self
            .root
            .open_row(place, sealed)
            .map_err(|_altered| StoreError::Damaged { table })?;
        serde_json::from_slice(json.expose()).map_err(|_shape| StoreError::Damaged { table })
    }

    /// What the store seals a batch's openings with.
    pub(crate) fn openings_sealer(&self) -> Arc<dyn SealOpenings> {
        Arc::new(OpeningsSealer {
            workspace: self.workspace,
            audit: Arc::clone(&self.audit),
            entropy: Arc::clone(&self.entropy),
        })
    }

    /// Opens the openings of the batch that begins at `first`.
    pub(crate) fn open_openings(
        &self,
        first: u64,
        sealed: &[u8],
    ) -> Result<RowOpenings, StoreError> {
        let damaged = StoreError::Damaged { table: "log_batch" };
        let place = [self.workspace.as_bytes().as_slice(), &first.to_be_bytes()];
        let Ok(opened) = self.audit.open_openings(&place, sealed) else {
            return Err(damaged);
        };
        RowOpenings::decode(opened.expose()).map_err(|_layout| damaged)
    }
}

#[derive(Debug)]
struct OpeningsSealer {
    workspace: WorkspaceId,
    audit: Arc<AuditKey>,
    entropy: Arc<dyn Entropy>,
}

impl SealOpenings for OpeningsSealer {
    fn seal(&self, first: u64, openings: Vec<Openings>) -> Result<Vec<u8>, StoreError> {
        let place = [self.workspace.as_bytes().as_slice(), &first.to_be_bytes()];
        self.audit
            .seal_openings(&place, &RowOpenings(openings).encode(), &*self.entropy)
            .map_err(|no_entropy| StoreError::Unavailable(Box::new(no_entropy)))
    }
}
