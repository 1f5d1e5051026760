//! Encrypting with a direct key (RFC 7516, 7518 sections 4.5 and 5.3).

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::key::{Material, Wanted};
use super::{JoseError, Key, NotValid, decode, encode, read, text, written};
use crate::entropy::Entropy;
use crate::secret::SecretBytes;

const IV_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
/// The one way of managing keys: the key that is brought encrypts.
const DIRECT: &str = "dir";

/// How the content is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// AES-128-GCM.
    A128Gcm,
    /// AES-256-GCM.
    A256Gcm,
}

/// A JWE that opened.
#[derive(Debug)]
pub struct Opened {
    /// What was encrypted.
    pub plaintext: SecretBytes,
    /// Its header.
    pub header: Map<String, Value>,
    /// How it was encrypted.
    pub encryption: Encryption,
}

impl Encryption {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::A128Gcm, Self::A256Gcm];

    /// The name in a header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }

    /// The encryption of a name, which is written in one way only.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|encryption| encryption.name() == name)
    }

    /// The key, if it is a symmetric one of the length and for this.
    fn key(self, key: &Key, operation: &str) -> Option<LessSafeKey> {
        let algorithm = match self {
            Self::A128Gcm => &aead::AES_128_GCM,
            Self::A256Gcm => &aead::AES_256_GCM,
        };
        // A JWK for a direct key names the encryption as its algorithm, or `dir`.
        let wanted = [self.name(), DIRECT].map(|algorithm| Wanted {
            used_for: "enc",
            algorithm,
            operation,
        });
        wanted.iter().find(|wanted| key.check(wanted).is_ok())?;
        let Material::Symmetric(bytes) = &key.material else {
            return None;
        };
        let key = UnboundKey::new(algorithm, bytes.expose()).ok()?;
        Some(LessSafeKey::new(key))
    }
}

/// Encrypts with a key that is the encryption's own.
///
/// # Errors
/// The key has not the encryption's length, or there is no randomness.
pub fn encrypt(
    encryption: Encryption,
    key: &Key,
    plaintext: &[u8],
    entropy: &dyn Entropy,
) -> Result<(String, Map<String, Value>), JoseError> {
    let key = encryption.key(key, "encrypt").ok_or(JoseError::Key)?;
    let header = Map::from_iter([
        ("alg".to_owned(), DIRECT.into()),
        ("enc".to_owned(), encryption.name().into()),
    ]);
    let written = written(&header)?;
    let mut iv = [0; IV_BYTES];
    entropy
        .fill(&mut iv)
        .map_err(|_no_entropy| JoseError::Entropy)?;
    let mut text = Zeroizing::new(plaintext.to_vec());
    let aad = Aad::from(written.as_bytes());
    let nonce = Nonce::assume_unique_for_key(iv);
    let tag = key.seal_in_place_separate_tag(nonce, aad, &mut text);
    let tag = tag.map_err(|_too_long| JoseError::Key)?;
    let [iv, text, tag] = [&iv, text.as_slice(), tag.as_ref()].map(encode);
    Ok((format!("{written}..{iv}.{text}.{tag}"), header))
}

/// Opens a JWE.
///
/// # Errors
/// [`NotValid`], for all reasons.
pub fn decrypt(jwe: &str, key: &Key) -> Result<Opened, NotValid> {
    opened(jwe, key).ok_or(NotValid)
}

