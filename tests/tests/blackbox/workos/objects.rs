//! `/vault/v1/kv`.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::ObjectCreate;
use strongroom_types::{Outcome, Reason};

use super::{Vault, assert_named, assert_refused};

on_each_database!(
    answers_about_objects_have_the_exact_shapes_and_statuses,
    a_name_is_decoded_after_the_path_is_split,
    a_version_check_of_null_is_none_and_a_foreign_one_is_stale,
    one_page_token_leads_both_ways,
    objects_of_the_native_api_are_the_same_objects,
    a_repeated_creation_by_workos_clients_makes_one_object,
    a_client_sees_objects_of_its_own_key_contexts_only,
    every_use_of_the_surface_is_in_the_log,
);

fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap();
    object.keys().map(String::as_str).collect()
}

const METADATA: [&str; 7] = [
    "context",
    "environment_id",
    "id",
    "key_id",
    "updated_at",
    "updated_by",
    "version_id",
];

async fn answers_about_objects_have_the_exact_shapes_and_statuses(room: Room) {
    let vault = Vault::of(&room).await;
    let made = vault.keep("a", "acme", "v1").await;
    assert_eq!(
        (made.status, keys(&made.json()).as_slice()),
        (201, &METADATA[..])
    );
    assert_eq!(made.header("content-type"), Some("application/json"));
    assert_named(&made);
    let metadata = made.json();
    assert_eq!(metadata["environment_id"], room.workspace.to_string());
    assert_eq!(metadata["context"], json!({"tenant": "acme"}));
    assert_eq!(keys(&metadata["updated_by"]), ["id", "name"]);
    assert_eq!(metadata["updated_by"]["name"], "program");
    let id = made.text("id");
    let read = vault.get(&format!("kv/{id}")).await;
    assert_eq!(read.status, 200);
    let whole = json!({"id": id, "name": "a", "value": "v1", "metadata": metadata});
    assert_eq!(read.json(), whole);
    assert_eq!(vault.get("kv/name/a").await.json(), whole);
    let described = vault.get(&format!("kv/{id}/metadata")).await;
    let without_value = json!({"id": id, "name": "a", "metadata": metadata});
    assert_eq!((described.status, described.json()), (200, without_value));
    let updated = vault.put(&format!("kv/{id}"), json!({"value": "v2"})).await;
    assert_eq!(
        (updated.status, keys(&updated.json()).as_slice()),
        (201, &["id", "metadata", "name"][..])
    );
    assert_eq!(keys(&updated.json()["metadata"]), METADATA);
    let versions = vault.get(&format!("kv/{id}/versions")).await;
    assert_eq!(versions.status, 200);
    let versions = versions.json();
    assert_eq!(
        versions["list_metadata"],
        json!({"before": null, "after": null})
    );
    assert_eq!(
        keys(&versions["data"][0]),
        ["created_at", "current_version", "etag", "id", "size"]
    );
    assert_eq!(
        versions["data"][0]["id"],
        updated.json()["metadata"]["version_id"]
    );
    let list = vault.get("kv").await;
    assert_eq!(list.status, 200);
    let list = list.json();
    assert_eq!(keys(&list), ["data", "list_metadata"]);
    assert_eq!(keys(&list["data"][0]), ["id", "name", "updated_at"]);
    assert_eq!(keys(&list["list_metadata"]), ["after", "before"]);
    let removed = vault.delete(&format!("kv/{id}")).await;
    let gone = json!({"success": true, "name": "a"});
    assert_eq!((removed.status, removed.json()), (200, gone));
    assert_refused(&vault.get(&format!("kv/{id}")).await, (404, "not_found"));
    assert_refused(&vault.delete(&format!("kv/{id}")).await, (404, "not_found"));
}

