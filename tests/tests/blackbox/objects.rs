//! Objects: kept under a name, read by those who may, and unknown to everybody else.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::{Client, ClientError, EntryFilter, ObjectFilter, PageQuery};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, context, tenant};
use strongroom_types::body::{
    Batch, ItemResult, ObjectCreate, ObjectDelete, ObjectRead, ObjectUpdate, ObjectUpsert,
    StoredObject,
};
use strongroom_types::{Code, ObjectId, Operation, Permission, Reason};

on_each_database!(
    an_object_is_kept_read_and_described,
    a_name_may_hold_any_character,
    an_over_long_name_is_refused_by_its_field,
    a_value_may_have_four_mebibytes_and_no_more,
    a_binary_value_passes_unchanged,
    the_key_context_of_an_object_never_changes,
    an_object_outside_the_allowed_contexts_looks_like_none,
    an_object_of_another_workspace_looks_like_none,
    a_batch_opens_what_it_may,
    an_object_can_be_locked_to_a_person,
    a_policy_can_require_a_lock_of_objects,
    a_repeated_creation_of_an_object_makes_nothing_new,
    concurrent_repetitions_make_one_object,
    a_destroyed_key_context_takes_its_objects_along,
);

async fn keep(client: &Client, name: &str, value: &str) -> StoredObject {
    let request = ObjectCreate::new(tenant("acme"), name, value);
    client.objects().create(request).await.unwrap()
}

async fn an_object_is_kept_read_and_described(room: Room) {
    let body = json!({"key_context": {"tenant": "acme"}, "name": "a", "value": "djE="});
    let request = room.request(Method::POST, "/v1/objects").json(&body);
    let created = Reply::of(request).await;
    assert_eq!(
        (created.status, created.header("etag")),
        (201, Some("\"1\""))
    );
    let made: StoredObject = serde_json::from_slice(&created.body).unwrap();
    assert_eq!(
        (made.version, made.size, made.value.is_none()),
        (1, 2, true)
    );
    assert_eq!(made.log_entry, created.entry());
    let objects = room.client.objects();
    for which in [ObjectRead::by_id(made.id), ObjectRead::by_name("a")] {
        let read = objects.read(&which).await.unwrap();
        assert_eq!(read.value.as_ref().unwrap().0, b"v1");
        assert_eq!(read.digest, made.digest);
        assert_eq!(read.key_context, tenant("acme"));
    }
    let described = objects.describe(made.id).await.unwrap();
    assert_eq!((described.name.as_str(), described.value), ("a", None));
    let entries = room.entries(EntryFilter::default()).await;
    let told: Vec<_> = entries
        .iter()
        .filter(|entry| entry.operation.name().starts_with("object."))
        .map(|entry| {
            (
                entry.operation,
                entry.facts["object"].as_str(),
                entry.key.is_some(),
            )
        })
        .collect();
    let id = made.id.to_string();
    let expected = [
        (Operation::ObjectCreate, id.as_str(), true),
        (Operation::ObjectRead, &id, true),
        (Operation::ObjectRead, &id, true),
        (Operation::ObjectDescribe, &id, false),
    ];
    assert_eq!(told, expected);
}

async fn a_name_may_hold_any_character(room: Room) {
    let long = "\u{1d54f}".repeat(200);
    let names = [
        "a/b",
        "a%2Fb",
        ".",
        "..",
        " ",
        "\0",
        "?x=1#y",
        "\u{e9}",
        "e\u{301}",
        "\u{202e}\u{10ffff}",
        "a",
        "A",
        &long,
    ];
    let mut ids = Vec::new();
    for name in names {
        ids.push(keep(&room.client, name, name).await.id);
    }
    let objects = room.client.objects();
    for (name, id) in names.iter().zip(ids) {
        let read = objects.read(&ObjectRead::by_name(*name)).await.unwrap();
        assert_eq!((read.id, read.name.as_str()), (id, *name));
        assert_eq!(read.value.unwrap().0, name.as_bytes());
        let filter = ObjectFilter {
            name: Some((*name).to_owned()),
            ..ObjectFilter::default()
        };
        let listed = objects.list(&filter).await.unwrap().items;
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].id, id);
    }
}

