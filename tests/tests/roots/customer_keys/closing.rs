//! A key that its owner closes, or that is lost, closes its own tenant's data; nobody else notices.

use bytes::Bytes as Chunk;
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use strongroom_client::{ClientError, StreamRequest};
use strongroom_tests::deployment::Deployment;
use strongroom_tests::moto;
use strongroom_tests::poll::poll;
use strongroom_tests::proxy::Proxy;
use strongroom_tests::softhsm::SoftHsm;
use strongroom_types::body::{
    CustomerKeyState, DataKeyCreate, DataKeyUnwrap, ObjectCreate, ObjectRead, ObjectUpsert,
    StoredObject,
};
use strongroom_types::{Bytes, Code, CustomerKeyId, KeyContext, Reason};
use tokio::sync::mpsc;

use super::providers::{Kms, SECRET, in_token};
use super::world::World;
use crate::keys::context;

const CLOSED: (u16, Code) = (409, Code::KeyDisabled);
const AWAY: (u16, Code) = (503, Code::RootUnavailable);

/// A tenant's data.
struct Tenant {
    name: String,
    map: KeyContext,
    value: Bytes,
    data_key: Bytes,
    object: StoredObject,
}

impl Tenant {
    /// Seals something of each kind.
    async fn new(world: &World, organization: &str) -> Self {
        let map = context(organization);
        let made = DataKeyCreate::new(map.clone());
        let made = world.client.create_data_key(made).await.unwrap();
        let object = ObjectCreate::new(map.clone(), organization, "stored");
        Self {
            value: world.seal(&map, organization).await,
            data_key: made.wrapped_key,
            object: world.client.objects().create(object).await.unwrap(),
            name: format!("{organization} more"),
            map,
        }
    }

    /// The same, under a key that is asked at every use.
    async fn under(world: &World, key: CustomerKeyId, organization: &str) -> Self {
        world.attach(key, organization).await;
        let tenant = Self::new(world, organization).await;
        let keys = world.client.customer_keys();
        let told = keys.which_key(tenant.map.clone()).await.unwrap();
        assert_eq!(told.customer_key_now, Some(key));
        tenant
    }

    /// Uses the tenant's keys in every way; how each went.
    async fn use_in_every_way(&self, world: &World) -> Vec<Result<(), ClientError>> {
        let client = &world.client;
        let unwrap = DataKeyUnwrap::new(self.map.clone(), self.data_key.clone());
        let put = ObjectUpsert::new(self.map.clone(), self.name.clone(), "more");
        let read = ObjectRead::by_id(self.object.id);
        let made = DataKeyCreate::new(self.map.clone());
        let streaming = world.another_client();
        let request = StreamRequest::new(self.map.clone());
        let (plaintext, mut sealed) = (std::io::Cursor::new(b"streamed"), Vec::new());
        let streamed = streaming.encrypt_copy(request, plaintext, &mut sealed);
        vec![
            world.open(&self.map, &self.value).await.map(drop),
            world.try_seal(&self.map, "more").await.map(drop),
            client.unwrap_data_key(unwrap).await.map(drop),
            client.create_data_key(made).await.map(drop),
            client.objects().read(&read).await.map(drop),
            client.objects().upsert(put).await.map(drop),
            streamed.await.map(drop),
        ]
    }

    /// Checks that all of it goes.
    async fn notices_nothing(&self, world: &World) {
        for done in self.use_in_every_way(world).await {
            done.unwrap();
        }
    }

    /// Checks that none of it goes.
    async fn is_closed(&self, world: &World, answer: (u16, Code), reason: Reason, provider: &str) {
        for done in self.use_in_every_way(world).await {
            world.assert_refused(done, answer, reason, provider).await;
        }
    }
}

