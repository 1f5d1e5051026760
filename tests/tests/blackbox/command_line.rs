//! The commands: those that check the log offline, that replace files, and that keep objects.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use strongroom_crypto::envelope::Envelope;
use strongroom_log::NoteSigner;
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, tenant};
use strongroom_tests::server;
use strongroom_types::KeyVersion;
use strongroom_types::body::{
    Batch, ContextInfo, ContextState, EncryptItem, EncryptRequest, JobInfo, JobState, LogEntryId,
    ObjectCreate, ObjectRead, StoredObject,
};

on_each_database!(
    an_exported_log_verifies_offline_and_a_flipped_byte_does_not,
    a_receipt_verifies_offline_and_for_its_entry_only,
    an_object_is_put_got_listed_and_deleted,
    a_key_context_is_destroyed_after_waiting_or_not,
    a_rewrapped_file_is_replaced_as_a_whole,
    a_file_that_cannot_be_rewrapped_stays_as_it_is,
);

/// Runs a command that talks to the room's server.
pub(super) fn run(room: &Room, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("api.key");
    fs::write(&key_file, &room.api_key).unwrap();
    let url = &room.server.sheet().url;
    let connection = ["--url", url, "--api-key-file", text(&key_file)];
    server::run(&[arguments, &connection].concat()).unwrap()
}

/// Runs a `strongroom log` command that talks to the room's server.
fn fetch(room: &Room, arguments: &[&str]) -> Output {
    let key = ["--key", &room.server.sheet().log_public_key];
    run(room, &[&["log"], arguments, &key].concat())
}

pub(super) fn text(path: &Path) -> &str {
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

/// A log with a full tile of leaves, hashes above it and batches on both sides of its end.
async fn long_log(room: &Room) {
    let batch = || Batch {
        items: vec![
            EncryptItem::new(tenant("a"), "1"),
            EncryptItem::new(tenant("b"), "2"),
        ],
        metadata: None,
    };
    for name in ["a", "b"] {
        seal(room, name).await;
    }
    room.client.encrypt_batch(batch()).await.unwrap();
    read_objects(room).await;
    for _ in 0..260 {
        seal(room, "a").await;
    }
    for _ in 0..2 {
        room.client.encrypt_batch(batch()).await.unwrap();
    }
}

/// A log that was exported, and the key that it is verified with.
struct Exported<'a> {
    log: &'a Path,
    key: &'a str,
}

impl Exported<'_> {
    fn verify(&self) -> Output {
        server::run(&["log", "verify", text(self.log), "--key", self.key]).unwrap()
    }

    /// Writes another content, or none, in the place of a file, and back what was there.
    fn refuses(&self, file: &Path, content: Option<&[u8]>) -> String {
        let good = fs::read(file).ok();
        write_or_remove(file, content);
        let verified = self.verify();
        assert!(!verified.status.success(), "{}", file.display());
        write_or_remove(file, good.as_deref());
        String::from_utf8(verified.stderr).unwrap()
    }
}

