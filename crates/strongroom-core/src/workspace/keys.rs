//! A workspace's own keys, unwrapped.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::keys::{AuditKey, ContextIdKey, Place};
use strongroom_log::{Openings, RowOpenings};
use strongroom_types::WorkspaceId;

use super::{Roots, WrappedSeeds};
use crate::denial::Denial;
use crate::ports::{Root, RootError, SealOpenings, StoreError};

/// A workspace's own keys.
#[derive(Debug)]
pub(crate) struct WorkspaceKeys {
    workspace: WorkspaceId,
    pub(crate) roots: Roots,
    pub(crate) context_id: ContextIdKey,
    pub(crate) audit: Arc<AuditKey>,
    entropy: Arc<dyn Entropy>,
}

impl WorkspaceKeys {
    /// Unwraps the seeds of a workspace's row.
    pub(crate) async fn unwrap(
        workspace: WorkspaceId,
        row: &[u8],
        root: &dyn Root,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Self, RootError> {
        let seeds = WrappedSeeds::read(row, root)?;
        let context_id = Place::ContextIdKey(workspace);
        let context_id = root.unwrap(&context_id, None, &seeds.context_id.0).await?;
        let audit = Place::AuditKey(workspace);
        let audit = root.unwrap(&audit, None, &seeds.audit.0).await?;
        Ok(Self {
            workspace,
            roots: Roots::unwrap(workspace, &seeds, root).await?,
            context_id: ContextIdKey::derive(&context_id, workspace),
            audit: Arc::new(AuditKey::derive(&audit, workspace)),
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
        self.seal_json(place, &json)
    }

    /// Seals a row's body that is written already.
    pub(crate) fn seal_json(&self, place: &[&[u8]], json: &[u8]) -> Result<Vec<u8>, Denial> {
        self.roots
            .active()
            .seal_row(place, json, &*self.entropy)
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
            .roots
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