async fn a_name_is_decoded_after_the_path_is_split(room: Room) {
    let vault = Vault::of(&room).await;
    for (name, encoded) in [
        ("a/b", "a%2Fb"),
        ("a/b/metadata", "a%2Fb%2Fmetadata"),
        ("%2F", "%252F"),
        ("../x?y#z", "..%2Fx%3Fy%23z"),
        ("metadata", "metadata"),
        ("é 🔑 \0+", "%C3%A9%20%F0%9F%94%91%20%00+"),
    ] {
        assert_eq!(vault.keep(name, "acme", name).await.status, 201, "{name}");
        let read = vault.get(&format!("kv/name/{encoded}")).await;
        assert_eq!(read.text("value"), name);
    }
    assert_refused(&vault.get("kv/name/a/b").await, (404, "not_found"));
    assert_refused(&vault.get("kv/name/%ff").await, (404, "not_found"));
    assert_refused(&vault.get("kv/name").await, (404, "not_found"));
}

async fn a_version_check_of_null_is_none_and_a_foreign_one_is_stale(room: Room) {
    let vault = Vault::of(&room).await;
    let made = vault.keep("a", "acme", "v1").await;
    let (path, first) = (format!("kv/{}", made.text("id")), made.text("version_id"));
    let other = vault.keep("b", "acme", "v1").await.text("version_id");
    for body in [
        json!({"value": "x"}),
        json!({"value": "x", "version_check": null}),
    ] {
        assert_eq!(vault.put(&path, body).await.status, 201);
    }
    for _ in 0..20 {
        vault.put(&path, json!({"value": "x"})).await;
    }
    // However old, from another object, or from another system: 409, and nothing changes.
    for stale in [first.as_str(), &other, "", "22", "34af27f3-0b5e-5200"] {
        let body = json!({"value": "lost", "version_check": stale});
        assert_refused(&vault.put(&path, body).await, (409, "version_conflict"));
        let query = [("version_check", stale)];
        let query = serde_urlencoded(&query);
        let refused = vault.delete(&format!("{path}?{query}")).await;
        assert_refused(&refused, (409, "version_conflict"));
    }
    assert_eq!(vault.get(&path).await.text("value"), "x");
    let wrong = vault
        .put(&path, json!({"value": "x", "version_check": 2}))
        .await;
    assert_refused(&wrong, (422, "invalid_field"));
}

fn serde_urlencoded(query: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params("http://x", query).unwrap();
    url.query().unwrap().to_owned()
}

