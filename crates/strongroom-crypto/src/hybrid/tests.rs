use super::*;
use crate::entropy::SystemEntropy;

fn pair(algorithm: HybridAlgorithm) -> HybridKey {
    HybridKey::generate(algorithm, &SystemEntropy).unwrap()
}

#[test]
fn both_sides_share_a_secret_that_no_other_key_has() {
    for &algorithm in HybridAlgorithm::ALL {
        let [key, other] = [pair(algorithm), pair(algorithm)];
        let (ciphertext, shared) = key.public_key().encapsulate(&SystemEntropy).unwrap();
        assert_eq!(ciphertext.len(), ciphertext_bytes(algorithm));
        assert_eq!(key.decapsulate(&ciphertext), Ok(shared), "{algorithm}");
        let (again, secret) = key.public_key().encapsulate(&SystemEntropy).unwrap();
        assert_ne!(again, ciphertext);
        assert_ne!(other.decapsulate(&again), Ok(secret));
    }
}

#[test]
fn key_read_back_is_the_same_and_none_of_another_algorithm() {
    for &algorithm in HybridAlgorithm::ALL {
        let key = pair(algorithm);
        let bytes = key.to_bytes().expose();
        let read = HybridKey::from_bytes(algorithm, bytes.to_vec().into()).unwrap();
        assert_eq!(read.public_key(), key.public_key());
        let (ciphertext, shared) = key.public_key().encapsulate(&SystemEntropy).unwrap();
        assert_eq!(read.decapsulate(&ciphertext), Ok(shared));
        for &other in HybridAlgorithm::ALL {
            let read = HybridKey::from_bytes(other, bytes.to_vec().into());
            assert_eq!(read.is_ok(), other == algorithm, "{algorithm} as {other}");
        }
        for cut in [0, 1, 32, bytes.len() - 1] {
            let cut = bytes[..cut].to_vec().into();
            assert!(HybridKey::from_bytes(algorithm, cut).is_err());
        }
        // The public half of the curve is that of the private one.
        let public = parts(algorithm).private + parts(algorithm).curve.private_bytes();
        let mut altered = bytes.to_vec();
        altered[public + 1] ^= 1;
        assert!(HybridKey::from_bytes(algorithm, altered.into()).is_err());
    }
}

/// Either part alone decides: with one of them altered, the secret is another one or none.
#[test]
fn both_parts_take_part_in_the_secret() {
    for &algorithm in HybridAlgorithm::ALL {
        let key = pair(algorithm);
        let (ciphertext, shared) = key.public_key().encapsulate(&SystemEntropy).unwrap();
        for at in [0, parts(algorithm).ciphertext - 1, ciphertext.len() - 2] {
            let mut bad = ciphertext.clone();
            bad[at] ^= 1;
            assert_ne!(
                key.decapsulate(&bad).as_ref(),
                Ok(&shared),
                "{algorithm} {at}"
            );
        }
        assert!(key.decapsulate(&ciphertext[1..]).is_err());
        assert!(key.decapsulate(&[&ciphertext[..], &[0]].concat()).is_err());
    }
}

/// The halves of two keys, one of which an attacker has: the other half keeps the secret.
#[test]
fn half_a_key_is_not_enough() {
    for &algorithm in HybridAlgorithm::ALL {
        let [key, attacker] = [pair(algorithm), pair(algorithm)];
        let (ours, theirs) = (key.to_bytes().expose(), attacker.to_bytes().expose());
        let Parts { curve, private, .. } = parts(algorithm);
        let pair_end = private + curve.private_bytes() + curve.public_bytes();
        let mixed = |ml_kem: &[u8], pair: &[u8]| {
            let bytes = [
                &ml_kem[..private],
                &pair[private..pair_end],
                &ml_kem[pair_end..],
            ];
            HybridKey::from_bytes(algorithm, bytes.concat().into())
        };
        let (ciphertext, shared) = key.public_key().encapsulate(&SystemEntropy).unwrap();
        for half in [mixed(ours, theirs), mixed(theirs, ours)] {
            assert_ne!(half.unwrap().decapsulate(&ciphertext).as_ref(), Ok(&shared));
        }
        assert_eq!(
            mixed(ours, ours).unwrap().decapsulate(&ciphertext),
            Ok(shared)
        );
    }
}

#[test]
fn a_public_key_that_is_none_is_refused() {
    for &algorithm in HybridAlgorithm::ALL {
        let bytes = public_key_bytes(algorithm);
        for length in [0, bytes - 1, bytes + 1] {
            assert!(HybridPublicKey::from_bytes(algorithm, vec![0; length]).is_err());
        }
        // Coefficients beyond the modulus, and a point that is none or of small order.
        for byte in [0, 0xff] {
            let key = HybridPublicKey::from_bytes(algorithm, vec![byte; bytes]).unwrap();
            assert!(
                key.encapsulate(&SystemEntropy).is_err(),
                "{algorithm} {byte}"
            );
        }
    }
}

#[test]
fn sealed_opens_with_its_key_and_associated_data_only() {
    for &algorithm in HybridAlgorithm::ALL {
        let [key, other] = [pair(algorithm), pair(algorithm)];
        let sealed = seal_to_hybrid(key.public_key(), b"ad", b"secret", &SystemEntropy).unwrap();
        let opened = open_sealed(&key, b"ad", &sealed).unwrap();
        assert_eq!(opened.expose(), b"secret");
        assert_eq!(open_sealed(&key, b"", &sealed), Err(OpenError));
        assert_eq!(open_sealed(&other, b"ad", &sealed), Err(OpenError));
        let (header, _, _) = SealedHeader::split(&sealed).unwrap();
        assert_eq!(header, SealedHeader::to(key.public_key()));
        // The recipient named in the header is authenticated like all else.
        let to_other = [
            &SealedHeader::to(other.public_key()).encode(),
            &sealed[HEADER_BYTES..],
        ];
        assert_eq!(
            open_sealed(&other, b"ad", &to_other.concat()),
            Err(OpenError)
        );
        assert_eq!(open_sealed(&key, b"ad", &to_other.concat()), Err(OpenError));
    }
}

#[test]
fn sealed_refuses_every_flipped_byte_and_cut() {
    for &algorithm in HybridAlgorithm::ALL {
        let key = pair(algorithm);
        let sealed = seal_to_hybrid(key.public_key(), b"", b"secret", &SystemEntropy).unwrap();
        let header = 0..HEADER_BYTES;
        for at in header.chain((HEADER_BYTES..sealed.len()).step_by(13)) {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert_eq!(open_sealed(&key, b"", &bad), Err(OpenError), "byte {at}");
            assert!(open_sealed(&key, b"", &sealed[..at]).is_err());
        }
    }
}

#[test]
fn debug_shows_no_key() {
    let key = pair(HybridAlgorithm::X25519MlKem512);
    assert_eq!(format!("{key:?}"), "HybridKey(X25519+ML-KEM-512)");
}

#[test]
fn no_algorithm_is_the_end_of_another() {
    for one in HybridAlgorithm::ALL {
        for other in HybridAlgorithm::ALL {
            assert!(one == other || !one.name().ends_with(other.name()));
        }
    }
}
