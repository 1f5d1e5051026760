//! Sealed stores: kept, proven, changed all or nothing, opened by secrets and passphrases.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::store::{
    ClientSecret, Found, Freshness, RecordName, SealedStore, StoreError, Unlock, Write,
};
use strongroom_client::{ClientError, EntryFilter, PageQuery};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::body::SealedStoreCreate;
use strongroom_types::{Code, Operation, Permission, StoreName};

on_each_database!(
    a_record_is_set_got_and_deleted,
    a_batch_of_records_is_all_or_nothing,
    old_versions_are_kept_and_set_again,
    an_expiry_in_the_past_is_refused,
    of_many_writers_of_one_version_one_wins,
    writers_of_different_records_all_get_their_turn,
    a_slot_is_added_changed_and_removed_without_a_value_changing,
    a_passphrase_opens_its_slot_and_guesses_are_counted,
    a_root_is_in_the_log_and_no_entry_names_a_record,
    without_a_grant_everything_looks_alike,
    the_operator_sees_numbers_only,
    a_disabled_store_is_shut_with_its_slots,
    asking_for_what_is_not_there_is_throttled,
    a_deleted_store_is_gone_and_its_name_is_free,
    malformed_requests_are_refused,
    a_slot_is_of_its_kind_its_epoch_and_its_place,
);

pub(super) fn word(text: &str) -> StoreName {
    text.parse().unwrap()
}

pub(super) fn name(text: &str) -> RecordName {
    RecordName::new(text).unwrap()
}

fn request(store: &str) -> SealedStoreCreate {
    SealedStoreCreate {
        name: word(store),
        keep: Some(3),
    }
}

/// A store with one generated secret.
pub(super) async fn store(room: &Room, called: &str) -> (SealedStore, ClientSecret) {
    let secret = ClientSecret::generate(&SystemEntropy).unwrap();
    let stores = room.client.stores();
    let (request, slot) = (request(called), word("main"));
    let made = stores
        .create(&request, &slot, Unlock::Secret(&secret))
        .await;
    (made.unwrap(), secret)
}

async fn value(store: &SealedStore, of: &str) -> Option<Vec<u8>> {
    let (found, _) = store.get(&name(of)).await.unwrap();
    found.value().map(|value| value.value.expose().to_vec())
}

async fn a_record_is_set_got_and_deleted(room: Room) {
    let (store, secret) = store(&room, "vault").await;
    let (found, freshness) = store.get(&name("user:42")).await.unwrap();
    assert_eq!((found, freshness), (Found::Nothing, Freshness::Unverified));
    assert_eq!(store.create(&name("user:42"), b"first").await.unwrap(), 1);
    assert_eq!(store.set(&name("user:42"), b"second").await.unwrap(), 2);
    assert_eq!(store.set(&name("empty"), b"").await.unwrap(), 1);
    let taken = store.create(&name("user:42"), b"third").await;
    assert!(taken.unwrap_err().is_version_conflict());
    // Somebody else with the secret, who has seen nothing yet.
    let (vault, main) = (word("vault"), word("main"));
    let stores = room.client.stores();
    let other = stores.open(&vault, &main, Unlock::Secret(&secret)).await;
    let other = other.unwrap();
    let (found, freshness) = other.get(&name("user:42")).await.unwrap();
    assert_eq!(freshness, Freshness::Unverified);
    let found = found.value().unwrap();
    assert_eq!((found.value.expose(), found.version), (&b"second"[..], 2));
    let (_, freshness) = other.get(&name("user:43")).await.unwrap();
    assert_eq!(freshness, Freshness::NotOlderThanSeen);
    assert_eq!(value(&other, "empty").await.as_deref(), Some(&b""[..]));
    other.delete(&name("user:42")).await.unwrap();
    other.delete(&name("user:42")).await.unwrap();
    assert_eq!(value(&store, "user:42").await, None);
    assert_eq!(store.create(&name("user:42"), b"anew").await.unwrap(), 3);
    // Nobody takes that for an older version, whoever deleted it and whenever.
    assert_eq!(value(&other, "user:42").await.unwrap(), b"anew");
    store.delete(&name("user:42")).await.unwrap();
    assert_eq!(other.create(&name("user:42"), b"more").await.unwrap(), 4);
    assert_eq!(value(&store, "user:42").await.unwrap(), b"more");
    assert_eq!(other.create(&name("new"), b"v").await.unwrap(), 4);
}

