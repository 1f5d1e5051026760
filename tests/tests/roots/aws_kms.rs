//! `moto`, behind a gate that refuses and throttles as AWS does.

use std::sync::Arc;

use serde_json::{Value, json};
use strongroom_core::ports::{ConnectError, Outage, Providers as _, Refusal, RootError};
use strongroom_tests::kms_gate::KmsGate;
use strongroom_tests::moto::{self, Moto, SECRET};
use strongroom_tests::proxy::Proxy;
use strongroom_tests::service::Asked;

use crate::keys::{
    Maker, PLACE, context, never_shows, refused, unavailable, unwrap, wrap,
    wraps_for_one_place_and_context,
};

struct Stage {
    moto: Arc<Moto>,
    gate: KmsGate,
    arn: String,
}

impl Stage {
    async fn new() -> Self {
        let moto = Arc::new(Moto::start().await);
        let gate = KmsGate::start(&moto).await;
        let arn = moto.make_key().await;
        Self { moto, gate, arn }
    }

    fn description(&self) -> Value {
        moto::description(&self.gate.url, &self.arn)
    }
}

fn body(asked: &Asked) -> Value {
    serde_json::from_slice(&asked.body).unwrap()
}

#[tokio::test]
async fn a_key_in_kms_wraps_for_one_place_and_context() {
    let stage = Stage::new().await;
    let key = Maker::new().make(&stage.description());
    wraps_for_one_place_and_context(&*key).await;
}

#[tokio::test]
async fn the_encryption_context_is_the_key_context_and_the_place() {
    let stage = Stage::new().await;
    let key = Maker::new().make(&stage.description());
    let wrapped = wrap(&*key).await.unwrap();
    unwrap(&*key, &wrapped).await.unwrap();
    let asked = stage.gate.asked();
    let mut operations: Vec<_> = asked
        .iter()
        .map(|it| it.header("x-amz-target").unwrap())
        .collect();
    // On a slow machine one is asked again.
    operations.dedup();
    assert_eq!(operations, ["TrentService.Encrypt", "TrentService.Decrypt"]);
    for asked in &asked {
        let bound = &body(asked)["EncryptionContext"];
        assert_eq!(bound["organizationId"], "org_acme");
        assert_eq!(bound["strongroom:use"], "context-key");
        assert_eq!(bound["strongroom:version"], "3");
        assert!(
            bound["strongroom:workspace"]
                .as_str()
                .unwrap()
                .starts_with("ws_")
        );
        let signature = asked.header("authorization").unwrap();
        assert!(signature.contains("Credential=AKIATEST/20261123/eu-central-1/kms/"));
        assert!(!String::from_utf8_lossy(&asked.body).contains(SECRET));
    }
    let foreign = context("org_beta");
    assert!(key.unwrap(&PLACE, Some(&foreign), &wrapped).await.is_err());
}

#[tokio::test]
async fn another_key_of_the_same_account_does_not_unwrap() {
    let stage = Stage::new().await;
    let maker = Maker::new();
    let wrapped = wrap(&*maker.make(&stage.description())).await.unwrap();
    let other = moto::description(&stage.gate.url, &stage.moto.make_key().await);
    let other = maker.make(&other);
    let provider = "aws_kms";
    let wrong = RootError::WrongRoot { provider };
    assert_eq!(unwrap(&*other, &wrapped).await.unwrap_err(), wrong);
}

#[tokio::test]
async fn throttling_is_waited_out_and_not_for_ever() {
    let stage = Stage::new().await;
    let key = Maker::new().make(&stage.description());
    // The first call is the slow one, and none but the throttled shall be made again.
    wrap(&*key).await.unwrap();
    stage.gate.asked();
    stage.gate.throttle(2);
    assert!(wrap(&*key).await.is_ok());
    assert_eq!(stage.gate.asked().len(), 3);
    stage.gate.throttle(3);
    let throttled = unavailable(&*key, Outage::Throttled);
    assert_eq!(wrap(&*key).await, Err(throttled));
}

