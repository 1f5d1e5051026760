//! Data keys: derived, derived again, and to whom not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::EntryFilter;
use strongroom_log::sha256;
use strongroom_tests::cipherstash::{CipherStash, call, key};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::{Operation, Outcome, Reason};

use super::{EACH, GENERATE, LOAD, Made, RETRIEVE, assert_refused, make_keyset, materials};

on_each_database!(
    data_keys_come_again_for_who_shows_their_tags,
    clients_of_a_keyset_derive_the_same_keys,
    one_bad_key_fails_a_call_and_leaves_the_others_of_a_fallible_one,
    locked_keys_open_for_their_owner_only,
    any_condition_of_a_policy_is_enough,
    tags_and_values_must_be_named_again,
    each_request_is_one_entry_with_its_notes,
    what_is_malformed_is_refused,
    rotated_keysets_derive_old_keys_again_and_destroyed_ones_none,
    keys_survive_a_restart,
);

async fn data_keys_come_again_for_who_shows_their_tags(room: Room) {
    let cs = CipherStash::of(&room).await;
    let body = cs.keys(&json!([
        key(1, "users/email"),
        key(2, "users/email"),
        key(1, "users/name")
    ]));
    let made = Made::of(&room, &cs.token, &body).await;
    for material in &made.materials {
        assert_eq!(
            STANDARD.decode(material.as_str().unwrap()).unwrap().len(),
            528
        );
    }
    assert!(made.materials[0] != made.materials[1] && made.materials[0] != made.materials[2]);
    let again = Made::of(&room, &cs.token, &body).await;
    assert_eq!(again.materials, made.materials);
    assert_eq!(again.asked, made.asked);
    let asked = cs.keys(&json!(made.asked));
    let found = cs.call(&room, RETRIEVE, &asked).await;
    assert_eq!(materials(&found), made.materials);
    let each = cs.call(&room, EACH, &asked).await.json();
    for (found, material) in each["keys"].as_array().unwrap().iter().zip(&made.materials) {
        assert_eq!(&found["Ok"]["key_material"], material);
    }
    // As many as their clients send at once, and as many as may be.
    let keys: Vec<_> = (0..10_000).map(|n| key(n, "d")).collect();
    let many = Made::of(&room, &cs.token, &cs.keys(&json!(keys))).await;
    let found = cs.call(&room, RETRIEVE, &cs.keys(&json!(many.asked))).await;
    assert_eq!(materials(&found), many.materials);
}

async fn clients_of_a_keyset_derive_the_same_keys(room: Room) {
    let cs = CipherStash::of(&room).await;
    let other = json!({"name": "another", "description": ""});
    let other = cs.call(&room, "/zerokms/create-client", &other).await;
    let mine = cs.keys(&json!([key(1, "d")]));
    let mut theirs = mine.clone();
    theirs["client_id"] = json!(other.text("id"));
    let made = Made::of(&room, &cs.token, &mine).await;
    assert_eq!(
        Made::of(&room, &cs.token, &theirs).await.materials,
        made.materials
    );
    assert_eq!(
        STANDARD.decode(other.text("client_key")).unwrap(),
        (0..cs.client_key.len() / 2)
            .map(|at| u8::from_str_radix(&cs.client_key[2 * at..2 * at + 2], 16).unwrap())
            .collect::<Vec<_>>()
    );
    let load = |client: &str| json!({"client_id": client, "keyset_id": null});
    let one = cs.call(&room, LOAD, &load(&cs.client_id)).await.json();
    let two = cs
        .call(&room, "/zerokms/load-dataset", &load(&other.text("id")))
        .await
        .json();
    assert_eq!(one, two);
    assert_eq!(one["dataset"]["name"], "default");
    assert_eq!(one["dataset"]["is_default"], true);
}