fn names(page: &Reply) -> Vec<String> {
    let page = page.json();
    let data = page["data"].as_array().unwrap().iter();
    data.map(|object| object["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn one_page_token_leads_both_ways(room: Room) {
    let vault = Vault::of(&room).await;
    for name in ["1", "2", "3", "4", "5"] {
        vault.keep(name, "acme", name).await;
    }
    let page = vault.get("kv?limit=2&order=asc").await;
    assert_eq!(names(&page), ["1", "2"]);
    let next = |page: &Reply, direction: &str| {
        let token = page.json()["list_metadata"][direction].clone();
        format!("kv?limit=2&{direction}={}", token.as_str().unwrap())
    };
    let second = vault.get(&next(&page, "after")).await;
    assert_eq!(names(&second), ["3", "4"]);
    // Whichever of the two a client passes where, it gets what it meant.
    let tokens = &second.json()["list_metadata"];
    assert_eq!(tokens["before"], tokens["after"]);
    assert_eq!(
        names(&vault.get(&next(&second, "before")).await),
        ["1", "2"]
    );
    let last = vault.get(&next(&second, "after")).await;
    assert_eq!(
        (names(&last), &last.json()["list_metadata"]["after"]),
        (vec!["5".to_owned()], &Value::Null)
    );
    assert_eq!(vault.get("kv?limit=100").await.status, 200);
    for (wrong, status) in [
        ("limit=0", 400),
        ("limit=101", 400),
        ("order=up", 400),
        ("after=secret_0CFC", 400),
        ("updatedAfter=yesterday", 400),
        ("updatedafter=2024-01-01T00:00:00Z", 400),
    ] {
        let refused = vault.get(&format!("kv?{wrong}")).await;
        assert_eq!(refused.status, status, "{wrong} {refused:?}");
    }
    for spelling in ["updatedAfter", "updated_after"] {
        let none = vault
            .get(&format!("kv?{spelling}=2999-01-01T00:00:00Z"))
            .await;
        assert!(names(&none).is_empty(), "{spelling}");
    }
}

async fn objects_of_the_native_api_are_the_same_objects(room: Room) {
    let vault = Vault::of(&room).await;
    let objects = room.client.objects();
    let text = ObjectCreate::new(tenant("acme"), "text", "native");
    objects.create(text).await.unwrap();
    assert_eq!(vault.get("kv/name/text").await.text("value"), "native");
    let bytes = ObjectCreate::new(tenant("acme"), "bytes", vec![0xff, 0xfe]);
    objects.create(bytes).await.unwrap();
    // Their values are text; this one is not, and is not mended into something else.
    let read = vault.get("kv/name/bytes").await;
    assert_refused(&read, (422, "invalid_field"));
    assert!(read.text("error").contains("/v1/objects"));
}

async fn a_repeated_creation_by_workos_clients_makes_one_object(room: Room) {
    let vault = Vault::of(&room).await;
    let body = json!({"key_context": {"tenant": "acme"}, "name": "a", "value": "v"});
    let first = vault.post_once("kv", "retry-1", &body).await;
    let again = vault.post_once("kv", "retry-1", &body).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json(), again.json());
    assert_ne!(first.entry(), again.entry());
    let other = json!({"key_context": {"tenant": "acme"}, "name": "a", "value": "w"});
    let refused = vault.post_once("kv", "retry-1", &other).await;
    assert_refused(&refused, (422, "idempotency_mismatch"));
    let taken = vault.post_once("kv", "retry-2", &body).await;
    assert_refused(&taken, (409, "conflict"));
}

async fn a_client_sees_objects_of_its_own_key_contexts_only(room: Room) {
    let all = Vault::of(&room).await;
    let acme = Vault::within(&room, &[&[("tenant", "acme")]]).await;
    let mine = all.keep("mine", "acme", "v").await.text("id");
    let hidden = all.keep("hidden", "beta", "v").await.text("id");
    assert_eq!(names(&acme.get("kv").await), ["mine"]);
    assert_eq!(acme.get(&format!("kv/{mine}")).await.status, 200);
    let none = "obj_".to_owned() + &"0".repeat(26);
    for path in [format!("kv/{hidden}"), "kv/name/hidden".to_owned()] {
        let (hidden, none) = (acme.get(&path).await, acme.get(&format!("kv/{none}")).await);
        assert_refused(&hidden, (404, "not_found"));
        assert_eq!(hidden.json(), none.json(), "hidden looks like none");
    }
    assert_refused(
        &acme.keep("x", "beta", "v").await,
        (403, "context_not_found"),
    );
}

async fn every_use_of_the_surface_is_in_the_log(room: Room) {
    let vault = Vault::of(&room).await;
    let made = vault.keep("a", "acme", "v").await;
    let id = made.text("id");
    let path = format!("kv/{id}");
    let uses = [
        (made, "object.create"),
        (vault.get(&path).await, "object.read"),
        (vault.get("kv/name/a").await, "object.read"),
        (vault.get("kv").await, "object.list"),
        (
            vault.get(&format!("{path}/metadata")).await,
            "object.describe",
        ),
        (
            vault.get(&format!("{path}/versions")).await,
            "object.versions",
        ),
        (
            vault.put(&path, json!({"value": "w"})).await,
            "object.update",
        ),
        (vault.delete(&path).await, "object.delete"),
    ];
    for (reply, operation) in uses {
        let entry = room.entry(reply.entry().unwrap()).await;
        assert_eq!(entry.operation.name(), operation);
        assert_eq!(entry.outcome, Outcome::Allowed);
    }
    let unknown = vault.send(Method::GET, "kv/nothing", None).await;
    assert_refused(&unknown, (404, "not_found"));
    let (outcome, reason) = room.ending(unknown.entry().unwrap()).await;
    assert_eq!((outcome, reason), (Outcome::Denied, Some(Reason::NotFound)));
}
