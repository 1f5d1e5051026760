//! What an attacker tries with tags, keysets and tokens of others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use strongroom_tests::cipherstash::{CipherStash, authorise, call, key};
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;

use super::{GENERATE, Made, RETRIEVE, assert_refused, make_keyset, materials};

on_each_database!(
    a_tag_serves_its_key_only,
    no_byte_of_a_tag_may_change,
    a_token_of_another_workspace_opens_nothing,
    a_token_that_says_more_is_refused,
    claims_in_a_request_are_nobodys,
);

async fn a_tag_serves_its_key_only(room: Room) {
    let cs = CipherStash::of(&room).await;
    let acme = make_keyset(&room, &cs, "acme").await;
    let made = Made::of(&room, &cs.token, &cs.keys(&json!([key(1, "users/email")]))).await;
    let good = &made.asked[0];
    let mut renamed = good.clone();
    renamed["descriptor"] = json!("orders/who");
    let mut other_iv = good.clone();
    other_iv["iv"] = key(2, "")["iv"].clone();
    for wrong in [renamed, other_iv] {
        let refused = cs.call(&room, RETRIEVE, &cs.keys(&json!([wrong]))).await;
        assert_refused(&refused, 400, "cannot_decrypt");
    }
    let mut elsewhere = cs.keys(&json!([good]));
    elsewhere["keyset_id"] = json!({"Uuid": acme});
    assert_refused(
        &cs.call(&room, RETRIEVE, &elsewhere).await,
        400,
        "cannot_decrypt",
    );
    let found = cs.call(&room, RETRIEVE, &cs.keys(&json!([good]))).await;
    assert_eq!(materials(&found), made.materials);
}

async fn no_byte_of_a_tag_may_change(room: Room) {
    let cs = CipherStash::of(&room).await;
    let alice = cs.user(&room, "alice", json!({})).await;
    let mut locked = key(1, "d");
    locked["context"] = json!([{"IdentityClaim": "sub"}]);
    let body = cs.keys(&json!([locked, key(2, "d")]));
    let made = Made::of(&room, &alice, &body).await;
    for good in &made.asked {
        let length = good["tag"].as_array().unwrap().len();
        let keys: Vec<Value> = (0..length)
            .map(|at| {
                let mut flipped = good.clone();
                let byte = flipped["tag"][at].as_u64().unwrap();
                flipped["tag"][at] = json!(byte ^ 0x80);
                flipped
            })
            .collect();
        let each = call(&room, &alice, super::EACH, &cs.keys(&json!(keys)))
            .await
            .json();
        let each = each["keys"].as_array().unwrap();
        assert_eq!(each.len(), length);
        assert!(each.iter().all(|one| one["Err"].is_string()), "{each:?}");
        // A tag without what tells its owner is no way around the owner.
        let mut cut = good.clone();
        cut["tag"] = json!(good["tag"].as_array().unwrap()[..36]);
        cut["context"] = json!([]);
        let cut = cs.call(&room, RETRIEVE, &cs.keys(&json!([cut]))).await;
        if length > 36 {
            assert_refused(&cut, 400, "cannot_decrypt");
        }
    }
}

async fn a_token_of_another_workspace_opens_nothing(room: Room) {
    let cs = CipherStash::of(&room).await;
    let other = Room::open(std::sync::Arc::clone(&room.server)).await;
    let theirs = CipherStash::of(&other).await;
    let made = Made::of(&room, &cs.token, &cs.keys(&json!([key(1, "d")]))).await;
    let asked = cs.keys(&json!(made.asked));
    assert_refused(
        &call(&room, &theirs.token, RETRIEVE, &asked).await,
        404,
        "not_found",
    );
    let mut own_client = theirs.keys(&json!(made.asked));
    let refused = call(&room, &theirs.token, RETRIEVE, &own_client).await;
    assert_refused(&refused, 400, "cannot_decrypt");
    let keyset = json!({"client_id": cs.client_id});
    let keyset = cs.call(&room, super::LOAD, &keyset).await.json();
    own_client["keyset_id"] = json!({"Uuid": keyset["dataset"]["id"]});
    let refused = call(&room, &theirs.token, RETRIEVE, &own_client).await;
    assert_refused(&refused, 404, "not_found");
    // The same inputs under the same names are other keys there.
    let same = Made::of(&other, &theirs.token, &theirs.keys(&json!([key(1, "d")]))).await;
    assert_ne!(same.materials, made.materials);
    // A user of an issuer that both trust acts where the token was issued only.
    let alice = cs.user(&room, "alice", json!({})).await;
    let refused = call(&room, &alice, GENERATE, &theirs.keys(&json!([key(1, "d")]))).await;
    assert_refused(&refused, 404, "not_found");
}

/// Rewrites the claims of a token and leaves its signature.
pub(super) fn rewritten(token: &str, change: impl Fn(&mut Value)) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&parts[1]).unwrap()).unwrap();
    change(&mut claims);
    parts[1] = URL_SAFE_NO_PAD.encode(claims.to_string());
    parts.join(".")
}

async fn a_token_that_says_more_is_refused(room: Room) {
    let cs = CipherStash::of(&room).await;
    let alice = cs.user(&room, "alice", json!({})).await;
    let body = cs.keys(&json!([key(1, "d")]));
    let forged = [
        rewritten(&alice, |claims| claims["sub"] = json!("CS|bob")),
        rewritten(&alice, |claims| {
            claims["strongroom"]["identity"]["sub"] = json!("bob");
        }),
        rewritten(&alice, |claims| claims["exp"] = json!(9_999_999_999_u64)),
        rewritten(&alice, |claims| claims["scope"] = json!("client:delete")),
    ];
    for token in forged {
        assert_refused(
            &call(&room, &token, GENERATE, &body).await,
            401,
            "unauthenticated",
        );
    }
    // A token gets nobody another token, nor does one user's own token open anything by itself.
    let refused = authorise(&room, &json!({"accessKey": alice})).await;
    assert_refused(&refused, 401, "unauthenticated");
    let own = room.token("alice").await;
    assert_refused(
        &call(&room, &own, GENERATE, &body).await,
        401,
        "unauthenticated",
    );
}

async fn claims_in_a_request_are_nobodys(room: Room) {
    let cs = CipherStash::of(&room).await;
    let alice = cs.user(&room, "alice", json!({})).await;
    let bob = cs.user(&room, "bob", json!({})).await;
    let mut locked = key(1, "d");
    locked["context"] = json!([{"IdentityClaim": "sub"}]);
    let made = Made::of(&room, &alice, &cs.keys(&json!([locked]))).await;
    for context in [
        json!([{"Value": ["sub", "alice"]}]),
        json!([{"IdentityClaim": "sub"}, {"Value": ["sub", "alice"]}]),
        json!([{"Tag": "alice"}]),
    ] {
        let mut asked = made.asked[0].clone();
        asked["context"] = context;
        let mut body = cs.keys(&json!([asked]));
        body["unverified_context"] = json!({"sub": "alice"});
        let refused = call(&room, &bob, RETRIEVE, &body).await;
        assert_refused(&refused, 403, "identity_mismatch");
    }
}
