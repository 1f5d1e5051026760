//! Events: read page by page, and sent to a receiver of their own.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::{EntryFilter, PageQuery};
use strongroom_crypto::foreign::workos::WebhookKey;
use strongroom_crypto::secret::SecretBytes;
use strongroom_tests::on_each_database;
use strongroom_tests::receiver::{Letter, Receiver};
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::{
    Event, EventData, EventName, ObjectCreate, WebhookCreate, WebhookCreated,
};
use strongroom_types::{Code, Operation, Permission, Reason};

on_each_database!(
    events_reach_their_receiver_signed_and_in_order,
    a_busy_receiver_gets_them_later,
    events_are_read_page_by_page,
    unknown_names_orders_and_pages_are_refused,
    both_permissions_are_needed_to_have_events_sent,
    webhooks_of_other_workspaces_do_not_exist,
    a_webhook_is_not_sent_into_the_network_of_the_server,
);

async fn keep(room: &Room, name: &str) {
    let request = ObjectCreate::new(tenant("acme"), name, "value");
    room.client.objects().create(request).await.unwrap();
}

async fn register(room: &Room, receiver: &Receiver) -> WebhookCreated {
    let request = WebhookCreate {
        url: receiver.url.clone(),
        events: Some(vec![EventName::DataCreated]),
    };
    room.client.webhooks().create(&request).await.unwrap()
}

fn name(letter: &Letter) -> String {
    let event: Event = serde_json::from_str(&letter.body).unwrap();
    let EventData::DataCreated(written) = event.data else {
        panic!("not asked for: {event:?}")
    };
    written.kv_name
}

/// The first letters of this many events. A letter may come twice: the event's id tells.
async fn letters_until(receiver: &Receiver, count: usize) -> Vec<Letter> {
    let (mut letters, mut seen) = (Vec::new(), Vec::new());
    while letters.len() < count {
        for letter in receiver.letters(1).await {
            let event: Event = serde_json::from_str(&letter.body).unwrap();
            if !seen.contains(&event.id) {
                seen.push(event.id);
                letters.push(letter);
            }
        }
    }
    letters
}

async fn events_reach_their_receiver_signed_and_in_order(room: Room) {
    let receiver = Receiver::start(0).await;
    keep(&room, "before").await;
    let created = register(&room, &receiver).await;
    let kept: Vec<String> = (0..5).map(|n| format!("acme/{n}")).collect();
    for name in &kept {
        keep(&room, name).await;
    }
    let letters = letters_until(&receiver, kept.len()).await;
    let names: Vec<String> = letters.iter().map(name).collect();
    assert_eq!(names, kept);
    let key = WebhookKey::new(&SecretBytes::from(created.secret.into_bytes()));
    for letter in &letters {
        let time = letter.signature.split_once(',').unwrap().0;
        let time = time.trim_start_matches("t=").parse().unwrap();
        let body = letter.body.as_bytes();
        assert_eq!(key.verify(&letter.signature, body, time), Ok(()));
    }
    let filter = EntryFilter {
        operation: Some(Operation::WebhookDeliver),
        ..EntryFilter::default()
    };
    let entries = room.entries(filter).await;
    let sent = entries.iter().map(|entry| entry.facts["events"].as_str());
    let sent: usize = sent.map(|count| count.parse::<usize>().unwrap()).sum();
    // An answer that came too late is not known to have come.
    assert!(sent >= kept.len(), "{sent}");
}

async fn a_busy_receiver_gets_them_later(room: Room) {
    let receiver = Receiver::start(1).await;
    let webhook = register(&room, &receiver).await.webhook.id;
    keep(&room, "one").await;
    keep(&room, "two").await;
    let letters = receiver.letters(2).await;
    assert_eq!(letters.iter().map(name).collect::<Vec<_>>(), ["one", "two"]);
    let webhooks = room.client.webhooks();
    let dead = webhooks.dead_letters(webhook, &PageQuery::default()).await;
    assert_eq!(dead.unwrap().items, []);
    webhooks.replay(webhook, 0).await.unwrap();
    let again = receiver.letters(2).await;
    assert_eq!(again.iter().map(name).collect::<Vec<_>>(), ["one", "two"]);
    webhooks.delete(webhook).await.unwrap();
}

