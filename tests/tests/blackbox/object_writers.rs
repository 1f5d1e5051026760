//! Many writers of one object or one name: each learns who was first, and nothing is lost.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use strongroom_client::{Client, ObjectFilter, PageQuery};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::{
    ObjectCreate, ObjectDelete, ObjectRead, ObjectUpdate, ObjectUpsert, StoredObject,
};
use strongroom_types::{Code, ObjectId, Reason};

on_each_database!(
    two_writers_racing_a_thousand_times_lose_no_update,
    writers_without_a_check_each_make_a_version,
    a_name_raced_for_goes_to_one,
    upserts_of_one_name_make_one_object,
    a_stale_version_is_always_a_conflict,
    an_upsert_can_demand_that_there_is_nothing,
    if_match_checks_as_the_body_does,
    a_policy_can_demand_the_check,
);

async fn keep(client: &Client, name: &str, value: &str) -> StoredObject {
    let request = ObjectCreate::new(tenant("acme"), name, value);
    client.objects().create(request).await.unwrap()
}

fn checked(value: &str, version: u64) -> ObjectUpdate {
    ObjectUpdate {
        version_check: Some(version),
        ..ObjectUpdate::new(value)
    }
}

/// Adds one to the number that an object holds, so many times.
async fn count_up(client: &Client, id: ObjectId, times: u32) -> u32 {
    let objects = client.objects();
    let mut conflicts = 0;
    for _ in 0..times {
        loop {
            let read = objects.read(&ObjectRead::by_id(id)).await.unwrap();
            let number = String::from_utf8(read.value.unwrap().0).unwrap();
            let next: u32 = number.parse::<u32>().unwrap() + 1;
            match objects
                .update(id, checked(&next.to_string(), read.version))
                .await
            {
                Ok(updated) => {
                    assert_eq!(updated.version, read.version + 1);
                    break;
                }
                Err(error) => {
                    assert!(error.is_version_conflict(), "{error:?}");
                    let current = error.refusal().unwrap().current_version();
                    assert!(current.unwrap() > read.version);
                    conflicts += 1;
                }
            }
        }
    }
    conflicts
}

async fn two_writers_racing_a_thousand_times_lose_no_update(room: Room) {
    let made = keep(&room.client, "counter", "0").await;
    let other = room.with_key(&room.api_key);
    let (one, two) = tokio::join!(
        count_up(&room.client, made.id, 500),
        count_up(&other, made.id, 500),
    );
    let read = room
        .client
        .objects()
        .read(&ObjectRead::by_id(made.id))
        .await;
    let read = read.unwrap();
    assert_eq!(read.value.unwrap().0, b"1000");
    assert_eq!(read.version, 1001);
    assert!(one + two > 0, "nobody raced");
}

async fn writers_without_a_check_each_make_a_version(room: Room) {
    let made = keep(&room.client, "a", "0").await;
    let objects = room.client.objects();
    let write = |n: u32| objects.update(made.id, ObjectUpdate::new(n.to_string().as_str()));
    let written = join_all((1..=200).map(write)).await;
    let mut versions: Vec<u64> = written
        .into_iter()
        .map(|written| written.unwrap().version)
        .collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..=201).collect::<Vec<u64>>());
    let query = PageQuery {
        limit: Some(1000),
        page: None,
    };
    let listed = objects.versions(made.id, &query).await.unwrap().items;
    assert_eq!(listed.len(), 201);
}

async fn a_name_raced_for_goes_to_one(room: Room) {
    let objects = room.client.objects();
    let create = |n: u32| {
        let value = n.to_string();
        objects.create(ObjectCreate::new(tenant("acme"), "a", value.as_str()))
    };
    let created = join_all((0..50).map(create)).await;
    let (made, refused): (Vec<_>, Vec<_>) = created.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 49));
    for refused in refused {
        assert_eq!(refused.unwrap_err().code(), Some(Code::Conflict));
    }
    let listed = objects.list(&ObjectFilter::default()).await.unwrap();
    assert_eq!(listed.items.len(), 1);
}

async fn upserts_of_one_name_make_one_object(room: Room) {
    let objects = room.client.objects();
    let upsert = |n: u32| {
        let value = n.to_string();
        objects.upsert(ObjectUpsert::new(tenant("acme"), "a", value.as_str()))
    };
    let written = join_all((0..50).map(upsert)).await;
    let written: Vec<_> = written.into_iter().map(Result::unwrap).collect();
    assert!(written.iter().all(|object| object.id == written[0].id));
    let mut versions: Vec<u64> = written.iter().map(|object| object.version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=50).collect::<Vec<u64>>());
}

