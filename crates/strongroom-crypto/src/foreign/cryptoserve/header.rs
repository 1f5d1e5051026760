//! Reading the frame and the header of a ciphertext.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use strongroom_types::Format;

use super::hybrid::HybridMode;
use crate::OpenError;

/// The longest header. Theirs are shorter than 500 bytes; the names of context and key have 64 at most.
const HEADER_BYTES_MAX: usize = 1024;
/// The longest name of a context.
const NAME_BYTES_MAX: usize = 64;
/// The longest name of a key. Strongroom's own, in what their SDK sealed under a key of its, are longer than
/// theirs.
const KEY_ID_BYTES_MAX: usize = 72;
/// Bytes of a key commitment.
pub(super) const COMMITMENT_BYTES: usize = 32;

/// A ciphertext of theirs, read and not yet opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ciphertext<'a> {
    pub(super) format: Format,
    context: Option<String>,
    key_id: String,
    pub(super) cipher: Cipher,
    pub(super) nonce: Vec<u8>,
    pub(super) commitment: Option<[u8; COMMITMENT_BYTES]>,
    pub(super) associated: Associated,
    pub(super) body: &'a [u8],
}

/// What sealed the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    /// AES-GCM under a key of so many bytes. What they call GCM-SIV is this.
    Gcm(usize),
    /// AES-CCM.
    Ccm(usize),
    /// AES-CBC with HMAC-SHA-256.
    Cbc(usize),
    /// ChaCha20-Poly1305.
    ChaCha20,
    /// AES-256-XTS with HMAC-SHA-256.
    Xts,
    /// ML-KEM, and an AEAD under what it shares; so many bytes of the body are of the former.
    Hybrid(HybridMode, usize),
}

/// What the header says of associated data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Associated {
    /// There is none.
    None,
    /// There is some.
    Some,
    /// There is some, of this length.
    Bytes(usize),
    /// It does not say.
    Unsaid,
}

impl Associated {
    /// Whether what the caller names can be right. `None` and empty are the same.
    pub(super) const fn fits(self, given: &[u8]) -> bool {
        match self {
            Self::None => given.is_empty(),
            Self::Some => !given.is_empty(),
            Self::Bytes(bytes) => given.len() == bytes,
            Self::Unsaid => true,
        }
    }
}

/// A header as it is written. Which fields it must have, and which it must not, its version says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    v: u8,
    ctx: Option<String>,
    kid: String,
    alg: Option<String>,
    mode: Option<String>,
    nonce: String,
    kc: Option<String>,
    aad: Option<bool>,
    local: Option<bool>,
    aad_len: Option<u32>,
    kem_ct_len: Option<u16>,
}

/// Whether bytes begin as a ciphertext of theirs does. None of `sr1` does: its first two bytes are zero, being
/// the upper half of a length below 64 KiB, and no header of theirs is empty.
#[must_use]
pub fn looks_like(bytes: &[u8]) -> bool {
    split(bytes).is_some_and(|(header, _)| header.starts_with(b"{") && header.ends_with(b"}"))
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length > HEADER_BYTES_MAX {
        return None;
    }
    rest.split_at_checked(length)
}

impl<'a> Ciphertext<'a> {
    /// Reads a ciphertext.
    ///
    /// # Errors
    /// It is none of theirs, or its header lacks something or says something that they never said.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, OpenError> {
        let (header, body) = split(bytes).ok_or(OpenError)?;
        let header: Header = serde_json::from_slice(header).map_err(|_not_theirs| OpenError)?;
        name(&header.kid, KEY_ID_BYTES_MAX)?;
        let context = header.ctx.as_deref();
        context.map_or(Ok(()), |context| name(context, NAME_BYTES_MAX))?;
        let nonce = decode(&header.nonce)?;
        match header.v {
            1 if header.kem_ct_len.is_some() => hybrid(header, nonce, body),
            1 | 2 => early(header, nonce, body),
            3 => committed(header, nonce, body),
            4 => local(header, nonce, body),
            _ => Err(OpenError),
        }
    }

    /// The format.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// How it is sealed: name, mode, and bits of the key.
    #[must_use]
    pub const fn algorithm(&self) -> (&'static str, &'static str, u16) {
        match self.cipher {
            Cipher::Gcm(16) => ("AES-128-GCM", "gcm", 128),
            Cipher::Gcm(24) => ("AES-192-GCM", "gcm", 192),
            Cipher::Gcm(_) => ("AES-256-GCM", "gcm", 256),
            Cipher::Ccm(16) => ("AES-128-CCM", "ccm", 128),
            Cipher::Ccm(24) => ("AES-192-CCM", "ccm", 192),
            Cipher::Ccm(_) => ("AES-256-CCM", "ccm", 256),
            Cipher::Cbc(16) => ("AES-128-CBC", "cbc", 128),
            Cipher::Cbc(24) => ("AES-192-CBC", "cbc", 192),
            Cipher::Cbc(_) => ("AES-256-CBC", "cbc", 256),
            Cipher::ChaCha20 => ("ChaCha20-Poly1305", "poly1305", 256),
            Cipher::Xts => ("AES-256-XTS", "xts", 256),
            Cipher::Hybrid(mode, _) => (mode.name(), "hybrid", 256),
        }
    }

    /// How many bytes are tried with one key after another, because nothing says which is theirs.
    #[must_use]
    pub const fn tried_bytes(&self) -> usize {
        match self.cipher {
            Cipher::Hybrid(..) => 0,
            _ if self.commitment.is_some() => 0,
            _ => self.body.len(),
        }
    }

    /// The context that the header names. A hybrid one names none.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// The key that the header names.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}

