//! A server that is killed while it sends events: the log is the outbox, so that none is lost.

use strongroom_tests::receiver::Receiver;
use strongroom_tests::room::{Database, Room, tenant};
use strongroom_types::body::{Event, EventData, EventName, ObjectCreate, WebhookCreate};

#[tokio::test]
async fn events_are_sent_after_a_kill_on_sqlite() {
    events_are_sent_after_a_kill(Database::Sqlite).await;
}

#[tokio::test]
async fn events_are_sent_after_a_kill_on_postgres() {
    events_are_sent_after_a_kill(Database::Postgres).await;
}

async fn events_are_sent_after_a_kill(database: Database) {
    if !database.is_tested() {
        return;
    }
    let mut room = Room::open(database.start().into()).await;
    let receiver = Receiver::start(0).await;
    let request = WebhookCreate {
        url: receiver.url.clone(),
        events: Some(vec![EventName::DataCreated]),
    };
    room.client.webhooks().create(&request).await.unwrap();
    let mut expected = Vec::new();
    for round in 0..3 {
        for n in 0..4 {
            let name = format!("{round}/{n}");
            let request = ObjectCreate::new(tenant("acme"), name.as_str(), "value");
            room.client.objects().create(request).await.unwrap();
            expected.push(name);
        }
        room.restart();
    }
    let (mut sent, mut seen) = (Vec::new(), Vec::new());
    while sent.len() < expected.len() {
        for letter in receiver.letters(1).await {
            let event: Event = serde_json::from_str(&letter.body).unwrap();
            let EventData::DataCreated(written) = event.data else {
                panic!("not asked for: {}", letter.body)
            };
            // Twice is allowed: the id tells.
            if !seen.contains(&event.id) {
                seen.push(event.id);
                sent.push(written.kv_name);
            }
        }
    }
    assert_eq!(sent, expected);
}