async fn a_batch_of_records_is_all_or_nothing(room: Room) {
    let (store, _) = store(&room, "vault").await;
    store.set(&name("there"), b"old").await.unwrap();
    let (new, there) = (name("new"), name("there"));
    let write = |name, if_version, value| Write {
        name,
        if_version,
        value,
        expires: None,
    };
    let sequence = store.memory().unwrap().sequence();
    let half = [
        write(&new, 0, Some(&b"a"[..])),
        write(&there, 0, Some(b"b")),
    ];
    let refused = store.write(&half).await.unwrap_err();
    assert!(refused.is_version_conflict());
    assert_eq!(value(&store, "new").await, None);
    assert_eq!(value(&store, "there").await.unwrap(), b"old");
    assert_eq!(store.memory().unwrap().sequence(), sequence);
    let whole = [write(&new, 0, Some(&b"a"[..])), write(&there, 1, None)];
    store.write(&whole).await.unwrap();
    let read = store
        .get_all(&[&new, &there, &name("never")])
        .await
        .unwrap();
    let [first, second, third] = &read.found[..] else {
        panic!("three records")
    };
    assert_eq!(first.version(), 1);
    assert_eq!((second, third), (&Found::Nothing, &Found::Nothing));
    // One new root for the whole batch.
    assert_eq!(store.memory().unwrap().sequence(), sequence + 1);
    // What one request deletes does not move where its new records begin.
    let late = name("late");
    let turned = [write(&new, 1, None), write(&late, 0, Some(&b"c"[..]))];
    store.write(&turned).await.unwrap();
    assert_eq!(value(&store, "late").await.unwrap(), b"c");
    let twice = [write(&new, 1, None), write(&new, 1, None)];
    assert!(matches!(store.write(&twice).await, Err(StoreError::Twice)));
}

async fn old_versions_are_kept_and_set_again(room: Room) {
    let (store, _) = store(&room, "vault").await;
    let record = name("n");
    for text in ["1", "2", "3", "4", "5"] {
        store.set(&record, text.as_bytes()).await.unwrap();
    }
    // Three are kept.
    assert!(store.get_version(&record, 2).await.unwrap().is_none());
    let older = store.get_version(&record, 3).await.unwrap().unwrap();
    assert_eq!((older.value.expose(), older.version), (&b"3"[..], 3));
    assert_eq!(store.restore(&record, 4).await.unwrap(), Some(6));
    assert_eq!(value(&store, "n").await.unwrap(), b"4");
    assert_eq!(store.restore(&record, 1).await.unwrap(), None);
}

async fn an_expiry_in_the_past_is_refused(room: Room) {
    let (store, _) = store(&room, "vault").await;
    let past = store.set_until(&name("n"), b"v", Some(1)).await;
    assert_code(&past.unwrap_err(), Code::InvalidRequest);
    // 2100-01-01.
    let future = Some(4_102_444_800_000_000);
    store.set_until(&name("n"), b"v", future).await.unwrap();
    let (found, _) = store.get(&name("n")).await.unwrap();
    assert_eq!(found.value().unwrap().expires, future);
}

fn assert_code(error: &StoreError, code: Code) {
    let StoreError::Call(call) = error else {
        panic!("not a refusal: {error:?}")
    };
    assert_eq!(call.code(), Some(code), "{error:?}");
}

