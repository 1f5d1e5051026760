//! Clients: what each may do, and how its credentials end.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_client::{EntryFilter, PageQuery};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, context, tenant};
use strongroom_types::body::{
    ClientCreate, ClientUpdate, DecryptRequest, EncryptRequest, WorkspaceCreate, WorkspaceUpdate,
};
use strongroom_types::{Code, ContextPattern, Operation, Permission, Reason};

on_each_database!(
    each_permission_admits_its_own_routes_and_no_other,
    a_client_stays_within_its_allowed_contexts,
    an_auditor_reads_the_log_and_nothing_else,
    workspaces_are_administered_from_the_system_workspace_only,
    a_disabled_workspace_lets_nobody_in,
    the_system_workspace_stays_enabled,
    a_revoked_key_stops_at_once,
    an_expired_key_stops,
    a_key_that_ends_does_so_neither_at_once_nor_after_ten_years,
    two_live_keys_and_no_third,
    a_disabled_client_stops_at_once,
    taken_permissions_are_gone_at_once,
    permissions_that_are_taken_from_an_administrator_stay_away,
    unknown_credentials_are_refused_without_an_entry,
    an_api_key_is_shown_once,
    clients_of_other_workspaces_do_not_exist,
);

const DENIED: (u16, &str) = (403, "permission_denied");

/// Paths to read, and the permission that each needs.
const READS: &[(Permission, &str)] = &[
    (Permission::LogRead, "/v1/log/entries"),
    (Permission::LogRead, "/v1/log/checkpoint"),
    (Permission::LogRead, "/v1/log/proof?index=0"),
    (Permission::LogRead, "/v1/log/tile/entries/000.p/1"),
    (Permission::AdminClients, "/v1/clients"),
    (Permission::AdminIssuers, "/v1/issuers"),
    (Permission::AdminContexts, "/v1/contexts"),
    (Permission::AdminPolicies, "/v1/context-policies"),
    (Permission::AdminCustomerKeys, "/v1/customer-keys"),
    (Permission::AdminJobs, "/v1/jobs"),
    (Permission::AdminWebhooks, "/v1/webhooks"),
    (Permission::LogRead, "/v1/events"),
    (Permission::ObjectsList, "/v1/objects"),
    (Permission::ObjectsRead, "/v1/objects/by-name?name=n"),
];

/// Fields to post beside a key context, and the permission that each needs.
fn posts() -> Vec<(Permission, &'static str, Value)> {
    let item = json!({"key_context": {"t": "a"}, "plaintext": ""});
    vec![
        (Permission::Encrypt, "/v1/encrypt", item.clone()),
        (
            Permission::Encrypt,
            "/v1/encrypt/batch",
            json!({ "items": [item] }),
        ),
        (
            Permission::DataKeys,
            "/v1/data-keys",
            json!({"key_context": {"t": "a"}}),
        ),
        (Permission::Decrypt, "/v1/decrypt", with("ciphertext")),
        (Permission::Rewrap, "/v1/rewrap", with("ciphertext")),
        (
            Permission::DataKeys,
            "/v1/data-keys/unwrap",
            with("wrapped_key"),
        ),
        (
            Permission::Rewrap,
            "/v1/data-keys/rewrap",
            with("wrapped_key"),
        ),
        (
            Permission::DataKeys,
            "/v1/data-keys/batch",
            json!({"items": [{"key_context": {"t": "a"}}]}),
        ),
        (
            Permission::Rewrap,
            "/v1/data-keys/rewrap/batch",
            json!({"items": [with("wrapped_key")]}),
        ),
        (
            Permission::AdminCustomerKeys,
            "/v1/customer-keys/which-key",
            json!({"key_context": {"t": "a"}}),
        ),
        (Permission::AdminJobs, "/v1/jobs", json!({"kind": "rewrap"})),
        (
            Permission::ObjectsWrite,
            "/v1/objects",
            json!({"key_context": {"t": "a"}, "name": "n", "value": ""}),
        ),
        (
            Permission::ObjectsRead,
            "/v1/objects/batch",
            json!({"items": [{"name": "n"}]}),
        ),
        (
            Permission::AdminContexts,
            "/v1/contexts",
            json!({"key_context": {"t": "b"}}),
        ),
    ]
}