async fn an_over_long_name_is_refused_by_its_field(room: Room) {
    let body = |name: String| json!({"key_context": {"tenant": "a"}, "name": name, "value": ""});
    for name in ["n".repeat(201), "\u{e9}".repeat(201), String::new()] {
        for method in [Method::POST, Method::PUT] {
            let request = room.request(method, "/v1/objects");
            let reply = Reply::of(request.json(&body(name.clone()))).await;
            room.assert_problem(&reply, (422, "invalid_field"), Reason::InvalidRequest)
                .await;
            assert!(reply.text("detail").contains("field `name`"), "{reply:?}");
        }
        let read = room.client.objects().read(&ObjectRead::by_name(name)).await;
        let expected = (422, Code::InvalidField);
        room.assert_refused(read, expected, Reason::InvalidRequest)
            .await;
    }
    let pairs = (0..11).map(|n| (format!("k{n}"), json!("v")));
    let wide: serde_json::Map<String, Value> = pairs.collect();
    for map in [
        json!(wide),
        json!({"k": 1}),
        json!({"k": "v".repeat(501)}),
        json!({}),
    ] {
        let body = json!({"key_context": map, "name": "a", "value": ""});
        let reply = room.post("/v1/objects", body.to_string()).await;
        room.assert_problem(&reply, (400, "invalid_request"), Reason::InvalidRequest)
            .await;
    }
}

async fn a_value_may_have_four_mebibytes_and_no_more(room: Room) {
    let objects = room.client.objects();
    let most = vec![0x5a; 4 << 20];
    let request = ObjectCreate::new(tenant("acme"), "big", most.clone());
    let made = objects.create(request).await.unwrap();
    assert_eq!(made.size, 4 << 20);
    assert!(objects.read_value(made.id).await.unwrap() == most);
    let expected = (413, Code::TooLarge);
    for bytes in [(4 << 20) + 1, 5 << 20] {
        let more = vec![0; bytes];
        let request = ObjectCreate::new(tenant("acme"), "bigger", more.clone());
        let refused = objects.create(request).await;
        room.assert_refused(refused, expected, Reason::InvalidRequest)
            .await;
        let refused = objects
            .update(made.id, ObjectUpdate::new(more.clone()))
            .await;
        room.assert_refused(refused, expected, Reason::InvalidRequest)
            .await;
        let request = room.request(Method::PUT, &format!("/v1/objects/{}/value", made.id));
        let request = request.header("content-type", "application/octet-stream");
        Reply::of(request.body(more))
            .await
            .assert_problem(413, "too_large");
    }
    let items = ObjectFilter::default();
    assert_eq!(objects.list(&items).await.unwrap().items.len(), 1);
}

async fn a_binary_value_passes_unchanged(room: Room) {
    let every: Vec<u8> = (0..=255).collect();
    let made = keep(&room.client, "a", "").await;
    let path = format!("/v1/objects/{}/value", made.id);
    let put = |body: Vec<u8>| {
        let request = room.request(Method::PUT, &path);
        let request = request.header("content-type", "application/octet-stream");
        Reply::of(request.body(body))
    };
    assert_eq!(put(every.clone()).await.header("etag"), Some("\"2\""));
    let read = room.read(&path).await;
    assert_eq!(read.body, every);
    assert_eq!(
        read.header("content-type"),
        Some("application/octet-stream")
    );
    assert_eq!(read.header("etag"), Some("\"2\""));
    assert!(read.entry().is_some());
    let read = room
        .client
        .objects()
        .read(&ObjectRead::by_id(made.id))
        .await;
    assert_eq!(read.unwrap().value.unwrap().0, every);
    assert_eq!(put(Vec::new()).await.status, 200);
    assert_eq!(room.read(&path).await.body, b"");
    let wrong = room.request(Method::PUT, &path).body("text");
    Reply::of(wrong)
        .await
        .assert_problem(415, "unsupported_media_type");
}