async fn one_bad_key_fails_a_call_and_leaves_the_others_of_a_fallible_one(room: Room) {
    let cs = CipherStash::of(&room).await;
    let body = cs.keys(&json!([key(1, "a"), key(2, "a"), key(3, "a")]));
    let mut made = Made::of(&room, &cs.token, &body).await;
    let byte = made.asked[1]["tag"][10].as_u64().unwrap();
    made.asked[1]["tag"][10] = json!(byte ^ 1);
    let asked = cs.keys(&json!(made.asked));
    let whole = cs.call(&room, RETRIEVE, &asked).await;
    assert_refused(&whole, 400, "cannot_decrypt");
    assert!(whole.json().get("keys").is_none());
    let ending = room.ending(whole.entry().unwrap()).await;
    assert_eq!(ending, (Outcome::Failed, Some(Reason::Altered)));
    let each = cs.call(&room, EACH, &asked).await;
    let keys = each.json();
    assert_eq!(keys["keys"][0]["Ok"]["key_material"], made.materials[0]);
    assert_eq!(keys["keys"][1]["Err"], "cannot_decrypt");
    assert_eq!(keys["keys"][2]["Ok"]["key_material"], made.materials[2]);
    let ending = room.ending(each.entry().unwrap()).await.0;
    assert_eq!(ending, Outcome::Failed);
}

/// A key locked to claims.
fn locked(number: u32, claims: &[&str]) -> Value {
    let mut key = key(number, "d");
    let terms = claims.iter().map(|claim| json!({"IdentityClaim": claim}));
    key["context"] = terms.collect();
    key
}

async fn locked_keys_open_for_their_owner_only(room: Room) {
    let cs = CipherStash::of(&room).await;
    let claims = || json!({"scopes": ["a", "b"]});
    let alice = cs.user(&room, "alice", claims()).await;
    let bob = cs.user(&room, "bob", claims()).await;
    let body = cs.keys(&json!([locked(1, &["sub"]), locked(2, &["sub", "scopes"])]));
    let made = Made::of(&room, &alice, &body).await;
    let asked = cs.keys(&json!(made.asked));
    let found = call(&room, &alice, RETRIEVE, &asked).await;
    assert_eq!(materials(&found), made.materials);
    // The same numbers for somebody else, or for nobody, are other keys.
    let of_bob = Made::of(&room, &bob, &body).await;
    let plain = Made::of(&room, &alice, &cs.keys(&json!([key(1, "d"), key(2, "d")]))).await;
    for (mine, others) in made
        .materials
        .iter()
        .zip(of_bob.materials.iter().zip(&plain.materials))
    {
        assert!(mine != others.0 && mine != others.1);
    }
    for (token, reason) in [
        (&bob, Reason::LockNotMet),
        (&cs.token, Reason::IdentityMissing),
    ] {
        let refused = call(&room, token, RETRIEVE, &asked).await;
        assert_refused(&refused, 403, "identity_mismatch");
        assert_eq!(refused.json()["claims"], json!(["sub"]));
        assert_eq!(room.ending(refused.entry().unwrap()).await.1, Some(reason));
    }
    let mut fewer = made.asked[1].clone();
    fewer["context"] = json!([{"IdentityClaim": "sub"}]);
    let mut none = made.asked[0].clone();
    none["context"] = json!([]);
    let mut more = made.asked[0].clone();
    more["context"] = json!([{"IdentityClaim": "sub"}, {"IdentityClaim": "scopes"}]);
    for wrong in [fewer, none, more] {
        let asked = cs.keys(&json!([wrong]));
        assert_refused(
            &call(&room, &alice, RETRIEVE, &asked).await,
            403,
            "identity_mismatch",
        );
        let each = call(&room, &alice, EACH, &asked).await.json();
        let why = each["keys"][0]["Err"].as_str().unwrap();
        assert!(why.starts_with("identity_mismatch"), "{why}");
    }
    // An access key has nobody's claims.
    let sealing = cs.keys(&json!([locked(3, &["sub"])]));
    assert_refused(
        &cs.call(&room, GENERATE, &sealing).await,
        403,
        "identity_mismatch",
    );
    // And nobody has what changes with every token.
    let sealing = cs.keys(&json!([locked(3, &["exp"])]));
    assert_refused(
        &call(&room, &alice, GENERATE, &sealing).await,
        400,
        "invalid_request",
    );
}

/// What the entry of an answer says of a policy.
async fn policy_said(room: &Room, reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    let entry = room.entry(reply.entry().unwrap()).await;
    json!(entry.facts.get("policy"))
}