fn with(field: &str) -> Value {
    json!({"key_context": {"t": "a"}, field: "AAAA"})
}

/// Each request with the permission that it needs; without a body it is a read.
fn needs() -> Vec<(Permission, &'static str, Option<Value>)> {
    let reads = READS.iter().map(|&(needed, path)| (needed, path, None));
    let posts = posts()
        .into_iter()
        .map(|(needed, path, body)| (needed, path, Some(body)));
    reads.chain(posts).collect()
}

async fn send(room: &Room, key: &str, path: &str, body: Option<&Value>) -> Reply {
    let request = match body {
        None => room.anonymous(Method::GET, path),
        Some(body) => room.anonymous(Method::POST, path).json(body),
    };
    Reply::of(request.bearer_auth(key)).await
}

async fn each_permission_admits_its_own_routes_and_no_other(room: Room) {
    for permission in Permission::ALL {
        let (_, created) = room.make_client(&[*permission], &[&[]]).await;
        let key = &created.api_key.secret;
        for (needed, path, body) in needs() {
            let reply = send(&room, key, path, body.as_ref()).await;
            if needed == *permission {
                assert_ne!(reply.status, 403, "{permission} {path} {reply:?}");
            } else {
                reply.assert_problem(DENIED.0, DENIED.1);
                assert!(reply.entry().is_some(), "{permission} {path}");
            }
        }
    }
}

async fn a_client_stays_within_its_allowed_contexts(room: Room) {
    let permissions = [
        Permission::Encrypt,
        Permission::Decrypt,
        Permission::DataKeys,
    ];
    let allowed: &[&[(&str, &str)]] = &[&[("org", "a"), ("type", "*")], &[("org", "b")]];
    let (client, _) = room.make_client(&permissions, allowed).await;
    let may = [
        context(&[("org", "a"), ("type", "x")]),
        context(&[("org", "a"), ("type", ""), ("more", "1")]),
        context(&[("org", "b")]),
    ];
    for map in may {
        let sealed = client
            .encrypt(EncryptRequest::new(map.clone(), "v"))
            .await
            .unwrap();
        let request = DecryptRequest::new(map, sealed.ciphertext);
        assert!(client.decrypt(request).await.is_ok());
    }
    let expected = (404, Code::ContextNotFound);
    for map in [
        context(&[("org", "a")]),
        context(&[("org", "c")]),
        context(&[("org", "A"), ("type", "x")]),
    ] {
        // Not even whether it exists can be told.
        for _ in 0..2 {
            let refused = client.encrypt(EncryptRequest::new(map.clone(), "v")).await;
            room.assert_refused(refused, expected, Reason::ContextNotAllowed)
                .await;
            let refused = client.decrypt(DecryptRequest::new(map.clone(), "x")).await;
            room.assert_refused(refused, expected, Reason::ContextNotAllowed)
                .await;
            room.client
                .encrypt(EncryptRequest::new(map.clone(), "v"))
                .await
                .unwrap();
        }
    }
    let (nobody, _) = room.make_client(&permissions, &[]).await;
    let refused = nobody
        .encrypt(EncryptRequest::new(tenant("acme"), "v"))
        .await;
    room.assert_refused(refused, expected, Reason::ContextNotAllowed)
        .await;
}

async fn an_auditor_reads_the_log_and_nothing_else(room: Room) {
    let (auditor, created) = room.make_client(&[Permission::LogRead], &[]).await;
    let request = EncryptRequest::new(tenant("acme"), "v");
    let sealed = room.client.encrypt(request.clone()).await.unwrap();
    let entry = sealed.log_entry.unwrap();
    assert!(auditor.log().prove(entry, &room.verifier()).await.is_ok());
    assert!(
        !auditor
            .log()
            .entries(&EntryFilter::default())
            .await
            .unwrap()
            .entries
            .is_empty()
    );
    for (needed, path, body) in needs() {
        if needed != Permission::LogRead {
            let reply = send(&room, &created.api_key.secret, path, body.as_ref()).await;
            room.assert_problem(&reply, DENIED, Reason::PermissionMissing)
                .await;
        }
    }
}