#[tokio::test]
async fn a_key_disabled_in_kms_closes_its_tenant_and_nobody_else_notices() {
    let kms = Kms::start().await;
    let arn = kms.make_key().await;
    let world = World::start().await;
    let key = world.key(&kms.description(&arn), 0).await;
    let acme = Tenant::under(&world, key, "org_acme").await;
    let betas = kms.description(&kms.make_key().await);
    let beta = Tenant::under(&world, world.key(&betas, 0).await, "org_beta").await;
    let gamma = Tenant::new(&world, "org_gamma").await;
    for (operation, undo) in [
        ("DisableKey", "EnableKey"),
        ("ScheduleKeyDeletion", "CancelKeyDeletion"),
    ] {
        kms.call(operation, &arn).await;
        // While others work.
        tokio::join!(
            acme.is_closed(&world, CLOSED, Reason::CustomerKeyRefused, "aws_kms"),
            beta.notices_nothing(&world),
            gamma.notices_nothing(&world),
        );
        kms.call(undo, &arn).await;
        // A key whose deletion was cancelled is disabled still.
        kms.enable(&arn).await;
        acme.notices_nothing(&world).await;
    }
    // The key was closed at KMS, not here.
    let info = world.client.customer_keys().describe(key).await.unwrap();
    assert_eq!(info.state, CustomerKeyState::Active);
}

#[tokio::test]
async fn the_shortest_lifetime_ends_by_itself() {
    let kms = Kms::start().await;
    let arn = kms.make_key().await;
    let world = World::start().await;
    let key = world.key(&kms.description(&arn), 1).await;
    let acme = Tenant::under(&world, key, "org_acme").await;
    kms.disable(&arn).await;
    let refused = poll(async || world.open(&acme.map, &acme.value).await.err()).await;
    assert_eq!(refused.code(), Some(Code::KeyDisabled));
    acme.is_closed(&world, CLOSED, Reason::CustomerKeyRefused, "aws_kms")
        .await;
    kms.enable(&arn).await;
    acme.notices_nothing(&world).await;
}

#[tokio::test]
async fn a_token_taken_out_closes_its_tenants_and_nobody_else_notices() {
    let (hsm, kms) = (SoftHsm::start(), Kms::start().await);
    let world = World::start_with(Some(&hsm), &[]).await;
    let key = world.key(&in_token(&hsm, "acme"), 0).await;
    let acme = Tenant::under(&world, key, "org_acme").await;
    let betas = kms.description(&kms.make_key().await);
    let beta = Tenant::under(&world, world.key(&betas, 0).await, "org_beta").await;
    let gamma = Tenant::new(&world, "org_gamma").await;
    hsm.take_out();
    tokio::join!(
        acme.is_closed(&world, AWAY, Reason::CustomerKeyUnreachable, "pkcs11"),
        beta.notices_nothing(&world),
        gamma.notices_nothing(&world),
    );
    hsm.put_back();
    // A device that was missed is left alone for some seconds.
    poll(async || world.open(&acme.map, &acme.value).await.ok()).await;
    acme.notices_nothing(&world).await;
}

#[tokio::test]
async fn a_key_deleted_in_a_token_stays_closed_whatever_takes_its_name() {
    let hsm = SoftHsm::start();
    let world = World::start_with(Some(&hsm), &[]).await;
    let key = world.key(&in_token(&hsm, "acme"), 0).await;
    let acme = Tenant::under(&world, key, "org_acme").await;
    // In the same token.
    let betas = world.key(&in_token(&hsm, "beta"), 0).await;
    let beta = Tenant::under(&world, betas, "org_beta").await;
    hsm.delete_key_named("acme");
    tokio::join!(
        acme.is_closed(&world, CLOSED, Reason::CustomerKeyRefused, "pkcs11"),
        beta.notices_nothing(&world),
    );
    in_token(&hsm, "acme");
    acme.is_closed(&world, CLOSED, Reason::CustomerKeyOther, "pkcs11")
        .await;
    let verified = world.client.customer_keys().verify(key).await.unwrap_err();
    assert_eq!(verified.code(), Some(Code::Conflict));
    beta.notices_nothing(&world).await;
}

#[tokio::test]
async fn a_service_that_is_gone_is_another_error_than_one_that_refuses() {
    let kms = Kms::start().await;
    let arn = kms.make_key().await;
    let proxy = Proxy::start(kms.moto.port()).await;
    let url = format!("http://127.0.0.1:{}", proxy.port);
    let world = World::start().await;
    let key = world.key(&moto::description(&url, &arn), 0).await;
    let acme = Tenant::under(&world, key, "org_acme").await;
    let gamma = Tenant::new(&world, "org_gamma").await;
    proxy.cut();
    // One use only: more would have it left alone for a while.
    let opened = world.open(&acme.map, &acme.value).await;
    let unreachable = Reason::CustomerKeyUnreachable;
    world
        .assert_refused(opened, AWAY, unreachable, "aws_kms")
        .await;
    gamma.notices_nothing(&world).await;
    proxy.join();
    acme.notices_nothing(&world).await;
}