async fn any_condition_of_a_policy_is_enough(room: Room) {
    let cs = CipherStash::of(&room).await;
    let person =
        |subject: &'static str, groups: Value| cs.user(&room, subject, json!({ "groups": groups }));
    let alice = person("alice", json!(["staff"])).await;
    let auditor = person("carol", json!(["staff", "audit"])).await;
    let bob = person("bob", json!(["staff"])).await;
    let mut sealed = key(1, "d");
    sealed["decryption_policy"] =
        json!({"conditions": [{"claim": "sub"}, {"claim": "groups", "value": "audit"}]});
    let body = cs.keys(&json!([key(7, "d"), sealed.clone()]));
    let sealing = call(&room, &alice, GENERATE, &body).await;
    assert_eq!(policy_said(&room, &sealing).await, json!("bound"));
    let made = Made::of(&room, &alice, &cs.keys(&json!([sealed]))).await;
    // The value that was left open is the sealing person's own.
    assert_eq!(
        made.asked[0]["decryption_policy"]["conditions"][0]["value"],
        "alice"
    );
    let asked = cs.keys(&json!(made.asked));
    for token in [&alice, &auditor] {
        let found = call(&room, token, RETRIEVE, &asked).await;
        assert_eq!(materials(&found), made.materials);
        // The entry calls the condition what it is.
        assert_eq!(policy_said(&room, &found).await, json!("checked"));
        let each = call(&room, token, EACH, &asked).await;
        assert_eq!(policy_said(&room, &each).await, json!("checked"));
    }
    let plain = Made::of(&room, &alice, &cs.keys(&json!([key(8, "d")]))).await;
    let plain = call(&room, &alice, RETRIEVE, &cs.keys(&json!(plain.asked))).await;
    assert_eq!(policy_said(&room, &plain).await, Value::Null);
    for token in [&bob, &cs.token] {
        assert_refused(
            &call(&room, token, RETRIEVE, &asked).await,
            403,
            "identity_mismatch",
        );
    }
    // Another policy is another key, whoever it lets in; none is too.
    let mut widened = made.asked[0].clone();
    widened["decryption_policy"]["conditions"][0]["value"] = json!("bob");
    let refused = call(&room, &bob, RETRIEVE, &cs.keys(&json!([widened]))).await;
    assert_refused(&refused, 400, "cannot_decrypt");
    let mut without = made.asked[0].clone();
    without.as_object_mut().unwrap().remove("decryption_policy");
    let refused = call(&room, &bob, RETRIEVE, &cs.keys(&json!([without]))).await;
    assert_refused(&refused, 400, "cannot_decrypt");
    // A program may seal for somebody whom it names; the workspace trusts one issuer.
    let mut for_alice = key(2, "d");
    for_alice["decryption_policy"] = json!({"conditions": [{"claim": "sub", "value": "alice"}]});
    let made = Made::of(&room, &cs.token, &cs.keys(&json!([for_alice]))).await;
    let asked = cs.keys(&json!(made.asked));
    assert_eq!(
        materials(&call(&room, &alice, RETRIEVE, &asked).await),
        made.materials
    );
    assert_refused(
        &call(&room, &bob, RETRIEVE, &asked).await,
        403,
        "identity_mismatch",
    );
}

async fn tags_and_values_must_be_named_again(room: Room) {
    let cs = CipherStash::of(&room).await;
    let with = |context: Value| {
        let mut key = key(1, "d");
        key["context"] = context;
        key
    };
    let bound = with(json!([{"Tag": "t"}, {"Value": ["k", "v"]}]));
    let made = Made::of(&room, &cs.token, &cs.keys(&json!([bound]))).await;
    for (context, opens) in [
        (json!([{"Value": ["k", "v"]}, {"Tag": "t"}]), true),
        (json!([{"Tag": "t"}]), false),
        (json!([]), false),
        (json!([{"Tag": "t"}, {"Value": ["k", "w"]}]), false),
        (json!([{"Tag": "t"}, {"Tag": "k"}, {"Tag": "v"}]), false),
    ] {
        let mut asked = made.asked[0].clone();
        asked["context"] = context.clone();
        let reply = cs.call(&room, RETRIEVE, &cs.keys(&json!([asked]))).await;
        if opens {
            assert_eq!(materials(&reply), made.materials);
        } else {
            assert_refused(&reply, 400, "cannot_decrypt");
        }
    }
}

