//! Webhooks, as these libraries verify and read them.

use serde_json::{Value, json};
use strongroom_crypto::foreign::workos::WebhookKey;
use strongroom_crypto::secret::SecretBytes;
use strongroom_tests::on_each_database;
use strongroom_tests::receiver::{Letter, Receiver};
use strongroom_tests::room::Room;
use strongroom_types::body::{
    Actor, ActorSource, ByokKey, ByokKeyVerified, CustomerKeyChanged, DekHandedOut, DekOpened,
    Denied, Event, EventData, EventId, EventName, EventObject, KekNamed, KeyProvider, ObjectCreate,
    ObjectNamed, ObjectOpened, ObjectRead, ObjectWritten, WebhookCreate,
};
use strongroom_types::{CustomerKeyId, KeyContext, Operation, Reason, WorkspaceId};

use super::{ALL, Environment, Library, command};
use crate::program::{failure, output};

on_each_database!(
    workos_clients_take_the_webhooks_that_are_sent,
    workos_clients_read_events,
);

const SECRET: &str = "whsec_naïve";
/// When the sample is signed; the libraries are told to bear with its age.
const SIGNED_MS: u64 = 1_700_000_000_000;
const TOLERANCE_MS: u64 = 1 << 50;

/// Events that the older library for Node has no word for.
const UNKNOWN_TO_NODE_8: [&str; 6] = [
    "vault.kek.deleted",
    "vault.dek.rekeyed",
    "vault.byok_key.deleted",
    "strongroom.access.denied",
    "strongroom.kek.rotated",
    "strongroom.customer_key.changed",
];

fn actor() -> Actor {
    Actor {
        actor_id: "cl_1".to_owned(),
        actor_source: ActorSource::Api,
        actor_name: "billing é".to_owned(),
    }
}

fn written() -> ObjectWritten {
    ObjectWritten {
        actor: actor(),
        kv_name: "acme/key é".to_owned(),
        key_id: "ctx_1".to_owned(),
        key_context: KeyContext::new([("organizationId", "org_acme")]).unwrap(),
    }
}

fn named() -> ObjectNamed {
    ObjectNamed {
        actor: actor(),
        kv_name: "acme/key é".to_owned(),
    }
}

fn kek() -> KekNamed {
    KekNamed {
        actor: actor(),
        key_name: "{}".to_owned(),
        key_id: "ctx_1".to_owned(),
    }
}

fn handed_out() -> DekHandedOut {
    DekHandedOut {
        actor: actor(),
        key_ids: vec!["ctx_1".to_owned()],
        key_context: written().key_context,
    }
}

fn byok() -> ByokKey {
    ByokKey {
        organization_id: "org_acme".to_owned(),
        key_provider: KeyProvider::AwsKms,
    }
}

/// One of each, and the Python class that it becomes.
fn samples() -> Vec<(EventData, &'static str)> {
    let opened = ObjectOpened {
        actor: actor(),
        kv_name: "acme/key é".to_owned(),
        key_id: "ctx_1".to_owned(),
    };
    let decrypted = DekOpened {
        actor: actor(),
        key_id: "key_1".to_owned(),
    };
    let verified = ByokKeyVerified {
        key: byok(),
        verified: true,
    };
    let denied = Denied {
        actor: actor(),
        operation: Operation::Decrypt,
        reason: Reason::ContextNotAllowed,
        count: 1,
    };
    let changed = CustomerKeyChanged {
        actor: actor(),
        operation: Operation::CustomerKeyReplace,
        customer_key: CustomerKeyId::from_bytes([7; 16]),
        key: byok(),
    };
    vec![
        (EventData::DataCreated(written()), "VaultDataCreated"),
        (EventData::DataUpdated(written()), "VaultDataUpdated"),
        (EventData::DataRead(opened), "VaultDataRead"),
        (EventData::DataDeleted(named()), "VaultDataDeleted"),
        (EventData::MetadataRead(named()), "VaultMetadataRead"),
        (EventData::NamesListed(actor()), "VaultNamesListed"),
        (EventData::KekCreated(kek()), "VaultKekCreated"),
        (EventData::KekDeleted(kek()), "VaultKekDeleted"),
        (EventData::DekRead(handed_out()), "VaultDekRead"),
        (EventData::DekDecrypted(decrypted), "VaultDekDecrypted"),
        (EventData::DekRekeyed(handed_out()), "VaultDekRekeyed"),
        (
            EventData::ByokKeyVerificationCompleted(verified),
            "VaultByokKeyVerificationCompleted",
        ),
        (EventData::ByokKeyDeleted(byok()), "VaultByokKeyDeleted"),
        (EventData::AccessDenied(denied), "EventSchemaUnknown"),
        (EventData::KekRotated(kek()), "EventSchemaUnknown"),
        (EventData::CustomerKeyChanged(changed), "EventSchemaUnknown"),
    ]
}