async fn events_are_read_page_by_page(room: Room) {
    for n in 0..5 {
        keep(&room, &format!("acme/{n}")).await;
    }
    let webhooks = room.client.webhooks();
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let names = [EventName::DataCreated, EventName::KekCreated];
        let page = webhooks.events(&names, after.as_deref(), Some(2)).await;
        let page = page.unwrap();
        assert!(page.data.len() <= 2);
        found.extend(page.data.iter().map(|event| event.data.name()));
        match page.list_metadata.after {
            None => break,
            Some(id) => after = Some(id.to_string()),
        }
    }
    assert_eq!(found[0], EventName::KekCreated);
    assert_eq!(found[1..], [EventName::DataCreated; 5]);
}

async fn unknown_names_orders_and_pages_are_refused(room: Room) {
    for query in [
        "events=vault.data.invented",
        "events=",
        "order=desc",
        "after=event_x",
        "limit=0",
        "limit=101",
        "range_start=yesterday",
        "unknown=1",
    ] {
        let reply = room.read(&format!("/v1/events?{query}")).await;
        reply.assert_problem(400, "invalid_request");
        assert!(reply.entry().is_some(), "{query}");
    }
    for body in [
        json!({"url": "http://10.0.0.1/"}),
        json!({"url": "ftp://receiver.example/"}),
        json!({"url": "https://receiver.example/", "events": []}),
        json!({"url": "https://receiver.example/", "events": ["x"]}),
        json!({"url": "https://user:word@receiver.example/"}),
        json!({}),
    ] {
        let reply = room.post("/v1/webhooks", body.to_string()).await;
        reply.assert_problem(400, "invalid_request");
    }
}

/// Whoever has `admin:webhooks` alone could have shown to them what only `log:read` shows.
async fn both_permissions_are_needed_to_have_events_sent(room: Room) {
    let refused = (403, Code::PermissionDenied);
    let request = WebhookCreate {
        url: "https://receiver.example/".to_owned(),
        events: None,
    };
    for permission in [Permission::AdminWebhooks, Permission::LogRead] {
        let (client, _) = room.make_client(&[permission], &[]).await;
        let created = client.webhooks().create(&request).await;
        room.assert_refused(created, refused, Reason::PermissionMissing)
            .await;
    }
    let created = room.client.webhooks().create(&request).await.unwrap();
    let (client, _) = room.make_client(&[Permission::AdminWebhooks], &[]).await;
    let events = client.webhooks().events(&[], None, None).await;
    room.assert_refused(events, refused, Reason::PermissionMissing)
        .await;
    let replayed = client.webhooks().replay(created.webhook.id, 0).await;
    room.assert_refused(replayed, refused, Reason::PermissionMissing)
        .await;
}

async fn webhooks_of_other_workspaces_do_not_exist(room: Room) {
    let receiver = Receiver::start(0).await;
    let id = register(&room, &receiver).await.webhook.id;
    let key = &room.server.sheet().second_workspace.api_key;
    for (method, path) in [
        (Method::GET, ""),
        (Method::DELETE, ""),
        (Method::GET, "/dead-letters"),
    ] {
        let path = format!("/v1/webhooks/{id}{path}");
        let request = room.anonymous(method, &path).bearer_auth(key);
        Reply::of(request).await.assert_problem(404, "not_found");
    }
    let path = format!("/v1/webhooks/{id}/replay");
    let request = room.anonymous(Method::POST, &path).bearer_auth(key);
    let request = request.json(&json!({"from_entry": 0}));
    Reply::of(request).await.assert_problem(404, "not_found");
    let list = room.anonymous(Method::GET, "/v1/webhooks").bearer_auth(key);
    let list: Value = list.send().await.unwrap().json().await.unwrap();
    let ids: Vec<_> = list["items"].as_array().unwrap().iter().collect();
    assert!(ids.iter().all(|item| item["id"] != id.to_string()));
}

/// What names it: a tenant chooses the URL.
async fn a_webhook_is_not_sent_into_the_network_of_the_server(room: Room) {
    for url in [
        "https://169.254.169.254/latest/meta-data",
        "https://10.1.2.3/",
        "https://[fd00::1]/",
        "http://receiver.example/",
    ] {
        let body = json!({ "url": url }).to_string();
        let reply = room.post("/v1/webhooks", body).await;
        reply.assert_problem(400, "invalid_request");
    }
}
