//! `strongroom store …`: a sealed store from making it to destroying it.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;
use tempfile::TempDir;

use super::command_line::{run, text};

on_each_database!(
    a_store_is_made_written_read_and_destroyed,
    records_are_kept_and_read_together,
    names_are_listed_of_who_asks_for_it,
    slots_are_listed_added_changed_and_removed,
    a_passphrase_opens_a_store,
    an_older_state_is_refused_by_who_remembers,
);

/// A folder for secrets and values, and the server.
struct Desk {
    room: Room,
    folder: TempDir,
}

/// How a command ended.
struct Ended {
    ok: bool,
    printed: String,
    said: String,
}

impl Desk {
    fn new(room: Room) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { room, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.file(name), content).unwrap();
        text(&self.file(name)).to_owned()
    }

    fn store(&self, arguments: &[&str]) -> Ended {
        let output = run(&self.room, &[&["store"], arguments].concat());
        let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ended {
            ok: output.status.success(),
            printed: words(&output.stdout),
            said: words(&output.stderr),
        }
    }

    /// Makes a store, and a file with its secret.
    fn create(&self, store: &str) -> String {
        let made = self.store(&["create", store]);
        assert!(made.ok, "{}", made.said);
        assert!(made.printed.starts_with("sks_"));
        self.write("vault.secret", made.printed)
    }

    fn get(&self, name: &str, key: &[&str]) -> Ended {
        self.store(&[&["get", "vault", name], key].concat())
    }

    fn set(&self, name: &str, value: &str, key: &[&str]) -> Ended {
        let value = self.write("value", value);
        self.store(&[&["set", "vault", name, &value], key].concat())
    }
}

async fn a_store_is_made_written_read_and_destroyed(room: Room) {
    let desk = Desk::new(room);
    let secret = desk.create("vault");
    let key = ["--secret-file", &secret[..]];
    assert!(!desk.store(&["create", "vault"]).ok);
    assert!(desk.set("stripe/key", "one", &key).ok);
    let got = desk.get("stripe/key", &key);
    assert_eq!((got.ok, &got.printed[..]), (true, "one"));
    assert!(got.said.contains("freshness: unverified"), "{}", got.said);
    let create_only = [&key[..], &["--check", "0"]].concat();
    assert!(!desk.set("stripe/key", "two", &create_only).ok);
    assert!(desk.set("stripe/key", "two", &key).ok);
    let older = [&key[..], &["--version", "1"]].concat();
    assert_eq!(desk.get("stripe/key", &older).printed, "one");
    let restore = ["restore", "vault", "stripe/key", "1"];
    assert!(desk.store(&[&restore[..], &key].concat()).ok);
    assert_eq!(desk.get("stripe/key", &key).printed, "one");
    let log_key = desk.room.server.sheet().log_public_key.clone();
    let confirming = [&key[..], &["--log-key", &log_key]].concat();
    let got = desk.get("stripe/key", &confirming);
    assert!(
        got.ok && got.said.contains("change 3 was the newest at 20"),
        "{}",
        got.said
    );
    let listed = desk.store(&["list"]).printed;
    assert!(listed.contains("\"vault\"") && !listed.contains("stripe"));
    let delete = ["delete", "vault", "stripe/key"];
    assert!(desk.store(&[&delete[..], &key].concat()).ok);
    assert!(!desk.get("stripe/key", &key).ok);
    let wrong = desk.write("wrong", "sks_nothing");
    assert!(!desk.get("stripe/key", &["--secret-file", &wrong]).ok);
    assert!(!desk.store(&["destroy", "vault"]).ok);
    assert!(desk.store(&["destroy", "vault", "--forever"]).ok);
    assert!(!desk.set("stripe/key", "v", &key).ok);
}

async fn records_are_kept_and_read_together(room: Room) {
    let desk = Desk::new(room);
    let secret = desk.create("vault");
    let key = ["--secret-file", &secret[..]];
    let mset = |records: Value| {
        let input = desk.write("records", records.to_string());
        desk.store(&[&["mset", "vault", &input], &key[..]].concat())
            .ok
    };
    let mget = |names: &[&str]| -> Value {
        let got = desk.store(&[&["mget", "vault"], names, &key].concat());
        serde_json::from_str(&got.printed).unwrap()
    };
    assert!(mset(json!({"a": "1", "b": "", "c": "3"})));
    assert!(mset(json!({"a": "new", "c": null, "never": null})));
    let shown = mget(&["a", "b", "c"]);
    assert_eq!(
        shown,
        json!([
            {"name": "a", "version": 2, "value": "new", "base64": null},
            {"name": "b", "version": 1, "value": "", "base64": null},
            {"name": "c", "version": 0, "value": null, "base64": null},
        ])
    );
    fs::write(desk.file("value"), [0xff, 0]).unwrap();
    let value = desk.file("value");
    assert!(
        desk.store(&[&["set", "vault", "bytes", text(&value)], &key[..]].concat())
            .ok
    );
    assert_eq!(mget(&["bytes"])[0]["base64"], "/wA=");
    // What expires is kept until then; a time that is over, or none, is refused.
    let until = |time: &str| {
        let set = ["set", "vault", "later", text(&value), "--expires", time];
        desk.store(&[&set, &key[..]].concat()).ok
    };
    assert!(until("2100-01-01T00:00:00Z"));
    assert_eq!(mget(&["later"])[0]["base64"], "/wA=");
    assert!(!until("1999-01-01T00:00:00Z") && !until("tomorrow"));
    assert!(!mset(json!(["a"])) && !mset(json!({"a": 1})) && !mset(json!({"": "empty"})));
}

