//! Keysets, their clients and grants.

use core::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use strongroom_client::EntryFilter;
use strongroom_tests::cipherstash::{CipherStash, MEMBER, access_key, authorise, call, key};
use strongroom_tests::on_each_database;
use strongroom_tests::poll::poll;
use strongroom_tests::room::Room;
use strongroom_types::{Operation, Outcome, Permission};

use super::{GENERATE, LOAD, Made, RETRIEVE, assert_refused, grant, make_keyset, materials};

on_each_database!(
    keysets_are_declared_before_use_and_named_once,
    grants_are_made_once_and_taken_back,
    a_disabled_keyset_stops_at_once,
    a_keyset_that_is_disabled_between_requests_of_a_batch_gives_no_more_keys,
    a_keyset_that_is_disabled_under_many_requests_gives_no_key_after_its_entry,
    clients_are_listed_and_deleted,
    two_grants_at_once_make_one,
    a_key_limited_to_keysets_sees_no_others,
);

fn of(cs: &CipherStash, keyset: &Value) -> Value {
    let mut body = cs.keys(&json!([key(1, "d")]));
    body["keyset_id"] = keyset.clone();
    body
}

async fn keysets_are_declared_before_use_and_named_once(room: Room) {
    let cs = CipherStash::of(&room).await;
    let unknown = json!({"Uuid": "7d6f0b54-5c5e-4d43-9b1a-2f1e0d3c4b5a"});
    for keyset in [unknown, json!({"Name": "acme"})] {
        assert_refused(
            &cs.call(&room, GENERATE, &of(&cs, &keyset)).await,
            404,
            "not_found",
        );
        let load = json!({"client_id": cs.client_id, "keyset_id": keyset});
        assert_refused(&cs.call(&room, LOAD, &load).await, 404, "not_found");
    }
    let id = make_keyset(&room, &cs, "acme").await;
    for keyset in [json!({"Uuid": id}), json!({"Name": "acme"}), json!(id)] {
        assert_eq!(
            cs.call(&room, GENERATE, &of(&cs, &keyset)).await.status,
            200
        );
    }
    let create = |name: &str| json!({"name": name, "description": "x"});
    let path = "/zerokms/create-keyset";
    assert_refused(
        &cs.call(&room, path, &create("acme")).await,
        409,
        "conflict",
    );
    for name in ["default", "Default", "", "a b", &"x".repeat(65)] {
        let refused = cs.call(&room, path, &create(name)).await;
        assert_refused(&refused, 400, "invalid_request");
    }
    let modify = json!({"keyset_id": id, "name": "acme-2", "description": "renamed"});
    assert_eq!(
        cs.call(&room, "/zerokms/modify-keyset", &modify)
            .await
            .json(),
        json!({})
    );
    let gone = cs
        .call(&room, GENERATE, &of(&cs, &json!({"Name": "acme"})))
        .await;
    assert_refused(&gone, 404, "not_found");
    let named = cs
        .call(&room, GENERATE, &of(&cs, &json!({"Name": "acme-2"})))
        .await;
    assert_eq!(named.status, 200);
    assert_eq!(cs.call(&room, path, &create("acme")).await.status, 200);
    let listed = cs
        .call(
            &room,
            "/zerokms/list-keysets",
            &json!({"show_disabled": false}),
        )
        .await;
    let names = listed.json();
    let mut names: Vec<_> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|k| k["name"].clone())
        .collect();
    names.sort_by_key(ToString::to_string);
    assert_eq!(json!(names), json!(["acme", "acme-2", "default"]));
    // With a client of its own, which gets what all clients of the workspace have.
    let with_client = json!({"name": "beta", "description": "x",
        "client": {"client_type": "device", "name": "laptop"}});
    let made = cs.call(&room, path, &with_client).await.json();
    let using = json!({"client_id": made["client"]["id"], "keyset_id": null});
    let loaded = cs.call(&room, LOAD, &using).await.json();
    assert_eq!(loaded["dataset"]["id"], made["id"]);
}

