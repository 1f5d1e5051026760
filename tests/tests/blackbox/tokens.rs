//! Token exchange, and tokens that must not be believed.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use strongroom_client::{Client, ClientError, LockContext};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, tenant};
use strongroom_tests::token::{SigningKey, claims, key_set, unsigned};
use strongroom_types::body::{
    DecryptRequest, EncryptRequest, IssuerCreate, IssuerKeys, IssuerUpdate, TokenRequest,
};
use strongroom_types::{Code, Permission, Reason};

on_each_database!(
    an_exchanged_token_lives_at_most_fifteen_minutes,
    an_exchanged_token_never_outlives_its_subject_token,
    an_exchanged_token_carries_client_and_identity,
    an_exchange_needs_an_api_key,
    an_exchanged_token_cannot_be_exchanged_again,
    an_exchanged_token_goes_with_no_other_identity,
    an_exchanged_token_is_for_its_workspace_only,
    an_altered_exchanged_token_is_not_accepted,
    malformed_exchanges_are_refused,
    what_an_exchange_cannot_give_is_named,
    bad_tokens_are_refused_and_the_log_says_why,
    all_three_algorithms_are_accepted,
    the_algorithm_must_be_that_of_the_key,
    an_exchanged_token_stops_with_its_issuer_and_client,
    an_exchanged_token_stops_with_its_api_key,
    an_exchanged_token_never_outlives_its_api_key,
    an_identity_header_given_twice_identifies_nobody,
);

async fn exchange(room: &Room, form: &[(&str, &str)]) -> Reply {
    let request = room.request(Method::POST, "/v1/oauth/token");
    Reply::of(with_form(request, form)).await
}

fn with_form(request: RequestBuilder, form: &[(&str, &str)]) -> RequestBuilder {
    let pairs = form
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value)));
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(pairs.collect::<Vec<_>>().join("&"))
}

