//! Lists of objects: pages that lead both ways while others write, and show nobody else's.

use std::collections::BTreeSet;

use strongroom_client::{Client, ObjectFilter};
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, context, tenant};
use strongroom_types::body::{ObjectCreate, ObjectDelete, ObjectUpdate, ObjectsPage, Order};
use strongroom_types::{Code, Permission, Reason};

on_each_database!(
    pages_lead_both_ways_under_concurrent_inserts,
    the_newest_come_ahead_of_a_page,
    lists_are_filtered_by_name_context_time_and_state,
    a_token_is_of_its_client_and_order_only,
    a_page_has_one_to_a_hundred_objects,
    pages_of_a_client_hold_its_own_objects_only,
);

async fn keep(client: &Client, name: &str) {
    let request = ObjectCreate::new(tenant("acme"), name, "v");
    client.objects().create(request).await.unwrap();
}

fn names(page: &ObjectsPage) -> Vec<String> {
    page.items
        .iter()
        .map(|object| object.name.clone())
        .collect()
}

fn ascending(limit: u32) -> ObjectFilter {
    ObjectFilter {
        order: Some(Order::Asc),
        limit: Some(limit),
        ..ObjectFilter::default()
    }
}

async fn pages_lead_both_ways_under_concurrent_inserts(room: Room) {
    for n in 0..25 {
        keep(&room.client, &format!("old {n:02}")).await;
    }
    let objects = room.client.objects();
    let insert = async {
        for n in 0..25 {
            keep(&room.client, &format!("new {n:02}")).await;
        }
    };
    let walk = async {
        let mut pages: Vec<ObjectsPage> = Vec::new();
        loop {
            let after = pages.last().and_then(|page| page.after.clone());
            let filter = ObjectFilter {
                after,
                ..ascending(7)
            };
            pages.push(objects.list(&filter).await.unwrap());
            if pages.last().unwrap().after.is_none() {
                return pages;
            }
        }
    };
    let (pages, ()) = tokio::join!(walk, insert);
    let walked: Vec<String> = pages.iter().flat_map(names).collect();
    let once: BTreeSet<&String> = walked.iter().collect();
    assert_eq!(once.len(), walked.len(), "an object came twice");
    for n in 0..25 {
        assert!(once.contains(&format!("old {n:02}")), "{n} was left out");
    }
    // Back again, page by page: the same objects, each page ahead of the one it was asked for.
    let mut place = pages.last().unwrap().before.clone();
    for page in pages.iter().rev().skip(1) {
        let filter = ObjectFilter {
            before: place,
            ..ascending(7)
        };
        let again = objects.list(&filter).await.unwrap();
        assert_eq!(names(&again), names(page));
        assert!(again.after.is_some());
        place = again.before;
    }
    let filter = ObjectFilter {
        before: place,
        ..ascending(7)
    };
    let ahead = objects.list(&filter).await.unwrap();
    assert!(ahead.items.is_empty() && ahead.before.is_none() && ahead.after.is_none());
}

async fn the_newest_come_ahead_of_a_page(room: Room) {
    for n in 0..4 {
        keep(&room.client, &n.to_string()).await;
    }
    let objects = room.client.objects();
    let newest = ObjectFilter {
        limit: Some(2),
        ..ObjectFilter::default()
    };
    let page = objects.list(&newest).await.unwrap();
    assert_eq!(names(&page), ["3", "2"]);
    assert_eq!(page.before, page.after);
    for n in 4..7 {
        keep(&room.client, &n.to_string()).await;
    }
    let ahead = |before: &Option<String>| ObjectFilter {
        before: before.clone(),
        ..newest.clone()
    };
    let first = objects.list(&ahead(&page.before)).await.unwrap();
    assert_eq!(names(&first), ["5", "4"]);
    let second = objects.list(&ahead(&first.before)).await.unwrap();
    assert_eq!(names(&second), ["6"]);
    let behind = ObjectFilter {
        after: second.after,
        ..newest.clone()
    };
    assert_eq!(names(&objects.list(&behind).await.unwrap()), ["5", "4"]);
}

