//! Where the keys of a keyset are.

use strongroom_types::{ContextId, KeyContext, KeysetId, Kind};

use crate::caller::Caller;
use crate::denial::Denial;

/// The name of the one pair in the map of a keyset's key context.
const PAIR: &str = "keyset";

/// The map of a keyset's key context.
pub(crate) fn map_of(keyset: KeysetId) -> Result<KeyContext, Denial> {
    KeyContext::new([(PAIR, keyset.to_string())]).map_err(|_too_long| Denial::Internal)
}

/// The key context of a keyset that the caller may use.
#[derive(Debug)]
pub(crate) struct KeysetPlace {
    pub(crate) context: ContextId,
    pub(crate) map: KeyContext,
}

impl KeysetPlace {
    /// # Errors
    /// The keyset is not among those that the caller may use.
    pub(crate) fn of(caller: &Caller, keyset: KeysetId) -> Result<Self, Denial> {
        let map = map_of(keyset)?;
        caller.require_context(&map)?;
        let context = caller.state.context_id(Kind::Keyset, &map);
        Ok(Self { context, map })
    }
}
