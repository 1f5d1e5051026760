//! Ciphertexts that are altered, cut, spliced, renamed and brought to the wrong door.

use std::collections::BTreeSet;

use reqwest::header::HeaderName;
use serde_json::json;
use strongroom_client::{Client, ClientError, StreamRequest};
use strongroom_crypto::envelope::{Envelope, Header};
use strongroom_tests::on_each_database;
use strongroom_tests::room::{Room, tenant};
use strongroom_types::body::{
    DataKeyCreate, DataKeyRewrap, DataKeyUnwrap, DecryptAnswer, DecryptRequest, EncryptRequest,
    RewrapRequest,
};
use strongroom_types::{Bytes, Code, KeyContext, Lock, Mode, Permission, Purpose, Reason, Suite};

on_each_database!(
    a_value_cut_at_any_length_does_not_open,
    a_value_with_any_byte_flipped_does_not_open,
    a_locked_value_with_any_byte_flipped_does_not_open,
    trailing_bytes_are_refused,
    a_ciphertext_of_another_workspace_does_not_open,
    a_wrong_context_is_told_only_to_who_may_use_both,
    the_named_context_must_be_the_callers,
    parts_of_other_messages_do_not_fit,
    a_header_without_its_lock_does_not_open,
    a_header_with_another_lock_does_not_open,
    a_header_with_other_rules_does_not_open,
    each_endpoint_opens_its_own_purpose_only,
    a_relabelled_purpose_does_not_open,
    rewrap_refuses_what_decrypt_refuses,
    rewrap_of_a_locked_value_refuses_what_it_can_tell,
    every_undecryptable_ciphertext_gets_one_answer,
);

async fn seal(client: &Client, map: &KeyContext, value: &str) -> Vec<u8> {
    let request = EncryptRequest::new(map.clone(), value);
    client.encrypt(request).await.unwrap().ciphertext.0
}

async fn open(
    client: &Client,
    map: &KeyContext,
    blob: impl Into<Bytes>,
) -> Result<DecryptAnswer, ClientError> {
    client.decrypt(DecryptRequest::new(map.clone(), blob)).await
}

const CANNOT_DECRYPT: (u16, Code) = (400, Code::CannotDecrypt);

async fn a_value_cut_at_any_length_does_not_open(room: Room) {
    let map = tenant("acme");
    let sealed = seal(&room.client, &map, "short").await;
    for bytes in 0..sealed.len() {
        let refused = open(&room.client, &map, &sealed[..bytes]).await;
        assert!(
            refused.unwrap_err().is_cannot_decrypt(),
            "{bytes} of {} bytes",
            sealed.len()
        );
    }
    assert!(open(&room.client, &map, sealed).await.is_ok());
}

fn flipped(sealed: &[u8], at: usize) -> Vec<u8> {
    let mut copy = sealed.to_vec();
    copy[at] ^= 1;
    copy
}

async fn a_value_with_any_byte_flipped_does_not_open(room: Room) {
    let map = tenant("acme");
    let sealed = seal(&room.client, &map, "short").await;
    for at in 0..sealed.len() {
        let refused = open(&room.client, &map, flipped(&sealed, at)).await;
        assert!(refused.unwrap_err().is_cannot_decrypt(), "byte {at}");
    }
}

async fn a_locked_value_with_any_byte_flipped_does_not_open(room: Room) {
    let (map, alice) = (tenant("acme"), room.person("alice").await);
    let sealed = seal(&alice, &map, "short").await;
    for at in 0..sealed.len() {
        // An altered lock, or lock tag, cannot be told from another person's.
        let refused = open(&alice, &map, flipped(&sealed, at)).await.unwrap_err();
        let said = refused.is_cannot_decrypt() || refused.is_identity_mismatch();
        assert!(said, "byte {at}: {refused:?}");
    }
    assert!(open(&alice, &map, sealed).await.is_ok());
}

