//! Versions of objects, and what deleting leaves: listed, read, restored, destroyed.

use strongroom_client::{Client, EntryFilter, ObjectFilter, PageQuery};
use strongroom_tests::on_each_database;
use strongroom_tests::poll::poll;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::{ObjectCreate, ObjectDelete, ObjectRead, ObjectUpdate, StoredObject};
use strongroom_types::{Code, ObjectId, Operation, Reason};

on_each_database!(
    old_versions_are_listed_and_read,
    an_old_version_becomes_the_newest_again,
    a_destroyed_version_is_gone_for_good,
    a_deleted_name_is_free_at_once,
    an_object_is_not_restored_under_a_name_since_taken,
    a_purged_object_is_gone_for_good,
    a_rotated_key_still_opens_what_it_sealed,
);

/// An object with so many versions, whose values are their numbers.
async fn versions(client: &Client, name: &str, count: u64) -> StoredObject {
    let objects = client.objects();
    let request = ObjectCreate::new(tenant("acme"), name, "1");
    let mut object = objects.create(request).await.unwrap();
    for version in 2..=count {
        let update = ObjectUpdate::new(version.to_string().as_str());
        object = objects.update(object.id, update).await.unwrap();
    }
    object
}

fn version(id: ObjectId, version: u64) -> ObjectRead {
    ObjectRead {
        version: Some(version),
        ..ObjectRead::by_id(id)
    }
}

async fn value(client: &Client, which: ObjectRead) -> String {
    let read = client.objects().read(&which).await.unwrap();
    String::from_utf8(read.value.unwrap().0).unwrap()
}

async fn old_versions_are_listed_and_read(room: Room) {
    let object = versions(&room.client, "a", 5).await;
    let objects = room.client.objects();
    let query = |page| PageQuery {
        limit: Some(2),
        page,
    };
    let mut listed = Vec::new();
    let mut page = None;
    loop {
        let found = objects.versions(object.id, &query(page)).await.unwrap();
        listed.extend(found.items);
        match found.next {
            None => break,
            next => page = next,
        }
    }
    let numbers: Vec<_> = listed
        .iter()
        .map(|info| (info.version, info.current))
        .collect();
    let expected = [(5, true), (4, false), (3, false), (2, false), (1, false)];
    assert_eq!(numbers, expected);
    assert_eq!(listed[0].digest, object.digest);
    for info in &listed {
        let which = version(object.id, info.version);
        let read = objects.read(&which).await.unwrap();
        assert_eq!(read.value.unwrap().0, info.version.to_string().into_bytes());
        assert_eq!((read.version, &read.digest), (info.version, &info.digest));
    }
    for wrong in [0, 6, u64::MAX] {
        let refused = objects.read(&version(object.id, wrong)).await;
        let expected = (404, Code::NotFound);
        room.assert_refused(refused, expected, Reason::NotFound)
            .await;
    }
}

async fn an_old_version_becomes_the_newest_again(room: Room) {
    let object = versions(&room.client, "a", 3).await;
    let objects = room.client.objects();
    let restored = objects
        .restore_version(object.id, 1, Some(3))
        .await
        .unwrap();
    assert_eq!((restored.version, restored.value), (4, None));
    assert_eq!(value(&room.client, ObjectRead::by_id(object.id)).await, "1");
    let entry = room.entry(restored.log_entry.unwrap()).await;
    assert_eq!(entry.operation, Operation::ObjectUpdate);
    assert_eq!(entry.facts["restored"], "1");
    let filter = EntryFilter {
        operation: Some(Operation::ObjectVersionRestore),
        ..EntryFilter::default()
    };
    let opened = room.entries(filter).await;
    assert_eq!(opened.len(), 1);
    assert_eq!(entry.of, Some(opened[0].index));
    assert_eq!(opened[0].facts["version"], "1");
    let refused = objects.restore_version(object.id, 9, None).await;
    let expected = (404, Code::NotFound);
    room.assert_refused(refused, expected, Reason::NotFound)
        .await;
}

async fn a_destroyed_version_is_gone_for_good(room: Room) {
    let object = versions(&room.client, "a", 3).await;
    let objects = room.client.objects();
    let destroyed = objects.destroy_version(object.id, 2).await.unwrap();
    assert!(destroyed.destroyed.is_some() && !destroyed.current);
    let gone = (404, Code::NotFound);
    for refused in [
        objects.read(&version(object.id, 2)).await.map(drop),
        objects.restore_version(object.id, 2, None).await.map(drop),
        objects.destroy_version(object.id, 2).await.map(drop),
        objects.destroy_version(object.id, 9).await.map(drop),
    ] {
        room.assert_refused(refused, gone, Reason::NotFound).await;
    }
    let refused = objects.destroy_version(object.id, 3).await;
    let expected = (409, Code::Conflict);
    room.assert_refused(refused, expected, Reason::Conflict)
        .await;
    let listed = objects.versions(object.id, &PageQuery::default()).await;
    let listed = listed.unwrap().items;
    let gone: Vec<_> = listed.iter().map(|info| info.destroyed.is_some()).collect();
    assert_eq!(gone, [false, true, false]);
    assert_eq!(value(&room.client, version(object.id, 1)).await, "1");
    assert_eq!(value(&room.client, ObjectRead::by_id(object.id)).await, "3");
    // Its number is not used again.
    let update = ObjectUpdate::new("4");
    assert_eq!(objects.update(object.id, update).await.unwrap().version, 4);
}

