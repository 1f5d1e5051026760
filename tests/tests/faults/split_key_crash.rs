//! The process is killed while clients derive keys of keysets: what was sealed under an acknowledged
//! share opens, and each share that left has an entry.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use strongroom_client::split::{
    GrantingKey, SplitCredential, SplitKeyPair, SplitKeyset, ValuePlace,
};
use strongroom_client::{Client, EntryFilter, RetryPolicy};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_tests::cipherstash::{CipherStash, call, key, tagged};
use strongroom_tests::room::{Database, Room};
use strongroom_types::body::KeysetDeclare;
use strongroom_types::{Operation, Outcome};

/// Callers at once.
const CALLERS: usize = 8;
const PLACE: ValuePlace<'static> = ValuePlace {
    table: "users",
    column: "email",
    row: None,
};

#[tokio::test]
async fn keys_that_were_derived_before_a_kill_are_derived_again_on_sqlite() {
    keys_that_were_derived_before_a_kill_are_derived_again(Database::Sqlite).await;
}

#[tokio::test]
async fn keys_that_were_derived_before_a_kill_are_derived_again_on_postgres() {
    keys_that_were_derived_before_a_kill_are_derived_again(Database::Postgres).await;
}

async fn keys_that_were_derived_before_a_kill_are_derived_again(database: Database) {
    if !database.is_tested() {
        return;
    }
    let mut room = Room::open(Arc::new(database.start())).await;
    let credential = begin(&room).await;
    let cs = CipherStash::of(&room).await;
    let (mut sealed, mut made) = (Vec::new(), Vec::new());
    for round in 0..3 {
        let keys = open(&room, &credential).await;
        let (more, keys_made) = derive_until_killed(&mut room, &keys, &cs, round).await;
        sealed.extend(more);
        made.extend(keys_made);
        room.restart();
        assert_kept(&room, &credential, &sealed).await;
        assert_same(&room, &cs, &made).await;
    }
}

/// A keyset whose first epoch is there.
async fn begin(room: &Room) -> SplitCredential {
    let request = KeysetDeclare {
        name: "tenants/acme".parse().unwrap(),
        description: String::new(),
    };
    let split = room.client.split_keys();
    let id = split.declare(&request).await.unwrap().id;
    let granting = GrantingKey::generate(&SystemEntropy).unwrap();
    let pair = SplitKeyPair::generate(&SystemEntropy).unwrap();
    split.begin(id, &granting, pair).await.unwrap()
}

/// Asks once: what is not acknowledged is not sent again.
async fn open(room: &Room, credential: &SplitCredential) -> SplitKeyset {
    let client = Client::builder(&room.server.sheet().url)
        .api_key(&room.api_key)
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    client.split_keys().open(credential).await.unwrap()
}

/// A key of another product's client: as it is asked for again, and its material.
type Made = (Value, Value);

/// Derives without pause, natively and for CipherStash's clients in turn, kills the server amid it, and
/// returns what was acknowledged until then.
async fn derive_until_killed(
    room: &mut Room,
    keys: &SplitKeyset,
    cs: &CipherStash,
    round: usize,
) -> (Vec<Vec<u8>>, Vec<Made>) {
    let mut callers: FuturesUnordered<_> = (0..CALLERS)
        .map(|caller| keys.seal(&PLACE, SECRET[caller % 2]))
        .collect();
    let (mut sealed, mut made, mut alive) = (Vec::new(), Vec::new(), true);
    while let Some(answer) = callers.next().await {
        let Ok(value) = answer else { continue };
        sealed.push(value);
        if alive && sealed.len().is_multiple_of(10) {
            made.push(generate(room, cs, sealed.len()).await);
        }
        if sealed.len() >= 60 + 17 * round && alive {
            room.own_server().kill().unwrap();
            alive = false;
        }
        callers.push(keys.seal(&PLACE, SECRET[sealed.len() % 2]));
    }
    assert!(!alive);
    (sealed, made)
}

const SECRET: [&[u8]; 2] = [b"ann@example.com", b"bob@example.com"];

async fn generate(room: &Room, cs: &CipherStash, number: usize) -> Made {
    let asked = key(u32::try_from(number).unwrap(), "users.email");
    let body = cs.keys(&json!([asked]));
    let made = cs.call(room, "/zerokms/generate-data-key", &body).await;
    let made = made.json()["keys"][0].clone();
    (tagged(&asked, &made), made["key_material"].clone())
}

/// Every value opens, and no share left without an entry.
async fn assert_kept(room: &Room, credential: &SplitCredential, sealed: &[Vec<u8>]) {
    let keys = open(room, credential).await;
    let asked: Vec<_> = sealed
        .iter()
        .map(|value| (PLACE, value.as_slice()))
        .collect();
    for opened in keys.open_each(&asked).await.unwrap() {
        assert!(SECRET.contains(&opened.unwrap().expose()));
    }
    let filter = EntryFilter {
        operation: Some(Operation::SplitDerive),
        outcome: Some(Outcome::Allowed),
        ..EntryFilter::default()
    };
    let entries = room.entries(filter).await;
    let derived: u64 = entries.iter().map(|entry| u64::from(entry.count)).sum();
    assert!(
        derived >= sealed.len() as u64,
        "{derived} of {}",
        sealed.len()
    );
}

/// The same keys come back to the same questions.
async fn assert_same(room: &Room, cs: &CipherStash, made: &[Made]) {
    let asked: Vec<_> = made.iter().map(|(asked, _)| asked.clone()).collect();
    let body = cs.keys(&json!(asked));
    let again = call(room, &cs.token, "/zerokms/retrieve-data-key", &body).await;
    assert_eq!(again.status, 200, "{again:?}");
    let again = again.json();
    let again: Vec<_> = again["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["key_material"])
        .collect();
    assert_eq!(
        again,
        made.iter()
            .map(|(_, material)| material)
            .collect::<Vec<_>>()
    );
}