/// The time of an entry that is written for this: entries tell the time of the server alone.
async fn time_of_an_entry(room: &Room, cs: &CipherStash) -> String {
    let listed = cs.call(room, "/zerokms/list-keysets", &json!({})).await;
    room.entry(listed.entry().unwrap()).await.time
}

async fn each_request_is_one_entry_with_its_notes(room: Room) {
    let cs = CipherStash::of(&room).await;
    let alice = cs.user(&room, "alice", json!({})).await;
    let mut body = cs.keys(&json!([locked(1, &["sub"]), key(2, "d")]));
    let made = Made::of(&room, &alice, &body).await;
    let again = cs.keys(&json!(made.asked));
    let load = json!({"client_id": cs.client_id});
    let load = cs.call(&room, LOAD, &load).await.json();
    for (path, asked, operation) in [
        (GENERATE, &body, Operation::KeysetGenerate),
        (RETRIEVE, &again, Operation::KeysetRetrieve),
        (EACH, &again, Operation::KeysetRetrieve),
    ] {
        let uses = EntryFilter {
            operation: Some(operation),
            ..EntryFilter::default()
        };
        let before = room.entries(uses.clone()).await.len();
        let mut asked = asked.clone();
        asked["unverified_context"] = json!({"ticket": format!("INC {path}")});
        let earlier = time_of_an_entry(&room, &cs).await;
        let reply = call(&room, &alice, path, &asked).await;
        let later = time_of_an_entry(&room, &cs).await;
        let entry = room.entry(reply.entry().unwrap()).await;
        assert_eq!(room.entries(uses).await.len(), before + 1);
        assert!(earlier < entry.time && entry.time < later, "{entry:?}");
        assert_eq!(
            (entry.operation, entry.outcome),
            (operation, Outcome::Allowed)
        );
        assert_eq!(entry.count, 2);
        let told = serde_json::to_value(&entry).unwrap();
        assert_eq!(told["metadata"], asked["unverified_context"], "{told}");
        assert_eq!(told["identity"]["subject"], "alice");
        assert_eq!(told["facts"]["keyset_client"], json!(cs.client_id));
        assert_eq!(told["facts"]["keyset"], load["dataset"]["id"]);
        assert_eq!(told["key_context"]["keyset"], load["dataset"]["id"]);
        // The root is over the tags of the keys that were given out, and over nothing else.
        let items = room.client.log().items(entry.index).await.unwrap();
        assert_eq!(items.root.len(), 64);
        for (item, key) in items.items.iter().zip(&made.asked) {
            let tag: Vec<u8> = serde_json::from_value(key["tag"].clone()).unwrap();
            assert_eq!(item.digest, Some(sha256(&tag).to_string()), "{path}");
        }
        assert_eq!(items.items.len(), 2);
    }
    // What is too long is named by its digest.
    body["unverified_context"] = json!({"long": "x".repeat(5000)});
    let reply = call(&room, &alice, GENERATE, &body).await;
    let entry = room.entry(reply.entry().unwrap()).await;
    let told = serde_json::to_value(&entry).unwrap();
    assert_eq!(told["metadata"]["sha256"].as_str().unwrap().len(), 64);
    let all = serde_json::to_string(&room.entries(EntryFilter::default()).await).unwrap();
    for key in reply.json()["keys"].as_array().unwrap() {
        assert!(!all.contains(key["key_material"].as_str().unwrap()));
    }
    assert!(!all.contains(&cs.client_key) && !all.contains(&cs.access_key));
}