async fn the_key_context_of_an_object_never_changes(room: Room) {
    let made = keep(&room.client, "a", "v").await;
    let path = format!("/v1/objects/{}", made.id);
    let body = json!({"value": "", "key_context": {"tenant": "other"}});
    let reply = Reply::of(room.request(Method::PUT, &path).json(&body)).await;
    room.assert_problem(&reply, (400, "invalid_request"), Reason::InvalidRequest)
        .await;
    let upsert = ObjectUpsert::new(tenant("other"), "a", "v");
    let refused = room.client.objects().upsert(upsert).await;
    let expected = (400, Code::ContextMismatch);
    room.assert_refused(refused, expected, Reason::ContextMismatch)
        .await;
    let described = room.client.objects().describe(made.id).await.unwrap();
    assert_eq!(
        (described.version, described.key_context),
        (1, tenant("acme"))
    );
}

const ALL: [Permission; 5] = [
    Permission::ObjectsRead,
    Permission::ObjectsWrite,
    Permission::ObjectsDelete,
    Permission::ObjectsList,
    Permission::SealForOthers,
];

/// Every way to name an object by its id, with its answer.
async fn each_use_of(client: &Client, id: ObjectId) -> Vec<Result<(), ClientError>> {
    let objects = client.objects();
    let old = ObjectRead {
        version: Some(1),
        ..ObjectRead::by_id(id)
    };
    vec![
        objects.read(&ObjectRead::by_id(id)).await.map(drop),
        objects.read(&old).await.map(drop),
        objects.read_value(id).await.map(drop),
        objects.describe(id).await.map(drop),
        objects.update(id, ObjectUpdate::new("v")).await.map(drop),
        objects.versions(id, &PageQuery::default()).await.map(drop),
        objects.restore_version(id, 1, None).await.map(drop),
        objects.destroy_version(id, 1).await.map(drop),
        objects.delete(id, ObjectDelete::default()).await.map(drop),
        objects.restore(id, None).await.map(drop),
    ]
}

async fn an_object_outside_the_allowed_contexts_looks_like_none(room: Room) {
    let theirs = keep(&room.client, "theirs", "v").await;
    let (client, _) = room.make_client(&ALL, &[&[("tenant", "ours")]]).await;
    let expected = (404, Code::NotFound);
    let nobodys = ObjectId::from_bytes([7; 16]);
    for (id, reason) in [
        (theirs.id, Reason::ContextNotAllowed),
        (nobodys, Reason::NotFound),
    ] {
        for refused in each_use_of(&client, id).await {
            let refusal = refused.as_ref().unwrap_err().refusal().unwrap();
            assert_eq!(refusal.detail(), Some("no such object"));
            let entry = room.entry(refusal.log_entry().unwrap()).await;
            assert_eq!(entry.facts["object"], id.to_string());
            room.assert_refused(refused, expected, reason).await;
        }
    }
    let objects = client.objects();
    let by_name = objects.read(&ObjectRead::by_name("theirs")).await;
    room.assert_refused(by_name, expected, Reason::ContextNotAllowed)
        .await;
    // A name is the workspace's: that it is taken cannot be hidden.
    let create = ObjectCreate::new(tenant("ours"), "theirs", "v");
    let upsert = ObjectUpsert::new(tenant("ours"), "theirs", "v");
    for refused in [objects.create(create).await, objects.upsert(upsert).await] {
        let expected = (409, Code::Conflict);
        room.assert_refused(refused, expected, Reason::NameTaken)
            .await;
    }
    let create = ObjectCreate::new(tenant("acme"), "new", "v");
    let refused = objects.create(create).await;
    let expected = (404, Code::ContextNotFound);
    room.assert_refused(refused, expected, Reason::ContextNotAllowed)
        .await;
    let listed = objects.list(&ObjectFilter::default()).await.unwrap();
    assert!(listed.items.is_empty());
    let filter = ObjectFilter {
        key_context: Some(tenant("acme")),
        ..ObjectFilter::default()
    };
    let refused = objects.list(&filter).await;
    room.assert_refused(refused, expected, Reason::ContextNotAllowed)
        .await;
    let read = room.client.objects().describe(theirs.id).await.unwrap();
    assert_eq!((read.version, read.deleted), (1, None));
}

