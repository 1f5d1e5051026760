use strongroom_core::ports::{
    ApiKeyRow, Change, CommitError, IdempotencyRow, Record, RecordKind, Store as _,
};
use strongroom_types::body::{ContextState, KeyState};
use strongroom_types::{ClientId, KeyId, KeyVersion};

use super::{Fixture, ROOT, context, context_id, context_key, on_both_databases, workspace};

on_both_databases!(
    a_workspace_is_made_once_with_an_empty_log,
    an_update_replaces_settings_and_quota,
    a_record_is_put_replaced_and_deleted,
    an_api_key_is_inserted_once_and_deleted,
    a_context_is_inserted_within_the_quota,
    a_rotation_leaves_one_active_key,
    a_suspended_context_can_be_resumed,
    a_destroyed_context_has_no_secret_left_and_can_be_made_again,
    a_key_can_be_destroyed_alone_and_once,
    an_idempotency_key_is_remembered_until_it_expires,
);

async fn a_workspace_is_made_once_with_an_empty_log(f: Fixture) {
    let id = f.second_workspace().await;
    let again = f.change(vec![Change::InsertWorkspace(workspace(2))]).await;
    assert!(matches!(again, Err(CommitError::Conflict)), "{again:?}");
    let head = f.db.head(id).await.unwrap().unwrap();
    assert_eq!(
        (head.frontier.size(), head.epoch, head.generation),
        (0, 1, 1)
    );
    // Doing it a second time at start changes nothing.
    f.db.put_first_workspace(&workspace(1)).await.unwrap();
    assert_eq!(f.size(f.workspace).await, 1);
}

async fn an_update_replaces_settings_and_quota(f: Fixture) {
    let update = |id| Change::UpdateWorkspace {
        body: vec![42],
        context_quota: u64::MAX,
        id,
    };
    f.change(vec![update(f.workspace)]).await.unwrap();
    let row = f.db.workspace(f.workspace).await.unwrap().unwrap();
    assert_eq!(row.body, [42]);
    assert!(row.context_quota > 1 << 60);
    let unknown = f.change(vec![update(super::workspace_id(9))]).await;
    assert!(matches!(unknown, Err(CommitError::Missing)), "{unknown:?}");
}

async fn a_record_is_put_replaced_and_deleted(f: Fixture) {
    let (kind, id) = (RecordKind::Issuer, "iss_1".to_owned());
    for body in [vec![1], vec![2, 2]] {
        let created = 7;
        let record = Record {
            kind,
            id: id.clone(),
            created,
            body,
        };
        f.change(vec![Change::PutRecord(f.workspace, record.clone())])
            .await
            .unwrap();
        assert_eq!(
            f.db.record(f.workspace, kind, &id).await.unwrap(),
            Some(record)
        );
    }
    let delete = || vec![Change::DeleteRecord(kind, id.clone())];
    f.change(delete()).await.unwrap();
    assert_eq!(f.db.record(f.workspace, kind, &id).await.unwrap(), None);
    let again = f.change(delete()).await;
    assert!(matches!(again, Err(CommitError::Missing)), "{again:?}");
}

async fn an_api_key_is_inserted_once_and_deleted(f: Fixture) {
    let id = KeyId::from_bytes([3; 16]);
    let row = ApiKeyRow {
        id,
        workspace: f.workspace,
        client: ClientId::from_bytes([4; 16]),
        hash: vec![9; 32],
        created: 8,
        expires: Some(99),
    };
    let insert = || vec![Change::InsertApiKey(row.clone())];
    f.change(insert()).await.unwrap();
    assert_eq!(f.db.api_key(id).await.unwrap().as_ref(), Some(&row));
    let keys = f.db.api_keys(f.workspace, row.client).await.unwrap();
    assert_eq!(keys.as_slice(), core::slice::from_ref(&row));
    let again = f.change(insert()).await;
    assert!(matches!(again, Err(CommitError::Conflict)), "{again:?}");
    f.change(vec![Change::DeleteApiKey(id)]).await.unwrap();
    assert_eq!(f.db.api_key(id).await.unwrap(), None);
    let gone = f.change(vec![Change::DeleteApiKey(id)]).await;
    assert!(matches!(gone, Err(CommitError::Missing)), "{gone:?}");
}

async fn a_context_is_inserted_within_the_quota(f: Fixture) {
    for n in 0..10 {
        f.change(vec![Change::InsertContext(context(n))])
            .await
            .unwrap();
    }
    let over = f.change(vec![Change::InsertContext(context(10))]).await;
    assert!(
        matches!(over, Err(CommitError::Quota { quota: 10 })),
        "{over:?}"
    );
    // One that is there conflicts even so: the caller reads it and goes on.
    let there = f.change(vec![Change::InsertContext(context(9))]).await;
    assert!(matches!(there, Err(CommitError::Conflict)), "{there:?}");
    assert_eq!(
        f.db.workspace(f.workspace).await.unwrap().unwrap().contexts,
        10
    );
    assert_eq!(
        f.db.context(f.workspace, context_id(3)).await.unwrap(),
        Some(context(3))
    );
    assert_eq!(f.epoch(f.workspace).await, 1);
}

