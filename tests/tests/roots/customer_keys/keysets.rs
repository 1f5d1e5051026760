//! Keysets and split keys under a tenant's key, which decides about each data key and each share.

use serde_json::{Value, json};
use strongroom_client::split::{GrantingKey, SplitKeyPair, ValuePlace};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_tests::cipherstash::{access_key, key, tagged};
use strongroom_tests::reply::Reply;
use strongroom_types::body::KeysetDeclare;
use strongroom_types::{Code, ContextPattern, KeysetId, Reason};

use super::providers::{Calls, Kms};
use super::world::World;

const EMAIL: ValuePlace<'_> = ValuePlace {
    table: "users",
    column: "email",
    row: None,
};
const SURFACE: [(&str, &str); 2] = [
    ("STRONGROOM_SURFACES", "cipherstash"),
    // Nobody here follows it.
    ("STRONGROOM_CIPHERSTASH_URL", "http://127.0.0.1:8320"),
];

/// A keyset of a tenant whose key in KMS is asked at every use.
struct Stage {
    kms: Kms,
    arn: String,
    world: World,
    keyset: KeysetId,
}

impl Stage {
    async fn new() -> Self {
        let kms = Kms::start().await;
        let arn = kms.make_key().await;
        let world = World::start_with(None, &SURFACE).await;
        let request = KeysetDeclare {
            name: "tenants/acme".parse().unwrap(),
            description: String::new(),
        };
        let declared = world.client.split_keys().declare(&request).await;
        Self {
            kms,
            arn,
            world,
            keyset: declared.unwrap().id,
        }
    }

    /// Puts the keyset under the tenant's key; the job moves its keys.
    async fn attach(&self) {
        let key = self.world.key(&self.kms.description(&self.arn), 0).await;
        let pattern = ContextPattern::new([("keyset", self.keyset.to_string())]).unwrap();
        let keys = self.world.client.customer_keys();
        let attached = keys.attach(key, pattern).await.unwrap();
        assert!(self.world.done(attached.job.id).await.done > 0);
        self.kms.calls();
    }

    /// Checks that the key was asked to unwrap, and to wrap nothing.
    fn assert_asked(&self, what: &str) {
        let Calls { encrypts, decrypts } = self.kms.calls();
        assert_eq!(encrypts, 0, "{what}");
        assert!(decrypts > 0, "{what}");
    }
}

#[tokio::test]
async fn shares_of_split_keys_are_derived_with_the_tenants_key_only() {
    let stage = Stage::new().await;
    let split = stage.world.client.split_keys();
    let granting = GrantingKey::generate(&SystemEntropy).unwrap();
    let pair = SplitKeyPair::generate(&SystemEntropy).unwrap();
    let credential = split.begin(stage.keyset, &granting, pair).await.unwrap();
    let keys = split.open(&credential).await.unwrap();
    let before = keys.seal(&EMAIL, b"before").await.unwrap();
    stage.attach().await;
    let sealed = keys.seal(&EMAIL, b"ann").await.unwrap();
    stage.assert_asked("sealed");
    for (value, text) in [(&before, &b"before"[..]), (&sealed, b"ann")] {
        assert_eq!(keys.open(&EMAIL, value).await.unwrap().expose(), text);
        stage.assert_asked("opened");
    }
    stage.kms.disable(&stage.arn).await;
    assert!(keys.open(&EMAIL, &sealed).await.is_err());
    assert!(keys.seal(&EMAIL, b"bob").await.is_err());
    let entries = stage.world.entries().await;
    let refused = entries.iter().rev().take(2);
    let reasons: Vec<_> = refused.map(|entry| entry.reason).collect();
    assert_eq!(reasons, [Some(Reason::CustomerKeyRefused); 2]);
    stage.kms.enable(&stage.arn).await;
    let opened = keys.open(&EMAIL, &sealed).await.unwrap();
    assert_eq!(opened.expose(), b"ann");
}

/// A caller of CipherStash's surface, and a client of the keyset.
struct Caller<'a> {
    stage: &'a Stage,
    token: String,
    client: Value,
}

impl<'a> Caller<'a> {
    async fn of(stage: &'a Stage) -> Self {
        let key = access_key(&stage.world.api_key);
        let asked = json!({ "accessKey": key });
        let issued = stage.world.server.post("/api/authorise", "", &asked).await;
        let mut caller = Self {
            stage,
            token: issued.text("accessToken"),
            client: Value::Null,
        };
        let request = json!({"keyset_id": stage.keyset, "name": "application"});
        let made = caller.post("create-client", &request).await;
        caller.client = made.json().get("id").unwrap().clone();
        caller
    }

    async fn post(&self, operation: &str, body: &Value) -> Reply {
        let path = format!("/zerokms/{operation}");
        let server = &self.stage.world.server;
        server.post(&path, &self.token, body).await
    }

    async fn keys(&self, operation: &str, key: &Value) -> Reply {
        let body = json!({"client_id": self.client, "keyset_id": null, "keys": [key],
            "unverified_context": {}});
        self.post(operation, &body).await
    }
}

#[tokio::test]
async fn data_keys_of_keysets_are_derived_with_the_tenants_key_only() {
    let stage = Stage::new().await;
    let caller = Caller::of(&stage).await;
    let asked = key(1, "users/email");
    let before = caller.keys("generate-data-key", &asked).await.json();
    stage.attach().await;
    let made = before.pointer("/keys/0").unwrap();
    let kept = tagged(&asked, made);
    let again = caller.keys("retrieve-data-key", &kept).await.json();
    stage.assert_asked("retrieved");
    let material = |answer: &Value| answer.pointer("/keys/0/key_material").cloned().unwrap();
    assert_eq!(material(&again), material(&before));
    let other = key(2, "users/email");
    let new = caller.keys("generate-data-key", &other).await;
    assert_eq!(new.status, 200, "{new:?}");
    stage.assert_asked("generated");
    stage.kms.disable(&stage.arn).await;
    for (operation, key) in [("retrieve-data-key", &kept), ("generate-data-key", &asked)] {
        let refused = caller.keys(operation, key).await;
        assert_eq!(refused.status, 403, "{refused:?}");
        assert_eq!(refused.text("code"), Code::KeyDisabled.name());
        let entries = stage.world.entries().await;
        let reason = entries.last().unwrap().reason;
        assert_eq!(reason, Some(Reason::CustomerKeyRefused), "{operation}");
    }
    stage.kms.enable(&stage.arn).await;
    let again = caller.keys("retrieve-data-key", &kept).await.json();
    assert_eq!(material(&again), material(&before));
}
