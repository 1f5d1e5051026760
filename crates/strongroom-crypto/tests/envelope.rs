//! What an envelope keeps, and what it refuses.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use proptest::prelude::*;
use strongroom_crypto::OpenError;
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_crypto::envelope::{
    Envelope, FormatError, Header, RewrapError, SealError, SealRequest, begin_stream, open,
    open_stream, random_access, rewrap, rewrap_prefix, seal_value, unwrap_data_key, wrap_data_key,
};
use strongroom_crypto::keys::{ContextKey, LockKey};
use strongroom_types::{ContextId, KeyVersion, Mode, Purpose, Suite, WorkspaceId};
use support::{
    CONTEXT, SeededEntropy, WORKSPACE, context_key, header, lock_key, locked_header, seed,
};

const VALUES: [(Purpose, Mode); 4] = [
    (Purpose::Value, Mode::Derived),
    (Purpose::Value, Mode::Wrapped),
    (Purpose::Store, Mode::Derived),
    (Purpose::Object, Mode::Wrapped),
];

fn seal(header: &Header, lock: Option<&LockKey>, ad: Option<&[u8]>, plaintext: &[u8]) -> Vec<u8> {
    let request = SealRequest {
        key: &context_key(1),
        header,
        associated_data: ad,
        lock_key: lock,
        entropy: &SeededEntropy::new(9),
    };
    seal_value(&request, plaintext).unwrap()
}

fn open_blob(
    blob: &[u8],
    key: &ContextKey,
    lock: Option<&LockKey>,
    ad: Option<&[u8]>,
) -> Option<Vec<u8>> {
    let envelope = Envelope::parse(blob).ok()?;
    let opened = open(&envelope, key, lock, ad).ok()?;
    Some(opened.into_vec())
}

#[test]
fn every_suite_and_mode_opens_what_it_seals() {
    for &suite in Suite::ALL {
        for (purpose, mode) in VALUES {
            let header = header(purpose, suite, mode);
            let blob = seal(&header, None, Some(b"ad"), b"plaintext");
            assert_eq!(Envelope::parse(&blob).unwrap().header, header);
            let opened = open_blob(&blob, &context_key(1), None, Some(b"ad"));
            assert_eq!(opened.as_deref(), Some(&b"plaintext"[..]));
        }
        for purpose in [Purpose::Value, Purpose::Object, Purpose::Store] {
            let header = locked_header(purpose, suite, "ann");
            let key = lock_key(purpose, "ann");
            let blob = seal(&header, Some(&key), None, b"plaintext");
            let opened = open_blob(&blob, &context_key(1), Some(&key), None);
            assert_eq!(opened.as_deref(), Some(&b"plaintext"[..]));
        }
    }
}

/// What seals in one piece seals no stream, and no more than its bound.
#[test]
fn one_piece_suites_refuse_streams_and_long_values() {
    for &suite in Suite::ALL {
        let Some(most) = suite.plaintext_bytes_max() else {
            continue;
        };
        let file = header(Purpose::File, suite, Mode::Wrapped);
        let not_chunked = FormatError::NotChunked { suite };
        assert_eq!(file.encode(), Err(not_chunked));
        let key = context_key(1);
        let entropy = SeededEntropy::new(5);
        let request = SealRequest {
            key: &key,
            header: &file,
            associated_data: None,
            lock_key: None,
            entropy: &entropy,
        };
        assert_eq!(
            begin_stream(&request).map(drop).unwrap_err(),
            SealError::Header(not_chunked)
        );
        let (header, long) = (
            header(Purpose::Value, suite, Mode::Derived),
            vec![0; most + 1],
        );
        let request = SealRequest {
            header: &header,
            ..request
        };
        assert!(matches!(
            seal_value(&request, &long),
            Err(SealError::TooLong(too_long)) if too_long.most == most
        ));
        assert!(seal_value(&request, &long[1..]).is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_value_and_associated_data_come_back(
        plaintext in proptest::collection::vec(any::<u8>(), 0..40_000),
        ad in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..50)),
        choice in 0..VALUES.len(),
        suite in 0..Suite::ALL.len(),
    ) {
        let (purpose, mode) = VALUES[choice];
        let header = header(purpose, Suite::ALL[suite], mode);
        let blob = seal(&header, None, ad.as_deref(), &plaintext);
        let opened = open_blob(&blob, &context_key(1), None, ad.as_deref());
        prop_assert_eq!(opened, Some(plaintext));
    }

    #[test]
    fn other_associated_data_is_refused(a: Vec<u8>, b: Vec<u8>) {
        let header = header(Purpose::Value, Suite::Aes256Gcm, Mode::Derived);
        let blob = seal(&header, None, Some(&a), b"plaintext");
        let opened = open_blob(&blob, &context_key(1), None, Some(&b));
        prop_assert_eq!(opened.is_some(), a == b);
    }
}

