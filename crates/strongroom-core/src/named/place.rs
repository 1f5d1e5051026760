//! Where the keys of a named context are.

use strongroom_types::{ContextName, ContextPattern, KeyContext};

use crate::denial::Denial;

/// The name of the one pair in the map of a named context.
const PAIR: &str = "context";

/// The map of a named context.
pub(crate) fn map_of(name: &ContextName) -> Result<KeyContext, Denial> {
    KeyContext::new([(PAIR, name.as_str())]).map_err(|_too_long| Denial::Internal)
}

/// What allows a client the named context.
pub(crate) fn pattern_of(name: &ContextName) -> Result<ContextPattern, Denial> {
    ContextPattern::new([(PAIR, name.as_str())]).map_err(|_too_long| Denial::Internal)
}
