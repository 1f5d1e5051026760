//! Which guards did not hold for a use before.
//!
//! A rule that does not read the time finds the same of the same client, context, operation, suite and
//! kind of root until the state of the workspace changes, and with it this goes. Only numbers are
//! remembered: names and messages can be long, and uses many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use strongroom_types::body::GuardedOperation;
use strongroom_types::{ClientId, ContextName, Suite};

use super::Circumstances;

/// How many uses are remembered; behind them all are forgotten.
const USES_MAX: usize = 1_000;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Use {
    operation: GuardedOperation,
    suite: Suite,
    symmetric: bool,
    context: ContextName,
    client: ClientId,
}

/// The guards that do not hold, by use.
#[derive(Debug, Default)]
pub(super) struct Verdicts(Mutex<HashMap<Use, Arc<[usize]>>>);

impl Verdicts {
    /// What was found of a use, or is found now.
    pub(super) fn of(
        &self,
        circumstances: &Circumstances<'_>,
        find: impl FnOnce() -> Vec<usize>,
    ) -> Arc<[usize]> {
        let this = Use {
            operation: circumstances.operation,
            suite: circumstances.suite,
            symmetric: circumstances.symmetric,
            context: circumstances.context.name.clone(),
            client: circumstances.client.id,
        };
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(&this) {
            return Arc::clone(found);
        }
        // Two that find at once find the same.
        let found: Arc<[_]> = find().into();
        let mut known = known();
        if known.len() >= USES_MAX {
            known.clear();
        }
        known.insert(this, Arc::clone(&found));
        found
    }
}