#[test]
fn absent_and_empty_associated_data_are_the_same() {
    let header = header(Purpose::Value, Suite::Aes256Gcm, Mode::Derived);
    let blob = seal(&header, None, None, b"plaintext");
    assert!(open_blob(&blob, &context_key(1), None, Some(b"")).is_some());
}

#[test]
fn every_flipped_byte_is_refused() {
    let unlocked = [Mode::Derived, Mode::Wrapped].map(|mode| {
        seal(
            &header(Purpose::Value, Suite::Aes256Gcm, mode),
            None,
            None,
            b"text",
        )
    });
    let one_piece = [Suite::Aes256CbcHmac, Suite::Aes256CtrHmac, Suite::Aes256Ccm];
    let one_piece = one_piece.map(|suite| {
        let header = header(Purpose::Value, suite, Mode::Derived);
        seal(&header, None, None, b"text")
    });
    let key = lock_key(Purpose::Value, "ann");
    let locked = locked_header(Purpose::Value, Suite::Aes256Gcm, "ann");
    let locked = seal(&locked, Some(&key), None, b"text");
    let blobs = unlocked.iter().chain(&one_piece).map(|blob| (blob, None));
    for (blob, lock) in blobs.chain([(&locked, Some(&key))]) {
        for at in 0..blob.len() {
            for bit in [0x01, 0x80] {
                let mut bad = blob.clone();
                bad[at] ^= bit;
                assert_eq!(
                    open_blob(&bad, &context_key(1), lock, None),
                    None,
                    "byte {at}"
                );
            }
        }
    }
}

#[test]
fn truncation_and_surplus_are_refused() {
    for mode in [Mode::Derived, Mode::Wrapped] {
        let header = header(Purpose::Value, Suite::Aes256Gcm, mode);
        let mut blob = seal(&header, None, None, b"text");
        for end in 0..blob.len() {
            assert_eq!(
                open_blob(&blob[..end], &context_key(1), None, None),
                None,
                "{end}"
            );
        }
        blob.push(0);
        assert_eq!(open_blob(&blob, &context_key(1), None, None), None);
    }
}

#[test]
fn keys_of_other_places_are_refused() {
    let version = KeyVersion(1);
    let other_workspace = WorkspaceId::from_bytes([0x12; 16]);
    let other_context = ContextId::from_bytes([0x23; 32]);
    let others = [
        context_key(2),
        ContextKey::derive(&seed(1), other_workspace, CONTEXT, version),
        ContextKey::derive(&seed(1), WORKSPACE, other_context, version),
        ContextKey::derive(&seed(2), WORKSPACE, CONTEXT, version),
    ];
    for mode in [Mode::Derived, Mode::Wrapped] {
        let blob = seal(
            &header(Purpose::Value, Suite::Aes256Gcm, mode),
            None,
            None,
            b"text",
        );
        for other in &others {
            assert_eq!(open_blob(&blob, other, None, None), None, "{other:?}");
        }
    }
}

#[test]
fn a_body_does_not_move_to_another_header() {
    let value = header(Purpose::Value, Suite::Aes256Gcm, Mode::Derived);
    let variants = [
        Header {
            purpose: Purpose::Store,
            ..value.clone()
        },
        Header {
            suite: Suite::Aes256GcmSiv,
            ..value.clone()
        },
        Header {
            suite: Suite::ChaCha20Poly1305,
            ..value.clone()
        },
    ];
    let blob = seal(&value, None, None, b"text");
    let bytes = value.encode().unwrap();
    for variant in variants {
        let mut moved = blob.clone();
        moved[4..4 + bytes.len()].copy_from_slice(&variant.encode().unwrap());
        assert!(Envelope::parse(&moved).is_ok());
        assert_eq!(open_blob(&moved, &context_key(1), None, None), None);
    }
}

