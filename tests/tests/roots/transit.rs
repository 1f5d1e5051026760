//! `OpenBao`.

use reqwest::Method;
use serde_json::json;
use strongroom_core::ports::{Outage, Refusal};
use strongroom_tests::openbao::OpenBao;
use strongroom_tests::proxy::Proxy;

use crate::keys::{
    Maker, never_shows, refused, unavailable, unwrap, wrap, wraps_for_one_place_and_context,
};

#[tokio::test]
async fn plain_and_derived_keys_wrap_for_one_place_and_context() {
    for derived in [false, true] {
        let bao = OpenBao::start(json!({"derived": derived})).await;
        let mut description = bao.description();
        description["derived"] = json!(derived);
        let key = Maker::new().make(&description);
        wraps_for_one_place_and_context(&*key).await;
        if derived {
            description["derived"] = json!(false);
            let undeclared = Maker::new().make(&description);
            let refusal = refused(&*undeclared, Refusal::KeyKind);
            assert_eq!(wrap(&*undeclared).await, Err(refusal));
        }
    }
}

#[tokio::test]
async fn a_rotated_key_unwraps_what_its_old_version_wrapped() {
    let bao = OpenBao::start(json!({})).await;
    let key = Maker::new().make(&bao.description());
    let old = wrap(&*key).await.unwrap();
    bao.call("transit/keys/strongroom/rotate", json!({})).await;
    let new = wrap(&*key).await.unwrap();
    assert!(old.starts_with(b"vault:v1:") && new.starts_with(b"vault:v2:"));
    assert!(unwrap(&*key, &old).await.is_ok());
    assert!(unwrap(&*key, &new).await.is_ok());
    let config = json!({"min_decryption_version": 2});
    bao.call("transit/keys/strongroom/config", config).await;
    let retired = refused(&*key, Refusal::KeyDisabled);
    assert_eq!(unwrap(&*key, &old).await.unwrap_err(), retired);
    assert!(unwrap(&*key, &new).await.is_ok());
}

#[tokio::test]
async fn a_disabled_key_a_missing_one_and_a_bad_token_are_refused() {
    let bao = OpenBao::start(json!({})).await;
    let maker = Maker::new();
    let key = maker.make(&bao.description());
    let wrapped = wrap(&*key).await.unwrap();
    let path = "transit/keys/strongroom/soft-delete";
    let permit = json!({"deletion_allowed": true});
    bao.call("transit/keys/strongroom/config", permit).await;
    bao.send(Method::DELETE, path, json!({})).await;
    let error = unwrap(&*key, &wrapped).await.unwrap_err();
    assert_eq!(error, refused(&*key, Refusal::KeyDisabled));
    never_shows(&*key, &error, &bao.token);
    bao.call(&format!("{path}-restore"), json!({})).await;
    assert!(unwrap(&*key, &wrapped).await.is_ok());

    for (field, value) in [
        ("key", "misspelt"),
        ("token", "hunter2"),
        ("mount", "other"),
    ] {
        let mut description = bao.description();
        description[field] = json!(value);
        let key = maker.make(&description);
        let error = wrap(&*key).await.unwrap_err();
        assert_eq!(error, refused(&*key, Refusal::AccessDenied), "{field}");
        never_shows(&*key, &error, "hunter2");
    }
}

#[tokio::test]
async fn a_sealed_server_is_out_of_order_and_not_a_refusal() {
    let bao = OpenBao::start(json!({})).await;
    let key = Maker::new().make(&bao.description());
    wrap(&*key).await.unwrap();
    bao.call("sys/seal", json!({})).await;
    let error = wrap(&*key).await.unwrap_err();
    assert_eq!(error, unavailable(&*key, Outage::Fault));
}

#[tokio::test]
async fn a_rate_limit_is_throttling() {
    let bao = OpenBao::start(json!({})).await;
    let key = Maker::new().make(&bao.description());
    wrap(&*key).await.unwrap();
    let quota = json!({"path": "transit/", "rate": 0.001});
    bao.call("sys/quotas/rate-limit/strongroom", quota).await;
    let mut last = wrap(&*key).await;
    if last.is_ok() {
        // The quota begins with one request to spare.
        last = wrap(&*key).await;
    }
    assert_eq!(last, Err(unavailable(&*key, Outage::Throttled)));
}

#[tokio::test]
async fn a_server_that_is_gone_opens_the_circuit_and_back_closes_it() {
    let bao = OpenBao::start(json!({})).await;
    let proxy = Proxy::start(bao.port()).await;
    let mut description = bao.description();
    description["address"] = json!(format!("http://127.0.0.1:{}", proxy.port));
    let maker = Maker::new();
    let key = maker.make(&description);
    let wrapped = wrap(&*key).await.unwrap();
    proxy.cut();
    let gone = unavailable(&*key, Outage::Unreachable);
    assert_eq!(unwrap(&*key, &wrapped).await.unwrap_err(), gone);
    let open = unavailable(&*key, Outage::CircuitOpen);
    assert_eq!(unwrap(&*key, &wrapped).await.unwrap_err(), open);
    proxy.join();
    maker.clock.forward(10);
    assert!(unwrap(&*key, &wrapped).await.is_ok());
}
