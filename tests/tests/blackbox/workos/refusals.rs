//! Refusals in the surface's words.

use reqwest::Method;
use serde_json::json;
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::{Outcome, Permission, Reason};

use super::{PERMISSIONS, Vault, assert_refused};

on_each_database!(
    fields_that_break_a_limit_are_named,
    whatever_is_below_the_prefix_is_answered_in_its_words,
    nobody_without_a_credential_gets_in,
    each_permission_admits_its_own_part_of_the_surface,
    the_native_api_keeps_its_own_words,
    the_keys_that_dev_prints_for_workos_are_for_their_workspace_only,
);

async fn fields_that_break_a_limit_are_named(room: Room) {
    let vault = Vault::of(&room).await;
    let pairs: serde_json::Map<_, _> = (0..11).map(|n| (format!("k{n}"), json!(""))).collect();
    let good = json!({"tenant": "acme"});
    let body = |context: serde_json::Value, name: serde_json::Value, value: serde_json::Value| json!({"key_context": context, "name": name, "value": value});
    for (wrong, named) in [
        (body(json!(pairs), json!("n"), json!("")), "key_context"),
        (body(json!({}), json!("n"), json!("")), "key_context"),
        (body(json!({"a": 1}), json!("n"), json!("")), "key_context"),
        (body(json!({"": "v"}), json!("n"), json!("")), "key_context"),
        (body(json!("acme"), json!("n"), json!("")), "key_context"),
        (
            body(good.clone(), json!("é".repeat(201)), json!("")),
            "name",
        ),
        (body(good.clone(), json!(""), json!("")), "name"),
        (body(good.clone(), json!(7), json!("")), "name"),
        (body(good.clone(), json!("n"), json!(null)), "value"),
        (body(good.clone(), json!("n"), json!(["v"])), "value"),
        (json!({"name": "n", "value": ""}), "key_context"),
    ] {
        let refused = vault.post("kv", wrong.clone()).await;
        assert_refused(&refused, (422, "invalid_field"));
        let error = refused.text("error");
        assert!(error.contains(&format!("`{named}`")), "{wrong} {error}");
        let ending = room.ending(refused.entry().unwrap()).await;
        assert_eq!(ending, (Outcome::Denied, Some(Reason::InvalidRequest)));
    }
    for path in ["keys/data-key", "keys/rekey"] {
        let refused = vault.post(path, json!({"context": pairs})).await;
        assert_refused(&refused, (422, "invalid_field"));
        assert!(refused.text("error").contains("`context`"));
    }
    let longest = body(good, json!("é".repeat(200)), json!(""));
    assert_eq!(vault.post("kv", longest).await.status, 201);
    let large = "x".repeat((4 << 20) + 1);
    let refused = vault.keep("large", "acme", &large).await;
    assert_refused(&refused, (413, "too_large"));
}

async fn whatever_is_below_the_prefix_is_answered_in_its_words(room: Room) {
    let vault = Vault::of(&room).await;
    assert_refused(&vault.get("nothing").await, (404, "not_found"));
    assert_refused(&vault.get("kv/a/b/c").await, (404, "not_found"));
    let wrong_method = vault.send(Method::PATCH, "kv", None).await;
    assert_refused(&wrong_method, (405, "method_not_allowed"));
    for body in ["", "{", "[]", "null", r#"{"context":{},"extra":1}"#] {
        let request = room.anonymous(Method::POST, "/vault/v1/keys/data-key");
        let request = request.header("content-type", "application/json");
        let reply = Reply::of(request.bearer_auth(&vault.api_key).body(body)).await;
        assert_refused(&reply, (400, "invalid_request"));
    }
    let request = room.anonymous(Method::POST, "/vault/v1/kv");
    let reply = Reply::of(request.bearer_auth(&vault.api_key).body("{}")).await;
    assert_refused(&reply, (415, "unsupported_media_type"));
    let request = room.anonymous(Method::GET, "/vault/v1/kv");
    let request = request.header("padding", "x".repeat(40_000));
    let reply = Reply::of(request.bearer_auth(&vault.api_key)).await;
    assert_refused(&reply, (429, "rate_limited"));
    assert_eq!(reply.header("retry-after"), Some("1"));
}

