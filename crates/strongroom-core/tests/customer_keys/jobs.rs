//! Jobs: resumed by whoever comes, beside live traffic, stopped by what is in their way and by name.

use std::sync::atomic::{AtomicBool, Ordering};

use strongroom_core::ports::{Store as _, Wrapper};
use strongroom_core::{Denial, PageQuery, Strongroom, Thing};
use strongroom_types::body::{
    JobCause, JobCreate, JobInfo, JobKind, JobState, ObjectCreate, ObjectRead, ObjectUpdate,
    StoredObject,
};
use strongroom_types::{
    Bytes, ContextId, JobId, KeyContext, KeyVersion, Operation, Outcome, Reason,
};

use crate::on_each_database;
use crate::provider::Mood;
use crate::world::{World, data, denial, open_at};

on_each_database!(
    a_job_goes_on_at_another_node_and_every_value_opens_at_every_moment,
    two_nodes_do_one_job_once,
    a_provider_that_goes_away_is_waited_for,
    what_one_key_refuses_does_not_hold_the_others_up,
    a_key_that_is_away_does_not_hold_the_others_up,
    what_the_new_key_refuses_is_moved_later,
    a_job_may_be_about_one_key_context,
    two_jobs_about_the_same_do_not_go_on_at_once,
    a_new_root_of_the_workspace_takes_all_that_has_no_customers_key,
    writes_and_rotations_beside_a_job_lose_nothing,
    a_cancelled_job_stops_and_can_be_begun_again,
    jobs_are_listed_newest_first_page_by_page,
    a_destroyed_key_context_is_left_as_it_is,
    the_end_of_a_job_proves_that_nothing_needs_the_older_versions,
    what_is_suspended_is_counted_as_remaining,
);

/// Seals one value in each of `n` key contexts of an organisation.
async fn sealed(world: &World, organization: &str, n: usize) -> Vec<(KeyContext, Bytes)> {
    let mut all = Vec::new();
    for kind in 0..n {
        let map = data(organization, &kind.to_string());
        let sealed = world.seal(&map, &kind.to_string()).await;
        all.push((map, sealed.ciphertext));
    }
    all
}

async fn assert_all_open(world: &World, room: &Strongroom, all: &[(KeyContext, Bytes)]) {
    for (n, (map, ciphertext)) in all.iter().enumerate() {
        let opened = open_at(room, &world.ask, map, ciphertext).await;
        assert_eq!(opened.unwrap(), n.to_string());
    }
}

async fn a_job_goes_on_at_another_node_and_every_value_opens_at_every_moment(world: World) {
    let all = sealed(&world, "acme", 70).await;
    let key = world.key("acme", Some(0)).await;
    let job = world.attach(key, "acme").await.job.id;
    let mut room = world.room.clone();
    let provider = world.at_provider("acme");
    let mut killed = 0;
    // Each node is killed while it waits for the provider, one call later than the one before.
    while world.job(job).await.state != JobState::Done {
        provider.set(Mood::HangsAfter(7 * killed));
        tokio::select! {
            () = room.work() => {}
            () = provider.hangs() => killed += 1,
        }
        provider.set(Mood::Serves);
        assert_all_open(&world, &world.room, &all).await;
        world.pass(31);
        room = world.node().await;
    }
    let done = world.job(job).await;
    assert_eq!((done.done, done.total, done.failed), (70, 70, 0));
    assert_eq!(done.moved, 70, "each once");
    assert_all_open(&world, &room, &all).await;
    let info = world.room.customer_key(&world.ask, key).await.unwrap();
    assert_eq!(info.value.contexts, 70);
    assert!(killed > 10, "{killed}");
}

