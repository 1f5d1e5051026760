use std::io::{Cursor, Read as _, Seek as _, SeekFrom, Write as _};

use strongroom_types::Suite;

use super::*;
use crate::OpenError;

const LENGTHS: [usize; 8] = [
    0,
    1,
    100,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    3 * CHUNK_BYTES,
    5 * CHUNK_BYTES + 77,
];
const SALT: [u8; SALT_BYTES] = [9; SALT_BYTES];

fn key(suite: Suite) -> InputKey {
    let bytes = if suite == Suite::Aes128Gcm { 16 } else { 32 };
    InputKey::new(suite, &[7u8; 32][..bytes]).unwrap()
}

fn chunked_suites() -> impl Iterator<Item = Suite> {
    let all = Suite::ALL.iter().copied();
    all.filter(|suite| suite.plaintext_bytes_max().is_none())
}

fn message(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|i| u8::try_from(i % 251).unwrap()).collect()
}

fn stream_seal(suite: Suite, plaintext: &[u8], step: usize) -> Vec<u8> {
    let mut sealer = Sealer::new(&key(suite), &SALT, b"context");
    let mut out = Vec::new();
    for piece in plaintext.chunks(step) {
        sealer.update(piece, &mut out).unwrap();
    }
    sealer.finish(&mut out).unwrap();
    out
}

fn stream_open(suite: Suite, sealed: &[u8], step: usize) -> Result<Vec<u8>, OpenError> {
    let mut opener = Opener::new(key(suite), b"context".to_vec());
    let mut out = Vec::new();
    for piece in sealed.chunks(step) {
        opener.update(piece, &mut out)?;
    }
    opener.finish(&mut out)?;
    Ok(out)
}

#[test]
fn every_suite_opens_what_it_seals() {
    for suite in chunked_suites() {
        for bytes in LENGTHS {
            let plaintext = message(bytes);
            let sealed = seal(&key(suite), &SALT, b"context", &plaintext);
            assert_eq!(sealed.len(), sealed_bytes(bytes), "{suite} {bytes}");
            let opened = open(&key(suite), b"context", &sealed).unwrap();
            assert_eq!(opened.expose(), plaintext);
        }
    }
}

#[test]
fn streams_give_the_same_bytes_in_steps_of_any_size() {
    for bytes in LENGTHS {
        let plaintext = message(bytes);
        let sealed = seal(&key(Suite::Aes256Gcm), &SALT, b"context", &plaintext);
        for step in [7, 1000, CHUNK_BYTES, CHUNK_BYTES + 16, 1 << 20] {
            assert_eq!(stream_seal(Suite::Aes256Gcm, &plaintext, step), sealed);
            assert_eq!(
                stream_open(Suite::Aes256Gcm, &sealed, step),
                Ok(plaintext.clone())
            );
        }
    }
}

#[test]
fn truncation_at_every_length_is_refused() {
    let sealed = seal(&key(Suite::Aes256Gcm), &SALT, b"context", &message(100));
    for end in 0..sealed.len() {
        let cut = &sealed[..end];
        assert!(open(&key(Suite::Aes256Gcm), b"context", cut).is_err());
        assert!(stream_open(Suite::Aes256Gcm, cut, 50).is_err(), "{end}");
    }
}

#[test]
fn truncation_at_a_chunk_border_is_refused() {
    let sealed = seal(
        &key(Suite::Aes256Gcm),
        &SALT,
        b"context",
        &message(2 * CHUNK_BYTES),
    );
    for chunks in 0..=2 {
        let cut = &sealed[..PREFIX_BYTES + chunks * SEALED_CHUNK_BYTES];
        assert!(open(&key(Suite::Aes256Gcm), b"context", cut).is_err());
        assert!(stream_open(Suite::Aes256Gcm, cut, 1 << 20).is_err());
        let source = Cursor::new(cut);
        assert!(RandomAccess::open(source, 0, &key(Suite::Aes256Gcm), b"context").is_err());
    }
}

#[test]
fn every_flipped_byte_is_refused_by_every_suite() {
    for suite in chunked_suites() {
        let sealed = seal(&key(suite), &SALT, b"context", b"plaintext");
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 0x80;
            assert_eq!(open(&key(suite), b"context", &bad), Err(OpenError), "{at}");
        }
    }
}