async fn trailing_bytes_are_refused(room: Room) {
    let map = tenant("acme");
    let sealed = seal(&room.client, &map, "v").await;
    for more in [vec![0], vec![0; 16], vec![0xff; 100_000], sealed.clone()] {
        let longer = [sealed.clone(), more].concat();
        let refused = open(&room.client, &map, longer).await;
        assert!(refused.unwrap_err().is_cannot_decrypt());
    }
    let made = room
        .client
        .create_data_key(DataKeyCreate::new(map.clone()))
        .await
        .unwrap();
    let longer = [made.wrapped_key.0.as_slice(), b"\0"].concat();
    let refused = room
        .client
        .unwrap_data_key(DataKeyUnwrap::new(map, longer))
        .await;
    room.assert_refused(refused, CANNOT_DECRYPT, Reason::Malformed)
        .await;
}

async fn a_ciphertext_of_another_workspace_does_not_open(room: Room) {
    let map = tenant("acme");
    let other = room.server.second_client().unwrap();
    let theirs = seal(&other, &map, "theirs").await;
    let refused = open(&room.client, &map, theirs.clone()).await;
    room.assert_refused(refused, CANNOT_DECRYPT, Reason::OtherWorkspace)
        .await;
    // With our workspace and our context id put in.
    let ours = seal(&room.client, &map, "ours").await;
    let header = Envelope::parse(&ours).unwrap().header;
    let forged = with_header(
        &theirs,
        &Header {
            mode: Mode::Derived,
            ..header
        },
    );
    let refused = open(&room.client, &map, forged).await;
    room.assert_refused(refused, CANNOT_DECRYPT, Reason::Altered)
        .await;
    assert!(open(&other, &map, theirs).await.is_ok());
}

async fn a_wrong_context_is_told_only_to_who_may_use_both(room: Room) {
    let sealed = seal(&room.client, &tenant("acme"), "v").await;
    let refused = open(&room.client, &tenant("other"), sealed.clone()).await;
    let mismatch = (400, Code::ContextMismatch);
    room.assert_refused(refused, mismatch, Reason::ContextMismatch)
        .await;
    let permissions = [Permission::Decrypt];
    let (narrow, _) = room
        .make_client(&permissions, &[&[("tenant", "other")]])
        .await;
    let refused = open(&narrow, &tenant("other"), sealed).await;
    room.assert_refused(refused, CANNOT_DECRYPT, Reason::ContextNotAllowed)
        .await;
}

async fn the_named_context_must_be_the_callers(room: Room) {
    let sealed = seal(&room.client, &tenant("acme"), "v").await;
    let (narrow, _) = room
        .make_client(&[Permission::Decrypt], &[&[("tenant", "other")]])
        .await;
    let refused = open(&narrow, &tenant("acme"), sealed).await;
    let expected = (404, Code::ContextNotFound);
    room.assert_refused(refused, expected, Reason::ContextNotAllowed)
        .await;
}

/// Header, key part and body, each with its own length before it where the format has one.
fn parts(blob: &[u8]) -> [Vec<u8>; 3] {
    let envelope = Envelope::parse(blob).unwrap();
    let header = 4 + envelope.header_bytes.len();
    let prefix = envelope.prefix_bytes();
    [
        blob[..header].to_vec(),
        blob[header..prefix].to_vec(),
        blob[prefix..].to_vec(),
    ]
}

/// The same message under another header.
fn with_header(blob: &[u8], header: &Header) -> Vec<u8> {
    let [_, key_part, body] = parts(blob);
    let header = header.encode().unwrap();
    let length = u32::try_from(header.len()).unwrap().to_be_bytes();
    [length.as_slice(), &header, &key_part, &body].concat()
}

