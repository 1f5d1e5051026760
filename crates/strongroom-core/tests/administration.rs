//! Who may give what to whom, what entries say of it, and what lists show, on a real database.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use strongroom_core::{Ask, Denial, EntriesQuery, Invalid, NAME_CHARS_MAX, PageQuery, Settings};
use strongroom_types::body::{
    ClientCreate, ClientCreated, ClientUpdate, DecryptRequest, EntryView, WorkspaceCreate,
};
use strongroom_types::{Code, ContextPattern, Operation, Permission};
use support::{World, ask, context};
use tokio::task::JoinSet;

async fn make(
    world: &World,
    by: &Ask,
    permissions: &[Permission],
    allowed: Vec<ContextPattern>,
) -> Result<ClientCreated, Denial> {
    let request = ClientCreate {
        name: "program".to_owned(),
        permissions: permissions.to_vec(),
        allowed_contexts: allowed,
        expires_in: None,
    };
    let made = world.room.client_create(by, request).await;
    made.map(|answered| answered.value)
        .map_err(|refused| refused.denial)
}

async fn newest(world: &World, operation: Operation) -> EntryView {
    let query = EntriesQuery {
        operation: Some(operation),
        ..EntriesQuery::default()
    };
    let page = world.room.log_entries(&world.ask, query).await;
    let entries = page.unwrap().value.entries.into_iter();
    entries.max_by_key(|entry| entry.index).unwrap()
}

#[tokio::test]
async fn nobody_grants_what_it_may_not_do_itself() {
    let world = World::new().await;
    let own = [Permission::AdminClients, Permission::Encrypt];
    let made = make(&world, &world.ask, &own, Vec::new()).await.unwrap();
    let lesser = ask(&made.api_key.secret);
    let missing = Denial::PermissionMissing(Permission::Decrypt);
    let more = [Permission::Encrypt, Permission::Decrypt];
    let refused = make(&world, &lesser, &more, Vec::new()).await.unwrap_err();
    assert_eq!(refused, missing);
    let made = make(&world, &lesser, &own, Vec::new()).await.unwrap();
    let update = ClientUpdate {
        permissions: Some(more.to_vec()),
        ..ClientUpdate::default()
    };
    let refused = world
        .room
        .client_update(&lesser, made.client.id, update)
        .await;
    assert_eq!(refused.unwrap_err().denial, missing);
}

#[tokio::test]
async fn who_administers_workspaces_is_not_whoever_administers_clients() {
    let folder = tempfile::tempdir().unwrap();
    let store = support::database(&folder.path().join("strongroom.db")).await;
    let anchor = Arc::new(support::MemoryAnchor::default());
    let room = support::open(&store, &anchor, Settings::default()).await;
    let room = room.unwrap();
    let first = room.initialise().await.unwrap().unwrap();
    let make = async |by: &Ask, permissions: &[Permission]| {
        let request = ClientCreate {
            name: "program".to_owned(),
            permissions: permissions.to_vec(),
            allowed_contexts: Vec::new(),
            expires_in: None,
        };
        room.client_create(by, request).await
    };
    // In the system workspace the permission to administer workspaces is one like others.
    let own = [Permission::AdminClients, Permission::Encrypt];
    let system = ask(&first.api_key.secret);
    let made = make(&system, &own).await.unwrap();
    let lesser = ask(&made.value.api_key.secret);
    let refused = make(&lesser, &[Permission::AdminWorkspaces]).await;
    let missing = Denial::PermissionMissing(Permission::AdminWorkspaces);
    assert_eq!(refused.unwrap_err().denial, missing);
    assert!(make(&lesser, &own).await.is_ok());
    // Nor does being there tell anything of other workspaces.
    let request = WorkspaceCreate {
        name: "acme".to_owned(),
        context_quota: None,
    };
    let created = room.workspace_create(&system, request);
    let acme = created.await.unwrap().value.workspace.id;
    let refused = room.workspace(&lesser, acme).await;
    assert_eq!(refused.unwrap_err().denial, missing);
}