async fn a_deleted_name_is_free_at_once(room: Room) {
    let first = versions(&room.client, "a", 2).await;
    let objects = room.client.objects();
    let deleted = objects.delete(first.id, ObjectDelete::default()).await;
    let deleted = deleted.unwrap();
    assert!(deleted.deleted.is_some() && deleted.purged_after.is_some());
    let gone = (404, Code::NotFound);
    for refused in [
        objects.read(&ObjectRead::by_id(first.id)).await.map(drop),
        objects.read(&ObjectRead::by_name("a")).await.map(drop),
        objects.describe(first.id).await.map(drop),
        objects
            .update(first.id, ObjectUpdate::new("x"))
            .await
            .map(drop),
        objects
            .delete(first.id, ObjectDelete::default())
            .await
            .map(drop),
    ] {
        room.assert_refused(refused, gone, Reason::NotFound).await;
    }
    let second = versions(&room.client, "a", 1).await;
    assert_ne!(first.id, second.id);
    assert_eq!(value(&room.client, ObjectRead::by_name("a")).await, "1");
}

async fn an_object_is_not_restored_under_a_name_since_taken(room: Room) {
    let first = versions(&room.client, "a", 2).await;
    let objects = room.client.objects();
    objects
        .delete(first.id, ObjectDelete::default())
        .await
        .unwrap();
    let second = versions(&room.client, "a", 1).await;
    let refused = objects.restore(first.id, None).await;
    let expected = (409, Code::Conflict);
    room.assert_refused(refused, expected, Reason::NameTaken)
        .await;
    let refused = objects.restore(second.id, None).await;
    room.assert_refused(refused, expected, Reason::Conflict)
        .await;
    objects
        .delete(second.id, ObjectDelete::default())
        .await
        .unwrap();
    let refused = objects.restore(first.id, Some(1)).await;
    let conflict = (409, Code::VersionConflict);
    room.assert_refused(refused, conflict, Reason::VersionConflict)
        .await;
    let restored = objects.restore(first.id, Some(2)).await.unwrap();
    assert_eq!((restored.version, restored.deleted), (2, None));
    assert_eq!(value(&room.client, ObjectRead::by_name("a")).await, "2");
    assert_eq!(value(&room.client, version(first.id, 1)).await, "1");
}

async fn a_purged_object_is_gone_for_good(room: Room) {
    let object = versions(&room.client, "a", 2).await;
    let objects = room.client.objects();
    let delete = ObjectDelete {
        version_check: None,
        purge_in: Some(0),
    };
    objects.delete(object.id, delete).await.unwrap();
    let purges = poll(async || {
        let filter = EntryFilter {
            operation: Some(Operation::ObjectPurge),
            ..EntryFilter::default()
        };
        let found = room.entries(filter).await;
        (!found.is_empty()).then_some(found)
    });
    let purge = &purges.await[0];
    assert_eq!((purge.client, purge.count), (None, 1));
    let items = room.client.log().items(purge.index).await.unwrap().items;
    assert_eq!(items[0].name, Some(object.id.to_string()));
    let refused = objects.restore(object.id, None).await;
    let gone = (404, Code::NotFound);
    room.assert_refused(refused, gone, Reason::NotFound).await;
    let filter = ObjectFilter {
        deleted: true,
        ..ObjectFilter::default()
    };
    assert!(objects.list(&filter).await.unwrap().items.is_empty());
}

async fn a_rotated_key_still_opens_what_it_sealed(room: Room) {
    let object = versions(&room.client, "a", 2).await;
    room.client.contexts().rotate(object.key.id).await.unwrap();
    let objects = room.client.objects();
    let updated = objects.update(object.id, ObjectUpdate::new("3")).await;
    assert_eq!(updated.unwrap().key.version.0, 2);
    let listed = objects.versions(object.id, &PageQuery::default()).await;
    let listed = listed.unwrap().items;
    let keys: Vec<_> = listed.iter().map(|info| info.key.version.0).collect();
    assert_eq!(keys, [2, 1, 1]);
    for n in 1..=3 {
        assert_eq!(
            value(&room.client, version(object.id, n)).await,
            n.to_string()
        );
    }
}
