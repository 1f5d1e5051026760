//! A sealed store that keeps an index of its names, sealed like its values.

use futures_util::future::join_all;
use strongroom_client::store::{Freshness, IndexedStore, RecordName, StoreError, Unlock};
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;

use super::sealed_stores::{name, store, word};

on_each_database!(
    names_are_listed_as_long_as_their_records_are_there,
    many_writers_lose_no_name,
    names_of_the_index_are_nobody_elses,
    the_server_sees_no_name_of_the_index,
);

async fn listed(store: &IndexedStore) -> Vec<String> {
    let (names, _) = store.list().await.unwrap();
    names.iter().map(|name| name.as_str().to_owned()).collect()
}

async fn names_are_listed_as_long_as_their_records_are_there(room: Room) {
    let (store, secret) = store(&room, "vault").await;
    let store = store.indexed();
    assert!(listed(&store).await.is_empty());
    for of in ["user:2", "user:1", "\u{e9}", "user:1"] {
        store.set(&name(of), of.as_bytes()).await.unwrap();
    }
    let (more, gone) = (name("more"), name("user:2"));
    let both = [(&more, Some(&b"v"[..])), (&gone, None)];
    store.set_all(&both).await.unwrap();
    store.delete(&name("never")).await.unwrap();
    assert_eq!(listed(&store).await, ["more", "user:1", "\u{e9}"]);
    // Somebody else with the secret.
    let (vault, main) = (word("vault"), word("main"));
    let stores = room.client.stores();
    let other = stores.open(&vault, &main, Unlock::Secret(&secret)).await;
    let other = other.unwrap().indexed();
    let (names, freshness) = other.list().await.unwrap();
    assert_eq!((names.len(), freshness), (3, Freshness::Unverified));
    other.delete(&name("more")).await.unwrap();
    assert_eq!(listed(&store).await, ["user:1", "\u{e9}"]);
    let (found, _) = store.store().get(&name("user:1")).await.unwrap();
    assert_eq!(found.value().unwrap().value.expose(), b"user:1");
}

async fn many_writers_lose_no_name(room: Room) {
    let (store, _) = store(&room, "vault").await;
    let store = store.indexed();
    let names: Vec<_> = (10..30).map(|n| name(&format!("user:{n}"))).collect();
    let writers = names.iter().map(|name| store.set(name, b"v"));
    for written in join_all(writers).await {
        written.unwrap();
    }
    let expected: Vec<_> = names.iter().map(RecordName::as_str).collect();
    assert_eq!(listed(&store).await, expected);
}

async fn names_of_the_index_are_nobody_elses(room: Room) {
    let (store, _) = store(&room, "vault").await;
    let store = store.indexed();
    for page in ["\0strongroom/names/0", "\0strongroom/names/x"] {
        let refused = store.set(&name(page), b"[]").await;
        assert!(matches!(refused, Err(StoreError::Reserved)), "{page}");
    }
}

async fn the_server_sees_no_name_of_the_index(room: Room) {
    let (store, _) = store(&room, "vault").await;
    let store = store.indexed();
    let told = "told-to-nobody";
    store.set(&name(told), b"v").await.unwrap();
    let entries = room
        .entries(strongroom_client::EntryFilter::default())
        .await;
    let entries = serde_json::to_string(&entries).unwrap();
    assert!(!entries.contains(told) && !entries.contains("strongroom/names"));
    if room.server.database().is_none() {
        let file = std::fs::read(room.server.data().join("strongroom.db-wal")).unwrap();
        let mut windows = file.windows(told.len());
        assert!(!windows.any(|window| window == told.as_bytes()));
    }
}
