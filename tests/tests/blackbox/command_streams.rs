//! `strongroom encrypt` and `strongroom decrypt`: pipes, files, people, and what a refusal says.

use std::fs;
use std::path::Path;
use std::process::Output;

use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;
use strongroom_tests::server;

use super::command_line::{run, text};

on_each_database!(
    a_pipe_is_sealed_and_opened,
    a_refused_or_altered_decrypt_leaves_no_file,
    a_file_locked_to_a_person_opens_for_her_alone,
);

const ACME: [&str; 2] = ["--context", "tenant=acme"];

/// Runs a command that talks to the room's server, with this on its standard input.
fn pipe(room: &Room, arguments: &[&str], input: &[u8]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("api.key");
    fs::write(&key, &room.api_key).unwrap();
    let url = &room.server.sheet().url;
    let connection = ["--url", url, "--api-key-file", text(&key)];
    server::run_with_input(&[arguments, &connection].concat(), input).unwrap()
}

async fn a_pipe_is_sealed_and_opened(room: Room) {
    let plaintext: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let sealed = pipe(&room, &[&["encrypt"], &ACME[..]].concat(), &plaintext);
    assert!(sealed.status.success(), "{sealed:?}");
    assert!(sealed.stdout.len() > plaintext.len());
    for input in [&[][..], &["-"]] {
        let arguments = [&["decrypt"], &ACME[..], input].concat();
        let opened = pipe(&room, &arguments, &sealed.stdout);
        assert!(opened.status.success() && opened.stdout == plaintext);
    }
}

/// Opens into a file, which is to be refused: the file is not there, or what it was, and nothing is
/// beside it. Returns what was said.
fn refused(room: &Room, context: &str, sealed: &[u8], before: Option<&[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let opened = folder.path().join("opened");
    if let Some(before) = before {
        fs::write(&opened, before).unwrap();
    }
    let arguments = ["decrypt", "--context", context, "--output", text(&opened)];
    let output = pipe(room, &arguments, sealed);
    assert!(!output.status.success() && output.stdout.is_empty());
    assert_eq!(fs::read(&opened).ok().as_deref(), before);
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, usize::from(before.is_some()));
    String::from_utf8(output.stderr).unwrap()
}

async fn a_refused_or_altered_decrypt_leaves_no_file(room: Room) {
    let seal = [&["encrypt"], &ACME[..]].concat();
    let sealed = pipe(&room, &seal, &vec![7; 200_000]).stdout;
    let mut altered = sealed.clone();
    let place = sealed.len() - 1000;
    altered[place] ^= 1;
    let cut = &sealed[..place];
    let entry = format!("log entry {}/", room.workspace);
    for before in [None, Some(&b"earlier"[..])] {
        let said = refused(&room, "tenant=other", &sealed, before);
        assert!(said.contains(&entry), "{said}");
        for spoiled in [&altered, cut] {
            let said = refused(&room, "tenant=acme", spoiled, before);
            assert!(
                said.contains("did not open to its end: it was altered or cut"),
                "{said}"
            );
            assert!(said.contains(&entry), "{said}");
        }
    }
}

async fn a_file_locked_to_a_person_opens_for_her_alone(room: Room) {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let (value, sealed, opened) = (place("value"), place("sealed"), place("opened"));
    fs::write(&value, "for alice only").unwrap();
    for person in ["alice", "bob"] {
        fs::write(place(person), room.token(person).await).unwrap();
    }
    let by = |command: &str, token: Option<&Path>, more: &[&str]| {
        let token = token.map(|path| ["--identity-token-file", text(path)]);
        let token = token.as_ref().map_or(&[][..], |token| &token[..]);
        run(&room, &[&[command], &ACME[..], token, more].concat())
    };
    let (alice, bob) = (place("alice"), place("bob"));
    let files = ["--lock", "sub", text(&value), "--output", text(&sealed)];
    let made = by("encrypt", Some(&alice), &files);
    assert!(made.status.success(), "{made:?}");
    let files = [text(&sealed), "--output", text(&opened)];
    for token in [None, Some(&*bob)] {
        let refused = by("decrypt", token, &files);
        assert!(!refused.status.success() && !opened.exists());
        let said = String::from_utf8(refused.stderr).unwrap();
        let entry = format!("log entry {}/", room.workspace);
        assert!(said.contains(&entry), "{said}");
        if token.is_some() {
            assert!(said.contains("identity_mismatch"), "{said}");
            assert!(said.contains(": sub, log entry"), "{said}");
            assert!(!said.contains("alice") && !said.contains("bob"), "{said}");
        }
    }
    assert!(by("decrypt", Some(&alice), &files).status.success());
    assert_eq!(fs::read(&opened).unwrap(), b"for alice only");
}