async fn parts_of_other_messages_do_not_fit(room: Room) {
    let (map, alice) = (tenant("acme"), room.person("alice").await);
    for client in [&room.client, &alice] {
        let one = parts(&seal(client, &map, "one").await);
        let two = parts(&seal(client, &map, "two").await);
        let from = |choice: [usize; 3]| {
            let part = |n: usize| if choice[n] == 0 { &one[n] } else { &two[n] };
            [part(0).as_slice(), part(1), part(2)].concat()
        };
        assert!(open(client, &map, from([0, 0, 0])).await.is_ok());
        for choice in [
            [0, 0, 1],
            [0, 1, 0],
            [0, 1, 1],
            [1, 0, 0],
            [1, 0, 1],
            [1, 1, 0],
        ] {
            let spliced = from(choice);
            if spliced == from([0, 0, 0]) || spliced == from([1, 1, 1]) {
                // Unlocked values of one key have the same header and key part.
                continue;
            }
            let refused = open(client, &map, spliced).await;
            room.assert_refused(refused, CANNOT_DECRYPT, Reason::Altered)
                .await;
        }
    }
}

async fn a_header_without_its_lock_does_not_open(room: Room) {
    let (map, alice) = (tenant("acme"), room.person("alice").await);
    let sealed = seal(&alice, &map, "for alice").await;
    let header = Envelope::parse(&sealed).unwrap().header;
    let unlocked = with_header(
        &sealed,
        &Header {
            lock: None,
            ..header
        },
    );
    for client in [&room.client, &alice, &room.person("bob").await] {
        let refused = open(client, &map, unlocked.clone()).await;
        room.assert_refused(refused, CANNOT_DECRYPT, Reason::Altered)
            .await;
    }
}

async fn a_header_with_another_lock_does_not_open(room: Room) {
    let map = tenant("acme");
    let alice = room.token_with("alice", json!({"team": "blue"})).await;
    let alice = room.client.with_lock_context(&alice);
    let bob = room.token_with("bob", json!({"team": "blue"})).await;
    let bob = room.client.with_lock_context(&bob);
    let sealed = seal(&alice, &map, "for alice").await;
    let header = Envelope::parse(&sealed).unwrap().header;
    let of_bob = Envelope::parse(&seal(&bob, &map, "for bob").await)
        .unwrap()
        .header;
    for terms in [
        json!(["team"]),
        json!(["sub", "team"]),
        json!([{"claim": "sub", "has": "x"}]),
    ] {
        let terms: Lock = serde_json::from_value(terms).unwrap();
        let mut lock = header.lock.clone().unwrap();
        lock.lock = terms;
        let header = Header {
            lock: Some(lock),
            ..header.clone()
        };
        let relocked = with_header(&sealed, &header);
        for client in [&alice, &bob] {
            let refused = open(client, &map, relocked.clone()).await;
            let expected = (403, Code::IdentityMismatch);
            room.assert_refused(refused, expected, Reason::LockNotMet)
                .await;
        }
    }
    // Bob's own lock, with its good tag, on a message for Alice: the tag lets him in, the keys not.
    let stolen = with_header(&sealed, &of_bob);
    let refused = open(&bob, &map, stolen).await;
    room.assert_refused(refused, CANNOT_DECRYPT, Reason::Altered)
        .await;
}

async fn a_header_with_other_rules_does_not_open(room: Room) {
    let map = tenant("acme");
    let sealed = seal(&room.client, &map, "v").await;
    let header = Envelope::parse(&sealed).unwrap().header;
    for suite in Suite::ALL {
        if *suite != header.suite {
            let other = Header {
                suite: *suite,
                ..header.clone()
            };
            let refused = open(&room.client, &map, with_header(&sealed, &other)).await;
            room.assert_refused(refused, CANNOT_DECRYPT, Reason::Altered)
                .await;
        }
    }
    let wrapped = Header {
        mode: Mode::Wrapped,
        ..header
    };
    let refused = open(&room.client, &map, with_header(&sealed, &wrapped)).await;
    room.assert_refused(refused, CANNOT_DECRYPT, Reason::Malformed)
        .await;
}

