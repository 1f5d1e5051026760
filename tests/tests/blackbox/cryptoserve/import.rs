//! What another's CryptoServe sealed: brought along, opened, sealed again. The database and its ciphertexts are
//! made by `tests/python/test_cryptoserve.py`.

use std::process::Output;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use strongroom_client::EntryFilter;
use strongroom_tests::cryptoserve::{Application, DEVELOPER, decrypt, post, register, user};
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Database, Room};
use strongroom_tests::server::run_with_input;
use strongroom_types::body::PolicyBody;
use strongroom_types::{Format, Operation, Outcome, Reason};
use tempfile::TempDir;

use super::{NOT_OPENED, refused};

on_each_database!(
    what_was_imported_opens_for_the_context_and_format_only,
    an_import_that_broke_off_is_begun_again,
    a_dry_run_writes_nothing,
    a_wrong_master_key_or_salt_is_noticed_before_anything_is_written,
    nothing_relabelled_or_altered_opens_and_each_refusal_looks_alike,
    another_workspace_opens_nothing_of_what_was_imported,
    a_context_policy_closes_formats_of_others,
    guards_read_how_theirs_is_sealed,
    destroying_a_context_destroys_what_was_imported,
    only_administrators_import,
    salts_are_read_from_a_file_too,
);

/// The database of theirs, and ciphertexts of its keys.
pub(super) struct Theirs {
    pub(super) folder: TempDir,
    address: String,
    pub(super) sealed: Value,
}

const VECTORS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../vectors/cryptoserve/database"
);

impl Theirs {
    pub(super) async fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("cryptoserve.db");
        let url = format!("sqlite://{}?mode=rwc", path.display());
        let address = format!("sqlite:///{}", path.display());
        Self::fill(folder, &url, address, |sql| {
            sql.replace("@BLOB", "BLOB").replace("@X'", "X'")
        })
        .await
    }

    async fn postgres() -> Self {
        let url = strongroom_tests::postgres::database("cryptoserve").unwrap();
        let folder = TempDir::new().unwrap();
        Self::fill(folder, &url, url.clone(), |sql| {
            sql.replace("@BLOB", "BYTEA").replace("@X'", "'\\x")
        })
        .await
    }

    pub(super) async fn fill(
        folder: TempDir,
        url: &str,
        address: String,
        dialect: impl Fn(String) -> String,
    ) -> Self {
        install_default_drivers();
        let sql = std::fs::read_to_string(format!("{VECTORS}/contents.sql")).unwrap();
        let pool = AnyPoolOptions::new().max_connections(1);
        let pool = pool.connect(url).await.unwrap();
        for statement in dialect(sql).lines() {
            sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
                .execute(&pool)
                .await
                .unwrap();
        }
        pool.close().await;
        let sealed = std::fs::read(format!("{VECTORS}/ciphertexts.json")).unwrap();
        Self {
            folder,
            address,
            sealed: serde_json::from_slice(&sealed).unwrap(),
        }
    }

    /// Changes their database.
    pub(super) async fn run(&self, sql: &str) {
        let url = self.address.replace("sqlite:///", "sqlite://");
        let pool = AnyPoolOptions::new().max_connections(1);
        let pool = pool.connect(&url).await.unwrap();
        let statement = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()));
        statement.execute(&pool).await.unwrap();
        pool.close().await;
    }

    pub(super) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs the import into a room's workspace.
    fn import(&self, room: &Room, more: &[&str]) -> Output {
        let master = self.file("master.key", self.sealed["master_key"].as_str().unwrap());
        let salt = self.sealed["salt"].as_str().unwrap();
        let key = self.file("api.key", &room.api_key);
        let url = &room.server.sheet().url;
        let mut arguments = vec!["import", "cryptoserve", "--database", &self.address];
        arguments.extend([
            "--master-key-file",
            &master,
            "--salt",
            salt,
            "--tenant",
            "acme",
        ]);
        arguments.extend(["--url", url, "--api-key-file", &key]);
        arguments.extend(more);
        run_with_input(&arguments, b"").unwrap()
    }

    /// Runs the import, which works.
    pub(super) fn imported(&self, room: &Room, more: &[&str]) -> String {
        let output = self.import(room, more);
        let text = [output.stdout.as_slice(), &output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(output.status.success(), "{text}");
        text
    }

    pub(super) fn one(&self, name: &str) -> (&str, &str, Option<&str>) {
        let one = &self.sealed["ciphertexts"][name];
        let text = |field: &str| one[field].as_str();
        let (context, sealed) = (text("context").unwrap(), text("ciphertext").unwrap());
        (context, sealed, text("associated_data"))
    }

    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        STANDARD.decode(self.one(name).1).unwrap()
    }
}

