//! A cache lifetime of 0: the provider is asked at every use, counted at the provider and in the log.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::Value;
use strongroom_client::{Client, StreamRequest};
use strongroom_tests::token::{SigningKey, claims, key_set};
use strongroom_types::body::{
    Batch, BatchAnswer, DataKeyCreate, DataKeyItem, DataKeyUnwrap, DecryptItem, DecryptRequest,
    EncryptItem, EncryptRequest, IssuerCreate, IssuerKeys, ItemResult, ObjectCreate, ObjectRead,
    ObjectUpdate, RewrapRequest, WrappedKeyItem, WrappingKind,
};
use strongroom_types::{Code, KeyContext, Operation, Outcome, Reason};

use super::providers::{Calls, Kms};
use super::world::World;
use crate::keys::context;

const ISSUER: &str = "https://issuer.example";
/// Of several chunks.
const STREAM: usize = 100_000;
/// Items of a batch.
const ITEMS: u64 = 5;

/// A workspace with a tenant whose key in KMS is asked at every use.
struct Stage {
    kms: Kms,
    arn: String,
    world: World,
    acme: KeyContext,
    /// How often the key unwrapped so far.
    unwrapped: Cell<u64>,
}

impl Stage {
    async fn new() -> Self {
        let kms = Kms::start().await;
        let arn = kms.make_key().await;
        let world = World::start().await;
        let acme = context("org_acme");
        world.seal(&acme, "before").await;
        let key = world.key(&kms.description(&arn), 0).await;
        world.attach(key, "org_acme").await;
        kms.calls();
        Self {
            kms,
            arn,
            world,
            acme,
            unwrapped: Cell::default(),
        }
    }

    /// A client of the workspace for a person, who locks all that she seals to herself.
    async fn alice(&self) -> Client {
        let key = SigningKey::ed25519("k", 7);
        let trusted = IssuerCreate {
            issuer: ISSUER.to_owned(),
            keys: IssuerKeys::Jwks(key_set(&[&key])),
            audiences: vec!["strongroom".to_owned()],
            sign_in_audience: None,
            clock_skew_s: None,
            display_claims: Vec::new(),
        };
        let issuers = self.world.client.issuers();
        issuers.create(&trusted).await.unwrap();
        let token = key.sign(&claims(ISSUER, "alice"));
        self.world.client.with_lock_context(&token)
    }

    /// Checks how often the key unwrapped since the last time; it wrapped nothing.
    fn assert_unwrapped(&self, decrypts: u64, what: &str) {
        let expected = Calls {
            encrypts: 0,
            decrypts,
        };
        assert_eq!(self.kms.calls(), expected, "{what}");
        self.unwrapped.set(self.unwrapped.get() + decrypts);
    }

    /// How many items each operation of this tenant's data had, from the log.
    async fn logged(&self, from: u64) -> BTreeMap<Operation, u64> {
        let mut logged = BTreeMap::new();
        for entry in self.world.entries().await {
            let is_use = entry.index >= from && entry.outcome == Outcome::Allowed;
            if is_use && entry.key_context.as_ref() == Some(&self.acme) {
                *logged.entry(entry.operation).or_default() += u64::from(entry.count);
            }
        }
        logged
    }

    async fn end_of_log(&self) -> u64 {
        self.world.entries().await.len() as u64
    }
}

fn batch<T>(items: impl IntoIterator<Item = T>) -> Batch<T> {
    Batch {
        items: items.into_iter().collect(),
        metadata: None,
    }
}

/// The values of a batch of which every item went well.
fn values<T>(answer: BatchAnswer<T>) -> Vec<T> {
    let value = |result| match result {
        ItemResult::Ok(value) => Some(value),
        ItemResult::Err { .. } => None,
    };
    let values: Option<_> = answer.results.into_iter().map(value).collect();
    values.unwrap()
}

/// Uses the key in every way there is, one call at KMS for each part of `per_use`.
async fn uses_in_every_way(stage: &Stage, client: &Client, per_use: u64) {
    values_and_data_keys(stage, client, per_use).await;
    objects(stage, client, per_use).await;
    batches(stage, client, per_use).await;
    streams(stage, client, per_use).await;
}

async fn values_and_data_keys(stage: &Stage, client: &Client, per_use: u64) {
    let acme = || stage.acme.clone();
    let sealed = client.encrypt(EncryptRequest::new(acme(), "value")).await;
    stage.assert_unwrapped(per_use, "encrypt");
    let request = DecryptRequest::new(acme(), sealed.unwrap().ciphertext);
    let opened = client.decrypt(request).await.unwrap();
    assert_eq!(opened.plaintext.0, b"value");
    stage.assert_unwrapped(per_use, "decrypt");
    let made = client.create_data_key(DataKeyCreate::new(acme())).await;
    let made = made.unwrap();
    stage.assert_unwrapped(per_use, "data key made");
    let request = DataKeyUnwrap::new(acme(), made.wrapped_key);
    let unwrapped = client.unwrap_data_key(request).await.unwrap();
    assert_eq!(unwrapped.plaintext, made.plaintext);
    stage.assert_unwrapped(per_use, "data key unwrapped");
}