async fn seal_stream(client: &Client, map: &KeyContext) -> Vec<u8> {
    let mut sealed = Vec::new();
    let reader = std::io::Cursor::new(b"file".to_vec());
    let request = StreamRequest::new(map.clone());
    client
        .encrypt_copy(request, reader, &mut sealed)
        .await
        .unwrap();
    sealed
}

async fn open_stream(client: &Client, map: &KeyContext, blob: Vec<u8>) -> Result<(), ClientError> {
    let (reader, mut opened) = (std::io::Cursor::new(blob), Vec::new());
    let request = StreamRequest::new(map.clone());
    let result = client.decrypt_copy(request, reader, &mut opened).await;
    assert_eq!(opened, b"");
    result.map(drop)
}

async fn unwrap_data_key(
    client: &Client,
    map: &KeyContext,
    blob: &[u8],
) -> Result<(), ClientError> {
    client
        .unwrap_data_key(DataKeyUnwrap::new(map.clone(), blob))
        .await
        .map(drop)
}

async fn each_endpoint_opens_its_own_purpose_only(room: Room) {
    let (client, map) = (&room.client, &tenant("acme"));
    let value = seal(client, map, "v").await;
    let file = seal_stream(client, map).await;
    let made = client
        .create_data_key(DataKeyCreate::new(map.clone()))
        .await
        .unwrap();
    let key = made.wrapped_key.0;
    let prefix = Envelope::parse(&file).unwrap().prefix_bytes();
    let file_key = file[..prefix].to_vec();
    for refused in [
        open(client, map, file.clone()).await.map(drop),
        open(client, map, key.clone()).await.map(drop),
        unwrap_data_key(client, map, &value).await,
        unwrap_data_key(client, map, &file).await,
        unwrap_data_key(client, map, &file_key).await,
        open_stream(client, map, value.clone()).await,
        open_stream(client, map, key.clone()).await,
        client
            .rewrap(RewrapRequest::new(map.clone(), key.clone()))
            .await
            .map(drop),
        client
            .rewrap_data_key(DataKeyRewrap::new(map.clone(), value))
            .await
            .map(drop),
        client
            .rewrap_data_key(DataKeyRewrap::new(map.clone(), file_key))
            .await
            .map(drop),
    ] {
        room.assert_refused(refused, CANNOT_DECRYPT, Reason::OtherPurpose)
            .await;
    }
}

async fn a_relabelled_purpose_does_not_open(room: Room) {
    let (map, alice) = (&tenant("acme"), room.person("alice").await);
    for client in [&room.client, &alice] {
        let file = seal_stream(client, map).await;
        let made = client
            .create_data_key(DataKeyCreate::new(map.clone()))
            .await
            .unwrap();
        let relabel = |blob: &[u8], purpose| {
            let header = Envelope::parse(blob).unwrap().header;
            with_header(blob, &Header { purpose, ..header })
        };
        let prefix = Envelope::parse(&file).unwrap().prefix_bytes();
        let file_key = relabel(&file[..prefix], Purpose::DataKey);
        for refused in [
            unwrap_data_key(client, map, &file_key).await,
            open(client, map, relabel(&file, Purpose::Value))
                .await
                .map(drop),
            open(client, map, relabel(&made.wrapped_key.0, Purpose::Value))
                .await
                .map(drop),
        ] {
            // A lock tag is of its purpose too.
            let refused = refused.unwrap_err();
            assert!(
                refused.is_cannot_decrypt() || refused.is_identity_mismatch(),
                "{refused:?}"
            );
        }
    }
}

async fn rewrap_refuses_what_decrypt_refuses(room: Room) {
    let map = tenant("acme");
    let (client, alice) = (&room.client, room.person("alice").await);
    let sealed = seal(client, &map, "v").await;
    let locked = seal(&alice, &map, "v").await;
    client
        .contexts()
        .rotate(client_key(client, &map).await)
        .await
        .unwrap();
    let rewrap = |map: KeyContext, blob: Vec<u8>| client.rewrap(RewrapRequest::new(map, blob));
    for blob in [
        flipped(&sealed, sealed.len() - 1),
        flipped(&locked, locked.len() / 3),
    ] {
        let refused = rewrap(map.clone(), blob).await;
        assert!(refused.unwrap_err().is_cannot_decrypt());
    }
    let refused = rewrap(tenant("other"), sealed).await;
    assert!(refused.unwrap_err().is_context_mismatch());
    assert!(rewrap(map, locked).await.is_ok());
}