async fn workspaces_are_administered_from_the_system_workspace_only(room: Room) {
    let (pretender, _) = room
        .make_client(&[Permission::AdminWorkspaces], &[&[]])
        .await;
    let expected = (403, Code::PermissionDenied);
    let other = room
        .server
        .sheet()
        .second_workspace
        .workspace
        .parse()
        .unwrap();
    let workspaces = pretender.workspaces();
    let refused = workspaces.list(&PageQuery::default()).await;
    room.assert_refused(refused, expected, Reason::PermissionMissing)
        .await;
    let create = WorkspaceCreate {
        name: "mine".to_owned(),
        context_quota: None,
    };
    let refused = workspaces.create(&create).await;
    room.assert_refused(refused, expected, Reason::PermissionMissing)
        .await;
    let refused = workspaces.describe(other).await;
    room.assert_refused(refused, expected, Reason::PermissionMissing)
        .await;
    let refused = workspaces
        .update(room.workspace, &WorkspaceUpdate::default())
        .await;
    room.assert_refused(refused, expected, Reason::PermissionMissing)
        .await;
}

async fn a_disabled_workspace_lets_nobody_in(room: Room) {
    let sealed = room
        .client
        .encrypt(EncryptRequest::new(tenant("acme"), "v"))
        .await
        .unwrap();
    let open = || {
        room.client.decrypt(DecryptRequest::new(
            tenant("acme"),
            sealed.ciphertext.clone(),
        ))
    };
    let system = room.system();
    let update = async |disabled| {
        let update = WorkspaceUpdate {
            disabled: Some(disabled),
            ..WorkspaceUpdate::default()
        };
        let changed = system.workspaces().update(room.workspace, &update).await;
        assert_eq!(changed.unwrap().disabled, disabled);
    };
    let jwt = room.token("alice").await;
    let exchanged = room.client.exchange_token(&jwt).await.unwrap();
    let alice = room.with_key(&exchanged.access_token);
    update(true).await;
    let by_alice = alice
        .encrypt(EncryptRequest::new(tenant("acme"), "v"))
        .await;
    let by_alice = by_alice.unwrap_err();
    assert_eq!(by_alice.refusal().unwrap().code(), Code::Unauthenticated);
    let refused = open().await.unwrap_err();
    let refusal = refused.refusal().unwrap();
    assert_eq!(
        (refusal.status(), refusal.code()),
        (401, Code::Unauthenticated)
    );
    let entry = refusal.log_entry().unwrap();

    update(false).await;
    assert_eq!(open().await.unwrap().plaintext.0, b"v");
    let (_, reason) = room.ending(entry).await;
    assert_eq!(reason, Some(Reason::CredentialRevoked));
    let told = room.entries(EntryFilter {
        operation: Some(Operation::WorkspaceUpdate),
        ..EntryFilter::default()
    });
    assert_eq!(told.await.len(), 2, "disabled and enabled");
}

async fn the_system_workspace_stays_enabled(room: Room) {
    let system = room.system();
    let own = system
        .workspaces()
        .list(&PageQuery::default())
        .await
        .unwrap();
    let own = own.items.iter().find(|info| info.name == "system").unwrap();
    let update = WorkspaceUpdate {
        disabled: Some(true),
        ..WorkspaceUpdate::default()
    };
    let refused = system.workspaces().update(own.id, &update).await;
    assert_eq!(refused.unwrap_err().code(), Some(Code::InvalidRequest));
}

