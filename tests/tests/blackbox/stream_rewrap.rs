//! Stored streams on their way to the active version of their key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use strongroom_client::{Client, ClientError, StreamRequest, StreamSummary};
use strongroom_crypto::envelope::Envelope;
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::{ContextState, DataKeyCreate, EncryptRequest};
use strongroom_types::{Code, ContextId, KeyContext, KeyVersion, Operation, Permission, Reason};

on_each_database!(
    a_moved_stream_opens_without_its_old_key,
    the_answer_says_how_much_it_replaces,
    a_stream_moves_under_its_own_key_context_only,
    an_altered_prefix_does_not_move,
    only_streams_move,
    what_is_no_beginning_of_a_stream_is_refused,
    moving_needs_the_permission_to_rewrap,
    a_disabled_key_moves_nothing,
);

const CANNOT_DECRYPT: (u16, Code) = (400, Code::CannotDecrypt);

/// More than the part of it that goes to the server.
fn plaintext() -> Vec<u8> {
    (0..=250).cycle().take(200_000).collect()
}

async fn seal(client: &Client, plaintext: Vec<u8>) -> Vec<u8> {
    let mut sealed = Vec::new();
    let request = StreamRequest::new(tenant("acme"));
    client
        .encrypt_copy(request, std::io::Cursor::new(plaintext), &mut sealed)
        .await
        .unwrap();
    sealed
}

async fn open(client: &Client, sealed: &[u8]) -> Result<Vec<u8>, ClientError> {
    let mut opened = Vec::new();
    let reader = std::io::Cursor::new(sealed.to_vec());
    let request = StreamRequest::new(tenant("acme"));
    client.decrypt_copy(request, reader, &mut opened).await?;
    Ok(opened)
}

async fn moved_under(
    client: &Client,
    map: KeyContext,
    sealed: &[u8],
) -> Result<(Vec<u8>, StreamSummary), ClientError> {
    let mut moved = Vec::new();
    let request = StreamRequest::new(map);
    let summary = client.rewrap_copy(request, sealed, &mut moved).await?;
    Ok((moved, summary))
}

async fn moved(client: &Client, sealed: &[u8]) -> Result<(Vec<u8>, StreamSummary), ClientError> {
    moved_under(client, tenant("acme"), sealed).await
}

/// Rotates the key of the stream and gives its key context.
async fn rotate(room: &Room, sealed: &[u8]) -> ContextId {
    let id = Envelope::parse(sealed).unwrap().header.context;
    room.client.contexts().rotate(id).await.unwrap();
    id
}

async fn a_moved_stream_opens_without_its_old_key(room: Room) {
    let alice = room.person("alice").await;
    let sealed = seal(&alice, plaintext()).await;
    let id = rotate(&room, &sealed).await;
    let (mover, _) = room.make_client(&[Permission::Rewrap], &[&[]]).await;
    let (moved, summary) = moved(&mover, &sealed).await.unwrap();
    assert_eq!(summary.bytes, moved.len() as u64);

    let entry = room.entry(summary.log_entry.unwrap()).await;
    assert_eq!(entry.operation, Operation::StreamRewrap);
    assert_eq!(entry.key_context, Some(tenant("acme")));
    assert_eq!(entry.key.unwrap().version, KeyVersion(1));
    assert_eq!(entry.facts["moved_to"], "2");

    let (old, new) = (
        Envelope::parse(&sealed).unwrap(),
        Envelope::parse(&moved).unwrap(),
    );
    assert_eq!(new.header_bytes, old.header_bytes);
    assert!(new.body == old.body, "the content is not touched");
    let contexts = room.client.contexts();
    contexts.destroy_version(id, KeyVersion(1)).await.unwrap();
    assert!(open(&alice, &moved).await.unwrap() == plaintext());
    // What is refused is not read to its end: the beginning is enough to be refused by.
    let refused = open(&alice, &sealed[..old.prefix_bytes()]).await;
    room.assert_refused(refused, CANNOT_DECRYPT, Reason::KeyVersionUnknown)
        .await;
    let refused = open(&room.person("bob").await, &moved[..new.prefix_bytes()]).await;
    let expected = (403, Code::IdentityMismatch);
    room.assert_refused(refused, expected, Reason::LockNotMet)
        .await;
}

