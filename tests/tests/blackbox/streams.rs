//! Streams: of any length, and never a clean end for what was cut or altered.

use core::time::Duration;

use reqwest::Method;
use serde_json::json;
use strongroom_client::{
    Client, ClientError, EntryFilter, StreamError, StreamRequest, StreamSummary,
};
use strongroom_tests::on_each_database;
use strongroom_tests::poll::poll;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::EntryView;
use strongroom_types::{Code, KeyContext, Operation, Outcome, Permission, Reason};

on_each_database!(
    streams_of_every_length_open_again,
    a_stream_has_linked_entries,
    a_locked_stream_opens_for_its_person_only,
    a_cut_or_altered_stream_never_ends_cleanly,
    what_is_wrong_with_the_prefix_is_a_problem_document,
    a_prefix_is_judged_for_who_may_open_only,
    associated_data_binds_a_stream,
    a_caller_who_goes_away_leaves_an_entry,
    malformed_stream_headers_are_refused,
);

/// Of one chunk of ciphertext: 16 KiB and a tag of 16 bytes.
const CHUNK: usize = 16_384 + 16;

async fn seal(client: &Client, plaintext: &[u8]) -> (Vec<u8>, StreamSummary) {
    let mut sealed = Vec::new();
    let request = StreamRequest::new(tenant("acme"));
    let reader = std::io::Cursor::new(plaintext.to_vec());
    let summary = client
        .encrypt_copy(request, reader, &mut sealed)
        .await
        .unwrap();
    (sealed, summary)
}

async fn open(client: &Client, sealed: Vec<u8>) -> (Vec<u8>, Result<StreamSummary, ClientError>) {
    open_under(client, tenant("acme"), sealed).await
}

async fn open_under(
    client: &Client,
    map: KeyContext,
    sealed: Vec<u8>,
) -> (Vec<u8>, Result<StreamSummary, ClientError>) {
    let mut opened = Vec::new();
    let reader = std::io::Cursor::new(sealed);
    let result = client
        .decrypt_copy(StreamRequest::new(map), reader, &mut opened)
        .await;
    (opened, result)
}

fn plaintext(bytes: usize) -> Vec<u8> {
    (0..=250).cycle().take(bytes).collect()
}

async fn streams_of_every_length_open_again(room: Room) {
    for bytes in [0, 1, 16_383, 16_384, 16_385, 5 * 1024 * 1024] {
        let value = plaintext(bytes);
        let (sealed, summary) = seal(&room.client, &value).await;
        assert_eq!(summary.bytes, sealed.len() as u64);
        let (opened, result) = open(&room.client, sealed).await;
        assert_eq!(result.unwrap().bytes, bytes as u64);
        assert!(opened == value, "{bytes} bytes");
    }
}

/// The entry that is linked to a stream's, once it is there.
async fn ending(room: &Room, summary: &StreamSummary) -> EntryView {
    let index = summary.log_entry.unwrap().index;
    let linked = async || {
        let all = room.entries(EntryFilter::default()).await;
        all.into_iter().find(|entry| entry.of == Some(index))
    };
    poll(linked).await
}

async fn a_stream_has_linked_entries(room: Room) {
    let (sealed, summary) = seal(&room.client, &plaintext(40_000)).await;
    let begun = room.entry(summary.log_entry.unwrap()).await;
    assert_eq!(
        (begun.operation, begun.outcome),
        (Operation::StreamEncrypt, Outcome::Allowed)
    );
    assert_eq!(begun.key_context, Some(tenant("acme")));
    let ended = ending(&room, &summary).await;
    assert_eq!(
        (ended.operation, ended.outcome),
        (Operation::StreamEncrypt, Outcome::Completed)
    );
    assert_eq!(ended.facts["bytes"], sealed.len().to_string());
    let (_, result) = open(&room.client, sealed).await;
    let opened = room.entry(result.unwrap().log_entry.unwrap()).await;
    assert_eq!(
        (opened.operation, opened.outcome),
        (Operation::StreamDecrypt, Outcome::Allowed)
    );
}