/// Opens what the vectors say is of a context, with its associated data.
pub(super) async fn open(
    room: &Room,
    app: &Application,
    theirs: &Theirs,
    name: &str,
) -> strongroom_tests::reply::Reply {
    let (context, ciphertext, associated_data) = theirs.one(name);
    let body = json!({"context": context, "ciphertext": ciphertext,
        "associated_data": associated_data});
    post(room, "/api/v1/crypto/decrypt", &app.access, &body).await
}

const CONTEXTS: [&str; 3] = ["user-pii", "old-notes", "quantum-ready"];
pub(super) const OPENS: [&str; 11] = [
    "v3",
    "v3-aad",
    "v3-cbc",
    "v3-ccm",
    "v3-chacha",
    "v3-xts",
    "v2",
    "v1",
    "hybrid-768",
    "hybrid-1024",
    "hybrid-chacha",
];
const CLOSED: [&str; 3] = ["v4", "retired", "theirs"];

pub(super) async fn application_of(room: &Room) -> Application {
    Application::of(&register(room, &room.api_key, "app", &CONTEXTS).await)
}

pub(super) async fn all_open(room: &Room, theirs: &Theirs) {
    let app = application_of(room).await;
    for name in OPENS {
        let reply = open(room, &app, theirs, name).await;
        assert_eq!(reply.status, 200, "{name} {reply:?}");
        assert_eq!(
            reply.text("plaintext"),
            theirs.sealed["plaintext"],
            "{name}"
        );
        let entry = room.entry(reply.entry().unwrap()).await;
        assert_eq!(entry.outcome, Outcome::Allowed);
        let format = match name.split_once('-') {
            Some(("hybrid", _)) => "cs-hybrid-v1".to_owned(),
            Some((version, _)) => format!("cs-{version}"),
            None => format!("cs-{name}"),
        };
        assert_eq!(entry.facts["format"], format, "{name}");
    }
    for name in CLOSED {
        let reply = open(room, &app, theirs, name).await;
        assert_eq!(refused(&reply, 400), NOT_OPENED, "{name}");
    }
    let used = EntryFilter {
        operation: Some(Operation::Decrypt),
        ..EntryFilter::default()
    };
    let used = room.entries(used).await;
    assert_eq!(used.len(), OPENS.len() + CLOSED.len());
}

async fn what_was_imported_opens_for_the_context_and_format_only(room: Room) {
    let theirs = Theirs::sqlite().await;
    let said = theirs.imported(&room, &[]);
    for line in [
        "contexts: 3 new, 0 there already",
        "keys: 6 new, 0 replaced, 0 there already",
        "  1 words about their data left out, as unknown",
        "  1 left out, as retired",
        "  left out, opens with no salt: \"ffffffffffffffffffffffffffffffff\"",
    ] {
        assert!(said.contains(line), "{said}");
    }
    all_open(&room, &theirs).await;
    let app = application_of(&room).await;
    let (_, sealed, _) = theirs.one("v3");
    let elsewhere = decrypt(&room, &app.access, "old-notes", sealed).await;
    assert_eq!(refused(&elsewhere, 400), NOT_OPENED);
    // Where it is asked for, the SDK's own opens too.
    theirs.imported(&room, &["--accept-sdk", "--with-retired"]);
    for name in ["v4", "retired"] {
        let reply = open(&room, &app, &theirs, name).await;
        assert_eq!(
            reply.text("plaintext"),
            theirs.sealed["plaintext"],
            "{name}"
        );
    }
    if Database::Postgres.is_tested() {
        let other = Room::open(Arc::clone(&room.server)).await;
        let theirs = Theirs::postgres().await;
        theirs.imported(&other, &[]);
        all_open(&other, &theirs).await;
    }
}