async fn an_object_of_another_workspace_looks_like_none(room: Room) {
    let made = keep(&room.client, "a", "v").await;
    let other = room.server.second_client().unwrap();
    for refused in each_use_of(&other, made.id).await {
        assert_eq!(refused.unwrap_err().code(), Some(Code::NotFound));
    }
    let create = ObjectCreate::new(tenant("acme"), "a", "theirs");
    let own = other.objects().create(create).await.unwrap();
    assert_ne!((own.id, own.key.id), (made.id, made.key.id));
    let theirs = other.objects();
    let delete = ObjectDelete::default();
    theirs.delete(own.id, delete).await.unwrap();
    let read = room.client.objects().read(&ObjectRead::by_name("a")).await;
    assert_eq!(read.unwrap().value.unwrap().0, b"v");
}

async fn a_batch_opens_what_it_may(room: Room) {
    let one = keep(&room.client, "one", "1").await;
    keep(&room.client, "two", "2").await;
    let other = ObjectCreate::new(tenant("other"), "three", "3");
    let other = room.client.objects().create(other).await.unwrap();
    let (client, _) = room.make_client(&ALL, &[&[("tenant", "acme")]]).await;
    let expecting = |map| ObjectRead {
        key_context: Some(map),
        ..ObjectRead::by_name("two")
    };
    let items = vec![
        ObjectRead::by_name("two"),
        ObjectRead::by_id(other.id),
        ObjectRead::by_id(one.id),
        ObjectRead::default(),
        expecting(tenant("acme")),
        expecting(context(&[("tenant", "acme"), ("type", "pii")])),
        expecting(tenant("other")),
    ];
    let metadata = None;
    let read = client.objects().read_batch(Batch { items, metadata }).await;
    let read = read.unwrap();
    let told: Vec<_> = read
        .results
        .iter()
        .map(|result| match result {
            ItemResult::Ok(object) => Ok(object.value.as_ref().unwrap().0.clone()),
            ItemResult::Err { error } => Err(error.code),
        })
        .collect();
    let expected = [
        Ok(b"2".to_vec()),
        Err(Code::NotFound),
        Ok(b"1".to_vec()),
        Err(Code::InvalidRequest),
        Ok(b"2".to_vec()),
        Err(Code::ContextMismatch),
        Err(Code::ContextNotFound),
    ];
    assert_eq!(told, expected);
    let items = room.client.log().items(read.log_entry.index).await.unwrap();
    let names: Vec<_> = items.items.iter().map(|item| item.name.clone()).collect();
    assert_eq!(names[2], Some(format!("{}/1", one.id)));
    assert_eq!(names[1], Some(other.id.to_string()));
    assert_eq!(items.items[1].reason, Some(Reason::ContextNotAllowed));
}

async fn an_object_can_be_locked_to_a_person(room: Room) {
    let alice = room.person("alice").await;
    let made = keep(&alice, "diary", "dear").await;
    let read = |client: Client| async move {
        let which = ObjectRead::by_id(made.id);
        client.objects().read(&which).await
    };
    assert_eq!(read(alice.clone()).await.unwrap().value.unwrap().0, b"dear");
    let expected = (403, Code::IdentityMismatch);
    let bob = room.person("bob").await;
    room.assert_refused(read(bob.clone()).await, expected, Reason::LockNotMet)
        .await;
    let nobody = read(room.client.clone()).await;
    room.assert_refused(nobody, expected, Reason::IdentityMissing)
        .await;
    let update = ObjectUpdate::new("diary");
    alice.objects().update(made.id, update).await.unwrap();
    let refused = bob.objects().restore_version(made.id, 1, None).await;
    room.assert_refused(refused, expected, Reason::LockNotMet)
        .await;
    let restored = alice.objects().restore_version(made.id, 1, None).await;
    assert_eq!(restored.unwrap().version, 3);
    // What is restored stays locked.
    assert_eq!(read(alice).await.unwrap().value.unwrap().0, b"dear");
    room.assert_refused(read(bob).await, expected, Reason::LockNotMet)
        .await;
}

