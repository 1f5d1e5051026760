//! Where a hybrid key stands, and how it is found.

use strongroom_crypto::frame;
use strongroom_types::{ContextId, KeyContext, Kind, WorkspaceId};

use super::HybridKeyBody;
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Thing};
use crate::door::keyring::map_place;
use crate::ports::{FoundStore, StoreRow};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// The name of the pair that tells a hybrid key from others of the same tenant.
const PAIR: &str = "hybrid_key";

/// The key context of a hybrid key.
#[derive(Clone, Debug)]
pub(crate) struct HybridPlace {
    pub(crate) context: ContextId,
    pub(crate) map: KeyContext,
}

impl HybridPlace {
    /// The place of a hybrid key that the caller names and may use.
    ///
    /// # Errors
    /// It is not among the caller's, or the pairs are too many or name a hybrid key themselves.
    pub(crate) fn of(caller: &Caller, of: Option<&KeyContext>, name: &str) -> Result<Self, Denial> {
        let pairs = of.into_iter().flat_map(KeyContext::pairs);
        let unfit = || Denial::from(Invalid::Field("key_context".into()));
        if of.is_some_and(|of| of.value(PAIR).is_some()) {
            return Err(unfit());
        }
        let map = KeyContext::new(pairs.chain([(PAIR, name)])).map_err(|_too_many| unfit())?;
        caller.require_context(&map)?;
        let context = caller.state.context_id(Kind::HybridKey, &map);
        Ok(Self { context, map })
    }

    /// What the private key of a version is bound to:
    /// `frame("hybrid key", workspace, key context, version)`.
    pub(crate) fn bound(&self, workspace: WorkspaceId, version: u64) -> Vec<u8> {
        let version = version.to_be_bytes();
        let parts: [&[u8]; 4] = [
            b"hybrid key",
            workspace.as_bytes(),
            self.context.as_bytes(),
            &version,
        ];
        let mut bound = Vec::with_capacity(96);
        frame::push_list(&mut bound, parts.into_iter());
        bound
    }

    /// The name under which the private key of a version is kept.
    pub(crate) fn value_name(&self, state: &WorkspaceState, version: u64) -> Vec<u8> {
        let name = frame::list(&[b"private key", &version.to_be_bytes()]);
        let keys = &state.keys.context_id;
        keys.store_value_name(self.context, &name).to_vec()
    }

    /// The row of what is said of the key.
    pub(crate) fn row(
        &self,
        state: &WorkspaceState,
        body: &HybridKeyBody,
        created: i64,
    ) -> Result<StoreRow, Denial> {
        let place = body_place(&state.id, &self.context);
        Ok(StoreRow {
            context: self.context,
            body: state.keys.seal_body(&place, body)?,
            created,
        })
    }
}

/// The place of a hybrid key's row.
fn body_place<'a>(workspace: &'a WorkspaceId, context: &'a ContextId) -> [&'a [u8]; 3] {
    [b"hybrid key", workspace.as_bytes(), context.as_bytes()]
}

/// A hybrid key as it was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) place: HybridPlace,
    pub(crate) body: HybridKeyBody,
    pub(crate) created: i64,
    /// The index of the last entry that changed it.
    pub(crate) changed: u64,
}

/// Reads a row; `None` for what is no hybrid key, or not the caller's.
pub(crate) fn read(caller: &Caller, found: &FoundStore) -> Result<Option<Found>, Denial> {
    let (state, context) = (&caller.state, found.row.context);
    let place = map_place(&state.id, &context);
    let map: KeyContext = state.keys.open_body("context", &place, &found.map)?;
    let of_hybrid_key = state.context_id(Kind::HybridKey, &map) == context;
    if !of_hybrid_key || map.value(PAIR).is_none() || !caller.may_use(&map) {
        return Ok(None);
    }
    let place = body_place(&state.id, &context);
    let body = state.keys.open_body("store", &place, &found.row.body)?;
    Ok(Some(Found {
        place: HybridPlace { context, map },
        body,
        created: found.row.created,
        changed: found.changed,
    }))
}

impl Strongroom {
    /// A hybrid key of the caller's.
    ///
    /// # Errors
    /// There is none of the id, or it is not the caller's: which of both is not said.
    pub(crate) async fn hybrid_key(&self, caller: &Caller, id: ContextId) -> Result<Found, Denial> {
        let unknown = Denial::NotFound(Thing::HybridKey);
        let found = self.store.store(caller.state.id, id).await?;
        let found = found.ok_or_else(|| unknown.clone())?;
        read(caller, &found)?.ok_or(unknown)
    }
}
