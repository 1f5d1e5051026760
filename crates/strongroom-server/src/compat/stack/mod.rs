//! `/api/{v1,latest}/data-vault/*` and the few calls around it: Stack Auth's Data Vault.
//!
//! A project is a workspace; its id is that of the workspace, written as a UUID. A secret server key
//! is an API key of a client with the permissions `stores:read` and `stores:write`; a super secret
//! admin key is one with `admin:stores` as well. `docs/coming-from-stack-auth.md` lists what differs.
//!
//! Their clients know errors by a header, which has two spellings: the caller is answered in its own.
//! What they have no word for is a plain 4xx or 5xx without that header.

mod answer;
mod backend_urls;
mod caller;
mod config;
mod family;
mod known;
mod project;
mod sent;
mod values;

use axum::http::HeaderMap;

use crate::routes::endpoint::{Endpoint, get, patch, post};

pub(crate) use answer::answer;
pub(crate) use caller::project_of;

/// The surface's routes, below both names of the version.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/api/v1/data-vault/stores/{store}/get", values::read),
        post("/api/latest/data-vault/stores/{store}/get", values::read),
        post("/api/v1/data-vault/stores/{store}/set", values::write),
        post("/api/latest/data-vault/stores/{store}/set", values::write),
        get("/api/v1/internal/projects/current", project::current),
        get("/api/latest/internal/projects/current", project::current),
        get("/api/v1/internal/config", config::read),
        get("/api/latest/internal/config", config::read),
        patch(
            "/api/v1/internal/config/override/environment",
            config::change,
        ),
        patch(
            "/api/latest/internal/config/override/environment",
            config::change,
        ),
        get("/api/v1/internal/backend-urls", backend_urls::list),
        get("/api/latest/internal/backend-urls", backend_urls::list),
    ]
}

/// Whether a path belongs to the surface.
pub(super) fn serves(path: &str) -> bool {
    let below = |version: &str| path.strip_prefix(version);
    let rest = below("/api/v1/").or_else(|| below("/api/latest/"));
    rest.is_some_and(|rest| rest.starts_with("data-vault/") || rest.starts_with("internal/"))
}

/// The credential of a request: the key that goes with its access type.
pub(crate) fn credential(headers: &HeaderMap) -> Option<&str> {
    caller::Presented::of(headers).key()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_the_surfaces() {
        let endpoints = endpoints();
        assert_eq!(endpoints.len(), 12);
        assert!(endpoints.iter().all(|endpoint| serves(endpoint.path)));
        for other in ["/api/v1/encrypt", "/api/v2/data-vault/stores", "/api/v1/"] {
            assert!(!serves(other), "{other}");
        }
    }
}