#[tokio::test]
async fn a_disabled_deleted_or_missing_key_is_refused_and_not_asked_again() {
    let stage = Stage::new().await;
    let key = Maker::new().make(&stage.description());
    let wrapped = wrap(&*key).await.unwrap();
    stage.gate.asked();
    let id = json!({"KeyId": moto::key_id(&stage.arn)});
    for (operation, undo) in [
        ("DisableKey", "EnableKey"),
        ("ScheduleKeyDeletion", "CancelKeyDeletion"),
    ] {
        stage.moto.call(operation, &id).await;
        let error = unwrap(&*key, &wrapped).await.unwrap_err();
        assert_eq!(error, refused(&*key, Refusal::KeyDisabled));
        never_shows(&*key, &error, "hunter2");
        // One, and on a slow machine those that had no answer in time.
        let asked = stage.gate.asked().len();
        assert!((1..=3).contains(&asked), "{asked}");
        stage.moto.call(undo, &id).await;
    }
    // A key whose deletion was cancelled is disabled still.
    stage.moto.call("EnableKey", &id).await;
    assert!(unwrap(&*key, &wrapped).await.is_ok());
    let missing = stage.arn.replace("key/", "key/00000000-");
    // Past the gate, which asks about the key itself.
    let missing = Maker::new().make(&moto::description(&stage.moto.url, &missing));
    let refusal = refused(&*missing, Refusal::KeyMissing);
    assert_eq!(wrap(&*missing).await, Err(refusal));
}

#[tokio::test]
async fn a_service_that_is_gone_opens_the_circuit_and_back_closes_it() {
    let stage = Stage::new().await;
    let proxy = Proxy::start(stage.moto.port()).await;
    let url = format!("http://127.0.0.1:{}", proxy.port);
    let maker = Maker::new();
    let key = maker.make(&moto::description(&url, &stage.arn));
    let wrapped = wrap(&*key).await.unwrap();
    proxy.cut();
    let error = unwrap(&*key, &wrapped).await.unwrap_err();
    assert_eq!(error, unavailable(&*key, Outage::Unreachable));
    never_shows(&*key, &error, SECRET);
    let open = unavailable(&*key, Outage::CircuitOpen);
    assert_eq!(unwrap(&*key, &wrapped).await.unwrap_err(), open);
    proxy.join();
    assert_eq!(
        unwrap(&*key, &wrapped).await.unwrap_err(),
        open,
        "left alone"
    );
    assert_eq!(key.probe().await, Err(open));
    maker.clock.forward(10);
    assert!(unwrap(&*key, &wrapped).await.is_ok());
    assert_eq!(key.probe().await, Ok(()));
}

#[tokio::test]
async fn a_probe_does_not_ask_a_key_that_just_answered() {
    let stage = Stage::new().await;
    let maker = Maker::new();
    let key = maker.make(&stage.description());
    for _ in 0..5 {
        key.probe().await.unwrap();
    }
    assert_eq!(stage.gate.asked().len(), 2, "one wrap and one unwrap");
    maker.clock.forward(10);
    key.probe().await.unwrap();
    assert_eq!(stage.gate.asked().len(), 2);
}

#[tokio::test]
async fn the_machines_own_credentials_are_for_whom_the_operator_permits() {
    let mut description = moto::description("http://127.0.0.1:1", "alias/acme");
    for field in ["access_key_id", "secret_access_key"] {
        description.as_object_mut().unwrap().remove(field);
    }
    let elsewhere = serde_json::from_value(description.clone()).unwrap();
    description.as_object_mut().unwrap().remove("endpoint");
    let at_aws = serde_json::from_value(description).unwrap();
    let refused = ConnectError::NotPermitted {
        provider: "aws_kms",
    };
    for (permitted, description, expected) in [
        (false, &elsewhere, Some(refused)),
        (false, &at_aws, Some(refused)),
        // A tenant does not say where the machine's credentials go.
        (true, &elsewhere, Some(refused)),
        (true, &at_aws, None),
    ] {
        let maker = Maker::permitting(None, &[], permitted);
        let connected = maker.providers.connect(description);
        assert_eq!(connected.err(), expected, "{permitted}");
        assert!(maker.providers.root(description).is_ok());
    }
}