#[tokio::test]
async fn a_stream_that_began_goes_on_to_its_end() {
    let kms = Kms::start().await;
    let arn = kms.make_key().await;
    let world = World::start().await;
    let key = world.key(&kms.description(&arn), 0).await;
    let acme = Tenant::under(&world, key, "org_acme").await;
    let request = || StreamRequest::new(acme.map.clone());
    let (chunks, source) = mpsc::channel::<std::io::Result<Chunk>>(1);
    let source = stream::unfold(source, async |mut source| {
        let chunk = source.recv().await?;
        Some((chunk, source))
    });
    let sealing = world.client.encrypt_stream(request(), source);
    let (first, rest) = (vec![1; 40_000], vec![2; 40_000]);
    let feeding = chunks.send(Ok(Chunk::from(first.clone())));
    let (sealing, fed) = tokio::join!(sealing, feeding);
    let (mut sealing, mut sealed) = (sealing.unwrap(), Vec::new());
    fed.unwrap();
    sealed.extend(sealing.next().await.unwrap().unwrap());

    kms.disable(&arn).await;
    chunks.send(Ok(Chunk::from(rest.clone()))).await.unwrap();
    drop(chunks);
    sealing.copy_to(&mut sealed).await.unwrap();
    let open = async |sealed: Vec<u8>| {
        let mut opened = Vec::new();
        let reader = std::io::Cursor::new(sealed);
        let client = world.another_client();
        let copied = client.decrypt_copy(request(), reader, &mut opened).await;
        copied.map(|_| opened)
    };
    let refused = open(sealed.clone()).await.map(drop);
    world
        .assert_refused(refused, CLOSED, Reason::CustomerKeyRefused, "aws_kms")
        .await;
    kms.enable(&arn).await;
    assert!(open(sealed).await.unwrap() == [first, rest].concat());
}

#[tokio::test]
async fn a_guessed_pin_is_refused_where_the_token_is_open_and_where_it_is_not() {
    let hsm = SoftHsm::start();
    let world = World::start_with(Some(&hsm), &[]).await;
    let keys = world.client.customer_keys();
    let right = in_token(&hsm, "acme");
    let mut guessed = right.clone();
    for is_open in [false, true] {
        guessed["pin"] = json!(format!("{SECRET}-guess-{is_open}"));
        let id = world.register(&guessed, 0).await.id;
        let refused = keys.verify(id).await;
        world
            .assert_refused(refused, CLOSED, Reason::CustomerKeyRefused, "pkcs11")
            .await;
        let info = keys.describe(id).await.unwrap();
        assert_eq!(info.state, CustomerKeyState::Unverified);
        if !is_open {
            let acme = world.key(&right, 0).await;
            Tenant::under(&world, acme, "org_acme").await;
        }
    }
    let acme = Tenant::new(&world, "org_acme_2").await;
    acme.notices_nothing(&world).await;
    assert!(!world.server.stop().contains(SECRET));
}

#[tokio::test]
async fn a_tenant_does_not_reach_what_the_operator_did_not_permit() {
    let hsm = SoftHsm::start();
    let mut deployment = Deployment::new(&[], &[]);
    let module = strongroom_tests::softhsm::module();
    deployment.set(
        strongroom_tests::softhsm::CONFIGURATION,
        &hsm.configuration().display().to_string(),
    );
    deployment.set("STRONGROOM_PKCS11_MODULE", &module.display().to_string());
    let world = World::of(deployment).await;
    for (key, provider) in [
        (in_token(&hsm, "acme"), "pkcs11"),
        (
            moto::description("http://127.0.0.1:1", "alias/acme"),
            "aws_kms",
        ),
        (
            moto::description("https://10.0.0.1", "alias/acme"),
            "aws_kms",
        ),
    ] {
        let request = json!({"name": "key", "key": key});
        let key = &world.api_key;
        let refused = world.server.post("/v1/customer-keys", key, &request).await;
        refused.assert_problem(400, "invalid_request");
        let said = refused.text("detail");
        assert!(said.contains(provider) && !said.contains(SECRET), "{said}");
    }
}
