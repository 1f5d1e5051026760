//! Objects change with their entry, each writer sees who was first, and lists keep their order.

use strongroom_core::ports::{
    Change, CommitError, FoundObject, Micros, ObjectRow, ObjectVersionRow, ObjectsFilter,
    ObjectsRange, RewrappedVersion, SealedVersion, Store,
};
use strongroom_log::sha256;
use strongroom_types::body::Order;
use strongroom_types::{ClientId, ContextId, KeyVersion, ObjectId};

use super::{Fixture, context, context_id, on_both_databases};

on_both_databases!(
    an_object_is_found_by_id_and_by_name,
    a_name_belongs_to_one_live_object,
    who_read_an_older_state_changes_nothing,
    a_destroyed_version_holds_nothing,
    only_what_is_due_is_purged,
    a_key_part_is_replaced_under_the_key_version_that_was_read,
    lists_keep_the_order_of_the_entries,
    lists_are_filtered,
);

fn id(n: u8) -> ObjectId {
    ObjectId::from_bytes([n; 16])
}

fn row(n: u8, name: u8) -> ObjectRow {
    ObjectRow {
        id: id(n),
        context: context_id(1),
        name_hash: [name; 32],
        body: vec![n, name],
        version: 1,
        created: 100,
        updated: 100 + Micros::from(n),
        expires: None,
        deleted: None,
        purge: None,
    }
}

fn version(version: u64) -> SealedVersion {
    SealedVersion {
        row: ObjectVersionRow {
            version,
            key_version: KeyVersion(1),
            client: ClientId::from_bytes([9; 16]),
            created: 100,
            size: 7,
            digest: sha256(b"body"),
            destroyed: None,
        },
        prefix: vec![1; 5],
        body: vec![0, 255, 7],
    }
}

/// A second version of an object.
fn replaced(n: u8, seen: u64) -> Change {
    Change::PutObject {
        row: ObjectRow {
            version: 2,
            ..row(n, n)
        },
        seen,
        version: Some(version(2)),
    }
}

impl Fixture {
    /// Makes objects named like their numbers, and gives the entries that made them.
    async fn keep(&self, numbers: &[u8]) -> Vec<u64> {
        if self
            .db
            .context(self.workspace, context_id(1))
            .await
            .unwrap()
            .is_none()
        {
            let insert = Change::InsertContext(context(1));
            self.change(vec![insert]).await.unwrap();
        }
        let mut entries = Vec::new();
        for n in numbers {
            let insert = Change::InsertObject(row(*n, *n), version(1));
            entries.push(self.change(vec![insert]).await.unwrap().index);
        }
        entries
    }

    async fn object(&self, n: u8) -> Option<FoundObject> {
        self.db.object(self.workspace, id(n)).await.unwrap()
    }

    async fn is_outdated(&self, change: Change) -> bool {
        let size = self.size(self.workspace).await;
        let refused = self.change(vec![change]).await;
        assert_eq!(
            self.size(self.workspace).await - size,
            u64::from(refused.is_ok())
        );
        matches!(refused, Err(CommitError::Outdated))
    }
}

async fn an_object_is_found_by_id_and_by_name(fixture: Fixture) {
    let entries = fixture.keep(&[1]).await;
    let found = fixture.object(1).await.unwrap();
    assert_eq!((found.made, found.changed), (entries[0], entries[0]));
    assert_eq!(found.row, row(1, 1));
    assert_eq!(found.newest, version(1).row);
    assert_eq!(found.map, context(1).map);
    let named = fixture.db.object_named(fixture.workspace, &[1; 32]).await;
    assert_eq!(named.unwrap(), Some(found));
    let stored = fixture.db.object_version(fixture.workspace, id(1), 1).await;
    assert_eq!(stored.unwrap(), Some(version(1)));
    assert_eq!(fixture.object(2).await, None);
    let other = fixture.second_workspace().await;
    assert_eq!(fixture.db.object(other, id(1)).await.unwrap(), None);
}

