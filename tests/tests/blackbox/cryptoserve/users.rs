//! Users: invited, given roles, removed.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::EntryFilter;
use strongroom_tests::cryptoserve::{
    ADMIN, DEVELOPER, VIEWER, accept, begin, call, declare_all, encrypt, invite, joined, owner,
    post, proof, read, register, user,
};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, SIGN_IN};
use strongroom_types::body::EntryView;
use strongroom_types::{Operation, Outcome, Permission, Reason};

use super::refused;

on_each_database!(
    an_invited_person_becomes_a_user_of_the_role,
    an_invitation_is_accepted_once,
    only_who_proves_the_invited_email_accepts,
    nobody_invites_to_more_than_it_may_itself,
    an_invitation_ends_when_it_is_withdrawn_or_its_inviter_is_less,
    a_role_is_changed_and_removed_at_once,
    nobody_administers_a_user_who_may_more,
    nobody_administers_a_user_of_more_contexts,
    nobody_withdraws_an_invitation_to_more_than_it_may,
    the_last_owner_stays,
    a_user_gets_another_session_for_the_same_proof,
    a_session_ends_no_key_that_is_none,
    sessions_are_begun_ten_times_an_hour,
    roles_and_permissions_are_listed,
    a_malformed_invitation_is_refused,
    the_longest_email_that_is_invited_becomes_a_user,
    users_of_another_tenant_are_none,
    a_session_lives_seven_days,
);

const ADA: &str = "ada@acme.example";

/// The entries of an operation.
async fn of(room: &Room, operation: Operation) -> Vec<EntryView> {
    let filter = EntryFilter {
        operation: Some(operation),
        ..EntryFilter::default()
    };
    room.entries(filter).await
}

async fn set_role(room: &Room, session: &str, id: &str, role: &str) -> Reply {
    let path = format!("/api/rbac/users/{id}/role");
    call(
        room,
        (Method::PUT, &path),
        session,
        &json!({ "role": role }),
    )
    .await
}

async fn remove(room: &Room, session: &str, id: &str) -> Reply {
    let path = format!("/api/rbac/users/{id}/role");
    Reply::of(room.anonymous(Method::DELETE, &path).bearer_auth(session)).await
}

async fn me(room: &Room, session: &str) -> Reply {
    read(room, "/api/users/me", session).await
}

async fn an_invited_person_becomes_a_user_of_the_role(room: Room) {
    declare_all(&room, &["general"]).await;
    let made = invite(&room, &room.api_key, ADA, "developer").await;
    assert_eq!(made.status, 200, "{made:?}");
    let body = made.json();
    assert_eq!(
        (&body["status"], &body["role"]),
        (&json!("pending"), &json!("developer"))
    );
    // Its token is shown once.
    let listed = read(&room, "/api/onboarding/invitations", &room.api_key).await;
    assert_eq!(listed.json()[0]["id"], body["id"]);
    assert!(!listed.json().to_string().contains("sri_"), "{listed:?}");
    let proof = proof(&room, "ada", "Ada@Acme.example").await;
    let accepted = accept(&room, &made.text("token"), &proof).await;
    assert_eq!(accepted.status, 201, "{accepted:?}");
    let joined = accepted.json();
    assert_eq!(joined["user"]["role"], "developer");
    assert_eq!(joined["user"]["email"], ADA);
    let session = accepted.text("session_cookie");
    let shown = me(&room, &session).await.json();
    assert_eq!(shown["id"], joined["user"]["id"]);
    assert_eq!(shown["tenant_id"], json!(room.workspace));
    assert_eq!(shown["is_admin"], false);
    // The session is one as a cookie, and may what its role may.
    let cookie = format!("access_token={session}");
    let request = room.anonymous(Method::GET, "/api/users/me");
    assert_eq!(
        Reply::of(request.header("cookie", cookie)).await.status,
        200
    );
    assert_eq!(
        register(&room, &session, "app", &["general"]).await.status,
        200
    );
    assert_eq!(encrypt(&room, &session, "general", "x").await.status, 200);
    refused(
        &invite(&room, &session, "b@acme.example", "viewer").await,
        403,
    );
    // Each step is an entry, and the person stands in that of the acceptance.
    for (operation, outcomes) in [
        (
            Operation::InvitationCreate,
            [Outcome::Allowed, Outcome::Denied].as_slice(),
        ),
        (Operation::InvitationAccept, &[Outcome::Allowed]),
    ] {
        let entries = of(&room, operation).await;
        let ended: Vec<_> = entries.iter().map(|entry| entry.outcome).collect();
        assert_eq!(ended, outcomes, "{operation:?}");
    }
    let entry = of(&room, Operation::InvitationAccept).await.remove(0);
    let identity = entry.identity.unwrap();
    assert_eq!(identity.subject, "ada");
}