async fn what_is_malformed_is_refused(room: Room) {
    let cs = CipherStash::of(&room).await;
    let long = key(1, &"x".repeat(513));
    let bad_iv = json!({"iv": "AAAA", "descriptor": "d", "context": []});
    let many: Vec<_> = (0..10_001).map(|n| key(n, "d")).collect();
    let good = Made::of(&room, &cs.token, &cs.keys(&json!([key(1, "d")]))).await;
    let tag = &good.asked[0]["tag"];
    for path in [GENERATE, RETRIEVE, EACH] {
        let with_tag = |mut key: Value| {
            if path != GENERATE {
                key["tag"] = tag.clone();
            }
            key
        };
        let many: Vec<_> = many.iter().cloned().map(with_tag).collect();
        for (keys, each_alone) in [
            (json!([with_tag(long.clone())]), true),
            (json!([with_tag(bad_iv.clone())]), false),
            (json!(many), false),
            (json!([]), false),
        ] {
            let refused = cs.call(&room, path, &cs.keys(&keys)).await;
            if path == EACH && each_alone {
                let why = refused.json()["keys"][0]["Err"].clone();
                assert!(
                    why.as_str().unwrap().starts_with("invalid_request"),
                    "{why}"
                );
            } else {
                assert_refused(&refused, 400, "invalid_request");
            }
        }
        let sent = |kind: &str, body: &'static str| {
            let request = room.anonymous(Method::POST, path).bearer_auth(&cs.token);
            Reply::of(request.header("content-type", kind).body(body))
        };
        assert_refused(
            &sent("text/plain", "{}").await,
            415,
            "unsupported_media_type",
        );
        assert_refused(&sent("application/json", "{").await, 400, "invalid_request");
        assert_refused(&sent("application/json", "").await, 400, "invalid_request");
    }
    let longest = cs.keys(&json!([key(1, &"x".repeat(512))]));
    assert_eq!(cs.call(&room, GENERATE, &longest).await.status, 200);
    let untagged = cs
        .call(&room, RETRIEVE, &cs.keys(&json!([key(1, "d")])))
        .await;
    assert_refused(&untagged, 400, "invalid_request");
    let mut short = key(1, "d");
    short["tag"] = json!([1, 2, 3]);
    let refused = cs.call(&room, RETRIEVE, &cs.keys(&json!([short]))).await;
    assert_refused(&refused, 400, "cannot_decrypt");
    let strange = cs.call(&room, "/zerokms/other", &json!({})).await;
    assert_refused(&strange, 404, "not_found");
}

async fn rotated_keysets_derive_old_keys_again_and_destroyed_ones_none(room: Room) {
    let cs = CipherStash::of(&room).await;
    let id = make_keyset(&room, &cs, "acme").await;
    let named = |keys: Value| {
        let mut body = cs.keys(&keys);
        body["keyset_id"] = json!({"Uuid": id});
        body
    };
    let load = json!({"client_id": cs.client_id, "keyset_id": {"Uuid": id}});
    let index = cs.call(&room, LOAD, &load).await.json();
    let old = Made::of(&room, &cs.token, &named(json!([key(1, "d")]))).await;
    let contexts = room.read("/v1/contexts").await.json();
    let contexts = contexts["items"].as_array().unwrap().clone();
    let own = |context: &&Value| context["key_context"]["keyset"] == json!(id);
    let context = contexts.iter().find(own).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let rotated = room
        .post(&format!("/v1/contexts/{context}/rotate"), "")
        .await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    let new = Made::of(&room, &cs.token, &named(json!([key(1, "d")]))).await;
    assert_ne!(new.materials, old.materials);
    let both = json!([old.asked[0], new.asked[0]]);
    let found = cs.call(&room, RETRIEVE, &named(both)).await;
    assert_eq!(
        materials(&found),
        [old.materials[0].clone(), new.materials[0].clone()]
    );
    // Terms that are stored already are found again.
    assert_eq!(cs.call(&room, LOAD, &load).await.json(), index);
    let path = format!("/v1/contexts/{context}/destroy?wait_s=0");
    let destroyed = room.post(&path, "").await;
    assert!(destroyed.status < 300, "{destroyed:?}");
    for path in [GENERATE, RETRIEVE] {
        // Suspended until the job has done it, and then gone.
        let refused = cs.call(&room, path, &named(json!([old.asked[0]]))).await;
        assert_eq!(refused.status, 403, "{refused:?}");
    }
}

async fn keys_survive_a_restart(_shared: Room) {
    let database = strongroom_tests::room::Database::Sqlite;
    if !database.is_tested() {
        return;
    }
    let server = std::sync::Arc::new(database.start());
    let mut room = Room::open(server).await;
    let cs = CipherStash::of(&room).await;
    let made = Made::of(&room, &cs.token, &cs.keys(&json!([key(1, "d")]))).await;
    room.restart();
    // The token counts at the process that did not issue it, and the key is the same.
    let found = cs.call(&room, RETRIEVE, &cs.keys(&json!(made.asked))).await;
    assert_eq!(materials(&found), made.materials);
}
