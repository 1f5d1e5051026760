//! Values of stores change with their entry, each writer sees who was first, and a store goes with
//! its key context.

use strongroom_core::ports::{
    Change, CommitError, InStore, RewrappedStoreValue, SealedStoreValue, Store, StoreRow,
    StoreValueRow,
};
use strongroom_log::sha256;
use strongroom_types::{ClientId, KeyVersion};

use super::{Fixture, context, context_id, on_both_databases};

on_both_databases!(
    a_store_is_found_and_changed_by_who_saw_it_last,
    a_value_is_found_under_its_name_in_its_store,
    who_read_an_older_version_changes_nothing,
    as_many_versions_are_kept_as_is_said,
    a_values_key_part_is_replaced_under_the_key_version_that_was_read,
    a_store_goes_with_its_key_context,
    a_large_store_is_erased_some_at_a_time,
);

fn row(n: u8) -> StoreRow {
    StoreRow {
        context: context_id(n),
        body: vec![n, 0, 255],
        created: 100,
    }
}

fn value(store: u8, name: u8, version: u64) -> SealedStoreValue {
    SealedStoreValue {
        row: StoreValueRow {
            context: context_id(store),
            name: vec![name; 32],
            version,
            key_version: KeyVersion(1),
            client: ClientId::from_bytes([9; 16]),
            created: 100,
            size: 7,
            digest: sha256(b"body"),
        },
        prefix: vec![1; 5],
        body: vec![0, 255, 7],
    }
}

fn put(value: SealedStoreValue) -> Change {
    Change::PutStoreValue { value, keep: 1 }
}

impl Fixture {
    /// Makes a store, and gives the entry that made it.
    async fn store(&self, n: u8) -> u64 {
        let changes = vec![
            Change::InsertContext(context(n)),
            Change::InsertStore(row(n)),
        ];
        self.change(changes).await.unwrap().index
    }

    async fn refuses(&self, change: Change) -> bool {
        let refused = self.change(vec![change]).await;
        matches!(refused, Err(CommitError::Outdated))
    }

    async fn value(&self, store: u8, name: u8) -> InStore<SealedStoreValue> {
        let (store, name) = (context_id(store), [name; 32]);
        let found = self.db.store_value(self.workspace, store, &name).await;
        found.unwrap()
    }

    async fn version(&self, store: u8, name: u8) -> InStore<u64> {
        let (store, name) = (context_id(store), [name; 32]);
        let found = self
            .db
            .store_value_version(self.workspace, store, &name)
            .await;
        found.unwrap()
    }
}

async fn a_store_is_found_and_changed_by_who_saw_it_last(fixture: Fixture) {
    let made = fixture.store(1).await;
    let found = fixture.db.store(fixture.workspace, context_id(1)).await;
    let found = found.unwrap().unwrap();
    assert_eq!((&found.row, found.changed), (&row(1), made));
    assert_eq!(found.map, context(1).map);
    assert!(fixture.refuses(Change::InsertStore(row(1))).await);
    let update = |seen| Change::UpdateStore {
        row: StoreRow {
            body: vec![8],
            ..row(1)
        },
        seen,
    };
    fixture.change(vec![update(made)]).await.unwrap();
    assert!(fixture.refuses(update(made)).await);
    fixture.store(2).await;
    let all = fixture.db.stores(fixture.workspace, None, 9).await.unwrap();
    assert_eq!(all.len(), 2);
    let after = Some(all[0].row.context);
    let rest = fixture.db.stores(fixture.workspace, after, 9).await;
    assert_eq!(rest.unwrap(), all[1..]);
    let other = fixture.second_workspace().await;
    assert!(fixture.db.stores(other, None, 9).await.unwrap().is_empty());
}

async fn a_value_is_found_under_its_name_in_its_store(fixture: Fixture) {
    assert_eq!(fixture.value(1, 1).await, InStore::NoStore);
    assert_eq!(fixture.version(1, 1).await, InStore::NoStore);
    fixture.store(1).await;
    fixture.store(2).await;
    assert_eq!(fixture.value(1, 1).await, InStore::NoValue);
    assert_eq!(fixture.version(1, 1).await, InStore::NoValue);
    fixture.change(vec![put(value(1, 1, 1))]).await.unwrap();
    assert_eq!(fixture.value(1, 1).await, InStore::Value(value(1, 1, 1)));
    assert_eq!(fixture.version(1, 1).await, InStore::Value(1));
    assert_eq!(fixture.value(1, 2).await, InStore::NoValue);
    assert_eq!(fixture.value(2, 1).await, InStore::NoValue);
    let of_none = fixture.change(vec![put(value(3, 1, 1))]).await;
    assert!(matches!(of_none, Err(CommitError::Missing)));
}