#[test]
fn a_locked_value_opens_for_its_person_only() {
    let header = locked_header(Purpose::Value, Suite::Aes256Gcm, "ann");
    let ann = lock_key(Purpose::Value, "ann");
    let blob = seal(&header, Some(&ann), None, b"text");
    let attempts = [
        None,
        Some(lock_key(Purpose::Value, "bob")),
        Some(lock_key(Purpose::Object, "ann")),
    ];
    for lock in &attempts {
        assert_eq!(open_blob(&blob, &context_key(1), lock.as_ref(), None), None);
    }
    assert!(open_blob(&blob, &context_key(1), Some(&ann), None).is_some());
}

#[test]
fn a_lock_cannot_be_removed_from_the_header() {
    let locked = locked_header(Purpose::Value, Suite::Aes256Gcm, "ann");
    let ann = lock_key(Purpose::Value, "ann");
    let blob = seal(&locked, Some(&ann), None, b"text");
    let old = locked.encode().unwrap();
    let new = Header {
        lock: None,
        ..locked
    }
    .encode()
    .unwrap();
    let rest = &blob[4 + old.len()..];
    let length = u32::try_from(new.len()).unwrap().to_be_bytes();
    let moved = [&length[..], &new, rest].concat();
    assert!(Envelope::parse(&moved).is_ok());
    for lock in [None, Some(&ann)] {
        assert_eq!(open_blob(&moved, &context_key(1), lock, None), None);
    }
}

#[test]
fn rewrap_moves_to_the_new_version_without_the_lock_key() {
    let ann = lock_key(Purpose::Value, "ann");
    let cases = [
        (
            header(Purpose::Value, Suite::Aes256Gcm, Mode::Derived),
            None,
        ),
        (
            header(Purpose::Object, Suite::Aes128Gcm, Mode::Wrapped),
            None,
        ),
        (
            locked_header(Purpose::Value, Suite::Aes256Gcm, "ann"),
            Some(&ann),
        ),
    ];
    for (header, lock) in cases {
        let blob = seal(&header, lock, Some(b"ad"), b"text");
        let envelope = Envelope::parse(&blob).unwrap();
        let entropy = SeededEntropy::new(10);
        let moved = rewrap(
            &envelope,
            &context_key(1),
            &context_key(2),
            Some(b"ad"),
            &entropy,
        );
        let moved = moved.unwrap();
        assert_eq!(open_blob(&moved, &context_key(1), lock, Some(b"ad")), None);
        let opened = open_blob(&moved, &context_key(2), lock, Some(b"ad"));
        assert_eq!(opened.as_deref(), Some(&b"text"[..]));
        let moved = Envelope::parse(&moved).unwrap();
        assert_eq!(moved.header_bytes, envelope.header_bytes);
        assert_eq!(moved.body == envelope.body, header.mode == Mode::Wrapped);
    }
}

#[test]
fn rewrap_refuses_a_body_that_is_shorter_than_any() {
    for &suite in Suite::ALL {
        let header = locked_header(Purpose::Value, suite, "ann");
        let lock = lock_key(Purpose::Value, "ann");
        let least = seal(&header, Some(&lock), None, b"");
        let prefix = Envelope::parse(&least).unwrap().prefix_bytes();
        let moved = |blob: &[u8]| {
            let envelope = Envelope::parse(blob).unwrap();
            let (old, new) = (context_key(1), context_key(2));
            rewrap(&envelope, &old, &new, None, &SeededEntropy::new(3))
        };
        assert!(moved(&least).is_ok(), "{suite}");
        for cut in prefix..least.len() {
            let refused = moved(&least[..cut]);
            assert_eq!(refused, Err(OpenError.into()), "{suite} {cut}");
        }
    }
}

#[test]
fn rewrap_refuses_a_foreign_key_and_an_altered_blob() {
    let blob = seal(
        &header(Purpose::Object, Suite::Aes256Gcm, Mode::Wrapped),
        None,
        None,
        b"t",
    );
    let envelope = Envelope::parse(&blob).unwrap();
    let foreign = ContextId::from_bytes([1; 32]);
    let foreign = ContextKey::derive(&seed(1), WORKSPACE, foreign, KeyVersion(2));
    let entropy = SeededEntropy::new(10);
    assert_eq!(
        rewrap_prefix(&envelope, &context_key(1), &foreign, &entropy),
        Err(RewrapError::Seal(SealError::ForeignKey))
    );
    let mut bad = blob.clone();
    bad[4 + envelope.header_bytes.len() + 20] ^= 1;
    let envelope = Envelope::parse(&bad).unwrap();
    assert_eq!(
        rewrap_prefix(&envelope, &context_key(1), &context_key(2), &entropy),
        Err(RewrapError::Open(OpenError))
    );
}