async fn a_policy_can_require_a_lock_of_objects(room: Room) {
    let made = keep(&room.client, "before", "v").await;
    let objects = room.client.objects();
    let update = ObjectUpdate::new("w");
    objects.update(made.id, update).await.unwrap();
    let policy = json!({"match": {"tenant": "acme"}, "required_lock": ["sub"]});
    let reply = room.post("/v1/context-policies", policy.to_string()).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let expected = (400, Code::LockRequired);
    let create = ObjectCreate::new(tenant("acme"), "a", "v");
    for refused in [
        objects.create(create).await,
        objects.update(made.id, ObjectUpdate::new("x")).await,
        objects.restore_version(made.id, 1, None).await,
    ] {
        room.assert_refused(refused, expected, Reason::LockRequired)
            .await;
    }
    let alice = room.person("alice").await;
    keep(&alice, "a", "v").await;
}

async fn create(room: &Room, key: &str, body: &Value) -> Reply {
    let request = room.request(Method::POST, "/v1/objects");
    Reply::of(request.header("idempotency-key", key).json(body)).await
}

async fn a_repeated_creation_of_an_object_makes_nothing_new(room: Room) {
    let body = json!({"key_context": {"tenant": "acme"}, "name": "a", "value": "djE="});
    let first = create(&room, "k", &body).await;
    assert_eq!(first.status, 201);
    let id = first.text("id").parse().unwrap();
    let update = ObjectUpdate::new("v2");
    room.client.objects().update(id, update).await.unwrap();
    let again = create(&room, "k", &body).await;
    assert_eq!(again.status, 201, "{again:?}");
    assert_ne!(first.entry().unwrap(), again.entry().unwrap());
    let without_entry = |reply: &Reply| {
        let mut json = reply.json();
        json.as_object_mut().unwrap().remove("log_entry");
        json
    };
    assert_eq!(without_entry(&first), without_entry(&again));
    let entry = room.entry(again.entry().unwrap()).await;
    assert_eq!(entry.facts["repeats"], first.text("id"));
    let other = json!({"key_context": {"tenant": "acme"}, "name": "a", "value": "djI="});
    let reply = create(&room, "k", &other).await;
    room.assert_problem(&reply, (422, "idempotency_mismatch"), Reason::Conflict)
        .await;
    let reply = create(&room, "k2", &body).await;
    room.assert_problem(&reply, (409, "conflict"), Reason::NameTaken)
        .await;
    let list = room.client.objects().list(&ObjectFilter::default()).await;
    assert_eq!(list.unwrap().items.len(), 1);
}

async fn concurrent_repetitions_make_one_object(room: Room) {
    let body = json!({"key_context": {"tenant": "acme"}, "name": "a", "value": "djE="});
    let calls = (0..20).map(|_| create(&room, "k", &body));
    let replies = futures_util::future::join_all(calls).await;
    for reply in &replies {
        assert_eq!(reply.status, 201, "{reply:?}");
        assert_eq!(reply.text("id"), replies[0].text("id"));
    }
    let list = room.client.objects().list(&ObjectFilter::default()).await;
    assert_eq!(list.unwrap().items.len(), 1);
}

async fn a_destroyed_key_context_takes_its_objects_along(room: Room) {
    let made = keep(&room.client, "a", "v").await;
    room.client.contexts().destroy(made.key.id).await.unwrap();
    let objects = room.client.objects();
    let refused = objects.read(&ObjectRead::by_id(made.id)).await;
    let expected = (400, Code::CannotDecrypt);
    room.assert_refused(refused, expected, Reason::ContextDestroyed)
        .await;
    let refused = objects.update(made.id, ObjectUpdate::new("w")).await;
    let expected = (404, Code::ContextNotFound);
    room.assert_refused(refused, expected, Reason::ContextDestroyed)
        .await;
    assert_eq!(objects.describe(made.id).await.unwrap().name, "a");
    let delete = ObjectDelete::default();
    objects.delete(made.id, delete).await.unwrap();
    room.client.contexts().create(tenant("acme")).await.unwrap();
    keep(&room.client, "a", "new").await;
}