async fn grants_are_made_once_and_taken_back(room: Room) {
    let cs = CipherStash::of(&room).await;
    let id = make_keyset(&room, &cs, "acme").await;
    let again = grant(&room, &cs, "/zerokms/grant-keyset", &id).await;
    assert_refused(&again, 409, "conflict");
    let revoked = grant(&room, &cs, "/zerokms/revoke-keyset", &id).await;
    assert_eq!(revoked.status, 200);
    let body = of(&cs, &json!({"Uuid": id}));
    assert_refused(
        &cs.call(&room, GENERATE, &body).await,
        403,
        "permission_denied",
    );
    let twice = grant(&room, &cs, "/zerokms/revoke-keyset", &id).await;
    assert_refused(&twice, 404, "not_found");
    // What is at home is another keyset.
    assert_eq!(
        cs.call(&room, GENERATE, &of(&cs, &Value::Null))
            .await
            .status,
        200
    );
    assert_eq!(
        grant(&room, &cs, "/zerokms/grant-keyset", &id).await.status,
        200
    );
    assert_eq!(cs.call(&room, GENERATE, &body).await.status, 200);
}

async fn a_disabled_keyset_stops_at_once(room: Room) {
    let cs = CipherStash::of(&room).await;
    let id = make_keyset(&room, &cs, "acme").await;
    let body = of(&cs, &json!({"Uuid": id}));
    assert_eq!(cs.call(&room, GENERATE, &body).await.status, 200);
    let which = json!({"keyset_id": {"Uuid": id}});
    assert_eq!(
        cs.call(&room, "/zerokms/disable-keyset", &which)
            .await
            .status,
        200
    );
    assert_refused(&cs.call(&room, GENERATE, &body).await, 403, "key_disabled");
    let load = json!({"client_id": cs.client_id, "keyset_id": {"Uuid": id}});
    assert_refused(&cs.call(&room, LOAD, &load).await, 403, "key_disabled");
    for (shown, count) in [(false, 1), (true, 2)] {
        let listed = json!({"show_disabled": shown});
        let listed = cs
            .call(&room, "/zerokms/list-keysets", &listed)
            .await
            .json();
        assert_eq!(listed.as_array().unwrap().len(), count);
    }
    assert_eq!(
        cs.call(&room, "/zerokms/enable-keyset", &which)
            .await
            .status,
        200
    );
    assert_eq!(cs.call(&room, GENERATE, &body).await.status, 200);
}

async fn clients_are_listed_and_deleted(room: Room) {
    let cs = CipherStash::of(&room).await;
    let id = make_keyset(&room, &cs, "acme").await;
    let listed = cs
        .call(&room, "/zerokms/list-clients", &json!({}))
        .await
        .json();
    assert_eq!(listed[0]["id"], json!(cs.client_id));
    assert_eq!(listed[0]["keyset_id"].as_array().unwrap().len(), 2);
    let which = json!({"keyset_id": id});
    let of_keyset = cs.call(&room, "/zerokms/list-clients", &which).await.json();
    assert_eq!(of_keyset.as_array().unwrap().len(), 1);
    let delete = json!({"client_id": cs.client_id});
    assert_eq!(
        cs.call(&room, "/zerokms/delete-client", &delete)
            .await
            .status,
        200
    );
    assert_refused(
        &cs.call(&room, GENERATE, &of(&cs, &Value::Null)).await,
        404,
        "not_found",
    );
    let again = cs.call(&room, "/zerokms/delete-client", &delete).await;
    assert_refused(&again, 404, "not_found");
}