async fn a_stale_version_is_always_a_conflict(room: Room) {
    let made = keep(&room.client, "a", "0").await;
    let objects = room.client.objects();
    for n in 1..=30 {
        let update = ObjectUpdate::new(n.to_string().as_str());
        objects.update(made.id, update).await.unwrap();
    }
    let expected = (409, Code::VersionConflict);
    for stale in [0, 1, 2, 30, 32, u64::MAX] {
        let update = checked("lost", stale);
        let refused = objects.update(made.id, update).await;
        let current = refused.as_ref().unwrap_err().refusal().unwrap();
        assert_eq!(current.current_version(), Some(31));
        room.assert_refused(refused, expected, Reason::VersionConflict)
            .await;
        let delete = ObjectDelete {
            version_check: Some(stale),
            purge_in: None,
        };
        let refused = objects.delete(made.id, delete).await;
        room.assert_refused(refused, expected, Reason::VersionConflict)
            .await;
        let refused = objects.restore_version(made.id, 1, Some(stale)).await;
        room.assert_refused(refused, expected, Reason::VersionConflict)
            .await;
        let upsert = ObjectUpsert {
            version_check: Some(stale),
            ..ObjectUpsert::new(tenant("acme"), "a", "lost")
        };
        let refused = objects.upsert(upsert).await;
        room.assert_refused(refused, expected, Reason::VersionConflict)
            .await;
    }
    let update = checked("31", 31);
    assert_eq!(objects.update(made.id, update).await.unwrap().version, 32);
}

async fn an_upsert_can_demand_that_there_is_nothing(room: Room) {
    let objects = room.client.objects();
    let upsert = |version| ObjectUpsert {
        version_check: Some(version),
        ..ObjectUpsert::new(tenant("acme"), "a", "v")
    };
    let refused = objects.upsert(upsert(3)).await;
    let current = refused.as_ref().unwrap_err().refusal().unwrap();
    assert_eq!(current.current_version(), Some(0));
    let expected = (409, Code::VersionConflict);
    room.assert_refused(refused, expected, Reason::VersionConflict)
        .await;
    assert_eq!(objects.upsert(upsert(0)).await.unwrap().version, 1);
    let refused = objects.upsert(upsert(0)).await;
    let current = refused.as_ref().unwrap_err().refusal().unwrap();
    assert_eq!(current.current_version(), Some(1));
    assert_eq!(objects.upsert(upsert(1)).await.unwrap().version, 2);
}

async fn if_match_checks_as_the_body_does(room: Room) {
    let made = keep(&room.client, "a", "v").await;
    let path = format!("/v1/objects/{}", made.id);
    let put = async |tag: &str, body: serde_json::Value| {
        let request = room.request(Method::PUT, &path).header("if-match", tag);
        Reply::of(request.json(&body)).await
    };
    let value = || json!({"value": "dg=="});
    assert_eq!(put("\"1\"", value()).await.header("etag"), Some("\"2\""));
    let stale = put("\"1\"", value()).await;
    stale.assert_problem(409, "version_conflict");
    assert_eq!(stale.json()["current_version"], 2);
    assert_eq!(put("*", value()).await.status, 200);
    let both = json!({"value": "dg==", "version_check": 3});
    assert_eq!(put("\"3\"", both).await.status, 200);
    let contradiction = json!({"value": "dg==", "version_check": 3});
    for (tag, body) in [
        ("\"4\"", contradiction),
        ("4", value()),
        ("W/\"4\"", value()),
    ] {
        let reply = put(tag, body).await;
        room.assert_problem(&reply, (400, "invalid_request"), Reason::InvalidRequest)
            .await;
    }
    let raw = |tag: &'static str| {
        let request = room.request(Method::PUT, &format!("{path}/value"));
        let request = request.header("content-type", "application/octet-stream");
        Reply::of(request.header("if-match", tag).body("raw"))
    };
    raw("\"3\"").await.assert_problem(409, "version_conflict");
    assert_eq!(raw("\"4\"").await.status, 200);
    let delete = |tag: &'static str| {
        let request = room.request(Method::DELETE, &path);
        Reply::of(request.header("if-match", tag))
    };
    delete("\"4\"")
        .await
        .assert_problem(409, "version_conflict");
    assert_eq!(delete("\"5\"").await.status, 200);
    let restore = room.request(Method::POST, &format!("{path}/restore"));
    let restored = Reply::of(restore.header("if-match", "\"5\"")).await;
    assert_eq!(
        (restored.status, restored.header("etag")),
        (200, Some("\"5\""))
    );
}

async fn a_policy_can_demand_the_check(room: Room) {
    let policy = json!({"match": {"tenant": "acme"}, "version_check_required": true});
    let reply = room.post("/v1/context-policies", policy.to_string()).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    // Creating demands by itself that there is nothing.
    let made = keep(&room.client, "a", "v").await;
    let objects = room.client.objects();
    let expected = (428, Code::VersionCheckRequired);
    let upsert = |name| ObjectUpsert::new(tenant("acme"), name, "w");
    for refused in [
        objects.update(made.id, ObjectUpdate::new("w")).await,
        objects.upsert(upsert("a")).await,
        objects.upsert(upsert("b")).await,
        objects.delete(made.id, ObjectDelete::default()).await,
    ] {
        room.assert_refused(refused, expected, Reason::VersionCheckMissing)
            .await;
    }
    let update = checked("w", 1);
    assert_eq!(objects.update(made.id, update).await.unwrap().version, 2);
    let other = ObjectCreate::new(tenant("other"), "c", "v");
    let other = objects.create(other).await.unwrap();
    objects
        .update(other.id, ObjectUpdate::new("w"))
        .await
        .unwrap();
}
