//! CryptoServe: `PyPI` `cryptoserve` 1.4.3, its SDK and its command line, and `cryptoserve-client` 0.3.0.

use std::path::PathBuf;
use std::sync::Arc;

use strongroom_tests::on_each_database;
use strongroom_tests::room::{Database, Room};
use tokio::sync::Mutex;

use crate::program::{output, python, root};

on_each_database!(
    cryptoserve_clients_seal_and_open,
    cryptoserve_clients_hash_and_sign,
    cryptoserve_clients_get_the_error_classes_that_they_know,
    cryptoserve_clients_go_on_when_their_tokens_expire,
    cryptoserve_command_line_logs_in_and_lists_contexts,
    cryptoserve_command_line_logs_in_through_a_browser,
    cryptoserve_clients_of_the_other_kind_seal_and_open,
    cryptoserve_clients_work_with_keys_of_their_own,
    cryptoserve_clients_seal_by_themselves_where_that_is_allowed,
    cryptoserve_clients_seal_and_open_asynchronously,
);

/// Runs a script for the users of the development workspaces, with a home of its own.
fn run(room: &Room, script: &str) {
    let home = tempfile::tempdir().unwrap();
    let scripts: PathBuf = root().join("tests/clients/cryptoserve/python");
    let sheet = room.server.sheet();
    let mut command = python();
    command
        .arg(scripts.join(format!("{script}.py")))
        .env("HOME", home.path())
        .env("SERVER", &sheet.url)
        .env("SESSION", &sheet.cryptoserve.session_cookie)
        .env("VIEWER", &sheet.cryptoserve.viewer_cookie)
        .env("OTHER", &sheet.cryptoserve.other_session_cookie);
    output(command, &[]);
}

async fn cryptoserve_clients_seal_and_open(room: Room) {
    run(&room, "values");
}

async fn cryptoserve_clients_get_the_error_classes_that_they_know(room: Room) {
    run(&room, "errors");
}

async fn cryptoserve_clients_go_on_when_their_tokens_expire(room: Room) {
    run(&room, "refresh");
}

async fn cryptoserve_clients_seal_and_open_asynchronously(room: Room) {
    run(&room, "asynchronous");
}

/// On a server of its own, whose access tokens live for two seconds.
async fn clients_go_on_past_an_expiry(database: Database) {
    if database.is_tested() {
        let server = database.start_changed(|command| {
            command.env("STRONGROOM_ACCESS_TOKEN_SECONDS", "2");
        });
        run(&Room::open(Arc::new(server)).await, "expiry");
    }
}

#[tokio::test]
async fn cryptoserve_clients_go_on_past_a_real_expiry_on_sqlite() {
    clients_go_on_past_an_expiry(Database::Sqlite).await;
}

#[tokio::test]
async fn cryptoserve_clients_go_on_past_a_real_expiry_on_postgres() {
    clients_go_on_past_an_expiry(Database::Postgres).await;
}

async fn cryptoserve_command_line_logs_in_and_lists_contexts(room: Room) {
    run(&room, "command_line");
}

/// One at a time: the command line waits for its browser at a port that it does not choose.
async fn cryptoserve_command_line_logs_in_through_a_browser(room: Room) {
    static PORT: Mutex<()> = Mutex::const_new(());
    let _port = PORT.lock().await;
    run(&room, "login");
}

async fn cryptoserve_clients_hash_and_sign(room: Room) {
    run(&room, "primitives");
}

async fn cryptoserve_clients_of_the_other_kind_seal_and_open(room: Room) {
    run(&room, "client");
}

async fn cryptoserve_clients_seal_by_themselves_where_that_is_allowed(room: Room) {
    run(&room, "bundle");
}

async fn cryptoserve_clients_work_with_keys_of_their_own(room: Room) {
    run(&room, "tools");
}
