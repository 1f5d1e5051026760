//! Where a signing key stands, and how it is found.

use strongroom_crypto::frame;
use strongroom_types::{ContextId, KeyContext, Kind, WorkspaceId};

use super::SigningKeyBody;
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Thing};
use crate::door::keyring::map_place;
use crate::ports::{FoundStore, StoreRow};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// The name of the pair that tells a signing key from others of the same tenant.
const PAIR: &str = "signing_key";

/// The key context of a signing key.
#[derive(Clone, Debug)]
pub(crate) struct SigningPlace {
    pub(crate) context: ContextId,
    pub(crate) map: KeyContext,
}

impl SigningPlace {
    /// The place of a signing key that the caller names and may use.
    ///
    /// # Errors
    /// It is not among the caller's, or the pairs are too many or name a signing key themselves.
    pub(crate) fn of(caller: &Caller, of: Option<&KeyContext>, name: &str) -> Result<Self, Denial> {
        let pairs = of.into_iter().flat_map(KeyContext::pairs);
        let unfit = || Denial::from(Invalid::Field("key_context".into()));
        if of.is_some_and(|of| of.value(PAIR).is_some()) {
            return Err(unfit());
        }
        let map = KeyContext::new(pairs.chain([(PAIR, name)])).map_err(|_too_many| unfit())?;
        caller.require_context(&map)?;
        let context = caller.state.context_id(Kind::SigningKey, &map);
        Ok(Self { context, map })
    }

    /// What the private key of a version is bound to:
    /// `frame("signing key", workspace, key context, version)`.
    pub(crate) fn bound(&self, workspace: WorkspaceId, version: u64) -> Vec<u8> {
        let version = version.to_be_bytes();
        let parts: [&[u8]; 4] = [
            b"signing key",
            workspace.as_bytes(),
            self.context.as_bytes(),
            &version,
        ];
        let mut bound = Vec::with_capacity(96);
        frame::push_list(&mut bound, parts.into_iter());
        bound
    }

    /// The name of the one value that is kept under the key context.
    pub(crate) fn value_name(&self, state: &WorkspaceState) -> Vec<u8> {
        let keys = &state.keys.context_id;
        keys.store_value_name(self.context, b"private key").to_vec()
    }

    /// The row of what is said of the key.
    pub(crate) fn row(
        &self,
        state: &WorkspaceState,
        body: &SigningKeyBody,
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

/// The place of a signing key's row.
fn body_place<'a>(workspace: &'a WorkspaceId, context: &'a ContextId) -> [&'a [u8]; 3] {
    [b"signing key", workspace.as_bytes(), context.as_bytes()]
}

/// A signing key as it was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) place: SigningPlace,
    pub(crate) body: SigningKeyBody,
    pub(crate) created: i64,
    /// The index of the last entry that changed it.
    pub(crate) changed: u64,
}

/// Reads a row; `None` for what is no signing key, or not the caller's.
pub(crate) fn read(caller: &Caller, found: &FoundStore) -> Result<Option<Found>, Denial> {
    let (state, context) = (&caller.state, found.row.context);
    let place = map_place(&state.id, &context);
    let map: KeyContext = state.keys.open_body("context", &place, &found.map)?;
    let of_signing_key = state.context_id(Kind::SigningKey, &map) == context;
    if !of_signing_key || map.value(PAIR).is_none() || !caller.may_use(&map) {
        return Ok(None);
    }
    let place = body_place(&state.id, &context);
    let body = state.keys.open_body("store", &place, &found.row.body)?;
    Ok(Some(Found {
        place: SigningPlace { context, map },
        body,
        created: found.row.created,
        changed: found.changed,
    }))
}

impl Strongroom {
    /// A signing key of the caller's.
    ///
    /// # Errors
    /// There is none of the id, or it is not the caller's: which of both is not said.
    pub(crate) async fn signing_key(
        &self,
        caller: &Caller,
        id: ContextId,
    ) -> Result<Found, Denial> {
        let unknown = Denial::NotFound(Thing::SigningKey);
        let found = self.store.store(caller.state.id, id).await?;
        let found = found.ok_or_else(|| unknown.clone())?;
        read(caller, &found)?.ok_or(unknown)
    }
}
