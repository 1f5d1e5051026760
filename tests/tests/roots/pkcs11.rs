//! `SoftHSM2`.

use serde_json::{Value, json};
use strongroom_core::ports::{ConnectError, Outage, Providers as _, Refusal};
use strongroom_tests::softhsm::{PIN, SoftHsm, module};
use tokio::task::JoinSet;

use crate::keys::{
    Maker, never_shows, refused, unavailable, unwrap, wrap, wraps_for_one_place_and_context,
};
use crate::own_process::{tokens, with_tokens};

fn maker() -> Maker {
    Maker::with(Some(module()), &["strongroom", "second"])
}

fn changed(field: &str, value: &str) -> Value {
    let mut description = tokens().description();
    description[field] = json!(value);
    description
}

#[test]
fn both_mechanisms_wrap_for_one_place_and_context() {
    with_tokens(
        "pkcs11::both_mechanisms_wrap_for_one_place_and_context",
        async || {
            let maker = maker();
            for mechanism in ["aes_gcm", "aes_key_wrap"] {
                let key = maker.make(&changed("mechanism", mechanism));
                wraps_for_one_place_and_context(&*key).await;
            }
            let gcm = maker.make(&changed("mechanism", "aes_gcm"));
            let wrap_only = maker.make(&changed("mechanism", "aes_key_wrap"));
            let wrapped = wrap(&*wrap_only).await.unwrap();
            assert!(unwrap(&*gcm, &wrapped).await.is_ok(), "the bytes say how");
        },
    );
}

#[test]
fn a_key_is_found_by_its_id_too() {
    with_tokens("pkcs11::a_key_is_found_by_its_id_too", async || {
        let maker = maker();
        let by_label = maker.make(&tokens().description());
        let mut described = changed("key_id", "0a");
        described.as_object_mut().unwrap().remove("key");
        let wrapped = wrap(&*by_label).await.unwrap();
        let by_id = maker.make(&described);
        assert!(unwrap(&*by_id, &wrapped).await.is_ok());
        for (field, value) in [("key", "other"), ("key_id", "0b")] {
            let key = maker.make(&changed(field, value));
            let missing = refused(&*key, Refusal::KeyMissing);
            assert_eq!(wrap(&*key).await, Err(missing));
        }
    });
}

#[test]
fn many_callers_share_the_sessions() {
    with_tokens("pkcs11::many_callers_share_the_sessions", async || {
        let key = maker().make(&tokens().description());
        let mut callers = JoinSet::new();
        for _ in 0..64 {
            let key = std::sync::Arc::clone(&key);
            callers.spawn(async move {
                let wrapped = wrap(&*key).await.unwrap();
                unwrap(&*key, &wrapped).await.unwrap();
            });
        }
        while let Some(done) = callers.join_next().await {
            done.unwrap();
        }
    });
}

#[test]
fn a_token_taken_out_and_put_back_works_again() {
    with_tokens(
        "pkcs11::a_token_taken_out_and_put_back_works_again",
        async || {
            let (maker, hsm) = (maker(), tokens());
            let key = maker.make(&hsm.description());
            let wrapped = wrap(&*key).await.unwrap();
            hsm.take_out();
            let error = unwrap(&*key, &wrapped).await.unwrap_err();
            assert_eq!(error, unavailable(&*key, Outage::Unreachable));
            never_shows(&*key, &error, PIN);
            assert!(key.probe().await.is_err());
            hsm.put_back();
            // The circuit may be open, and the module is started anew every few seconds only.
            maker.clock.forward(60);
            assert!(unwrap(&*key, &wrapped).await.is_ok());
            assert_eq!(key.probe().await, Ok(()));
        },
    );
}

#[test]
fn a_token_that_comes_late_is_found() {
    with_tokens("pkcs11::a_token_that_comes_late_is_found", async || {
        let (maker, hsm) = (maker(), tokens());
        let first = maker.make(&hsm.description());
        let wrapped = wrap(&*first).await.unwrap();
        let mut described = hsm.description();
        described["token"] = json!("second");
        let second = maker.make(&described);
        assert!(wrap(&*second).await.is_err());
        hsm.make_token("second");
        hsm.make_key("second", &["--label", "root"]);
        maker.clock.forward(60);
        assert!(wrap(&*second).await.is_ok());
        assert!(unwrap(&*first, &wrapped).await.is_ok());
        let moved = unwrap(&*second, &wrapped).await;
        assert!(moved.is_err(), "another token has another key");
    });
}

