//! Who steals the database, or reads the directory of the server, finds no names and no secrets.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use strongroom_client::{EntryFilter, ObjectFilter, StreamRequest};
use strongroom_tests::cryptoserve::{Application, declare_all, encrypt, refresh, register};
use strongroom_tests::hex;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Database, Room, context};
use strongroom_tests::token::{SigningKey, key_set};
use strongroom_types::body::{
    ClientCreate, DataKeyCreate, DecryptRequest, EncryptRequest, IssuerCreate, IssuerKeys,
    ObjectCreate, ObjectDelete, ObjectRead, ObjectUpdate, PolicyBody, WorkspaceCreate,
};
use strongroom_types::{ContextPattern, KeyContext, Lock, Metadata, Permission, base32};

/// What the API was given, each found nowhere else: names, context keys and values, claims, notes.
const TOLD: &[&str] = &[
    "zqTenantKey",
    "zqTenantValue",
    "zqPlaintext",
    "zqAssociated",
    "zqSubject",
    "zqTeam",
    "zqMetadata",
    "zqClientName",
    "zqWorkspaceName",
    "zqPolicyKey",
    "zqPolicyValue",
    "zqAllowedKey",
    "zqAllowedValue",
    "zqStream",
    "zqDenied",
    "zqAgent",
    "zqIssuer",
    "zqAudience",
    "zqObjectName",
    "zqObjectValue",
    "zqObjectOld",
    "zqIdempotency",
    "zqApplication",
];

#[tokio::test]
async fn the_directory_of_the_server_holds_no_name_and_no_secret() {
    let mut room = Room::open(Arc::new(Database::Sqlite.start())).await;
    let mut secrets = use_everything(&room).await;
    room.client.log().checkpoint().await.unwrap();
    let data = room.server.data().to_owned();
    // The write-ahead log is there while the server runs, and may be gone when it has stopped.
    assert_nothing_readable(&data, &secrets);
    room.own_server().kill().unwrap();
    assert_nothing_readable(&data, &secrets);
    // The search finds what is there: the workspace's id is no secret.
    secrets = vec![
        room.workspace.as_bytes().to_vec(),
        room.workspace.to_string().into_bytes(),
    ];
    assert!(
        files(&data)
            .iter()
            .any(|path| found_in(path, &secrets).is_some())
    );
}

/// Uses each part of the API with the words of [`TOLD`], and returns what must stay secret.
async fn use_everything(room: &Room) -> Vec<Vec<u8>> {
    let mut secrets: Vec<Vec<u8>> = TOLD.iter().map(|word| word.as_bytes().to_vec()).collect();
    let jwt = room
        .token_with("zqSubject", json!({"team": "zqTeam"}))
        .await;
    let person = room.client.with_lock_context(&jwt);
    let map = context(&[("zqTenantKey", "zqTenantValue")]);
    let request = EncryptRequest {
        lock: serde_json::from_value::<Lock>(json!(["sub", "team"])).unwrap(),
        associated_data: Some("zqAssociated".into()),
        metadata: Some(Metadata::new(json!({"zqMetadata": 1})).unwrap()),
        ..EncryptRequest::new(map.clone(), "zqPlaintext")
    };
    let sealed = person.encrypt(request).await.unwrap();
    let request = DecryptRequest {
        associated_data: Some("zqAssociated".into()),
        ..DecryptRequest::new(map.clone(), sealed.ciphertext)
    };
    assert_eq!(
        person.decrypt(request).await.unwrap().plaintext.0,
        b"zqPlaintext"
    );
    let key = person
        .create_data_key(DataKeyCreate::new(map.clone()))
        .await
        .unwrap();
    secrets.push(key.plaintext.unwrap().0);
    secrets.extend(make_a_repeatable_data_key(room).await);
    let reader = std::io::Cursor::new(b"zqStream".to_vec());
    let request = StreamRequest::new(map.clone());
    room.client
        .encrypt_copy(request, reader, &mut Vec::new())
        .await
        .unwrap();
    keep_objects(room, map.clone()).await;
    let denied = DecryptRequest::new(context(&[("k", "zqDenied")]), "x");
    room.client.decrypt(denied).await.unwrap_err();
    let exchanged = room.client.exchange_token(&jwt).await.unwrap().access_token;
    let filter = EntryFilter {
        subject: Some("zqSubject".to_owned()),
        issuer: Some("zqIssuer".to_owned()),
        key_context: Some(map),
        ..EntryFilter::default()
    };
    room.entries(filter).await;
    let agent = room
        .request(reqwest::Method::GET, "/v1/clients")
        .header("user-agent", "zqAgent");
    assert_eq!(agent.send().await.unwrap().status(), 200);
    secrets.extend(administer(room).await);
    for token in [&jwt, &exchanged] {
        secrets.push(token.rsplit('.').next().unwrap().as_bytes().to_vec());
    }
    secrets
}

