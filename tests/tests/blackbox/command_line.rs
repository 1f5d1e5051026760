//! The commands that check the log offline, and those that keep objects.

use std::fs;
use std::path::Path;
use std::process::Output;

use strongroom_log::NoteSigner;
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, tenant};
use strongroom_tests::server;
use strongroom_types::body::{
    Batch, EncryptItem, EncryptRequest, LogEntryId, ObjectCreate, ObjectRead, StoredObject,
};

on_each_database!(
    an_exported_log_verifies_offline_and_a_flipped_byte_does_not,
    a_receipt_verifies_offline_and_for_its_entry_only,
    an_object_is_put_got_listed_and_deleted,
);

/// Runs a command that talks to the room's server.
fn talk(room: &Room, folder: &Path, arguments: &[&str]) -> Output {
    let key_file = folder.join("api.key");
    fs::write(&key_file, &room.api_key).unwrap();
    let url = &room.server.sheet().url;
    let connection = ["--url", url, "--api-key-file", text(&key_file)];
    server::run(&[arguments, &connection].concat()).unwrap()
}

/// Runs a `strongroom log` command that talks to the room's server.
fn fetch(room: &Room, folder: &Path, arguments: &[&str]) -> Output {
    let key = ["--key", &room.server.sheet().log_public_key];
    talk(room, folder, &[&["log"], arguments, &key].concat())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn seal(room: &Room, name: &str) -> LogEntryId {
    let request = EncryptRequest::new(tenant(name), "v");
    let sealed = room.client.encrypt(request).await.unwrap();
    sealed.log_entry.unwrap()
}

/// An entry whose items have names.
async fn read_objects(room: &Room) {
    let objects = room.client.objects();
    let request = ObjectCreate::new(tenant("a"), "a", "v");
    objects.create(request).await.unwrap();
    let batch = Batch {
        items: vec![ObjectRead::by_name("a"), ObjectRead::by_name("b")],
        metadata: None,
    };
    objects.read_batch(batch).await.unwrap();
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
    read_objects(&room).await;
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

async fn an_object_is_put_got_listed_and_deleted(room: Room) {
    let folder = tempfile::tempdir().unwrap();
    let (value, got) = (folder.path().join("value"), folder.path().join("got"));
    let run = |arguments: &[&str]| {
        let output = talk(&room, folder.path(), &[&["object"], arguments].concat());
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), printed)
    };
    let put = |check: &str| {
        let input = text(&value);
        run(&[
            "put",
            "a/b",
            "--context",
            "tenant=acme",
            "--check",
            check,
            input,
        ])
    };
    fs::write(&value, [0, 255, 10]).unwrap();
    let (made, printed) = put("0");
    assert!(made, "{printed}");
    let object: StoredObject = serde_json::from_str(&printed).unwrap();
    fs::write(&value, "two").unwrap();
    assert!(put("1").0);
    assert!(!put("1").0);
    assert!(run(&["get", "a/b", "--output", text(&got)]).0);
    assert_eq!(fs::read(&got).unwrap(), b"two");
    assert!(run(&["get", "a/b", "--version", "1", "--output", text(&got)]).0);
    assert_eq!(fs::read(&got).unwrap(), [0, 255, 10]);
    assert_eq!(run(&["get", "a/b"]), (true, "two".to_owned()));
    let id = object.id.to_string();
    assert!(run(&["list", "--context", "tenant=acme"]).1.contains(&id));
    assert!(run(&["versions", "a/b"]).0 && run(&["show", "--id", &id]).0);
    assert!(run(&["restore-version", &id, "1"]).0);
    assert!(run(&["get", "a/b", "--output", text(&got)]).0);
    assert_eq!(fs::read(&got).unwrap(), [0, 255, 10]);
    assert!(!run(&["destroy-version", &id, "1"]).0);
    assert!(run(&["destroy-version", &id, "1", "--forever"]).0);
    assert!(run(&["delete", "a/b"]).0);
    assert!(!run(&["get", "a/b"]).0);
    assert!(run(&["restore", &id]).0);
    assert!(run(&["get", "a/b"]).0);
}
