//! The process is killed while a job moves stored objects to the newest versions of their keys: the
//! job goes on, and every object opens at every moment.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use strongroom_client::Client;
use strongroom_tests::poll::poll;
use strongroom_tests::room::{Database, Room, tenant};
use strongroom_types::KeyVersion;
use strongroom_types::body::{JobInfo, JobKind, JobState, ObjectCreate, ObjectRead, StoredObject};

/// How many objects there are, and with `STRONGROOM_SOAK`.
const OBJECTS: [usize; 2] = [10_000, 1_000_000];
/// Key contexts that they are in: a job moves at most one of them in a transaction.
const CONTEXTS: usize = 20;
/// How often the process is killed amid the job.
const KILLS: usize = 2;
/// Callers at once.
const CALLERS: usize = 16;

#[tokio::test]
async fn a_job_goes_on_after_kills_and_every_object_opens_on_sqlite() {
    a_job_goes_on_after_kills_and_every_object_opens(Database::Sqlite).await;
}

#[tokio::test]
async fn a_job_goes_on_after_kills_and_every_object_opens_on_postgres() {
    a_job_goes_on_after_kills_and_every_object_opens(Database::Postgres).await;
}

async fn a_job_goes_on_after_kills_and_every_object_opens(database: Database) {
    if !database.is_tested() {
        return;
    }
    let mut room = Room::open(Arc::new(database.start())).await;
    let all = kept(&room.client).await;
    for object in all.iter().take(CONTEXTS) {
        let rotated = room.client.contexts().rotate(object.key.id).await;
        rotated.unwrap();
    }
    let job = room.client.jobs().create(JobKind::Rewrap).await.unwrap();
    let mut before = job.stored;
    for _ in 0..KILLS {
        let amid = while_reading(&room.client, &all, (&job, before)).await;
        room.own_server().kill().unwrap();
        assert_eq!(amid.state, JobState::Running, "{amid:?}");
        room.restart();
        before = room.client.jobs().describe(job.id).await.unwrap().stored;
        assert!(before < all.len() as u64);
    }
    let done = while_reading(&room.client, &all, (&job, u64::MAX)).await;
    assert_eq!(done.state, JobState::Done);
    // Each was moved once, also those of the slice in which the process was killed.
    assert_eq!((done.stored, done.remaining), (all.len() as u64, 0));
    for object in all.iter().take(CONTEXTS) {
        let contexts = room.client.contexts();
        let destroyed = contexts.destroy_version(object.key.id, KeyVersion(1)).await;
        destroyed.unwrap();
    }
    assert_all_open(&room.client, &all).await;
}

/// Keeps the objects: the first ones are each in a key context of their own.
async fn kept(client: &Client) -> Vec<StoredObject> {
    let keep = async |n: usize| {
        let name = format!("object {n}");
        let map = tenant(&format!("tenant {}", n % CONTEXTS));
        let request = ObjectCreate::new(map, name.as_str(), name.as_str());
        client.objects().create(request).await.unwrap()
    };
    let numbers = stream::iter(0..objects());
    numbers.map(keep).buffered(CALLERS).collect().await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the soak names itself, there is no other way in"
)]
fn objects() -> usize {
    OBJECTS[usize::from(std::env::var("STRONGROOM_SOAK").is_ok())]
}

async fn assert_opens(client: &Client, object: &StoredObject) {
    let which = ObjectRead::by_id(object.id);
    let read = client.objects().read(&which).await.unwrap();
    assert_eq!(read.value.unwrap().0, object.name.as_bytes());
}

async fn assert_all_open(client: &Client, all: &[StoredObject]) {
    let open = async |object| assert_opens(client, object).await;
    let reads = stream::iter(all).map(open).buffer_unordered(CALLERS);
    reads.collect::<()>().await;
}

/// Reads objects without pause until the job has moved more than so many, or has ended.
async fn while_reading(
    client: &Client,
    all: &[StoredObject],
    (job, before): (&JobInfo, u64),
) -> JobInfo {
    let reading = async {
        let open = async |object| assert_opens(client, object).await;
        let reads = stream::iter(all.iter().cycle()).map(open);
        reads.buffer_unordered(CALLERS).collect::<()>().await;
    };
    let progress = poll(async || {
        let job = client.jobs().describe(job.id).await.unwrap();
        (job.stored > before || job.finished.is_some()).then_some(job)
    });
    tokio::select! {
        () = reading => panic!("it never ends"),
        job = progress => job,
    }
}
