//! `strongroom admin clients` and `strongroom admin policies`, one round each.

use std::fs;

use serde_json::{Value, json};
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::EncryptRequest;

use super::command_line::{run, text};

on_each_database!(
    a_client_is_made_changed_and_suspended,
    a_policy_is_made_replaced_and_removed,
);

/// Runs `strongroom admin`, which is to succeed, and reads what it prints.
fn admin(room: &Room, arguments: &[&str]) -> Value {
    let output = run(room, &[&["admin"], arguments].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

async fn a_client_is_made_changed_and_suspended(room: Room) {
    let clients = |arguments: &[&str]| admin(&room, &[&["clients"], arguments].concat());
    let rights = ["--permission", "encrypt", "--allow", "tenant=acme"];
    let made = clients(&[&["create", "shop"], &rights[..]].concat());
    let id = made["client"]["id"].as_str().unwrap();
    let secret = |made: &Value| made["api_key"]["secret"].as_str().unwrap().to_owned();
    let seals = async |key: &str, name: &str| {
        let request = EncryptRequest::new(tenant(name), "v");
        room.with_key(key).encrypt(request).await.is_ok()
    };
    let key = secret(&made);
    assert!(seals(&key, "acme").await && !seals(&key, "beta").await);
    let changed = clients(&["update", id, "--allow", "tenant=beta"]);
    assert_eq!(changed["permissions"], json!(["encrypt"]));
    assert!(!seals(&key, "acme").await && seals(&key, "beta").await);
    clients(&["disable", id]);
    assert!(!seals(&key, "beta").await);
    clients(&["enable", id]);
    assert!(seals(&key, "beta").await);
    let second = clients(&["create-key", id]);
    let second_key = second["secret"].as_str().unwrap();
    clients(&["revoke-key", id, made["api_key"]["id"].as_str().unwrap()]);
    assert!(!seals(&key, "beta").await && seals(second_key, "beta").await);
    assert_eq!(clients(&["show", id])["name"], "shop");
    assert!(clients(&["list"]).to_string().contains(id));
}

async fn a_policy_is_made_replaced_and_removed(room: Room) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.json");
    let policies = |arguments: &[&str]| admin(&room, &[&["policies"], arguments].concat());
    let seals = async || {
        let request = EncryptRequest::new(tenant("acme"), "v");
        room.client.encrypt(request).await.is_ok()
    };
    let locked = json!({ "match": { "tenant": "acme" }, "required_lock": ["sub"] });
    fs::write(&file, locked.to_string()).unwrap();
    let made = policies(&["create", text(&file)]);
    let id = made["id"].as_str().unwrap();
    assert!(!seals().await);
    let other = json!({ "match": { "tenant": "beta" }, "required_lock": ["sub"] });
    fs::write(&file, other.to_string()).unwrap();
    policies(&["replace", id, text(&file)]);
    assert!(seals().await);
    assert_eq!(
        policies(&["show", id])["match"],
        json!({ "tenant": "beta" })
    );
    assert!(policies(&["list"]).to_string().contains(id));
    policies(&["delete", id]);
    assert!(!policies(&["list"]).to_string().contains(id));
}