async fn of_many_writers_of_one_version_one_wins(room: Room) {
    let (store, _) = store(&room, "vault").await;
    let record = name("one");
    let values: Vec<_> = (0..200).map(|n| n.to_string()).collect();
    let writers = values
        .iter()
        .map(|value| store.set_if(&record, value.as_bytes(), 0));
    let written = join_all(writers).await;
    let won: Vec<_> = (0..200).filter(|n| written[*n].is_ok()).collect();
    assert_eq!(won.len(), 1);
    for lost in written.iter().filter_map(|written| written.as_ref().err()) {
        assert!(lost.is_version_conflict(), "{lost:?}");
    }
    let found = value(&store, "one").await.unwrap();
    assert_eq!(found, values[won[0]].as_bytes());
}

async fn writers_of_different_records_all_get_their_turn(room: Room) {
    let (store, _) = store(&room, "vault").await;
    let names: Vec<_> = (0..40).map(|n| name(&n.to_string())).collect();
    let writers = names.iter().map(|name| store.set_if(name, b"v", 0));
    for written in join_all(writers).await {
        assert_eq!(written.unwrap(), 1);
    }
    let names: Vec<_> = names.iter().collect();
    let read = store.get_all(&names).await.unwrap();
    assert!(read.found.iter().all(|found| found.version() == 1));
    assert_eq!(store.memory().unwrap().sequence(), 40);
}

async fn a_slot_is_added_changed_and_removed_without_a_value_changing(room: Room) {
    let (store, first) = store(&room, "vault").await;
    store.set(&name("n"), b"v").await.unwrap();
    let before = store.memory().unwrap();
    let [second, third] = [0, 1].map(|_| ClientSecret::generate(&SystemEntropy).unwrap());
    let (main, machine) = (word("main"), word("machine"));
    store
        .put_slot(&machine, Unlock::Secret(&second), false)
        .await
        .unwrap();
    let again = store
        .put_slot(&machine, Unlock::Secret(&third), false)
        .await;
    assert_code(&again.unwrap_err(), Code::Conflict);
    store
        .put_slot(&machine, Unlock::Secret(&third), true)
        .await
        .unwrap();
    let open = async |slot: &StoreName, secret: &ClientSecret| {
        let stores = room.client.stores();
        stores
            .open(&word("vault"), slot, Unlock::Secret(secret))
            .await
    };
    assert!(matches!(
        open(&machine, &second).await,
        Err(StoreError::Secret)
    ));
    assert!(matches!(
        open(&machine, &first).await,
        Err(StoreError::Secret)
    ));
    let opened = open(&machine, &third).await.unwrap();
    assert_eq!(value(&opened, "n").await.unwrap(), b"v");
    assert_eq!(opened.memory().unwrap().sequence(), before.sequence());
    room.client
        .stores()
        .remove_slot(&word("vault"), &main)
        .await
        .unwrap();
    let gone = open(&main, &first).await.unwrap_err();
    assert_code(&gone, Code::NotFound);
}

const PASSPHRASE: &str = "correct horse battery staple";

