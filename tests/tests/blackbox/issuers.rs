//! Trusted issuers: where their keys come from, and what happens when they do not come.

use serde_json::json;
use strongroom_client::{ClientError, PageQuery};
use strongroom_tests::key_endpoint::{Behaviour, KeyEndpoint};
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, tenant};
use strongroom_tests::token::{SigningKey, claims, key_set};
use strongroom_types::body::{
    EncryptRequest, IssuerCreate, IssuerInfo, IssuerKeys, IssuerUpdate, TokenAnswer,
};
use strongroom_types::{Code, Operation, Reason};

on_each_database!(
    cached_keys_go_on_working_while_the_endpoint_fails,
    an_endpoint_that_never_worked_is_a_refusal_not_a_hang,
    a_slow_endpoint_holds_nobody_else_up,
    an_unknown_kid_fetches_once_and_then_not_for_a_while,
    a_rolled_over_key_works_at_once,
    a_token_without_kid_is_verified_by_the_one_key_that_fits,
    an_iss_is_unique_and_permanent,
    unusable_issuers_are_refused,
    a_changed_key_source_forgets_the_old_keys,
);

const ISS: &str = "https://issuer.example";

fn issuer(keys: IssuerKeys) -> IssuerCreate {
    IssuerCreate {
        issuer: ISS.to_owned(),
        keys,
        audiences: vec!["strongroom".to_owned()],
        sign_in_audience: None,
        clock_skew_s: None,
        display_claims: Vec::new(),
    }
}

async fn trust(room: &Room, endpoint: &KeyEndpoint) -> IssuerInfo {
    let issuer = issuer(IssuerKeys::JwksUrl(endpoint.url.clone()));
    room.client.issuers().create(&issuer).await.unwrap()
}

async fn show(room: &Room, key: &SigningKey, subject: &str) -> Result<TokenAnswer, ClientError> {
    room.client
        .exchange_token(&key.sign(&claims(ISS, subject)))
        .await
}

async fn reason(room: &Room, refused: Result<TokenAnswer, ClientError>) -> Option<Reason> {
    match refused {
        Err(ClientError::Token(refusal)) => room.ending(refusal.log_entry().unwrap()).await.1,
        other => panic!("{other:?}"),
    }
}

fn serve(keys: &[&SigningKey]) -> Behaviour {
    Behaviour::Serve(key_set(keys))
}

async fn cached_keys_go_on_working_while_the_endpoint_fails(room: Room) {
    let key = SigningKey::ed25519("k", 1);
    let endpoint = KeyEndpoint::start(serve(&[&key])).await;
    trust(&room, &endpoint).await;
    show(&room, &key, "alice").await.unwrap();
    for behaviour in [
        Behaviour::Fail,
        Behaviour::Hang,
        Behaviour::Serve(json!({"keys": 1})),
    ] {
        endpoint.set(behaviour);
        show(&room, &key, "alice").await.unwrap();
        show(&room, &key, "bob").await.unwrap();
    }
    assert_eq!(endpoint.requests(), 1);
}

async fn an_endpoint_that_never_worked_is_a_refusal_not_a_hang(room: Room) {
    let key = SigningKey::ed25519("k", 1);
    let endpoint = KeyEndpoint::start(Behaviour::Fail).await;
    trust(&room, &endpoint).await;
    let refused = show(&room, &key, "alice").await;
    assert_eq!(
        reason(&room, refused).await,
        Some(Reason::IssuerUnreachable)
    );
    // It is left alone now, however many tokens come.
    for subject in ["alice", "bob", "carol"] {
        assert!(show(&room, &key, subject).await.is_err());
    }
    assert_eq!(endpoint.requests(), 1);
}

async fn a_slow_endpoint_holds_nobody_else_up(room: Room) {
    let key = SigningKey::ed25519("k", 1);
    let endpoint = KeyEndpoint::start(Behaviour::Hang).await;
    trust(&room, &endpoint).await;
    // What is done once is done before: the others have as long as the endpoint is waited for.
    let alice = room.person("alice").await;
    let request = || EncryptRequest::new(tenant("acme"), "v");
    alice.encrypt(request()).await.unwrap();
    let slow = show(&room, &key, "alice");
    let others = async {
        for _ in 0..2 {
            alice.encrypt(request()).await.unwrap();
        }
    };
    tokio::select! {
        biased;
        () = others => {}
        early = slow => panic!("the slow endpoint answered: {early:?}"),
    }
    let refused = show(&room, &key, "alice").await;
    assert_eq!(
        reason(&room, refused).await,
        Some(Reason::IssuerUnreachable)
    );
}

async fn an_unknown_kid_fetches_once_and_then_not_for_a_while(room: Room) {
    let (key, stranger) = (
        SigningKey::ed25519("k", 1),
        SigningKey::ed25519("stranger", 2),
    );
    let endpoint = KeyEndpoint::start(serve(&[&key])).await;
    trust(&room, &endpoint).await;
    show(&room, &key, "alice").await.unwrap();
    // Few enough for the pause on a slow machine.
    for number in 0..5 {
        let refused = show(&room, &stranger, &format!("mallory {number}")).await;
        assert_eq!(reason(&room, refused).await, Some(Reason::TokenKeyUnknown));
    }
    assert_eq!(endpoint.requests(), 2);
    show(&room, &key, "bob").await.unwrap();
}