async fn client_key(client: &Client, map: &KeyContext) -> strongroom_types::ContextId {
    let request = EncryptRequest::new(map.clone(), "v");
    client.encrypt(request).await.unwrap().key.id
}

/// Nobody's claims are there to open a locked value: header and key part are vouched for, the body is not,
/// but for the length that it has at least.
async fn rewrap_of_a_locked_value_refuses_what_it_can_tell(room: Room) {
    let (map, alice) = (tenant("acme"), room.person("alice").await);
    let least = seal(&alice, &map, "").await;
    let key = client_key(&room.client, &map).await;
    room.client.contexts().rotate(key).await.unwrap();
    let prefix = Envelope::parse(&least).unwrap().prefix_bytes();
    let rewrap = |blob: Vec<u8>| room.client.rewrap(RewrapRequest::new(map.clone(), blob));
    for at in 0..prefix {
        let refused = rewrap(flipped(&least, at)).await.unwrap_err();
        assert!(refused.is_cannot_decrypt(), "byte {at}: {refused:?}");
    }
    for bytes in 0..least.len() {
        let refused = rewrap(least[..bytes].to_vec()).await.unwrap_err();
        assert!(refused.is_cannot_decrypt(), "{bytes} bytes: {refused:?}");
    }
    let moved = rewrap(least.clone()).await.unwrap().ciphertext;
    assert!(open(&alice, &map, moved).await.is_ok());
    // What was altered behind is moved, and still opens for nobody.
    let altered = rewrap(flipped(&least, prefix)).await.unwrap().ciphertext;
    let refused = open(&alice, &map, altered).await.unwrap_err();
    assert!(refused.is_cannot_decrypt());
}

async fn every_undecryptable_ciphertext_gets_one_answer(room: Room) {
    let map = tenant("acme");
    let other = room.server.second_client().unwrap();
    let old = seal(&room.client, &map, "v").await;
    let contexts = room.client.contexts();
    let id = client_key(&room.client, &map).await;
    contexts.rotate(id).await.unwrap();
    contexts
        .destroy_version(id, strongroom_types::KeyVersion(1))
        .await
        .unwrap();
    let sealed = seal(&room.client, &map, "v").await;
    let header = Envelope::parse(&sealed).unwrap().header;
    let mut unknown = header.clone();
    unknown.context = strongroom_types::ContextId::from_bytes([7; 32]);
    let faults = [
        (Reason::NotOurs, b"\0\0\0\x04CSv1\0\0\0\0".to_vec()),
        (Reason::Malformed, sealed[..50].to_vec()),
        (Reason::Altered, flipped(&sealed, sealed.len() - 1)),
        (Reason::OtherWorkspace, seal(&other, &map, "v").await),
        (Reason::OtherPurpose, seal_stream(&room.client, &map).await),
        (Reason::ContextNotAllowed, with_header(&sealed, &unknown)),
        (Reason::KeyVersionUnknown, old),
    ];
    let mut answers = BTreeSet::new();
    for (reason, blob) in faults {
        let body = DecryptRequest::new(map.clone(), blob);
        let reply = room
            .post("/v1/decrypt", serde_json::to_string(&body).unwrap())
            .await;
        room.assert_problem(&reply, (400, "cannot_decrypt"), reason)
            .await;
        let mut headers: Vec<_> = reply.headers.keys().map(HeaderName::as_str).collect();
        headers.sort_unstable();
        answers.insert((reply.anonymous_body(), headers.join(" ")));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
}