async fn an_import_that_broke_off_is_begun_again(room: Room) {
    let theirs = Theirs::sqlite().await;
    theirs.imported(&room, &[]);
    let again = theirs.imported(&room, &[]);
    for line in [
        "contexts: 0 new, 3 there already",
        "keys: 0 new, 0 replaced, 6 there already",
    ] {
        assert!(again.contains(line), "{again}");
    }
    let tokens = theirs.folder.path().join("tokens.json");
    let replaced = theirs.imported(
        &room,
        &["--replace", "--applications", tokens.to_str().unwrap()],
    );
    assert!(replaced.contains("keys: 0 new, 6 replaced"), "{replaced}");
    assert!(replaced.contains("applications: 1 new"), "{replaced}");
    let tokens: Value = serde_json::from_slice(&std::fs::read(&tokens).unwrap()).unwrap();
    let access = tokens[0]["access_token"].as_str().unwrap();
    let (_, sealed, _) = theirs.one("v3");
    let reply = decrypt(&room, access, "user-pii", sealed).await;
    assert_eq!(reply.text("plaintext"), theirs.sealed["plaintext"]);
    all_open(
        &Room::open(Arc::clone(&room.server)).await.with(&theirs),
        &theirs,
    )
    .await;
}

async fn salts_are_read_from_a_file_too(room: Room) {
    let theirs = Theirs::sqlite().await;
    let salts = theirs.sealed["salt"].as_str().unwrap();
    let file = theirs.file("salts", &format!("{salts}\nanother\n"));
    let master = theirs.file("master.key", theirs.sealed["master_key"].as_str().unwrap());
    let check = theirs.file("check", theirs.one("v2").1);
    let run = |more: &[&str]| {
        let mut arguments = vec!["import", "cryptoserve", "--database", &theirs.address];
        arguments.extend(["--tenant", "acme", "--master-key-file", &master]);
        arguments.extend(["--dry-run", "--check", &check]);
        arguments.extend(more);
        let output = run_with_input(&arguments, b"").unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    };
    let (opened, said) = run(&["--salt-file", &file]);
    assert!(
        opened && said.contains("checked: 1 ciphertexts open"),
        "{said}"
    );
    assert!(!said.contains(salts), "{said}");
    let none = theirs.file("none", "");
    assert!(!run(&["--salt-file", &none]).0);
    let five = theirs.file("five", "a\nb\nc\nd\ne\n");
    let (opened, said) = run(&["--salt-file", &five]);
    assert!(!opened && said.contains("more salts than four"), "{said}");
    drop(room);
}

/// Imports and gives the room back.
trait With {
    fn with(self, theirs: &Theirs) -> Self;
}

impl With for Room {
    fn with(self, theirs: &Theirs) -> Self {
        theirs.imported(&self, &[]);
        self
    }
}

async fn a_dry_run_writes_nothing(room: Room) {
    let theirs = Theirs::sqlite().await;
    let said = theirs.imported(&room, &["--dry-run"]);
    assert!(said.contains("tenant acme, nothing written"), "{said}");
    assert!(said.contains("keys: 6 new"), "{said}");
    let entries = room.entries(EntryFilter::default()).await;
    let changed = |operation: Operation| {
        [Operation::NamedContextCreate, Operation::ImportedKeysPut].contains(&operation)
    };
    assert!(!entries.iter().any(|entry| changed(entry.operation)));
    // The master key is read from its file or the environment, and from nowhere else.
    let without = [
        "import",
        "cryptoserve",
        "--database",
        &theirs.address,
        "--dry-run",
    ];
    assert!(!run_with_input(&without, b"").unwrap().status.success());
}

async fn a_wrong_master_key_or_salt_is_noticed_before_anything_is_written(room: Room) {
    let theirs = Theirs::sqlite().await;
    let lines = ["v3", "v3-aad", "v3-cbc", "hybrid-768"].map(|name| {
        let (_, ciphertext, associated_data) = theirs.one(name);
        json!({"ciphertext": ciphertext, "associated_data": associated_data}).to_string()
    });
    let samples = theirs.file("samples", &lines.join("\n"));
    let check = ["--check", samples.as_str()];
    // One of them is under the salt that is not named then.
    let master = theirs.file("right.key", theirs.sealed["master_key"].as_str().unwrap());
    let (key, url) = (theirs.file("key", &room.api_key), &room.server.sheet().url);
    let mut unsalted = vec!["import", "cryptoserve", "--database", &theirs.address];
    unsalted.extend([
        "--master-key-file",
        &master,
        "--tenant",
        "acme",
        "--url",
        url,
    ]);
    unsalted.extend(["--api-key-file", &key]);
    unsalted.extend(check);
    let output = run_with_input(&unsalted, b"").unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("do not: 3"),
        "{said}"
    );
    let wrong = theirs.file("wrong.key", "another master key");
    let mut forged = unsalted.clone();
    forged[5] = &wrong;
    let output = run_with_input(&forged, b"").unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("0 ciphertexts open"), "{said}");
    let name = "user-pii".parse().unwrap();
    assert!(room.client.named_contexts().describe(&name).await.is_err());
    let said = theirs.imported(&room, &check);
    assert!(said.contains("checked: 4 ciphertexts open"), "{said}");
}