async fn an_invitation_is_accepted_once(room: Room) {
    let made = invite(&room, &room.api_key, ADA, "viewer").await;
    let (token, ada) = (made.text("token"), proof(&room, "ada", ADA).await);
    let (first, second) = tokio::join!(accept(&room, &token, &ada), accept(&room, &token, &ada));
    let mut both = [first.status, second.status];
    both.sort_unstable();
    // Who comes second finds the invitation used, or itself a user already.
    assert!(matches!(both, [201, 401 | 409]), "{both:?}");
    refused(&accept(&room, &token, &ada).await, 401);
    // The same person becomes no second user by another invitation.
    let again = invite(&room, &room.api_key, ADA, "admin").await;
    refused(&accept(&room, &again.text("token"), &ada).await, 409);
    // Altered, empty and foreign texts are no invitations.
    let token = again.text("token");
    let last = if token.ends_with('0') { 'g' } else { '0' };
    let altered = format!("{}{last}", &token[..token.len() - 1]);
    for text in [altered.as_str(), "", "sri_", &room.api_key, &ada] {
        refused(&accept(&room, text, &ada).await, 401);
    }
    // It is no credential of a caller either.
    refused(&me(&room, &token).await, 401);
}

async fn only_who_proves_the_invited_email_accepts(room: Room) {
    let made = invite(&room, &room.api_key, ADA, "viewer").await;
    let token = made.text("token");
    let with = async |claims: Value| room.token_with("eve", claims).await;
    for proof in [
        with(json!({"aud": SIGN_IN, "email": "eve@acme.example", "email_verified": true})).await,
        with(json!({"aud": SIGN_IN, "email": ADA, "email_verified": false})).await,
        with(json!({"aud": SIGN_IN, "email": ADA, "email_verified": "true"})).await,
        with(json!({"aud": SIGN_IN, "email": ADA})).await,
        with(json!({"aud": SIGN_IN, "email": [ADA], "email_verified": true})).await,
        with(json!({"aud": SIGN_IN, "sub": ADA})).await,
    ] {
        let reply = accept(&room, &token, &proof).await;
        assert_eq!(
            refused(&reply, 403),
            "The token does not show the invited e-mail as verified"
        );
        let (_, reason) = room.ending(reply.entry().unwrap()).await;
        assert_eq!(reason, Some(Reason::LockNotMet));
    }
    // The entries name who tried, as far as it is proven.
    let tried = of(&room, Operation::InvitationAccept).await;
    assert_eq!(tried.len(), 6);
    let subjects = tried
        .iter()
        .map(|entry| &entry.identity.as_ref().unwrap().subject);
    assert_eq!(subjects.filter(|subject| *subject == "eve").count(), 5);
    // Claims that nobody signed are none.
    let good = proof(&room, "ada", ADA).await;
    let mut parts: Vec<&str> = good.split('.').collect();
    let unsigned = with(json!({"email": ADA})).await;
    parts[2] = unsigned.split('.').nth(2).unwrap();
    for proof in [parts.join("."), "a.b.c".to_owned(), String::new()] {
        let reply = accept(&room, &token, &proof).await;
        refused(&reply, 401);
        assert!(reply.entry().is_some(), "{reply:?}");
    }
    // Whom another tenant trusts proves nothing here.
    let other = Room::open(Arc::clone(&room.server)).await;
    let theirs = invite(&other, &other.api_key, ADA, "viewer").await;
    assert_eq!(
        accept(&other, &theirs.text("token"), &good).await.status,
        201
    );
    assert_eq!(accept(&room, &token, &good).await.status, 201);
}