fn wrap_key(header: &Header, lock: Option<&LockKey>, key: &[u8]) -> Result<Vec<u8>, SealError> {
    let request = SealRequest {
        key: &context_key(1),
        header,
        associated_data: None,
        lock_key: lock,
        entropy: &SeededEntropy::new(11),
    };
    wrap_data_key(&request, key)
}

#[test]
fn data_keys_are_unwrapped_as_data_keys_only() {
    let unlocked = header(Purpose::DataKey, Suite::Aes256Gcm, Mode::Wrapped);
    let locked = locked_header(Purpose::DataKey, Suite::Aes256Gcm, "ann");
    let ann = lock_key(Purpose::DataKey, "ann");
    for (header, lock) in [(unlocked, None), (locked, Some(&ann))] {
        for bytes in [16, 32, 64] {
            let blob = wrap_key(&header, lock, &vec![7; bytes]).unwrap();
            let envelope = Envelope::parse(&blob).unwrap();
            let key = unwrap_data_key(&envelope, &context_key(1), lock).unwrap();
            assert_eq!(key.expose(), vec![7; bytes]);
            assert!(open(&envelope, &context_key(1), lock, None).is_err());
            assert!(unwrap_data_key(&envelope, &context_key(2), lock).is_err());
            let wrong = if lock.is_some() { None } else { Some(&ann) };
            assert!(unwrap_data_key(&envelope, &context_key(1), wrong).is_err());
        }
    }
}

#[test]
fn data_keys_have_their_lengths_and_no_body() {
    let header = header(Purpose::DataKey, Suite::Aes256Gcm, Mode::Wrapped);
    for bytes in [0, 15, 65] {
        let refused = SealError::DataKeyLength { bytes };
        assert_eq!(wrap_key(&header, None, &vec![7; bytes]), Err(refused));
    }
    let mut blob = wrap_key(&header, None, &[7; 32]).unwrap();
    blob.push(0);
    assert_eq!(
        Envelope::parse(&blob),
        Err(FormatError::TrailingBytes { bytes: 1 })
    );
}

#[test]
fn contradictory_requests_are_refused() {
    let value = header(Purpose::Value, Suite::Aes256Gcm, Mode::Derived);
    let ann = lock_key(Purpose::Value, "ann");
    let locked = locked_header(Purpose::Value, Suite::Aes256Gcm, "ann");
    let purpose = |purpose| SealError::Purpose { purpose };
    let foreign = Header {
        context: ContextId::from_bytes([0; 32]),
        ..value.clone()
    };
    let derived_lock = Header {
        mode: Mode::Derived,
        ..locked.clone()
    };
    let cases = [
        (value, Some(&ann), SealError::LockKey),
        (locked, None, SealError::LockKey),
        (foreign, None, SealError::ForeignKey),
        (
            derived_lock,
            Some(&ann),
            SealError::Header(FormatError::DerivedMode {
                purpose: Purpose::Value,
            }),
        ),
        (
            header(Purpose::File, Suite::Aes256Gcm, Mode::Wrapped),
            None,
            purpose(Purpose::File),
        ),
        (
            header(Purpose::DataKey, Suite::Aes256Gcm, Mode::Wrapped),
            None,
            purpose(Purpose::DataKey),
        ),
    ];
    for (header, lock_key, expected) in cases {
        let request = SealRequest {
            key: &context_key(1),
            header: &header,
            associated_data: None,
            lock_key,
            entropy: &SystemEntropy,
        };
        assert_eq!(seal_value(&request, b"text"), Err(expected));
    }
}