/// The same body behind another header.
fn rewritten(sealed: &[u8], change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
    let length = usize::from(u16::from_be_bytes([sealed[0], sealed[1]]));
    let (header, body) = sealed[2..].split_at(length);
    let mut header: serde_json::Map<String, Value> = serde_json::from_slice(header).unwrap();
    change(&mut header);
    let header = serde_json::to_vec(&header).unwrap();
    let length = u16::try_from(header.len()).unwrap().to_be_bytes();
    STANDARD.encode([&length, header.as_slice(), body].concat())
}

async fn nothing_relabelled_or_altered_opens_and_each_refusal_looks_alike(room: Room) {
    let theirs = Theirs::sqlite().await;
    theirs.imported(&room, &["--accept-sdk"]);
    let app = application_of(&room).await;
    let v3 = theirs.bytes("v3");
    let mut flipped = v3.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let without = |field: &'static str| rewritten(&v3, |header| drop(header.remove(field)));
    let with = |field: &'static str, value: Value| {
        rewritten(&v3, |header| drop(header.insert(field.to_owned(), value)))
    };
    let relabelled = |version: u8, gone: &[&str]| {
        rewritten(&v3, |header| {
            header.insert("v".to_owned(), json!(version));
            for field in gone {
                drop(header.remove(*field));
            }
        })
    };
    let mut attacks = vec![
        (STANDARD.encode(&flipped), None),
        (STANDARD.encode(&v3[..v3.len() - 1]), None),
        (theirs.one("v3-aad").1.to_owned(), Some("cm93IDg=")),
        (theirs.one("v3-aad").1.to_owned(), None),
        (theirs.one("v3").1.to_owned(), Some("cm93IDc=")),
        (with("alg", json!("DES-56-GCM")), None),
        (with("alg", json!("ChaCha20-Poly1305")), None),
        (with("ctx", json!("old-notes")), None),
        (with("kid", json!("key_2")), None),
        (with("kid", json!("key_pii_theirs")), None),
        (with("kid", json!("key_unheard_of")), None),
        (with("nonce", json!(STANDARD.encode([0; 11]))), None),
        (with("nonce", json!(STANDARD.encode([0; 16]))), None),
        (with("kc", json!(STANDARD.encode([0; 32]))), None),
        (relabelled(1, &["kc", "mode"]), None),
        (relabelled(2, &["kc"]), None),
        (relabelled(3, &["kc"]), None),
        ("not base64".to_owned(), None),
    ];
    for field in ["v", "ctx", "kid", "alg", "mode", "nonce", "kc"] {
        attacks.push((without(field), None));
    }
    let mut bodies = std::collections::BTreeSet::new();
    for (ciphertext, associated_data) in attacks {
        let body = json!({"context": "user-pii", "ciphertext": ciphertext,
            "associated_data": associated_data});
        let reply = post(&room, "/api/v1/crypto/decrypt", &app.access, &body).await;
        assert_eq!(refused(&reply, 400), NOT_OPENED, "{ciphertext}");
        let (_, reason) = room.ending(reply.entry().unwrap()).await;
        assert!(reason.is_some());
        let mut body = reply.json();
        body.as_object_mut().unwrap().remove("request_id");
        bodies.insert(body.to_string());
    }
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    // With a header that names the context that is asked for, the key is still another context's.
    let body = json!({"context": "old-notes", "ciphertext": with("ctx", json!("old-notes"))});
    let reply = post(&room, "/api/v1/crypto/decrypt", &app.access, &body).await;
    assert_eq!(refused(&reply, 400), NOT_OPENED);
}