async fn a_locked_stream_opens_for_its_person_only(room: Room) {
    let alice = room.person("alice").await;
    let (sealed, _) = seal(&alice, b"for alice").await;
    assert_eq!(open(&alice, sealed.clone()).await.0, b"for alice");
    let expected = (403, Code::IdentityMismatch);
    let (_, refused) = open(&room.person("bob").await, sealed.clone()).await;
    room.assert_refused(refused, expected, Reason::LockNotMet)
        .await;
    let (opened, refused) = open(&room.client, sealed).await;
    assert_eq!(opened, b"");
    room.assert_refused(refused, expected, Reason::IdentityMissing)
        .await;
}

/// Each way to spoil a stream of three chunks and a part of a fourth.
fn spoiled(sealed: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let prefix = sealed.len() - (3 * CHUNK + 1000 + 16);
    let cut = |bytes: usize| sealed[..bytes].to_vec();
    let chunk = |n: usize| &sealed[prefix + n * CHUNK..prefix + (n + 1) * CHUNK];
    let last = &sealed[prefix + 3 * CHUNK..];
    let with = |parts: &[&[u8]]| [&[&sealed[..prefix]], parts].concat().concat();
    let flipped = |at: usize| {
        let mut copy = sealed.to_vec();
        copy[at] ^= 1;
        copy
    };
    vec![
        ("cut after the prefix", cut(prefix)),
        ("cut within a chunk", cut(prefix + CHUNK + 5000)),
        ("cut between chunks", cut(prefix + 2 * CHUNK)),
        ("without its final chunk", cut(prefix + 3 * CHUNK)),
        ("one byte short", cut(sealed.len() - 1)),
        ("one byte longer", [sealed, &[0]].concat()),
        (
            "chunks swapped",
            with(&[chunk(1), chunk(0), chunk(2), last]),
        ),
        ("a chunk left out", with(&[chunk(0), chunk(2), last])),
        (
            "a chunk twice",
            with(&[chunk(0), chunk(0), chunk(1), chunk(2), last]),
        ),
        (
            "final chunk in the middle",
            with(&[chunk(0), last, chunk(2)]),
        ),
        ("first chunk altered", flipped(prefix + 100)),
        ("final chunk altered", flipped(sealed.len() - 1)),
    ]
}

