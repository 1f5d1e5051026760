//! Starting again, stopping in order, and two processes on one directory.

use std::process::Command;
use std::sync::Arc;

use strongroom_client::EntryFilter;
use strongroom_tests::room::{Database, Room, tenant};
use strongroom_tests::server;
use strongroom_tests::whole_log::{WholeLog, checkpoint};
use strongroom_types::body::{DecryptRequest, EncryptRequest};
use strongroom_types::{Operation, Outcome, Permission};

#[tokio::test]
async fn a_restart_keeps_everything_on_sqlite() {
    a_restart_keeps_everything(Database::Sqlite).await;
}

#[tokio::test]
async fn a_restart_keeps_everything_on_postgres() {
    a_restart_keeps_everything(Database::Postgres).await;
}

async fn a_restart_keeps_everything(database: Database) {
    if !database.is_tested() {
        return;
    }
    let mut room = Room::open(Arc::new(database.start())).await;
    let token = room.token("alice").await;
    let alice = room.client.with_lock_context(&token);
    let sealed = alice
        .encrypt(EncryptRequest::new(tenant("acme"), "v"))
        .await
        .unwrap();
    room.client.contexts().rotate(sealed.key.id).await.unwrap();
    let exchanged = room
        .client
        .exchange_token(&token)
        .await
        .unwrap()
        .access_token;
    let note = room.client.log().checkpoint().await.unwrap();
    let before = room.server.sheet().clone();
    terminate(&mut room);
    room.restart();
    let after = room.server.sheet();
    assert_eq!(
        (&before.workspace, &before.api_key),
        (&after.workspace, &after.api_key)
    );
    assert_eq!(before.log_public_key, after.log_public_key);
    let request = DecryptRequest::new(tenant("acme"), sealed.ciphertext);
    for client in [
        room.client.with_lock_context(&token),
        room.with_key(&exchanged),
    ] {
        assert_eq!(
            client.decrypt(request.clone()).await.unwrap().plaintext.0,
            b"v"
        );
    }
    let old = checkpoint(&note, &room.verifier());
    let log = WholeLog::fetch(&room.client, &room.verifier()).await;
    let size = usize::try_from(old.size()).unwrap();
    assert!(WholeLog::verify(&log.entries[..size], &old).is_ok());
}

/// Asks the server to stop, and waits until it did.
fn terminate(room: &mut Room) {
    let server = room.own_server();
    let id = server.process_id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    server.wait().unwrap();
}

#[tokio::test]
async fn a_second_process_on_the_same_directory_is_refused() {
    let server = Database::Sqlite.start();
    let data = server.data().to_str().unwrap();
    let second =
        server::run(&["dev", "--json", "--listen", "127.0.0.1:0", "--data", data]).unwrap();
    assert!(!second.status.success());
    assert!(second.stdout.is_empty());
    let client = server.client().unwrap();
    assert!(
        client
            .encrypt(EncryptRequest::new(tenant("acme"), "v"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_stop_in_order_writes_the_count_of_a_flood() {
    let mut room = Room::open(Arc::new(Database::Sqlite.start())).await;
    let (flooder, created) = room.make_client(&[Permission::LogRead], &[]).await;
    for _ in 0..100 {
        flooder
            .encrypt(EncryptRequest::new(tenant("acme"), "v"))
            .await
            .unwrap_err();
    }
    terminate(&mut room);
    room.restart();
    let denied = room.entries(EntryFilter {
        outcome: Some(Outcome::Denied),
        ..EntryFilter::default()
    });
    let denied = denied.await;
    let of_client = denied
        .iter()
        .filter(|entry| entry.client == Some(created.client.id));
    let (floods, single): (Vec<_>, Vec<_>) =
        of_client.partition(|entry| entry.operation == Operation::DenialFlood);
    // The entry that began a flood stands for the denials that its closing one counts.
    let counted: u32 = floods
        .iter()
        .filter(|entry| entry.of.is_some())
        .map(|entry| entry.count)
        .sum();
    assert_eq!(counted as usize + single.len(), 100, "{floods:?}");
}