async fn another_workspace_opens_nothing_of_what_was_imported(room: Room) {
    let theirs = Theirs::sqlite().await;
    theirs.imported(&room, &[]);
    let other = Room::open(Arc::clone(&room.server)).await;
    let app = strongroom_tests::cryptoserve::application(&other, &CONTEXTS).await;
    for name in OPENS {
        let reply = open(&other, &app, &theirs, name).await;
        assert_eq!(refused(&reply, 400), NOT_OPENED, "{name}");
        let (_, reason) = other.ending(reply.entry().unwrap()).await;
        assert_eq!(reason, Some(Reason::FormatNotAccepted));
    }
}

async fn a_context_policy_closes_formats_of_others(room: Room) {
    let theirs = Theirs::sqlite().await;
    theirs.imported(&room, &[]);
    let app = application_of(&room).await;
    let policy = |formats| PolicyBody {
        accepted_formats: Some(formats),
        ..serde_json::from_value(json!({"match": {"context": "user-pii"}})).unwrap()
    };
    let policies = room.client.policies();
    let made = policies.create(&policy(vec![Format::Sr1])).await.unwrap();
    let reply = open(&room, &app, &theirs, "v3").await;
    assert_eq!(refused(&reply, 400), NOT_OPENED);
    let both = policy(vec![Format::Sr1, Format::CsV3]);
    policies.replace(made.id, &both).await.unwrap();
    let reply = open(&room, &app, &theirs, "v3").await;
    assert_eq!(reply.text("plaintext"), theirs.sealed["plaintext"]);
}

async fn guards_read_how_theirs_is_sealed(room: Room) {
    let theirs = Theirs::sqlite().await;
    theirs.imported(&room, &[]);
    let app = application_of(&room).await;
    let body = json!({"name": "no-cbc", "rule": "algorithm.name != 'AES-256-CBC'",
        "severity": "block", "message": "CBC is not opened", "operations": ["decrypt"]});
    let made = post(&room, "/api/policies", &room.api_key, &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let reply = open(&room, &app, &theirs, "v3-cbc").await;
    assert!(refused(&reply, 403).contains("no-cbc"), "{reply:?}");
    for name in ["v3", "v3-ccm", "hybrid-768"] {
        let reply = open(&room, &app, &theirs, name).await;
        assert_eq!(reply.status, 200, "{name} {reply:?}");
    }
}

async fn destroying_a_context_destroys_what_was_imported(room: Room) {
    let theirs = Theirs::sqlite().await;
    theirs.imported(&room, &[]);
    let app = application_of(&room).await;
    let named = room.client.named_contexts();
    let id = named
        .describe(&"user-pii".parse().unwrap())
        .await
        .unwrap()
        .id;
    let contexts = room.client.contexts();
    // Rotated, it opens on: what is kept is under the older version until a job moves it.
    contexts.rotate(id).await.unwrap();
    let reply = open(&room, &app, &theirs, "v3").await;
    assert_eq!(reply.text("plaintext"), theirs.sealed["plaintext"]);
    contexts.disable(id).await.unwrap();
    refused(&open(&room, &app, &theirs, "v3").await, 403);
    contexts.enable(id).await.unwrap();
    contexts.destroy(id).await.unwrap();
    refused(&open(&room, &app, &theirs, "v3").await, 400);
}

async fn only_administrators_import(room: Room) {
    strongroom_tests::cryptoserve::declare_all(&room, &["general"]).await;
    let developer = user(&room, &DEVELOPER, &[]).await;
    for (path, body) in [
        ("imported-keys", json!({"keys": []})),
        ("key-bundle", json!({"allowed": true})),
    ] {
        let path = format!("/v1/named-contexts/general/{path}");
        let request = room.anonymous(reqwest::Method::PUT, &path);
        let reply = request.bearer_auth(&developer).json(&body).send();
        assert_eq!(reply.await.unwrap().status(), 403, "{path}");
    }
    let path = "/v1/named-contexts/general/imported-keys";
    for (wrong, status) in [
        (json!({"keys": [{"id": "", "material": ""}]}), 400),
        (json!({"keys": [{"id": "a/1", "material": ""}]}), 400),
        (json!({"keys": [{"id": "a", "material": "AQQBAQ=="}]}), 400),
        (json!({"keys": [], "formats": ["sr1"]}), 400),
        (json!({"keys": [], "formats": ["cs-v9"]}), 400),
    ] {
        let request = room.request(reqwest::Method::PUT, path).json(&wrong);
        assert_eq!(request.send().await.unwrap().status(), status, "{wrong}");
    }
}
