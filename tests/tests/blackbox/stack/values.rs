//! Setting and getting.

use reqwest::Method;
use serde_json::json;
use strongroom_client::{EntryFilter, PageQuery};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_tests::stack::FAMILIES;
use strongroom_types::{KeyContext, Kind, Operation, Outcome, Reason};
use tokio::task::JoinSet;

use super::{Vault, assert_plain};

on_each_database!(
    values_are_answered_as_they_were_set,
    what_is_not_there_is_told_in_the_callers_spelling,
    both_names_of_the_version_are_one,
    the_log_is_filtered_by_store,
    two_hundred_writers_of_one_key_lose_nothing,
    values_may_be_as_long_as_clients_make_of_four_mebibytes,
    each_value_is_an_entry_that_names_the_store_and_no_key,
);

const KEY: &str = "arqgKeZWXtWiSsniep8jJwxibZCMp2VfDSUEbIWv53M=";

async fn values_are_answered_as_they_were_set(room: Room) {
    for family in FAMILIES {
        let vault = Vault::of(&room, family).await;
        for value in ["", "not base64 é \u{0} \"", "AQBx"] {
            let set = vault.server.set("tokens", KEY, value).await;
            assert_eq!((set.status, set.json()), (200, json!({"success": true})));
            let got = vault.server.get("tokens", KEY).await;
            let expected = json!({"encrypted_value": value});
            assert_eq!((got.status, got.json()), (200, expected));
            assert_eq!(got.header("cache-control"), Some("no-store"));
        }
        // Any text may be a key; an administrator's key may what a server's may.
        let odd = "é \u{0}/../%2F?#";
        vault.admin.set("tokens", odd, "odd").await;
        let got = vault.admin.get("tokens", odd).await;
        assert_eq!(got.json(), json!({"encrypted_value": "odd"}));
    }
}

async fn what_is_not_there_is_told_in_the_callers_spelling(room: Room) {
    for family in FAMILIES {
        let vault = Vault::of(&room, family).await;
        let missed = vault.server.get("tokens", "nothing").await;
        let code = "DATA_VAULT_STORE_HASHED_KEY_DOES_NOT_EXIST";
        let details = json!({"store_id": "tokens", "hashed_key": "nothing"});
        vault.assert_known(&missed, 400, code, &details);
        assert_eq!(
            missed.text("error"),
            "Data vault store with ID tokens does not contain a key with hash nothing."
        );
        let ids = [
            "none",
            "Tokens",
            "constructor",
            "toString",
            "__proto__",
            "-a",
            "a%20b",
            "a%2Fb",
        ];
        for id in ids {
            let code = "DATA_VAULT_STORE_DOES_NOT_EXIST";
            let shown = id.replace("%20", " ").replace("%2F", "/");
            let details = json!({ "store_id": shown });
            let error = format!("Data vault store with ID {shown} does not exist.");
            for refused in [
                vault.server.get(id, KEY).await,
                vault.server.set(id, KEY, "v").await,
            ] {
                vault.assert_known(&refused, 400, code, &details);
                assert_eq!(refused.text("error"), error);
                let ending = room.ending(refused.entry().unwrap()).await;
                assert_eq!(ending, (Outcome::Denied, Some(Reason::NotFound)));
            }
        }
        // Ids are sent raw: these name no route.
        for id in ["a/b?x=1", "a/b", ".."] {
            assert_plain(&vault.server.get(id, KEY).await, 404, "not_found");
        }
    }
}

async fn both_names_of_the_version_are_one(room: Room) {
    let vault = Vault::of(&room, "x-stack").await;
    vault.server.set("tokens", KEY, "v").await;
    let path = "/api/latest/data-vault/stores/tokens/get";
    let request = vault.server.request(Method::POST, path);
    let got = Reply::of(request.json(&json!({ "hashed_key": KEY }))).await;
    assert_eq!(got.json(), json!({"encrypted_value": "v"}));
}

async fn the_log_is_filtered_by_store(room: Room) {
    let vault = Vault::of(&room, "x-stack").await;
    let set = vault.server.set("tokens", KEY, "v").await;
    let of = |store| EntryFilter {
        key_context: Some(KeyContext::new([("store", store)]).unwrap()),
        kind: Some(Kind::Store),
        operation: Some(Operation::StoreSet),
        ..EntryFilter::default()
    };
    let found = room.entries(of("tokens")).await;
    let found: Vec<_> = found.iter().map(|entry| entry.index).collect();
    assert_eq!(found, [set.entry().unwrap().index]);
    assert!(room.entries(of("other")).await.is_empty());
    let elsewhere = EntryFilter {
        kind: None,
        ..of("tokens")
    };
    assert!(room.entries(elsewhere).await.is_empty());
}

