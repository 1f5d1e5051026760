//! The least role that each route takes: the one table. What a role may is the core's.

use strongroom_core::Role;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Least {
    /// Whoever asks.
    Anybody,
    /// An application, and users from this role on.
    ApplicationOr(Role),
    /// Users from this role on, and no application.
    User(Role),
    /// Nobody, as long as no named context allows it.
    Nobody,
}

use Least::{Anybody, ApplicationOr, Nobody, User};
use Role::{Admin, Developer, Owner, Viewer};

/// Each route with the least that it takes. What the core demands is a permission; a test of this
/// table against the core's answers walks through every route and role.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the core decides; tests hold it to this table")
)]
pub(super) const ROUTES: [(&str, &str, Least); 106] = [
    ("POST", "/api/v1/crypto/encrypt", ApplicationOr(Developer)),
    ("POST", "/api/v1/crypto/decrypt", ApplicationOr(Developer)),
    (
        "POST",
        "/api/v1/crypto/batch/encrypt",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/crypto/batch/decrypt",
        ApplicationOr(Developer),
    ),
    ("POST", "/api/v1/crypto/key-bundle", Nobody),
    ("POST", "/api/v1/crypto/hash", ApplicationOr(Developer)),
    (
        "POST",
        "/api/v1/crypto/hash/verify",
        ApplicationOr(Developer),
    ),
    ("POST", "/api/v1/crypto/mac", ApplicationOr(Developer)),
    (
        "POST",
        "/api/v1/crypto/mac/verify",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/crypto/mac/generate-key",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/crypto/password/hash",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/crypto/password/verify",
        ApplicationOr(Developer),
    ),
    ("POST", "/api/v1/crypto/sign", ApplicationOr(Developer)),
    ("POST", "/api/v1/crypto/verify", ApplicationOr(Developer)),
    (
        "POST",
        "/api/v1/signatures/keys/generate",
        ApplicationOr(Developer),
    ),
    ("POST", "/api/v1/signatures/sign", ApplicationOr(Developer)),
    (
        "POST",
        "/api/v1/signatures/verify",
        ApplicationOr(Developer),
    ),
    ("GET", "/api/v1/signatures/keys", ApplicationOr(Developer)),
    (
        "GET",
        "/api/v1/signatures/keys/{id}",
        ApplicationOr(Developer),
    ),
    (
        "GET",
        "/api/v1/signatures/keys/{id}/public",
        ApplicationOr(Developer),
    ),
    (
        "DELETE",
        "/api/v1/signatures/keys/{id}",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/signatures/keys/{id}/rotate",
        ApplicationOr(Developer),
    ),
    ("POST", "/api/v1/applications/sdk/register", User(Developer)),
    ("GET", "/api/v1/applications", User(Viewer)),
    ("POST", "/api/v1/applications", User(Developer)),
    ("GET", "/api/v1/applications/{id}", User(Viewer)),
    ("PATCH", "/api/v1/applications/{id}", User(Developer)),
    ("DELETE", "/api/v1/applications/{id}", User(Developer)),
    ("GET", "/api/v1/applications/{id}/tokens", User(Viewer)),
    (
        "POST",
        "/api/v1/applications/{id}/tokens/rotate",
        User(Developer),
    ),
    (
        "POST",
        "/api/v1/applications/{id}/tokens/revoke",
        User(Developer),
    ),
    ("POST", "/api/v1/auth/refresh", Anybody),
    ("POST", "/api/api/v1/auth/refresh", Anybody),
    ("POST", "/api/v1/auth/verify", Anybody),
    ("GET", "/api/contexts", ApplicationOr(Viewer)),
    ("POST", "/api/contexts", User(Admin)),
    ("GET", "/api/contexts/{name}", ApplicationOr(Viewer)),
    ("PUT", "/api/contexts/{name}", User(Admin)),
    ("GET", "/api/policies", ApplicationOr(Viewer)),
    ("POST", "/api/policies", User(Admin)),
    ("GET", "/api/policies/defaults", Anybody),
    ("POST", "/api/policies/evaluate", ApplicationOr(Viewer)),
    ("GET", "/api/policies/{name}", ApplicationOr(Viewer)),
    ("PUT", "/api/policies/{name}", User(Admin)),
    ("DELETE", "/api/policies/{name}", User(Admin)),
    ("GET", "/sdk/contexts", ApplicationOr(Viewer)),
    ("GET", "/sdk/contexts/search", ApplicationOr(Viewer)),
    ("GET", "/sdk/contexts/{name}", ApplicationOr(Viewer)),
    ("GET", "/auth/status", Anybody),
    ("GET", "/health", Anybody),
    ("GET", "/api/health", Anybody),
    ("GET", "/health/live", Anybody),
    ("GET", "/health/ready", Anybody),
    (
        "POST",
        "/api/v1/crypto/password/strength",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/crypto/key-exchange/generate",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/crypto/key-exchange/derive",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/crypto/hybrid/encrypt",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/crypto/hybrid/decrypt",
        ApplicationOr(Developer),
    ),
    ("POST", "/api/v1/jose/sign", ApplicationOr(Developer)),
    ("POST", "/api/v1/jose/verify", ApplicationOr(Developer)),
    ("POST", "/api/v1/jose/encrypt", ApplicationOr(Developer)),
    ("POST", "/api/v1/jose/decrypt", ApplicationOr(Developer)),
    (
        "POST",
        "/api/v1/jose/jwk/generate",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/jose/jwk/thumbprint",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/secrets/shamir/split",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/secrets/shamir/combine",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/secrets/lease/create",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/secrets/lease/renew",
        ApplicationOr(Developer),
    ),
    (
        "POST",
        "/api/v1/secrets/lease/revoke",
        ApplicationOr(Developer),
    ),
    (
        "GET",
        "/api/v1/secrets/lease/{id}",
        ApplicationOr(Developer),
    ),
    (
        "GET",
        "/api/v1/secrets/lease/{id}/audit",
        ApplicationOr(Developer),
    ),
    ("GET", "/api/audit", User(Admin)),
    ("GET", "/api/audit/stats", User(Admin)),
    ("GET", "/api/audit/export", User(Admin)),
    ("GET", "/api/admin/audit/global", User(Admin)),
    ("GET", "/api/admin/audit/export", User(Admin)),
    (
        "GET",
        "/api/v1/applications/{id}/promotion",
        User(Developer),
    ),
    (
        "POST",
        "/api/v1/applications/{id}/promotion",
        User(Developer),
    ),
    (
        "POST",
        "/api/v1/applications/{id}/promotion/expedite",
        User(Developer),
    ),
    (
        "POST",
        "/api/v1/applications/{id}/promotion/approve",
        User(Owner),
    ),
    ("GET", "/api/v1/pqc/algorithms", Anybody),
    ("GET", "/api/v1/pqc/keys", ApplicationOr(Developer)),
    (
        "POST",
        "/api/v1/pqc/keys/generate",
        ApplicationOr(Developer),
    ),
    ("POST", "/api/v1/pqc/sign", ApplicationOr(Developer)),
    ("POST", "/api/v1/pqc/verify", ApplicationOr(Developer)),
    ("GET", "/api/v1/pqc/keys/{id}", ApplicationOr(Developer)),
    ("DELETE", "/api/v1/pqc/keys/{id}", ApplicationOr(Developer)),
    ("GET", "/api/v1/kex/modes", Anybody),
    ("GET", "/api/v1/kex/keys", ApplicationOr(Developer)),
    (
        "POST",
        "/api/v1/kex/keys/generate",
        ApplicationOr(Developer),
    ),
    ("GET", "/api/v1/kex/keys/{id}", ApplicationOr(Developer)),
    ("DELETE", "/api/v1/kex/keys/{id}", ApplicationOr(Developer)),
    ("POST", "/api/v1/kex/encapsulate", ApplicationOr(Developer)),
    ("POST", "/api/v1/kex/decapsulate", ApplicationOr(Developer)),
    ("GET", "/api/contexts/{name}/resolve", ApplicationOr(Viewer)),
    ("GET", "/api/users/me", User(Viewer)),
    ("GET", "/api/rbac/roles", User(Viewer)),
    ("GET", "/api/rbac/me/permissions", User(Viewer)),
    ("GET", "/api/rbac/users", User(Admin)),
    ("PUT", "/api/rbac/users/{id}/role", User(Admin)),
    ("DELETE", "/api/rbac/users/{id}/role", User(Admin)),
    ("POST", "/api/onboarding/invitations", User(Admin)),
    ("GET", "/api/onboarding/invitations", User(Admin)),
    ("DELETE", "/api/onboarding/invitations/{id}", User(Admin)),
    ("POST", "/api/onboarding/invitations/accept", Anybody),
    ("POST", "/api/onboarding/session", Anybody),
];