async fn names_are_listed_of_who_asks_for_it(room: Room) {
    let desk = Desk::new(room);
    let secret = desk.create("vault");
    let key = ["--secret-file", &secret[..]];
    let indexed = [&key[..], &["--index"]].concat();
    assert!(desk.set("b", "2", &indexed).ok);
    assert!(desk.set("a\nb", "1", &indexed).ok);
    assert!(desk.set("not listed", "3", &key).ok);
    let input = desk.write("records", json!({"c": "3", "b": null}).to_string());
    let mset = ["mset", "vault", &input];
    assert!(desk.store(&[&mset[..], &indexed].concat()).ok);
    let names = || -> Value {
        let listed = desk.store(&[&["names", "vault"], &key[..]].concat());
        serde_json::from_str(&listed.printed).unwrap()
    };
    assert_eq!(names(), json!(["a\nb", "c"]));
    assert!(
        desk.store(&[&["delete", "vault", "c"], &indexed[..]].concat())
            .ok
    );
    assert_eq!(names(), json!(["a\nb"]));
    let check = [&indexed[..], &["--check", "0"]].concat();
    assert!(!desk.set("d", "4", &check).ok);
}

async fn slots_are_listed_added_changed_and_removed(room: Room) {
    let desk = Desk::new(room);
    let secret = desk.create("vault");
    let key = ["--secret-file", &secret[..]];
    assert!(desk.set("n", "v", &key).ok);
    let slot = |command: &str| desk.store(&[&[command, "vault", "machine"], &key[..]].concat());
    let first = slot("add-slot");
    assert!(first.ok);
    assert!(!slot("add-slot").ok);
    let second = slot("change-slot");
    assert!(second.ok && second.printed != first.printed);
    let listed: Value = serde_json::from_str(&desk.store(&["slots", "vault"]).printed).unwrap();
    assert_eq!(
        listed,
        json!([
            {"slot": "machine", "kind": "secret", "epoch": 1},
            {"slot": "main", "kind": "secret", "epoch": 1},
        ])
    );
    let old = desk.write("old", first.printed);
    let new = desk.write("new", second.printed);
    let by = |file: &str| desk.get("n", &["--slot", "machine", "--secret-file", file]);
    assert!(!by(&old).ok);
    assert_eq!(by(&new).printed, "v");
    assert!(desk.store(&["remove-slot", "vault", "machine"]).ok);
    assert!(!by(&new).ok);
    assert_eq!(desk.get("n", &key).printed, "v");
}

async fn a_passphrase_opens_a_store(room: Room) {
    let desk = Desk::new(room);
    let right = desk.write("right", "correct horse battery staple");
    let wrong = desk.write("wrong", "correct horse battery stable");
    let short = desk.write("short", "too short");
    let create = |file: &str| desk.store(&["create", "vault", "--passphrase-file", file]);
    assert!(!create(&short).ok);
    // A refused passphrase leaves no store that nothing opens.
    let made = create(&right);
    assert!(made.ok && made.printed.is_empty(), "{}", made.said);
    let key = ["--passphrase-file", &right[..]];
    assert!(desk.set("n", "v", &key).ok);
    assert_eq!(desk.get("n", &key).printed, "v");
    assert!(!desk.get("n", &["--passphrase-file", &wrong]).ok);
    assert!(!desk.get("n", &[]).ok);
}

async fn an_older_state_is_refused_by_who_remembers(room: Room) {
    let desk = Desk::new(room);
    let secret = desk.create("vault");
    let seen = desk.file("vault.seen");
    let key = ["--secret-file", &secret[..], "--memory", text(&seen)];
    assert!(desk.set("n", "v", &key).ok);
    let got = desk.get("n", &key);
    assert!(got.ok && !got.said.contains("unverified"), "{}", got.said);
    // As if a later state had been seen: the server's is older now.
    let memory = fs::read_to_string(&seen).unwrap();
    let later = memory.replace("\"sequence\":1", "\"sequence\":9");
    assert_ne!(later, memory);
    fs::write(&seen, later).unwrap();
    let got = desk.get("n", &key);
    assert!(!got.ok && got.printed.is_empty());
    assert!(got.said.contains("change 9 was seen"), "{}", got.said);
}