fn escaped(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    text.bytes()
        .map(|byte| {
            if plain(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn good_form(jwt: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("grant_type", TokenRequest::GRANT_TYPE),
        ("subject_token", jwt),
        ("subject_token_type", TokenRequest::JWT),
    ]
}

async fn an_exchanged_token_lives_at_most_fifteen_minutes(room: Room) {
    let jwt = room.token("alice").await;
    let reply = exchange(&room, &good_form(&jwt)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let answer = reply.json();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["issued_token_type"], TokenRequest::ACCESS_TOKEN);
    let lives = answer["expires_in"].as_u64().unwrap();
    assert!((880..=900).contains(&lives), "{lives}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

async fn an_exchanged_token_never_outlives_its_subject_token(room: Room) {
    let jwt = room.mint(json!({"sub": "alice", "expires_in": 60})).await;
    let answer = room.client.exchange_token(&jwt).await.unwrap();
    assert!(
        (30..=60).contains(&answer.expires_in),
        "{}",
        answer.expires_in
    );
    // Within the clock skew of its issuer, but there is no time left to give.
    let jwt = room.mint(json!({"sub": "alice", "expires_in": -5})).await;
    let refused = room.client.exchange_token(&jwt).await;
    assert!(matches!(refused, Err(ClientError::Token(_))), "{refused:?}");
}

async fn an_exchanged_token_carries_client_and_identity(room: Room) {
    let (client, created) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let jwt = room.token_with("alice", json!({"team": "blue"})).await;
    let alice = LockContext::new().identify(&client, &jwt).await.unwrap();
    let request = EncryptRequest::new(tenant("acme"), "v");
    let sealed = client
        .with_lock_context(alice.clone())
        .encrypt(request)
        .await
        .unwrap();
    let entry = room.entry(sealed.log_entry.unwrap()).await;
    assert_eq!(entry.client, Some(created.client.id));
    let identity = entry.identity.unwrap();
    assert_eq!(
        (identity.subject.as_str(), &identity.claims["team"]),
        ("alice", &json!("blue"))
    );
    // The token has no more permissions than the client.
    let request = DecryptRequest::new(tenant("acme"), sealed.ciphertext);
    let refused = client.with_lock_context(alice).decrypt(request).await;
    let expected = (403, Code::PermissionDenied);
    room.assert_refused(refused, expected, Reason::PermissionMissing)
        .await;
}

async fn an_exchange_needs_an_api_key(room: Room) {
    let jwt = room.token("alice").await;
    for key in [None, Some("sr_wrong"), Some(jwt.as_str())] {
        let request = room.anonymous(Method::POST, "/v1/oauth/token");
        let request = key.into_iter().fold(request, RequestBuilder::bearer_auth);
        let reply = Reply::of(with_form(request, &good_form(&jwt))).await;
        assert_eq!(
            (reply.status, reply.text("error").as_str()),
            (401, "invalid_client")
        );
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        assert_eq!(reply.entry(), None);
    }
}

async fn an_exchanged_token_cannot_be_exchanged_again(room: Room) {
    let jwt = room.token("alice").await;
    let token = room.client.exchange_token(&jwt).await.unwrap().access_token;
    for (bearer, subject) in [(&token, &jwt), (&room.api_key, &token)] {
        let request = room
            .anonymous(Method::POST, "/v1/oauth/token")
            .bearer_auth(bearer);
        let reply = Reply::of(with_form(request, &good_form(subject))).await;
        assert!((400..=401).contains(&reply.status), "{reply:?}");
        assert!(reply.entry().is_some());
    }
}

async fn an_exchanged_token_goes_with_no_other_identity(room: Room) {
    let token = room
        .client
        .exchange_token(&room.token("alice").await)
        .await
        .unwrap();
    let request = room
        .anonymous(Method::POST, "/v1/encrypt")
        .bearer_auth(token.access_token);
    let request = request.header("strongroom-identity", room.token("bob").await);
    let body = EncryptRequest::new(tenant("acme"), "v");
    let reply = Reply::of(request.json(&body)).await;
    let expected = (400, "invalid_request");
    room.assert_problem(&reply, expected, Reason::InvalidRequest)
        .await;
}

async fn an_exchanged_token_is_for_its_workspace_only(room: Room) {
    let token = room
        .client
        .exchange_token(&room.token("alice").await)
        .await
        .unwrap();
    let request = EncryptRequest::new(tenant("acme"), "v");
    let sealed = room
        .with_key(&token.access_token)
        .encrypt(request)
        .await
        .unwrap();
    assert_eq!(sealed.log_entry.unwrap().log, room.workspace);
    let other = room.server.second_client().unwrap();
    let refused = other.with_lock_context(token.access_token.as_str());
    let refused = refused
        .encrypt(EncryptRequest::new(tenant("acme"), "v"))
        .await;
    assert!(refused.unwrap_err().is_invalid_identity());
}

async fn an_altered_exchanged_token_is_not_accepted(room: Room) {
    let token = room
        .client
        .exchange_token(&room.token("alice").await)
        .await
        .unwrap();
    let token = token.access_token;
    let (header, rest) = token.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let none = unsigned(&json!({"alg": "none"}), &json!({}));
    let none = none.split_once('.').unwrap().0.to_owned();
    for altered in [
        format!("{header}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{none}.{payload}."),
        format!("{header}.{payload}A.{signature}"),
        format!("{header}.{payload}"),
        token[..token.len() - 2].to_owned(),
    ] {
        let client = room.with_key(&altered);
        let refused = client
            .encrypt(EncryptRequest::new(tenant("acme"), "v"))
            .await;
        assert!(refused.unwrap_err().is_unauthenticated(), "{altered}");
    }
}

async fn malformed_exchanges_are_refused(room: Room) {
    let jwt = room.token("alice").await;
    let good = good_form(&jwt);
    let changed = |name: &str, value: &'static str| {
        let pairs = good
            .iter()
            .map(|&(n, v)| if n == name { (n, value) } else { (n, v) });
        pairs.collect::<Vec<_>>()
    };
    for form in [
        vec![],
        good[1..].to_vec(),
        [good.as_slice(), &good[1..2]].concat(),
        changed("subject_token", ""),
        [good.as_slice(), &[("actor_token", jwt.as_str())]].concat(),
        changed(
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:saml2",
        ),
        [
            good.as_slice(),
            &[("requested_token_type", TokenRequest::JWT)],
        ]
        .concat(),
    ] {
        let reply = exchange(&room, &form).await;
        assert_eq!(
            (reply.status, reply.text("error").as_str()),
            (400, "invalid_request"),
            "{form:?}"
        );
        let (_, reason) = room.ending(reply.entry().unwrap()).await;
        assert_eq!(reason, Some(Reason::InvalidRequest));
    }
    let json = json!({"grant_type": TokenRequest::GRANT_TYPE}).to_string();
    let reply = room.post("/v1/oauth/token", json).await;
    assert_eq!(reply.status, 415);
}

async fn what_an_exchange_cannot_give_is_named(room: Room) {
    let jwt = room.token("alice").await;
    let good = good_form(&jwt);
    let with = |name, value| [good.as_slice(), &[(name, value)]].concat();
    let other_grant = [&[("grant_type", "password")], &good[1..]].concat();
    for (form, error) in [
        (other_grant, "unsupported_grant_type"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (with("audience", "elsewhere"), "invalid_target"),
        (
            with("resource", "https://elsewhere.example"),
            "invalid_target",
        ),
        (with("scope", "decrypt"), "invalid_scope"),
    ] {
        let reply = exchange(&room, &form).await;
        assert_eq!(
            (reply.status, reply.text("error").as_str()),
            (400, error),
            "{form:?}"
        );
        let (_, reason) = room.ending(reply.entry().unwrap()).await;
        assert_eq!(reason, Some(Reason::InvalidRequest));
    }
    // Who our tokens are for may be said, and an empty parameter says nothing.
    for form in [
        with("audience", "strongroom"),
        with("scope", ""),
        with("resource", ""),
    ] {
        assert_eq!(exchange(&room, &form).await.status, 200, "{form:?}");
    }
}

/// An issuer with one key, trusted by the workspace.
async fn trust(room: &Room, iss: &str, key: &SigningKey) {
    let issuer = IssuerCreate {
        issuer: iss.to_owned(),
        keys: IssuerKeys::Jwks(key_set(&[key])),
        audiences: vec!["strongroom".to_owned()],
        sign_in_audience: None,
        clock_skew_s: Some(0),
        display_claims: Vec::new(),
    };
    room.client.issuers().create(&issuer).await.unwrap();
}

const ISS: &str = "https://issuer.example";

/// Good claims but for this one; a null takes the claim away.
fn except(name: &str, value: Value) -> Value {
    let mut claims = claims(ISS, "alice");
    let map = claims.as_object_mut().unwrap();
    match value {
        Value::Null => map.remove(name),
        value => map.insert(name.to_owned(), value),
    };
    claims
}

/// Claims that are not good with this value.
fn bad_claims() -> Vec<(&'static str, Value, Reason)> {
    let late = json!(4_000_000_000_i64);
    vec![
        ("exp", json!(1_000_000_000), Reason::TokenExpired),
        ("exp", Value::Null, Reason::TokenMalformed),
        ("exp", json!("4102444800"), Reason::TokenMalformed),
        ("nbf", late.clone(), Reason::TokenNotYetValid),
        ("iat", late, Reason::TokenNotYetValid),
        ("aud", json!("elsewhere"), Reason::TokenAudience),
        ("aud", Value::Null, Reason::TokenAudience),
        (
            "iss",
            json!("https://elsewhere.example"),
            Reason::TokenIssuer,
        ),
        ("iss", json!("https://issuer.example/"), Reason::TokenIssuer),
        ("iss", Value::Null, Reason::TokenIssuer),
        ("sub", Value::Null, Reason::TokenMalformed),
        ("pad", json!("x".repeat(17_000)), Reason::TokenMalformed),
    ]
}

/// Good claims in tokens that do not prove them.
fn bad_signatures(key: &SigningKey) -> Vec<(String, Reason)> {
    let good = claims(ISS, "alice");
    let text = key.sign(&good);
    let (signed, signature) = text.rsplit_once('.').unwrap();
    let none = unsigned(&json!({"alg": "none", "kid": "k"}), &good);
    let stranger = SigningKey::ed25519("k", 99);
    let forged = key.sign(&except("sub", json!("bob")));
    let (forged, _) = forged.rsplit_once('.').unwrap();
    vec![
        (format!("{none}."), Reason::TokenAlgorithm),
        (format!("{none}.{signature}"), Reason::TokenAlgorithm),
        (key.sign_with_public_key(&good), Reason::TokenAlgorithm),
        (key.sign_as("RS256", &good), Reason::TokenAlgorithm),
        (key.sign_as("ES256K", &good), Reason::TokenAlgorithm),
        (stranger.sign(&good), Reason::TokenSignature),
        (format!("{forged}.{signature}"), Reason::TokenSignature),
        (text[..text.len() - 4].to_owned(), Reason::TokenMalformed),
        (format!("{signed}."), Reason::TokenMalformed),
        (signed.to_owned(), Reason::TokenMalformed),
        ("x".to_owned(), Reason::TokenMalformed),
    ]
}

async fn bad_tokens_are_refused_and_the_log_says_why(room: Room) {
    let key = SigningKey::ed25519("k", 1);
    trust(&room, ISS, &key).await;
    let good = key.sign(&claims(ISS, "alice"));
    assert!(room.client.exchange_token(&good).await.is_ok());
    let unproven = bad_signatures(&key);
    let claims = bad_claims();
    let claims = claims
        .into_iter()
        .map(|(name, value, reason)| (key.sign(&except(name, value)), reason));
    for (token, reason) in claims.chain(unproven) {
        let reply = exchange(&room, &good_form(&token)).await;
        let said = (reply.status, reply.text("error"));
        assert_eq!(said, (400, "invalid_request".to_owned()), "{token}");
        assert_eq!(reply.header("www-authenticate"), None);
        let (_, said) = room.ending(reply.entry().unwrap()).await;
        assert_eq!(said, Some(reason), "{token}");
        let person = room.client.with_lock_context(&token);
        let refused = person
            .encrypt(EncryptRequest::new(tenant("acme"), "v"))
            .await;
        room.assert_refused(refused, (401, Code::InvalidIdentity), reason)
            .await;
    }
}

async fn all_three_algorithms_are_accepted(room: Room) {
    let keys = [
        SigningKey::ed25519("e", 1),
        SigningKey::p256("p"),
        SigningKey::rsa("r"),
    ];
    for key in &keys {
        let iss = format!("https://{}.example", key.algorithm().to_lowercase());
        trust(&room, &iss, key).await;
        let token = key.sign(&claims(&iss, "alice"));
        let exchanged = room.client.exchange_token(&token).await;
        assert!(exchanged.is_ok(), "{} {exchanged:?}", key.algorithm());
    }
}

async fn the_algorithm_must_be_that_of_the_key(room: Room) {
    let keys = [SigningKey::p256("p"), SigningKey::rsa("r")];
    for key in &keys {
        let iss = format!("https://{}.example", key.algorithm().to_lowercase());
        trust(&room, &iss, key).await;
        let claims = claims(&iss, "alice");
        let hmac = key.sign_with_public_key(&claims);
        let swapped = ["EdDSA", "RS256", "ES256", "HS256", "PS256", "RS512", "none"];
        let swapped = swapped.into_iter().filter(|name| *name != key.algorithm());
        let swapped = swapped.map(|name| key.sign_as(name, &claims));
        for token in swapped.chain([hmac]) {
            let refused = room.client.exchange_token(&token).await;
            assert!(matches!(refused, Err(ClientError::Token(_))), "{refused:?}");
        }
    }
}

async fn an_exchanged_token_stops_with_its_issuer_and_client(room: Room) {
    let (client, created) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let token = client
        .exchange_token(&room.token("alice").await)
        .await
        .unwrap()
        .access_token;
    let exchanged = room.with_key(&token);
    let seal = || exchanged.encrypt(EncryptRequest::new(tenant("acme"), "v"));
    assert!(seal().await.is_ok());
    let disable = IssuerUpdate {
        disabled: Some(true),
        ..IssuerUpdate::default()
    };
    room.client
        .issuers()
        .update(room.issuer.id, &disable)
        .await
        .unwrap();
    assert!(seal().await.unwrap_err().is_unauthenticated());
    let refused = room.client.exchange_token(&room.token("alice").await).await;
    assert!(matches!(refused, Err(ClientError::Token(_))));
    let enable = IssuerUpdate {
        disabled: Some(false),
        ..IssuerUpdate::default()
    };
    room.client
        .issuers()
        .update(room.issuer.id, &enable)
        .await
        .unwrap();
    assert!(seal().await.is_ok());
    let disable = strongroom_types::body::ClientUpdate {
        disabled: Some(true),
        ..Default::default()
    };
    room.client
        .clients()
        .update(created.client.id, &disable)
        .await
        .unwrap();
    assert!(seal().await.unwrap_err().is_unauthenticated());
}

async fn an_exchanged_token_stops_with_its_api_key(room: Room) {
    let (first, created) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let (id, clients) = (created.client.id, room.client.clients());
    let second = clients.create_key(id, None).await.unwrap();
    let second = room.with_key(&second.secret);
    let alice = room.token("alice").await;
    let exchange = async |client: &Client| {
        let token = client.exchange_token(&alice).await.unwrap();
        room.with_key(&token.access_token)
    };
    let (ended, other) = (exchange(&first).await, exchange(&second).await);
    let unused = exchange(&first).await;
    let seal = async |client: &Client| {
        let request = EncryptRequest::new(tenant("acme"), "v");
        client.encrypt(request).await
    };
    assert!(seal(&ended).await.is_ok());
    clients
        .revoke_key(id, created.api_key.info.id)
        .await
        .unwrap();
    assert!(seal(&ended).await.unwrap_err().is_unauthenticated());
    assert!(seal(&unused).await.unwrap_err().is_unauthenticated());
    assert!(seal(&other).await.is_ok());
    assert!(seal(&second).await.is_ok());
}

async fn an_exchanged_token_never_outlives_its_api_key(room: Room) {
    let (_, created) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let key = room
        .client
        .clients()
        .create_key(created.client.id, Some(600))
        .await
        .unwrap();
    let client = room.with_key(&key.secret);
    let alice = json!({"sub": "alice", "expires_in": 3600});
    let token = client.exchange_token(&room.mint(alice).await).await;
    assert!(token.unwrap().expires_in <= 600);
}

async fn an_identity_header_given_twice_identifies_nobody(room: Room) {
    let (alice, bob) = (room.token("alice").await, room.token("bob").await);
    let request = room.request(Method::POST, "/v1/encrypt");
    let request = request.header("strongroom-identity", alice);
    let request = request.header("strongroom-identity", bob);
    let body = json!({"key_context": {"tenant": "acme"}, "plaintext": "", "lock": ["sub"]});
    let reply = Reply::of(request.json(&body)).await;
    assert!((400..=403).contains(&reply.status), "{reply:?}");
    assert!(reply.entry().is_some());
}