async fn lists_are_filtered_by_name_context_time_and_state(room: Room) {
    let objects = room.client.objects();
    let pii = context(&[("tenant", "acme"), ("type", "pii")]);
    keep(&room.client, "a").await;
    let request = ObjectCreate::new(pii.clone(), "b", "v");
    let b = objects.create(request).await.unwrap();
    keep(&room.client, "c").await;
    let list = async |filter: ObjectFilter| names(&objects.list(&filter).await.unwrap());
    let all = ObjectFilter::default;
    assert_eq!(list(all()).await, ["c", "b", "a"]);
    let of_context = ObjectFilter {
        key_context: Some(pii),
        ..all()
    };
    assert_eq!(list(of_context).await, ["b"]);
    let of_name = ObjectFilter {
        name: Some("c".to_owned()),
        ..all()
    };
    assert_eq!(list(of_name).await, ["c"]);
    let updated = objects.update(b.id, ObjectUpdate::new("w")).await.unwrap();
    let since = ObjectFilter {
        updated_from: Some(updated.updated.clone()),
        ..all()
    };
    assert_eq!(list(since).await, ["b"]);
    let until = ObjectFilter {
        updated_to: Some(updated.updated),
        ..all()
    };
    assert_eq!(list(until).await, ["c", "a"]);
    let delete = ObjectDelete::default();
    objects.delete(b.id, delete).await.unwrap();
    assert_eq!(list(all()).await, ["c", "a"]);
    let deleted = ObjectFilter {
        deleted: true,
        ..all()
    };
    assert_eq!(list(deleted).await, ["b"]);
    let reply = room.read("/v1/objects?updated_from=yesterday").await;
    reply.assert_problem(400, "invalid_request");
}

async fn a_token_is_of_its_client_and_order_only(room: Room) {
    for n in 0..3 {
        keep(&room.client, &n.to_string()).await;
    }
    let objects = room.client.objects();
    let token = objects.list(&ascending(1)).await.unwrap().after.unwrap();
    let (other, _) = room.make_client(&[Permission::ObjectsList], &[&[]]).await;
    let after = |token: &str| ObjectFilter {
        after: Some(token.to_owned()),
        ..ascending(1)
    };
    let expected = (400, Code::InvalidRequest);
    let refused = other.objects().list(&after(&token)).await;
    room.assert_refused(refused, expected, Reason::InvalidRequest)
        .await;
    let other_order = ObjectFilter {
        order: Some(Order::Desc),
        ..after(&token)
    };
    let both = ObjectFilter {
        before: Some(token.clone()),
        ..after(&token)
    };
    let mut altered = token.clone().into_bytes();
    altered[10] = if altered[10] == b'0' { b'1' } else { b'0' };
    let altered = after(core::str::from_utf8(&altered).unwrap());
    for filter in [other_order, both, altered, after(""), after("\0")] {
        let refused = objects.list(&filter).await;
        room.assert_refused(refused, expected, Reason::InvalidRequest)
            .await;
    }
    // Who names no order goes on in that of the page.
    let unordered = ObjectFilter {
        order: None,
        ..after(&token)
    };
    assert_eq!(names(&objects.list(&unordered).await.unwrap()), ["1"]);
}

async fn a_page_has_one_to_a_hundred_objects(room: Room) {
    for n in 0..12 {
        keep(&room.client, &n.to_string()).await;
    }
    let objects = room.client.objects();
    let page = objects.list(&ObjectFilter::default()).await.unwrap();
    assert_eq!(page.items.len(), 10);
    let page = objects.list(&ascending(100)).await.unwrap();
    assert_eq!((page.items.len(), page.after), (12, None));
    for wrong in [0, 101, u32::MAX] {
        let refused = objects.list(&ascending(wrong)).await;
        let expected = (400, Code::InvalidRequest);
        room.assert_refused(refused, expected, Reason::InvalidRequest)
            .await;
    }
}

async fn pages_of_a_client_hold_its_own_objects_only(room: Room) {
    for n in 0..30 {
        let owner = if n % 10 == 0 { "ours" } else { "theirs" };
        let request = ObjectCreate::new(tenant(owner), n.to_string(), "v");
        room.client.objects().create(request).await.unwrap();
    }
    let (client, _) = room
        .make_client(&[Permission::ObjectsList], &[&[("tenant", "ours")]])
        .await;
    let objects = client.objects();
    let first = objects.list(&ascending(2)).await.unwrap();
    assert_eq!(names(&first), ["0", "10"]);
    let after = ObjectFilter {
        after: first.after.clone(),
        ..ascending(2)
    };
    let second = objects.list(&after).await.unwrap();
    assert_eq!(names(&second), ["20"]);
    assert_eq!(second.after, None);
    let before = ObjectFilter {
        before: second.before,
        ..ascending(2)
    };
    assert_eq!(names(&objects.list(&before).await.unwrap()), ["0", "10"]);
}
