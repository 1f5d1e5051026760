//! Telling other keys from symmetric ones: whoever takes the encoding of a public key for an HMAC key
//! lets everybody sign who knows that.
//!
//! ```text
//! text     PEM (RFC 7468), SSH2 (RFC 4716), OpenSSH's lines, a JWK
//! binary   DER of a whole SEQUENCE, SSH's key format (RFC 4253, 6.6), points of curves (SEC 1, 2.3.3)
//! ```
//!
//! Each is found behind a byte order mark or white space, before whatever follows, and in base64. A bare
//! key of Ed25519 or X25519 cannot be told from 32 other bytes.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::agreement::Agreement;

/// The fewest bytes within a SEQUENCE that is a key: no key is smaller, and few of other bytes look
/// like one.
const SEQUENCE_BYTES_MIN: usize = 32;
/// How often base64 is looked into.
const LAYERS_MAX: u8 = 2;

/// Whether bytes are another key than a symmetric one, in any of the encodings.
pub(super) fn is_other_key(bytes: &[u8]) -> bool {
    is_other(bytes, LAYERS_MAX)
}

fn is_other(bytes: &[u8], layers: u8) -> bool {
    // Without what UTF-16 has between ASCII.
    let narrow = bytes.iter().copied().filter(|byte| *byte != 0);
    let narrow = Zeroizing::new(narrow.collect::<Vec<u8>>());
    is_text(&narrow)
        || is_ssh(bytes)
        || is_sequence(bytes)
        || is_point(bytes)
        || (layers > 0 && decoded(&narrow).is_some_and(|inner| is_other(&inner, layers - 1)))
}

fn is_text(bytes: &[u8]) -> bool {
    let has = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    // OpenSSH's options may stand before the type.
    let words = bytes.split(u8::is_ascii_whitespace);
    has(b"-----BEGIN")
        || has(b"---- BEGIN")
        || words.map(without_mark).any(is_ssh_type)
        || is_object(without_mark(bytes))
}

/// Without a byte order mark, in UTF-8 or UTF-16.
fn without_mark(bytes: &[u8]) -> &[u8] {
    let marks: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe"];
    let mut rests = marks
        .into_iter()
        .filter_map(|mark| bytes.strip_prefix(mark));
    rests.next().unwrap_or(bytes)
}

fn is_ssh_type(word: &[u8]) -> bool {
    let types: [&[u8]; 4] = [b"ssh-", b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-"];
    types.iter().any(|name| word.starts_with(name))
}

fn is_object(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Map<String, Value>>();
    text.starts_with(b"{") && values.next().is_some_and(|object| object.is_ok())
}

/// A type behind its length, as SSH writes a key that is not text.
fn is_ssh(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0, 0, 0]) && bytes.get(4..).is_some_and(is_ssh_type)
}

/// A whole SEQUENCE of whole elements, whatever follows it: `SubjectPublicKeyInfo`, a certificate, a
/// key of PKCS #1, PKCS #8 or SEC 1.
fn is_sequence(bytes: &[u8]) -> bool {
    let Some((0x30, inside, _)) = element(bytes) else {
        return false;
    };
    let begins = matches!(inside.first(), Some(0x02 | 0x06 | 0x30));
    inside.len() >= SEQUENCE_BYTES_MIN && begins && is_whole(inside)
}

fn is_whole(mut elements: &[u8]) -> bool {
    while !elements.is_empty() {
        match element(elements) {
            Some((tag, _, after)) if is_usual(tag) => elements = after,
            _ => return false,
        }
    }
    true
}

/// Whether a tag is a universal one, or one of the few that keys and certificates number.
const fn is_usual(tag: u8) -> bool {
    matches!(tag, 0x01..=0x1e | 0x30 | 0x31 | 0x80..=0x83 | 0xa0..=0xa3)
}

/// A point of a curve of 256, 384 or 521 bits, by its form and length, whatever the curve; or its two
/// coordinates, if it is on a curve that is known here.
fn is_point(bytes: &[u8]) -> bool {
    let bare = match bytes.len() {
        64 => Some((Agreement::EcdhP256, 32)),
        96 => Some((Agreement::EcdhP384, 48)),
        _ => None,
    };
    let on_curve = bare.is_some_and(|(agreement, scalar_bytes)| {
        let mut scalar = vec![0; scalar_bytes - 1];
        scalar.push(1);
        agreement.agree(&scalar, &[&[4], bytes].concat()).is_ok()
    });
    on_curve
        || match bytes.first() {
            Some(2 | 3) => matches!(bytes.len(), 33 | 49 | 67),
            Some(4 | 6 | 7) => matches!(bytes.len(), 65 | 97 | 133),
            _ => false,
        }
}