fn write_or_remove(file: &Path, content: Option<&[u8]>) {
    match content {
        Some(content) => {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        None => fs::remove_file(file).unwrap(),
    }
}

async fn an_exported_log_verifies_offline_and_a_flipped_byte_does_not(room: Room) {
    let folder = tempfile::tempdir().unwrap();
    long_log(&room).await;
    let log = folder.path().join("log");
    let exported = fetch(&room, &["export", text(&log)]);
    assert!(exported.status.success(), "{exported:?}");
    let key = &room.server.sheet().log_public_key;
    let name = key.split('+').next().unwrap();
    let stranger = NoteSigner::from_seed(name, &[7; 32]).unwrap();
    let stranger = stranger.verifier().to_string();
    let (exported, with_other_key) = (
        Exported { log: &log, key },
        Exported {
            log: &log,
            key: &stranger,
        },
    );
    assert!(exported.verify().status.success());
    assert!(!with_other_key.verify().status.success());
    let files = files(&log);
    assert_eq!(files.len(), 9, "{files:?}");
    for file in &files {
        let good = fs::read(file).unwrap();
        let last = good.len() - 1;
        for place in [0, last / 7, last / 3, last / 2, last - 20, last] {
            let mut altered = good.clone();
            altered[place] ^= if place % 2 == 0 { 1 } else { 0x20 };
            exported.refuses(file, Some(&altered));
        }
        let refused = exported.refuses(file, None);
        assert!(refused.contains(text(file)), "{refused}");
    }
    exported.refuses(&log.join("key"), Some(format!("{stranger}\n").as_bytes()));
    for surplus in [
        "extra",
        "tile/entries/999.p/1",
        "tile/1/000",
        "items/002.json",
    ] {
        let refused = exported.refuses(&log.join(surplus), Some(b""));
        assert!(refused.contains("does not belong"), "{refused}");
    }
    let items = log.join("items/000.json");
    let views = fs::read_to_string(&items).unwrap();
    for altered in altered_items(&views) {
        assert_ne!(altered, views);
        exported.refuses(&items, Some(altered.as_bytes()));
    }
    assert!(exported.verify().status.success());
    // An export that goes on leaves nothing of the narrower files.
    seal(&room, "a").await;
    assert!(fetch(&room, &["export", text(&log)]).status.success());
    assert!(exported.verify().status.success());
}

/// Files of items that say something else than was written, or more.
fn altered_items(views: &str) -> Vec<String> {
    let read: Vec<serde_json::Value> = serde_json::from_str(views).unwrap();
    let repeated = [&read[..], &read[read.len() - 1..]].concat();
    let (root, item) = ("\"root\":\"", "\"position\":0");
    vec![
        serde_json::to_string(&repeated).unwrap(),
        serde_json::to_string(&read[1..]).unwrap(),
        views.replacen(root, "\"root\":\"0", 1),
        views.replacen(root, "\"note\":\"\",\"root\":\"", 1),
        views.replacen(item, "\"note\":\"\",\"position\":0", 1),
        views.replacen(item, "\"position\":1", 1),
        format!("{views}\n"),
    ]
}

fn files(folder: &Path) -> Vec<PathBuf> {
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
        let output = fetch(&room, &arguments);
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
    let object = |arguments: &[&str]| {
        let output = run(&room, &[&["object"], arguments].concat());
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), printed)
    };
    let put = |check: &str| {
        let input = text(&value);
        object(&[
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
    let made_object: StoredObject = serde_json::from_str(&printed).unwrap();
    fs::write(&value, "two").unwrap();
    assert!(put("1").0);
    assert!(!put("1").0);
    assert!(object(&["get", "a/b", "--output", text(&got)]).0);
    assert_eq!(fs::read(&got).unwrap(), b"two");
    assert!(object(&["get", "a/b", "--version", "1", "--output", text(&got)]).0);
    assert_eq!(fs::read(&got).unwrap(), [0, 255, 10]);
    assert_eq!(object(&["get", "a/b"]), (true, "two".to_owned()));
    let id = made_object.id.to_string();
    assert!(
        object(&["list", "--context", "tenant=acme"])
            .1
            .contains(&id)
    );
    assert!(object(&["versions", "a/b"]).0 && object(&["show", "--id", &id]).0);
    assert!(object(&["restore-version", &id, "1"]).0);
    assert!(object(&["get", "a/b", "--output", text(&got)]).0);
    assert_eq!(fs::read(&got).unwrap(), [0, 255, 10]);
    assert!(!object(&["destroy-version", &id, "1"]).0);
    assert!(object(&["destroy-version", &id, "1", "--forever"]).0);
    assert!(object(&["delete", "a/b"]).0);
    assert!(!object(&["get", "a/b"]).0);
    assert!(object(&["restore", &id]).0);
    assert!(object(&["get", "a/b"]).0);
}

/// Has the command line seal a file, and rotates its key.
async fn sealed_file(room: &Room, folder: &Path) -> PathBuf {
    let (plain, sealed) = (folder.join("plain"), folder.join("report.sr1"));
    fs::write(&plain, vec![7; 200_000]).unwrap();
    let context = ["encrypt", "--context", "tenant=acme"];
    let files = [text(&plain), "--output", text(&sealed)];
    let output = run(room, &[&context[..], &files].concat());
    assert!(output.status.success(), "{output:?}");
    fs::remove_file(plain).unwrap();
    let bytes = fs::read(&sealed).unwrap();
    let id = Envelope::parse(&bytes).unwrap().header.context;
    room.client.contexts().rotate(id).await.unwrap();
    sealed
}

fn rewrap(room: &Room, tenant: &str, file: &Path) -> Output {
    let context = format!("tenant={tenant}");
    run(room, &["rewrap", "--context", &context, text(file)])
}

fn version(file: &Path) -> KeyVersion {
    let bytes = fs::read(file).unwrap();
    Envelope::parse(&bytes).unwrap().key_part.version
}

async fn a_rewrapped_file_is_replaced_as_a_whole(room: Room) {
    let folder = tempfile::tempdir().unwrap();
    let sealed = sealed_file(&room, folder.path()).await;
    fs::set_permissions(&sealed, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&sealed, &link).unwrap();
    assert_eq!(version(&sealed), KeyVersion(1));
    let output = rewrap(&room, "acme", &link);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(version(&sealed), KeyVersion(2));
    assert!(link.is_symlink());
    let mode = fs::metadata(&sealed).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let opened = folder.path().join("opened");
    let files = [text(&sealed), "--output", text(&opened)];
    let open = [&["decrypt", "--context", "tenant=acme"], &files[..]].concat();
    assert!(run(&room, &open).status.success());
    assert_eq!(fs::read(opened).unwrap(), vec![7; 200_000]);
}

async fn a_file_that_cannot_be_rewrapped_stays_as_it_is(room: Room) {
    let folder = tempfile::tempdir().unwrap();
    let sealed = sealed_file(&room, folder.path()).await;
    let good = fs::read(&sealed).unwrap();
    let mut altered = good.clone();
    altered[100] ^= 1;
    let cut = good[..50].to_vec();
    for (tenant, content) in [("other", good), ("acme", altered), ("acme", cut)] {
        fs::write(&sealed, &content).unwrap();
        assert!(!rewrap(&room, tenant, &sealed).status.success());
        assert!(fs::read(&sealed).unwrap() == content);
        let only = std::slice::from_ref(&sealed);
        assert_eq!(files(folder.path()), only, "nothing beside it");
    }
}

async fn a_key_context_is_destroyed_after_waiting_or_not(room: Room) {
    let id = room.client.contexts().create(tenant("acme")).await;
    let id = id.unwrap().id.to_string();
    let contexts = |arguments: &[&str]| {
        let all = [&["admin", "contexts"], arguments].concat();
        let output = run(&room, &all);
        let info: Option<ContextInfo> = serde_json::from_slice(&output.stdout).ok();
        assert_eq!(output.status.success(), info.is_some(), "{output:?}");
        info
    };
    assert_eq!(contexts(&["destroy", &id]), None, "not said twice");
    let waiting = contexts(&["destroy", &id, "--forever", "--wait-days", "2"]).unwrap();
    let waits = |info: ContextInfo| (info.state, info.destroy_at.is_some());
    assert_eq!(waits(waiting), (ContextState::Disabled, true));
    assert_eq!(contexts(&["enable", &id]), None);
    let kept = contexts(&["cancel-destroy", &id]).unwrap();
    assert_eq!(waits(kept), (ContextState::Disabled, false));
    let destroyed = contexts(&["destroy", &id, "--forever", "--now"]).unwrap();
    assert_eq!(waits(destroyed), (ContextState::Destroyed, false));
    // Nothing goes on but what waits for its time.
    let other = room.client.contexts().create(tenant("beta")).await;
    let other = other.unwrap().id.to_string();
    contexts(&["destroy", &other, "--forever"]).unwrap();
    let watched = run(&room, &["admin", "jobs", "rewrap", "--watch"]);
    let job: JobInfo = serde_json::from_slice(&watched.stdout).unwrap();
    assert_eq!((job.state, job.remaining), (JobState::Done, 0));
    let watched = run(&room, &["admin", "jobs", "--watch"]);
    assert!(watched.status.success() && watched.stdout.is_empty());
}
