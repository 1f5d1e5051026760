//! Keys of many key contexts at once, before the items of a batch need them one after the other.

use core::future::ready;

use futures_util::StreamExt as _;
use futures_util::stream;
use strongroom_types::{KeyContext, Kind};

use super::Need;
use crate::ask::Ask;
use crate::caller::Caller;
use crate::strongroom::Strongroom;

/// How many key contexts are made or loaded at the same time for one request. A new one makes a
/// provider wrap twice, and a slow one must still answer the last of them in its time.
const AT_ONCE: usize = 8;

impl Strongroom {
    /// Makes or loads the key contexts that a batch is going to seal under, side by side, so that many
    /// first writes share commits. What is wrong with one of them its item finds again, and is told.
    ///
    /// Nothing here makes a customer's key unwrap: it does that for an item, when that needs it.
    pub(crate) async fn load_ahead(
        &self,
        (caller, ask): (&Caller, &Ask),
        maps: impl Iterator<Item = &KeyContext> + Send,
    ) {
        if caller.require_unnamed().is_err() {
            return;
        }
        let mut loads = Vec::new();
        for map in maps.filter(|map| caller.may_use(map)) {
            let id = caller.state.context_id(Kind::Context, map);
            let kept = self.keyring.kept(&caller.state, id, Need::NONE, &self.time);
            if kept.is_none() {
                let load = Box::pin(self.load_or_create((caller, ask), id, map, Need::NONE));
                let place = (id, Need::NONE);
                let load = self.keyring.load((&caller.state, &self.time), place, load);
                loads.push(async { drop(load.await) });
            }
        }
        stream::iter(loads)
            .buffer_unordered(AT_ONCE)
            .for_each(ready)
            .await;
    }
}