/// What base64 holds, in either alphabet, padded or not, in lines or one.
fn decoded(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let kept = |byte: &u8| !byte.is_ascii_whitespace();
    let bytes = without_mark(text).iter().copied().filter(kept);
    let text = Zeroizing::new(bytes.collect::<Vec<u8>>());
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let mut alphabets = [STANDARD, URL_SAFE].iter();
    alphabets.find_map(|alphabet| {
        let engine = GeneralPurpose::new(alphabet, config);
        engine.decode(&*text).ok().map(Zeroizing::new)
    })
}

/// The first element of DER: its tag, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        length @ 0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let shifted = |sum: usize, byte: &u8| (sum << 8) | usize::from(*byte);
            (length.iter().fold(0, shifted), rest)
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD};
    use strongroom_types::SigningAlgorithm;

    use super::*;
    use crate::entropy::SystemEntropy;
    use crate::signing::SigningKey;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], length.as_slice(), content].concat()
    }

    fn public_key(algorithm: SigningAlgorithm) -> Vec<u8> {
        let key = SigningKey::generate(algorithm, &SystemEntropy).unwrap();
        key.public_key().unwrap()
    }

    fn found(bytes: &[u8], name: &str) {
        assert!(is_other_key(bytes), "{name}");
        let base64 = BASE64.encode(bytes);
        assert!(is_other_key(base64.as_bytes()), "{name} in base64");
        let lines = base64.as_bytes().chunks(64).collect::<Vec<_>>();
        assert!(is_other_key(&lines.join(&b'\n')), "{name} in lines");
        let url = URL_SAFE_NO_PAD.encode(bytes);
        assert!(is_other_key(url.as_bytes()), "{name} in base64url");
    }

    #[test]
    fn der_of_every_kind_is_another_key() {
        let spki = public_key(SigningAlgorithm::RsaPss2048);
        let (_, inside, _) = element(&spki).unwrap();
        let (_, _, bits) = element(inside).unwrap();
        let (_, bits, _) = element(bits).unwrap();
        found(&spki, "SPKI");
        found(&[spki.as_slice(), b"\n"].concat(), "SPKI and a line's end");
        found(&bits[1..], "PKCS #1");
        let algorithm = der(0x30, &[0x06, 3, 0x2b, 0x65, 0x70]);
        let serial = [0xa0, 3, 2, 1, 2, 2, 1, 1];
        let signed = der(0x30, &[serial.as_slice(), &algorithm, &spki].concat());
        let parts = [signed, algorithm, der(0x03, &[0; 65])].concat();
        found(&der(0x30, &parts), "certificate");
    }

    #[test]
    fn text_of_every_kind_is_another_key() {
        let spki = public_key(SigningAlgorithm::Ed25519);
        let base64 = BASE64.encode(&spki);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
        let wide: Vec<u8> = pem.encode_utf16().flat_map(u16::to_le_bytes).collect();
        found(pem.as_bytes(), "PEM");
        found(format!("\u{feff}{pem}").as_bytes(), "PEM behind a mark");
        found(&[b"\xff\xfe", wide.as_slice()].concat(), "PEM in UTF-16");
        for text in [
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== alice",
            "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=",
            "sk-ssh-ed25519@openssh.com AAAA",
            "restrict,pty ssh-rsa AAAAB3NzaC1yc2E=",
            "---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2E=\n---- END SSH2 PUBLIC KEY ----",
            "Comment\n-----BEGIN CERTIFICATE-----\nAAAA",
            " {\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\"}\n",
            "\u{feff}{\"kty\":\"RSA\"} ",
        ] {
            found(text.as_bytes(), text);
        }
        found(b"\0\0\0\x0bssh-ed25519\0\0\0 ", "SSH's own format");
    }

    #[test]
    fn points_of_every_form_are_other_keys() {
        for (coordinate, first) in [(32, 2), (48, 3), (66, 2)] {
            found(
                &[&[first], vec![7; coordinate].as_slice()].concat(),
                "compressed",
            );
            found(
                &[&[4], vec![7; 2 * coordinate].as_slice()].concat(),
                "uncompressed",
            );
        }
        for agreement in [Agreement::EcdhP256, Agreement::EcdhP384] {
            let pair = agreement.generate(&SystemEntropy).unwrap();
            found(&pair.public, "a point");
            found(&pair.public[1..], "coordinates");
        }
    }

    /// Of so many keys of each usual length none is taken for another.
    #[test]
    fn random_bytes_are_symmetric_keys() {
        let mut state = 7_u64;
        // SplitMix64.
        let mut draw = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)).to_le_bytes()
        };
        for length in [16, 24, 32, 48, 64, 128, 256] {
            for _ in 0..500 {
                let key: Vec<u8> = (0..length / 8).flat_map(|_| draw()).collect();
                assert!(!is_other_key(&key), "{key:02x?}");
                assert!(!is_other_key(BASE64.encode(&key).as_bytes()), "{key:02x?}");
            }
        }
        assert!(!is_other_key(&[0x30; 32]));
        assert!(!is_other_key(
            b"correct horse battery staple, and more of it"
        ));
    }
}
