use strongroom_core::ports::{CommitError, Store as _, StoreError};

use super::{Fixture, on_both_databases};
use crate::commit::fault::Fault;

on_both_databases!(
    a_commit_whose_answer_was_lost_is_found_and_answered,
    a_commit_that_was_lost_is_not_answered_as_committed,
    nothing_is_appended_while_it_is_not_known_what_was_committed,
);

async fn a_commit_whose_answer_was_lost_is_found_and_answered(f: Fixture) {
    f.db.faults.at_next_commit(Fault::AnswerLost);
    assert_eq!(f.commit(f.pending(0)).await.unwrap().index, 0);
    assert_eq!(f.commit(f.pending(1)).await.unwrap().index, 1);
    assert_eq!(f.entries(f.workspace).await.len(), 2);
}

async fn a_commit_that_was_lost_is_not_answered_as_committed(f: Fixture) {
    f.db.faults.at_next_commit(Fault::CommitLost);
    assert_unavailable(&f.commit(f.pending(0)).await);
    assert_eq!(f.size(f.workspace).await, 0);
    assert_eq!(f.commit(f.pending(1)).await.unwrap().index, 0);
}

async fn nothing_is_appended_while_it_is_not_known_what_was_committed(f: Fixture) {
    f.db.faults.at_next_commit(Fault::AnswerLost);
    f.db.faults.at_next_look_ups(2);
    assert_unavailable(&f.commit(f.pending(0)).await);
    assert_unavailable(&f.commit(f.pending(1)).await);
    // The third look-up finds the first entry, which nobody was told of, and the log goes on.
    assert_eq!(f.commit(f.pending(2)).await.unwrap().index, 1);
    assert_eq!(
        f.entries(f.workspace).await,
        [b"entry 0".to_vec(), b"entry 2".to_vec()]
    );
    f.db.ping().await.unwrap();
}

fn assert_unavailable<T: core::fmt::Debug>(answer: &Result<T, CommitError>) {
    let unavailable = matches!(answer, Err(CommitError::Store(StoreError::Unavailable(_))));
    assert!(unavailable, "{answer:?}");
}