fn opened(jwe: &str, key: &Key) -> Option<Opened> {
    let mut parts = jwe.split('.');
    let [header, wrapped, iv, text_, tag] = core::array::from_fn(|_| parts.next());
    let (written, wrapped) = (header?, wrapped?);
    if !wrapped.is_empty() || parts.next().is_some() {
        return None;
    }
    let header = read(written)?;
    if text(&header, "alg")? != DIRECT {
        return None;
    }
    let encryption = Encryption::from_name(text(&header, "enc")?)?;
    let key = encryption
        .key(key, "decrypt")
        .or_else(|| encryption.key(key, "encrypt"))?;
    let iv: [u8; IV_BYTES] = decode(iv?)?.try_into().ok()?;
    let tag = decode(tag?).filter(|tag| tag.len() == TAG_BYTES)?;
    let mut sealed = Zeroizing::new(decode(text_?)?);
    sealed.extend_from_slice(&tag);
    let aad = Aad::from(written.as_bytes());
    let plaintext = key.open_in_place(Nonce::assume_unique_for_key(iv), aad, &mut sealed);
    Some(Opened {
        plaintext: plaintext.ok()?.to_vec().into(),
        header,
        encryption,
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;
    use crate::entropy::SystemEntropy;

    fn key(fill: u8, bytes: usize) -> Key {
        Key::read(&STANDARD.encode(vec![fill; bytes])).unwrap()
    }

    #[test]
    fn what_was_encrypted_opens_with_its_key_only() {
        for (encryption, bytes) in [(Encryption::A128Gcm, 16), (Encryption::A256Gcm, 32)] {
            let (jwe, _) = encrypt(encryption, &key(7, bytes), b"text", &SystemEntropy).unwrap();
            let opened = decrypt(&jwe, &key(7, bytes)).unwrap();
            assert_eq!(opened.plaintext.expose(), b"text");
            assert_eq!(opened.encryption, encryption);
            assert!(decrypt(&jwe, &key(8, bytes)).is_err());
            assert!(decrypt(&jwe, &key(7, 48 - bytes)).is_err());
            for position in 0..jwe.len() {
                let mut altered = jwe.clone().into_bytes();
                altered[position] = if altered[position] == b'A' {
                    b'B'
                } else {
                    b'A'
                };
                let altered = String::from_utf8(altered).unwrap();
                assert!(decrypt(&altered, &key(7, bytes)).is_err(), "{position}");
            }
        }
    }

    #[test]
    fn a_key_of_another_length_or_kind_encrypts_nothing() {
        let asymmetric =
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let for_signing =
            r#"{"kty":"oct","use":"sig","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;
        let of_another =
            r#"{"kty":"oct","alg":"A128GCM","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;
        let mut keys = vec![key(7, 16), key(7, 24), key(7, 64)];
        keys.extend([asymmetric, for_signing, of_another].map(|text| Key::read(text).unwrap()));
        for key in keys {
            let made = encrypt(Encryption::A256Gcm, &key, b"text", &SystemEntropy);
            assert_eq!(made.map(|_| ()), Err(JoseError::Key));
        }
    }

    #[test]
    fn headers_that_are_not_ours_do_not_open() {
        let (jwe, _) = encrypt(Encryption::A256Gcm, &key(7, 32), b"x", &SystemEntropy).unwrap();
        let rest = jwe.split_once('.').unwrap().1;
        for header in [
            json!({"alg": "dir", "enc": "A128GCM"}),
            json!({"alg": "A256KW", "enc": "A256GCM"}),
            json!({"alg": "none", "enc": "A256GCM"}),
            json!({"alg": "dir", "enc": "A256GCM", "zip": "DEF"}),
            json!({"alg": "dir", "enc": "A256GCM", "crit": []}),
            json!({"enc": "A256GCM"}),
        ] {
            let altered = format!("{}.{rest}", encode(header.to_string().as_bytes()));
            assert!(decrypt(&altered, &key(7, 32)).is_err(), "{header}");
        }
        let with_key = jwe.replacen("..", ".AAAA.", 1);
        for wrong in [with_key.as_str(), &format!("{jwe}."), "", "....", "a.b.c"] {
            assert!(decrypt(wrong, &key(7, 32)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_true_tag_does_not_make_a_jwe_one_of_ours() {
        let sealing = UnboundKey::new(&aead::AES_256_GCM, &[7; 32]).unwrap();
        let sealing = LessSafeKey::new(sealing);
        let made = |header: &Value, tag_bytes: usize| {
            let written = encode(header.to_string().as_bytes());
            let mut sealed = b"text".to_vec();
            let (nonce, aad) = (Nonce::assume_unique_for_key([1; IV_BYTES]), &written);
            sealing
                .seal_in_place_append_tag(nonce, Aad::from(aad.as_bytes()), &mut sealed)
                .unwrap();
            let (text, tag) = sealed.split_at(sealed.len() - tag_bytes);
            let [iv, text, tag] = [&[1; IV_BYTES], text, tag].map(encode);
            format!("{written}..{iv}.{text}.{tag}")
        };
        let of = |alg: &str| json!({"alg": alg, "enc": "A256GCM"});
        let opens = |jwe: String| decrypt(&jwe, &key(7, 32)).is_ok();
        assert!(opens(made(&of("dir"), TAG_BYTES)));
        for alg in ["A256KW", "A256GCMKW", "none", "DIR"] {
            assert!(!opens(made(&of(alg), TAG_BYTES)), "{alg}");
        }
        // The same bytes, cut elsewhere.
        for tag_bytes in [0, TAG_BYTES - 1, TAG_BYTES + 1] {
            assert!(!opens(made(&of("dir"), tag_bytes)), "{tag_bytes}");
        }
    }
}
