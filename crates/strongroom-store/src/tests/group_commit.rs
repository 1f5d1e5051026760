use std::collections::BTreeSet;
use std::sync::Arc;

use strongroom_core::ports::{
    Change, CommitError, Committed, Pending, Record, RecordKind, Store as _, StoreError,
};
use strongroom_log::Frontier;
use tokio::task::JoinSet;

use super::{
    Fixture, context, leaves, on_both_databases, pending, with_changes, workspace, workspace_id,
};

on_both_databases!(
    a_thousand_callers_get_contiguous_indices_and_the_tree_of_their_entries,
    entries_handed_in_together_share_a_batch,
    an_entry_of_a_stale_epoch_is_left_out_and_told_the_present_one,
    a_change_of_state_makes_those_after_it_in_the_batch_stale,
    a_conflicting_change_leaves_the_others_of_its_batch_unharmed,
    a_refused_change_takes_back_the_changes_before_it,
    a_change_about_another_workspace_raises_its_epoch_too,
    an_entry_of_an_unknown_workspace_is_missing,
    an_entry_too_long_for_a_bundle_is_refused_alone,
    openings_are_sealed_once_for_each_batch_and_without_those_left_out,
    items_are_read_by_the_index_of_their_entry,
    a_new_generation_only_goes_up,
    a_damaged_head_refuses_its_own_log_only,
    close_writes_what_was_handed_in,
);

async fn a_thousand_callers_get_contiguous_indices_and_the_tree_of_their_entries(f: Fixture) {
    let mut callers = JoinSet::new();
    for n in 0..1_000 {
        let (db, pending) = (Arc::clone(&f.db), f.pending(n));
        callers.spawn(async move { (n, db.commit(pending).await.unwrap().index) });
    }
    let committed = callers.join_all().await;
    let indices: BTreeSet<u64> = committed.iter().map(|(_, index)| *index).collect();
    assert_eq!(indices, (0..1_000).collect());

    let entries = f.entries(f.workspace).await;
    for (n, index) in committed {
        let entry = &entries[usize::try_from(index).unwrap()];
        assert_eq!(*entry, f.pending(n).entry);
    }
    let mut tree = Frontier::default();
    for leaf in leaves(&entries) {
        tree.push(leaf).unwrap();
    }
    assert_eq!(
        f.db.head(f.workspace).await.unwrap().unwrap().frontier,
        tree
    );
    let batches = f.db.batches(f.workspace, 0, 1_000).await.unwrap().len();
    assert!(batches < 500, "{batches} batches share nothing");
}

async fn an_entry_of_a_stale_epoch_is_left_out_and_told_the_present_one(f: Fixture) {
    let mut stale = f.pending(0);
    stale.epoch = Some(0);
    let answer = f.commit(stale).await;
    assert!(
        matches!(answer, Err(CommitError::Stale { epoch: 1 })),
        "{answer:?}"
    );
    assert_eq!(f.size(f.workspace).await, 0);
    let mut present = f.pending(0);
    present.epoch = Some(1);
    assert_eq!(f.commit(present).await.unwrap().index, 0);
}

fn policy(id: &str) -> Record {
    Record {
        kind: RecordKind::Policy,
        id: id.to_owned(),
        created: 1,
        body: vec![1],
    }
}

/// Hands two entries in at once, the first first.
async fn together(
    f: &Fixture,
    first: Pending,
    second: Pending,
) -> [Result<Committed, CommitError>; 2] {
    let both = tokio::join!(biased; f.commit(first), f.commit(second));
    [both.0, both.1]
}

/// The writer may be awake before the second entry is there, so that they are handed in again.
async fn entries_handed_in_together_share_a_batch(f: Fixture) {
    for n in 1..10 {
        // An entry with changes is never committed by its caller alone.
        let first = with_changes(f.pending(1), vec![Change::InsertContext(context(n))]);
        let [first, second] = together(&f, first, f.pending(2)).await;
        let (first, second) = (first.unwrap().index, second.unwrap().index);
        assert_eq!(second, first + 1);
        let batches = f.db.batches(f.workspace, first, second + 1).await.unwrap();
        if let [batch] = batches.as_slice() {
            assert_eq!(batch.count, 2);
            assert_eq!(batch.openings, format!("{first}+2").as_bytes());
            return;
        }
    }
    panic!("no two shared a batch");
}

async fn a_change_of_state_makes_those_after_it_in_the_batch_stale(f: Fixture) {
    let change = Change::PutRecord(f.workspace, policy("pol_1"));
    let mut first = with_changes(f.pending(1), vec![change]);
    first.epoch = Some(1);
    let mut second = f.pending(2);
    second.epoch = Some(1);
    let [first, second] = together(&f, first, second).await;
    assert_eq!(first.unwrap().epoch, 2);
    assert!(
        matches!(second, Err(CommitError::Stale { epoch: 2 })),
        "{second:?}"
    );
    assert_eq!(f.epoch(f.workspace).await, 2);
}