#[test]
fn streams_open_with_what_they_were_sealed_with() {
    use std::io::Read as _;

    let header = locked_header(Purpose::File, Suite::Aes256Gcm, "ann");
    let ann = lock_key(Purpose::File, "ann");
    let request = SealRequest {
        key: &context_key(1),
        header: &header,
        associated_data: Some(b"ad"),
        lock_key: Some(&ann),
        entropy: &SeededEntropy::new(12),
    };
    let plaintext = vec![0x5a; 50_000];
    let (mut blob, mut sealer) = begin_stream(&request).unwrap();
    let prefix_bytes = blob.len();
    sealer.update(&plaintext, &mut blob).unwrap();
    sealer.finish(&mut blob).unwrap();

    for end in 0..prefix_bytes {
        assert_eq!(Envelope::parse_prefix(&blob[..end]), Ok(None), "{end}");
    }
    let (prefix, body) = Envelope::parse_prefix(&blob).unwrap().unwrap();
    assert_eq!(prefix.prefix_bytes(), prefix_bytes);
    let open_body = |ad| {
        let mut opener = open_stream(&prefix, &context_key(1), Some(&ann), ad).ok()?;
        let mut out = Vec::new();
        opener.update(body, &mut out).ok()?;
        opener.finish(&mut out).ok().map(|()| out)
    };
    assert_eq!(open_body(Some(b"ad")), Some(plaintext.clone()));
    assert_eq!(open_body(None), None);

    let source = std::io::Cursor::new(&blob);
    let access = random_access(source, &prefix, &context_key(1), Some(&ann), Some(b"ad"));
    let mut read = Vec::new();
    access.unwrap().read_to_end(&mut read).unwrap();
    assert_eq!(read, plaintext);

    // Only the prefix is written anew on rotation; the body stays where it is.
    let entropy = SeededEntropy::new(13);
    let moved = rewrap_prefix(&prefix, &context_key(1), &context_key(2), &entropy).unwrap();
    let moved = [moved, body.to_vec()].concat();
    let opened = open_blob(&moved, &context_key(2), Some(&ann), Some(b"ad"));
    assert_eq!(opened, Some(plaintext));
}

#[test]
fn each_purpose_is_sealed_and_opened_in_its_own_way() {
    let key = context_key(1);
    let value = header(Purpose::Value, Suite::Aes256Gcm, Mode::Wrapped);
    let not_so = SealError::Purpose {
        purpose: Purpose::Value,
    };
    assert_eq!(wrap_key(&value, None, &[5; 32]), Err(not_so));
    let entropy = SeededEntropy::new(5);
    let request = SealRequest {
        key: &key,
        header: &value,
        associated_data: None,
        lock_key: None,
        entropy: &entropy,
    };
    assert_eq!(begin_stream(&request).map(drop), Err(not_so));
    // What stands before a body is neither a wrapped data key nor a stream.
    let blob = seal_value(&request, b"plaintext").unwrap();
    let whole = Envelope::parse(&blob).unwrap();
    let (prefix, _body) = Envelope::parse_prefix(&blob).unwrap().unwrap();
    assert!(unwrap_data_key(&prefix, &key, None).is_err());
    assert!(open_stream(&prefix, &key, None, None).is_err());
    let source = std::io::Cursor::new(&blob);
    assert!(random_access(source, &whole, &key, None, None).is_err());
    assert!(open(&whole, &key, None, None).is_ok());
}

#[test]
fn nothing_is_sealed_or_moved_under_a_key_of_another_workspace() {
    let elsewhere = WorkspaceId::from_bytes([0x77; 16]);
    let foreign = ContextKey::derive(&seed(2), elsewhere, CONTEXT, KeyVersion(2));
    let value = header(Purpose::Value, Suite::Aes256Gcm, Mode::Wrapped);
    let blob = seal(&value, None, None, b"plaintext");
    let envelope = Envelope::parse(&blob).unwrap();
    let refused = Err(RewrapError::Seal(SealError::ForeignKey));
    let moved = rewrap_prefix(&envelope, &context_key(1), &foreign, &SystemEntropy);
    assert_eq!(moved, refused);
    let moved = rewrap(&envelope, &context_key(1), &foreign, None, &SystemEntropy);
    assert_eq!(moved, refused);
    let request = SealRequest {
        key: &foreign,
        header: &value,
        associated_data: None,
        lock_key: None,
        entropy: &SystemEntropy,
    };
    assert_eq!(
        seal_value(&request, b"plaintext"),
        Err(SealError::ForeignKey)
    );
}
