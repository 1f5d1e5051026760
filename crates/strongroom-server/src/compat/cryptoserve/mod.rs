//! `/api/v1/crypto/*`, `/api/v1/applications/*`, `/api/contexts` and the calls around them: CryptoServe's
//! API, as its SDK calls it.
//!
//! Their application is an application, their context a named context, their user a client with the
//! permissions of a role whose session is an API key, shown as cookie or as bearer. What is sealed is
//! `sr1`, in base64. `docs/coming-from-cryptoserve.md` lists what differs.
//!
//! `docs/cryptoserve-roles.md` is the one table of who may call what: tests hold the routes and their
//! answers to it. What is permitted is looked up at each request: a token only names what it was.

mod answer;
mod applications;
mod audit;
mod auth;
mod batch;
mod claims;
mod contexts;
mod credential;
mod crypto;
mod digest;
mod exchange;
mod jose;
mod jwk;
mod kex;
mod onboarding;
mod password;
mod policies;
mod pqc;
mod promotion;
mod secrets;
mod service;
mod shape;
mod signatures;
mod users;

use crate::routes::endpoint::{Endpoint, delete, get, patch, post, put};

pub(crate) use answer::answer;
pub(crate) use contexts::SHIPPED;
pub(crate) use credential::credential;

/// The surface's routes.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut endpoints = of_contexts();
    endpoints.extend(of_what_is_sent());
    endpoints.extend(of_what_was_done());
    endpoints.extend(of_people());
    endpoints
}

/// Contexts, what is sealed under them, and who may.
fn of_contexts() -> Vec<Endpoint> {
    vec![
        post("/api/v1/crypto/encrypt", crypto::encrypt),
        post("/api/v1/crypto/decrypt", crypto::decrypt),
        post("/api/v1/crypto/batch/encrypt", batch::encrypt),
        post("/api/v1/crypto/batch/decrypt", batch::decrypt),
        post("/api/v1/crypto/key-bundle", crypto::key_bundle),
        post("/api/v1/crypto/hash", digest::hash),
        post("/api/v1/crypto/hash/verify", digest::hash_verify),
        post("/api/v1/crypto/mac", digest::mac),
        post("/api/v1/crypto/mac/verify", digest::mac_verify),
        post("/api/v1/crypto/mac/generate-key", digest::mac_key),
        post("/api/v1/crypto/password/hash", password::hash),
        post("/api/v1/crypto/password/verify", password::verify),
        post("/api/v1/crypto/sign", signatures::sign),
        post("/api/v1/crypto/verify", signatures::verify),
        post("/api/v1/signatures/keys/generate", signatures::generate),
        post("/api/v1/signatures/sign", signatures::sign),
        post("/api/v1/signatures/verify", signatures::verify),
        get("/api/v1/signatures/keys", signatures::list),
        get("/api/v1/signatures/keys/{id}", signatures::describe),
        get("/api/v1/signatures/keys/{id}/public", signatures::public),
        delete("/api/v1/signatures/keys/{id}", signatures::remove),
        post("/api/v1/signatures/keys/{id}/rotate", signatures::rotate),
        post("/api/v1/applications/sdk/register", applications::register),
        get("/api/v1/applications", applications::list),
        post("/api/v1/applications", applications::create),
        get("/api/v1/applications/{id}", applications::describe),
        patch("/api/v1/applications/{id}", applications::update),
        delete("/api/v1/applications/{id}", applications::remove),
        get("/api/v1/applications/{id}/tokens", applications::tokens),
        post(
            "/api/v1/applications/{id}/tokens/rotate",
            applications::rotate,
        ),
        post(
            "/api/v1/applications/{id}/tokens/revoke",
            applications::revoke,
        ),
        post("/api/v1/auth/refresh", auth::refresh),
        // Where their SDK looks for it.
        post("/api/api/v1/auth/refresh", auth::refresh),
        post("/api/v1/auth/verify", auth::verify),
        get("/api/contexts", contexts::list),
        post("/api/contexts", contexts::create),
        get("/api/contexts/{name}", contexts::describe),
        put("/api/contexts/{name}", contexts::update),
        get("/api/contexts/{name}/resolve", contexts::resolve),
        get("/api/policies", policies::list),
        post("/api/policies", policies::create),
        get("/api/policies/defaults", policies::defaults),
        post("/api/policies/evaluate", policies::evaluate),
        get("/api/policies/{name}", policies::describe),
        put("/api/policies/{name}", policies::update),
        delete("/api/policies/{name}", policies::remove),
        get("/sdk/contexts", contexts::found_by_words),
        get("/sdk/contexts/search", contexts::found_by_words),
        get("/sdk/contexts/{name}", contexts::described),
        get("/auth/status", service::status),
        get("/health", service::health),
        // Where their other client looks for it.
        get("/api/health", service::health),
        get("/health/live", service::live),
        get("/health/ready", service::ready),
    ]
}