async fn two_hundred_writers_of_one_key_lose_nothing(room: Room) {
    const WRITERS: usize = 200;
    let vault = Vault::of(&room, "x-hexclave").await;
    let mut writers = JoinSet::new();
    for n in 0..WRITERS {
        let server = vault.server.clone();
        writers.spawn(async move {
            let set = server.set("tokens", KEY, &n.to_string()).await;
            assert_eq!(set.status, 200, "{set:?}");
            (set.entry().unwrap().index, n)
        });
    }
    let mut written = writers.join_all().await;
    written.sort_unstable();
    let sets = EntryFilter {
        operation: Some(Operation::StoreSet),
        ..EntryFilter::default()
    };
    let entries = room.entries(sets).await;
    let mut versions: Vec<(u64, u64)> = entries
        .iter()
        .map(|entry| (entry.index, entry.facts["version"].parse().unwrap()))
        .collect();
    versions.sort_unstable();
    // One winner for each version, in the order of the log; the last one's value is there.
    let numbers: Vec<u64> = versions.iter().map(|(_, version)| *version).collect();
    assert_eq!(numbers, (1..=WRITERS as u64).collect::<Vec<_>>());
    let indexes = |index: &(u64, _)| index.0;
    let in_log: Vec<u64> = versions.iter().map(indexes).collect();
    let answered: Vec<u64> = written.iter().map(|(index, _)| *index).collect();
    assert_eq!(in_log, answered);
    let last = written.last().unwrap().1.to_string();
    let got = vault.server.get("tokens", KEY).await;
    assert_eq!(got.json(), json!({ "encrypted_value": last }));
}

async fn values_may_be_as_long_as_clients_make_of_four_mebibytes(room: Room) {
    let vault = Vault::of(&room, "x-hexclave").await;
    let longest = "x".repeat(((4 << 20) + 46_usize).div_ceil(3) * 4);
    assert_eq!(vault.server.set("tokens", KEY, &longest).await.status, 200);
    let longer = format!("{longest}x");
    let refused = vault.server.set("tokens", KEY, &longer).await;
    assert_plain(&refused, 413, "too_large");
    assert!(refused.text("error").contains(&longest.len().to_string()));
    let refused = vault.server.set("tokens", KEY, &"x".repeat(9 << 20)).await;
    assert_plain(&refused, 413, "too_large");
    let got = vault.server.get("tokens", KEY).await;
    assert_eq!(got.text("encrypted_value"), longest);
}

async fn each_value_is_an_entry_that_names_the_store_and_no_key(room: Room) {
    let vault = Vault::of(&room, "x-stack").await;
    let set = vault.server.set("tokens", KEY, "needle-value").await;
    let got = vault.server.get("tokens", KEY).await;
    let missed = vault.server.get("tokens", "needle-miss").await;
    let mut told = Vec::new();
    for (reply, operation) in [
        (&set, Operation::StoreSet),
        (&got, Operation::StoreGet),
        (&missed, Operation::StoreGet),
    ] {
        let entry = room.entry(reply.entry().unwrap()).await;
        assert_eq!(
            (entry.operation, entry.outcome),
            (operation, Outcome::Allowed)
        );
        let text = serde_json::to_string(&entry).unwrap();
        for hidden in [KEY, "needle", vault.project.server_key.as_str()] {
            assert!(!text.contains(hidden), "{text}");
        }
        assert!(text.contains(r#""store":"tokens""#), "{text}");
        told.push(entry);
    }
    let (set, got, missed) = (&told[0], &told[1], &told[2]);
    assert_eq!(set.facts["value"], got.facts["value"]);
    assert_ne!(set.facts["value"], missed.facts["value"]);
    assert_eq!(missed.facts["found"], "no");
    assert!(got.key.is_some() && missed.key.is_none());
    let contexts = room.client.contexts().list(&PageQuery::default()).await;
    let kinds: Vec<Kind> = contexts
        .unwrap()
        .items
        .iter()
        .map(|info| info.kind)
        .collect();
    assert_eq!(kinds, [Kind::Store]);
}