#[test]
fn swapped_chunks_are_refused() {
    let mut sealed = seal(
        &key(Suite::Aes256Gcm),
        &SALT,
        b"context",
        &message(3 * CHUNK_BYTES),
    );
    let (first, rest) = sealed[PREFIX_BYTES..].split_at_mut(SEALED_CHUNK_BYTES);
    first.swap_with_slice(&mut rest[..SEALED_CHUNK_BYTES]);
    assert!(open(&key(Suite::Aes256Gcm), b"context", &sealed).is_err());
    assert!(stream_open(Suite::Aes256Gcm, &sealed, 999).is_err());
}

#[test]
fn another_suite_or_context_is_refused() {
    let sealed = seal(&key(Suite::Aes256Gcm), &SALT, b"context", b"plaintext");
    assert!(open(&key(Suite::Aes256Gcm), b"contex", &sealed).is_err());
    assert!(open(&key(Suite::Aes256GcmSiv), b"context", &sealed).is_err());
    assert!(open(&key(Suite::ChaCha20Poly1305), b"context", &sealed).is_err());
}

#[test]
fn a_failed_opener_released_only_what_is_authentic_and_stays_failed() {
    let plaintext = message(3 * CHUNK_BYTES);
    let mut sealed = seal(&key(Suite::Aes256Gcm), &SALT, b"context", &plaintext);
    sealed[PREFIX_BYTES + SEALED_CHUNK_BYTES] ^= 1;
    let mut opener = Opener::new(key(Suite::Aes256Gcm), b"context".to_vec());
    let mut out = Vec::new();
    assert_eq!(opener.update(&sealed, &mut out), Err(OpenError));
    assert_eq!(out, plaintext[..CHUNK_BYTES]);
    assert_eq!(opener.update(&[], &mut out), Err(OpenError));
    assert_eq!(opener.finish(&mut out), Err(OpenError));
    assert_eq!(out.len(), CHUNK_BYTES);
}

#[test]
fn writer_and_reader_are_inverse() {
    let plaintext = message(5 * CHUNK_BYTES + 77);
    let sealer = Sealer::new(&key(Suite::Aes256Gcm), &SALT, b"context");
    let mut writer = SealWriter::new(sealer, Vec::new());
    writer.write_all(&plaintext).unwrap();
    let sealed = writer.finish().unwrap();
    assert_eq!(
        sealed,
        seal(&key(Suite::Aes256Gcm), &SALT, b"context", &plaintext)
    );
    let opener = Opener::new(key(Suite::Aes256Gcm), b"context".to_vec());
    let mut opened = Vec::new();
    let mut reader = OpenReader::new(opener, sealed.as_slice());
    reader.read_to_end(&mut opened).unwrap();
    assert_eq!(opened, plaintext);
}

#[test]
fn a_reader_never_ends_cleanly_on_a_truncated_message() {
    let plaintext = message(2 * CHUNK_BYTES);
    let sealed = seal(&key(Suite::Aes256Gcm), &SALT, b"context", &plaintext);
    for cut in [
        1,
        16,
        17,
        SEALED_CHUNK_BYTES,
        sealed.len() - 56,
        sealed.len(),
    ] {
        let opener = Opener::new(key(Suite::Aes256Gcm), b"context".to_vec());
        let mut reader = OpenReader::new(opener, &sealed[..sealed.len() - cut]);
        let mut opened = Vec::new();
        let error = reader.read_to_end(&mut opened).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
        assert!(plaintext.starts_with(&opened));
        assert!(reader.read(&mut [0]).is_err(), "stays failed");
    }
}

#[test]
fn a_reader_leaves_nothing_unauthentic_in_a_large_buffer() {
    let plaintext = message(6 * CHUNK_BYTES + 5);
    let mut sealed = seal(&key(Suite::Aes256Gcm), &SALT, b"context", &plaintext);
    let opener = Opener::new(key(Suite::Aes256Gcm), b"context".to_vec());
    sealed[PREFIX_BYTES + 2 * SEALED_CHUNK_BYTES] ^= 1;
    let mut reader = OpenReader::new(opener, sealed.as_slice());
    let mut out = vec![0; 8 * CHUNK_BYTES];
    let read = reader.read(&mut out).unwrap();
    assert_eq!(out[..read], plaintext[..2 * CHUNK_BYTES]);
    assert!(out[read..].iter().all(|byte| *byte == 0));
    assert!(reader.read(&mut out).is_err());
}