fn context_header() -> String {
    STANDARD.encode(r#"{"tenant":"acme"}"#)
}

async fn post(room: &Room, body: &[u8]) -> Reply {
    let request = room
        .request(Method::POST, "/v1/stream/rewrap")
        .header("strongroom-key-context", context_header());
    Reply::of(request.body(body.to_vec())).await
}

async fn the_answer_says_how_much_it_replaces(room: Room) {
    let sealed = seal(&room.client, plaintext()).await;
    rotate(&room, &sealed).await;
    let prefix = Envelope::parse(&sealed).unwrap().prefix_bytes();
    for body in [&sealed[..prefix], &sealed[..=prefix], &sealed[..65_536]] {
        let reply = post(&room, body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(
            reply.header("content-type"),
            Some("application/octet-stream")
        );
        let replaced: usize = reply
            .header("strongroom-replaced-bytes")
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(replaced, prefix);
        let entry = room.entry(reply.entry().unwrap()).await;
        assert_eq!(entry.operation, Operation::StreamRewrap);
        let whole = [&reply.body, &sealed[replaced..]].concat();
        assert!(open(&room.client, &whole).await.unwrap() == plaintext());
    }
}

async fn a_stream_moves_under_its_own_key_context_only(room: Room) {
    let sealed = seal(&room.client, b"v".to_vec()).await;
    let refused = moved_under(&room.client, tenant("other"), &sealed).await;
    let expected = (400, Code::ContextMismatch);
    room.assert_refused(refused, expected, Reason::ContextMismatch)
        .await;
    let other: &[&[(&str, &str)]] = &[&[("tenant", "other")]];
    let (narrow, _) = room.make_client(&[Permission::Rewrap], other).await;
    let refused = moved(&narrow, &sealed).await;
    let expected = (404, Code::ContextNotFound);
    room.assert_refused(refused, expected, Reason::ContextNotAllowed)
        .await;
    let refused = moved_under(&narrow, tenant("other"), &sealed).await;
    room.assert_refused(refused, CANNOT_DECRYPT, Reason::ContextNotAllowed)
        .await;
}

async fn an_altered_prefix_does_not_move(room: Room) {
    let sealed = seal(&room.person("alice").await, b"v".to_vec()).await;
    let prefix = Envelope::parse(&sealed).unwrap().prefix_bytes();
    for at in 0..prefix {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        let refused = moved(&room.client, &altered).await.unwrap_err();
        let code = refused.refusal().unwrap().code();
        let expected = [Code::CannotDecrypt, Code::ContextMismatch];
        assert!(expected.contains(&code), "byte {at}: {refused}");
    }
    assert!(moved(&room.client, &sealed).await.is_ok());
}

async fn only_streams_move(room: Room) {
    let request = EncryptRequest::new(tenant("acme"), "v");
    let value = room.client.encrypt(request).await.unwrap().ciphertext.0;
    let alice = room.person("alice").await;
    let request = EncryptRequest::new(tenant("acme"), "v");
    let locked = alice.encrypt(request).await.unwrap().ciphertext.0;
    let request = DataKeyCreate::new(tenant("acme"));
    let key = room.client.create_data_key(request).await.unwrap();
    for other in [value, locked, key.wrapped_key.0] {
        let refused = moved(&room.client, &other).await;
        room.assert_refused(refused, CANNOT_DECRYPT, Reason::OtherPurpose)
            .await;
    }
}

async fn what_is_no_beginning_of_a_stream_is_refused(room: Room) {
    let sealed = seal(&room.client, b"v".to_vec()).await;
    let prefix = Envelope::parse(&sealed).unwrap().prefix_bytes();
    for (body, code, reason) in [
        (&b""[..], "invalid_request", Reason::InvalidRequest),
        (&sealed[..3], "cannot_decrypt", Reason::Malformed),
        (&sealed[..prefix - 1], "cannot_decrypt", Reason::Malformed),
        (&vec![0xff; 100_000], "cannot_decrypt", Reason::Malformed),
    ] {
        let reply = post(&room, body).await;
        room.assert_problem(&reply, (400, code), reason).await;
    }
    for extra in ["strongroom-lock", "strongroom-associated-data"] {
        let request = room
            .request(Method::POST, "/v1/stream/rewrap")
            .header("strongroom-key-context", context_header())
            .header(extra, STANDARD.encode(r#"["sub"]"#));
        let reply = Reply::of(request.body(sealed.clone())).await;
        let expected = (400, "invalid_request");
        room.assert_problem(&reply, expected, Reason::InvalidRequest)
            .await;
    }
}

async fn moving_needs_the_permission_to_rewrap(room: Room) {
    let sealed = seal(&room.client, b"v".to_vec()).await;
    let others: Vec<_> = Permission::ALL
        .iter()
        .copied()
        .filter(|permission| *permission != Permission::Rewrap)
        .filter(|permission| *permission != Permission::AdminWorkspaces)
        .collect();
    let (other, _) = room.make_client(&others, &[&[]]).await;
    let refused = moved(&other, &sealed).await;
    let expected = (403, Code::PermissionDenied);
    room.assert_refused(refused, expected, Reason::PermissionMissing)
        .await;
    let anonymous = room
        .anonymous(Method::POST, "/v1/stream/rewrap")
        .header("strongroom-key-context", context_header());
    let reply = Reply::of(anonymous.body(sealed)).await;
    reply.assert_problem(401, "unauthenticated");
}

async fn a_disabled_key_moves_nothing(room: Room) {
    let sealed = seal(&room.client, b"v".to_vec()).await;
    let id = rotate(&room, &sealed).await;
    let contexts = room.client.contexts();
    let disabled = contexts.disable(id).await.unwrap();
    assert_eq!(disabled.state, ContextState::Disabled);
    let refused = moved(&room.client, &sealed).await;
    let expected = (409, Code::KeyDisabled);
    room.assert_refused(refused, expected, Reason::KeyDisabled)
        .await;
    contexts.enable(id).await.unwrap();
    assert!(moved(&room.client, &sealed).await.is_ok());
}