fn webhook(data: EventData) -> (String, String) {
    let event = Event {
        object: EventObject::Event,
        id: EventId {
            workspace: WorkspaceId::from_bytes([1; 16]),
            entry: 7,
            part: 0,
        },
        data,
        created_at: "2026-01-01T00:00:00.000Z".to_owned(),
    };
    let payload = serde_json::to_string(&event).unwrap();
    let key = WebhookKey::new(&SecretBytes::from(SECRET.as_bytes().to_vec()));
    let header = key.sign(SIGNED_MS, payload.as_bytes());
    (payload, header)
}

fn request(payload: &str, header: &str, secret: &str, tolerance: u64) -> Value {
    json!({"payload": payload, "header": header, "secret": secret, "tolerance": tolerance})
}

fn reader(library: Library) -> std::process::Command {
    let mut command = command(library, "webhook");
    command
        .env("API_KEY", "key")
        .env("SERVER", "http://127.0.0.1:1");
    command
}

#[test]
fn workos_clients_verify_and_read_each_event() {
    let (data, classes): (Vec<_>, Vec<_>) = samples().into_iter().unzip();
    let sent: Vec<_> = data.into_iter().map(webhook).collect();
    let requests = sent
        .iter()
        .map(|(payload, header)| request(payload, header, SECRET, TOLERANCE_MS));
    let input = requests.collect::<Value>().to_string();
    for library in ALL {
        let read = output(reader(library), input.as_bytes());
        let read: Vec<Value> = serde_json::from_str(&read).unwrap();
        assert_eq!(read.len(), EventName::ALL.len());
        for (position, read) in read.iter().enumerate() {
            let (name, class) = (EventName::ALL[position].name(), classes[position]);
            let event: Value = serde_json::from_str(&sent[position].0).unwrap();
            assert_eq!(event["event"], name);
            match library {
                // What it does not know becomes nothing, once it is verified.
                Library::Node8 if UNKNOWN_TO_NODE_8.contains(&name) => {
                    assert_eq!(*read, Value::Null, "{name}");
                }
                Library::Node8 | Library::Node11 => {
                    let identity = (&read["event"], &read["id"]);
                    assert_eq!(identity, (&event["event"], &event["id"]));
                    let fields = |data: &Value| data.as_object().map(serde_json::Map::len);
                    assert_eq!(fields(&read["data"]), fields(&event["data"]), "{name}");
                }
                Library::PythonSync | Library::PythonAsync => {
                    assert_eq!((&read["kind"], &read["event"]), (&json!(class), &event));
                }
            }
        }
    }
}

#[test]
fn workos_clients_refuse_what_is_not_signed_so() {
    let (payload, header) = webhook(EventData::DataCreated(written()));
    let altered = payload.replace("ctx_1", "ctx_2");
    let later = header.replace("t=17", "t=18");
    for library in ALL {
        for (payload, header, secret, tolerance) in [
            (altered.as_str(), header.as_str(), SECRET, TOLERANCE_MS),
            (&payload, &later, SECRET, TOLERANCE_MS),
            (&payload, &header, "whsec_other", TOLERANCE_MS),
            (&payload, &header, SECRET, 180_000),
        ] {
            let input = json!([request(payload, header, secret, tolerance)]).to_string();
            let said = failure(&mut reader(library), input.as_bytes()).to_lowercase();
            assert!(
                said.contains("signature") || said.contains("timestamp"),
                "{library:?} {said}"
            );
        }
    }
}

/// The server sends, the unmodified library verifies.
async fn workos_clients_take_the_webhooks_that_are_sent(room: Room) {
    let receiver = Receiver::start(0).await;
    let request = WebhookCreate {
        url: receiver.url.clone(),
        events: Some(vec![EventName::DataCreated, EventName::DataRead]),
    };
    let created = room.client.webhooks().create(&request).await.unwrap();
    let context = KeyContext::new([("organizationId", "org_acme")]).unwrap();
    let keep = ObjectCreate::new(context, "acme/key é", "value");
    let objects = room.client.objects();
    let id = objects.create(keep).await.unwrap().id;
    objects.read(&ObjectRead::by_id(id)).await.unwrap();
    let letters = receiver.letters(2).await;
    let request = |letter: &Letter| {
        json!({
            "payload": letter.body,
            "header": letter.signature,
            "secret": created.secret,
            "tolerance": TOLERANCE_MS,
        })
    };
    let requests: Value = letters.iter().map(request).collect();
    for library in ALL {
        let read = output(reader(library), requests.to_string().as_bytes());
        assert!(read.contains("acme/key"), "{library:?} {read}");
        assert!(read.contains("vault.data.created"), "{library:?} {read}");
        assert!(read.contains("vault.data.read"), "{library:?} {read}");
    }
}

async fn workos_clients_read_events(room: Room) {
    let environment = Environment::of(room).await;
    let context = KeyContext::new([("organizationId", "org_acme")]).unwrap();
    for n in 0..5 {
        let keep = ObjectCreate::new(context.clone(), format!("acme/{n}"), "value");
        environment
            .room
            .client
            .objects()
            .create(keep)
            .await
            .unwrap();
    }
    for library in ALL {
        environment.run(library, "events");
    }
}