async fn a_revoked_key_stops_at_once(room: Room) {
    let (client, created) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let second = room
        .client
        .clients()
        .create_key(created.client.id, None)
        .await
        .unwrap();
    let seal = |client: strongroom_client::Client| async move {
        client
            .encrypt(EncryptRequest::new(tenant("acme"), "v"))
            .await
    };
    assert!(seal(client.clone()).await.is_ok());
    let info = room
        .client
        .clients()
        .revoke_key(created.client.id, created.api_key.info.id)
        .await;
    assert_eq!(info.unwrap().api_keys.len(), 1);
    assert!(seal(client).await.unwrap_err().is_unauthenticated());
    assert!(seal(room.with_key(&second.secret)).await.is_ok());
}

async fn an_expired_key_stops(room: Room) {
    let create = ClientCreate {
        name: "short".to_owned(),
        permissions: vec![Permission::Encrypt],
        allowed_contexts: vec![ContextPattern::default()],
        expires_in: Some(1),
    };
    let created = room.client.clients().create(&create).await.unwrap();
    let client = room.with_key(&created.api_key.secret);
    let refused = strongroom_tests::poll::poll(async || {
        let request = EncryptRequest::new(tenant("acme"), "v");
        client.encrypt(request).await.err()
    });
    let refused = refused.await;
    assert!(refused.is_unauthenticated());
    let (_, reason) = room
        .ending(refused.refusal().unwrap().log_entry().unwrap())
        .await;
    assert_eq!(reason, Some(Reason::CredentialRevoked));
}

async fn a_key_that_ends_does_so_neither_at_once_nor_after_ten_years(room: Room) {
    const MOST: u64 = 315_360_000;
    let create = |expires_in| ClientCreate {
        name: "short".to_owned(),
        permissions: vec![Permission::Encrypt],
        allowed_contexts: Vec::new(),
        expires_in: Some(expires_in),
    };
    let clients = room.client.clients();
    let id = clients.create(&create(MOST)).await.unwrap().client.id;
    clients.create_key(id, Some(1)).await.unwrap();
    let expected = (400, Code::InvalidRequest);
    for wrong in [0, MOST + 1, u64::MAX] {
        let refused = clients.create(&create(wrong)).await;
        room.assert_refused(refused, expected, Reason::InvalidRequest)
            .await;
        let refused = clients.create_key(id, Some(wrong)).await;
        room.assert_refused(refused, expected, Reason::InvalidRequest)
            .await;
    }
}

async fn two_live_keys_and_no_third(room: Room) {
    let (_, created) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let (clients, id) = (room.client.clients(), created.client.id);
    clients.create_key(id, None).await.unwrap();
    let refused = clients.create_key(id, None).await;
    let expected = (400, Code::InvalidRequest);
    room.assert_refused(refused, expected, Reason::InvalidRequest)
        .await;
    clients
        .revoke_key(id, created.api_key.info.id)
        .await
        .unwrap();
    clients.create_key(id, None).await.unwrap();
}

async fn a_disabled_client_stops_at_once(room: Room) {
    let (client, created) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let disabled = |disabled| ClientUpdate {
        disabled: Some(disabled),
        ..ClientUpdate::default()
    };
    let (clients, id) = (room.client.clients(), created.client.id);
    clients.update(id, &disabled(true)).await.unwrap();
    let refused = client
        .encrypt(EncryptRequest::new(tenant("acme"), "v"))
        .await;
    let expected = (401, Code::Unauthenticated);
    room.assert_refused(refused, expected, Reason::CredentialRevoked)
        .await;
    clients.update(id, &disabled(false)).await.unwrap();
    let request = EncryptRequest::new(tenant("acme"), "v");
    assert!(client.encrypt(request).await.is_ok());
}

