//! What is refused, in which words, and in which order.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::{EntryFilter, PageQuery};
use strongroom_tests::deployment::Deployment;
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_tests::stack::{FAMILIES, Project, Stack};
use strongroom_types::{Outcome, Permission, Reason};

use super::{Vault, assert_plain};

on_each_database!(
    what_is_wrong_with_the_caller_is_told_in_order,
    a_key_is_one_of_its_project_only,
    a_revoked_key_is_invalid,
    bodies_are_checked_before_stores,
    bodies_are_read_after_the_caller_is_known,
    other_types_of_access_are_insufficient,
    a_key_without_a_permission_is_told_so_in_plain,
    a_store_that_is_not_the_callers_looks_like_none,
    other_addresses_are_told_only_if_the_operator_says_so,
    whatever_is_below_the_prefixes_is_answered_in_their_form,
    the_native_api_knows_no_such_headers,
    the_keys_that_dev_prints_for_stack_are_for_their_workspace_only,
);

const NO_PROJECT: &str = "ACCESS_TYPE_WITHOUT_PROJECT_ID";
const INSUFFICIENT: &str = "INSUFFICIENT_ACCESS_TYPE";

/// What a caller says, as `name=value`, and what it is told.
type Case = (&'static str, u16, &'static str, Value);

/// From the top: each request lacks no longer what the one above it is told of.
fn cases(project: &str) -> Vec<Case> {
    let none = || json!({});
    let of = |project: &str| json!({ "project_id": project });
    let insufficient = json!({
        "actual_access_type": "client",
        "allowed_access_types": ["server", "admin"],
    });
    vec![
        ("", 400, "ACCESS_TYPE_REQUIRED", none()),
        ("project-id=PROJECT", 400, "ACCESS_TYPE_REQUIRED", none()),
        (
            "secret-server-key=KEY",
            400,
            "PROJECT_KEY_WITHOUT_ACCESS_TYPE",
            none(),
        ),
        (
            "secret-server-key=KEY access-type=bogus",
            400,
            "INVALID_ACCESS_TYPE",
            none(),
        ),
        (
            "secret-server-key=KEY access-type=server",
            400,
            NO_PROJECT,
            json!({"request_type": "server"}),
        ),
        (
            "access-type=server project-id=3f2504e0-4f89-41d3-9a0c-0305e82c3301",
            400,
            "CURRENT_PROJECT_NOT_FOUND",
            of("3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
        ),
        (
            "access-type=server project-id=internal secret-server-key=KEY",
            400,
            "CURRENT_PROJECT_NOT_FOUND",
            of("internal"),
        ),
        (
            "access-type=server project-id=PROJECT",
            401,
            "SERVER_AUTHENTICATION_REQUIRED",
            none(),
        ),
        (
            "access-type=admin project-id=PROJECT secret-server-key=KEY",
            401,
            "ADMIN_AUTHENTICATION_REQUIRED",
            none(),
        ),
        (
            "access-type=server project-id=PROJECT secret-server-key=ssk_nobody",
            401,
            "INVALID_SECRET_SERVER_KEY",
            of(project),
        ),
        (
            "access-type=admin project-id=PROJECT super-secret-admin-key=sak_nobody",
            401,
            "INVALID_SUPER_SECRET_ADMIN_KEY",
            of(project),
        ),
        (
            "access-type=client project-id=PROJECT",
            401,
            INSUFFICIENT,
            insufficient,
        ),
    ]
}

async fn what_is_wrong_with_the_caller_is_told_in_order(room: Room) {
    for family in FAMILIES {
        let vault = Vault::of(&room, family).await;
        let url = &room.server.sheet().url;
        let project = vault.project.id.as_str();
        for (said, status, code, details) in cases(project) {
            let value = |value: &str| match value {
                "PROJECT" => project.to_owned(),
                "KEY" => vault.project.server_key.clone(),
                other => other.to_owned(),
            };
            // By which the spelling is known even where nothing else is said.
            let version = ("client-version", "js @stackframe/js@2.8.77".to_owned());
            let said = said.split_whitespace().filter_map(|pair| {
                let (name, said) = pair.split_once('=')?;
                Some((name, value(said)))
            });
            let caller = Stack::with(url, family, said.chain([version]).collect());
            // Neither the body nor the store is looked at.
            let refused = caller.post("none/get", &json!({"wrong": 1})).await;
            vault.assert_known(&refused, status, code, &details);
        }
    }
}

async fn a_key_is_one_of_its_project_only(room: Room) {
    let vault = Vault::of(&room, "x-stack").await;
    let other = Room::open(std::sync::Arc::clone(&room.server)).await;
    let others = Project::of(&other).await;
    let mut foreign = vault.server.clone();
    foreign.headers[1].1.clone_from(&others.id);
    let refused = foreign.get("tokens", "k").await;
    let details = json!({"project_id": others.id});
    vault.assert_known(&refused, 401, "INVALID_SECRET_SERVER_KEY", &details);
    // The key's own workspace knows of it, the other one does not.
    let ending = room.ending(refused.entry().unwrap()).await;
    assert_eq!(ending, (Outcome::Denied, Some(Reason::NotFound)));
    // In capitals it is the same project.
    let mut shouted = vault.server.clone();
    shouted.headers[1].1 = vault.project.id.to_uppercase();
    assert_eq!(shouted.set("tokens", "k", "v").await.status, 200);
}

async fn a_revoked_key_is_invalid(room: Room) {
    let vault = Vault::of(&room, "x-hexclave").await;
    let permissions = [Permission::StoresRead];
    let (_, created) = room.make_client(&permissions, &[&[]]).await;
    let mut server = vault.server.clone();
    server.headers[2].1.clone_from(&created.api_key.secret);
    assert_eq!(server.get("tokens", "k").await.status, 400);
    let (client, key) = (created.client.id, created.api_key.info.id);
    room.client.clients().revoke_key(client, key).await.unwrap();
    let refused = server.get("tokens", "k").await;
    let details = json!({"project_id": vault.project.id});
    vault.assert_known(&refused, 401, "INVALID_SECRET_SERVER_KEY", &details);
}

async fn bodies_are_checked_before_stores(room: Room) {
    for family in FAMILIES {
        let vault = Vault::of(&room, family).await;
        let cases = [
            (
                "get",
                json!({"hashed_key": ""}),
                "body.hashed_key must not be empty",
            ),
            ("get", json!({}), "body.hashed_key must be defined"),
            (
                "get",
                json!({"hashed_key": null}),
                "body.hashed_key must be a string",
            ),
            (
                "get",
                json!({"hashed_key": 7}),
                "body.hashed_key must be a string",
            ),
            ("get", json!([]), "body must be an object"),
            (
                "get",
                json!({"hashed_key": "k", "a": 1, "b": 2}),
                "body contains unknown properties: a, b",
            ),
            (
                "set",
                json!({"hashed_key": "k"}),
                "body.encrypted_value must be defined",
            ),
            (
                "set",
                json!({"hashed_key": "k", "encrypted_value": ["v"]}),
                "body.encrypted_value must be a string",
            ),
            (
                "set",
                json!({"hashed_key": "x".repeat(4097), "encrypted_value": ""}),
                "body.hashed_key must be at most 4096 bytes",
            ),
        ];
        for (operation, body, line) in cases {
            // The store is none, but nobody has looked yet.
            let refused = vault.server.post(&format!("none/{operation}"), &body).await;
            let path = format!("/api/v1/data-vault/stores/none/{operation}");
            let message = format!("Request validation failed on POST {path}:\n  - {line}");
            let details = json!({ "message": message });
            vault.assert_known(&refused, 400, "SCHEMA_ERROR", &details);
            assert_eq!(refused.text("error"), message);
            let ending = room.ending(refused.entry().unwrap()).await;
            assert_eq!(ending, (Outcome::Denied, Some(Reason::InvalidRequest)));
        }
    }
}

async fn bodies_are_read_after_the_caller_is_known(room: Room) {
    for family in FAMILIES {
        let vault = Vault::of(&room, family).await;
        let both = vault
            .server
            .post("tokens/set", &json!({"hashed_key": ""}))
            .await;
        let lines = "Request validation failed on POST \
                     /api/v1/data-vault/stores/tokens/set:\n  \
                     - body.hashed_key must not be empty\n  \
                     - body.encrypted_value must be defined";
        assert_eq!(both.text("error"), lines);
        let queried = vault
            .server
            .post("tokens/get?x=1&y", &json!({"hashed_key": "k"}))
            .await;
        assert!(
            queried
                .text("error")
                .ends_with("query contains unknown properties: x, y")
        );
        for body in ["", "{", "hashed_key=k", "{\"hashed_key\":\"\\ud800\"}"] {
            let path = "/api/v1/data-vault/stores/tokens/get";
            let request = vault.server.request(Method::POST, path).body(body);
            let refused = Reply::of(request).await;
            vault.assert_known(&refused, 400, "BODY_PARSING_ERROR", &json!({}));
        }
        let mut nobody = vault.server.clone();
        nobody.headers.pop();
        let refused = nobody.post("tokens/get", &json!({"hashed_key": ""})).await;
        vault.assert_known(&refused, 401, "SERVER_AUTHENTICATION_REQUIRED", &json!({}));
    }
}

async fn other_types_of_access_are_insufficient(room: Room) {
    let vault = Vault::of(&room, "x-stack").await;
    let refused = vault.server.configure(&json!({})).await;
    let details = json!({"actual_access_type": "server", "allowed_access_types": ["admin"]});
    vault.assert_known(&refused, 401, "INSUFFICIENT_ACCESS_TYPE", &details);
    for path in ["projects/current", "config"] {
        let path = format!("/api/v1/internal/{path}");
        let refused = Reply::of(vault.server.request(Method::GET, &path)).await;
        vault.assert_known(&refused, 401, "INSUFFICIENT_ACCESS_TYPE", &details);
    }
    let entries = room.entries(EntryFilter::default()).await;
    let reasons: Vec<_> = entries.iter().filter_map(|entry| entry.reason).collect();
    assert!(!reasons.is_empty());
    assert!(
        reasons
            .iter()
            .all(|reason| *reason == Reason::PermissionMissing)
    );
}

async fn a_key_without_a_permission_is_told_so_in_plain(room: Room) {
    let vault = Vault::of(&room, "x-hexclave").await;
    let with = async |permission| {
        let (_, created) = room.make_client(&[permission], &[&[]]).await;
        let mut server = vault.server.clone();
        server.headers[2].1 = created.api_key.secret;
        server
    };
    let reader = with(Permission::StoresRead).await;
    assert_eq!(reader.get("tokens", "k").await.status, 400);
    assert_plain(
        &reader.set("tokens", "k", "v").await,
        403,
        "permission_denied",
    );
    let writer = with(Permission::StoresWrite).await;
    assert_eq!(writer.set("tokens", "k", "v").await.status, 200);
    let refused = writer.get("tokens", "k").await;
    assert_plain(&refused, 403, "permission_denied");
    let ending = room.ending(refused.entry().unwrap()).await;
    assert_eq!(ending, (Outcome::Denied, Some(Reason::PermissionMissing)));
    let mut admin = vault.admin.clone();
    admin.headers[2].1.clone_from(&vault.project.server_key);
    let change = json!({"dataVault.stores.more": {}});
    assert_plain(&admin.configure(&change).await, 403, "permission_denied");
}

async fn a_store_that_is_not_the_callers_looks_like_none(room: Room) {
    let vault = Vault::of(&room, "x-stack").await;
    vault.admin.declare("billing").await;
    vault.server.set("billing", "k", "v").await;
    let permissions = [Permission::StoresRead, Permission::StoresWrite];
    let (_, created) = room
        .make_client(&permissions, &[&[("store", "tokens")]])
        .await;
    let mut limited = vault.server.clone();
    limited.headers[2].1 = created.api_key.secret;
    assert_eq!(limited.set("tokens", "k", "v").await.status, 200);
    let mut pairs = Vec::new();
    for key in ["k", "nothing"] {
        let hidden = limited.get("billing", key).await;
        pairs.push((hidden, limited.get("nothing", key).await));
        let hidden = limited.set("billing", key, "v").await;
        pairs.push((hidden, limited.set("nothing", key, "v").await));
    }
    for (hidden, none) in pairs {
        let same = |reply: &Reply, store: &str| {
            let body = String::from_utf8(reply.body.clone()).unwrap();
            (reply.status, body.replace(store, "S"))
        };
        assert_eq!(same(&hidden, "billing"), same(&none, "nothing"));
        let names = |reply: &Reply| {
            let names = reply.headers.keys().map(ToString::to_string);
            names.collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(names(&hidden), names(&none));
        let ending = room.ending(hidden.entry().unwrap()).await;
        assert_eq!(ending, (Outcome::Denied, Some(Reason::ContextNotAllowed)));
    }
    assert_eq!(vault.server.get("billing", "k").await.status, 200);
}

async fn other_addresses_are_told_only_if_the_operator_says_so(room: Room) {
    for version in ["v1", "latest"] {
        let path = format!("/api/{version}/internal/backend-urls");
        let refused = Reply::of(room.anonymous(Method::GET, &path)).await;
        assert_plain(&refused, 404, "not_found");
    }
}

#[tokio::test]
async fn the_operators_other_addresses_are_told_to_whoever_asks() {
    let urls = "https://a.example,http://127.0.0.1:9";
    let environment = [
        ("STRONGROOM_SURFACES", "stack"),
        ("STRONGROOM_STACK_BACKEND_URLS", urls),
    ];
    let mut deployment = Deployment::new(&[], &environment);
    let _administrator = deployment.init();
    let serving = deployment.serve();
    let url = format!("{}/api/v1/internal/backend-urls", serving.url);
    let told = Reply::of(reqwest::Client::new().get(url)).await;
    let expected = json!({"urls": ["https://a.example", "http://127.0.0.1:9"]});
    assert_eq!((told.status, told.json()), (200, expected));
    drop(serving);
    deployment.set("STRONGROOM_STACK_BACKEND_URLS", "http://a.example");
    let refused = deployment.run("serve");
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("backend URL"), "{said}");
}

#[tokio::test]
async fn the_surface_is_off_unless_it_is_switched_on() {
    let deployment = Deployment::new(&[], &[]);
    let _administrator = deployment.init();
    let serving = deployment.serve();
    let body = json!({"hashed_key": "k"});
    let path = "/api/v1/data-vault/stores/tokens/get";
    let reply = serving.post(path, "nobody", &body).await;
    reply.assert_problem(404, "not_found");
}

async fn whatever_is_below_the_prefixes_is_answered_in_their_form(room: Room) {
    let vault = Vault::of(&room, "x-stack").await;
    let path = "/api/v1/data-vault/stores/tokens/get";
    let wrong = Reply::of(vault.server.request(Method::GET, path)).await;
    assert_plain(&wrong, 405, "method_not_allowed");
    for path in ["/api/v1/data-vault/stores", "/api/latest/internal/users"] {
        let wrong = Reply::of(vault.server.request(Method::GET, path)).await;
        assert_plain(&wrong, 404, "not_found");
    }
    let padded = vault.server.request(Method::POST, path);
    let padded = padded.header("padding", "x".repeat(40_000));
    let reply = Reply::of(padded.json(&json!({"hashed_key": "k"}))).await;
    assert_plain(&reply, 429, "rate_limited");
    assert_eq!(reply.header("retry-after"), Some("1"));
}

async fn the_native_api_knows_no_such_headers(room: Room) {
    let vault = Vault::of(&room, "x-stack").await;
    let refused = Reply::of(vault.server.request(Method::GET, "/v1/contexts")).await;
    refused.assert_problem(401, "unauthenticated");
    // And the surface knows no bearer.
    let path = "/api/v1/data-vault/stores/tokens/get";
    let request = room.request(Method::POST, path);
    let refused = Reply::of(request.json(&json!({"hashed_key": "k"}))).await;
    vault.assert_known(&refused, 400, "ACCESS_TYPE_REQUIRED", &json!({}));
}

async fn the_keys_that_dev_prints_for_stack_are_for_their_workspace_only(room: Room) {
    let sheet = room.server.sheet();
    let (first, second) = (&sheet.stack, &sheet.second_workspace.stack);
    for (own, other) in [(first, second), (second, first)] {
        let admin = Stack::admin(
            &sheet.url,
            "x-stack",
            &own.project_id,
            &own.super_secret_admin_key,
        );
        admin.declare("tokens").await;
        let server =
            |project: &str| Stack::server(&sheet.url, "x-stack", project, &own.secret_server_key);
        let set = server(&own.project_id).set("tokens", "k", "v").await;
        assert_eq!(set.status, 200);
        let refused = server(&other.project_id).get("tokens", "k").await;
        assert_eq!(refused.text("code"), "INVALID_SECRET_SERVER_KEY");
        let native = room.with_key(&own.secret_server_key);
        let contexts = native.contexts();
        let listed = contexts.list(&PageQuery::default()).await;
        assert!(listed.is_err());
    }
}