async fn two_nodes_do_one_job_once(world: World) {
    let all = sealed(&world, "acme", 40).await;
    let key = world.key("acme", None).await;
    let job = world.attach(key, "acme").await.job.id;
    let other = world.node().await;
    while world.job(job).await.state != JobState::Done {
        tokio::join!(world.room.work(), other.work());
    }
    let done = world.job(job).await;
    assert_eq!((done.moved, done.failed), (40, 0));
    assert_all_open(&world, &other, &all).await;
    let moved: u32 = world
        .entries(Operation::ContextRewrap)
        .await
        .iter()
        .map(|entry| entry.count)
        .sum();
    assert_eq!(moved, 40);
}

async fn a_provider_that_goes_away_is_waited_for(world: World) {
    let all = sealed(&world, "acme", 20).await;
    let key = world.key("acme", None).await;
    let job = world.attach(key, "acme").await.job.id;
    // It answers for a few key contexts only, again and again.
    for _ in 0..3 {
        world.at_provider("acme").set(Mood::ServesOnly(20));
        world.room.work().await;
        let waiting = world.job(job).await;
        assert_eq!(waiting.state, JobState::Waiting, "{waiting:?}");
        assert_eq!(waiting.reason, Some(Reason::CustomerKeyUnreachable));
        assert!(waiting.next.is_some());
        world.room.work().await;
        assert_eq!(world.job(job).await, waiting, "not before its time");
        world.pass(60);
    }
    assert!(world.job(job).await.moved > 0, "what was moved stays moved");
    world.at_provider("acme").set(Mood::Serves);
    let done = world.done(job).await;
    assert_eq!((done.moved, done.failed, done.reason), (20, 0, None));
    assert_all_open(&world, &world.room, &all).await;
}

async fn one_key_in_this_mood(world: &World, mood: Mood, reason: Reason) {
    let all = sealed(world, "acme", 20).await;
    sealed(world, "beta", 20).await;
    let (acme, beta) = (world.key("acme", None).await, world.key("beta", None).await);
    world.at_provider("beta").set(mood);
    let betas = world.attach(beta, "beta").await.job.id;
    let acmes = world.attach(acme, "acme").await.job.id;
    let asked = world.at_provider("beta").wraps();
    assert_eq!(world.done(acmes).await.moved, 20);
    let betas = world.job(betas).await;
    assert_eq!((betas.state, betas.failed), (JobState::Waiting, 20));
    assert_eq!(betas.reason, Some(reason));
    assert!(
        world.at_provider("beta").wraps() - asked <= 8,
        "it is not asked for each"
    );
    assert_all_open(world, &world.room, &all).await;
    // An entry says what was passed over, and says it once.
    world.pass(60);
    world.room.work().await;
    let entries = world.entries(Operation::CustomerKeyAttach).await;
    let mut failed = entries
        .iter()
        .filter(|entry| entry.outcome == Outcome::Failed);
    let told = failed.next().unwrap();
    assert_eq!(told.facts["job"], betas.id.to_string());
    assert_eq!(told.facts["failed"], "20");
    assert_eq!(told.facts["reason"], reason.name());
    assert!(failed.next().is_none());
    world.at_provider("beta").set(Mood::Serves);
    world.pass(60);
    assert_eq!(world.done(betas.id).await.moved, 20);
}

async fn what_one_key_refuses_does_not_hold_the_others_up(world: World) {
    one_key_in_this_mood(&world, Mood::Disabled, Reason::CustomerKeyRefused).await;
}

async fn a_key_that_is_away_does_not_hold_the_others_up(world: World) {
    one_key_in_this_mood(&world, Mood::Away, Reason::CustomerKeyUnreachable).await;
}

async fn begin(world: &World) -> JobInfo {
    begin_as(world, JobCreate::of(JobKind::Rewrap)).await
}

async fn begin_as(world: &World, request: JobCreate) -> JobInfo {
    world
        .room
        .job_create(&world.ask, request)
        .await
        .unwrap()
        .value
}