async fn a_name_belongs_to_one_live_object(fixture: Fixture) {
    let entries = fixture.keep(&[1]).await;
    let second = Change::InsertObject(row(2, 1), version(1));
    assert!(fixture.is_outdated(second.clone()).await);
    let deleted = ObjectRow {
        deleted: Some(5),
        purge: Some(50),
        ..row(1, 1)
    };
    let delete = Change::PutObject {
        row: deleted,
        seen: entries[0],
        version: None,
    };
    let deleted = fixture.change(vec![delete]).await.unwrap().index;
    fixture.change(vec![second]).await.unwrap();
    let restore = Change::PutObject {
        row: row(1, 1),
        seen: deleted,
        version: None,
    };
    assert!(fixture.is_outdated(restore).await);
    let named = fixture.db.object_named(fixture.workspace, &[1; 32]).await;
    assert_eq!(named.unwrap().unwrap().row.id, id(2));
}

async fn who_read_an_older_state_changes_nothing(fixture: Fixture) {
    let made = fixture.keep(&[1]).await[0];
    let changed = fixture.change(vec![replaced(1, made)]).await.unwrap().index;
    let found = fixture.object(1).await.unwrap();
    assert_eq!((found.made, found.changed), (made, changed));
    assert_eq!(found.row.version, 2);
    assert!(fixture.is_outdated(replaced(1, made)).await);
    assert!(fixture.is_outdated(replaced(7, made)).await);
    let versions = fixture
        .db
        .object_versions(fixture.workspace, id(1), None, 10)
        .await
        .unwrap();
    assert_eq!(versions, [version(2).row, version(1).row]);
    let older = fixture
        .db
        .object_versions(fixture.workspace, id(1), Some(2), 10)
        .await
        .unwrap();
    assert_eq!(older, [version(1).row]);
}

async fn a_destroyed_version_holds_nothing(fixture: Fixture) {
    fixture.keep(&[1]).await;
    let destroy = Change::DestroyObjectVersion {
        object: id(1),
        version: 1,
    };
    fixture.change(vec![destroy.clone()]).await.unwrap();
    let stored = fixture.db.object_version(fixture.workspace, id(1), 1).await;
    let stored = stored.unwrap().unwrap();
    assert!(stored.row.destroyed.is_some() && stored.prefix.is_empty() && stored.body.is_empty());
    assert!(fixture.is_outdated(destroy).await);
}

async fn only_what_is_due_is_purged(fixture: Fixture) {
    let made = fixture.keep(&[1, 2]).await;
    let due = ObjectRow {
        purge: Some(50),
        ..row(1, 1)
    };
    let put = Change::PutObject {
        row: due,
        seen: made[0],
        version: None,
    };
    fixture.change(vec![put]).await.unwrap();
    let purge = |n, due| Change::PurgeObject { object: id(n), due };
    assert!(fixture.db.due_objects(49, 10).await.unwrap().is_empty());
    let found = fixture.db.due_objects(50, 10).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|due| (due.workspace, due.object))
        .collect();
    assert_eq!(found, [(fixture.workspace, id(1))]);
    assert!(fixture.is_outdated(purge(1, 49)).await);
    assert!(fixture.is_outdated(purge(2, 99)).await);
    fixture.change(vec![purge(1, 50)]).await.unwrap();
    assert_eq!(fixture.object(1).await, None);
    let gone = fixture.db.object_version(fixture.workspace, id(1), 1).await;
    assert_eq!(gone.unwrap(), None);
    assert!(fixture.object(2).await.is_some());
}

