//! `/vault/v1/*` and `/events`: WorkOS Vault.
//!
//! Bearer is an API key of ours, of a client with the permissions `data-keys` and `objects:*`; the
//! client's workspace is what they call the environment. Names in answers are theirs, ids are ours
//! and opaque to their clients. `docs/coming-from-workos.md` lists what differs.

mod answer;
mod field;
mod instant;
mod keys;
mod kv;

use crate::routes::endpoint::{Endpoint, get};
use crate::routes::webhooks;

pub(crate) use answer::answer;

/// The surface's routes.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let events = vec![get("/events", webhooks::events)];
    [keys::endpoints(), kv::endpoints(), events]
        .into_iter()
        .flatten()
        .collect()
}

/// Whether a path belongs to the surface.
pub(super) fn serves(path: &str) -> bool {
    path.starts_with("/vault/v1/") || ["/vault/v1", "/events"].contains(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_the_surfaces() {
        let endpoints = endpoints();
        assert_eq!(endpoints.len(), 12);
        assert!(endpoints.iter().all(|endpoint| serves(endpoint.path)));
        assert!(!serves("/vault/v10/kv"));
    }
}