async fn two_grants_at_once_make_one(room: Room) {
    let cs = CipherStash::of(&room).await;
    let body = json!({"name": "acme", "description": "x"});
    let id = cs
        .call(&room, "/zerokms/create-keyset", &body)
        .await
        .text("id");
    let path = "/zerokms/grant-keyset";
    let (one, two) = tokio::join!(grant(&room, &cs, path, &id), grant(&room, &cs, path, &id));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

async fn a_key_limited_to_keysets_sees_no_others(room: Room) {
    let cs = CipherStash::of(&room).await;
    let id = make_keyset(&room, &cs, "acme").await;
    let all: Vec<_> = MEMBER
        .into_iter()
        .chain([Permission::AdminKeysets])
        .collect();
    let (_, limited) = room.make_client(&all, &[&[("keyset", &id)]]).await;
    let key = access_key(&limited.api_key.secret);
    let token = authorise(&room, &json!({ "accessKey": key }))
        .await
        .text("accessToken");
    let mine = of(&cs, &json!({"Uuid": id}));
    assert_eq!(call(&room, &token, GENERATE, &mine).await.status, 200);
    let refused = call(&room, &token, GENERATE, &of(&cs, &Value::Null)).await;
    assert_refused(&refused, 403, "context_not_found");
    let listed = call(&room, &token, "/zerokms/list-keysets", &json!({}))
        .await
        .json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let create = json!({"name": "more", "description": "x"});
    let refused = call(&room, &token, "/zerokms/create-keyset", &create).await;
    assert_refused(&refused, 403, "context_not_found");
}

/// Their clients cut a batch into requests of 500 keys.
async fn a_keyset_that_is_disabled_between_requests_of_a_batch_gives_no_more_keys(room: Room) {
    let cs = CipherStash::of(&room).await;
    let id = make_keyset(&room, &cs, "acme").await;
    let named = json!({"Uuid": id});
    let request = |first: u32| {
        let keys: Vec<_> = (0..500).map(|i| key(first, &format!("{i}"))).collect();
        let mut body = cs.keys(&json!(keys));
        body["keyset_id"] = named.clone();
        body
    };
    let made = Made::of(&room, &cs.token, &request(1)).await;
    let switch = json!({"keyset_id": id});
    let disabled = cs.call(&room, "/zerokms/disable-keyset", &switch).await;
    assert_eq!(disabled.status, 200);
    let mut again = cs.keys(&json!(made.asked));
    again["keyset_id"] = named.clone();
    let second = cs.call(&room, GENERATE, &request(2)).await;
    assert_refused(&second, 403, "key_disabled");
    let retrieved = cs.call(&room, RETRIEVE, &again).await;
    assert_refused(&retrieved, 403, "key_disabled");
    // What the first requests of the batch got is whole, and opens when the keyset does.
    let enabled = cs.call(&room, "/zerokms/enable-keyset", &switch).await;
    assert_eq!(enabled.status, 200);
    let retrieved = cs.call(&room, RETRIEVE, &again).await;
    assert_eq!(materials(&retrieved), made.materials);
}

/// Requests of several tasks are in flight all the time; the log says which of them came first.
async fn a_keyset_that_is_disabled_under_many_requests_gives_no_key_after_its_entry(room: Room) {
    let cs = CipherStash::of(&room).await;
    let id = make_keyset(&room, &cs, "acme").await;
    let keys: Vec<_> = (0..50).map(|n| key(n, "d")).collect();
    let mut body = cs.keys(&json!(keys));
    body["keyset_id"] = json!({"Uuid": id});
    let under_way = AtomicU32::new(0);
    // Each asks until it is refused.
    let asking = async || {
        let mut given = Vec::new();
        loop {
            let reply = cs.call(&room, GENERATE, &body).await;
            if reply.status != 200 {
                assert_refused(&reply, 403, "key_disabled");
                return (given, reply.entry().unwrap().index);
            }
            given.push(reply.entry().unwrap().index);
            under_way.fetch_add(1, Ordering::Relaxed);
        }
    };
    let disabling = async {
        poll(async || (under_way.load(Ordering::Relaxed) >= 8).then_some(())).await;
        let switch = json!({"keyset_id": id});
        let disabled = cs.call(&room, "/zerokms/disable-keyset", &switch).await;
        assert_eq!(disabled.status, 200, "{disabled:?}");
        disabled.entry().unwrap().index
    };
    let asked = futures_util::future::join_all((0..4).map(|_| asking()));
    let (asked, disabled) = tokio::join!(asked, disabling);
    for (given, refused) in asked {
        assert!(
            given.iter().all(|index| *index < disabled),
            "{given:?} {disabled}"
        );
        assert!(refused > disabled);
    }
    // And so says the log of all that was allowed.
    for entry in room.entries(EntryFilter::default()).await {
        let allowed = entry.outcome == Outcome::Allowed;
        let given = entry.operation == Operation::KeysetGenerate && allowed;
        assert!(!given || entry.index < disabled, "{entry:?}");
    }
}
