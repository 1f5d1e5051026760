//! Bytes from outside never panic, and only the one encoding is read.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "support/numbers.rs"]
mod numbers;
mod support;

use numbers::Numbers;
use strongroom_crypto::entropy::Entropy as _;
use strongroom_crypto::envelope::{Envelope, FormatError, Header, SealRequest, seal_value};
use strongroom_crypto::secret::Secret;
use strongroom_crypto::split::{
    ClientShare, Grant, GrantPlace, GrantSigner, SplitKeyOf, SplitScope, SplitSeal, ValuePlace,
    seal_split,
};
use strongroom_crypto::xwing::PrivateKey;
use strongroom_types::{ClientId, KeyVersion, Mode, Purpose, Suite};
use support::{CONTEXT, SeededEntropy, WORKSPACE, context_key, header, lock_key, locked_header};

const MUTATIONS: usize = 150_000;

fn samples() -> Vec<Vec<u8>> {
    let ann = lock_key(Purpose::Value, "ann");
    let headers = [
        (
            header(Purpose::Value, Suite::Aes256Gcm, Mode::Derived),
            None,
        ),
        (
            header(Purpose::Object, Suite::Aes256CbcHmac, Mode::Wrapped),
            None,
        ),
        (
            locked_header(Purpose::Value, Suite::Aes256Gcm, "ann"),
            Some(&ann),
        ),
    ];
    let seal = |(header, lock_key): (Header, _)| {
        let request = SealRequest {
            key: &context_key(1),
            header: &header,
            associated_data: None,
            lock_key,
            entropy: &SeededEntropy::new(1),
        };
        seal_value(&request, b"text").unwrap()
    };
    let split = split_value(&SeededEntropy::new(1));
    headers.into_iter().map(seal).chain([split]).collect()
}

const SCOPE: SplitScope = SplitScope {
    workspace: WORKSPACE,
    keyset: CONTEXT,
};
const PLACE: ValuePlace<'static> = ValuePlace {
    table: "users",
    column: "email",
    row: None,
};

fn share() -> ClientShare {
    ClientShare::from_secret(Secret::from_bytes([7; 32]))
}

fn split_value(entropy: &SeededEntropy) -> Vec<u8> {
    let of = SplitKeyOf::new(KeyVersion(1), 1, [5; 16], &PLACE);
    let seal = SplitSeal {
        scope: &SCOPE,
        share: &share(),
        server_share: &Secret::from_bytes([2; 32]),
        of: &of,
        place: &PLACE,
        lock: None,
    };
    seal_split(&seal, b"text", entropy).unwrap()
}

fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len());
        match numbers.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, u8::try_from(numbers.below(256)).unwrap()),
            2 if !bytes.is_empty() => drop(bytes.remove(at)),
            3 if !bytes.is_empty() => bytes[at] = [0, 1, 2, 0x7f, 0xff][numbers.below(5)],
            _ if !bytes.is_empty() => bytes[at] ^= 1 << numbers.below(8),
            _ => bytes.push(0),
        }
    }
}

/// What is read is what would be written: there is no second encoding.
fn check(bytes: &[u8]) {
    drop(Envelope::parse_prefix(bytes));
    drop(SplitKeyOf::parse(bytes));
    let Ok(envelope) = Envelope::parse(bytes) else {
        return;
    };
    assert_eq!(envelope.header.encode().unwrap(), envelope.header_bytes);
    assert_eq!(bytes.len(), envelope.prefix_bytes() + envelope.body.len());
}

#[test]
fn mutations_never_panic_and_reencode_to_themselves() {
    let samples = samples();
    let mut numbers = Numbers(0x5eed);
    let mut accepted = 0;
    for round in 0..MUTATIONS {
        let mut bytes = samples[round % samples.len()].clone();
        mutate(&mut bytes, &mut numbers);
        check(&bytes);
        accepted += usize::from(Envelope::parse(&bytes).is_ok());
    }
    assert!(
        (MUTATIONS / 100..MUTATIONS).contains(&accepted),
        "{accepted}"
    );
}

#[test]
fn noise_never_panics() {
    let entropy = SeededEntropy::new(2);
    for round in 0..2_000 {
        let mut noise = vec![0; round % 300];
        entropy.fill(&mut noise).unwrap();
        check(&noise);
        // Noise behind a plausible length and the magic reaches the fields.
        let mut framed = vec![0, 0, 0, u8::try_from(round % 200).unwrap()];
        framed.extend_from_slice(b"sr1\0");
        framed.extend_from_slice(&noise);
        check(&framed);
    }
}

#[test]
fn a_stated_length_beyond_the_limit_is_refused_at_once() {
    for length in [65_529u32, 1 << 20, u32::MAX] {
        let bytes = length.to_be_bytes();
        let refused = FormatError::PrefixTooLong {
            bytes: length as usize,
        };
        assert_eq!(Envelope::parse_prefix(&bytes), Err(refused));
    }
}

#[test]
fn unknown_codes_are_named() {
    let blob = &samples()[0];
    for (at, field) in [
        (8, "purpose"),
        (9, "suite"),
        (10, "mode"),
        (59, "lock"),
        (60, "object"),
    ] {
        let mut bad = blob.clone();
        bad[at] = 0xee;
        let refused = FormatError::UnknownCode { field, code: 0xee };
        assert_eq!(Envelope::parse(&bad), Err(refused));
    }
}

/// The parts of a grant have one length each, and none that was altered is believed.
#[test]
fn altered_grants_are_not_believed() {
    let entropy = SeededEntropy::new(3);
    let signer = GrantSigner::generate(&entropy).unwrap();
    let recipient = PrivateKey::generate(&entropy).unwrap();
    let place = GrantPlace {
        scope: SCOPE,
        client: ClientId::from_bytes([4; 16]),
        epoch: 1,
        id: [9; 16],
    };
    let to = (recipient.public_key(), &signer);
    let grant = Grant::make(place, &share(), to, &entropy)
        .unwrap()
        .to_body();
    let mut numbers = Numbers(0x5eed);
    for round in 0..MUTATIONS {
        let mut body = grant.clone();
        let parts = [
            &mut body.id,
            &mut body.check,
            &mut body.sealed,
            &mut body.signature,
        ];
        let part = numbers.below(parts.len());
        mutate(&mut parts.into_iter().nth(part).unwrap().0, &mut numbers);
        let Some(read) = Grant::from_body(SCOPE, &body) else {
            continue;
        };
        assert_eq!(read.to_body(), body);
        // What costs a signature or a decapsulation is done for a part of them.
        if round % 100 == 0 && body != grant {
            assert!(read.open(&recipient, signer.public()).is_err(), "{round}");
        }
    }
}
