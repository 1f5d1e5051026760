use serde_json::{Value, json};

use super::*;

fn read(json: &Value) -> Result<ProviderKey, serde_json::Error> {
    serde_json::from_value(json.clone())
}

/// One complete description of every provider, each with the credential `hunter2`.
fn all() -> Vec<Value> {
    vec![
        json!({"provider": "pkcs11", "token": "acme", "key": "root", "pin": "hunter2",
            "mechanism": "aes_gcm"}),
        json!({"provider": "aws_kms", "key": "arn:aws:kms:eu-central-1:111122223333:key/abc",
            "region": "eu-central-1", "endpoint": "http://127.0.0.1:5000",
            "access_key_id": "AKIA", "secret_access_key": "hunter2"}),
        json!({"provider": "transit", "address": "https://vault.example:8200",
            "mount": "teams/acme/transit", "key": "root", "derived": true, "token": "hunter2"}),
        json!({"provider": "gcp_kms",
            "key": "projects/p/locations/global/keyRings/r/cryptoKeys/k",
            "access_token": "hunter2"}),
        json!({"provider": "azure_key_vault", "vault": "https://acme.vault.azure.net",
            "key": "root", "algorithm": "A256GCM", "tenant_id": "t", "client_id": "c",
            "client_secret": "hunter2"}),
    ]
}

/// A complete description with one field set, or removed by `null`.
fn with(provider: usize, field: &str, value: Value) -> Value {
    let mut json = all().swap_remove(provider);
    match value {
        Value::Null => drop(json.as_object_mut().unwrap().remove(field)),
        value => json[field] = value,
    }
    json
}

#[test]
fn what_was_read_is_exposed_as_it_was_and_its_kind_is_its_tag() {
    for json in all() {
        let key = read(&json).unwrap();
        assert_eq!(key.kind(), json["provider"]);
        assert_eq!(serde_json::to_value(key.expose()).unwrap(), json);
    }
}

#[test]
fn neither_view_nor_debug_shows_a_credential() {
    for json in all() {
        let key = read(&json).unwrap();
        let view = serde_json::to_string(&key.view()).unwrap();
        assert!(view.contains("\"hidden\"") && !view.contains("hunter2"));
        let debug = format!("{key:?} {:?} {:?}", key.view(), key.expose());
        assert!(!debug.contains("hunter2"), "{debug}");
        let back: ProviderKey<Hidden> = serde_json::from_str(&view).unwrap();
        assert_eq!(back.kind(), key.kind());
    }
}

#[test]
fn unknown_fields_and_providers_are_refused() {
    for provider in 0..all().len() {
        assert!(read(&with(provider, "module", json!("/tmp/evil.so"))).is_err());
        assert!(read(&with(provider, "provider", json!("other"))).is_err());
        assert!(read(&with(provider, "provider", Value::Null)).is_err());
    }
}

#[test]
fn names_stay_within_their_place() {
    for name in ["..", ".", "a/b", "", "a?b", "a%2fb", "a b", "ключ"] {
        assert!(read(&with(2, "key", json!(name))).is_err(), "{name}");
        assert!(read(&with(4, "key", json!(name))).is_err(), "{name}");
    }
    for mount in ["/transit", "transit/", "a//b", "a/../sys"] {
        assert!(read(&with(2, "mount", json!(mount))).is_err(), "{mount}");
    }
    for key in ["projects/p/cryptoKeys/k", "a/p/b/l/c/r/d/k"] {
        assert!(read(&with(3, "key", json!(key))).is_err(), "{key}");
    }
}

#[test]
fn an_endpoint_is_an_address_and_nothing_more() {
    for address in [
        "vault.example",
        "ftp://vault.example",
        "https://",
        "https:///path",
        "https://user:word@vault.example",
        "https://vault.example/?a",
        "https://vault.example/#a",
        "https://vault.example/ a",
    ] {
        assert!(
            read(&with(2, "address", json!(address))).is_err(),
            "{address}"
        );
    }
}

#[test]
fn incomplete_credentials_are_refused() {
    for json in [
        with(0, "pin", json!("")),
        with(1, "access_key_id", Value::Null),
        with(1, "secret_access_key", Value::Null),
        with(2, "token", Value::Null),
        with(3, "access_token", Value::Null),
        with(3, "service_account", json!("{}")),
        with(4, "client_secret", Value::Null),
    ] {
        assert!(read(&json).is_err(), "{json}");
    }
    let mut ambient = with(1, "access_key_id", Value::Null);
    ambient.as_object_mut().unwrap().remove("secret_access_key");
    assert!(read(&ambient).is_ok());
    ambient["session_token"] = json!("hunter2");
    assert!(read(&ambient).is_err());
}

#[test]
fn a_key_in_a_token_has_a_label_or_an_id() {
    assert!(read(&with(0, "key", Value::Null)).is_err());
    let mut by_id = with(0, "key", Value::Null);
    by_id["key_id"] = json!("00Ff");
    let ProviderKey::Pkcs11(key) = read(&by_id).unwrap() else {
        panic!("another provider");
    };
    assert_eq!(key.key_id.unwrap().as_bytes(), [0, 0xff]);
    for id in ["", "0", "0g", "000"] {
        by_id["key_id"] = json!(id);
        assert!(read(&by_id).is_err(), "{id}");
    }
}