async fn nobody_invites_to_more_than_it_may_itself(room: Room) {
    declare_all(&room, &["general", "payment-data"]).await;
    let admin = user(&room, &ADMIN, &["general"]).await;
    let developer = user(&room, &DEVELOPER, &[]).await;
    refused(&invite(&room, &admin, ADA, "owner").await, 403);
    refused(&invite(&room, &developer, ADA, "viewer").await, 403);
    // Nor to a context that is not its own, by name or by default.
    let body = json!({"email": ADA, "role": "admin", "contexts": ["payment-data"]});
    let path = "/api/onboarding/invitations";
    refused(&post(&room, path, &admin, &body).await, 403);
    let made = invite(&room, &admin, ADA, "admin").await;
    assert_eq!(made.status, 200, "{made:?}");
    let proof = proof(&room, "ada", ADA).await;
    let accepted = accept(&room, &made.text("token"), &proof).await;
    let session = accepted.text("session_cookie");
    assert_eq!(encrypt(&room, &session, "general", "x").await.status, 200);
    refused(&encrypt(&room, &session, "payment-data", "x").await, 403);
}

async fn an_invitation_ends_when_it_is_withdrawn_or_its_inviter_is_less(room: Room) {
    let ada = proof(&room, "ada", ADA).await;
    let made = invite(&room, &room.api_key, ADA, "viewer").await;
    let path = format!("/api/onboarding/invitations/{}", made.text("id"));
    let withdraw = async || {
        let request = room.anonymous(Method::DELETE, &path);
        Reply::of(request.bearer_auth(&room.api_key)).await
    };
    assert_eq!(withdraw().await.status, 200);
    refused(&withdraw().await, 404);
    refused(&accept(&room, &made.text("token"), &ada).await, 401);
    // Another of the same e-mail takes the place of the one before.
    let former = invite(&room, &room.api_key, ADA, "viewer").await;
    let (boss, session) = joined(&room, "boss@acme.example", "admin").await;
    let made = invite(&room, &session, ADA, "admin").await;
    refused(&accept(&room, &former.text("token"), &ada).await, 401);
    // Whoever invited may it no more: neither may the invitation.
    assert_eq!(
        set_role(&room, &room.api_key, &boss, "developer")
            .await
            .status,
        200
    );
    let reply = accept(&room, &made.text("token"), &ada).await;
    refused(&reply, 403);
    assert!(reply.entry().is_some());
    assert_eq!(remove(&room, &room.api_key, &boss).await.status, 204);
    refused(&accept(&room, &made.text("token"), &ada).await, 401);
}

async fn a_role_is_changed_and_removed_at_once(room: Room) {
    declare_all(&room, &["general"]).await;
    let (id, session) = joined(&room, ADA, "developer").await;
    assert_eq!(encrypt(&room, &session, "general", "x").await.status, 200);
    let changed = set_role(&room, &room.api_key, &id, "viewer").await;
    assert_eq!(changed.json()["new_role"], "viewer");
    refused(&encrypt(&room, &session, "general", "x").await, 403);
    assert_eq!(me(&room, &session).await.json()["role"], "viewer");
    assert_eq!(remove(&room, &room.api_key, &id).await.status, 204);
    refused(&me(&room, &session).await, 401);
    refused(&remove(&room, &room.api_key, &id).await, 404);
    for operation in [Operation::UserRoleSet, Operation::UserRemove] {
        let allowed = of(&room, operation).await;
        let allowed = allowed.iter().filter(|one| one.outcome == Outcome::Allowed);
        assert_eq!(allowed.count(), 1, "{operation:?}");
    }
    // Who was removed may be invited again.
    joined(&room, ADA, "viewer").await;
}

