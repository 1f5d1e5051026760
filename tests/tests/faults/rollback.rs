//! The database is put back to an older copy, while the checkpoints outside it are kept.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use strongroom_client::{EntryFilter, origin_of};
use strongroom_tests::poll::poll;
use strongroom_tests::room::{Database, Room, tenant};
use strongroom_tests::server;
use strongroom_tests::whole_log::{WholeLog, checkpoint};
use strongroom_types::body::{DecryptRequest, EncryptRequest};
use strongroom_types::{Code, Operation};
use tempfile::TempDir;

/// The files of the database.
const FILES: [&str; 3] = ["strongroom.db", "strongroom.db-wal", "strongroom.db-shm"];

/// Puts the files of the database from one folder into another; one that is not there is removed.
fn copy(from: &Path, to: &Path) {
    for name in FILES {
        let _absent = fs::remove_file(to.join(name));
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

async fn seal(room: &Room, name: &str) -> Vec<u8> {
    let request = EncryptRequest::new(tenant(name), "v");
    room.client.encrypt(request).await.unwrap().ciphertext.0
}

/// A copy of a database, made while its server is stopped.
enum Backup {
    Files(TempDir),
    /// Another database of the cluster.
    Url(String),
}

impl Backup {
    fn make(room: &Room) -> Self {
        match room.server.database() {
            None => {
                let folder = tempfile::tempdir().unwrap();
                copy(room.server.data(), folder.path());
                Self::Files(folder)
            }
            Some(url) => {
                let backup = format!("{url}_backup");
                strongroom_tests::postgres::copy(url, &backup).unwrap();
                Self::Url(backup)
            }
        }
    }

    fn restore(&self, room: &Room) {
        match self {
            Self::Files(folder) => copy(folder.path(), room.server.data()),
            Self::Url(url) => {
                strongroom_tests::postgres::copy(url, room.server.database().unwrap()).unwrap();
            }
        }
    }
}

/// A room whose database was rolled back: the server is stopped.
struct RolledBack {
    room: Room,
    /// Sealed before the copy was made.
    old: Vec<u8>,
    /// The checkpoint of the lost state.
    note: String,
}

async fn roll_back(database: Database) -> RolledBack {
    let mut room = Room::open(Arc::new(database.start())).await;
    let old = seal(&room, "old").await;
    room.own_server().kill().unwrap();
    let backup = Backup::make(&room);
    room.restart();
    seal(&room, "lost").await;
    // Whoever is shown a checkpoint finds it outside the database, too.
    let note = room.client.log().checkpoint().await.unwrap();
    room.own_server().kill().unwrap();
    backup.restore(&room);
    RolledBack { room, old, note }
}

#[tokio::test]
async fn a_checkpoint_outside_the_database_covers_each_entry_unasked() {
    let room = Room::open(Arc::new(Database::Sqlite.start())).await;
    let request = EncryptRequest::new(tenant("acme"), "v");
    let sealed = room.client.encrypt(request).await.unwrap();
    let name = format!("{}.checkpoint", room.workspace);
    let file = room.server.data().join("anchor").join(name);
    let covering = async || {
        let note = fs::read_to_string(&file).ok()?;
        let kept = checkpoint(&note, &room.verifier());
        (kept.size() > sealed.log_entry.unwrap().index).then_some(kept)
    };
    let kept = poll(covering).await;
    let log = WholeLog::fetch(&room.client, &room.verifier()).await;
    let size = usize::try_from(kept.size()).unwrap();
    assert!(WholeLog::verify(&log.entries[..size], &kept).is_ok());
}

/// Makes one test per database of each `async fn(Database)` named.
macro_rules! after_a_rollback {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(strongroom_tests::room::Database::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                if strongroom_tests::room::Database::Postgres.is_tested() {
                    super::$name(strongroom_tests::room::Database::Postgres).await;
                }
            })+
        }
    };
}
after_a_rollback!(
    a_database_that_was_rolled_back_does_not_start,
    a_new_generation_begins_only_by_name_and_is_an_entry,
    a_destroyed_context_stays_destroyed_in_a_restored_database,
);

async fn a_database_that_was_rolled_back_does_not_start(database: Database) {
    let RolledBack { mut room, .. } = roll_back(database).await;
    assert!(room.own_server().restart().is_err());
    let data = room.server.data().to_str().unwrap();
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--data", data];
    if let Some(url) = room.server.database() {
        arguments.extend(["--database", url]);
    }
    let refused = server::run(&arguments).unwrap();
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("rolled back"), "{said}");
}

async fn a_new_generation_begins_only_by_name_and_is_an_entry(database: Database) {
    let RolledBack {
        mut room,
        old,
        note,
    } = roll_back(database).await;
    room.own_server().restart_after_rollback().unwrap();
    room.reconnect();
    let request = DecryptRequest::new(tenant("old"), old);
    assert!(room.client.decrypt(request).await.is_ok());
    let again = room.client.log().checkpoint().await.unwrap();
    assert_ne!(origin_of(&note), origin_of(&again));
    let said = room.entries(EntryFilter {
        operation: Some(Operation::LogGeneration),
        ..EntryFilter::default()
    });
    assert_eq!(said.await.len(), 1);
    // The next start needs no telling.
    room.restart();
    seal(&room, "new").await;
}

async fn a_destroyed_context_stays_destroyed_in_a_restored_database(database: Database) {
    let mut room = Room::open(Arc::new(database.start())).await;
    let sealed = seal(&room, "acme").await;
    let request = EncryptRequest::new(tenant("acme"), "v");
    let id = room.client.encrypt(request).await.unwrap().key.id;
    room.own_server().kill().unwrap();
    let backup = Backup::make(&room);
    room.restart();
    room.client.contexts().destroy(id).await.unwrap();
    room.own_server().kill().unwrap();
    backup.restore(&room);
    room.own_server().restart_after_rollback().unwrap();
    room.reconnect();
    let request = DecryptRequest::new(tenant("acme"), sealed);
    let refused = room.client.decrypt(request).await;
    assert_eq!(refused.unwrap_err().code(), Some(Code::CannotDecrypt));
}

#[tokio::test]
async fn an_anchor_that_was_lost_does_not_start_unless_it_is_new_by_name() {
    let mut room = Room::open(Arc::new(Database::Sqlite.start())).await;
    seal(&room, "acme").await;
    room.client.log().checkpoint().await.unwrap();
    room.own_server().kill().unwrap();
    let anchor = room.server.data().join("anchor");
    fs::rename(&anchor, room.server.data().join("elsewhere")).unwrap();
    let data = room.server.data().to_str().unwrap();
    let refused = server::run(&["serve", "--listen", "127.0.0.1:0", "--data", data]).unwrap();
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("--new-anchor"), "{said}");
    room.own_server().restart_with_new_anchor().unwrap();
    room.reconnect();
    seal(&room, "acme").await;
    // The next start needs no telling.
    room.restart();
    seal(&room, "acme").await;
}
