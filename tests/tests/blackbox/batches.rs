//! Batches: many items, one entry, a result for each.

use strongroom_client::{Client, Encoding, EntryFilter};
use strongroom_log::{Hash, Item, ItemId, Items, sha256};
use strongroom_tests::hex;
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::{
    Batch, DecryptItem, EncryptAnswer, EncryptItem, EncryptRequest, ItemResult, ItemView,
    RewrapItem,
};
use strongroom_types::{Code, Kind, Operation, Outcome, Reason};

on_each_database!(
    results_come_in_the_order_of_the_items,
    json_and_cbor_are_answered_alike,
    an_item_fails_alone,
    a_batch_is_one_entry_with_its_items,
    a_filter_finds_a_key_context_inside_a_batch,
    a_filter_finds_denied_items_of_a_batch_that_was_allowed,
    a_batch_that_is_denied_for_one_reason_has_that_reason,
    the_items_of_what_is_no_batch_are_not_found,
    rewrap_batch_moves_every_item,
    an_empty_or_oversized_batch_is_refused,
    a_batch_of_the_largest_size_is_one_entry,
);

fn batch<T>(items: Vec<T>) -> Batch<T> {
    Batch {
        items,
        metadata: None,
    }
}

fn values<T: core::fmt::Debug>(results: Vec<ItemResult<T>>) -> Vec<T> {
    let value = |result| match result {
        ItemResult::Ok(value) => value,
        ItemResult::Err { error } => panic!("{error:?}"),
    };
    results.into_iter().map(value).collect()
}

async fn seal(client: &Client, tenants: &[&str]) -> (Vec<EncryptAnswer>, u64) {
    let items = tenants
        .iter()
        .map(|name| EncryptItem::new(tenant(name), *name));
    let answer = client.encrypt_batch(batch(items.collect())).await.unwrap();
    (values(answer.results), answer.log_entry.index)
}

async fn results_come_in_the_order_of_the_items(room: Room) {
    let tenants = ["c", "a", "b", "a"];
    let (sealed, _) = seal(&room.client, &tenants).await;
    assert_eq!(sealed[1].key.id, sealed[3].key.id);
    let items = tenants.iter().zip(sealed);
    let items = items.map(|(name, sealed)| DecryptItem::new(tenant(name), sealed.ciphertext));
    let opened = room
        .client
        .decrypt_batch(batch(items.collect()))
        .await
        .unwrap();
    let opened: Vec<_> = values(opened.results)
        .into_iter()
        .map(|item| item.plaintext.0)
        .collect();
    assert_eq!(opened, [b"c", b"a", b"b", b"a"]);
}

async fn json_and_cbor_are_answered_alike(room: Room) {
    for encoding in [Encoding::Json, Encoding::Cbor] {
        let client = Client::builder(&room.server.sheet().url)
            .api_key(&room.api_key)
            .batch_encoding(encoding)
            .build()
            .unwrap();
        let (sealed, _) = seal(&client, &["acme"]).await;
        let items = vec![
            DecryptItem::new(tenant("acme"), sealed[0].ciphertext.clone()),
            DecryptItem::new(tenant("acme"), "altered"),
        ];
        let answer = client.decrypt_batch(batch(items)).await.unwrap();
        let [ItemResult::Ok(opened), ItemResult::Err { error }] = answer.results.as_slice() else {
            panic!("{answer:?}");
        };
        assert_eq!(opened.plaintext.0, b"acme");
        assert_eq!(error.code, Code::CannotDecrypt);
    }
}

async fn an_item_fails_alone(room: Room) {
    let (mut sealed, _) = seal(&room.client, &["a", "b", "c"]).await;
    let last = sealed[1].ciphertext.0.last_mut().unwrap();
    *last ^= 1;
    let items = ["a", "b", "wrong"].iter().zip(&sealed);
    let items = items.map(|(name, one)| DecryptItem::new(tenant(name), one.ciphertext.clone()));
    let answer = room
        .client
        .decrypt_batch(batch(items.collect()))
        .await
        .unwrap();
    let codes: Vec<_> = answer
        .results
        .iter()
        .map(|result| match result {
            ItemResult::Ok(_) => None,
            ItemResult::Err { error } => Some(error.code),
        })
        .collect();
    assert_eq!(
        codes,
        [None, Some(Code::CannotDecrypt), Some(Code::ContextMismatch)]
    );
    let view = room
        .client
        .log()
        .items(answer.log_entry.index)
        .await
        .unwrap();
    let outcomes: Vec<_> = view.items.iter().map(|item| item.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Allowed, Outcome::Allowed, Outcome::Denied]
    );
    assert_eq!(view.items[2].reason, Some(Reason::ContextMismatch));
    // The altered one was found out after the door had opened: a linked entry says so.
    let (outcome, _) = room.ending(answer.log_entry).await;
    assert_eq!(outcome, Outcome::Failed);
}