#[tokio::test]
async fn a_client_has_what_it_was_given_and_nothing_that_is_added_later() {
    let world = World::new().await;
    // All that an administrator of the first workspaces had.
    let former = [
        Permission::Encrypt,
        Permission::Decrypt,
        Permission::Rewrap,
        Permission::DataKeys,
        Permission::SealForOthers,
        Permission::LogRead,
        Permission::AdminClients,
        Permission::AdminIssuers,
        Permission::AdminContexts,
        Permission::AdminPolicies,
        Permission::AdminCustomerKeys,
        Permission::AdminJobs,
        Permission::AdminWebhooks,
        Permission::ObjectsRead,
        Permission::ObjectsWrite,
        Permission::ObjectsDelete,
        Permission::ObjectsList,
    ];
    let held = async |id| {
        let info = world.room.client_info(&world.ask, id).await;
        info.unwrap().value.permissions.len()
    };
    let made = make(&world, &world.ask, &former, Vec::new()).await.unwrap();
    assert_eq!(held(made.client.id).await, former.len());
    // Whoever may do everything no longer grows either, once it was given just these.
    let listed = world.room.clients(&world.ask, PageQuery::default()).await;
    let listed = listed.unwrap().value.items;
    let administrator = listed
        .iter()
        .find(|info| info.permissions.len() > former.len());
    let id = administrator.unwrap().id;
    let update = ClientUpdate {
        permissions: Some(former.to_vec()),
        ..ClientUpdate::default()
    };
    let updated = world.room.client_update(&world.ask, id, update).await;
    updated.unwrap();
    assert_eq!(held(id).await, former.len());
}

#[tokio::test]
async fn api_keys_that_have_ended_take_no_place_of_a_new_one() {
    let world = World::new().await;
    let made = make(&world, &world.ask, &[], Vec::new()).await.unwrap();
    let id = made.client.id;
    let key = async || {
        let key = world.room.client_key_create(&world.ask, id, Some(60)).await;
        key.map(drop).map_err(|refused| refused.denial)
    };
    assert_eq!(key().await, Ok(()));
    assert_eq!(key().await, Err(Denial::Invalid(Invalid::ApiKeys)));
    world.clock.pass(Duration::from_mins(1));
    assert_eq!(key().await, Ok(()));
}

#[tokio::test]
async fn no_client_is_made_beyond_a_limit_and_none_becomes_so() {
    let world = World::new().await;
    let field = |name: &str| Denial::Invalid(Invalid::Field(name.to_owned().into()));
    let many = || {
        let pairs = (0..101).map(|n| json!({ "n": n.to_string() }));
        patterns(pairs.collect())
    };
    let made = make(&world, &world.ask, &[], many()).await;
    assert_eq!(made.unwrap_err(), field("allowed_contexts"));
    let id = make(&world, &world.ask, &[], many().split_off(1)).await;
    let id = id.unwrap().client.id;
    let update = async |update: ClientUpdate| {
        let updated = world.room.client_update(&world.ask, id, update).await;
        updated.unwrap_err().denial
    };
    let wider = ClientUpdate {
        allowed_contexts: Some(many()),
        ..ClientUpdate::default()
    };
    assert_eq!(update(wider).await, field("allowed_contexts"));
    for name in [String::new(), "x".repeat(NAME_CHARS_MAX + 1)] {
        let named = ClientUpdate {
            name: Some(name),
            ..ClientUpdate::default()
        };
        assert_eq!(update(named).await, field("name"));
    }
    // Ten years of 365 days.
    for seconds in [0, 10 * 365 * 86_400 + 1] {
        let key = world.room.client_key_create(&world.ask, id, Some(seconds));
        let refused = key.await.unwrap_err().denial;
        assert_eq!(refused, Denial::Invalid(Invalid::ApiKeyLifetime));
    }
}

fn patterns(json: serde_json::Value) -> Vec<ContextPattern> {
    serde_json::from_value(json).unwrap()
}