async fn a_cut_or_altered_stream_never_ends_cleanly(room: Room) {
    let value = plaintext(3 * 16_384 + 1000);
    let (sealed, _) = seal(&room.client, &value).await;
    for (what, spoiled) in spoiled(&sealed) {
        let (opened, result) = open(&room.client, spoiled).await;
        let Err(error) = result else { panic!("{what}") };
        assert!(
            value.starts_with(&opened) && opened.len() < value.len(),
            "{what}"
        );
        match &error {
            // The connection ends with the stream, perhaps before the head of the answer was sent.
            ClientError::Stream(StreamError::BrokeOff { .. }) | ClientError::Transport(_) => {}
            ClientError::Refused(refusal) => {
                assert_eq!(refusal.code(), Code::CannotDecrypt, "{what}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }
    let failed = async || {
        let all = room.entries(EntryFilter::default()).await;
        let failed = all
            .iter()
            .filter(|entry| entry.operation == Operation::StreamDecrypt);
        let failed = failed.filter(|entry| entry.outcome == Outcome::Failed);
        let failed: Vec<_> = failed.map(|entry| entry.reason).collect();
        (failed.len() == spoiled(&sealed).len()).then_some(failed)
    };
    for reason in poll(failed).await {
        assert_eq!(reason, Some(Reason::Altered));
    }
}

async fn what_is_wrong_with_the_prefix_is_a_problem_document(room: Room) {
    let (sealed, _) = seal(&room.client, &plaintext(100)).await;
    let cannot = (400, Code::CannotDecrypt);
    let (_, refused) = open(&room.client, Vec::new()).await;
    let expected = (400, Code::InvalidRequest);
    room.assert_refused(refused, expected, Reason::InvalidRequest)
        .await;
    let (_, refused) = open(&room.client, sealed[..40].to_vec()).await;
    room.assert_refused(refused, cannot, Reason::Malformed)
        .await;
    let (_, refused) = open(&room.client, vec![0xff; 1000]).await;
    room.assert_refused(refused, cannot, Reason::Malformed)
        .await;
    let (_, refused) = open_under(&room.client, tenant("other"), sealed).await;
    let expected = (400, Code::ContextMismatch);
    room.assert_refused(refused, expected, Reason::ContextMismatch)
        .await;
}

async fn a_prefix_is_judged_for_who_may_open_only(room: Room) {
    let (sealed, _) = seal(&room.client, &plaintext(100)).await;
    let expected = (403, Code::PermissionDenied);
    let (other, _) = room.make_client(&[Permission::Encrypt], &[&[]]).await;
    for body in [sealed.clone(), sealed[..40].to_vec(), vec![0xff; 1000]] {
        let (_, refused) = open(&other, body.clone()).await;
        room.assert_refused(refused, expected, Reason::PermissionMissing)
            .await;
        let (request, mut moved) = (StreamRequest::new(tenant("acme")), Vec::new());
        let refused = other.rewrap_copy(request, &body[..], &mut moved).await;
        room.assert_refused(refused, expected, Reason::PermissionMissing)
            .await;
    }
}

async fn associated_data_binds_a_stream(room: Room) {
    let request = |associated_data: &[u8]| StreamRequest {
        associated_data: associated_data.to_vec(),
        ..StreamRequest::new(tenant("acme"))
    };
    let mut sealed = Vec::new();
    let reader = std::io::Cursor::new(b"v".to_vec());
    room.client
        .encrypt_copy(request(b"name"), reader, &mut sealed)
        .await
        .unwrap();
    for (associated_data, opens) in [(&b"name"[..], true), (b"", false), (b"nam", false)] {
        let (mut opened, reader) = (Vec::new(), std::io::Cursor::new(sealed.clone()));
        let result = room
            .client
            .decrypt_copy(request(associated_data), reader, &mut opened)
            .await;
        assert_eq!(result.is_ok(), opens);
        assert_eq!(opened, if opens { &b"v"[..] } else { b"" });
    }
}

async fn a_caller_who_goes_away_leaves_an_entry(room: Room) {
    let chunks = futures(plaintext(200_000));
    let request = StreamRequest::new(tenant("acme"));
    let stream = room.client.encrypt_stream(request, chunks).await.unwrap();
    let index = stream.log_entry().unwrap().index;
    drop(stream);
    let linked = async || {
        let all = room.entries(EntryFilter::default()).await;
        all.into_iter().find(|entry| entry.of == Some(index))
    };
    let ended = tokio::time::timeout(Duration::from_mins(1), poll(linked))
        .await
        .unwrap();
    assert_eq!(
        (ended.outcome, ended.reason),
        (Outcome::Failed, Some(Reason::Aborted))
    );
}

/// A body that never ends after its bytes.
fn futures(
    bytes: Vec<u8>,
) -> impl futures_util::Stream<Item = std::io::Result<bytes::Bytes>> + Send + 'static {
    use futures_util::StreamExt as _;
    let first = futures_util::stream::iter([Ok(bytes::Bytes::from(bytes))]);
    first.chain(futures_util::stream::pending())
}

async fn malformed_stream_headers_are_refused(room: Room) {
    let encode = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    let good = encode(&json!({"tenant": "acme"}).to_string());
    let name = "strongroom-key-context";
    let cases: Vec<Vec<(&str, String)>> = vec![
        vec![],
        vec![(name, "{}".to_owned())],
        vec![(name, encode("{}"))],
        vec![(name, encode(r#"{"a":1}"#))],
        vec![(name, encode(r#"{"a":"1","a":"2"}"#))],
        vec![(name, good.trim_end_matches('=').to_owned() + "*")],
        vec![(name, good.clone()), (name, good.clone())],
        vec![
            (name, good.clone()),
            ("strongroom-lock", encode(r#"["exp"]"#)),
        ],
        vec![(name, good.clone()), ("strongroom-lock", "sub".to_owned())],
        vec![
            (name, good.clone()),
            ("strongroom-associated-data", "%".to_owned()),
        ],
        vec![(name, good), ("strongroom-metadata", encode("[]"))],
    ];
    for headers in cases {
        let request = room.request(Method::POST, "/v1/stream/encrypt");
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, value)
        });
        let reply = Reply::of(request.body("plaintext")).await;
        let expected = (400, "invalid_request");
        room.assert_problem(&reply, expected, Reason::InvalidRequest)
            .await;
    }
}
