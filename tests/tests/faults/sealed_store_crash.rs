//! The process is killed while it keeps sealed records: what was acknowledged is there and proven, and
//! each state of the map is told of once.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use strongroom_client::store::{ClientSecret, RecordName, SealedStore, Unlock};
use strongroom_client::{Client, EntryFilter, RetryPolicy};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_tests::room::{Database, Room};
use strongroom_types::body::SealedStoreCreate;
use strongroom_types::{Operation, Outcome, StoreName};

/// Callers at once; each writes a record of its own, again and again.
const CALLERS: usize = 8;

#[tokio::test]
async fn no_acknowledged_record_is_lost_by_a_kill_on_sqlite() {
    no_acknowledged_record_is_lost_by_a_kill(Database::Sqlite).await;
}

#[tokio::test]
async fn no_acknowledged_record_is_lost_by_a_kill_on_postgres() {
    no_acknowledged_record_is_lost_by_a_kill(Database::Postgres).await;
}

fn vault() -> StoreName {
    "vault".parse().unwrap()
}

fn main_slot() -> StoreName {
    "main".parse().unwrap()
}

fn record(caller: usize) -> RecordName {
    RecordName::new(&caller.to_string()).unwrap()
}

async fn no_acknowledged_record_is_lost_by_a_kill(database: Database) {
    if !database.is_tested() {
        return;
    }
    let mut room = Room::open(Arc::new(database.start())).await;
    let secret = ClientSecret::generate(&SystemEntropy).unwrap();
    let request = SealedStoreCreate {
        name: vault(),
        keep: Some(2),
    };
    let unlock = Unlock::Secret(&secret);
    let stores = room.client.stores();
    stores.create(&request, &main_slot(), unlock).await.unwrap();
    let mut versions = [0; CALLERS];
    for round in 0..3 {
        let written = write_until_killed(&mut room, &secret, versions, round).await;
        room.restart();
        versions = assert_kept(&room, &secret, written, round).await;
    }
}

/// Says the same thing once: what is not acknowledged is not sent again.
async fn open(room: &Room, secret: &ClientSecret) -> SealedStore {
    let client = Client::builder(&room.server.sheet().url)
        .api_key(&room.api_key)
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let unlock = Unlock::Secret(secret);
    let opened = client.stores().open(&vault(), &main_slot(), unlock).await;
    opened.unwrap()
}

/// Writes without pause, kills the server amid it, and returns the last version of each caller that was
/// acknowledged until then.
async fn write_until_killed(
    room: &mut Room,
    secret: &ClientSecret,
    before: [u64; CALLERS],
    round: usize,
) -> [u64; CALLERS] {
    let store = open(room, secret).await;
    let write = async |caller: usize, version: u64| {
        let value = format!("{caller} {}", version + 1);
        let record = record(caller);
        let set = store.set_if(&record, value.as_bytes(), version);
        (caller, set.await.ok())
    };
    let mut callers: FuturesUnordered<_> = before
        .iter()
        .enumerate()
        .map(|(caller, version)| write(caller, *version))
        .collect();
    let mut acknowledged = before;
    let (mut count, mut alive) = (0, true);
    while let Some((caller, written)) = callers.next().await {
        let Some(version) = written else { continue };
        acknowledged[caller] = version;
        count += 1;
        if count >= 40 + 13 * round && alive {
            room.own_server().kill().unwrap();
            alive = false;
        }
        callers.push(write(caller, version));
    }
    assert!(!alive);
    acknowledged
}

/// Of each record there is the version that was acknowledged, or the one after it, which was on its
/// way; what the client proves belongs together; and each state has one entry.
async fn assert_kept(
    room: &Room,
    secret: &ClientSecret,
    written: [u64; CALLERS],
    round: usize,
) -> [u64; CALLERS] {
    let store = open(room, secret).await;
    let mut kept = written;
    for caller in 0..CALLERS {
        let (found, _) = store.get(&record(caller)).await.unwrap();
        kept[caller] = found.version();
        let ahead = found.version() - written[caller];
        assert!(ahead <= 1, "{round}: {caller} is {ahead} ahead");
        if let Some(value) = found.value() {
            let expected = format!("{caller} {}", value.version);
            assert_eq!(value.value.expose(), expected.as_bytes());
        }
    }
    store.confirm(&room.verifier()).await.unwrap();
    let sets = EntryFilter {
        operation: Some(Operation::SealedSet),
        outcome: Some(Outcome::Allowed),
        ..EntryFilter::default()
    };
    let entries = room.entries(sets).await;
    let sequences = entries.iter().map(|entry| entry.facts["sequence"].parse());
    let mut sequences: Vec<u64> = sequences.map(Result::unwrap).collect();
    sequences.sort_unstable();
    let all: u64 = kept.iter().sum();
    assert_eq!(sequences, (1..=all).collect::<Vec<_>>());
    kept
}