#[tokio::test]
async fn nobody_gives_key_contexts_that_it_may_not_use_itself() {
    let world = World::new().await;
    let own = [Permission::AdminClients, Permission::Decrypt];
    let mine = patterns(json!([{"tenant": "mine"}, {"team": "*", "stage": "1"}]));
    let made = make(&world, &world.ask, &own, mine.clone()).await.unwrap();
    let narrow = ask(&made.api_key.secret);
    let wider = [
        json!([{}]),
        json!([{"tenant": "*"}]),
        json!([{"tenant": "theirs"}]),
        json!([{"tenant": "mine"}, {"tenant": "theirs"}]),
        json!([{"stage": "1"}]),
        json!([{"team": "a", "stage": "*"}]),
    ];
    for wider in wider.map(patterns) {
        let refused = make(&world, &narrow, &own[1..], wider.clone()).await;
        assert_eq!(refused.unwrap_err(), Denial::GrantTooWide, "{wider:?}");
        let update = ClientUpdate {
            allowed_contexts: Some(wider),
            ..ClientUpdate::default()
        };
        let widened = world.room.client_update(&narrow, made.client.id, update);
        assert_eq!(widened.await.unwrap_err().denial, Denial::GrantTooWide);
    }
    assert_eq!(Denial::GrantTooWide.code(), Code::PermissionDenied);
    let narrower = json!([{"tenant": "mine", "user": "*"}, {"team": "a", "stage": "1"}]);
    for within in [mine, patterns(narrower), Vec::new()] {
        let made = make(&world, &narrow, &own, within).await.unwrap();
        let update = ClientUpdate {
            allowed_contexts: Some(patterns(json!([{"tenant": "mine"}]))),
            ..ClientUpdate::default()
        };
        let updated = world.room.client_update(&narrow, made.client.id, update);
        updated.await.unwrap();
        let key = world.room.client_key_create(&narrow, made.client.id, None);
        key.await.unwrap();
    }
}

#[tokio::test]
async fn nobody_administers_a_client_of_more_key_contexts() {
    let world = World::new().await;
    let own = [Permission::AdminClients, Permission::Decrypt];
    let mine = patterns(json!([{"tenant": "mine"}]));
    let made = make(&world, &world.ask, &own, mine.clone()).await.unwrap();
    let narrow = ask(&made.api_key.secret);
    for wider in [json!([{}]), json!([{"tenant": "*"}])].map(patterns) {
        let other = make(&world, &world.ask, &[], wider).await.unwrap();
        let id = other.client.id;
        let key = world.room.client_key_create(&narrow, id, None).await;
        assert_eq!(key.unwrap_err().denial, Denial::GrantTooWide);
        for update in [
            ClientUpdate::default(),
            ClientUpdate {
                permissions: Some(vec![Permission::Decrypt]),
                ..ClientUpdate::default()
            },
            ClientUpdate {
                allowed_contexts: Some(mine.clone()),
                ..ClientUpdate::default()
            },
        ] {
            let refused = world.room.client_update(&narrow, id, update).await;
            assert_eq!(refused.unwrap_err().denial, Denial::GrantTooWide);
        }
    }
}

#[tokio::test]
async fn nobody_gets_an_api_key_of_a_client_that_may_do_more() {
    let world = World::new().await;
    let own = [Permission::AdminClients];
    let made = make(&world, &world.ask, &own, Vec::new()).await.unwrap();
    let lesser = ask(&made.api_key.secret);
    let more = [Permission::Decrypt];
    let other = make(&world, &world.ask, &more, Vec::new()).await.unwrap();
    let id = other.client.id;
    let missing = Denial::PermissionMissing(Permission::Decrypt);
    let key = world.room.client_key_create(&lesser, id, None).await;
    assert_eq!(key.unwrap_err().denial, missing);
    let refused = world
        .room
        .client_update(&lesser, id, ClientUpdate::default());
    assert_eq!(refused.await.unwrap_err().denial, missing);
    // Taking away is not giving.
    let revoked = world
        .room
        .client_key_revoke(&lesser, id, other.api_key.info.id)
        .await;
    assert!(revoked.is_ok());
}