fn early(header: Header, nonce: Vec<u8>, body: &[u8]) -> Result<Ciphertext<'_>, OpenError> {
    let Header {
        v,
        ctx: Some(context),
        kid: key_id,
        alg: Some(alg),
        mode,
        nonce: _,
        kc: None,
        aad: None,
        local: None,
        aad_len: None,
        kem_ct_len: None,
    } = header
    else {
        return Err(OpenError);
    };
    let (format, cipher) = match (v, mode.as_deref()) {
        (1, None) => (Format::CsV1, cipher(&alg, "gcm")?),
        // What they called XTS then was GCM.
        (2, Some("xts")) => (Format::CsV2, cipher(&alg, "gcm")?),
        (2, Some(mode)) => (Format::CsV2, cipher(&alg, mode)?),
        _ => return Err(OpenError),
    };
    Ok(Ciphertext {
        format,
        context: Some(context),
        key_id,
        cipher,
        nonce: nonce_of(cipher, nonce)?,
        commitment: None,
        associated: Associated::None,
        body,
    })
}

fn committed(header: Header, nonce: Vec<u8>, body: &[u8]) -> Result<Ciphertext<'_>, OpenError> {
    let Header {
        v: _,
        ctx: Some(context),
        kid: key_id,
        alg: Some(alg),
        mode: Some(mode),
        nonce: _,
        kc: Some(kc),
        aad,
        local: None,
        aad_len: None,
        kem_ct_len: None,
    } = header
    else {
        return Err(OpenError);
    };
    let cipher = cipher(&alg, &mode)?;
    let commitment = decode(&kc)?.try_into().map_err(|_length| OpenError)?;
    let associated = match aad {
        None => Associated::None,
        Some(true) => Associated::Some,
        // They never wrote it.
        Some(false) => return Err(OpenError),
    };
    Ok(Ciphertext {
        format: Format::CsV3,
        context: Some(context),
        key_id,
        cipher,
        nonce: nonce_of(cipher, nonce)?,
        commitment: Some(commitment),
        associated,
        body,
    })
}

fn hybrid(header: Header, nonce: Vec<u8>, body: &[u8]) -> Result<Ciphertext<'_>, OpenError> {
    let Header {
        v: _,
        ctx: None,
        kid: key_id,
        alg: None,
        mode: Some(mode),
        nonce: _,
        kc: None,
        aad: None,
        local: None,
        aad_len: None,
        kem_ct_len: Some(kem_bytes),
    } = header
    else {
        return Err(OpenError);
    };
    let mode = HybridMode::of_name(&mode).ok_or(OpenError)?;
    let kem_bytes = usize::from(kem_bytes);
    if kem_bytes != mode.ciphertext_bytes() {
        return Err(OpenError);
    }
    let cipher = Cipher::Hybrid(mode, kem_bytes);
    Ok(Ciphertext {
        format: Format::CsHybridV1,
        context: None,
        key_id,
        cipher,
        nonce: nonce_of(cipher, nonce)?,
        commitment: None,
        associated: Associated::Unsaid,
        body,
    })
}