async fn a_cancelled_job_stops_and_can_be_begun_again(world: World) {
    let all = sealed(&world, "acme", 5).await;
    let key = world.key("acme", None).await;
    let job = world.attach(key, "acme").await.job.id;
    let cancel = async |id: JobId| {
        let cancelled = world.room.job_cancel(&world.ask, id).await;
        cancelled
            .map(|answered| answered.value.state)
            .map_err(denial)
    };
    assert_eq!(cancel(job).await, Ok(JobState::Cancelled));
    assert_eq!(cancel(job).await, Err(Denial::Conflict(Thing::Job)));
    world.room.work().await;
    assert_eq!(world.job(job).await.moved, 0);
    assert_all_open(&world, &world.room, &all).await;
    let again = begin(&world).await;
    assert_eq!(again.cause, JobCause::Asked);
    assert_eq!(world.done(again.id).await.moved, 5);
    assert_all_open(&world, &world.room, &all).await;
    let ends = world.entries(Operation::JobCreate).await;
    let outcomes: Vec<_> = ends.iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [Outcome::Allowed, Outcome::Completed]);
    assert_eq!(world.entries(Operation::JobCancel).await.len(), 2);
}

async fn jobs_are_listed_newest_first_page_by_page(world: World) {
    let mut begun = Vec::new();
    for _ in 0..5 {
        let job = begin(&world).await.id;
        world.done(job).await;
        begun.push(job);
    }
    let mut listed = Vec::new();
    let mut query = PageQuery {
        limit: Some(2),
        page: None,
    };
    loop {
        let page = world
            .room
            .jobs(&world.ask, query.clone())
            .await
            .unwrap()
            .value;
        listed.extend(page.items.iter().map(|job| job.id));
        match page.next {
            None => break,
            next => query.page = next,
        }
    }
    assert!(listed.iter().eq(begun.iter().rev()));
}

async fn a_destroyed_key_context_is_left_as_it_is(world: World) {
    let all = sealed(&world, "acme", 2).await;
    let listed = world.room.contexts(&world.ask, PageQuery::default()).await;
    let destroyed = listed.unwrap().value.items.remove(0);
    world
        .room
        .context_destroy(&world.ask, destroyed.id)
        .await
        .unwrap();
    let key = world.key("acme", None).await;
    let job = world.attach_all(key, "acme").await;
    assert_eq!((job.done, job.moved), (2, 1));
    for (map, ciphertext) in all {
        let opened = world.open(&map, &ciphertext).await;
        assert_eq!(opened.is_err(), map == destroyed.key_context);
    }
}

/// Keeps objects in a key context, and rotates its key.
async fn kept_and_rotated(world: &World, kind: &str, n: usize) -> (ContextId, Vec<StoredObject>) {
    let map = data("acme", kind);
    let mut all = Vec::new();
    for object in 0..n {
        let name = format!("{kind} {object}");
        let request = ObjectCreate::new(map.clone(), name.as_str(), name.as_str());
        let created = world.room.object_create(&world.ask, request).await;
        all.push(created.unwrap().value);
    }
    let id = all[0].key.id;
    let rotated = world.room.context_rotate(&world.ask, id).await;
    rotated.unwrap();
    (id, all)
}

async fn assert_kept(world: &World, all: &[StoredObject]) {
    for object in all {
        let which = ObjectRead::by_id(object.id);
        let read = world.room.object_read(&world.ask, which).await.unwrap();
        assert_eq!(read.value.value.unwrap().0, object.name.as_bytes());
    }
}

