//! Values under split keys.

use strongroom_crypto::keys::ResolvedLock;
use strongroom_crypto::secret::Secret;
use strongroom_crypto::split::{
    ClientShare, SplitKeyOf, SplitScope, SplitSeal, ValuePlace, seal_split,
};
use strongroom_types::KeyVersion;

use crate::support::{
    CONTEXT, ISSUER, SeededEntropy, WORKSPACE, context_key, lock_secret, resolved, seed,
};
use crate::vector::{Vector, hex, unhex};

const SHARE: [u8; 32] = [0xcc; 32];
const ID: [u8; 16] = [0xdd; 16];
const SCOPE: SplitScope = SplitScope {
    workspace: WORKSPACE,
    keyset: CONTEXT,
};
const PLACE: ValuePlace<'static> = ValuePlace {
    table: "users",
    column: "email",
    row: Some("7"),
};

pub(crate) fn all() -> Vec<Vector> {
    let plain = case("plain", "a value of a row", (&PLACE, None));
    let column = ValuePlace { row: None, ..PLACE };
    let column = case("column", "a value of a column", (&column, None)).without("row");
    let ann = resolved("ann");
    let locked = case(
        "locked",
        "a value that is locked to a person",
        (&PLACE, Some(&ann)),
    )
    .input("claims", r#"{"sub":"ann"}"#)
    .input("issuer_hex", hex(ISSUER.as_bytes()));
    let mut all = faults(&plain);
    all.push(
        locked
            .fault("other-person", "cannot_open", "another person's claims")
            .input("claims", r#"{"sub":"bob"}"#),
    );
    all.extend([plain, column, locked]);
    all
}

fn case(
    name: &str,
    about: &str,
    (place, lock): (&ValuePlace<'_>, Option<&ResolvedLock>),
) -> Vector {
    let share = ClientShare::from_secret(Secret::from_bytes(SHARE));
    let server_share = context_key(3).split_authority().share(&ID, lock);
    let of = SplitKeyOf::new(KeyVersion(3), 2, ID, place);
    let seal = SplitSeal {
        scope: &SCOPE,
        share: &share,
        server_share: &server_share,
        of: &of,
        place,
        lock: lock.map(|lock| (lock.lock().clone(), lock_secret().split_lock_tag(&ID, lock))),
    };
    let blob = seal_split(&seal, b"plaintext", &SeededEntropy::new(31)).unwrap();
    Vector::ok("split", name, about)
        .input("context_seed_hex", hex(seed(3).as_secret().expose()))
        .input("workspace_hex", hex(WORKSPACE.as_bytes()))
        .input("context_hex", hex(CONTEXT.as_bytes()))
        .input("key_version", 3)
        .input("client_share_hex", hex(&SHARE))
        .input("table", place.table)
        .input("column", place.column)
        .input("row", place.row.unwrap_or_default())
        .input("blob_hex", hex(&blob))
        .output("check_hex", hex(&share.check(&SCOPE, 2)))
        .output("plaintext_hex", hex(b"plaintext"))
        .output("server_share_hex", hex(server_share.expose()))
}

/// Bytes before the key part's version: the lengths of header and key part, and an unlocked header.
const PART: usize = 4 + 57 + 4;

fn faults(plain: &Vector) -> Vec<Vector> {
    let blob = unhex(&plain.input["blob_hex"]).unwrap();
    let flipped = |at: usize, name: &str, about: &str| {
        let mut blob = blob.clone();
        blob[at] ^= 1;
        let fault = plain.fault(name, "cannot_open", about);
        fault.input("blob_hex", hex(&blob))
    };
    let cannot_open = |name: &str, about: &str| plain.fault(name, "cannot_open", about);
    let mut short = blob.clone();
    short.remove(PART + 39);
    short[PART - 1] -= 1;
    let mut wrapped = blob.clone();
    wrapped[10] = 2;
    vec![
        cannot_open("other-row", "another row").input("row", "8"),
        cannot_open("no-row", "the row is not named").without("row"),
        cannot_open("other-column", "another column").input("column", "phone"),
        cannot_open("shifted", "table and column joined otherwise")
            .input("table", "user")
            .input("column", "semail"),
        cannot_open("other-client-share", "another share of the clients")
            .input("client_share_hex", hex(&[0xcd; 32])),
        cannot_open("other-server-key", "another version of the server's key")
            .input("context_seed_hex", hex(seed(4).as_secret().expose()))
            .input("key_version", 4),
        flipped(
            PART + 3,
            "version-flipped",
            "another version in the key part",
        ),
        flipped(PART + 7, "epoch-flipped", "another epoch in the key part"),
        flipped(PART + 8, "id-flipped", "another id in the key part"),
        flipped(PART + 24, "place-flipped", "another place in the key part"),
        flipped(blob.len() - 1, "tag-flipped", "a byte of the last tag"),
        plain
            .fault("key-part-short", "malformed", "a key part of 39 bytes")
            .input("blob_hex", hex(&short)),
        plain
            .fault("wrapped", "malformed", "the purpose split in wrapped mode")
            .input("blob_hex", hex(&wrapped)),
    ]
}
