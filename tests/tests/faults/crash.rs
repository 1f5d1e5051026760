//! The process is killed under load.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use strongroom_client::Client;
use strongroom_log::sha256;
use strongroom_tests::room::{Database, Room, tenant};
use strongroom_tests::whole_log::WholeLog;
use strongroom_types::body::{
    DataKeyCreate, DataKeyUnwrap, DecryptRequest, EncryptRequest, KeyRef, LogEntryId,
};
use strongroom_types::{Bytes, Operation, Outcome};

/// Callers at once.
const CALLERS: usize = 16;
/// Whose value and data key are opened under load.
const STANDING: &str = "standing";

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
    let standing = Standing::make(&room.client).await;
    let mut all = Vec::new();
    for round in 0..3 {
        let acknowledged = load_until_killed(&mut room, &standing, round).await;
        room.restart();
        all.extend(acknowledged);
        assert_kept(&room, &standing, &all).await;
    }
    for operation in [
        Operation::Encrypt,
        Operation::Decrypt,
        Operation::DataKeyUnwrap,
    ] {
        let done = |one: &&Acknowledged| one.operation == operation;
        assert!(all.iter().filter(done).count() > 20, "{operation}");
    }
}

/// A value and a data key that exist before the load.
#[derive(Clone)]
struct Standing {
    key: KeyRef,
    sealed: Bytes,
    wrapped: Bytes,
    data_key: Bytes,
}

impl Standing {
    async fn make(client: &Client) -> Self {
        let request = EncryptRequest::new(tenant(STANDING), STANDING);
        let sealed = client.encrypt(request).await.unwrap();
        let request = DataKeyCreate::new(tenant(STANDING));
        let made = client.create_data_key(request).await.unwrap();
        Self {
            key: sealed.key,
            sealed: sealed.ciphertext,
            wrapped: made.wrapped_key,
            data_key: made.plaintext.unwrap(),
        }
    }
}

/// What a caller was answered.
struct Acknowledged {
    caller: usize,
    operation: Operation,
    key: KeyRef,
    log_entry: LogEntryId,
    /// What was sealed, or opened.
    sealed: Bytes,
}

/// Uses keys without pause, kills the server amid it, and returns what was acknowledged until then.
async fn load_until_killed(
    room: &mut Room,
    standing: &Standing,
    round: usize,
) -> Vec<Acknowledged> {
    let client = room.client.clone();
    let again = |caller| use_until_failure(client.clone(), standing.clone(), caller);
    let callers = (0..CALLERS).map(|caller| again(round * 1000 + caller));
    let mut callers: FuturesUnordered<_> = callers.collect();
    let enough = 100 + 37 * round;
    let mut acknowledged = Vec::new();
    let mut alive = true;
    while let Some(answer) = callers.next().await {
        let Some(answer) = answer else { continue };
        callers.push(again(answer.caller));
        acknowledged.push(answer);
        if acknowledged.len() >= enough && alive {
            room.own_server().kill().unwrap();
            alive = false;
        }
    }
    assert!(!alive);
    acknowledged
}

/// Every second caller seals; of the others half open a value, and half a data key. `None` if there
/// was no answer.
async fn use_until_failure(
    client: Client,
    standing: Standing,
    caller: usize,
) -> Option<Acknowledged> {
    let acknowledged = |operation, key, log_entry: Option<LogEntryId>, sealed| Acknowledged {
        caller,
        operation,
        key,
        log_entry: log_entry.unwrap(),
        sealed,
    };
    match caller % 4 {
        1 => {
            let request = DecryptRequest::new(tenant(STANDING), standing.sealed.clone());
            let done = client.decrypt(request).await.ok()?;
            assert_eq!(done.plaintext.0, STANDING.as_bytes());
            let (operation, sealed) = (Operation::Decrypt, standing.sealed);
            Some(acknowledged(operation, done.key, done.log_entry, sealed))
        }
        3 => {
            let request = DataKeyUnwrap::new(tenant(STANDING), standing.wrapped.clone());
            let done = client.unwrap_data_key(request).await.ok()?;
            assert_eq!(done.plaintext.unwrap().0, standing.data_key.0);
            let (operation, sealed) = (Operation::DataKeyUnwrap, standing.wrapped);
            Some(acknowledged(operation, done.key, done.log_entry, sealed))
        }
        _ => {
            // A few key contexts are made on the way, so that a kill falls into that too.
            let map = tenant(&format!("tenant {caller}"));
            let request = EncryptRequest::new(map, caller.to_string().as_str());
            let done = client.encrypt(request).await.ok()?;
            let (operation, sealed) = (Operation::Encrypt, done.ciphertext);
            Some(acknowledged(operation, done.key, done.log_entry, sealed))
        }
    }
}

/// Every acknowledged use is in the log, as what it was, of its key context and with the digest of what
/// was sealed or opened; what was sealed opens.
async fn assert_kept(room: &Room, standing: &Standing, all: &[Acknowledged]) {
    let log = WholeLog::fetch(&room.client, &room.verifier()).await;
    for one in all {
        let entry = log.entry(one.log_entry.index);
        assert_eq!(entry.operation, one.operation);
        assert_eq!(entry.outcome, Outcome::Allowed);
        let used: Vec<_> = entry.contexts.listed().iter().collect();
        let [used] = used[..] else {
            panic!("one use, not {}", used.len());
        };
        assert_eq!(
            (used.context, used.key_version),
            (one.key.id, one.key.version)
        );
        assert_eq!(entry.output, Some(sha256(&one.sealed.0)));
        if one.operation != Operation::Encrypt {
            assert_eq!(one.key.id, standing.key.id);
            continue;
        }
        let map = tenant(&format!("tenant {}", one.caller));
        let request = DecryptRequest::new(map, one.sealed.clone());
        let opened = room.client.decrypt(request).await.unwrap();
        assert_eq!(opened.plaintext.0, one.caller.to_string().into_bytes());
        assert_eq!(opened.key.id, one.key.id);
    }
}