async fn the_end_of_a_job_proves_that_nothing_needs_the_older_versions(world: World) {
    let (id, all) = kept_and_rotated(&world, "pii", 300).await;
    let (other, more) = kept_and_rotated(&world, "logs", 3).await;
    let count = async |context| {
        let newest = KeyVersion(2);
        let count = world
            .store
            .count_stale_versions(world.workspace, context, newest);
        count.await.unwrap()
    };
    assert_eq!((count(id).await, count(other).await), (300, 3));
    let job = begin(&world).await;
    let done = world.done(job.id).await;
    assert_eq!((done.moved, done.failed), (0, 0), "no wrapping changed");
    assert_eq!((done.stored, done.remaining), (303, 0));
    let end = world.entries(Operation::JobCreate).await.pop().unwrap();
    assert_eq!(end.outcome, Outcome::Completed);
    assert_eq!(end.facts["job"], job.id.to_string());
    assert_eq!(end.facts["stored"], "303");
    assert_eq!(end.facts["remaining"], "0");
    for context in [id, other] {
        let destroyed = world
            .room
            .context_version_destroy(&world.ask, context, KeyVersion(1))
            .await;
        destroyed.unwrap();
    }
    assert_kept(&world, &all).await;
    assert_kept(&world, &more).await;
    assert_eq!(world.room.check_objects().await.unwrap(), []);
}

async fn what_is_suspended_is_counted_as_remaining(world: World) {
    let (suspended, all) = kept_and_rotated(&world, "pii", 3).await;
    kept_and_rotated(&world, "logs", 2).await;
    let disabled = world.room.context_disable(&world.ask, suspended).await;
    disabled.unwrap();
    let job = begin(&world).await;
    let done = world.done(job.id).await;
    assert_eq!((done.stored, done.remaining), (2, 3));
    let end = world.entries(Operation::JobCreate).await.pop().unwrap();
    assert_eq!(end.facts["remaining"], "3");
    let enabled = world.room.context_enable(&world.ask, suspended).await;
    enabled.unwrap();
    let job = begin(&world).await;
    let done = world.done(job.id).await;
    assert_eq!((done.stored, done.remaining), (3, 0));
    assert_kept(&world, &all).await;
}

async fn what_the_new_key_refuses_is_moved_later(world: World) {
    let (_, all) = kept_and_rotated(&world, "pii", 300).await;
    let key = world.key("acme", Some(0)).await;
    let job = world.attach(key, "acme").await.job.id;
    // It wraps the seeds, and then unwraps none for the objects: they stay, and are not forgotten.
    let provider = world.at_provider("acme");
    provider.set(Mood::WrapsOnly);
    world.room.work().await;
    let waiting = world.job(job).await;
    assert_eq!(waiting.state, JobState::Waiting, "{waiting:?}");
    assert_eq!((waiting.moved, waiting.stored, waiting.failed), (1, 0, 1));
    assert_eq!(waiting.remaining, 300);
    provider.set(Mood::Serves);
    world.pass(60);
    let done = world.done(job).await;
    assert_eq!((done.stored, done.remaining), (300, 0));
    assert_kept(&world, &all).await;
}

async fn a_job_may_be_about_one_key_context(world: World) {
    let (only, all) = kept_and_rotated(&world, "pii", 3).await;
    let (_, others) = kept_and_rotated(&world, "logs", 2).await;
    let request = JobCreate {
        kind: JobKind::Rewrap,
        context: Some(only),
    };
    let job = begin_as(&world, request).await;
    let done = world.done(job.id).await;
    assert_eq!(done.context, Some(only));
    assert_eq!((done.total, done.done), (1, 1));
    assert_eq!((done.stored, done.remaining), (3, 0));
    let rest = begin(&world).await;
    assert_eq!(world.done(rest.id).await.stored, 2);
    assert_kept(&world, &all).await;
    assert_kept(&world, &others).await;
}

async fn two_jobs_about_the_same_do_not_go_on_at_once(world: World) {
    let first = begin(&world).await;
    let again = world
        .room
        .job_create(&world.ask, JobCreate::of(JobKind::Rewrap));
    let again = again.await.map_err(denial).unwrap_err();
    assert_eq!(again, Denial::Conflict(Thing::Job));
    world.done(first.id).await;
    begin(&world).await;
}

