//! Destroying a key context after a time of waiting, in which it can be called off.

use std::time::Duration;

use strongroom_core::{Denial, Invalid, PageQuery, Thing};
use strongroom_types::body::{ContextInfo, ContextState, JobKind, JobState};
use strongroom_types::{Bytes, Code, KeyContext, Operation, Outcome};

use crate::on_each_database;
use crate::world::{World, data, denial};

on_each_database!(
    a_destruction_waits_for_its_time,
    a_destruction_is_called_off_before_its_time,
    a_key_context_that_waits_is_not_resumed_by_the_way,
    what_was_made_again_is_not_destroyed_by_an_older_job,
    two_nodes_destroy_once,
    without_waiting_there_is_no_job,
    the_longest_wait_is_a_year,
);

const DAY: u64 = 24 * 60 * 60;

/// A value in a key context, and the id of that.
async fn sealed(world: &World) -> (KeyContext, Bytes, ContextInfo) {
    let map = data("acme", "pii");
    let sealed = world.seal(&map, "value").await;
    let info = world.room.context(&world.ask, sealed.key.id).await;
    (map, sealed.ciphertext, info.unwrap().value)
}

async fn destroy_later(
    world: &World,
    context: &ContextInfo,
    wait: Option<Duration>,
) -> Result<ContextInfo, Denial> {
    let (room, ask) = (&world.room, &world.ask);
    let answered = room.context_destroy_later(ask, context.id, wait).await;
    answered.map(|answered| answered.value).map_err(denial)
}

async fn cancel(world: &World, context: &ContextInfo) -> Result<ContextInfo, Denial> {
    let (room, ask) = (&world.room, &world.ask);
    let answered = room.context_destroy_cancel(ask, context.id).await;
    answered.map(|answered| answered.value).map_err(denial)
}

async fn code_of_opening(world: &World, (map, ciphertext): (&KeyContext, &Bytes)) -> Option<Code> {
    let opened = world.open(map, ciphertext).await;
    opened.err().map(|denial| denial.code())
}

async fn a_destruction_waits_for_its_time(world: World) {
    let (map, ciphertext, context) = sealed(&world).await;
    let waiting = destroy_later(&world, &context, None).await.unwrap();
    assert_eq!(waiting.state, ContextState::Disabled);
    let described = world.room.context(&world.ask, context.id).await;
    assert_eq!(described.unwrap().value, waiting);
    let job = world.job(waiting.destroy_job.unwrap()).await;
    assert_eq!(
        (job.kind, job.state),
        (JobKind::DestroyContext, JobState::Waiting)
    );
    assert_eq!((job.next, job.total), (waiting.destroy_at.clone(), 1));
    for _ in 0..6 {
        world.pass(DAY);
        world.room.work().await;
        let code = code_of_opening(&world, (&map, &ciphertext)).await;
        assert_eq!(code, Some(Code::KeyDisabled), "suspended, not gone");
    }
    // Whoever is there when its time comes destroys it.
    let other = world.node().await;
    world.pass(DAY);
    other.work().await;
    let destroyed = world.room.context(&world.ask, context.id).await;
    let destroyed = destroyed.unwrap().value;
    assert_eq!(destroyed.state, ContextState::Destroyed);
    assert_eq!((destroyed.destroy_at, destroyed.destroy_job), (None, None));
    let code = code_of_opening(&world, (&map, &ciphertext)).await;
    assert_eq!(code, Some(Code::CannotDecrypt));
    let job = world.job(job.id).await;
    assert_eq!((job.state, job.moved), (JobState::Done, 1));
    let entries = world.entries(Operation::ContextDestroyLater).await;
    assert_eq!(entries[0].facts["destroy_at"], waiting.destroy_at.unwrap());
    let entries = world.entries(Operation::ContextDestroy).await;
    let [entry] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    assert_eq!(entry.facts["job"], job.id.to_string());
    assert_eq!(entry.facts["final_after"], destroyed.final_after.unwrap());
    assert_eq!((&entry.key_context, entry.client), (&Some(map), None));
    assert_eq!(world.tombstones(), [context.id]);
    let late = cancel(&world, &context).await;
    assert_eq!(late, Err(Denial::ContextDestroyed));
}