async fn objects(stage: &Stage, client: &Client, per_use: u64) {
    let objects = client.objects();
    let name = format!("token {per_use}");
    let request = ObjectCreate::new(stage.acme.clone(), name, "one");
    let object = objects.create(request).await.unwrap();
    stage.assert_unwrapped(per_use, "object made");
    let updated = objects.update(object.id, ObjectUpdate::new("two"));
    updated.await.unwrap();
    stage.assert_unwrapped(per_use, "object updated");
    let read = objects.read(&ObjectRead::by_id(object.id)).await.unwrap();
    assert_eq!(read.value.unwrap().0, b"two");
    stage.assert_unwrapped(per_use, "object read");
    let both = [1, 2].map(|version| ObjectRead {
        version: Some(version),
        ..ObjectRead::by_id(object.id)
    });
    values(objects.read_batch(batch(both)).await.unwrap());
    stage.assert_unwrapped(2 * per_use, "two versions read");
}

async fn batches(stage: &Stage, client: &Client, per_use: u64) {
    let acme = || stage.acme.clone();
    let items = (0..ITEMS).map(|n| EncryptItem::new(acme(), n.to_string().into_bytes()));
    let sealed = values(client.encrypt_batch(batch(items)).await.unwrap());
    stage.assert_unwrapped(ITEMS * per_use, "batch sealed");
    let items = sealed
        .into_iter()
        .map(|sealed| DecryptItem::new(acme(), sealed.ciphertext));
    values(client.decrypt_batch(batch(items)).await.unwrap());
    stage.assert_unwrapped(ITEMS * per_use, "batch opened");
    let items = (0..ITEMS).map(|_| DataKeyItem::new(acme()));
    let made = values(client.create_data_keys(batch(items)).await.unwrap());
    stage.assert_unwrapped(ITEMS * per_use, "batch of data keys made");
    let items = made
        .into_iter()
        .map(|made| WrappedKeyItem::new(acme(), made.wrapped_key));
    values(client.unwrap_data_keys(batch(items)).await.unwrap());
    stage.assert_unwrapped(ITEMS * per_use, "batch of data keys unwrapped");
}

async fn streams(stage: &Stage, client: &Client, per_use: u64) {
    let plaintext = vec![7; STREAM];
    let request = || StreamRequest::new(stage.acme.clone());
    let (mut sealed, mut opened) = (Vec::new(), Vec::new());
    let reader = std::io::Cursor::new(plaintext.clone());
    let copied = client.encrypt_copy(request(), reader, &mut sealed).await;
    copied.unwrap();
    stage.assert_unwrapped(per_use, "stream sealed");
    let reader = std::io::Cursor::new(sealed);
    let copied = client.decrypt_copy(request(), reader, &mut opened).await;
    copied.unwrap();
    assert!(opened == plaintext);
    stage.assert_unwrapped(per_use, "stream opened");
}

/// What [`uses_in_every_way`] does, as the log counts it.
const USES: &[(Operation, u64)] = &[
    (Operation::Encrypt, 1 + ITEMS),
    (Operation::Decrypt, 1 + ITEMS),
    (Operation::DataKeyCreate, 1 + ITEMS),
    (Operation::DataKeyUnwrap, 1 + ITEMS),
    (Operation::StreamEncrypt, 1),
    (Operation::StreamDecrypt, 1),
    (Operation::ObjectCreate, 1),
    (Operation::ObjectUpdate, 1),
    (Operation::ObjectRead, 3),
];

/// Checks the calls against the log.
async fn assert_logged(stage: &Stage, from: u64, per_use: u64) {
    let logged = stage.logged(from).await;
    assert_eq!(logged, USES.iter().copied().collect());
    let items: u64 = logged.values().sum();
    assert_eq!(stage.unwrapped.get(), items * per_use);
}

#[tokio::test]
async fn without_lifetime_kms_is_asked_once_for_each_item_that_the_log_counts() {
    let stage = Stage::new().await;
    let from = stage.end_of_log().await;
    uses_in_every_way(&stage, &stage.world.client, 1).await;
    assert_logged(&stage, from, 1).await;
}

#[tokio::test]
async fn without_lifetime_kms_is_asked_twice_for_what_is_locked() {
    let stage = Stage::new().await;
    let alice = stage.alice().await;
    let from = stage.end_of_log().await;
    uses_in_every_way(&stage, &alice, 2).await;
    assert_logged(&stage, from, 2).await;
}