async fn nobody_administers_a_user_who_may_more(room: Room) {
    let (admin, session) = joined(&room, "admin@acme.example", "admin").await;
    let (boss, _) = joined(&room, "boss@acme.example", "owner").await;
    let (dev, _) = joined(&room, "dev@acme.example", "developer").await;
    refused(&set_role(&room, &session, &boss, "viewer").await, 403);
    refused(&remove(&room, &session, &boss).await, 403);
    refused(&set_role(&room, &session, &dev, "owner").await, 403);
    refused(&set_role(&room, &session, &admin, "owner").await, 403);
    assert_eq!(set_role(&room, &session, &dev, "admin").await.status, 200);
    // A client that is of no role, and an application, are no users.
    let (_, program) = room.make_client(&[Permission::Encrypt], &[]).await;
    let program = program.client.id.to_string();
    refused(
        &set_role(&room, &room.api_key, &program, "viewer").await,
        404,
    );
    declare_all(&room, &["general"]).await;
    let app = register(&room, &room.api_key, "app", &["general"]).await;
    let app = app.text("app_id");
    refused(&remove(&room, &room.api_key, &app).await, 404);
    refused(&remove(&room, &room.api_key, "nobody").await, 404);
}

async fn nobody_administers_a_user_of_more_contexts(room: Room) {
    declare_all(&room, &["general", "payment-data"]).await;
    let limited = user(&room, &ADMIN, &["general"]).await;
    let (everywhere, _) = joined(&room, ADA, "viewer").await;
    let elsewhere = room.make_client(&VIEWER, &[&[("context", "payment-data")]]);
    let elsewhere = elsewhere.await.1.client.id.to_string();
    for id in [&everywhere, &elsewhere] {
        let reply = set_role(&room, &limited, id, "developer").await;
        refused(&reply, 403);
        let (_, reason) = room.ending(reply.entry().unwrap()).await;
        assert_eq!(reason, Some(Reason::ContextNotAllowed));
        refused(&remove(&room, &limited, id).await, 403);
    }
    // Its own contexts, and fewer than those, are its to administer; an owner is bound by them too.
    let own = room.make_client(&VIEWER, &[&[("context", "general")]]);
    let own = own.await.1.client.id.to_string();
    assert_eq!(
        set_role(&room, &limited, &own, "developer").await.status,
        200
    );
    assert_eq!(remove(&room, &limited, &own).await.status, 204);
    let owner = user(&room, &owner(), &["general"]).await;
    refused(
        &set_role(&room, &owner, &everywhere, "developer").await,
        403,
    );
    let everyone = set_role(&room, &room.api_key, &everywhere, "developer");
    assert_eq!(everyone.await.status, 200);
}

async fn nobody_withdraws_an_invitation_to_more_than_it_may(room: Room) {
    let (_, admin) = joined(&room, "admin@acme.example", "admin").await;
    let made = invite(&room, &room.api_key, ADA, "owner").await;
    let path = format!("/api/onboarding/invitations/{}", made.text("id"));
    let withdraw = async |session: &str| {
        let request = room.anonymous(Method::DELETE, &path).bearer_auth(session);
        Reply::of(request).await
    };
    for reply in [
        withdraw(&admin).await,
        invite(&room, &admin, ADA, "viewer").await,
        invite(&room, &admin, &ADA.to_uppercase(), "viewer").await,
    ] {
        refused(&reply, 403);
        assert!(reply.entry().is_some());
    }
    let ada = proof(&room, "ada", ADA).await;
    assert_eq!(accept(&room, &made.text("token"), &ada).await.status, 201);
    // An admin's own kind it withdraws.
    let made = invite(&room, &room.api_key, "b@acme.example", "admin").await;
    let again = invite(&room, &admin, "b@acme.example", "viewer").await;
    assert_eq!(again.status, 200, "{again:?}");
    let b = proof(&room, "b", "b@acme.example").await;
    refused(&accept(&room, &made.text("token"), &b).await, 401);
}

async fn the_last_owner_stays(room: Room) {
    let root = me(&room, &room.api_key).await.json();
    assert_eq!(root["role"], "owner");
    let root = root["id"].as_str().unwrap().to_owned();
    // Another owner that cannot show a key any more is none that counts.
    let (_, idle) = room.make_client(&owner(), &[]).await;
    let (idle, key) = (idle.client.id, idle.api_key.info.id);
    let path = format!("/v1/clients/{idle}/keys/{key}");
    let revoked = Reply::of(room.request(Method::DELETE, &path)).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    for reply in [
        set_role(&room, &room.api_key, &root, "admin").await,
        remove(&room, &room.api_key, &root).await,
    ] {
        assert_eq!(refused(&reply, 409), "The last owner of a tenant stays");
        assert!(reply.entry().is_some());
    }
    let (boss, session) = joined(&room, "boss@acme.example", "owner").await;
    refused(&set_role(&room, &session, &root, "viewer").await, 403);
    assert_eq!(
        set_role(&room, &room.api_key, &root, "admin").await.status,
        200
    );
    refused(&set_role(&room, &session, &boss, "admin").await, 409);
    refused(&remove(&room, &session, &boss).await, 409);
}

