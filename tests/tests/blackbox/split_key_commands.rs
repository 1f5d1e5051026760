//! `strongroom split-key …`: from a keyset's first share to a value that another client opens.

use std::fs;

use serde_json::Value;
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;
use strongroom_tests::server;
use strongroom_types::Permission;
use tempfile::TempDir;

use super::command_line::text;

on_each_database!(a_keyset_is_begun_joined_used_and_revoked);

/// A folder for credentials and values, and the server.
struct Desk {
    room: Room,
    folder: TempDir,
}

impl Desk {
    fn path(&self, name: &str) -> String {
        text(&self.folder.path().join(name)).to_owned()
    }

    /// What a command of the client with this API key printed and said; `None` if it failed.
    fn run_as(&self, api_key: &str, arguments: &[&str]) -> Option<(String, String)> {
        let key_file = self.path("api.key");
        fs::write(&key_file, api_key).unwrap();
        let url = &self.room.server.sheet().url;
        let connection = ["--url", url, "--api-key-file", &key_file];
        offline(&[arguments, &connection].concat())
    }

    fn run(&self, arguments: &[&str]) -> Option<(String, String)> {
        self.run_as(&self.room.api_key, arguments)
    }

    /// Keeps what a command printed in a file.
    fn keep(&self, name: &str, printed: &str) -> String {
        let path = self.path(name);
        fs::write(&path, printed).unwrap();
        path
    }
}

fn offline(arguments: &[&str]) -> Option<(String, String)> {
    let output = server::run(&[&["split-key"], arguments].concat()).unwrap();
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = (words(&output.stdout), words(&output.stderr));
    output.status.success().then_some(said)
}

async fn a_keyset_is_begun_joined_used_and_revoked(room: Room) {
    let (_, other) = room.make_client(&[Permission::SplitKeysUse], &[&[]]).await;
    let other = other.api_key.secret;
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk { room, folder };
    let (declared, _) = desk.run(&["declare", "tenants/acme"]).unwrap();
    let declared: Value = serde_json::from_str(&declared).unwrap();
    let keyset = declared["id"].as_str().unwrap();
    let granting = desk.path("granting");
    let begin = ["begin", keyset, "--new-granting-key", &granting];
    let mine = desk.keep("mine", &desk.run(&begin).unwrap().0);
    let (key, said) = desk.run_as(&other, &["register"]).unwrap();
    let key = desk.keep("key", &key);
    let words: Vec<_> = said.split([' ', ',', '\n']).collect();
    let word = |begin: &str| *words.iter().find(|word| word.starts_with(begin)).unwrap();
    let (client, fingerprint) = (word("cl_"), word("skf_"));
    let held = ["--credential", &mine, "--granting-key", &granting];
    let grant = [&["grant", client, fingerprint], &held[..]].concat();
    let (pin, _) = desk.run(&grant).unwrap();
    let join = ["join", pin.trim(), "--key", &key];
    let theirs = desk.keep("theirs", &offline(&join).unwrap().0);
    let (place, value) = (
        ["--table", "t", "--column", "c"],
        desk.keep("value", "a value"),
    );
    let sealed = desk.path("sealed");
    let seal = ["seal", "--credential", &theirs, &value, "-o", &sealed];
    desk.run_as(&other, &[&seal, &place[..]].concat()).unwrap();
    let open = ["open", "--credential", &mine, &sealed];
    let (opened, _) = desk.run(&[&open, &place[..]].concat()).unwrap();
    assert_eq!(opened, "a value");
    let elsewhere = ["--table", "t", "--column", "d"];
    assert!(desk.run(&[&open, &elsewhere[..]].concat()).is_none());
    let (newer, _) = desk.run(&[&["new-epoch"], &held[..]].concat()).unwrap();
    let newer = desk.keep("newer", &newer);
    let open_newer = ["open", "--credential", &newer, &sealed];
    assert!(desk.run(&[&open_newer, &place[..]].concat()).is_some());
    let (listed, _) = desk.run(&["grants", keyset]).unwrap();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    desk.run(&["revoke", keyset, client]).unwrap();
    let open = ["open", "--credential", &theirs, &sealed];
    assert!(desk.run_as(&other, &[&open, &place[..]].concat()).is_none());
}
