//! Signing devices in.

use reqwest::Method;
use serde_json::json;
use strongroom_client::EntryFilter;
use strongroom_tests::cipherstash::{CipherStash, MEMBER, access_key, call};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::Room;
use strongroom_types::body::ClientUpdate;
use strongroom_types::{Operation, Outcome, Permission};

on_each_database!(
    a_device_is_signed_in_until_its_client_is_disabled,
    a_code_of_a_device_is_approved_once,
    only_who_administers_clients_signs_devices_in,
    codes_that_were_not_given_lead_nowhere,
    the_page_for_devices_shows_no_markup_of_others,
);

const OF_DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A code for the device, and the one that people see.
async fn begin(room: &Room) -> (String, String) {
    let request = room.anonymous(Method::POST, "/oauth/device/code");
    let begun = Reply::of(request.form(&[("client_id", "cli")])).await;
    assert_eq!(begun.status, 200, "{begun:?}");
    let page = format!("{}/oauth/device", room.server.sheet().url);
    assert_eq!(begun.text("verification_uri"), page);
    (begun.text("device_code"), begun.text("user_code"))
}

async fn poll(room: &Room, device_code: &str) -> Reply {
    let form = [
        ("grant_type", OF_DEVICE),
        ("client_id", "cli"),
        ("device_code", device_code),
    ];
    Reply::of(
        room.anonymous(Method::POST, "/oauth/device/token")
            .form(&form),
    )
    .await
}

async fn refresh(room: &Room, token: &str) -> Reply {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    Reply::of(room.anonymous(Method::POST, "/oauth/token").form(&form)).await
}

async fn approve(room: &Room, user_code: &str, key: &str, role: &str) -> Reply {
    let form = [
        ("user_code", user_code),
        ("access_key", key),
        ("role", role),
        ("name", "laptop"),
    ];
    Reply::of(room.anonymous(Method::POST, "/oauth/device").form(&form)).await
}

fn assert_oauth(reply: &Reply, status: u16, error: &str) {
    assert_eq!(
        (reply.status, reply.text("error").as_str()),
        (status, error)
    );
}

async fn a_device_is_signed_in_until_its_client_is_disabled(room: Room) {
    let cs = CipherStash::of(&room).await;
    let (device_code, user_code) = begin(&room).await;
    assert_oauth(
        &poll(&room, &device_code).await,
        400,
        "authorization_pending",
    );
    let typed = user_code.to_lowercase().replace('-', " ");
    let page = approve(&room, &typed, &cs.access_key, "control").await;
    assert_eq!(page.status, 200, "{page:?}");

    let tokens = poll(&room, &device_code).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    assert_eq!(tokens.text("token_type"), "Bearer");
    let lives = tokens.json()["expires_in"].as_i64().unwrap();
    assert!((800..=900).contains(&lives), "{lives}");
    let shown = json!({"show_disabled": false});
    let listed = call(
        &room,
        &tokens.text("access_token"),
        "/zerokms/list-keysets",
        &shown,
    )
    .await;
    assert_eq!(listed.status, 200, "{listed:?}");
    let body = cs.keys(&json!([]));
    let load = call(&room, &tokens.text("access_token"), super::LOAD, &body).await;
    assert_eq!(load.status, 403, "control has no data keys");

    // An answer that was lost is asked for again, and the next token is had without the code.
    let again = poll(&room, &device_code).await;
    assert_eq!(again.text("refresh_token"), tokens.text("refresh_token"));
    let next = refresh(&room, &tokens.text("refresh_token")).await;
    assert_eq!(next.status, 200, "{next:?}");

    let filter = EntryFilter {
        operation: Some(Operation::DeviceApprove),
        ..EntryFilter::default()
    };
    let entries = room.entries(filter).await;
    let client = entries[0].facts["client"].parse().unwrap();
    let disabled = ClientUpdate {
        disabled: Some(true),
        ..ClientUpdate::default()
    };
    room.client
        .clients()
        .update(client, &disabled)
        .await
        .unwrap();
    let key = tokens.text("refresh_token");
    assert_oauth(&refresh(&room, &key).await, 400, "invalid_grant");
    assert_oauth(&poll(&room, &device_code).await, 400, "invalid_grant");
    let listed = call(
        &room,
        &next.text("access_token"),
        "/zerokms/list-keysets",
        &shown,
    )
    .await;
    assert_eq!(listed.status, 401);
}

async fn a_code_of_a_device_is_approved_once(room: Room) {
    let cs = CipherStash::of(&room).await;
    let (device_code, user_code) = begin(&room).await;
    let first = approve(&room, &user_code, &cs.access_key, "member").await;
    assert_eq!(first.status, 200);
    let tokens = poll(&room, &device_code).await;
    // Neither again nor for another workspace.
    let other = access_key(&room.server.sheet().second_workspace.api_key);
    for key in [&cs.access_key, &other] {
        let refused = approve(&room, &user_code, key, "member").await;
        assert_eq!(refused.status, 409, "{refused:?}");
    }
    let same = poll(&room, &device_code).await;
    assert_eq!(same.text("refresh_token"), tokens.text("refresh_token"));
}