async fn a_batch_is_one_entry_with_its_items(room: Room) {
    let (sealed, index) = seal(&room.client, &["a", "b", "a"]).await;
    let all = room.entries(EntryFilter::default()).await;
    let encrypted = all
        .iter()
        .filter(|entry| entry.operation == Operation::Encrypt);
    let [entry] = encrypted.collect::<Vec<_>>()[..] else {
        panic!("more than one entry")
    };
    assert_eq!((entry.index, entry.count), (index, 3));
    assert_eq!(entry.key_contexts.len(), 2);
    let view = room.client.log().items(index).await.unwrap();
    let items: Vec<_> = view.items.iter().map(record).collect();
    for (item, sealed) in items.iter().zip(&sealed) {
        assert_eq!(item.digest, Some(sha256(&sealed.ciphertext.0)));
    }
    let root = Items(items).root();
    assert_eq!(view.root, hex::encode(root.as_bytes()));
    let log = strongroom_tests::whole_log::WholeLog::fetch(&room.client, &room.verifier()).await;
    assert_eq!(log.entry(index).items, Some(root));
}

/// The record that a view was made from.
fn record(view: &ItemView) -> Item {
    let digest = view.digest.as_ref().map(|text| {
        let byte = |i: usize| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap();
        Hash::from_bytes(core::array::from_fn(byte))
    });
    Item {
        id: ItemId::Position(view.position),
        context: view
            .context
            .map(|id| (Kind::Context, id, view.version.unwrap())),
        outcome: view.outcome,
        reason: view.reason,
        digest,
        moved_to: view.moved_to,
    }
}

async fn a_filter_finds_a_key_context_inside_a_batch(room: Room) {
    let (_, index) = seal(&room.client, &["a", "b"]).await;
    let (_, other) = seal(&room.client, &["c"]).await;
    let of = |name| EntryFilter {
        key_context: Some(tenant(name)),
        operation: Some(Operation::Encrypt),
        ..EntryFilter::default()
    };
    for (name, expected) in [("a", vec![index]), ("b", vec![index]), ("c", vec![other])] {
        let found = room.entries(of(name)).await;
        let found: Vec<_> = found.iter().map(|entry| entry.index).collect();
        assert_eq!(found, expected, "{name}");
    }
    assert!(room.entries(of("d")).await.is_empty());
}

async fn rewrap_batch_moves_every_item(room: Room) {
    let (sealed, _) = seal(&room.client, &["a", "b"]).await;
    for one in &sealed {
        room.client.contexts().rotate(one.key.id).await.unwrap();
    }
    let items = ["a", "b"].iter().zip(sealed);
    let items = items.map(|(name, one)| RewrapItem::new(tenant(name), one.ciphertext));
    let moved = room
        .client
        .rewrap_batch(batch(items.collect()))
        .await
        .unwrap();
    for one in values(moved.results) {
        assert_eq!(one.key.version.0, 2);
    }
    // The entry tells of each item which version it was moved from and to.
    let index = moved.log_entry.index;
    let view = room.client.log().items(index).await.unwrap();
    for item in &view.items {
        let versions = [item.version, item.moved_to].map(|version| version.unwrap().0);
        assert_eq!(versions, [1, 2]);
    }
    let root = Items(view.items.iter().map(record).collect()).root();
    let log = strongroom_tests::whole_log::WholeLog::fetch(&room.client, &room.verifier()).await;
    assert_eq!(log.entry(index).items, Some(root));
}

