//! Shares of split keys by the batch: in either encoding, and while a keyset is disabled.

use core::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use serde_json::json;
use strongroom_client::split::{SplitError, SplitKeyset};
use strongroom_client::{Client, Encoding, EntryFilter};
use strongroom_tests::on_each_database;
use strongroom_tests::poll::poll;
use strongroom_tests::room::Room;
use strongroom_types::Operation;

use super::split_keys::{EMAIL, Vault, item, vault};

on_each_database!(
    json_and_cbor_are_answered_alike,
    a_keyset_that_is_disabled_under_many_derivations_gives_no_share_after_its_entry,
);

/// The keys of the keyset, for a client that batches in this encoding.
async fn keys_by(room: &Room, vault: &Vault, encoding: Encoding) -> SplitKeyset {
    let client = Client::builder(&room.server.sheet().url)
        .api_key(&room.api_key)
        .batch_encoding(encoding)
        .build()
        .unwrap();
    client.split_keys().open(&vault.credential).await.unwrap()
}

/// What one encoding sealed, the other opens: the shares are the same.
async fn json_and_cbor_are_answered_alike(room: Room) {
    let vault = vault(&room, "encodings").await;
    let (by_json, by_cbor) = (
        keys_by(&room, &vault, Encoding::Json).await,
        keys_by(&room, &vault, Encoding::Cbor).await,
    );
    let alice = room.token("alice").await;
    let values = [(EMAIL, &b"one"[..]), (EMAIL, b"two")];
    for (sealing, opening) in [
        (&by_json, &by_cbor),
        (&by_cbor, &by_json),
        (&by_cbor, &by_cbor),
    ] {
        let mut sealed = sealing.seal_all(&values).await.unwrap();
        let alices = sealing.with_lock_context(&alice);
        sealed.extend(alices.seal_all(&values).await.unwrap());
        let asked: Vec<_> = sealed.iter().map(|blob| (EMAIL, blob.as_slice())).collect();
        // Somebody else's items fail alone, and alike.
        let opened = opening.open_each(&asked).await.unwrap();
        let [one, two, locked @ ..] = opened.as_slice() else {
            panic!("{opened:?}");
        };
        assert_eq!(one.as_ref().unwrap().expose(), b"one");
        assert_eq!(two.as_ref().unwrap().expose(), b"two");
        assert_eq!(locked.len(), 2);
        for refused in locked {
            assert!(matches!(refused, Err(SplitError::OtherIdentity)));
        }
        let opened = opening.with_lock_context(&alice).open_each(&asked).await;
        assert!(opened.unwrap().iter().all(Result::is_ok));
    }
}

async fn a_keyset_that_is_disabled_under_many_derivations_gives_no_share_after_its_entry(
    room: Room,
) {
    let vault = vault(&room, "tenant").await;
    let done = AtomicU32::new(0);
    let path = "/v1/split-keys/derive/batch";
    let items = json!({ "items": vec![item(vault.id); 50] }).to_string();
    let asking = async || {
        let mut given = Vec::new();
        loop {
            let reply = room.post(path, items.clone()).await;
            let index = reply.entry().unwrap().index;
            if reply.json()["results"][0].get("share").is_none() {
                return (given, index);
            }
            given.push(index);
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    let split = room.client.split_keys();
    let disabling = async {
        poll(async || (done.load(Ordering::Relaxed) >= 8).then_some(())).await;
        split.disable(vault.id).await.unwrap();
    };
    let (asked, ()) = tokio::join!(join_all((0..4).map(|_| asking())), disabling);
    let entries = room.entries(EntryFilter::default()).await;
    let disables = entries
        .iter()
        .filter(|entry| entry.operation == Operation::KeysetDisable);
    let disables: Vec<_> = disables.map(|entry| entry.index).collect();
    let [disabled] = disables.as_slice() else {
        panic!("{entries:?}");
    };
    for (given, refused) in asked {
        assert!(given.iter().all(|index| index < disabled), "{given:?}");
        assert!(refused > *disabled);
    }
}
