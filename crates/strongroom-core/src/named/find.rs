//! Named contexts as they stand at one state epoch.

use std::sync::Arc;

use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use strongroom_types::body::{
    AlgorithmPolicy, NamedContextConfig, NamedContextInfo, PolicyEnforcement, ResolvedSuite,
};
use strongroom_types::{ContextId, ContextName, Format, Kind, WorkspaceId};

use super::map_of;
use crate::denial::Denial;
use crate::ports::{Micros, Record, RecordKind, StoreError};
use crate::record;
use crate::strongroom::Strongroom;
use crate::time::format_time;
use crate::workspace::WorkspaceState;

/// How many are kept.
const KEPT_MAX: u64 = 100_000;

/// A named context as it stands at one state epoch.
#[derive(Debug)]
pub(crate) struct NamedContext {
    pub(crate) id: ContextId,
    pub(crate) created: Micros,
    pub(crate) body: NamedContextBody,
}

/// The part of a named context's record that is sealed. Its id is that of its key context, which is an
/// HMAC of the name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NamedContextBody {
    pub(crate) name: ContextName,
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) config: NamedContextConfig,
    /// What follows from it. Of a record that was read it is [resolved](Self::resolve) anew, and not as it
    /// was written: the FIPS mode may be another by now.
    pub(crate) resolved: ResolvedSuite,
    #[serde(default)]
    pub(crate) algorithm_policy: AlgorithmPolicy,
    #[serde(default)]
    pub(crate) enforcement: PolicyEnforcement,
    /// The formats of other products that it opens; none but after an import.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) formats: Vec<Format>,
    /// Whether its clients get a key to seal with by themselves.
    #[serde(default)]
    pub(crate) key_bundle: bool,
}

impl NamedContext {
    pub(super) fn info(&self, quantum_resistant: bool) -> NamedContextInfo {
        NamedContextInfo {
            id: self.id,
            name: self.body.name.clone(),
            display_name: self.body.display_name.clone(),
            description: self.body.description.clone(),
            config: self.body.config.clone(),
            resolved: self.body.resolved.clone(),
            quantum_resistant,
            algorithm_policy: self.body.algorithm_policy.clone(),
            enforcement: self.body.enforcement,
            created: format_time(self.created),
            formats: self.body.formats.clone(),
            key_bundle: self.body.key_bundle,
        }
    }
}

/// What is kept of what was found, each under the epoch at which it was read.
#[derive(Debug)]
pub(crate) struct NamedContextCache(Cache<(WorkspaceId, u64, ContextName), Arc<NamedContext>>);

impl NamedContextCache {
    pub(crate) fn new() -> Self {
        Self(Cache::new(KEPT_MAX))
    }
}

impl Strongroom {
    /// Reads a named context's record, with the suite that follows under the present FIPS mode.
    pub(crate) fn read_named_context(
        &self,
        state: &WorkspaceState,
        row: &Record,
    ) -> Result<NamedContext, StoreError> {
        let mut named = record::named_context(&state.keys, state.id, row)?;
        named.body.resolve(self.settings.fips);
        Ok(named)
    }

    /// A named context.
    ///
    /// # Errors
    /// There is none of the name.
    pub(crate) async fn named_context(
        &self,
        state: &WorkspaceState,
        name: &ContextName,
    ) -> Result<Arc<NamedContext>, Denial> {
        let kept = (state.id, state.epoch, name.clone());
        if let Some(named) = self.named_contexts.0.get(&kept) {
            return Ok(named);
        }
        let id = state.context_id(Kind::Named, &map_of(name)?);
        let kind = RecordKind::NamedContext;
        let row = self.store.record(state.id, kind, &id.to_string()).await?;
        let row = row.ok_or(Denial::ContextUnknown)?;
        let named = Arc::new(self.read_named_context(state, &row)?);
        self.named_contexts.0.insert(kept, Arc::clone(&named));
        Ok(named)
    }
}