async fn a_key_part_is_replaced_under_the_key_version_that_was_read(fixture: Fixture) {
    let made = fixture.keep(&[1, 2]).await;
    fixture.change(vec![replaced(1, made[0])]).await.unwrap();
    let (workspace, context) = (fixture.workspace, context_id(1));
    let stale = async |after, limit| {
        let below = KeyVersion(2);
        let found = fixture
            .db
            .stale_versions(workspace, context, below, after, limit);
        let found = found.await.unwrap();
        found
            .iter()
            .map(|stale| (stale.object, stale.version))
            .collect::<Vec<_>>()
    };
    let count = async || {
        let count = fixture
            .db
            .count_stale_versions(workspace, context, KeyVersion(2));
        count.await.unwrap()
    };
    assert_eq!(stale(None, 2).await, [(id(1), 1), (id(1), 2)]);
    assert_eq!(stale(Some((id(1), 2)), 2).await, [(id(2), 1)]);
    assert_eq!(count().await, 3);
    let rewrap = |from| {
        Change::RewrapObjectVersion(RewrappedVersion {
            object: id(1),
            version: 2,
            from: KeyVersion(from),
            to: KeyVersion(2),
            prefix: vec![6; 6],
        })
    };
    assert!(fixture.is_outdated(rewrap(2)).await);
    fixture.change(vec![rewrap(1)]).await.unwrap();
    assert!(fixture.is_outdated(rewrap(1)).await);
    let stored = fixture.db.object_version(workspace, id(1), 2).await;
    let stored = stored.unwrap().unwrap();
    assert_eq!(
        (stored.row.key_version, stored.prefix),
        (KeyVersion(2), vec![6; 6])
    );
    assert_eq!(stored.body, version(2).body);
    let destroy = Change::DestroyObjectVersion {
        object: id(1),
        version: 1,
    };
    fixture.change(vec![destroy]).await.unwrap();
    assert_eq!(stale(None, 9).await, [(id(2), 1)]);
    assert_eq!(count().await, 1);
}

async fn listed(fixture: &Fixture, filter: &ObjectsFilter, range: ObjectsRange) -> Vec<ObjectId> {
    let found = fixture.db.objects(fixture.workspace, filter, range).await;
    found.unwrap().iter().map(|found| found.row.id).collect()
}

async fn lists_keep_the_order_of_the_entries(fixture: Fixture) {
    // Not the order of their ids.
    let made = fixture.keep(&[5, 1, 3]).await;
    let range = |order, behind, limit| ObjectsRange {
        order,
        behind,
        limit,
    };
    let all = ObjectsFilter::default();
    let list = async |range| listed(&fixture, &all, range).await;
    assert_eq!(
        list(range(Order::Asc, None, 9)).await,
        [id(5), id(1), id(3)]
    );
    assert_eq!(list(range(Order::Desc, None, 2)).await, [id(3), id(1)]);
    assert_eq!(list(range(Order::Asc, Some(made[0]), 1)).await, [id(1)]);
    assert_eq!(list(range(Order::Desc, Some(made[1]), 9)).await, [id(5)]);
    let ids = fixture
        .db
        .all_objects(fixture.workspace, Some(id(1)), 9)
        .await;
    let ids: Vec<_> = ids.unwrap().iter().map(|found| found.row.id).collect();
    assert_eq!(ids, [id(3), id(5)]);
}

async fn lists_are_filtered(fixture: Fixture) {
    let made = fixture.keep(&[1, 2, 3]).await;
    let deleted = ObjectRow {
        deleted: Some(5),
        purge: Some(50),
        ..row(2, 2)
    };
    let delete = Change::PutObject {
        row: deleted,
        seen: made[1],
        version: None,
    };
    fixture.change(vec![delete]).await.unwrap();
    let range = ObjectsRange {
        order: Order::Asc,
        behind: None,
        limit: 9,
    };
    let none = ObjectsFilter::default();
    let list = async |filter| listed(&fixture, &filter, range).await;
    assert_eq!(list(none.clone()).await, [id(1), id(3)]);
    let named = ObjectsFilter {
        name_hash: Some([3; 32]),
        ..none.clone()
    };
    assert_eq!(list(named).await, [id(3)]);
    let gone = |now| ObjectsFilter {
        deleted: true,
        now,
        ..none.clone()
    };
    assert_eq!(list(gone(49)).await, [id(2)]);
    assert!(list(gone(50)).await.is_empty());
    for (context, found) in [(1, 2), (2, 0)] {
        let of_context = ObjectsFilter {
            context: Some(ContextId::from_bytes([context; 32])),
            ..none.clone()
        };
        assert_eq!(list(of_context).await.len(), found);
    }
    let between = ObjectsFilter {
        updated_from: Some(101),
        updated_to: Some(103),
        ..none
    };
    assert_eq!(list(between).await, [id(1)]);
}
