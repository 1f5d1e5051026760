//! The commands that check the log offline.

use std::fs;
use std::path::Path;
use std::process::Output;

use strongroom_log::NoteSigner;
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, tenant};
use strongroom_tests::server;
use strongroom_types::body::{Batch, EncryptItem, EncryptRequest, LogEntryId};

on_each_database!(
    an_exported_log_verifies_offline_and_a_flipped_byte_does_not,
    a_receipt_verifies_offline_and_for_its_entry_only,
);

/// Runs a `strongroom log` command that talks to the room's server.
fn fetch(room: &Room, folder: &Path, arguments: &[&str]) -> Output {
    let key_file = folder.join("api.key");
    fs::write(&key_file, &room.api_key).unwrap();
    let sheet = room.server.sheet();
    let connection = [
        "--url",
        &sheet.url,
        "--api-key-file",
        key_file.to_str().unwrap(),
        "--key",
        &sheet.log_public_key,
    ];
    server::run(&[&["log"], arguments, &connection].concat()).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn seal(room: &Room, name: &str) -> LogEntryId {
    let request = EncryptRequest::new(tenant(name), "v");
    let sealed = room.client.encrypt(request).await.unwrap();
    sealed.log_entry.unwrap()
}

async fn an_exported_log_verifies_offline_and_a_flipped_byte_does_not(room: Room) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        seal(&room, name).await;
    }
    let items = vec![
        EncryptItem::new(tenant("a"), "1"),
        EncryptItem::new(tenant("b"), "2"),
    ];
    let batch = Batch {
        items,
        metadata: None,
    };
    room.client.encrypt_batch(batch).await.unwrap();
    let log = folder.path().join("log");
    let exported = fetch(&room, folder.path(), &["export", text(&log)]);
    assert!(exported.status.success(), "{exported:?}");
    let key = &room.server.sheet().log_public_key;
    let verify = |key: &str| server::run(&["log", "verify", text(&log), "--key", key]).unwrap();
    assert!(verify(key).status.success());
    let name = key.split('+').next().unwrap();
    let stranger = NoteSigner::from_seed(name, &[7; 32]).unwrap();
    assert!(!verify(&stranger.verifier().to_string()).status.success());
    for file in files(&log) {
        let content = fs::read(&file).unwrap();
        let mut altered = content.clone();
        altered[content.len() / 2] ^= 1;
        fs::write(&file, altered).unwrap();
        let verified = verify(key);
        // The key beside the log vouches for nothing, and is not believed.
        let is_key = file.ends_with("key");
        assert_eq!(verified.status.success(), is_key, "{}", file.display());
        fs::write(&file, content).unwrap();
    }
    assert!(verify(key).status.success());
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

async fn a_receipt_verifies_offline_and_for_its_entry_only(room: Room) {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let mut fetched = Vec::new();
    for name in ["a", "b"] {
        let id = seal(&room, name).await.to_string();
        let (receipt, entry) = (
            place(&format!("{name}.receipt")),
            place(&format!("{name}.entry")),
        );
        let arguments = [
            "receipt",
            &id,
            "--receipt",
            text(&receipt),
            "--entry",
            text(&entry),
        ];
        let output = fetch(&room, folder.path(), &arguments);
        assert!(output.status.success(), "{output:?}");
        fetched.push((receipt, entry));
    }
    let key = &room.server.sheet().log_public_key;
    let verify = |receipt: &Path, entry: &Path| {
        let arguments = [
            "log",
            "verify",
            "--receipt",
            text(receipt),
            "--entry",
            text(entry),
        ];
        server::run(&[&arguments[..], &["--key", key]].concat()).unwrap()
    };
    for (receipt, entry) in &fetched {
        assert!(verify(receipt, entry).status.success());
    }
    assert!(!verify(&fetched[0].0, &fetched[1].1).status.success());
}