/// Keys and secrets that callers send, and keys by which they sign.
fn of_what_is_sent() -> Vec<Endpoint> {
    vec![
        post("/api/v1/crypto/password/strength", password::measure),
        post("/api/v1/crypto/key-exchange/generate", exchange::generate),
        post("/api/v1/crypto/key-exchange/derive", exchange::derive),
        post("/api/v1/crypto/hybrid/encrypt", exchange::seal),
        post("/api/v1/crypto/hybrid/decrypt", exchange::open),
        post("/api/v1/jose/sign", jose::sign),
        post("/api/v1/jose/verify", jose::verify),
        post("/api/v1/jose/encrypt", jose::encrypt),
        post("/api/v1/jose/decrypt", jose::decrypt),
        post("/api/v1/jose/jwk/generate", jose::generate),
        post("/api/v1/jose/jwk/thumbprint", jose::thumbprint),
        post("/api/v1/secrets/shamir/split", secrets::split),
        post("/api/v1/secrets/shamir/combine", secrets::combine),
        post("/api/v1/secrets/lease/create", secrets::create_lease),
        post("/api/v1/secrets/lease/renew", secrets::renew_lease),
        post("/api/v1/secrets/lease/revoke", secrets::revoke_lease),
        get("/api/v1/secrets/lease/{id}", secrets::read_lease),
        get("/api/v1/secrets/lease/{id}/audit", secrets::lease_trail),
        get("/api/v1/pqc/algorithms", pqc::algorithms),
        get("/api/v1/pqc/keys", pqc::list),
        post("/api/v1/pqc/keys/generate", pqc::generate),
        post("/api/v1/pqc/sign", pqc::sign),
        post("/api/v1/pqc/verify", pqc::verify),
        get("/api/v1/pqc/keys/{id}", pqc::describe),
        delete("/api/v1/pqc/keys/{id}", signatures::remove),
        get("/api/v1/kex/modes", kex::modes),
        get("/api/v1/kex/keys", kex::list),
        post("/api/v1/kex/keys/generate", kex::generate),
        get("/api/v1/kex/keys/{id}", kex::describe),
        delete("/api/v1/kex/keys/{id}", kex::remove),
        post("/api/v1/kex/encapsulate", kex::encapsulate),
        post("/api/v1/kex/decapsulate", kex::decapsulate),
    ]
}

/// Promotion and the log.
fn of_what_was_done() -> Vec<Endpoint> {
    vec![
        get("/api/v1/applications/{id}/promotion", promotion::look),
        post("/api/v1/applications/{id}/promotion", promotion::promote),
        post(
            "/api/v1/applications/{id}/promotion/expedite",
            promotion::expedite,
        ),
        // Ours: theirs has nobody who approves.
        post(
            "/api/v1/applications/{id}/promotion/approve",
            promotion::approve,
        ),
        get("/api/audit", audit::list),
        get("/api/audit/stats", audit::stats),
        get("/api/audit/export", audit::export),
        get("/api/admin/audit/global", audit::list),
        get("/api/admin/audit/export", audit::export),
    ]
}

/// Users, their roles, and how somebody becomes one.
fn of_people() -> Vec<Endpoint> {
    vec![
        get("/api/users/me", users::me),
        get("/api/rbac/roles", users::roles),
        get("/api/rbac/me/permissions", users::permissions),
        // Ours, as is the removal: theirs has no way to see or remove one.
        get("/api/rbac/users", users::list),
        put("/api/rbac/users/{id}/role", users::set_role),
        delete("/api/rbac/users/{id}/role", users::remove),
        post("/api/onboarding/invitations", onboarding::invite),
        get("/api/onboarding/invitations", onboarding::list),
        delete("/api/onboarding/invitations/{id}", onboarding::withdraw),
        // Ours: their invitations are accepted by logging in.
        post("/api/onboarding/invitations/accept", onboarding::accept),
        post("/api/onboarding/session", onboarding::begin),
    ]
}

/// Whether a path belongs to the surface.
pub(super) fn serves(path: &str) -> bool {
    const FOLDERS: [&str; 17] = [
        "/api/v1/crypto",
        "/api/v1/applications",
        "/api/v1/auth",
        "/api/v1/signatures",
        "/api/v1/jose",
        "/api/v1/pqc",
        "/api/v1/kex",
        "/api/v1/secrets",
        "/api/contexts",
        "/api/audit",
        "/api/admin/audit",
        "/api/policies",
        "/api/rbac",
        "/api/onboarding",
        "/api/users/me",
        "/sdk/contexts",
        "/health",
    ];
    let below = |folder: &&str| {
        let rest = path.strip_prefix(*folder);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    FOLDERS.iter().any(below)
        || [
            "/auth/status",
            // Routed in development mode only.
            "/auth/dev-login",
            "/api/health",
            "/api/api/v1/auth/refresh",
        ]
        .contains(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The calls that the table of roles lists, each with its least role.
    fn listed() -> Vec<(String, String)> {
        let table = include_str!("../../../../../docs/cryptoserve-roles.md");
        let rows = table.lines().filter(|line| line.starts_with("| `"));
        let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
        let row = cells.map(|cells| (cells[1].replace('`', ""), cells[2].to_owned()));
        row.collect()
    }

    #[test]
    fn the_table_of_roles_lists_the_routes_and_no_others() {
        let call = |row: &Endpoint| format!("{} {}", row.method_name(), row.path);
        let mut served: Vec<_> = endpoints().iter().map(call).collect();
        let mut listed: Vec<_> = listed().into_iter().map(|(call, _)| call).collect();
        served.sort();
        listed.sort();
        assert_eq!(served, listed);
    }

    #[test]
    fn the_table_of_roles_names_roles() {
        for (call, least) in listed() {
            let known = least == "anybody" || strongroom_core::Role::named(&least).is_some();
            assert!(known, "{call}: {least}");
        }
    }

    #[test]
    fn every_route_is_the_surfaces() {
        for endpoint in endpoints() {
            assert!(serves(endpoint.path), "{}", endpoint.path);
        }
        for other in [
            "/api/v1/encrypt",
            "/api/v1/data-vault/stores",
            "/healthz",
            "/api/contextss",
            "/sdk",
            "/auth",
        ] {
            assert!(!serves(other), "{other}");
        }
    }
}
