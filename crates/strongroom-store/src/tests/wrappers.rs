//! What wraps the seeds of key contexts.

use strongroom_core::ports::{
    Change, CommitError, ContextKeyRow, ContextMove, ContextRow, Destruction, MovedSeed,
    Store as _, Wrapper,
};
use strongroom_types::body::KeyState;
use strongroom_types::{CustomerKeyId, JobId, KeyVersion};

use super::{Fixture, ROOT, context, context_id, context_key, on_both_databases};

on_both_databases!(
    a_move_wraps_all_seeds_by_another_key_and_adds_a_version,
    a_move_of_what_changed_meanwhile_moves_nothing,
    a_version_is_added_under_the_present_wrapper_only,
    what_a_key_wraps_is_counted_without_what_is_destroyed,
    a_destruction_is_noted_and_forgotten_when_it_happens,
);

const CUSTOMER: Wrapper = Wrapper::Customer(CustomerKeyId::from_bytes([9; 16]));

fn seed(from: &[u8], to: &[u8]) -> MovedSeed {
    MovedSeed {
        from: from.to_vec(),
        to: to.to_vec(),
    }
}

/// Moves key context 1 as it is when it has versions 1 and 2.
fn moving() -> ContextMove {
    ContextMove {
        id: context_id(1),
        from: ROOT,
        to: CUSTOMER,
        lock_secret: seed(&[1; 7], b"lock secret"),
        seeds: vec![
            (KeyVersion(1), seed(&[8; 8], b"one")),
            (KeyVersion(2), seed(&[8; 8], b"two")),
        ],
        key: ContextKeyRow {
            seed: b"three".to_vec(),
            ..context_key(3)
        },
    }
}

async fn with_two_versions(f: &Fixture) {
    let add = Change::AddContextKey(context_id(1), ROOT, context_key(2));
    for change in [Change::InsertContext(context(1)), add] {
        f.change(vec![change]).await.unwrap();
    }
}

async fn row(f: &Fixture) -> ContextRow {
    let row = f.db.context(f.workspace, context_id(1)).await.unwrap();
    row.unwrap()
}

fn move_by(change: impl FnOnce(&mut ContextMove)) -> Vec<Change> {
    let mut moved = moving();
    change(&mut moved);
    vec![Change::MoveContext(Box::new(moved))]
}

async fn a_move_wraps_all_seeds_by_another_key_and_adds_a_version(f: Fixture) {
    with_two_versions(&f).await;
    let epoch = f.epoch(f.workspace).await;
    f.change(move_by(|_| {})).await.unwrap();
    let row = row(&f).await;
    assert_eq!(
        (row.wrapper, row.lock_secret),
        (CUSTOMER, b"lock secret".to_vec())
    );
    let keys = row.keys.iter().map(|key| (key.state, key.seed.as_slice()));
    let expected: [(KeyState, &[u8]); 3] = [
        (KeyState::Rotated, b"one"),
        (KeyState::Rotated, b"two"),
        (KeyState::Active, b"three"),
    ];
    assert!(keys.eq(expected));
    assert_eq!(f.epoch(f.workspace).await, epoch + 1);
}

async fn a_move_of_what_changed_meanwhile_moves_nothing(f: Fixture) {
    with_two_versions(&f).await;
    let before = row(&f).await;
    for outdated in [
        move_by(|moved| moved.from = CUSTOMER),
        move_by(|moved| moved.lock_secret.from = b"other".to_vec()),
        move_by(|moved| moved.seeds[1].1.from = b"other".to_vec()),
        move_by(|moved| moved.seeds[1].0 = KeyVersion(7)),
        move_by(|moved| moved.key.version = KeyVersion(2)),
    ] {
        let answer = f.change(outdated).await;
        assert!(matches!(answer, Err(CommitError::Outdated)), "{answer:?}");
        assert_eq!(row(&f).await, before);
    }
}

async fn a_version_is_added_under_the_present_wrapper_only(f: Fixture) {
    with_two_versions(&f).await;
    f.change(move_by(|_| {})).await.unwrap();
    let add = |wrapper| {
        vec![Change::AddContextKey(
            context_id(1),
            wrapper,
            context_key(4),
        )]
    };
    let answer = f.change(add(ROOT)).await;
    assert!(matches!(answer, Err(CommitError::Outdated)), "{answer:?}");
    f.change(add(CUSTOMER)).await.unwrap();
    assert_eq!(row(&f).await.keys.len(), 4);
}

async fn what_a_key_wraps_is_counted_without_what_is_destroyed(f: Fixture) {
    let count = async |wrapper| f.db.contexts_wrapped(f.workspace, wrapper).await.unwrap();
    with_two_versions(&f).await;
    f.change(vec![Change::InsertContext(context(2))])
        .await
        .unwrap();
    assert_eq!((count(ROOT).await, count(CUSTOMER).await), (2, 0));
    f.change(move_by(|_| {})).await.unwrap();
    assert_eq!((count(ROOT).await, count(CUSTOMER).await), (1, 1));
    let destroy = Change::DestroyContext {
        id: context_id(1),
        final_after: 10,
    };
    f.change(vec![destroy]).await.unwrap();
    assert_eq!((count(ROOT).await, count(CUSTOMER).await), (1, 0));
}

async fn a_destruction_is_noted_and_forgotten_when_it_happens(f: Fixture) {
    with_two_versions(&f).await;
    let waiting = Some(Destruction {
        at: 700,
        job: JobId::from_bytes([3; 16]),
    });
    let note = |destruction| vec![Change::SetDestruction(context_id(1), destruction)];
    let epoch = f.epoch(f.workspace).await;
    for destruction in [waiting, None, waiting] {
        f.change(note(destruction)).await.unwrap();
        assert_eq!(row(&f).await.destruction, destruction);
    }
    assert!(f.epoch(f.workspace).await > epoch);
    let destroy = Change::DestroyContext {
        id: context_id(1),
        final_after: 900,
    };
    f.change(vec![destroy]).await.unwrap();
    assert_eq!(row(&f).await.destruction, None);
    let late = f.change(note(waiting)).await;
    assert!(matches!(late, Err(CommitError::Outdated)), "{late:?}");
}
