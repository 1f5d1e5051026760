//! Telling other keys from symmetric ones: whoever takes the encoding of a public key for an HMAC key
//! lets everybody sign who knows that.
//!
//! ```text
//! text     PEM (RFC 7468), SSH2 (RFC 4716), OpenSSH's lines, a JWK
//! binary   DER of a whole SEQUENCE, SSH's key format (RFC 4253, 6.6), points of curves (SEC 1, 2.3.3)
//! ```
//!
//! Each is found behind a byte order mark or padding (white space and zeros), and in base64 or in hex digits,
//! with colons between them too. Whatever may follow; only points end with their last byte, but for padding. A
//! bare key of Ed25519 or X25519 cannot be told from 32 other bytes.
//!
//! Random bytes are taken for a point if there are as many as one has and the first says so: of 33, 49 and
//! 67 bytes those that begin with 2 or 3, of 65, 97 and 133 those that begin with 4, 6 or 7; of a few more
//! bytes, those that are padding besides. So are texts of letters and digits alone that are base64 of as many:
//! of 44 characters about one in 128. That others look like a SEQUENCE is a matter of one in millions.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::agreement::Agreement;

/// The fewest bytes within a SEQUENCE that is a key: no key is smaller, and few of other bytes look
/// like one.
const SEQUENCE_BYTES_MIN: usize = 32;
/// How often base64 and hex digits are looked into.
const LAYERS_MAX: u8 = 2;

/// Whether bytes are another key than a symmetric one, in any of the encodings.
pub(super) fn is_other_key(bytes: &[u8]) -> bool {
    is_other(bytes, LAYERS_MAX)
}

fn is_other(bytes: &[u8], layers: u8) -> bool {
    // Without what UTF-16 has between ASCII.
    let narrow = kept(bytes, |byte| byte != 0);
    let inside = || [base64(&narrow), hex(&narrow)].into_iter().flatten();
    is_text(&narrow)
        || is_binary(bytes)
        || is_binary(without_mark(without_padding(bytes)))
        || (layers > 0 && inside().any(|inner| is_other(&inner, layers - 1)))
}

fn is_binary(bytes: &[u8]) -> bool {
    let begun = without_padding(bytes);
    is_ssh(begun) || is_sequence(begun) || is_point(begun) || is_bare_point(bytes)
}

/// White space and zeros, which editors, shells and languages put around keys.
const fn is_padding(byte: u8) -> bool {
    matches!(byte, 0 | b'\t'..=b'\r' | b' ')
}

/// From the first byte that is neither padding nor a byte order mark.
fn begun(mut bytes: &[u8]) -> &[u8] {
    loop {
        let rest = without_mark(without_padding(bytes));
        if rest.len() == bytes.len() {
            return rest;
        }
        bytes = rest;
    }
}

fn without_padding(bytes: &[u8]) -> &[u8] {
    let first = bytes.iter().position(|byte| !is_padding(*byte));
    first.and_then(|first| bytes.get(first..)).unwrap_or(&[])
}

/// Whether nothing but padding follows so many bytes.
fn ends_after(bytes: &[u8], length: usize) -> bool {
    let rest = bytes.get(length..);
    rest.is_some_and(|rest| rest.iter().copied().all(is_padding))
}

fn is_text(bytes: &[u8]) -> bool {
    let has = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    // OpenSSH's options may stand before the type.
    let words = bytes.split(u8::is_ascii_whitespace);
    has(b"-----BEGIN")
        || has(b"---- BEGIN")
        || words.map(without_mark).any(is_ssh_type)
        || is_object(begun(bytes))
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

/// A JSON object that says something, as every key does. Hex digits read as base64 begin with `{}` too often.
fn is_object(bytes: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Map<String, Value>>();
    bytes.starts_with(b"{") && matches!(values.next(), Some(Ok(object)) if !object.is_empty())
}

/// A type behind its length, as SSH writes a key that is not text. The length begins with zeros, which are
/// padding, and may end with a byte that is.
fn is_ssh(bytes: &[u8]) -> bool {
    is_ssh_type(bytes) || bytes.get(1..).is_some_and(is_ssh_type)
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

/// A point of a curve of 256, 384 or 521 bits, by its form and length, whatever the curve.
fn is_point(bytes: &[u8]) -> bool {
    let lengths = match bytes.first() {
        Some(2 | 3) => [33, 49, 67],
        Some(4 | 6 | 7) => [65, 97, 133],
        _ => return false,
    };
    lengths.iter().any(|length| ends_after(bytes, *length))
}

/// The two coordinates of a point, if it is on a curve that is known here. They may begin and end with bytes
/// that are padding elsewhere, so that each place is tried where they can begin.
fn is_bare_point(bytes: &[u8]) -> bool {
    let padding = bytes.iter().take_while(|byte| is_padding(**byte)).count();
    let last = bytes.iter().rposition(|byte| !is_padding(*byte));
    let is_at = |start: usize, (agreement, scalar_bytes): (Agreement, usize)| {
        let rest = bytes.get(start..).unwrap_or_default();
        let point = rest.get(..2 * scalar_bytes);
        point.is_some_and(|point| ends_after(rest, point.len()) && is_on_curve(agreement, point))
    };
    let curves = [(Agreement::EcdhP256, 32), (Agreement::EcdhP384, 48)];
    last.is_some_and(|last| {
        curves.into_iter().any(|curve| {
            let first = (last + 1).saturating_sub(2 * curve.1);
            (first..=padding).any(|start| is_at(start, curve))
        })
    })
}

fn is_on_curve(agreement: Agreement, coordinates: &[u8]) -> bool {
    let mut point = Zeroizing::new(Vec::with_capacity(1 + coordinates.len()));
    point.push(4);
    point.extend_from_slice(coordinates);
    agreement.is_public(&point)
}

/// What base64 holds, in either alphabet, padded or not, in lines or one.
fn base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = close(text, is_padding);
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let mut alphabets = [STANDARD, URL_SAFE].iter();
    alphabets.find_map(|alphabet| {
        let engine = GeneralPurpose::new(alphabet, config);
        engine.decode(&*text).ok().map(Zeroizing::new)
    })
}

/// What hex digits hold, in lines or one, with colons or without.
fn hex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = close(text, |byte| is_padding(byte) || byte == b':');
    let digits = [b"0x", b"0X"]
        .into_iter()
        .find_map(|prefix| text.strip_prefix(prefix));
    let (pairs, rest) = digits.unwrap_or(&text).as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for pair in pairs {
        bytes.push(byte(pair)?);
    }
    rest.is_empty().then_some(bytes)
}

