//! What another's CryptoServe sealed, sealed again as `sr1`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use strongroom_tests::cryptoserve::{opened, post};
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;
use strongroom_tests::server::run_with_input;
use strongroom_types::Code;
use strongroom_types::body::{ImportedItem, ImportedRewrap, ItemResult};

use super::import::{Theirs, application_of};

on_each_database!(
    what_may_not_seal_seals_nothing_again,
    ciphertexts_are_sealed_again_and_rejects_are_named,
);

async fn what_may_not_seal_seals_nothing_again(room: Room) {
    let theirs = Theirs::sqlite().await;
    theirs.imported(&room, &[]);
    let (context, ciphertext) = ("user-pii".parse().unwrap(), theirs.bytes("v3"));
    let again = async || {
        let items = vec![ImportedItem {
            ciphertext: ciphertext.clone().into(),
            associated_data: None,
        }];
        let named = room.client.named_contexts();
        let answer = named.rewrap(&context, &ImportedRewrap { items }).await;
        match &answer.unwrap().results[0] {
            ItemResult::Ok(_) => None,
            ItemResult::Err { error } => Some(error.code),
        }
    };
    assert_eq!(again().await, None);
    let body = json!({"name": "shut", "rule": "false", "severity": "block",
        "message": "nothing is sealed", "operations": ["encrypt"]});
    let made = post(&room, "/api/policies", &room.api_key, &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(again().await, Some(Code::PolicyDenied));
}

async fn ciphertexts_are_sealed_again_and_rejects_are_named(room: Room) {
    let theirs = Theirs::sqlite().await;
    theirs.imported(&room, &[]);
    let app = application_of(&room).await;
    let (_, v3, _) = theirs.one("v3");
    let (_, with_aad, aad) = theirs.one("v3-aad");
    let (_, stolen, _) = theirs.one("theirs");
    let lines = [
        v3.to_owned(),
        json!({"ciphertext": with_aad, "associated_data": aad}).to_string(),
        stolen.to_owned(),
        theirs.one("v3-cbc").1.to_owned(),
    ];
    let input = theirs.file("input", &(lines.join("\n") + "\n"));
    let output = theirs.folder.path().join("output");
    let output = output.to_str().unwrap();
    let key = theirs.file("api.key", &room.api_key);
    let url = room.server.sheet().url.clone();
    let run = || {
        let arguments = [
            "import",
            "cryptoserve-ciphertexts",
            "--context",
            "user-pii",
            "--url",
            &url,
            "--api-key-file",
            &key,
            &input,
            output,
        ];
        run_with_input(&arguments, b"").unwrap()
    };
    let first = run();
    assert!(!first.status.success(), "{first:?}");
    let said = String::from_utf8(first.stdout).unwrap();
    assert_eq!(said, "sealed again 3, rejected 1, done before 0\n");
    let rejected = std::fs::read_to_string(format!("{output}.rejected")).unwrap();
    assert_eq!(rejected, "{\"line\":3,\"code\":\"cannot_decrypt\"}\n");
    let sealed = std::fs::read_to_string(output).unwrap();
    let sealed_lines: Vec<&str> = sealed.lines().collect();
    assert_eq!((sealed_lines.len(), sealed_lines[2]), (4, ""));
    for (at, aad) in [(0, None), (1, aad), (3, None)] {
        let body = json!({"context": "user-pii", "ciphertext": sealed_lines[at],
            "associated_data": aad});
        let reply = post(&room, "/api/v1/crypto/decrypt", &app.access, &body).await;
        let text = STANDARD
            .decode(theirs.sealed["plaintext"].as_str().unwrap())
            .unwrap();
        assert_eq!(opened(&reply).as_bytes(), text);
        let sealed = STANDARD.decode(sealed_lines[at]).unwrap();
        assert_eq!(sealed[4..8], *b"sr1\0");
    }
    // A line that was cut is done again, and nothing else.
    std::fs::write(output, &sealed[..sealed.len() - 10]).unwrap();
    let again = String::from_utf8(run().stdout).unwrap();
    assert_eq!(again, "sealed again 1, rejected 1, done before 3\n");
    // What is rejected stays so, and a rejection ahead of the output is not named twice.
    let two = sealed_lines[..2].join("\n") + "\n";
    std::fs::write(output, two).unwrap();
    let again = run();
    assert!(!again.status.success());
    let again = String::from_utf8(again.stdout).unwrap();
    assert_eq!(again, "sealed again 1, rejected 1, done before 2\n");
    let again = run();
    assert!(!again.status.success());
    let again = String::from_utf8(again.stdout).unwrap();
    assert_eq!(again, "sealed again 0, rejected 1, done before 4\n");
    let rejected = std::fs::read_to_string(format!("{output}.rejected")).unwrap();
    assert_eq!(rejected, "{\"line\":3,\"code\":\"cannot_decrypt\"}\n");
}