async fn nobody_without_a_credential_gets_in(room: Room) {
    for path in ["kv", "kv/name/a", "keys/data-key", "nothing"] {
        let url = format!("/vault/v1/{path}");
        let bare = Reply::of(room.anonymous(Method::GET, &url)).await;
        assert_eq!(
            bare.json()["error"].as_str().map(str::is_empty),
            Some(false)
        );
        let stranger = room
            .anonymous(Method::POST, &url)
            .bearer_auth("sk_test_123");
        let stranger = Reply::of(stranger.json(&json!({}))).await;
        for reply in [bare, stranger] {
            assert!(matches!(reply.status, 401 | 404 | 405), "{path} {reply:?}");
            assert_eq!(reply.entry(), None);
        }
    }
    let bare = Reply::of(room.anonymous(Method::GET, "/vault/v1/kv")).await;
    assert_refused(&bare, (401, "unauthenticated"));
    assert_eq!(bare.header("www-authenticate"), Some("Bearer"));
}

async fn each_permission_admits_its_own_part_of_the_surface(room: Room) {
    let kept = Vault::of(&room)
        .await
        .keep("a", "acme", "v")
        .await
        .text("id");
    let path = format!("kv/{kept}");
    for permission in PERMISSIONS {
        let (_, created) = room.make_client(&[permission], &[&[]]).await;
        let vault = Vault {
            room: &room,
            api_key: created.api_key.secret,
        };
        let context = json!({"tenant": "acme"});
        let stale = "?version_check=1";
        for (needed, reply) in [
            (
                Permission::DataKeys,
                vault
                    .post("keys/data-key", json!({"context": context}))
                    .await,
            ),
            (Permission::ObjectsRead, vault.get(&path).await),
            (
                Permission::ObjectsWrite,
                vault.put(&path, json!({"value": "w"})).await,
            ),
            (
                Permission::ObjectsDelete,
                vault.delete(&format!("{path}{stale}")).await,
            ),
            (Permission::ObjectsList, vault.get("kv").await),
            (
                Permission::ObjectsList,
                vault.get(&format!("{path}/versions")).await,
            ),
        ] {
            let refused = reply.status == 403;
            assert_eq!(refused, needed != permission, "{permission} {reply:?}");
            if refused {
                assert_refused(&reply, (403, "permission_denied"));
            }
        }
    }
}

async fn the_native_api_keeps_its_own_words(room: Room) {
    let reply = room.read("/v1/nothing").await;
    room.assert_problem(&reply, (404, "not_found"), Reason::NotFound)
        .await;
    assert_eq!(reply.header("x-request-id"), None);
}

async fn the_keys_that_dev_prints_for_workos_are_for_their_workspace_only(room: Room) {
    let sheet = room.server.sheet();
    let vault = |api_key: &str| Vault {
        room: &room,
        api_key: api_key.to_owned(),
    };
    let (first, second) = (
        vault(&sheet.workos.api_key),
        vault(&sheet.second_workspace.workos.api_key),
    );
    let context = json!({"context": {"tenant": "acme"}});
    let made = first.post("keys/data-key", context.clone()).await;
    assert_eq!(made.status, 200, "{made:?}");
    assert!(made.entry().unwrap().log.to_string() == sheet.workspace);
    let keys = json!({"keys": made.text("encrypted_keys")});
    assert_eq!(first.post("keys/decrypt", keys.clone()).await.status, 200);
    let refused = second.post("keys/decrypt", keys).await;
    assert_refused(&refused, (400, "cannot_decrypt"));
    assert_eq!(second.post("keys/data-key", context).await.status, 200);
    assert_eq!(second.get("kv").await.status, 200);
    // They have what the surface needs, and no more.
    let request = room.anonymous(Method::GET, "/v1/clients");
    let request = request.bearer_auth(&sheet.workos.api_key);
    assert_eq!(Reply::of(request).await.status, 403);
}
