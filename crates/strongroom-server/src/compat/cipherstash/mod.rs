//! `/zerokms/*`, `/api/authorise` and the calls around them: CipherStash's key and token services.
//!
//! Their workspace is a workspace, named by the first ten bytes of its id; an access key is an API
//! key in another spelling; their tokens are access tokens of ours. A client id is a name that grants
//! are made to, and no credential. `docs/coming-from-cipherstash.md` lists what differs.
//!
//! Every route but the token service's needs a scope; a scope is a permission, and `scope` has the one
//! table of them. What is permitted is looked up at each request: a token only names what it was.

mod access_keys;
mod answer;
mod client_key;
mod clients;
mod data_keys;
mod device;
mod device_page;
mod keysets;
mod providers;
mod scope;
mod shape;
mod token;
mod workspace;

use crate::routes::endpoint::{Endpoint, delete, get, post};

pub(crate) use answer::answer;
pub(crate) use client_key::client_key;
pub(crate) use scope::{member, operator};
pub(crate) use workspace::{crn, workspace_id};

/// The surface's routes.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/api/authorise", token::authorise),
        post("/api/authorize", token::authorise),
        post("/zerokms/load-keyset", data_keys::load),
        post("/zerokms/load-dataset", data_keys::load),
        post("/zerokms/generate-data-key", data_keys::generate),
        post("/zerokms/retrieve-data-key", data_keys::retrieve),
        post(
            "/zerokms/retrieve-data-key-fallible",
            data_keys::retrieve_each,
        ),
        post("/zerokms/create-keyset", keysets::create),
        post("/zerokms/list-keysets", keysets::list),
        post("/zerokms/enable-keyset", keysets::enable),
        post("/zerokms/disable-keyset", keysets::disable),
        post("/zerokms/modify-keyset", keysets::modify),
        post("/zerokms/grant-keyset", keysets::grant),
        post("/zerokms/revoke-keyset", keysets::revoke),
        post("/zerokms/create-client", clients::create),
        post("/zerokms/list-clients", clients::list),
        post("/zerokms/delete-client", clients::remove),
        get("/api/access-keys", access_keys::list),
        post("/api/access-keys", access_keys::create),
        delete("/api/access-key", access_keys::remove),
        get("/api/oidc/providers", providers::list),
        post("/api/oidc/providers", providers::create),
        delete("/api/oidc/providers/{id}", providers::remove),
        get("/api/workspaces", workspace::list),
        post("/oauth/device/code", device::begin),
        post("/oauth/device/token", device::poll),
        post("/oauth/token", device::refresh),
        get("/oauth/device", device::page),
        post("/oauth/device", device::approve),
        get("/oauth/device/page.css", device::stylesheet),
    ]
}

/// Whether a path belongs to the surface.
pub(super) fn serves(path: &str) -> bool {
    let names = [
        "/api/authorise",
        "/api/authorize",
        "/api/access-keys",
        "/api/access-key",
        "/api/workspaces",
        "/api/oidc/providers",
        "/oauth/token",
        "/oauth/device",
    ];
    names.contains(&path)
        || path.starts_with("/zerokms/")
        || path.starts_with("/api/oidc/providers/")
        || path.starts_with("/oauth/device/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_the_surfaces() {
        let endpoints = endpoints();
        assert_eq!(endpoints.len(), 30);
        assert!(endpoints.iter().all(|endpoint| serves(endpoint.path)));
        for other in [
            "/api/v1/encrypt",
            "/api/access-keyss",
            "/zerokms",
            "/api/oidc",
            "/oauth",
            "/v1/oauth/token",
        ] {
            assert!(!serves(other), "{other}");
        }
    }
}
