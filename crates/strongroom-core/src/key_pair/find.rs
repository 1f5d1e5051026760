//! Where a key pair stands, and how it is found.

use core::marker::PhantomData;

use strongroom_crypto::frame;
use strongroom_types::{ContextId, KeyContext, WorkspaceId};

use super::{KeyPairBody, PairKind};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid};
use crate::door::keyring::map_place;
use crate::ports::{FoundStore, StoreRow};
use crate::strongroom::Strongroom;
use crate::workspace::WorkspaceState;

/// The key context of a key pair.
#[derive(Clone, Debug)]
pub(crate) struct Place<K> {
    pub(crate) context: ContextId,
    pub(crate) map: KeyContext,
    kind: PhantomData<K>,
}

impl<K: PairKind> Place<K> {
    /// The place of a key pair that the caller names and may use.
    ///
    /// # Errors
    /// It is not among the caller's, or the pairs are too many or name a key pair of the kind themselves.
    pub(crate) fn of(caller: &Caller, of: Option<&KeyContext>, name: &str) -> Result<Self, Denial> {
        let pairs = of.into_iter().flat_map(KeyContext::pairs);
        let unfit = || Denial::from(Invalid::Field("key_context".into()));
        if of.is_some_and(|of| of.value(K::PAIR).is_some()) {
            return Err(unfit());
        }
        let map = KeyContext::new(pairs.chain([(K::PAIR, name)])).map_err(|_too_many| unfit())?;
        caller.require_context(&map)?;
        Ok(Self {
            context: caller.state.context_id(K::KIND, &map),
            map,
            kind: PhantomData,
        })
    }

    /// What the private key of a version is bound to: `frame(kind, workspace, key context, version)`.
    pub(crate) fn bound(&self, workspace: WorkspaceId, version: u64) -> Vec<u8> {
        let version = version.to_be_bytes();
        let [kind, workspace, context] = body_place::<K>(&workspace, &self.context);
        let mut bound = Vec::with_capacity(96);
        frame::push_list(&mut bound, [kind, workspace, context, &version].into_iter());
        bound
    }

    /// The name under which the private key of a version is kept.
    pub(crate) fn value_name(&self, state: &WorkspaceState, version: u64) -> Vec<u8> {
        let (name, _) = K::kept_as(version);
        let keys = &state.keys.context_id;
        keys.store_value_name(self.context, &name).to_vec()
    }

    /// The row of what is said of the key pair.
    pub(crate) fn row(
        &self,
        state: &WorkspaceState,
        body: &KeyPairBody<K>,
        created: i64,
    ) -> Result<StoreRow, Denial> {
        let place = body_place::<K>(&state.id, &self.context);
        Ok(StoreRow {
            context: self.context,
            body: state.keys.seal_body(&place, body)?,
            created,
        })
    }
}

/// The place of a key pair's row.
fn body_place<'a, K: PairKind>(
    workspace: &'a WorkspaceId,
    context: &'a ContextId,
) -> [&'a [u8]; 3] {
    [K::NAME.as_bytes(), workspace.as_bytes(), context.as_bytes()]
}

/// A key pair as it was found.
#[derive(Debug)]
pub(crate) struct Found<K> {
    pub(crate) place: Place<K>,
    pub(crate) body: KeyPairBody<K>,
    pub(crate) created: i64,
    /// The index of the last entry that changed it.
    pub(crate) changed: u64,
}

/// Reads a row; `None` for what is no key pair of the kind, or not the caller's.
pub(crate) fn read<K: PairKind>(
    caller: &Caller,
    found: &FoundStore,
) -> Result<Option<Found<K>>, Denial> {
    let (state, context) = (&caller.state, found.row.context);
    let place = map_place(&state.id, &context);
    let map: KeyContext = state.keys.open_body("context", &place, &found.map)?;
    let of_the_kind = state.context_id(K::KIND, &map) == context;
    if !of_the_kind || map.value(K::PAIR).is_none() || !caller.may_use(&map) {
        return Ok(None);
    }
    let place = body_place::<K>(&state.id, &context);
    let body = state.keys.open_body("store", &place, &found.row.body)?;
    Ok(Some(Found {
        place: Place {
            context,
            map,
            kind: PhantomData,
        },
        body,
        created: found.row.created,
        changed: found.changed,
    }))
}

impl Strongroom {
    /// A key pair of the caller's.
    ///
    /// # Errors
    /// There is none of the id, or it is not the caller's: which of both is not said.
    pub(crate) async fn key_pair<K: PairKind>(
        &self,
        caller: &Caller,
        id: ContextId,
    ) -> Result<Found<K>, Denial> {
        let unknown = Denial::NotFound(K::THING);
        let found = self.store.store(caller.state.id, id).await?;
        let found = found.ok_or_else(|| unknown.clone())?;
        read(caller, &found)?.ok_or(unknown)
    }
}