async fn only_who_administers_clients_signs_devices_in(room: Room) {
    let cs = CipherStash::of(&room).await;
    let (device_code, user_code) = begin(&room).await;
    let (_, member) = room.make_client(&MEMBER, &[&[]]).await;
    let clerk = [Permission::AdminClients, Permission::KeysetsList];
    let (_, clerk) = room.make_client(&clerk, &[&[]]).await;
    for (key, role, status) in [
        ("", "member", 401),
        ("CSAKabc.def", "member", 401),
        (&access_key(&member.api_key.secret), "member", 403),
        // Nobody gives a device what they have not.
        (&access_key(&clerk.api_key.secret), "member", 403),
    ] {
        let refused = approve(&room, &user_code, key, role).await;
        assert_eq!(refused.status, status, "{refused:?}");
        assert_oauth(
            &poll(&room, &device_code).await,
            400,
            "authorization_pending",
        );
    }
    let filter = EntryFilter {
        operation: Some(Operation::DeviceApprove),
        outcome: Some(Outcome::Denied),
        ..EntryFilter::default()
    };
    assert_eq!(room.entries(filter).await.len(), 2);
    assert_eq!(
        approve(&room, &user_code, &cs.access_key, "owner")
            .await
            .status,
        400
    );
}

/// Codes that are none although they look like one that was given: each has other letters in one of
/// the two places that do not depend on chance, its end and its check.
fn mistyped(given: &str) -> Vec<String> {
    const LETTERS: &str = "BCDFGHJKLMNPQRSTVWXZ";
    let place = |letter| LETTERS.find(letter).unwrap();
    let turned = |letter, by: usize| {
        let place = (place(letter) + by) % LETTERS.len();
        LETTERS.chars().nth(place).unwrap()
    };
    let mut codes = vec![
        String::new(),
        "x".into(),
        given.chars().skip(1).collect(),
        format!("{given}B"),
    ];
    let (end, last) = (given.chars().next().unwrap(), given.chars().last().unwrap());
    codes.push(format!("{}{}", turned(end, 10), &given[1..]));
    codes.extend((1..20).map(|by| format!("{}{}", &given[..given.len() - 1], turned(last, by))));
    codes
}

async fn codes_that_were_not_given_lead_nowhere(room: Room) {
    let cs = CipherStash::of(&room).await;
    let (device_code, user_code) = begin(&room).await;
    assert_eq!(
        approve(&room, &user_code, &cs.access_key, "member")
            .await
            .status,
        200
    );
    // The code that people see is not the device's, and no other device's leads to it.
    let (other, _) = begin(&room).await;
    assert_oauth(&poll(&room, &other).await, 400, "authorization_pending");
    let mut altered = device_code.clone();
    let last = if altered.ends_with('0') { "g" } else { "0" };
    altered.replace_range(altered.len() - 1.., last);
    let reply = poll(&room, &altered).await;
    assert_eq!(reply.status, 400, "{reply:?}");
    for code in [user_code.as_str(), "", "srd_", "srd_0"] {
        assert_oauth(&poll(&room, code).await, 400, "expired_token");
    }
    let (_, pending) = begin(&room).await;
    for code in mistyped(&pending).iter().chain([&device_code]) {
        let refused = approve(&room, code, &cs.access_key, "member").await;
        assert_eq!(refused.status, 400, "{code}: {refused:?}");
    }
    for token in ["", "srr_x", &device_code, &cs.token] {
        assert_oauth(&refresh(&room, token).await, 400, "invalid_grant");
    }
    let form = [("grant_type", "password"), ("refresh_token", "x")];
    let other = Reply::of(room.anonymous(Method::POST, "/oauth/token").form(&form)).await;
    assert_oauth(&other, 400, "unsupported_grant_type");
    let json = room
        .anonymous(Method::POST, "/oauth/token")
        .json(&json!({}));
    assert_eq!(Reply::of(json).await.status, 415);
}

async fn the_page_for_devices_shows_no_markup_of_others(room: Room) {
    let path = "/oauth/device?user_code=%3Cscript%3Ealert(1)%3C/script%3E%22%27";
    let page = Reply::of(room.anonymous(Method::GET, path)).await;
    assert_eq!(page.status, 200);
    let html = page.anonymous_body();
    assert!(!html.contains("<script"), "{html}");
    assert!(html.contains("&lt;script&gt;alert(1)"), "{html}");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    let style = Reply::of(room.anonymous(Method::GET, "/oauth/device/page.css")).await;
    assert_eq!(
        style.header("content-type"),
        Some("text/css; charset=utf-8")
    );
}