async fn a_conflicting_change_leaves_the_others_of_its_batch_unharmed(f: Fixture) {
    let insert = |n| with_changes(f.pending(n), vec![Change::InsertContext(context(7))]);
    let [first, second] = together(&f, insert(1), insert(2)).await;
    assert_eq!(first.unwrap().index, 0);
    assert!(matches!(second, Err(CommitError::Conflict)), "{second:?}");
    let [third, fourth] = together(&f, insert(3), f.pending(4)).await;
    assert!(matches!(third, Err(CommitError::Conflict)), "{third:?}");
    assert_eq!(fourth.unwrap().index, 1);
    assert_eq!(
        f.db.workspace(f.workspace).await.unwrap().unwrap().contexts,
        1
    );
    assert_eq!(
        f.entries(f.workspace).await,
        [b"entry 1".to_vec(), b"entry 4".to_vec()]
    );
}

async fn a_refused_change_takes_back_the_changes_before_it(f: Fixture) {
    let missing = Change::DeleteRecord(RecordKind::Client, "cl_none".to_owned());
    let put = Change::PutRecord(f.workspace, policy("pol_1"));
    let answer = f.change(vec![put, missing]).await;
    assert!(matches!(answer, Err(CommitError::Missing)), "{answer:?}");
    let policy =
        f.db.record(f.workspace, RecordKind::Policy, "pol_1")
            .await
            .unwrap();
    assert_eq!(policy, None);
    assert_eq!(f.epoch(f.workspace).await, 1);
    assert_eq!(f.size(f.workspace).await, 0);
}

async fn a_change_about_another_workspace_raises_its_epoch_too(f: Fixture) {
    let other = f.second_workspace().await;
    f.change(vec![Change::PutRecord(other, policy("pol_1"))])
        .await
        .unwrap();
    assert_eq!(f.epoch(other).await, 2);
    assert_eq!(f.size(other).await, 0);
    assert!(
        f.db.record(other, RecordKind::Policy, "pol_1")
            .await
            .unwrap()
            .is_some()
    );
}

async fn an_entry_of_an_unknown_workspace_is_missing(f: Fixture) {
    let unknown = pending(workspace_id(9), 1);
    let [unknown, known] = together(&f, unknown, f.pending(2)).await;
    assert!(matches!(unknown, Err(CommitError::Missing)), "{unknown:?}");
    assert_eq!(known.unwrap().index, 0);
}

async fn an_entry_too_long_for_a_bundle_is_refused_alone(f: Fixture) {
    let mut long = f.pending(1);
    long.entry = vec![0; 65_536];
    let [long, short] = together(&f, long, f.pending(2)).await;
    assert!(
        matches!(long, Err(CommitError::Store(StoreError::Unavailable(_)))),
        "{long:?}"
    );
    assert_eq!(short.unwrap().index, 0);
}

async fn openings_are_sealed_once_for_each_batch_and_without_those_left_out(f: Fixture) {
    f.commit(f.pending(0)).await.unwrap();
    let mut stale = f.pending(1);
    stale.epoch = Some(99);
    let [_, taken] = together(&f, stale, f.pending(2)).await;
    assert_eq!(taken.unwrap().index, 1);
    let batches = f.db.batches(f.workspace, 0, 2).await.unwrap();
    let openings: Vec<_> = batches.into_iter().map(|batch| batch.openings).collect();
    assert_eq!(openings, [b"0+1".to_vec(), b"1+1".to_vec()]);
}

async fn items_are_read_by_the_index_of_their_entry(f: Fixture) {
    f.commit(f.pending(0)).await.unwrap();
    let mut batch = f.pending(1);
    batch.items = Some(vec![1, 2, 3]);
    assert_eq!(f.commit(batch).await.unwrap().index, 1);
    assert_eq!(f.db.items(f.workspace, 0).await.unwrap(), None);
    assert_eq!(
        f.db.items(f.workspace, 1).await.unwrap(),
        Some(vec![1, 2, 3])
    );
}

async fn a_new_generation_only_goes_up(f: Fixture) {
    f.change(vec![Change::NewGeneration(2)]).await.unwrap();
    let again = f.change(vec![Change::NewGeneration(2)]).await;
    assert!(matches!(again, Err(CommitError::Conflict)), "{again:?}");
    let head = f.db.head(f.workspace).await.unwrap().unwrap();
    assert_eq!((head.generation, head.epoch), (2, 2));
}

async fn a_damaged_head_refuses_its_own_log_only(f: Fixture) {
    let other = f.second_workspace().await;
    let mut raw = f.raw().await;
    sqlx::query("UPDATE head SET frontier = $1 WHERE workspace = $2")
        .bind(vec![1_u8, 2, 3])
        .bind(other.to_string())
        .execute(&mut raw)
        .await
        .unwrap();
    let [damaged, sound] = together(&f, pending(other, 1), f.pending(2)).await;
    let is_damaged = matches!(
        damaged,
        Err(CommitError::Store(StoreError::Damaged { table: "head" }))
    );
    assert!(is_damaged, "{damaged:?}");
    assert_eq!(sound.unwrap().index, 1);
    let head = f.db.head(other).await;
    assert!(
        matches!(head, Err(StoreError::Damaged { table: "head" })),
        "{head:?}"
    );
}

async fn close_writes_what_was_handed_in(f: Fixture) {
    let row = workspace(3);
    f.change(vec![Change::InsertWorkspace(row.clone())])
        .await
        .unwrap();
    let Fixture {
        db,
        config,
        _folder,
        ..
    } = f;
    Arc::into_inner(db).unwrap().close().await;
    let again = super::open(&config).await;
    assert_eq!(again.workspace(row.id).await.unwrap(), Some(row));
}
