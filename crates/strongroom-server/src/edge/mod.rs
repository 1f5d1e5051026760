//! Between HTTP and the product: who asks, what they sent, how they are answered.
//!
//! Extractors read strictly; whatever they refuse goes through `Strongroom::reject`, so that a
//! known caller's bad request is in the log as well.

mod answer;
mod anyone;
mod body;
mod caller;
mod declared;
mod guard;
mod header;
mod if_match;
mod problem;
mod query;
mod ready;
mod stream;
mod target;

use std::sync::Arc;

use strongroom_core::ports::Clock;
use strongroom_core::{Ask, Bearer, Denial, Strongroom, Thing};
use strongroom_crypto::entropy::Entropy;

use crate::compat::Surfaces;
use crate::dev::Development;
use crate::limits::{Limits, Meter};
use crate::telemetry::Metrics;

pub(crate) use answer::{Document, Reply, Text, created, ok, raw, removed, value};
pub(crate) use anyone::{FormByAnyone, SentByAnyone};
pub(crate) use body::{Held, Sent, SentBatch, SentForm, SentLarge, SentOctets, read_any};
pub(crate) use caller::{Caller, ask as ask_of};
pub(crate) use declared::{Declared, declared};
pub(crate) use guard::{guard, unknown_method, unknown_route};
pub(crate) use header::{KEY_CONTEXT, REQUEST_ID, bearer, json as header_json};
pub(crate) use if_match::IfMatch;
pub(crate) use problem::{Problem, entry_header, reword, status, title};
pub(crate) use query::{FromParameters, Parameters, Query};
pub(crate) use ready::Readiness;
pub(crate) use stream::{Moving, Opened, Sealed};
pub(crate) use target::{FromPath, Target, TileTarget};

/// What every request shares.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) room: Strongroom,
    pub(crate) limits: Limits,
    pub(crate) meter: Meter,
    pub(crate) metrics: Metrics,
    pub(crate) readiness: Readiness,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Only in development mode.
    pub(crate) development: Option<Development>,
    /// Those of other products that are switched on.
    pub(crate) surfaces: Surfaces,
}

/// The state of the router.
pub(crate) type App = Arc<Edge>;

impl Edge {
    /// Refuses on behalf of the edge. Who is not known learns that first, but for what is no
    /// secret: limits, and which routes there are.
    ///
    /// What a limit refuses must cost less than what it protects: only a credential that was
    /// verified before gets an entry for it, and nobody's is looked up.
    pub(crate) async fn refuse(&self, ask: &Ask, denial: Denial) -> Problem {
        let bearer = ask.credentials.bearer.as_deref();
        let recalled = bearer.is_some_and(Bearer::is_recalled);
        if matches!(denial, Denial::RateLimited { .. }) && !recalled {
            return Problem::unlogged(denial, ask.origin.request_id);
        }
        let public = is_public(&denial).then(|| denial.clone());
        let mut refused = Box::pin(self.room.reject(ask, denial)).await;
        if let (None, Some(public)) = (refused.entry, public) {
            refused.denial = public;
        }
        Problem::new(refused, ask.origin.request_id)
    }
}

const fn is_public(denial: &Denial) -> bool {
    matches!(
        denial,
        Denial::RateLimited { .. } | Denial::MethodNotAllowed | Denial::NotFound(Thing::Route)
    )
}