async fn wrapper_of(world: &World, id: ContextId) -> Wrapper {
    let row = world.store.context(world.workspace, id).await.unwrap();
    row.unwrap().wrapper
}

async fn a_new_root_of_the_workspace_takes_all_that_has_no_customers_key(world: World) {
    let key = world.key("acme", None).await;
    world.attach_all(key, "acme").await;
    let (acmes, kept) = kept_and_rotated(&world, "pii", 3).await;
    let all = sealed(&world, "beta", 20).await;
    let ids: Vec<_> = {
        let listed = world.room.contexts(&world.ask, PageQuery::default()).await;
        let items = listed.unwrap().value.items;
        items.iter().map(|context| context.id).collect()
    };
    let job = begin_as(&world, JobCreate::of(JobKind::RotateRoot)).await;
    assert_all_open(&world, &world.room, &all).await;
    let done = world.done(job.id).await;
    assert_eq!((done.moved, done.failed, done.remaining), (20, 0, 0));
    for id in ids {
        let wanted = if id == acmes {
            Wrapper::Customer(key)
        } else {
            Wrapper::Root(KeyVersion(2))
        };
        assert_eq!(wrapper_of(&world, id).await, wanted);
    }
    // A node that knows nothing of before opens what was sealed before and after.
    let node = world.node().await;
    assert_all_open(&world, &node, &all).await;
    assert_kept(&world, &kept).await;
    let again = begin_as(&world, JobCreate::of(JobKind::RotateRoot)).await;
    assert_eq!(world.done(again.id).await.moved, 20);
    assert_all_open(&world, &world.node().await, &all).await;
    // What is new is under it at once.
    let new = world.seal(&data("gamma", "pii"), "new").await;
    let wrapper = wrapper_of(&world, new.key.id).await;
    assert_eq!(wrapper, Wrapper::Root(KeyVersion(3)));
}

/// Changes an object again and again, and rotates its key now and then.
async fn write_on(world: &World, object: &StoredObject, times: u64) {
    for n in 1..=times {
        let update = ObjectUpdate::new(n.to_string().into_bytes());
        let updated = world
            .room
            .object_update(&world.ask, object.id, update)
            .await;
        updated.unwrap();
        if n % 5 == 0 {
            let rotated = world.room.context_rotate(&world.ask, object.key.id).await;
            rotated.unwrap();
        }
    }
}

async fn writes_and_rotations_beside_a_job_lose_nothing(world: World) {
    let mut objects = Vec::new();
    for kind in ["one", "two", "three"] {
        objects.push(kept_and_rotated(&world, kind, 10).await.1.remove(0));
    }
    let key = world.key("acme", None).await;
    let job = world.attach(key, "acme").await.job.id;
    let other = world.node().await;
    let written = AtomicBool::new(false);
    let working = async {
        while !written.load(Ordering::Relaxed) {
            tokio::join!(world.room.work(), other.work());
        }
    };
    let writing = async {
        tokio::join!(
            write_on(&world, &objects[0], 20),
            write_on(&world, &objects[1], 20),
            write_on(&world, &objects[2], 20)
        );
        written.store(true, Ordering::Relaxed);
    };
    tokio::join!(working, writing);
    world.pass(60);
    world.room.work().await;
    let done = world.job(job).await;
    assert_eq!((done.state, done.failed), (JobState::Done, 0), "{done:?}");
    for object in &objects {
        for version in 1..=21 {
            let which = ObjectRead {
                version: Some(version),
                ..ObjectRead::by_id(object.id)
            };
            let read = world.room.object_read(&world.ask, which).await.unwrap();
            let wanted = match version {
                1 => object.name.clone(),
                later => (later - 1).to_string(),
            };
            assert_eq!(read.value.value.unwrap().0, wanted.as_bytes());
        }
        let wrapper = wrapper_of(&world, object.key.id).await;
        assert_eq!(wrapper, Wrapper::Customer(key));
    }
}
