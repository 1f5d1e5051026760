//! The process is killed while it keeps objects: what was acknowledged is there, and no object is
//! without its entry or beside it.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use sqlx::{Connection as _, PgConnection, query_scalar};
use strongroom_client::Client;
use strongroom_tests::poll::poll;
use strongroom_tests::room::{Database, Room, tenant};
use strongroom_tests::server;
use strongroom_tests::whole_log::WholeLog;
use strongroom_types::body::{ObjectRead, ObjectUpsert, StoredObject};

/// Callers at once, each writing an object of its own.
const CALLERS: usize = 16;

#[tokio::test]
async fn no_acknowledged_version_is_lost_by_a_kill_on_sqlite() {
    no_acknowledged_version_is_lost_by_a_kill(Database::Sqlite).await;
}

#[tokio::test]
async fn no_acknowledged_version_is_lost_by_a_kill_on_postgres() {
    no_acknowledged_version_is_lost_by_a_kill(Database::Postgres).await;
}

async fn no_acknowledged_version_is_lost_by_a_kill(database: Database) {
    if !database.is_tested() {
        return;
    }
    let mut room = Room::open(Arc::new(database.start())).await;
    let mut all = Vec::new();
    for round in 0..3 {
        all.extend(write_until_killed(&mut room, round).await);
        wait_for_its_backends(&room).await;
        assert_doctor_is_content(&room);
        room.restart();
        assert_kept(&room, &all).await;
    }
}

/// Writes without pause, kills the server amid it, and returns what was acknowledged until then.
async fn write_until_killed(room: &mut Room, round: usize) -> Vec<StoredObject> {
    let client = room.client.clone();
    let write = |caller: usize| upsert(client.clone(), caller);
    let mut callers: FuturesUnordered<_> = (0..CALLERS).map(write).collect();
    let enough = 100 + 37 * round;
    let mut acknowledged = Vec::new();
    let mut alive = true;
    while let Some((caller, written)) = callers.next().await {
        let Some(written) = written else { continue };
        acknowledged.push(written);
        if acknowledged.len() >= enough && alive {
            room.own_server().kill().unwrap();
            alive = false;
        }
        callers.push(upsert(client.clone(), caller));
    }
    assert!(!alive);
    acknowledged
}

/// Who wrote, and what was answered, if anything was.
async fn upsert(client: Client, caller: usize) -> (usize, Option<StoredObject>) {
    let map = tenant(&format!("tenant {}", caller % 3));
    let name = format!("object {caller}");
    let request = ObjectUpsert::new(map, name.as_str(), name.as_str());
    (caller, client.objects().upsert(request).await.ok())
}

/// Waits until PostgreSQL has ended what it did for the killed server: a backend that was at a
/// commit finishes it before it sees that nobody is there.
async fn wait_for_its_backends(room: &Room) {
    let Some(url) = room.server.database() else {
        return;
    };
    let mut connection = PgConnection::connect(url).await.unwrap();
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    poll(async || {
        let count: i64 = query_scalar(others)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        (count == 0).then_some(())
    })
    .await;
}

/// Every row is as its last entry says, those of unanswered writes too.
fn assert_doctor_is_content(room: &Room) {
    let data = room.server.data().to_str().unwrap();
    let mut arguments = vec!["doctor", "--data", data];
    if let Some(url) = room.server.database() {
        arguments.extend(["--database", url]);
    }
    let output = server::run(&arguments).unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Every acknowledged version opens, and its entry has its digest.
async fn assert_kept(room: &Room, all: &[StoredObject]) {
    let log = WholeLog::fetch(&room.client, &room.verifier()).await;
    for written in all {
        let entry = log.entry(written.log_entry.unwrap().index);
        assert_eq!(entry.output.unwrap().to_string(), written.digest);
        let which = ObjectRead {
            version: Some(written.version),
            ..ObjectRead::by_id(written.id)
        };
        let read = room.client.objects().read(&which).await.unwrap();
        assert_eq!(read.value.unwrap().0, written.name.as_bytes());
    }
}