async fn a_user_gets_another_session_for_the_same_proof(room: Room) {
    let (id, first) = joined(&room, ADA, "developer").await;
    let ada = proof(&room, ADA, ADA).await;
    let second = begin(&room, &ada).await;
    assert_eq!(second.status, 201, "{second:?}");
    assert_eq!(second.json()["user"]["id"], json!(id));
    let second = second.text("session_cookie");
    for session in [&first, &second] {
        assert_eq!(me(&room, session).await.status, 200);
    }
    // There are two at most.
    let third = begin(&room, &ada).await.text("session_cookie");
    refused(&me(&room, &first).await, 401);
    for session in [&second, &third] {
        assert_eq!(me(&room, session).await.status, 200);
    }
    // Another subject with the same e-mail, another tenant, and no token are nobody.
    let other = Room::open(Arc::clone(&room.server)).await;
    let eve = proof(&room, "eve", ADA).await;
    for reply in [
        begin(&room, &eve).await,
        begin(&other, &ada).await,
        begin(&room, "").await,
    ] {
        refused(&reply, 401);
    }
    assert_eq!(remove(&room, &room.api_key, &id).await.status, 204);
    refused(&begin(&room, &ada).await, 401);
}

async fn a_session_ends_no_key_that_is_none(room: Room) {
    let (id, first) = joined(&room, ADA, "viewer").await;
    let path = format!("/v1/clients/{id}/keys");
    let made = Reply::of(room.request(Method::POST, &path).json(&json!({}))).await;
    assert!(matches!(made.status, 200 | 201), "{made:?}");
    let permanent = made.text("secret");
    let ada = proof(&room, ADA, ADA).await;
    let second = begin(&room, &ada).await.text("session_cookie");
    let third = begin(&room, &ada).await.text("session_cookie");
    refused(&me(&room, &first).await, 401);
    for key in [&permanent, &second, &third] {
        assert_eq!(me(&room, key).await.status, 200);
    }
    // What another changes of the user leaves its sessions what they are.
    assert_eq!(
        set_role(&room, &room.api_key, &id, "developer")
            .await
            .status,
        200
    );
    begin(&room, &ada).await;
    refused(&me(&room, &second).await, 401);
    assert_eq!(me(&room, &permanent).await.status, 200);
}

async fn sessions_are_begun_ten_times_an_hour(room: Room) {
    joined(&room, ADA, "viewer").await;
    joined(&room, "bob@acme.example", "viewer").await;
    let ada = proof(&room, ADA, ADA).await;
    let mut last = String::new();
    // To accept the invitation was the first.
    for _ in 1..10 {
        let begun = begin(&room, &ada).await;
        assert_eq!(begun.status, 201, "{begun:?}");
        last = begun.text("session_cookie");
    }
    let reply = begin(&room, &ada).await;
    refused(&reply, 429);
    let (outcome, reason) = room.ending(reply.entry().unwrap()).await;
    assert_eq!(
        (outcome, reason),
        (Outcome::Denied, Some(Reason::RateLimited))
    );
    // It ends no session, and is no limit of anybody else's.
    assert_eq!(me(&room, &last).await.status, 200);
    let bob = proof(&room, "bob@acme.example", "bob@acme.example").await;
    assert_eq!(begin(&room, &bob).await.status, 201);
}

