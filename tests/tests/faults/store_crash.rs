//! The process is killed while it keeps values of stores: what was acknowledged is there, and each
//! version is told of once.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use strongroom_client::EntryFilter;
use strongroom_tests::room::{Database, Room};
use strongroom_tests::stack::{FAMILIES, Project, Stack};
use strongroom_types::{Operation, Outcome};

/// Callers at once; two of them write each value.
const CALLERS: usize = 16;
const NAMES: usize = CALLERS / 2;

#[tokio::test]
async fn no_acknowledged_value_is_lost_by_a_kill_on_sqlite() {
    no_acknowledged_value_is_lost_by_a_kill(Database::Sqlite).await;
}

#[tokio::test]
async fn no_acknowledged_value_is_lost_by_a_kill_on_postgres() {
    no_acknowledged_value_is_lost_by_a_kill(Database::Postgres).await;
}

async fn no_acknowledged_value_is_lost_by_a_kill(database: Database) {
    if !database.is_tested() {
        return;
    }
    let mut room = Room::open(Arc::new(database.start())).await;
    let project = Project::of(&room).await;
    project.admin(&room, FAMILIES[0]).declare("tokens").await;
    for round in 0..3 {
        let server = project.server(&room, FAMILIES[round % 2]);
        let written = write_until_killed(&mut room, &server, round).await;
        room.restart();
        let server = project.server(&room, FAMILIES[round % 2]);
        assert_kept(&room, &server, &written).await;
    }
}

/// A value that was acknowledged, and its entry.
struct Written {
    name: usize,
    value: String,
    entry: u64,
}

/// Writes without pause, kills the server amid it, and returns what was acknowledged until then.
async fn write_until_killed(room: &mut Room, server: &Stack, round: usize) -> Vec<Written> {
    let mut count = 0;
    let mut write = |caller: usize| {
        count += 1;
        let value = format!("{round} {count}");
        set(server.clone(), caller, value)
    };
    let mut callers: FuturesUnordered<_> = (0..CALLERS).map(&mut write).collect();
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
        callers.push(write(caller));
    }
    assert!(!alive);
    acknowledged
}

/// Who wrote, and what was acknowledged, if anything was.
async fn set(server: Stack, caller: usize, value: String) -> (usize, Option<Written>) {
    let name = caller % NAMES;
    let reply = server.try_set("tokens", &name.to_string(), &value).await;
    let written = reply
        .filter(|reply| reply.status == 200)
        .map(|reply| Written {
            name,
            value,
            entry: reply.entry().unwrap().index,
        });
    (caller, written)
}

/// Under each name is the last value that was acknowledged, or one that was written after it and not
/// answered; and each version has one entry.
async fn assert_kept(room: &Room, server: &Stack, all: &[Written]) {
    let sets = EntryFilter {
        operation: Some(Operation::StoreSet),
        outcome: Some(Outcome::Allowed),
        ..EntryFilter::default()
    };
    let entries = room.entries(sets).await;
    for name in 0..NAMES {
        let of_name = all.iter().filter(|written| written.name == name);
        let Some(last) = of_name.max_by_key(|written| written.entry) else {
            continue;
        };
        let entry = entries.iter().find(|entry| entry.index == last.entry);
        let value = entry.unwrap().facts["value"].clone();
        let mut told: Vec<_> = entries
            .iter()
            .filter(|entry| entry.facts["value"] == value)
            .map(|entry| (entry.index, entry.facts["version"].parse().unwrap()))
            .collect();
        told.sort_unstable();
        let versions: Vec<usize> = told.iter().map(|(_, version)| *version).collect();
        assert_eq!(versions, (1..=told.len()).collect::<Vec<_>>());
        let got = server.get("tokens", &name.to_string()).await;
        assert_eq!(got.status, 200, "{got:?}");
        if told.last().unwrap().0 == last.entry {
            assert_eq!(got.text("encrypted_value"), last.value);
        }
    }
}
