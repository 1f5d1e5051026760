//! Several nodes on one PostgreSQL database.

use std::collections::BTreeSet;
use std::sync::Arc;

use sqlx::{AnyConnection, Executor as _};
use strongroom_core::ports::{CommitError, Store as _, StoreError};
use strongroom_types::WorkspaceId;
use tokio::task::JoinSet;

use super::{Fixture, is_wanted, open, pending};
use crate::database::Backend;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_give_each_index_once() {
    if !is_wanted("postgres") {
        return;
    }
    let f = Fixture::new(Backend::Postgres).await;
    let nodes = [Arc::clone(&f.db), Arc::new(open(&f.config).await)];
    let mut callers = JoinSet::new();
    for n in 0..400 {
        let db = Arc::clone(&nodes[usize::from(n % 2 == 1)]);
        let pending = f.pending(n);
        callers.spawn(async move { db.commit(pending).await.unwrap().index });
    }
    let indices: BTreeSet<u64> = callers.join_all().await.into_iter().collect();
    assert_eq!(indices, (0..400).collect());
    let entries: BTreeSet<Vec<u8>> = f.entries(f.workspace).await.into_iter().collect();
    assert_eq!(entries.len(), 400);
}

/// Another node that holds the head of a log.
async fn hold(f: &Fixture, workspace: WorkspaceId) -> AnyConnection {
    let mut raw = f.raw().await;
    raw.execute("BEGIN").await.unwrap();
    sqlx::query("SELECT workspace FROM head WHERE workspace = $1 FOR UPDATE")
        .bind(workspace.to_string())
        .execute(&mut raw)
        .await
        .unwrap();
    raw
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_head_holds_up_nobody_else_and_is_waited_for() {
    if !is_wanted("postgres") {
        return;
    }
    let f = Fixture::new(Backend::Postgres).await;
    let other = f.second_workspace().await;
    let mut holder = hold(&f, other).await;
    let db = Arc::clone(&f.db);
    let held_up = tokio::spawn(async move { db.commit(pending(other, 1)).await });
    for n in 0..2 {
        f.commit(f.pending(n)).await.unwrap();
    }
    assert!(!held_up.is_finished());
    holder.execute("COMMIT").await.unwrap();
    assert_eq!(held_up.await.unwrap().unwrap().index, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_held_for_two_seconds_makes_its_log_unavailable() {
    if !is_wanted("postgres") {
        return;
    }
    let f = Fixture::new(Backend::Postgres).await;
    let mut holder = hold(&f, f.workspace).await;
    let answer = f.commit(f.pending(1)).await;
    let unavailable = matches!(answer, Err(CommitError::Store(StoreError::Unavailable(_))));
    assert!(unavailable, "{answer:?}");
    holder.execute("ROLLBACK").await.unwrap();
    assert_eq!(f.commit(f.pending(2)).await.unwrap().index, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_closed_the_connections_is_reached_again() {
    if !is_wanted("postgres") {
        return;
    }
    let f = Fixture::new(Backend::Postgres).await;
    f.commit(f.pending(0)).await.unwrap();
    f.execute(
        "SELECT CAST(pg_terminate_backend(pid) AS TEXT) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
    assert_eq!(f.commit(f.pending(1)).await.unwrap().index, 1);
    f.db.ping().await.unwrap();
}
