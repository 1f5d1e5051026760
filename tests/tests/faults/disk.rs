//! The disk is full, and the database is locked: no key is used, and then all goes on.

use std::process::Command;

use sqlx::{Connection as _, Executor as _, SqliteConnection};
use strongroom_client::{Client, ClientError, RetryPolicy};
use strongroom_tests::poll::poll;
use strongroom_tests::room::tenant;
use strongroom_tests::server::Server;
use strongroom_tests::whole_log::WholeLog;
use strongroom_types::Code;
use strongroom_types::body::{DecryptRequest, EncryptAnswer, EncryptRequest};

fn client(server: &Server) -> Client {
    Client::builder(&server.sheet().url)
        .api_key(&server.sheet().api_key)
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

async fn seal(client: &Client) -> Result<EncryptAnswer, ClientError> {
    let request = EncryptRequest::new(tenant("acme"), "v");
    client.encrypt(request).await
}

/// Every answer of success, those from before the fault too, is in a log that verifies.
async fn assert_kept(server: &Server, acknowledged: &[EncryptAnswer]) {
    let client = client(server);
    let key = server.sheet().log_public_key.parse().unwrap();
    let log = WholeLog::fetch(&client, &key).await;
    for answer in acknowledged {
        let entry = log.entry(answer.log_entry.unwrap().index);
        assert_eq!(
            entry.output,
            Some(strongroom_log::sha256(&answer.ciphertext.0))
        );
        let request = DecryptRequest::new(tenant("acme"), answer.ciphertext.clone());
        assert!(client.decrypt(request).await.is_ok());
    }
}

/// Checks that the log could not be written, and that the refusal says when to come back.
fn assert_unavailable(error: &ClientError) {
    let refusal = error.refusal().unwrap_or_else(|| panic!("{error:?}"));
    assert_eq!(refusal.status(), 503, "{error:?}");
    assert!(
        matches!(
            refusal.code(),
            Code::LogUnavailable | Code::StoreUnavailable
        ),
        "{error:?}"
    );
    assert_eq!(refusal.log_entry(), None);
}

#[tokio::test]
async fn a_full_disk_stops_every_use_until_there_is_room() {
    let server = Server::start_with_file_limits().unwrap();
    let client = client(&server);
    let mut acknowledged = vec![seal(&client).await.unwrap()];
    limit_files(&server, "262144");
    let error = loop {
        match seal(&client).await {
            Ok(answer) => acknowledged.push(answer),
            Err(error) => break error,
        }
        assert!(acknowledged.len() < 10_000, "the disk never filled");
    };
    assert_unavailable(&error);
    assert_unavailable(&refused_opening(&client, &acknowledged[0]).await);
    limit_files(&server, "unlimited");
    let again = poll(async || seal(&client).await.ok()).await;
    acknowledged.push(again);
    assert_kept(&server, &acknowledged).await;
}

/// Opens until it is refused: the checkpointer may have made room since the last refusal.
async fn refused_opening(client: &Client, sealed: &EncryptAnswer) -> ClientError {
    for _ in 0..10_000 {
        let request = DecryptRequest::new(tenant("acme"), sealed.ciphertext.clone());
        if let Err(error) = client.decrypt(request).await {
            return error;
        }
    }
    panic!("the disk never filled again");
}

/// No file of the server may grow beyond this: what a full disk looks like to it.
fn limit_files(server: &Server, bytes: &str) {
    let limit = format!("--fsize={bytes}:unlimited");
    let id = server.process_id().to_string();
    let limited = Command::new("prlimit")
        .args(["--pid", &id, &limit])
        .status();
    assert!(limited.unwrap().success());
}

#[tokio::test]
async fn a_locked_database_stops_every_use_until_it_is_free() {
    let server = Server::start().unwrap();
    let client = client(&server);
    let mut acknowledged = vec![seal(&client).await.unwrap()];
    let url = format!("sqlite://{}", server.data().join("strongroom.db").display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    assert_unavailable(&seal(&client).await.unwrap_err());
    let request = DecryptRequest::new(tenant("acme"), acknowledged[0].ciphertext.clone());
    assert_unavailable(&client.decrypt(request).await.unwrap_err());
    other.execute("ROLLBACK").await.unwrap();
    acknowledged.push(poll(async || seal(&client).await.ok()).await);
    assert_kept(&server, &acknowledged).await;
}