async fn a_rotation_leaves_one_active_key(f: Fixture) {
    f.change(vec![Change::InsertContext(context(1))])
        .await
        .unwrap();
    let rotate = |version| {
        vec![Change::AddContextKey(
            context_id(1),
            ROOT,
            context_key(version),
        )]
    };
    f.change(rotate(2)).await.unwrap();
    let again = f.change(rotate(2)).await;
    assert!(matches!(again, Err(CommitError::Outdated)), "{again:?}");
    let row =
        f.db.context(f.workspace, context_id(1))
            .await
            .unwrap()
            .unwrap();
    let states: Vec<_> = row
        .keys
        .iter()
        .map(|key| (key.version.0, key.state))
        .collect();
    assert_eq!(states, [(1, KeyState::Rotated), (2, KeyState::Active)]);
    let unknown = f
        .change(vec![Change::AddContextKey(
            context_id(9),
            ROOT,
            context_key(2),
        )])
        .await;
    assert!(matches!(unknown, Err(CommitError::Missing)), "{unknown:?}");
}

async fn a_suspended_context_can_be_resumed(f: Fixture) {
    f.change(vec![Change::InsertContext(context(1))])
        .await
        .unwrap();
    for state in [ContextState::Disabled, ContextState::Active] {
        f.change(vec![Change::SetContextState(context_id(1), state)])
            .await
            .unwrap();
        let row =
            f.db.context(f.workspace, context_id(1))
                .await
                .unwrap()
                .unwrap();
        assert_eq!(row.state, state);
    }
}

async fn a_destroyed_context_has_no_secret_left_and_can_be_made_again(f: Fixture) {
    let recreated = || {
        let mut row = context(1);
        row.keys = vec![context_key(3)];
        vec![Change::RecreateContext(row)]
    };
    f.change(vec![Change::InsertContext(context(1))])
        .await
        .unwrap();
    f.change(vec![Change::AddContextKey(
        context_id(1),
        ROOT,
        context_key(2),
    )])
    .await
    .unwrap();
    let living = f.change(recreated()).await;
    assert!(matches!(living, Err(CommitError::Conflict)), "{living:?}");

    let id = context_id(1);
    let destroy = || {
        vec![Change::DestroyContext {
            id,
            final_after: 77,
        }]
    };
    f.change(destroy()).await.unwrap();
    let row = f.db.context(f.workspace, id).await.unwrap().unwrap();
    assert_eq!(
        (row.state, row.final_after),
        (ContextState::Destroyed, Some(77))
    );
    assert!(row.lock_secret.is_empty());
    assert!(
        row.keys
            .iter()
            .all(|key| key.seed.is_empty() && key.state == KeyState::Destroyed)
    );
    for refused in [
        destroy(),
        vec![Change::SetContextState(id, ContextState::Active)],
        vec![Change::AddContextKey(id, ROOT, context_key(4))],
        vec![Change::InsertContext(context(1))],
    ] {
        let answer = f.change(refused).await;
        assert!(matches!(answer, Err(CommitError::Conflict)), "{answer:?}");
    }

    f.change(recreated()).await.unwrap();
    let row = f.db.context(f.workspace, id).await.unwrap().unwrap();
    assert_eq!((row.state, row.final_after), (ContextState::Active, None));
    let states: Vec<_> = row.keys.iter().map(|key| key.state).collect();
    assert_eq!(
        states,
        [KeyState::Destroyed, KeyState::Destroyed, KeyState::Active]
    );
    assert_eq!(
        f.db.workspace(f.workspace).await.unwrap().unwrap().contexts,
        1
    );
}

async fn a_key_can_be_destroyed_alone_and_once(f: Fixture) {
    f.change(vec![Change::InsertContext(context(1))])
        .await
        .unwrap();
    f.change(vec![Change::AddContextKey(
        context_id(1),
        ROOT,
        context_key(2),
    )])
    .await
    .unwrap();
    let destroy = |version| {
        vec![Change::DestroyContextKey(
            context_id(1),
            KeyVersion(version),
        )]
    };
    let unknown = f.change(destroy(3)).await;
    assert!(matches!(unknown, Err(CommitError::Missing)), "{unknown:?}");
    f.change(destroy(1)).await.unwrap();
    let again = f.change(destroy(1)).await;
    assert!(matches!(again, Err(CommitError::Conflict)), "{again:?}");
    let row =
        f.db.context(f.workspace, context_id(1))
            .await
            .unwrap()
            .unwrap();
    assert_eq!(row.keys[0].state, KeyState::Destroyed);
    assert!(row.keys[0].seed.is_empty());
    assert_eq!(row.keys[1], context_key(2));
}

async fn an_idempotency_key_is_remembered_until_it_expires(f: Fixture) {
    let row = |made: &str, expires| IdempotencyRow {
        key: vec![1; 32],
        request: vec![2; 32],
        made: made.to_owned(),
        expires,
    };
    // The entries' time is 1,000.
    f.change(vec![Change::InsertIdempotency(row("old", 999))])
        .await
        .unwrap();
    let key = [1; 32];
    assert_eq!(
        f.db.idempotency(f.workspace, &key, 1_000).await.unwrap(),
        None
    );
    f.change(vec![Change::InsertIdempotency(row("new", 5_000))])
        .await
        .unwrap();
    let read = f.db.idempotency(f.workspace, &key, 5_000).await.unwrap();
    assert_eq!(read, Some(row("new", 5_000)));
    let again = f
        .change(vec![Change::InsertIdempotency(row("other", 6_000))])
        .await;
    assert!(matches!(again, Err(CommitError::Conflict)), "{again:?}");
}