async fn who_read_an_older_version_changes_nothing(fixture: Fixture) {
    fixture.store(1).await;
    assert!(fixture.refuses(put(value(1, 1, 2))).await);
    fixture.change(vec![put(value(1, 1, 1))]).await.unwrap();
    assert!(fixture.refuses(put(value(1, 1, 1))).await);
    assert!(fixture.refuses(put(value(1, 1, 3))).await);
    fixture.change(vec![put(value(1, 1, 2))]).await.unwrap();
    assert_eq!(fixture.version(1, 1).await, InStore::Value(2));
}

async fn as_many_versions_are_kept_as_is_said(fixture: Fixture) {
    fixture.store(1).await;
    let kept = async || {
        let stale =
            fixture
                .db
                .stale_store_values(fixture.workspace, context_id(1), KeyVersion(2), None, 9);
        let stale = stale.await.unwrap();
        stale.iter().map(|value| value.version).collect::<Vec<_>>()
    };
    for version in 1..=3 {
        let value = value(1, 1, version);
        let change = Change::PutStoreValue { value, keep: 2 };
        fixture.change(vec![change]).await.unwrap();
    }
    assert_eq!(kept().await, [2, 3]);
    fixture.change(vec![put(value(1, 1, 4))]).await.unwrap();
    assert_eq!(kept().await, [4]);
}

async fn a_values_key_part_is_replaced_under_the_key_version_that_was_read(fixture: Fixture) {
    fixture.store(1).await;
    for name in 1..=3 {
        fixture.change(vec![put(value(1, name, 1))]).await.unwrap();
    }
    let (workspace, store) = (fixture.workspace, context_id(1));
    let stale = async |after, limit| {
        let below = KeyVersion(2);
        let found = fixture
            .db
            .stale_store_values(workspace, store, below, after, limit);
        let found = found.await.unwrap();
        found.iter().map(|value| value.name[0]).collect::<Vec<_>>()
    };
    assert_eq!(stale(None, 2).await, [1, 2]);
    assert_eq!(stale(Some((vec![2; 32], 1)), 2).await, [3]);
    let count = async |below| {
        let count = fixture
            .db
            .count_stale_store_values(workspace, store, KeyVersion(below));
        count.await.unwrap()
    };
    assert_eq!((count(1).await, count(2).await), (0, 3));
    let rewrap = |from| {
        Change::RewrapStoreValue(RewrappedStoreValue {
            context: store,
            name: vec![2; 32],
            version: 1,
            from: KeyVersion(from),
            to: KeyVersion(2),
            prefix: vec![6; 6],
        })
    };
    assert!(fixture.refuses(rewrap(2)).await);
    fixture.change(vec![rewrap(1)]).await.unwrap();
    assert!(fixture.refuses(rewrap(1)).await);
    assert_eq!(stale(None, 9).await, [1, 3]);
    let InStore::Value(moved) = fixture.value(1, 2).await else {
        panic!("gone");
    };
    assert_eq!(moved.row.key_version, KeyVersion(2));
    assert_eq!(
        (moved.prefix, moved.body),
        (vec![6; 6], value(1, 2, 1).body)
    );
}

async fn a_store_goes_with_its_key_context(fixture: Fixture) {
    fixture.store(1).await;
    fixture.store(2).await;
    for store in 1..=2 {
        fixture.change(vec![put(value(store, 1, 1))]).await.unwrap();
    }
    let destroy = Change::DestroyContext {
        id: context_id(1),
        final_after: 9,
    };
    fixture.change(vec![destroy]).await.unwrap();
    assert_eq!(fixture.value(1, 1).await, InStore::NoStore);
    let left =
        fixture
            .db
            .stale_store_values(fixture.workspace, context_id(1), KeyVersion(9), None, 9);
    assert!(left.await.unwrap().is_empty());
    assert_eq!(fixture.value(2, 1).await, InStore::Value(value(2, 1, 1)));
}

async fn a_large_store_is_erased_some_at_a_time(fixture: Fixture) {
    fixture.store(1).await;
    fixture.store(2).await;
    fixture.change(vec![put(value(2, 1, 1))]).await.unwrap();
    for name in 0..150 {
        fixture.change(vec![put(value(1, name, 1))]).await.unwrap();
    }
    let destroy = Change::DestroyContext {
        id: context_id(1),
        final_after: 9,
    };
    fixture.change(vec![destroy]).await.unwrap();
    assert_eq!(fixture.value(1, 149).await, InStore::NoStore);
    let late = fixture.change(vec![put(value(1, 150, 1))]).await;
    assert!(matches!(late, Err(CommitError::Missing)));
    // The entry that destroyed it erased the first 64.
    assert!(fixture.refuses(Change::InsertStore(row(1))).await);
    let erase = async || fixture.db.erase_store_values(50).await.unwrap();
    assert_eq!(erase().await, 50);
    assert!(fixture.refuses(Change::InsertStore(row(1))).await);
    assert_eq!((erase().await, erase().await), (36, 0));
    fixture
        .change(vec![Change::InsertStore(row(1))])
        .await
        .unwrap();
    assert_eq!(fixture.value(1, 149).await, InStore::NoValue);
    assert_eq!(fixture.value(2, 1).await, InStore::Value(value(2, 1, 1)));
}