#[test]
fn random_access_reads_any_range() {
    let plaintext = message(3 * CHUNK_BYTES + 5);
    let mut file = b"prefix".to_vec();
    file.extend(seal(&key(Suite::Aes256Gcm), &SALT, b"context", &plaintext));
    let source = Cursor::new(file);
    let mut access = RandomAccess::open(source, 6, &key(Suite::Aes256Gcm), b"context").unwrap();
    assert_eq!(access.plaintext_bytes(), plaintext.len() as u64);
    for (from, bytes) in [
        (0, 10),
        (CHUNK_BYTES - 3, 7),
        (2 * CHUNK_BYTES, 20),
        (40_000, 9_157),
    ] {
        access.seek(SeekFrom::Start(from as u64)).unwrap();
        let mut out = vec![0; bytes];
        access.read_exact(&mut out).unwrap();
        assert_eq!(out, plaintext[from..from + bytes]);
    }
    assert_eq!(
        access.seek(SeekFrom::End(-1)).unwrap(),
        plaintext.len() as u64 - 1
    );
    assert_eq!(access.read(&mut [0; 9]).unwrap(), 1);
    assert_eq!(access.read(&mut [0; 9]).unwrap(), 0);
}

#[test]
fn random_access_refuses_an_altered_chunk_and_no_other() {
    let plaintext = message(3 * CHUNK_BYTES);
    let mut sealed = seal(&key(Suite::Aes256Gcm), &SALT, b"context", &plaintext);
    sealed[PREFIX_BYTES + SEALED_CHUNK_BYTES + 5] ^= 1;
    let source = Cursor::new(sealed);
    let mut access = RandomAccess::open(source, 0, &key(Suite::Aes256Gcm), b"context").unwrap();
    let mut out = vec![0; CHUNK_BYTES];
    access.read_exact(&mut out).unwrap();
    assert!(access.read(&mut out).is_err());
    access
        .seek(SeekFrom::Start(2 * CHUNK_BYTES as u64))
        .unwrap();
    access.read_exact(&mut out).unwrap();
    assert_eq!(out, plaintext[2 * CHUNK_BYTES..]);
}

#[test]
fn a_key_of_the_wrong_length_is_refused() {
    for bytes in [0, 15, 16, 17, 31, 33, 64] {
        assert!(InputKey::new(Suite::Aes256Gcm, &vec![0; bytes]).is_err());
    }
    for &suite in Suite::ALL {
        let chunked = suite.plaintext_bytes_max().is_none();
        let bytes = if suite == Suite::Aes128Gcm { 16 } else { 32 };
        assert_eq!(InputKey::new(suite, &[7; 32][..bytes]).is_ok(), chunked);
    }
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn async_writer_and_reader_are_inverse() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let plaintext = message(5 * CHUNK_BYTES + 77);
    let sealer = Sealer::new(&key(Suite::Aes256Gcm), &SALT, b"context");
    let (near, mut far) = tokio::io::duplex(1000);
    let copy = plaintext.clone();
    let writing = tokio::spawn(async move {
        let mut writer = AsyncSealWriter::new(sealer, near);
        writer.write_all(&copy).await.unwrap();
        writer.shutdown().await.unwrap();
    });
    let mut sealed = Vec::new();
    far.read_to_end(&mut sealed).await.unwrap();
    writing.await.unwrap();
    assert_eq!(
        sealed,
        seal(&key(Suite::Aes256Gcm), &SALT, b"context", &plaintext)
    );
    for (cut, complete) in [(0, true), (1, false), (SEALED_CHUNK_BYTES, false)] {
        let opener = Opener::new(key(Suite::Aes256Gcm), b"context".to_vec());
        let mut reader = AsyncOpenReader::new(opener, &sealed[..sealed.len() - cut]);
        let mut opened = Vec::new();
        assert_eq!(reader.read_to_end(&mut opened).await.is_ok(), complete);
        assert!(plaintext.starts_with(&opened));
    }
}