async fn a_destruction_is_called_off_before_its_time(world: World) {
    let (map, ciphertext, context) = sealed(&world).await;
    let early = cancel(&world, &context).await;
    assert_eq!(early, Err(Denial::Conflict(Thing::Context)));
    let waiting = destroy_later(&world, &context, None).await.unwrap();
    world.pass(7 * DAY - 60);
    let kept = cancel(&world, &context).await.unwrap();
    assert_eq!((kept.destroy_at, kept.destroy_job), (None, None));
    assert_eq!(kept.state, ContextState::Disabled, "until it is enabled");
    let job = world.job(waiting.destroy_job.unwrap()).await;
    assert_eq!(job.state, JobState::Cancelled);
    let again = cancel(&world, &context).await;
    assert_eq!(again, Err(Denial::Conflict(Thing::Context)));
    world.pass(DAY);
    world.room.work().await;
    let enabled = world.room.context_enable(&world.ask, context.id).await;
    enabled.unwrap();
    assert_eq!(world.open(&map, &ciphertext).await.unwrap(), "value");
    assert!(world.entries(Operation::ContextDestroy).await.is_empty());
    let entries = world.entries(Operation::ContextDestroyCancel).await;
    let outcomes: Vec<_> = entries.iter().map(|entry| entry.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Denied, Outcome::Allowed, Outcome::Denied]
    );
    assert_eq!(entries[1].facts["job"], job.id.to_string());
}

async fn a_key_context_that_waits_is_not_resumed_by_the_way(world: World) {
    let (map, ciphertext, context) = sealed(&world).await;
    let waiting = destroy_later(&world, &context, None).await.unwrap();
    let conflict = Denial::Conflict(Thing::Context);
    let enabled = world.room.context_enable(&world.ask, context.id).await;
    assert_eq!(enabled.map_err(denial).unwrap_err(), conflict);
    let again = destroy_later(&world, &context, None).await;
    assert_eq!(again.unwrap_err(), conflict);
    let job = waiting.destroy_job.unwrap();
    let cancelled = world.room.job_cancel(&world.ask, job).await;
    assert_eq!(
        cancelled.map_err(denial).unwrap_err(),
        Denial::Conflict(Thing::Job),
        "it is called off where it began"
    );
    let code = code_of_opening(&world, (&map, &ciphertext)).await;
    assert_eq!(code, Some(Code::KeyDisabled));
}

async fn what_was_made_again_is_not_destroyed_by_an_older_job(world: World) {
    let (map, _, context) = sealed(&world).await;
    let older = destroy_later(&world, &context, None).await.unwrap();
    let room = &world.room;
    room.context_destroy(&world.ask, context.id).await.unwrap();
    let request = strongroom_types::body::ContextCreate {
        key_context: map.clone(),
    };
    room.context_create(&world.ask, request).await.unwrap();
    let ciphertext = world.seal(&map, "value").await.ciphertext;
    world.pass(8 * DAY);
    world.room.work().await;
    let job = world.job(older.destroy_job.unwrap()).await;
    assert_eq!((job.state, job.moved), (JobState::Cancelled, 0));
    assert_eq!(world.open(&map, &ciphertext).await.unwrap(), "value");
}

async fn two_nodes_destroy_once(world: World) {
    let (_, _, context) = sealed(&world).await;
    let waiting = destroy_later(&world, &context, Some(Duration::from_mins(1))).await;
    world.pass(60);
    let other = world.node().await;
    tokio::join!(world.room.work(), other.work());
    let job = world.job(waiting.unwrap().destroy_job.unwrap()).await;
    assert_eq!((job.state, job.moved), (JobState::Done, 1));
    assert_eq!(world.entries(Operation::ContextDestroy).await.len(), 1);
}

async fn without_waiting_there_is_no_job(world: World) {
    let (map, ciphertext, context) = sealed(&world).await;
    let destroyed = destroy_later(&world, &context, Some(Duration::ZERO)).await;
    assert_eq!(destroyed.unwrap().state, ContextState::Destroyed);
    let code = code_of_opening(&world, (&map, &ciphertext)).await;
    assert_eq!(code, Some(Code::CannotDecrypt));
    let jobs = world.room.jobs(&world.ask, PageQuery::default()).await;
    assert_eq!(jobs.unwrap().value.items, []);
}

async fn the_longest_wait_is_a_year(world: World) {
    let (_, _, context) = sealed(&world).await;
    let year = Duration::from_secs(365 * DAY);
    let refused = destroy_later(&world, &context, Some(year + Duration::from_secs(1))).await;
    let invalid = Denial::Invalid(Invalid::Parameter("wait_s"));
    assert_eq!(refused.unwrap_err(), invalid);
    destroy_later(&world, &context, Some(year)).await.unwrap();
}
