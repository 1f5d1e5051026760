//! Secrets, passphrases and slots, and the same with one fault each.

use strongroom_client::store::{ClientSecret, Stretched, WrappedRoot};
use strongroom_crypto::oprf::OprfKey;
use strongroom_crypto::secret::Secret;
use strongroom_types::body::SlotKind;

use crate::vector::{Vector, hex};
use crate::world::{Fixed, root, scope};

const ROOT: [u8; 32] = [0x41; 32];
const WORKSPACE: [u8; 16] = [0x17; 16];
const SALT: [u8; 24] = [0x5a; 24];
const SECRET: [u8; 32] = [0x99; 32];
const EPOCH: u32 = 3;

pub(crate) fn all() -> Vec<Vector> {
    let mut all = [secrets(), slots()].concat();
    all.push(passphrase());
    all
}

fn secret() -> ClientSecret {
    ClientSecret::generate(&Fixed(&SECRET)).unwrap()
}

fn secrets() -> Vec<Vector> {
    let text = secret().expose_text().to_string();
    let plain = Vector::ok("store-secret", "plain", "a generated secret")
        .input("text", &text)
        .output("secret_hex", hex(&SECRET));
    let wrong = |case: &str, about: &str, text: &str| {
        plain.fault(case, "malformed", about).input("text", text)
    };
    let (head, tail) = text.split_at(text.len() - 1);
    let other = if tail == "0" { "1" } else { "0" };
    let all = vec![
        wrong(
            "mistyped",
            "the last character is another one",
            &format!("{head}{other}"),
        ),
        wrong("cut", "the last character missing", head),
        wrong("longer", "a character more", &format!("{text}0")),
        wrong("prefix", "another prefix", &text.replace("sks_", "skx_")),
        wrong("password", "a password", "correct horse battery staple"),
    ];
    [vec![plain.clone()], all].concat()
}

fn slots() -> Vec<Vector> {
    let scope = scope(&WORKSPACE, "vault");
    let place = (&scope, "machine".parse().unwrap(), SlotKind::Secret, EPOCH);
    let wrapped = WrappedRoot::wrap(&root(&ROOT), &secret(), place, &Fixed(&SALT));
    let wrapped = wrapped.unwrap().sealed;
    let plain = Vector::ok("store-slot", "plain", "a root, wrapped for a secret")
        .input("secret", secret().expose_text().as_str())
        .input("workspace_hex", hex(&WORKSPACE))
        .input("store", "vault")
        .input("slot", "machine")
        .input("kind", "secret")
        .input("epoch", EPOCH)
        .input("wrapped_hex", hex(&wrapped))
        .output("root_hex", hex(&ROOT));
    let other = |case: &str, about: &str, field: &str, value: &str| {
        plain.fault(case, "cannot_open", about).input(field, value)
    };
    let stranger = ClientSecret::generate(&Fixed(&[0x98; 32])).unwrap();
    let mut flipped = wrapped;
    if let Some(byte) = flipped.last_mut() {
        *byte ^= 1;
    }
    let all = vec![
        other(
            "other-secret",
            "another secret",
            "secret",
            &stranger.expose_text(),
        ),
        other(
            "other-workspace",
            "of another workspace",
            "workspace_hex",
            &hex(&[0x18; 16]),
        ),
        other("other-store", "of another store", "store", "billing"),
        other("other-slot", "under another name", "slot", "main"),
        other(
            "other-kind",
            "said to be of a passphrase",
            "kind",
            "passphrase",
        ),
        other("other-epoch", "of another epoch", "epoch", "4"),
        other("flipped", "a flipped bit", "wrapped_hex", &hex(&flipped)),
    ];
    [vec![plain.clone()], all].concat()
}

fn passphrase() -> Vector {
    const PASSPHRASE: &str = "correct horse battery staple";
    let (salt, seed) = ([0x21; 16], [0x33; 32]);
    let stretched = Stretched::new(PASSPHRASE, &salt, &Fixed(&[0x05; 64])).unwrap();
    let key = OprfKey::from_seed(&Secret::from_bytes(seed), b"").unwrap();
    let evaluated = key.evaluate(stretched.blinded()).unwrap();
    let slot = "people".parse().unwrap();
    let secret = stretched.finish(&evaluated, &scope(&WORKSPACE, "vault"), &slot);
    let secret = secret.unwrap();
    Vector::ok(
        "store-passphrase",
        "plain",
        "hardened, whatever the blind is",
    )
    .input("passphrase", PASSPHRASE)
    .input("salt_hex", hex(&salt))
    .input("oprf_seed_hex", hex(&seed))
    .input("workspace_hex", hex(&WORKSPACE))
    .input("store", "vault")
    .input("slot", "people")
    .output("secret", secret.expose_text().as_str())
}
