//! The process is killed under load.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use strongroom_client::Client;
use strongroom_log::sha256;
use strongroom_tests::room::{Database, Room, tenant};
use strongroom_tests::whole_log::WholeLog;
use strongroom_types::body::{DecryptRequest, EncryptAnswer, EncryptRequest};

/// Callers at once.
const CALLERS: usize = 16;

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_a_kill_on_sqlite() {
    nothing_acknowledged_is_lost_by_a_kill(Database::Sqlite).await;
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_a_kill_on_postgres() {
    nothing_acknowledged_is_lost_by_a_kill(Database::Postgres).await;
}

async fn nothing_acknowledged_is_lost_by_a_kill(database: Database) {
    if !database.is_tested() {
        return;
    }
    let mut room = Room::open(Arc::new(database.start())).await;
    let mut all = Vec::new();
    for round in 0..3 {
        let acknowledged = load_until_killed(&mut room, round).await;
        room.restart();
        all.extend(acknowledged);
        assert_kept(&room, &all).await;
    }
}

/// Seals without pause, kills the server amid it, and returns what was acknowledged until then.
async fn load_until_killed(room: &mut Room, round: usize) -> Vec<(usize, EncryptAnswer)> {
    let client = room.client.clone();
    let seal = |caller: usize| seal_until_failure(client.clone(), round * 1000 + caller);
    let mut callers: FuturesUnordered<_> = (0..CALLERS).map(seal).collect();
    let enough = 100 + 37 * round;
    let mut acknowledged = Vec::new();
    let mut alive = true;
    while let Some((caller, answer)) = callers.next().await {
        let Some(answer) = answer else { continue };
        acknowledged.push((caller, answer));
        if acknowledged.len() >= enough && alive {
            room.own_server().kill().unwrap();
            alive = false;
        }
        callers.push(seal_until_failure(client.clone(), caller));
    }
    assert!(!alive);
    acknowledged
}

/// Whose value it is, and the answer, if there was one.
async fn seal_until_failure(client: Client, caller: usize) -> (usize, Option<EncryptAnswer>) {
    // A few key contexts are made on the way, so that a kill falls into that too.
    let map = tenant(&format!("tenant {caller}"));
    let request = EncryptRequest::new(map, caller.to_string().as_str());
    (caller, client.encrypt(request).await.ok())
}

/// Every acknowledged seal is in the log with its digest, and its ciphertext opens.
async fn assert_kept(room: &Room, all: &[(usize, EncryptAnswer)]) {
    let log = WholeLog::fetch(&room.client, &room.verifier()).await;
    for (caller, answer) in all {
        let entry = log.entry(answer.log_entry.unwrap().index);
        assert_eq!(entry.output, Some(sha256(&answer.ciphertext.0)));
        let map = tenant(&format!("tenant {caller}"));
        let request = DecryptRequest::new(map, answer.ciphertext.clone());
        let opened = room.client.decrypt(request).await.unwrap();
        assert_eq!(opened.plaintext.0, caller.to_string().into_bytes());
    }
}