async fn roles_and_permissions_are_listed(room: Room) {
    let (id, session) = joined(&room, ADA, "viewer").await;
    let roles = read(&room, "/api/rbac/roles", &session).await.json();
    let names: Vec<_> = roles
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["role"].clone())
        .collect();
    assert_eq!(
        json!(names),
        json!(["viewer", "developer", "admin", "owner"])
    );
    assert_eq!(roles[0]["permissions_count"], 3);
    let mine = read(&room, "/api/rbac/me/permissions", &session)
        .await
        .json();
    assert_eq!(
        (&mine["user_id"], &mine["role"]),
        (&json!(id), &json!("viewer"))
    );
    let expected = json!(["named-contexts:list", "applications:list", "users:read"]);
    assert_eq!(mine["effective_permissions"], expected);
    assert_eq!(mine["custom_permissions"], json!([]));
    let all = read(&room, "/api/rbac/me/permissions", &room.api_key)
        .await
        .json();
    assert_eq!(all["role"], "owner");
    assert!(
        all["custom_permissions"]
            .as_array()
            .unwrap()
            .contains(&json!("rewrap"))
    );
    let users = read(&room, "/api/rbac/users", &room.api_key).await.json();
    assert_eq!(users.as_array().unwrap().len(), 2);
}

async fn a_malformed_invitation_is_refused(room: Room) {
    let path = "/api/onboarding/invitations";
    for body in [
        json!({}),
        json!({"email": ""}),
        json!({"email": "no-address"}),
        json!({"email": "a@b@c"}),
        json!({"email": format!("{}@b", "a".repeat(199))}),
        json!({"email": format!("{}@b", "a".repeat(253))}),
        json!({"email": ADA, "role": "service_account"}),
        json!({"email": ADA, "role": ""}),
        json!({"email": ADA, "expiresDays": 0}),
        json!({"email": ADA, "expiresDays": 31}),
        json!({"email": ADA, "expiresDays": -1}),
        json!({"email": ADA, "is_admin": true}),
    ] {
        let reply = post(&room, path, &room.api_key, &body).await;
        refused(&reply, 422);
        assert!(reply.entry().is_some(), "{body}");
    }
    let body = json!({"email": ADA, "contexts": ["unheard-of"]});
    refused(&post(&room, path, &room.api_key, &body).await, 400);
    let (id, _) = joined(&room, ADA, "viewer").await;
    refused(&set_role(&room, &room.api_key, &id, "god").await, 422);
    let none = room.anonymous(Method::DELETE, &format!("{path}/x"));
    refused(&Reply::of(none.bearer_auth(&room.api_key)).await, 404);
}

async fn the_longest_email_that_is_invited_becomes_a_user(room: Room) {
    let longest = format!("{}@b", "ä".repeat(198));
    let (_, session) = joined(&room, &longest, "viewer").await;
    assert_eq!(me(&room, &session).await.json()["email"], longest);
}

async fn users_of_another_tenant_are_none(room: Room) {
    let (id, session) = joined(&room, ADA, "admin").await;
    let made = invite(&room, &room.api_key, "b@acme.example", "viewer").await;
    let other = Room::open(Arc::clone(&room.server)).await;
    refused(&set_role(&other, &other.api_key, &id, "viewer").await, 404);
    refused(&remove(&other, &other.api_key, &id).await, 404);
    let path = format!("/api/onboarding/invitations/{}", made.text("id"));
    let request = other
        .anonymous(Method::DELETE, &path)
        .bearer_auth(&other.api_key);
    refused(&Reply::of(request).await, 404);
    let listed = read(&other, "/api/rbac/users", &other.api_key).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(me(&room, &session).await.status, 200);
}

/// The day that a time of day is in, counted from 0000-03-01.
fn day(time: &str) -> i64 {
    let parts = time[..10].split('-').map(|part| part.parse().unwrap());
    let parts: Vec<i64> = parts.collect();
    let (year, month, day) = (parts[0], parts[1], parts[2]);
    let year = if month > 2 { year } else { year - 1 };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year
}

async fn a_session_lives_seven_days(room: Room) {
    assert_eq!(day("2027-03-02") - day("2027-02-27"), 3);
    assert_eq!(day("2028-03-01") - day("2027-12-31"), 61);
    let (id, _) = joined(&room, ADA, "viewer").await;
    let user = room.read(&format!("/v1/clients/{id}")).await.json();
    let keys = user["api_keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    let [created, expires] = ["created", "expires"].map(|name| keys[0][name].as_str().unwrap());
    assert_eq!(day(expires) - day(created), 7);
    assert_eq!(expires[10..], created[10..]);
}