#[test]
fn a_wrong_pin_is_refused_and_shown_to_the_token_once() {
    with_tokens(
        "pkcs11::a_wrong_pin_is_refused_and_shown_to_the_token_once",
        async || {
            let maker = maker();
            let wrong = maker.make(&changed("pin", "hunter2-wrong"));
            let error = wrap(&*wrong).await.unwrap_err();
            assert_eq!(error, refused(&*wrong, Refusal::WrongPin));
            never_shows(&*wrong, &error, "hunter2");
            // The token would take it from now on, and is not asked.
            tokens().change_pin(PIN, "hunter2-wrong");
            let again = maker.make(&changed("pin", "hunter2-wrong"));
            assert_eq!(wrap(&*again).await, Err(error));
            tokens().change_pin("hunter2-wrong", PIN);
            let right = maker.make(&tokens().description());
            assert!(wrap(&*right).await.is_ok());
        },
    );
}

#[test]
fn a_token_that_is_open_for_one_is_not_open_for_all() {
    with_tokens(
        "pkcs11::a_token_that_is_open_for_one_is_not_open_for_all",
        async || {
            let maker = maker();
            let owner = maker.make(&tokens().description());
            let wrapped = wrap(&*owner).await.unwrap();
            let stranger = maker.make(&changed("pin", "hunter2-guess"));
            let refusal = refused(&*stranger, Refusal::WrongPin);
            assert_eq!(unwrap(&*stranger, &wrapped).await.unwrap_err(), refusal);
            assert!(unwrap(&*owner, &wrapped).await.is_ok());
        },
    );
}

#[test]
fn a_deleted_key_is_refused() {
    with_tokens("pkcs11::a_deleted_key_is_refused", async || {
        let (maker, hsm) = (maker(), tokens());
        let key = maker.make(&hsm.description());
        let wrapped = wrap(&*key).await.unwrap();
        hsm.delete_key();
        let error = unwrap(&*key, &wrapped).await.unwrap_err();
        assert_eq!(error, refused(&*key, Refusal::KeyMissing));
        never_shows(&*key, &error, PIN);
    });
}

#[test]
fn a_key_that_can_leave_the_token_is_refused() {
    with_tokens(
        "pkcs11::a_key_that_can_leave_the_token_is_refused",
        async || {
            let hsm = tokens();
            let make = |label: &str, arguments: &[&str]| {
                hsm.make_key("strongroom", &[&["--label", label], arguments].concat());
            };
            make("loose", &["--extractable"]);
            hsm.make_loose_key("strongroom", &["--label", "shown"]);
            hsm.make_short_key("strongroom", "short");
            make("twice", &[]);
            make("twice", &[]);
            for label in ["loose", "shown", "short", "twice"] {
                let key = maker().make(&changed("key", label));
                let refusal = refused(&*key, Refusal::KeyKind);
                assert_eq!(wrap(&*key).await, Err(refusal), "{label}");
            }
        },
    );
}

#[test]
fn customers_have_the_tokens_that_the_operator_names() {
    let description = json!({"provider": "pkcs11", "token": "t", "key": "k", "pin": "hunter2"});
    let description = serde_json::from_value(description).unwrap();
    let refused = ConnectError::NotPermitted { provider: "pkcs11" };
    for maker in [
        Maker::with(Some(module()), &["other"]),
        Maker::with(Some(module()), &[]),
        Maker::with(None, &["t"]),
    ] {
        assert_eq!(maker.providers.connect(&description).unwrap_err(), refused);
    }
    let permitted = Maker::with(Some(module()), &["t"]);
    assert!(permitted.providers.connect(&description).is_ok());
    let root = Maker::with(Some(module()), &[]);
    assert!(root.providers.root(&description).is_ok());
}

#[test]
fn the_fixture_removes_its_tokens() {
    let hsm = SoftHsm::start();
    let directory = hsm.directory().to_owned();
    assert!(directory.exists());
    drop(hsm);
    assert!(!directory.exists());
}