async fn an_empty_or_oversized_batch_is_refused(room: Room) {
    let item = r#"{"key_context":{"tenant":"a"},"plaintext":""}"#;
    let many = vec![item; 10_001].join(",");
    for items in ["", many.as_str()] {
        let body = format!(r#"{{"items":[{items}]}}"#);
        let reply = room.post("/v1/encrypt/batch", body).await;
        let expected = (400, "invalid_request");
        room.assert_problem(&reply, expected, Reason::InvalidRequest)
            .await;
    }
}

async fn a_batch_of_the_largest_size_is_one_entry(room: Room) {
    let tenants: Vec<_> = (0..10_000).map(|i| format!("tenant {}", i % 300)).collect();
    let tenants: Vec<_> = tenants.iter().map(String::as_str).collect();
    let (sealed, index) = seal(&room.client, &tenants).await;
    assert_eq!(sealed.len(), 10_000);
    let view = room.client.log().items(index).await.unwrap();
    assert_eq!(view.items.len(), 10_000);
    let items = Items(view.items.iter().map(record).collect());
    assert_eq!(view.root, hex::encode(items.root().as_bytes()));
    let found = room.entries(EntryFilter {
        key_context: Some(tenant("tenant 299")),
        operation: Some(Operation::Encrypt),
        ..EntryFilter::default()
    });
    assert_eq!(found.await[0].index, index);
}

async fn a_filter_finds_denied_items_of_a_batch_that_was_allowed(room: Room) {
    let alice = room.person("alice").await;
    let (sealed, _) = seal(&room.client, &["a", "b"]).await;
    let item =
        |name: &str, at: usize| DecryptItem::new(tenant(name), sealed[at].ciphertext.clone());
    // The second names another key context than it is sealed under.
    let mixed = batch(vec![item("a", 0), item("a", 1), item("a", 0)]);
    let mixed = alice.decrypt_batch(mixed).await.unwrap().log_entry;
    let good = batch(vec![item("a", 0), item("b", 1)]);
    let good = alice.decrypt_batch(good).await.unwrap().log_entry;
    for filter in [
        EntryFilter::default(),
        EntryFilter {
            subject: Some("alice".to_owned()),
            ..EntryFilter::default()
        },
        EntryFilter {
            key_context: Some(tenant("a")),
            ..EntryFilter::default()
        },
        EntryFilter {
            operation: Some(Operation::Decrypt),
            subject: Some("alice".to_owned()),
            key_context: Some(tenant("a")),
            ..EntryFilter::default()
        },
    ] {
        let ended = |outcome| EntryFilter {
            outcome: Some(outcome),
            ..filter.clone()
        };
        let denied = room.entries(ended(Outcome::Denied)).await;
        let found: Vec<_> = denied.iter().map(|entry| entry.index).collect();
        assert_eq!(found, [mixed.index], "{filter:?}");
        assert_eq!(denied[0].outcome, Outcome::Allowed);
        assert_eq!(denied[0].facts["denied_items"], "1");
        // It is no less allowed for that.
        let allowed = room.entries(ended(Outcome::Allowed)).await;
        let is = |index| allowed.iter().any(|entry| entry.index == index);
        assert!(is(mixed.index) && is(good.index), "{filter:?}");
    }
    let good = room.entry(good).await;
    assert!(!good.facts.contains_key("denied_items"), "{good:?}");
}

async fn a_batch_that_is_denied_for_one_reason_has_that_reason(room: Room) {
    let (sealed, _) = seal(&room.client, &["a", "b"]).await;
    let item = |name: &str, at: usize| {
        let ciphertext = sealed.get(at).map(|sealed| sealed.ciphertext.clone());
        DecryptItem::new(
            tenant(name),
            ciphertext.unwrap_or_else(|| b"none".to_vec().into()),
        )
    };
    let open = async |items| {
        let answer = room.client.decrypt_batch(batch(items)).await.unwrap();
        room.entry(answer.log_entry).await
    };
    let one = open(vec![item("a", 1), item("b", 0)]).await;
    let ended = (one.outcome, one.reason);
    assert_eq!(ended, (Outcome::Denied, Some(Reason::ContextMismatch)));
    let several = open(vec![item("a", 1), item("a", 9)]).await;
    assert_eq!((several.outcome, several.reason), (Outcome::Denied, None));
    let some = open(vec![item("a", 0), item("a", 1)]).await;
    assert_eq!((some.outcome, some.reason), (Outcome::Allowed, None));
}

async fn the_items_of_what_is_no_batch_are_not_found(room: Room) {
    let request = EncryptRequest::new(tenant("acme"), "v");
    let single = room.client.encrypt(request).await.unwrap();
    let index = single.log_entry.unwrap().index;
    for (index, detail) in [
        (index, "entry is not a batch's"),
        (index + 1_000_000, "no such log entry"),
    ] {
        let reply = room.read(&format!("/v1/log/items/{index}")).await;
        room.assert_problem(&reply, (404, "not_found"), Reason::NotFound)
            .await;
        assert_eq!(reply.text("detail"), detail);
    }
}