/// Makes a data key under an Idempotency-Key and gets it a second time: what remembers it is neither
/// the key nor its base64.
async fn make_a_repeatable_data_key(room: &Room) -> [Vec<u8>; 2] {
    let body = json!({"key_context": {"zqTenantKey": "zqTenantValue"}});
    let make = || {
        let request = room.request(reqwest::Method::POST, "/v1/data-keys");
        let request = request.header("idempotency-key", "zqIdempotency");
        Reply::of(request.json(&body))
    };
    let (first, again) = (make().await, make().await);
    assert_eq!(first.text("plaintext"), again.text("plaintext"));
    let base64 = first.text("plaintext");
    [STANDARD.decode(&base64).unwrap(), base64.into_bytes()]
}

async fn keep_objects(room: &Room, map: KeyContext) {
    let objects = room.client.objects();
    let request = ObjectCreate::new(map, "zqObjectName", "zqObjectOld");
    let made = objects.create(request).await.unwrap();
    let update = ObjectUpdate::new("zqObjectValue");
    objects.update(made.id, update).await.unwrap();
    let which = ObjectRead::by_name("zqObjectName");
    assert_eq!(
        objects.read(&which).await.unwrap().value.unwrap().0,
        b"zqObjectValue"
    );
    let filter = ObjectFilter {
        name: Some("zqObjectName".to_owned()),
        ..ObjectFilter::default()
    };
    assert_eq!(objects.list(&filter).await.unwrap().items.len(), 1);
    objects.destroy_version(made.id, 1).await.unwrap();
    objects
        .delete(made.id, ObjectDelete::default())
        .await
        .unwrap();
}

async fn administer(room: &Room) -> Vec<Vec<u8>> {
    let client = ClientCreate {
        name: "zqClientName".to_owned(),
        permissions: vec![Permission::Encrypt],
        allowed_contexts: vec![ContextPattern::new([("zqAllowedKey", "zqAllowedValue")]).unwrap()],
        expires_in: None,
    };
    let created = room.client.clients().create(&client).await.unwrap();
    let policy = PolicyBody::of(ContextPattern::new([("zqPolicyKey", "zqPolicyValue")]).unwrap());
    room.client.policies().create(&policy).await.unwrap();
    let workspace = WorkspaceCreate {
        name: "zqWorkspaceName".to_owned(),
        context_quota: None,
    };
    let workspace = room.system().workspaces().create(&workspace).await.unwrap();
    let issuer = IssuerCreate {
        issuer: "https://zqIssuer.example".to_owned(),
        keys: IssuerKeys::Jwks(key_set(&[&SigningKey::ed25519("k", 1)])),
        audiences: vec!["zqAudience".to_owned()],
        sign_in_audience: None,
        clock_skew_s: None,
        display_claims: Vec::new(),
    };
    room.client.issuers().create(&issuer).await.unwrap();
    let mut secrets = [
        created.api_key.secret,
        workspace.api_key.secret,
        room.api_key.clone(),
    ]
    .map(String::into_bytes)
    .to_vec();
    secrets.extend(register_an_application(room).await);
    secrets
}

/// Refresh tokens as they are shown and the bytes that are secret in them, and what signed access tokens.
async fn register_an_application(room: &Room) -> Vec<Vec<u8>> {
    declare_all(room, &["general"]).await;
    let made = register(room, &room.api_key, "zqApplication", &["general"]).await;
    let first = Application::of(&made);
    let renewed = refresh(room, &first.refresh).await;
    let (access, successor) = (renewed.text("access_token"), renewed.text("refresh_token"));
    encrypt(room, &access, "general", "zqPlaintext").await;
    let mut secrets = Vec::new();
    for token in [&first.refresh, &successor] {
        let bytes = base32::decode(token.strip_prefix("srr_").unwrap()).unwrap();
        assert_eq!(bytes.len(), 64);
        secrets.push(bytes[32..].to_vec());
        secrets.push(token.clone().into_bytes());
    }
    for token in [&first.access, &access] {
        secrets.push(token.rsplit('.').next().unwrap().as_bytes().to_vec());
    }
    secrets
}

/// All files of the directory but the two that hold secrets by design: the root key, and the keys
/// of development mode, which `serve` does not have.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.ends_with("dev.json") && !path.ends_with("root.key") {
            found.push(path);
        }
    }
    found
}

fn assert_nothing_readable(folder: &Path, secrets: &[Vec<u8>]) {
    let files = files(folder);
    assert!(files.iter().any(|path| path.ends_with("strongroom.db")));
    for path in files {
        let found = found_in(&path, secrets);
        let found = found.map(|secret| String::from_utf8_lossy(secret).into_owned());
        assert_eq!(found, None, "in {}", path.display());
    }
}

/// The first secret that stands in the file: as it is, in hexadecimal or in base64.
///
/// A checkpoint is written beside the one that it replaces, and may be renamed since it was found.
fn found_in<'a>(path: &Path, secrets: &'a [Vec<u8>]) -> Option<&'a [u8]> {
    let content = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        content => content.unwrap(),
    };
    let lower = content.to_ascii_lowercase();
    let holds = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|window| window == part);
    let is_in = |secret: &&Vec<u8>| {
        holds(&lower, &secret.to_ascii_lowercase())
            || holds(&lower, hex::encode(secret).as_bytes())
            || holds(
                &content,
                STANDARD.encode(secret).trim_end_matches('=').as_bytes(),
            )
            || holds(&content, URL_SAFE_NO_PAD.encode(secret).as_bytes())
    };
    secrets.iter().find(is_in).map(Vec::as_slice)
}