async fn a_passphrase_opens_its_slot_and_guesses_are_counted(room: Room) {
    let stores = room.client.stores();
    let slot = word("people");
    let unlock = Unlock::Passphrase(PASSPHRASE);
    let made = stores
        .create(&request("vault"), &slot, unlock)
        .await
        .unwrap();
    made.set(&name("n"), b"v").await.unwrap();
    let opened = stores.open(&word("vault"), &slot, unlock).await.unwrap();
    assert_eq!(value(&opened, "n").await.unwrap(), b"v");
    let wrong = Unlock::Passphrase("correct horse battery stable");
    let wrong = stores.open(&word("vault"), &slot, wrong).await;
    assert!(matches!(wrong, Err(StoreError::Secret)));
    // Eight more are allowed, without the cost of Argon2id; each is an entry.
    let path = "/v1/stores/vault/slots/people/evaluate";
    let element = strongroom_crypto::oprf::Blinded::new(b"guess", &SystemEntropy).unwrap();
    let body = json!({ "blinded": base64(element.element()) });
    for _ in 0..8 {
        let reply = Reply::of(room.request(Method::POST, path).json(&body)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let reply = Reply::of(room.request(Method::POST, path).json(&body)).await;
    reply.assert_problem(429, "rate_limited");
    assert_eq!(
        room.client
            .stores()
            .list(&PageQuery::default())
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    let entries = room.entries(EntryFilter::default()).await;
    let guesses = entries.iter().filter(|entry| {
        entry.operation == Operation::SealedEvaluate && entry.facts.contains_key("guesses_left")
    });
    assert_eq!(guesses.count(), 10);
    // Another client has guesses of its own, and what is no element is no guess for anybody.
    let (_, other) = room.make_client(&[Permission::StoresRead], &[&[]]).await;
    let ask = async |body: &Value| {
        let request = room.anonymous(Method::POST, path);
        Reply::of(request.bearer_auth(&other.api_key.secret).json(body)).await
    };
    assert_eq!(ask(&body).await.status, 200);
    let short = json!({ "blinded": "AAAA" });
    ask(&short).await.assert_problem(400, "invalid_request");
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

async fn a_root_is_in_the_log_and_no_entry_names_a_record(room: Room) {
    let (store, _) = store(&room, "vault").await;
    for number in 0..5 {
        let record = name(&format!("zqRecord{number}"));
        store.set(&record, b"zqValue").await.unwrap();
    }
    let confirmed = store.confirm(&room.verifier()).await.unwrap();
    assert_eq!(confirmed.sequence, 5);
    assert!(confirmed.entry < confirmed.log_size);
    // What the entries say of sets: how many, which state, which root; nothing of the records.
    let entries = room.entries(EntryFilter::default()).await;
    let sets = entries
        .iter()
        .filter(|entry| entry.operation == Operation::SealedSet);
    for set in sets {
        let facts: Vec<_> = set.facts.keys().map(String::as_str).collect();
        assert_eq!(facts, ["root", "sequence"]);
        assert_eq!(set.facts["root"].len(), 64);
    }
}

async fn without_a_grant_everything_looks_alike(room: Room) {
    let (store, _) = store(&room, "vault").await;
    store.set(&name("n"), b"v").await.unwrap();
    let there = json!({ "names": [base64(&[1; 32])] });
    // Without the permission: the same for a store that is there and one that is not.
    let (_, none) = room.make_client(&[Permission::StoresWrite], &[&[]]).await;
    // With it, and other key contexts.
    let other: &[&[(&str, &str)]] = &[&[("sealed_store", "elsewhere")]];
    let (_, hidden) = room
        .make_client(&[Permission::StoresRead, Permission::StoresWrite], other)
        .await;
    // Nor may either change anything, with the permission to write alone or for other stores.
    let set = json!({"records": [{"name": base64(&[1; 32]), "if_version": 0}]});
    let blinded = json!({ "blinded": base64(&[1; 32]) });
    let slot = json!({"kind": "secret", "epoch": 1, "wrapped": base64(&[1; 104])});
    for (client, writes) in [(none, true), (hidden, false)] {
        for (method, what, body) in [
            (Method::POST, "/get", &there),
            (Method::POST, "/set", &set),
            (Method::GET, "/slots", &Value::Null),
            (Method::GET, "/slots/main", &Value::Null),
            (Method::PUT, "/slots/main", &slot),
            (Method::DELETE, "/slots/main", &Value::Null),
            (Method::POST, "/slots/main/evaluate", &blinded),
            (Method::POST, "/slots/main/prepare", &blinded),
            (Method::DELETE, "", &Value::Null),
        ] {
            if writes && what == "/set" {
                continue;
            }
            let ask = async |store: &str| {
                let request = room.anonymous(method.clone(), &format!("/v1/stores/{store}{what}"));
                let request = request.bearer_auth(&client.api_key.secret);
                let reply = Reply::of(match body {
                    Value::Null => request,
                    body => request.json(body),
                });
                let reply = reply.await;
                (reply.status, reply.anonymous_body())
            };
            let vault = ask("vault").await;
            assert!(matches!(vault.0, 403 | 404), "{what}: {vault:?}");
            assert_eq!(vault, ask("nowhere").await, "{what}");
        }
    }
    assert_eq!(value(&store, "n").await.unwrap(), b"v");
}

async fn the_operator_sees_numbers_only(room: Room) {
    let (store, _) = store(&room, "vault").await;
    for text in ["a", "b", "b", "c"] {
        store.set(&name(text), b"v").await.unwrap();
    }
    let page = room
        .client
        .stores()
        .list(&PageQuery::default())
        .await
        .unwrap();
    let [info] = &page.items[..] else {
        panic!("one store")
    };
    assert_eq!((info.records, info.versions, info.epoch), (3, 4, 1));
    // Four values of one bucket, 72 bytes longer each.
    assert_eq!((info.bytes, info.sequence), (4 * (256 + 72), 4));
    assert_eq!(info.name, word("vault"));
}

async fn a_disabled_store_is_shut_with_its_slots(room: Room) {
    let (store, secret) = store(&room, "vault").await;
    store.set(&name("there"), b"v").await.unwrap();
    let page = room.client.stores().list(&PageQuery::default()).await;
    let id = page.unwrap().items[0].id;
    room.client.contexts().disable(id).await.unwrap();
    for of in ["there", "missing"] {
        assert_shut(store.get(&name(of)).await.map(drop));
    }
    assert_shut(store.set(&name("there"), b"w").await.map(drop));
    let (vault, main) = (word("vault"), word("main"));
    let stores = room.client.stores();
    let opened = stores.open(&vault, &main, Unlock::Secret(&secret)).await;
    assert_shut(opened.map(drop));
    room.client.contexts().enable(id).await.unwrap();
    assert_eq!(value(&store, "there").await.as_deref(), Some(&b"v"[..]));
}

fn assert_shut(answer: Result<(), StoreError>) {
    match answer {
        Err(StoreError::Call(error)) => assert_eq!(error.code(), Some(Code::KeyDisabled)),
        other => panic!("{other:?}"),
    }
}

async fn asking_for_what_is_not_there_is_throttled(room: Room) {
    let (_store, _) = store(&room, "vault").await;
    let (_, reader) = room.make_client(&[Permission::StoresRead], &[&[]]).await;
    let names: Vec<_> = (0..100_u8).map(|n| base64(&[n; 32])).collect();
    let body = json!({ "names": names });
    let mut statuses = Vec::new();
    // 6,000 within a minute are allowed; a slow machine may begin a second minute.
    for _ in 0..121 {
        let request = room.anonymous(Method::POST, "/v1/stores/vault/get");
        let key = &reader.api_key.secret;
        let reply = Reply::of(request.bearer_auth(key).json(&body)).await;
        statuses.push(reply.status);
        if reply.status != 200 {
            reply.assert_problem(429, "rate_limited");
            break;
        }
    }
    assert_eq!(statuses.last(), Some(&429));
    assert!(statuses.len() > 60, "{}", statuses.len());
}

async fn a_deleted_store_is_gone_and_its_name_is_free(room: Room) {
    let (first, secret) = store(&room, "vault").await;
    first.set(&name("n"), b"v").await.unwrap();
    room.client.stores().delete(&word("vault")).await.unwrap();
    assert_code(&first.get(&name("n")).await.unwrap_err(), Code::NotFound);
    let (second, _) = store(&room, "vault").await;
    assert_eq!(value(&second, "n").await, None);
    let (vault, main) = (word("vault"), word("main"));
    let stores = room.client.stores();
    let old = stores.open(&vault, &main, Unlock::Secret(&secret)).await;
    assert!(matches!(old, Err(StoreError::Secret)));
}

async fn malformed_requests_are_refused(room: Room) {
    let (_store, _) = store(&room, "vault").await;
    let name = base64(&[1; 32]);
    let sealed = json!({"version": 1, "epoch": 1, "leaf": base64(&[2; 32]), "value": "AAAA"});
    let with = |field: &str, value: Value| {
        let mut sealed = sealed.clone();
        sealed[field] = value;
        json!({"records": [{"name": name, "if_version": 0, "sealed": sealed}]})
    };
    for (path, body) in [
        ("get", json!({"names": []})),
        ("get", json!({"names": ["AAAA"]})),
        ("get", json!({"names": [name, name]})),
        ("get", json!({"names": [name], "version": 0})),
        ("get", json!({"names": [name], "all": true})),
        ("set", json!({"records": []})),
        ("set", with("epoch", json!(2))),
        ("set", with("leaf", json!("AAAA"))),
        ("set", with("expires", json!(-1))),
        (
            "slots/main/prepare",
            json!({"blinded": base64(&[0xff; 32])}),
        ),
    ] {
        let request = room.request(Method::POST, &format!("/v1/stores/vault/{path}"));
        let reply = Reply::of(request.json(&body)).await;
        reply.assert_problem(400, "invalid_request");
    }
    for store in ["__proto__", "constructor", "a%2Fb", "a.b"] {
        let request = room.request(Method::POST, &format!("/v1/stores/{store}/get"));
        let reply = Reply::of(request.json(&json!({"names": [name]}))).await;
        reply.assert_problem(404, "not_found");
    }
    let secret = ClientSecret::generate(&SystemEntropy).unwrap();
    let (request, slot) = (request("vault"), word("main"));
    let stores = room.client.stores();
    let again = stores
        .create(&request, &slot, Unlock::Secret(&secret))
        .await;
    let Err(StoreError::Call(ClientError::Refused(refusal))) = again else {
        panic!("a second store of the name")
    };
    assert_eq!(refusal.code(), Code::Conflict);
}

async fn a_slot_is_of_its_kind_its_epoch_and_its_place(room: Room) {
    let (_store, _) = store(&room, "vault").await;
    let put = async |slot: &str, body: &Value| {
        let path = format!("/v1/stores/vault/slots/{slot}");
        Reply::of(room.request(Method::PUT, &path).json(body)).await
    };
    let element = strongroom_crypto::oprf::Blinded::new(b"passphrase", &SystemEntropy).unwrap();
    let body = json!({ "blinded": base64(element.element()) }).to_string();
    let prepared = room.post("/v1/stores/vault/slots/people/prepare", body);
    let ticket = prepared.await.json()["ticket"].clone();
    let of_secret = json!({"kind": "secret", "epoch": 1, "wrapped": base64(&[1; 104])});
    let mut of_passphrase = of_secret.clone();
    of_passphrase["kind"] = json!("passphrase");
    of_passphrase["salt"] = json!(base64(&[2; 16]));
    of_passphrase["ticket"] = ticket.clone();
    let with = |good: &Value, field: &str, value: Value| {
        let mut altered = good.clone();
        altered[field] = value;
        altered
    };
    for wrong in [
        with(&of_secret, "wrapped", json!(base64(&[1; 103]))),
        with(&of_secret, "epoch", json!(2)),
        with(&of_secret, "salt", json!(base64(&[2; 16]))),
        with(&of_secret, "ticket", ticket),
        with(&of_passphrase, "salt", json!(base64(&[2; 15]))),
        with(&of_passphrase, "salt", Value::Null),
        with(&of_passphrase, "ticket", Value::Null),
        with(&of_passphrase, "ticket", json!(base64(&[3; 60]))),
    ] {
        let reply = put("people", &wrong).await;
        reply.assert_problem(400, "invalid_request");
    }
    // What was prepared for one slot is for no other.
    let elsewhere = put("machines", &of_passphrase).await;
    elsewhere.assert_problem(400, "invalid_request");
    assert!(put("people", &of_passphrase).await.status < 300);
    assert!(put("machines", &of_secret).await.status < 300);
}