#[tokio::test]
async fn a_rewrap_asks_for_both_versions_and_for_no_lock_secret() {
    let stage = Stage::new().await;
    let alice = stage.alice().await;
    let sealed = alice.encrypt(EncryptRequest::new(stage.acme.clone(), "value"));
    let sealed = sealed.await.unwrap();
    let contexts = stage.world.client.contexts();
    contexts.rotate(sealed.key.id).await.unwrap();
    stage.kms.calls();
    let rewrap = RewrapRequest::new(stage.acme.clone(), sealed.ciphertext);
    let moved = stage.world.client.rewrap(rewrap).await.unwrap();
    assert_eq!(moved.key.version, sealed.key.version.next().unwrap());
    stage.assert_unwrapped(2, "rewrapped");
    let request = DecryptRequest::new(stage.acme.clone(), moved.ciphertext);
    assert_eq!(alice.decrypt(request).await.unwrap().plaintext.0, b"value");
    stage.assert_unwrapped(2, "opened");
}

#[tokio::test]
async fn a_new_key_context_is_wrapped_by_kms_alone() {
    let stage = Stage::new().await;
    let pairs = [("organizationId", "org_acme"), ("dataType", "pii")];
    let map = KeyContext::new(pairs).unwrap();
    stage.world.seal(&map, "value").await;
    // Key and lock secret; then the key is unwrapped for its first use.
    let made = Calls {
        encrypts: 2,
        decrypts: 1,
    };
    assert_eq!(stage.kms.calls(), made);
    let keys = stage.world.client.customer_keys();
    let told = keys.which_key(map).await.unwrap();
    assert_eq!(told.wrapped_now, Some(WrappingKind::CustomerKey));
    assert_eq!(stage.kms.calls(), Calls::default(), "it only tells");
}

#[tokio::test]
async fn concurrent_uses_do_not_share_what_kms_unwrapped() {
    let stage = Stage::new().await;
    let sealed = stage.world.seal(&stage.acme, "value").await;
    let from = stage.end_of_log().await;
    stage.kms.calls();
    // Nine times, three at once.
    stage.world.opens(&stage.acme, &sealed, "value").await;
    stage.assert_unwrapped(9, "opened at once");
    assert_eq!(stage.logged(from).await[&Operation::Decrypt], 9);
}

#[tokio::test]
async fn kms_is_told_whose_data_each_use_is_for() {
    let stage = Stage::new().await;
    let alice = stage.alice().await;
    let request = EncryptRequest::new(stage.acme.clone(), "value");
    let sealed = alice.encrypt(request).await.unwrap();
    let mut uses = Vec::new();
    for asked in stage.kms.gate.asked() {
        let body: Value = serde_json::from_slice(&asked.body).unwrap();
        assert_eq!(body["KeyId"], stage.arn);
        let told = &body["EncryptionContext"];
        assert_eq!(told["organizationId"], "org_acme");
        assert_eq!(told["strongroom:context"], sealed.key.id.to_string());
        uses.push(told["strongroom:use"].as_str().unwrap().to_owned());
    }
    uses.sort();
    assert_eq!(uses, ["context-key", "lock-secret"]);
}

#[tokio::test]
async fn who_is_refused_does_not_make_kms_work() {
    let stage = Stage::new().await;
    let (world, acme) = (&stage.world, &stage.acme);
    let sealed = world.seal(acme, "value").await;
    stage.kms.calls();
    let beta = context("org_beta");
    let refused = world.open(&beta, &sealed).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::ContextMismatch));
    let request = serde_json::json!({
        "name": "program", "permissions": ["encrypt"],
        "allowed_contexts": [{"organizationId": "org_beta"}],
    });
    let made = world
        .server
        .post("/v1/clients", &world.api_key, &request)
        .await;
    let key = made.json().pointer("/api_key/secret").cloned().unwrap();
    let stranger = world.server.client(key.as_str().unwrap());
    let request = EncryptRequest::new(acme.clone(), "value");
    let refused = stranger.encrypt(request).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::ContextNotFound));
    let request = DecryptRequest::new(acme.clone(), sealed);
    let refused = stranger.decrypt(request).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::PermissionDenied));
    stage.assert_unwrapped(0, "refused");
}

#[tokio::test]
async fn with_a_lifetime_kms_is_asked_once_for_many_uses() {
    let stage = Stage::new().await;
    let long = Kms::another_gate(&stage.kms).await;
    let arn = long.make_key().await;
    let (world, beta) = (&stage.world, context("org_beta"));
    let key = world.key(&long.description(&arn), 86_400).await;
    world.attach(key, "org_beta").await;
    let sealed = world.seal(&beta, "value").await;
    world.opens(&beta, &sealed, "value").await;
    long.calls();
    world.opens(&beta, &sealed, "value").await;
    assert_eq!(long.calls(), Calls::default());
    // Disabled at KMS only: what was unwrapped is used until its lifetime is over.
    long.disable(&arn).await;
    world.opens(&beta, &sealed, "value").await;
    assert_eq!(long.calls(), Calls::default());
    // Then the tenant says that nothing is to be kept: from here on KMS decides.
    let change = serde_json::from_value(serde_json::json!({"cache_s": 0})).unwrap();
    world
        .client
        .customer_keys()
        .update(key, &change)
        .await
        .unwrap();
    let closed = (409, Code::KeyDisabled);
    let opened = world.open(&beta, &sealed).await;
    world
        .assert_refused(opened, closed, Reason::CustomerKeyRefused, "aws_kms")
        .await;
}
