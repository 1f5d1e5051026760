//! Chunked messages, seeds, context ids and lock tags.

use strongroom_crypto::chunked::{self, CHUNK_BYTES, InputKey};
use strongroom_crypto::keys::{ContextIdKey, Place, WrappingKey};
use strongroom_crypto::secret::Secret;
use strongroom_types::{KeyContext, KeyVersion, Kind, Purpose, Suite};

use crate::support::{CONTEXT, ISSUER, SeededEntropy, WORKSPACE, lock_secret, resolved, seed};
use crate::vector::{Vector, hex, unhex};

pub(crate) fn all() -> Vec<Vector> {
    let mut all = chunked();
    all.extend(seeds());
    all.extend(context_ids());
    all.push(lock_tag());
    all
}

fn chunked_message(suite: Suite, name: &str, about: &str, plaintext: &[u8]) -> Vector {
    let key_bytes = if suite == Suite::Aes128Gcm { 16 } else { 32 };
    let key = vec![0x77; key_bytes];
    let input_key = InputKey::new(suite, &key).unwrap();
    let sealed = chunked::seal(&input_key, &[0x88; 24], b"context", plaintext);
    Vector::ok("chunked", name, about)
        .input("suite", suite)
        .input("key_hex", hex(&key))
        .input("context_hex", hex(b"context"))
        .input("sealed_hex", hex(&sealed))
        .output("plaintext_hex", hex(plaintext))
}

fn chunked() -> Vec<Vector> {
    let chunked = |suite: &&Suite| suite.plaintext_bytes_max().is_none();
    let suites = Suite::ALL.iter().filter(chunked).map(|&suite| {
        let name = suite.name().to_lowercase();
        chunked_message(suite, &name, "a short message", b"plaintext")
    });
    let short = chunked_message(Suite::Aes256Gcm, "empty", "an empty message", b"");
    let full = vec![0x5a; CHUNK_BYTES];
    let full = chunked_message(
        Suite::Aes256Gcm,
        "one-full-chunk",
        "16 KiB: two chunks",
        &full,
    );
    let sealed = unhex(&full.input["sealed_hex"]).unwrap();
    let cut = full.fault(
        "no-last-chunk",
        "cannot_open",
        "the short last chunk is missing",
    );
    let cut = cut.input("sealed_hex", hex(&sealed[..sealed.len() - 16]));
    let context = short.fault("other-context", "cannot_open", "another context");
    let context = context.input("context_hex", hex(b"contexu"));
    suites.chain([short, full, cut, context]).collect()
}

fn seeds() -> Vec<Vector> {
    let parent = Secret::from_bytes([0x99; 32]);
    let place = Place::ContextKey(WORKSPACE, CONTEXT, KeyVersion(3));
    let seed = seed(1);
    let wrapped = seed
        .wrap(&WrappingKey::new(&parent), &place, &SeededEntropy::new(21))
        .unwrap();
    let ok = Vector::ok("seed", "context-key", "the seed of a context key, wrapped")
        .input("parent_hex", hex(parent.expose()))
        .input("place", "context-key")
        .input("workspace_hex", hex(WORKSPACE.as_bytes()))
        .input("context_hex", hex(CONTEXT.as_bytes()))
        .input("key_version", 3)
        .input("wrapped_hex", hex(&wrapped))
        .output("seed_hex", hex(seed.as_secret().expose()))
        .output("key_hex", hex(seed.derive_key(&place).expose()));
    let moved = ok
        .fault(
            "other-version",
            "cannot_open",
            "put in the place of another version",
        )
        .input("key_version", 4);
    vec![ok, moved]
}

fn context_ids() -> Vec<Vector> {
    let make = |name: &str, about: &str, kind: Kind, pairs: &[(&str, &str)]| {
        let seed = seed(40);
        let key = ContextIdKey::derive(&seed, WORKSPACE);
        let context = KeyContext::new(pairs.iter().copied()).unwrap();
        Vector::ok("context-id", name, about)
            .input("seed_hex", hex(seed.as_secret().expose()))
            .input("workspace_hex", hex(WORKSPACE.as_bytes()))
            .input("kind", kind.code())
            .input("map", serde_json::to_string(&context).unwrap())
            .output(
                "context_hex",
                hex(key.context_id(kind, &context).as_bytes()),
            )
    };
    let pairs = [("organizationId", "org_acme"), ("dataType", "pii")];
    vec![
        make("map", "two pairs, sorted by key", Kind::Context, &pairs),
        make(
            "kind",
            "the same pairs of another kind",
            Kind::Keyset,
            &pairs,
        ),
        make(
            "unicode",
            "no normalisation",
            Kind::Context,
            &[("é", "e\u{301}")],
        ),
    ]
}

fn lock_tag() -> Vector {
    let salt = [0x55; 16];
    let tag = lock_secret().lock_tag(&salt, Purpose::Value, &resolved("ann"));
    Vector::ok("lock-tag", "sub", "a lock on one claim")
        .input("lock_seed_hex", hex(seed(100).as_secret().expose()))
        .input("workspace_hex", hex(WORKSPACE.as_bytes()))
        .input("context_hex", hex(CONTEXT.as_bytes()))
        .input("purpose", Purpose::Value)
        .input("issuer_hex", hex(ISSUER.as_bytes()))
        .input("lock", r#"["sub"]"#)
        .input("claims", r#"{"sub":"ann"}"#)
        .input("salt_hex", hex(&salt))
        .output("tag_hex", hex(&tag))
}