#[tokio::test]
async fn the_entry_of_an_update_names_what_changed_and_tells_no_value() {
    let world = World::new().await;
    let made = make(&world, &world.ask, &[], Vec::new()).await.unwrap();
    let before = newest(&world, Operation::ClientCreate).await;
    let update = ClientUpdate {
        allowed_contexts: Some(vec![ContextPattern::default()]),
        disabled: Some(true),
        ..ClientUpdate::default()
    };
    let updated = world.room.client_update(&world.ask, made.client.id, update);
    updated.await.unwrap();
    let entry = newest(&world, Operation::ClientUpdate).await;
    assert_eq!(entry.facts["changed"], "allowed_contexts disabled");
    let digest = &entry.facts["allowed_contexts"];
    assert_ne!(digest, &before.facts["allowed_contexts"]);
    assert_eq!(digest.len(), 26, "{digest}");
}

#[tokio::test]
async fn a_list_of_key_contexts_tells_nothing_of_those_of_others() {
    let world = World::new().await;
    for n in 0..12 {
        world.seal(&format!("org_{n}")).await;
    }
    let allowed = |n| {
        let pattern = [("organizationId", format!("org_{n}"))];
        serde_json::from_value(serde_json::json!(BTreeMap::from(pattern))).unwrap()
    };
    let own = [Permission::AdminContexts];
    let made = make(
        &world,
        &world.ask,
        &own,
        vec![allowed(3), allowed(7), allowed(9)],
    );
    let lesser = ask(&made.await.unwrap().api_key.secret);
    let mut query = PageQuery {
        limit: Some(2),
        page: None,
    };
    let first = world.room.contexts(&lesser, query.clone()).await.unwrap();
    assert_eq!(first.value.items.len(), 2);
    query.page = first.value.next;
    let second = world.room.contexts(&lesser, query.clone()).await.unwrap();
    assert_eq!((second.value.items.len(), second.value.next), (1, None));
    // A page token is its client's own.
    let refused = world.room.contexts(&world.ask, query).await.unwrap_err();
    assert_eq!(refused.denial, Denial::Invalid(Invalid::PageToken));
}

#[tokio::test]
async fn a_flood_names_one_entry_whatever_the_reasons() {
    let world = World::new().await;
    world.seal("org_acme").await;
    let quota = Settings::default().denials_per_minute;
    let mut named = Vec::new();
    for n in 0..quota + 6 {
        // By turns of no known format and cut off, which are one code.
        let ciphertext = if n % 2 == 0 {
            b"\0\0\0\x0canother form".to_vec()
        } else {
            b"\0".to_vec()
        };
        let request = DecryptRequest::new(context("org_acme"), ciphertext);
        let refused = world.room.decrypt(&world.ask, request).await.unwrap_err();
        assert_eq!(refused.denial.code(), Code::CannotDecrypt);
        named.push((refused.denial.reason(), refused.entry.unwrap().index));
    }
    let flood = &named[quota as usize..];
    assert!(
        flood.iter().all(|(_, index)| *index == flood[0].1),
        "{flood:?}"
    );
    assert_ne!(flood[0].0, flood[1].0);
    world.room.close().await;
    let counted = newest(&world, Operation::DenialFlood).await;
    assert_eq!(counted.count, 6);
    for (reason, _) in &flood[..2] {
        assert_eq!(counted.facts[reason.name()], "3");
    }
}

#[tokio::test]
async fn each_of_many_denials_at_once_names_an_entry() {
    let world = World::new().await;
    world.seal("org_acme").await;
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let (room, ask) = (world.room.clone(), world.ask.clone());
        tasks.spawn(async move {
            let mut named = Vec::new();
            for _ in 0..10 {
                let request = DecryptRequest::new(context("org_acme"), b"\0".to_vec());
                let refused = room.decrypt(&ask, request).await.unwrap_err();
                named.push(refused.entry.map(|entry| entry.index));
            }
            named
        });
    }
    let named: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(named.len(), 640);
    assert!(named.iter().all(Option::is_some), "{named:?}");
    // What has no entry of its own is counted.
    let mut entries: BTreeMap<u64, u32> = BTreeMap::new();
    for index in named.into_iter().flatten() {
        *entries.entry(index).or_default() += 1;
    }
    world.room.close().await;
    let counted = newest(&world, Operation::DenialFlood).await;
    assert_eq!(entries.values().max(), Some(&counted.count));
    assert!(counted.count > 400, "{}", counted.count);
}