/// Text without a byte order mark, and without what stands between its parts.
fn close(text: &[u8], between: impl Fn(u8) -> bool) -> Zeroizing<Vec<u8>> {
    kept(begun(text), |byte| !between(byte))
}

/// The bytes that are wanted, in memory that is wiped: it is never moved to grow.
fn kept(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> Zeroizing<Vec<u8>> {
    let mut kept = Zeroizing::new(Vec::with_capacity(bytes.len()));
    kept.extend(bytes.iter().copied().filter(|byte| wanted(*byte)));
    kept
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

    fn hex_of(bytes: &[u8], between: &str) -> String {
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        digits.collect::<Vec<_>>().join(between)
    }

    fn found(bytes: &[u8], name: &str) {
        assert!(is_other_key(bytes), "{name}");
        for (before, after) in [
            ("", "\n"),
            ("\n", ""),
            ("\r\n\t ", " \x0b\0"),
            ("\u{feff} ", "\n"),
        ] {
            let padded = [before.as_bytes(), bytes, after.as_bytes()].concat();
            assert!(is_other_key(&padded), "{name} in padding");
            let hex = format!("{before}{}{after}", hex_of(bytes, ""));
            assert!(is_other_key(hex.as_bytes()), "{name} in hex in padding");
        }
        for hex in [
            hex_of(bytes, ":").to_uppercase(),
            format!("0x{}", hex_of(bytes, "")),
            BASE64.encode(hex_of(bytes, "\n")),
        ] {
            assert!(is_other_key(hex.as_bytes()), "{name} in hex");
        }
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

    #[test]
    fn points_that_end_with_what_is_padding_are_other_keys() {
        for last in [b'\n', b' ', 0] {
            let mut point = vec![7; 33];
            (point[0], point[32]) = (2, last);
            found(&point, "compressed");
        }
        // Coordinates that begin or end with what looks like padding: about one point in twenty.
        let mut seen = 0;
        while seen < 3 {
            let pair = Agreement::EcdhP256.generate(&SystemEntropy).unwrap();
            let bare = &pair.public[1..];
            if is_padding(bare[0]) || is_padding(bare[63]) {
                found(bare, "coordinates");
                seen += 1;
            }
        }
        assert!(!is_other_key(&[b' '; 5000]));
    }

    /// Of so many keys of each usual length none is taken for another, but by chance those of which it is
    /// written that they are.
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
        let usual = [16, 24, 32, 48, 64, 128, 256].map(|length| (length, &[][..]));
        let compressed = [33, 49, 67].map(|length| (length, &[2, 3][..]));
        let whole = [65, 97, 133].map(|length| (length, &[4, 6, 7][..]));
        let mut chances = 0;
        for (length, firsts) in [&usual[..], &compressed, &whole].concat() {
            for _ in 0..500 {
                let key = core::iter::repeat_with(&mut draw).flatten().take(length);
                let key = key.collect::<Vec<u8>>();
                let expected = firsts.contains(&key[0]);
                chances += u32::from(expected);
                assert_eq!(is_other_key(&key), expected, "{key:02x?}");
                for text in [BASE64.encode(&key), hex_of(&key, "")] {
                    assert_eq!(is_other_key(text.as_bytes()), expected, "{key:02x?}");
                }
            }
        }
        assert!(chances > 0);
        assert!(!is_other_key(&[0x30; 32]));
        assert!(!is_other_key(
            b"correct horse battery staple, and more of it"
        ));
    }
}
