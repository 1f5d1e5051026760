//! The deployment moves to another root: what the former one wrapped is read, moved, and needed no
//! more.

use std::sync::Arc;

use strongroom_core::ports::{Root, Store as _};
use strongroom_core::{Denial, Invalid, Strongroom};
use strongroom_types::body::{JobCreate, JobInfo, JobKind, JobState, WorkspaceCreate};
use strongroom_types::{Operation, Permission};

use crate::on_each_database;
use crate::support::{ROOT, TestRoot};
use crate::world::{World, data, denial, open_at};

on_each_database!(
    a_deployment_moves_to_another_root_and_needs_the_former_no_more,
    a_move_goes_on_after_the_node_was_lost,
    a_root_moves_only_for_the_operator_and_only_from_one_that_is_named,
);

/// Another root than that of the deployment.
fn other() -> Arc<dyn Root> {
    Arc::new(TestRoot(15))
}

fn former() -> Arc<dyn Root> {
    Arc::new(ROOT)
}

async fn move_root(room: &Strongroom, world: &World) -> JobInfo {
    let request = JobCreate::of(JobKind::MoveRoot);
    let job = room.job_create(&world.system, request).await.unwrap();
    job.value
}

async fn described(room: &Strongroom, world: &World, job: &JobInfo) -> JobInfo {
    room.job(&world.system, job.id).await.unwrap().value
}

/// Makes so many workspaces more.
async fn workspaces(world: &World, n: usize) {
    for number in 0..n {
        let request = WorkspaceCreate {
            name: format!("workspace {number}"),
            context_quota: None,
        };
        let created = world.room.workspace_create(&world.system, request).await;
        created.unwrap();
    }
}

async fn a_deployment_moves_to_another_root_and_needs_the_former_no_more(world: World) {
    workspaces(&world, 10).await;
    let (map, sealed) = (data("acme", "pii"), "before");
    let before = world.seal(&map, sealed).await;
    let refused = world.node_under(other(), None).await;
    assert!(refused.is_err(), "it is not the root of this database");

    let room = world.node_under(other(), Some(former())).await.unwrap();
    let opened = open_at(&room, &world.ask, &map, &before.ciphertext).await;
    assert_eq!(opened.unwrap(), sealed);
    let job = move_root(&room, &world).await;
    room.work().await;
    let done = described(&room, &world, &job).await;
    assert_eq!(done.state, JobState::Done, "{done:?}");
    // The system's workspace, the test's and ten; and three seeds of the deployment.
    assert_eq!((done.total, done.done, done.moved), (12, 12, 15));
    assert_eq!((done.failed, done.remaining), (0, 0));

    let alone = world.node_under(other(), None).await.unwrap();
    let opened = open_at(&alone, &world.ask, &map, &before.ciphertext).await;
    assert_eq!(opened.unwrap(), sealed);
    assert!(
        world.node_under(Arc::new(ROOT), None).await.is_err(),
        "the former root opens nothing"
    );
    let again = room.job_create(&world.system, JobCreate::of(JobKind::MoveRoot));
    let again = again.await.unwrap().value;
    room.work().await;
    assert_eq!(described(&room, &world, &again).await.moved, 0);
}

async fn a_move_goes_on_after_the_node_was_lost(world: World) {
    workspaces(&world, 6).await;
    let room = world.node_under(other(), Some(former())).await.unwrap();
    let job = move_root(&room, &world).await;
    // Half of it was moved when the node was lost, one row after the other.
    tokio::select! {
        biased;
        () = async {
            while described(&room, &world, &job).await.moved < 5 {}
        } => {}
        () = room.work() => {}
    }
    drop(room);
    let room = world.node_under(other(), Some(former())).await.unwrap();
    let mut done = described(&room, &world, &job).await;
    // What the lost node had sent to the database may arrive while the other one has begun.
    for _ in 0..3 {
        world.pass(31);
        room.work().await;
        done = described(&room, &world, &job).await;
    }
    assert_eq!(done.state, JobState::Done, "{done:?}");
    assert_eq!((done.moved, done.remaining), (11, 0), "each once");
    world.node_under(other(), None).await.unwrap();
}

async fn a_root_moves_only_for_the_operator_and_only_from_one_that_is_named(world: World) {
    let ask = async |room: &Strongroom, ask| {
        let asked = room.job_create(ask, JobCreate::of(JobKind::MoveRoot)).await;
        asked.map(|answered| answered.value).map_err(denial)
    };
    let none = ask(&world.room, &world.system).await.unwrap_err();
    assert_eq!(none, Denial::from(Invalid::NoFormerRoot));
    let room = world.node_under(other(), Some(former())).await.unwrap();
    let missing = Denial::PermissionMissing(Permission::AdminWorkspaces);
    assert_eq!(ask(&room, &world.ask).await.unwrap_err(), missing);
    assert_eq!(world.entries(Operation::RootMove).await.len(), 0);
    let row = world.store.workspace(world.workspace).await.unwrap();
    assert!(row.is_some());
}
