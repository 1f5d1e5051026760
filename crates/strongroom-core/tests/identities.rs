//! Issuers and those whom they vouch for, of a whole deployment on SQLite, while time passes.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, from_value, json};
use strongroom_core::{
    Answered, Ask, Bearer, Credentials, Denial, Invalid, InvitationCreate, Refused, Role, Thing,
    TokenFault, UserAccepted,
};
use strongroom_types::Permission;
use strongroom_types::body::{DecryptRequest, EncryptRequest, IssuerInfo, IssuerUpdate};
use support::{START, World, context, why};

const ISS: &str = "https://id.example";

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[5; 32]).unwrap()
}

fn key_set() -> Value {
    let x = URL_SAFE_NO_PAD.encode(key().public_key());
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]})
}

/// A token of the issuer that ends a minute after the start.
fn token(claims: Value) -> String {
    let now = START / 1_000_000;
    let mut all = json!({"iss": ISS, "sub": "alice", "aud": "app", "iat": now, "exp": now + 60});
    let changed: serde_json::Map<String, Value> = from_value(claims).unwrap();
    all.as_object_mut().unwrap().extend(changed);
    let parts = [json!({"alg": "EdDSA"}), all];
    let [header, claims] = parts.map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Trusts the issuer, with these fields beside.
async fn trust(world: &World, by: &Ask, beside: Value) -> Result<Answered<IssuerInfo>, Refused> {
    let mut request = json!({
        "issuer": ISS,
        "keys": {"jwks": key_set()},
        "audiences": ["app"],
        "clock_skew_s": 0,
    });
    let beside: serde_json::Map<String, Value> = from_value(beside).unwrap();
    request.as_object_mut().unwrap().extend(beside);
    world
        .room
        .issuer_create(by, from_value(request).unwrap())
        .await
}

#[tokio::test]
async fn an_identity_that_was_verified_ends_with_its_token() {
    let world = World::new().await;
    trust(&world, &world.ask, json!({})).await.unwrap();
    let mut alice = world.ask.clone();
    alice.credentials.identity = Some(token(json!({})));
    let sealed = json!({"key_context": context("acme"), "plaintext": "", "lock": ["sub"]});
    let sealed: EncryptRequest = from_value(sealed).unwrap();
    let sealed = world.room.encrypt(&alice, sealed).await.unwrap().value;
    let open = async || {
        let request = DecryptRequest::new(context("acme"), sealed.ciphertext.clone());
        world.room.decrypt(&alice, request).await
    };
    assert!(open().await.is_ok());
    world.clock.pass(Duration::from_mins(1));
    assert_eq!(why(open().await), Denial::Identity(TokenFault::Expired));
}

#[tokio::test]
async fn who_chooses_the_keys_of_an_issuer_may_do_what_its_identities_may() {
    let world = World::new().await;
    let (_, issuers) = world
        .client(&[Permission::AdminIssuers], &json!([{}]))
        .await;
    let owners = trust(&world, &issuers, json!({"sign_in_audience": "door"})).await;
    assert!(matches!(why(owners), Denial::PermissionMissing(_)));
    let narrow = Role::Owner.permissions();
    let (_, narrow) = world
        .client(&narrow, &json!([{"organizationId": "acme"}]))
        .await;
    let owners = trust(&world, &narrow, json!({"sign_in_audience": "door"})).await;
    assert_eq!(why(owners), Denial::GrantTooWide);

    let issuer = trust(&world, &world.ask, json!({})).await.unwrap().value.id;
    let (acting, _) = world.client(&[], &json!([])).await;
    let acts = world.room.issuer_act_as(&world.ask, issuer, Some(acting));
    acts.await.unwrap();
    let update = async |request: Value| {
        let request: IssuerUpdate = from_value(request).unwrap();
        world.room.issuer_update(&issuers, issuer, request).await
    };
    let missing = Denial::PermissionMissing(Permission::AdminClients);
    let keys = json!({"keys": {"jwks": key_set()}});
    assert_eq!(why(update(keys).await), missing);
    let acts = world.room.issuer_act_as(&issuers, issuer, None).await;
    assert_eq!(why(acts), missing);
    // To take the trust away needs nothing else.
    assert!(update(json!({"disabled": true})).await.is_ok());
    assert_eq!(why(update(json!({"disabled": false})).await), missing);
}

#[tokio::test]
async fn an_issuer_begins_and_ends_to_sign_in_by_who_may_what_owners_may() {
    let world = World::new().await;
    let (_, issuers) = world
        .client(&[Permission::AdminIssuers], &json!([{}]))
        .await;
    let issuer = trust(&world, &world.ask, json!({})).await.unwrap().value.id;
    let update = async |by: &Ask, request: Value| {
        let request: IssuerUpdate = from_value(request).unwrap();
        world.room.issuer_update(by, issuer, request).await
    };
    let begin = || json!({"sign_in_audience": "door"});
    let keys = || json!({"keys": {"jwks": key_set()}});
    assert!(update(&issuers, keys()).await.is_ok());
    let refused = why(update(&issuers, begin()).await);
    assert!(
        matches!(refused, Denial::PermissionMissing(_)),
        "{refused:?}"
    );
    assert!(update(&world.ask, begin()).await.is_ok());
    // Neither its keys nor its end are for less, in one step or in two.
    for request in [keys(), json!({"sign_in_audience": ""})] {
        let refused = why(update(&issuers, request).await);
        assert!(
            matches!(refused, Denial::PermissionMissing(_)),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn nothing_is_sealed_for_those_of_an_issuer_that_is_trusted_no_more() {
    let world = World::new().await;
    let issuer = trust(&world, &world.ask, json!({})).await.unwrap().value.id;
    let seal = async || {
        let request = json!({
            "key_context": context("acme"),
            "plaintext": "",
            "lock": ["sub"],
            "lock_for": {"issuer": ISS, "claims": {"sub": "bob"}},
        });
        let request: EncryptRequest = from_value(request).unwrap();
        world.room.encrypt(&world.ask, request).await
    };
    assert!(seal().await.is_ok());
    let disable = IssuerUpdate {
        disabled: Some(true),
        ..IssuerUpdate::default()
    };
    let disabled = world.room.issuer_update(&world.ask, issuer, disable).await;
    disabled.unwrap();
    let unknown = Denial::Invalid(Invalid::Field("lock_for.issuer".into()));
    assert_eq!(why(seal().await), unknown);
}

/// Invites Ada as somebody, and gives what she then shows.
async fn invited(world: &World, by: &Ask, role: Role, contexts: Option<&str>) -> Ask {
    let contexts = contexts.map(|name| vec![name.parse().unwrap()]);
    let request = InvitationCreate {
        email: "ada@acme.example".to_owned(),
        role,
        contexts,
        expires_in_days: None,
    };
    let made = world.room.invitation_create(by, request).await;
    let invitation = made.unwrap().value.token;
    let email = json!({"aud": "door", "email": "ada@acme.example", "email_verified": true});
    Ask {
        credentials: Credentials {
            invitation: Some(Arc::new(Bearer::new(invitation.as_str()))),
            identity: Some(token(email)),
            ..Credentials::default()
        },
        ..world.ask.clone()
    }
}

#[tokio::test]
async fn an_invitation_gives_no_more_than_its_inviter_may_when_it_is_accepted() {
    let world = World::new().await;
    let sign_in = json!({"sign_in_audience": "door"});
    trust(&world, &world.ask, sign_in).await.unwrap();
    world.declare_context("general").await;
    let update = async |id, request: Value| {
        let request = from_value(request).unwrap();
        let updated = world.room.client_update(&world.ask, id, request).await;
        updated.unwrap();
    };
    let accept = async |ask: &Ask| -> Result<Answered<UserAccepted>, Refused> {
        world.room.invitation_accept(ask).await
    };
    let admin = Role::Admin.permissions();
    let (id, inviter) = world.client(&admin, &json!([{}])).await;
    let ada = invited(&world, &inviter, Role::Admin, None).await;
    let less = [Role::Developer.permissions(), vec![Permission::AdminUsers]].concat();
    update(id, json!({"permissions": less})).await;
    assert!(matches!(
        why(accept(&ada).await),
        Denial::PermissionMissing(_)
    ));

    update(id, json!({"permissions": admin})).await;
    let ada = invited(&world, &inviter, Role::Viewer, None).await;
    update(id, json!({"permissions": Role::Developer.permissions()})).await;
    let missing = Denial::PermissionMissing(Permission::AdminUsers);
    assert_eq!(why(accept(&ada).await), missing);

    update(id, json!({"permissions": admin})).await;
    let ada = invited(&world, &inviter, Role::Viewer, Some("general")).await;
    update(id, json!({"allowed_contexts": [{"context": "other"}]})).await;
    assert_eq!(why(accept(&ada).await), Denial::ContextNotAllowed);
    update(id, json!({"allowed_contexts": [{"context": "general"}]})).await;
    assert!(accept(&ada).await.is_ok());
}

#[tokio::test]
async fn an_owner_who_is_suspended_is_not_the_one_who_stays() {
    let world = World::new().await;
    let owner = Role::Owner.permissions();
    let (other, _) = world.client(&owner, &json!([{}])).await;
    let users = world.room.users(&world.ask).await.unwrap().value;
    let own = users.iter().find(|user| user.id != other).unwrap().id;
    let suspend = async |disabled: bool| {
        let update = from_value(json!({ "disabled": disabled })).unwrap();
        let updated = world.room.client_update(&world.ask, other, update).await;
        updated.unwrap();
    };
    suspend(true).await;
    let last = Denial::Conflict(Thing::LastOwner);
    let leave = world.room.user_remove(&world.ask, own).await;
    assert_eq!(why(leave), last);
    let less = world.room.user_role_set(&world.ask, own, Role::Admin).await;
    assert_eq!(why(less), last);
    suspend(false).await;
    let less = world.room.user_role_set(&world.ask, own, Role::Admin).await;
    assert_eq!(less.unwrap().value.role, Some(Role::Admin));
}
