//! `/vault/v1/*`: WorkOS Vault.
//!
//! Bearer is an API key of ours, of a client with the permissions `data-keys` and `objects:*`; the
//! client's workspace is what they call the environment. Names in answers are theirs, ids are ours
//! and opaque to their clients. `docs/coming-from-workos.md` lists what differs.

mod answer;
mod field;
mod instant;
mod keys;
mod kv;

use crate::routes::endpoint::Endpoint;

pub(crate) use answer::answer;

/// The surface's routes.
pub(super) fn endpoints() -> Vec<Endpoint> {
    [keys::endpoints(), kv::endpoints()]
        .into_iter()
        .flatten()
        .collect()
}

/// Whether a path belongs to the surface.
pub(super) fn serves(path: &str) -> bool {
    path.starts_with("/vault/v1/") || path == "/vault/v1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_below_the_prefix() {
        let endpoints = endpoints();
        assert_eq!(endpoints.len(), 11);
        assert!(endpoints.iter().all(|endpoint| serves(endpoint.path)));
        assert!(!serves("/vault/v10/kv"));
    }
}