async fn a_rolled_over_key_works_at_once(room: Room) {
    let (old, new) = (SigningKey::ed25519("old", 1), SigningKey::p256("new"));
    let endpoint = KeyEndpoint::start(serve(&[&old])).await;
    trust(&room, &endpoint).await;
    show(&room, &old, "alice").await.unwrap();
    endpoint.set(serve(&[&old, &new]));
    show(&room, &new, "alice").await.unwrap();
    show(&room, &old, "bob").await.unwrap();
    assert_eq!(endpoint.requests(), 2);
}

async fn a_token_without_kid_is_verified_by_the_one_key_that_fits(room: Room) {
    let keys = [SigningKey::ed25519("e", 1), SigningKey::p256("p")];
    let document = key_set(&[&keys[0], &keys[1]]);
    let fixed = issuer(IssuerKeys::Jwks(document));
    room.client.issuers().create(&fixed).await.unwrap();
    for key in keys {
        let key = key.without_kid();
        show(&room, &key, "alice").await.unwrap();
    }
    let stranger = SigningKey::ed25519("e", 9).without_kid();
    assert!(show(&room, &stranger, "alice").await.is_err());
}

async fn an_iss_is_unique_and_permanent(room: Room) {
    let key = SigningKey::ed25519("k", 1);
    let create = issuer(IssuerKeys::Jwks(key_set(&[&key])));
    let made = room.client.issuers().create(&create).await.unwrap();
    let disable = IssuerUpdate {
        disabled: Some(true),
        ..IssuerUpdate::default()
    };
    room.client
        .issuers()
        .update(made.id, &disable)
        .await
        .unwrap();
    let refused = room.client.issuers().create(&create).await;
    room.assert_refused(refused, (409, Code::Conflict), Reason::Conflict)
        .await;
    let path = format!("/v1/issuers/{}", made.id);
    let request = room.request(reqwest::Method::PATCH, &path);
    let request = request.json(&json!({"issuer": "https://new.example"}));
    let reply = strongroom_tests::reply::Reply::of(request).await;
    let expected = (400, "invalid_request");
    room.assert_problem(&reply, expected, Reason::InvalidRequest)
        .await;
    let all = room
        .client
        .issuers()
        .list(&PageQuery::default())
        .await
        .unwrap()
        .items;
    assert!(
        all.iter()
            .any(|issuer| issuer.id == made.id && issuer.issuer == ISS)
    );
    let entries = room
        .entries(strongroom_client::EntryFilter::default())
        .await;
    for operation in [Operation::IssuerCreate, Operation::IssuerUpdate] {
        assert!(entries.iter().any(|entry| entry.operation == operation));
    }
}

async fn unusable_issuers_are_refused(room: Room) {
    let url = |url: &str| IssuerKeys::JwksUrl(url.to_owned());
    for keys in [
        url("http://keys.example/jwks"),
        url("ftp://127.0.0.1/jwks"),
        url("http://127.0.0.1@keys.example/jwks"),
        url("not a url"),
        IssuerKeys::Jwks(json!({"keys": []})),
        IssuerKeys::Jwks(json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]})),
    ] {
        let refused = room.client.issuers().create(&issuer(keys)).await;
        let expected = (400, Code::InvalidRequest);
        room.assert_refused(refused, expected, Reason::InvalidRequest)
            .await;
    }
    let key = SigningKey::ed25519("k", 1);
    let nobody = IssuerCreate {
        audiences: Vec::new(),
        ..issuer(IssuerKeys::Jwks(key_set(&[&key])))
    };
    let lax = IssuerCreate {
        clock_skew_s: Some(301),
        ..issuer(IssuerKeys::Jwks(key_set(&[&key])))
    };
    for wrong in [nobody, lax] {
        let refused = room.client.issuers().create(&wrong).await;
        assert_eq!(refused.unwrap_err().code(), Some(Code::InvalidRequest));
    }
}

async fn a_changed_key_source_forgets_the_old_keys(room: Room) {
    let (old, new) = (SigningKey::ed25519("k", 1), SigningKey::ed25519("k", 2));
    let create = issuer(IssuerKeys::Jwks(key_set(&[&old])));
    let made = room.client.issuers().create(&create).await.unwrap();
    show(&room, &old, "alice").await.unwrap();
    let change = IssuerUpdate {
        keys: Some(IssuerKeys::Jwks(key_set(&[&new]))),
        ..IssuerUpdate::default()
    };
    room.client
        .issuers()
        .update(made.id, &change)
        .await
        .unwrap();
    assert!(show(&room, &old, "alice").await.is_err());
    show(&room, &new, "alice").await.unwrap();
}
