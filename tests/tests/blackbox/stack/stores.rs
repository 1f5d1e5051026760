//! Declaring, listing and deleting stores by the configuration.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::{EntryFilter, PageQuery};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::body::EncryptRequest;
use strongroom_types::{Operation, Outcome};

use super::Vault;

on_each_database!(
    a_project_is_described_to_its_administrator,
    stores_are_declared_by_nested_and_dotted_keys,
    a_deleted_store_is_gone_with_what_it_held,
    nothing_is_changed_where_something_is_wrong,
    a_store_is_seen_and_rotated_as_a_key_context,
);

async fn stores_of(vault: &Vault) -> Value {
    let request = vault.admin.request(Method::GET, "/api/v1/internal/config");
    let config = Reply::of(request).await.text("config_string");
    let config: Value = serde_json::from_str(&config).unwrap();
    config["dataVault"]["stores"].clone()
}

async fn a_project_is_described_to_its_administrator(room: Room) {
    let vault = Vault::of(&room, "x-hexclave").await;
    for version in ["v1", "latest"] {
        let path = format!("/api/{version}/internal/projects/current");
        let project = Reply::of(vault.admin.request(Method::GET, &path)).await;
        let project = project.json();
        assert_eq!(project["id"], vault.project.id);
        assert_eq!(project["display_name"], "test");
        assert!(project["created_at_millis"].as_u64().unwrap() > 1_700_000_000_000);
        assert!(project["config"].is_object());
    }
}

async fn stores_are_declared_by_nested_and_dotted_keys(room: Room) {
    let vault = Vault::of(&room, "x-stack").await;
    for (change, name) in [
        (
            json!({"dataVault": {"stores": {"a": {"displayName": "A"}}}}),
            "A",
        ),
        (json!({"dataVault.stores.a": {"displayName": "B"}}), "B"),
        (json!({"dataVault": {"stores.a.displayName": "C"}}), "C"),
        (json!({"dataVault.stores.a": {}}), ""),
    ] {
        let reply = vault.admin.configure(&change).await;
        assert_eq!(
            (reply.status, reply.json()),
            (200, json!({"success": true}))
        );
        let expected = json!({"a": {"displayName": name}, "tokens": {"displayName": "tokens"}});
        assert_eq!(stores_of(&vault).await, expected);
    }
    // Many at once, names of JavaScript's among them; none that was there goes.
    let change = json!({"dataVault.stores": {"__proto__": {}, "constructor": {}}});
    assert_eq!(vault.admin.configure(&change).await.status, 200);
    assert_eq!(stores_of(&vault).await.as_object().unwrap().len(), 4);
    for store in ["__proto__", "constructor", "a"] {
        assert_eq!(vault.server.set(store, "k", store).await.status, 200);
        let got = vault.server.get(store, "k").await;
        assert_eq!(got.json(), json!({ "encrypted_value": store }));
    }
    assert_eq!(vault.server.get("toString", "k").await.status, 400);
}

async fn a_deleted_store_is_gone_with_what_it_held(room: Room) {
    let vault = Vault::of(&room, "x-stack").await;
    vault.server.set("tokens", "k", "v").await;
    let delete = json!({"dataVault.stores.tokens": null});
    // Again is no error.
    for _ in 0..2 {
        let reply = vault.admin.configure(&delete).await;
        assert_eq!(
            (reply.status, reply.json()),
            (200, json!({"success": true}))
        );
    }
    let gone = vault.server.get("tokens", "k").await;
    assert_eq!(gone.text("code"), "DATA_VAULT_STORE_DOES_NOT_EXIST");
    assert_eq!(stores_of(&vault).await, json!({}));
    let deletes = EntryFilter {
        operation: Some(Operation::StoreDelete),
        ..EntryFilter::default()
    };
    let told = room.entries(deletes).await;
    let outcomes: Vec<_> = told.iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [Outcome::Allowed, Outcome::Denied]);
    assert!(told[0].facts.contains_key("final_after"));
    // A new store of the name is empty.
    vault.admin.declare("tokens").await;
    let missed = vault.server.get("tokens", "k").await;
    let code = "DATA_VAULT_STORE_HASHED_KEY_DOES_NOT_EXIST";
    assert_eq!(missed.text("code"), code);
}

async fn nothing_is_changed_where_something_is_wrong(room: Room) {
    let vault = Vault::of(&room, "x-hexclave").await;
    for wrong in [
        json!({"dataVault.stores.new": {}, "auth.allowSignUp": true}),
        json!({"dataVault.stores.new": {}, "dataVault.stores.a/b": {}}),
        json!({"dataVault.stores": {"new": {}, "tokens": {"displayName": 1}}}),
        json!({"dataVault.stores": {"new": {}, "tokens": {"displayName": "x".repeat(201)}}}),
        json!({"dataVault.stores": null}),
        json!({"dataVault": "all"}),
        json!({format!("dataVault.stores.{}", "x".repeat(64)): {}}),
        json!([]),
    ] {
        let refused = vault.admin.configure(&wrong).await;
        assert_eq!(
            (refused.status, refused.text("code").as_str()),
            (400, "SCHEMA_ERROR")
        );
        let error = refused.text("error");
        assert!(error.contains("body.config_override_string"), "{error}");
    }
    let expected = json!({"tokens": {"displayName": "tokens"}});
    assert_eq!(stores_of(&vault).await, expected);
}

async fn a_store_is_seen_and_rotated_as_a_key_context(room: Room) {
    let vault = Vault::of(&room, "x-stack").await;
    vault.server.set("tokens", "k", "v").await;
    let contexts = room.client.contexts();
    let listed = contexts.list(&PageQuery::default()).await;
    let id = listed.unwrap().items[0].id;
    let rotated = contexts.rotate(id).await.unwrap();
    assert_eq!(rotated.versions.len(), 2);
    let got = vault.server.get("tokens", "k").await;
    assert_eq!(got.json(), json!({"encrypted_value": "v"}));
    // The native API reaches no store by a key context of the same map.
    let map = strongroom_tests::room::context(&[("store", "tokens")]);
    let sealed = room
        .client
        .encrypt(EncryptRequest::new(map, "v"))
        .await
        .unwrap();
    assert_ne!(sealed.key.id, id);
}