async fn taken_permissions_are_gone_at_once(room: Room) {
    let (client, created) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let request = EncryptRequest::new(tenant("acme"), "v");
    client.encrypt(request.clone()).await.unwrap();
    let fewer = ClientUpdate {
        permissions: Some(vec![Permission::Decrypt]),
        ..ClientUpdate::default()
    };
    room.client
        .clients()
        .update(created.client.id, &fewer)
        .await
        .unwrap();
    let refused = client.encrypt(request.clone()).await;
    let expected = (403, Code::PermissionDenied);
    room.assert_refused(refused, expected, Reason::PermissionMissing)
        .await;
    let narrower = ClientUpdate {
        permissions: Some(vec![Permission::Encrypt]),
        allowed_contexts: Some(Vec::new()),
        ..ClientUpdate::default()
    };
    room.client
        .clients()
        .update(created.client.id, &narrower)
        .await
        .unwrap();
    let refused = client.encrypt(request).await;
    let expected = (404, Code::ContextNotFound);
    room.assert_refused(refused, expected, Reason::ContextNotAllowed)
        .await;
}

/// An administrator gets what is added later, until somebody says what it has.
async fn permissions_that_are_taken_from_an_administrator_stay_away(room: Room) {
    let shown = Reply::of(room.request(Method::GET, "/api/users/me")).await;
    let id = shown.text("id").parse().unwrap();
    let fewer = vec![Permission::AdminClients, Permission::LogRead];
    let update = ClientUpdate {
        permissions: Some(fewer.clone()),
        ..ClientUpdate::default()
    };
    room.client.clients().update(id, &update).await.unwrap();
    let described = room.client.clients().describe(id).await.unwrap();
    assert_eq!(described.permissions.len(), fewer.len(), "{described:?}");
    let request = EncryptRequest::new(tenant("acme"), "v");
    let refused = room.client.encrypt(request).await;
    let expected = (403, Code::PermissionDenied);
    room.assert_refused(refused, expected, Reason::PermissionMissing)
        .await;
}

async fn unknown_credentials_are_refused_without_an_entry(room: Room) {
    let key = &room.api_key;
    let flipped = format!("{}{}", &key[..key.len() - 2], "zz");
    let body = json!({"key_context": {"tenant": "acme"}, "plaintext": ""});
    let credentials = [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer x".to_owned()),
        Some(format!("Basic {key}")),
        Some(format!("Bearer {flipped}")),
        Some(format!("Bearer {}", key.to_uppercase())),
        Some(format!("Bearer {key}0")),
        Some(format!("Bearer {}", &key[..key.len() - 1])),
        Some(format!("Bearer {}", room.workspace)),
    ];
    for credential in credentials {
        let request = room.anonymous(Method::POST, "/v1/encrypt").json(&body);
        let request = credential.iter().fold(request, |request, value| {
            request.header("authorization", value)
        });
        let reply = Reply::of(request).await;
        reply.assert_problem(401, "unauthenticated");
        assert_eq!(reply.entry(), None, "{credential:?}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
}

async fn an_api_key_is_shown_once(room: Room) {
    let (_, created) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    let secret = created.api_key.secret;
    for path in [
        format!("/v1/clients/{}", created.client.id),
        "/v1/clients".to_owned(),
    ] {
        let reply = room.read(&path).await;
        assert_eq!(reply.status, 200);
        assert!(!String::from_utf8(reply.body).unwrap().contains(&secret));
    }
}

async fn clients_of_other_workspaces_do_not_exist(room: Room) {
    let other = room.server.second_client().unwrap();
    let theirs = other
        .clients()
        .list(&PageQuery::default())
        .await
        .unwrap()
        .items
        .remove(0);
    let clients = room.client.clients();
    let expected = (404, Code::NotFound);
    let refused = clients.describe(theirs.id).await;
    room.assert_refused(refused, expected, Reason::NotFound)
        .await;
    let disable = ClientUpdate {
        disabled: Some(true),
        ..ClientUpdate::default()
    };
    let refused = clients.update(theirs.id, &disable).await;
    room.assert_refused(refused, expected, Reason::NotFound)
        .await;
    let refused = clients.revoke_key(theirs.id, theirs.api_keys[0].id).await;
    room.assert_refused(refused, expected, Reason::NotFound)
        .await;
    assert!(other.clients().describe(theirs.id).await.is_ok());
}