fn local(header: Header, nonce: Vec<u8>, body: &[u8]) -> Result<Ciphertext<'_>, OpenError> {
    let Header {
        v: _,
        ctx: Some(context),
        kid: key_id,
        alg: Some(alg),
        mode: None,
        nonce: _,
        kc: None,
        aad: None,
        local: Some(true),
        aad_len,
        kem_ct_len: None,
    } = header
    else {
        return Err(OpenError);
    };
    let cipher = cipher(&alg, "gcm")?;
    let associated = match aad_len {
        None | Some(0) => Associated::None,
        Some(bytes) => Associated::Bytes(usize::try_from(bytes).map_err(|_too_long| OpenError)?),
    };
    Ok(Ciphertext {
        format: Format::CsSdkV4,
        context: Some(context),
        key_id,
        cipher,
        nonce: nonce_of(cipher, nonce)?,
        commitment: None,
        associated,
        body,
    })
}

fn name(text: &str, bytes_max: usize) -> Result<(), OpenError> {
    if text.is_empty() || text.len() > bytes_max || text.chars().any(char::is_control) {
        return Err(OpenError);
    }
    Ok(())
}

fn decode(text: &str) -> Result<Vec<u8>, OpenError> {
    STANDARD.decode(text).map_err(|_not_base64| OpenError)
}

/// The cipher that algorithm and mode name. The algorithm goes before the mode: ChaCha20-Poly1305 says
/// `gcm` or `ctr`.
fn cipher(alg: &str, mode: &str) -> Result<Cipher, OpenError> {
    if alg == "ChaCha20-Poly1305" {
        return match mode {
            "gcm" | "ctr" => Ok(Cipher::ChaCha20),
            _ => Err(OpenError),
        };
    }
    let rest = alg.strip_prefix("AES-").ok_or(OpenError)?;
    let (bits, _) = rest.split_once('-').unwrap_or((rest, ""));
    let bytes = match bits {
        "128" => 16,
        "192" => 24,
        "256" => 32,
        // The key of XTS, which is two.
        "512" if mode == "xts" => 32,
        _ => return Err(OpenError),
    };
    match mode {
        "gcm" | "gcm-siv" => Ok(Cipher::Gcm(bytes)),
        "ccm" => Ok(Cipher::Ccm(bytes)),
        "cbc" => Ok(Cipher::Cbc(bytes)),
        "xts" => Ok(Cipher::Xts),
        _ => Err(OpenError),
    }
}

fn nonce_of(cipher: Cipher, nonce: Vec<u8>) -> Result<Vec<u8>, OpenError> {
    let bytes = match cipher {
        Cipher::Cbc(_) => 16,
        _ => 12,
    };
    if nonce.len() == bytes {
        return Ok(nonce);
    }
    Err(OpenError)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn framed(header: &Value) -> Vec<u8> {
        let header = header.to_string();
        let length = u16::try_from(header.len()).unwrap();
        [&length.to_be_bytes()[..], header.as_bytes(), b"body"].concat()
    }

    fn v3() -> Value {
        json!({"v": 3, "ctx": "user-pii", "kid": "key_1", "alg": "AES-256-GCM", "mode": "gcm",
            "nonce": STANDARD.encode([0; 12]), "kc": STANDARD.encode([0; 32])})
    }

    #[test]
    fn each_field_of_a_header_must_be_there_and_no_other() {
        assert_eq!(
            Ciphertext::parse(&framed(&v3())).unwrap().format,
            Format::CsV3
        );
        for field in ["v", "ctx", "kid", "alg", "mode", "nonce", "kc"] {
            let mut header = v3();
            header.as_object_mut().unwrap().remove(field);
            assert!(Ciphertext::parse(&framed(&header)).is_err(), "{field}");
        }
        for (field, value) in [
            ("more", json!(1)),
            ("aad", json!(false)),
            ("local", json!(true)),
            ("kem_ct_len", json!(1088)),
            ("v", json!(5)),
            ("alg", json!("AES-257-GCM")),
            ("alg", json!("DES")),
            ("mode", json!("ctr")),
            ("mode", json!("GCM")),
            ("nonce", json!(STANDARD.encode([0; 11]))),
            ("nonce", json!(STANDARD.encode([0; 16]))),
            ("kc", json!(STANDARD.encode([0; 31]))),
            ("kid", json!("")),
            ("ctx", json!("x".repeat(65))),
        ] {
            let mut header = v3();
            header[field] = value;
            assert!(Ciphertext::parse(&framed(&header)).is_err(), "{header}");
        }
    }

    #[test]
    fn what_strongroom_seals_does_not_look_like_theirs() {
        assert!(looks_like(&framed(&v3())));
        assert!(!looks_like(b"\0\0\0\x40sr1\0{}"));
        assert!(!looks_like(b"sr1\0{}"));
        assert!(!looks_like(b""));
        assert!(!looks_like(b"\xff\xff{}"));
    }
}
