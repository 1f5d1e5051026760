//! Signed notes and the keys that sign them, C2SP `signed-note` with Ed25519 (type 0x01).

use core::fmt;
use core::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::sha256;

/// A note or key that breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// More bytes than [`SignedNote::BYTES_MAX`].
    #[error("a note has at most {} bytes", SignedNote::BYTES_MAX)]
    TooLong,
    /// A control character other than newline.
    #[error("the note has a control character")]
    ControlCharacter,
    /// The text is empty or does not end in a newline.
    #[error("the text of the note does not end in a newline")]
    Text,
    /// No empty line with signatures behind it.
    #[error("the note has no signatures")]
    Unsigned,
    /// A signature line is not `— <key name> <base64>` and a newline.
    #[error("the note has a malformed signature line")]
    SignatureLine,
    /// More signatures than [`SignedNote::SIGNATURES_MAX`].
    #[error("a note has at most {} signatures", SignedNote::SIGNATURES_MAX)]
    TooManySignatures,
    /// A key name is empty or has a space, a control character or a plus.
    #[error("not a key name")]
    KeyName,
    /// A verifier key is not `<name>+<key id>+<base64>`.
    #[error("not a verifier key")]
    VerifierKey,
    /// A verifier key is of another type than Ed25519.
    #[error("the verifier key is not an Ed25519 key")]
    KeyType,
    /// A verifier key's id is not the hash of its name and key.
    #[error("the verifier key's id is not that of its name and key")]
    KeyId,
    /// The seed was refused.
    #[error("not an Ed25519 seed")]
    Seed,
    /// The signature could not be made.
    #[error("the note could not be signed")]
    Sign,
    /// No signature is by the key.
    #[error("the note is not signed by that key")]
    NotSignedByKey,
    /// A signature names the key and does not verify.
    #[error("the signature does not verify")]
    Signature,
}

/// One signature of a note: `— <name> base64(key id ‖ signature)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

impl NoteSignature {
    /// The name of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key.
    #[must_use]
    pub const fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// Reads one line without its newline.
    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (key_id, signature) = bytes.split_first_chunk()?;
        if signature.is_empty() || check_name(name).is_err() {
            return None;
        }
        Some(Self {
            name: name.to_owned(),
            key_id: *key_id,
            signature: signature.to_owned(),
        })
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.signature].concat();
        write!(f, "— {} {}", self.name, STANDARD.encode(bytes))
    }
}

/// A text with signatures. The text means nothing until [`SignedNote::verify`] hands it over.
///
/// ```text
/// text ending in a newline ‖ newline ‖ (signature line ‖ newline) × 1 or more
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// The most bytes a note may have.
    pub const BYTES_MAX: usize = 1 << 20;
    /// The most signatures a note may have.
    pub const SIGNATURES_MAX: usize = 64;

    /// Signs a text.
    ///
    /// # Errors
    /// The text does not end in a newline or has a control character, or signing failed.
    pub fn sign(text: String, signer: &NoteSigner) -> Result<Self, NoteError> {
        check_text(&text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::Text);
        }
        let signatures = vec![signer.sign(&text)?];
        Ok(Self { text, signatures })
    }

    /// Hands over the text if the key has signed it: at least one signature names the key, and all
    /// that do verify. Signatures by other keys are ignored.
    ///
    /// # Errors
    /// No signature by the key, or one that does not verify.
    pub fn verify(&self, verifier: &NoteVerifier) -> Result<&str, NoteError> {
        let mut by_key = self
            .signatures
            .iter()
            .filter(|signature| verifier.made(signature))
            .peekable();
        if by_key.peek().is_none() {
            return Err(NoteError::NotSignedByKey);
        }
        by_key.try_for_each(|signature| verifier.check(&self.text, signature))?;
        Ok(&self.text)
    }

    /// The signatures, verified or not.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl FromStr for SignedNote {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        check_text(note)?;
        // The text is separated from the signatures by the last empty line.
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Unsigned)?;
        let lines = match lines.strip_suffix('\n') {
            Some(lines) => lines,
            None if lines.is_empty() => return Err(NoteError::Unsigned),
            None => return Err(NoteError::SignatureLine),
        };
        let signatures: Vec<_> = lines
            .split('\n')
            .take(Self::SIGNATURES_MAX + 1)
            .map(NoteSignature::parse)
            .collect::<Option<_>>()
            .ok_or(NoteError::SignatureLine)?;
        if signatures.len() > Self::SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        Ok(Self {
            text: format!("{text}\n"),
            signatures,
        })
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if text.len() > SignedNote::BYTES_MAX {
        return Err(NoteError::TooLong);
    }
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(NoteError::ControlCharacter);
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let refused = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.contains(refused) {
        return Err(NoteError::KeyName);
    }
    Ok(())
}

const TYPE_ED25519: u8 = 1;

/// SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)[..4].
fn derive_key_id(name: &str, public: &[u8; 32]) -> [u8; 4] {
    let hash = sha256(&[name.as_bytes(), b"\n", &[TYPE_ED25519], public].concat());
    let [a, b, c, d, ..] = *hash.as_bytes();
    [a, b, c, d]
}

/// The public key of a log in the form that is published:
/// `<name>+<key id in hex>+base64(0x01 ‖ public key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteVerifier {
    name: String,
    key_id: [u8; 4],
    public: [u8; 32],
}

impl NoteVerifier {
    /// Names a public key.
    ///
    /// # Errors
    /// The name is not a key name.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            key_id: derive_key_id(name, &public),
            public,
        })
    }

    /// The name of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key.
    #[must_use]
    pub const fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// The same public key under another name, for a log with another origin.
    ///
    /// # Errors
    /// The name is not a key name.
    pub fn with_name(&self, name: &str) -> Result<Self, NoteError> {
        Self::new(name, self.public)
    }

    fn key_id_hex(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.key_id))
    }

    fn made(&self, signature: &NoteSignature) -> bool {
        signature.name == self.name && signature.key_id == self.key_id
    }

    fn check(&self, text: &str, signature: &NoteSignature) -> Result<(), NoteError> {
        UnparsedPublicKey::new(&ED25519, self.public)
            .verify(text.as_bytes(), &signature.signature)
            .ok()
            .ok_or(NoteError::Signature)
    }
}

impl fmt::Display for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[TYPE_ED25519], self.public.as_slice()].concat();
        write!(f, "{}+{}+", self.name, self.key_id_hex())?;
        f.write_str(&STANDARD.encode(key))
    }
}

impl FromStr for NoteVerifier {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::VerifierKey);
        };
        let key = STANDARD.decode(key).ok().ok_or(NoteError::VerifierKey)?;
        let (kind, public) = key.split_first().ok_or(NoteError::VerifierKey)?;
        if *kind != TYPE_ED25519 {
            return Err(NoteError::KeyType);
        }
        let public = public.try_into().ok().ok_or(NoteError::VerifierKey)?;
        let verifier = Self::new(name, public)?;
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if id.len() != 8 || !id.bytes().all(is_hex) {
            return Err(NoteError::VerifierKey);
        }
        if id != verifier.key_id_hex() {
            return Err(NoteError::KeyId);
        }
        Ok(verifier)
    }
}

/// The private key of a log. It cannot be copied out, compared or printed; AWS-LC wipes it when the
/// last signer of it is dropped.
pub struct NoteSigner {
    key: Arc<Ed25519KeyPair>,
    verifier: NoteVerifier,
}

impl NoteSigner {
    /// Makes the signer of an Ed25519 seed, RFC 8032 section 5.1.5.
    ///
    /// # Errors
    /// The name is not a key name.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = Ed25519KeyPair::from_seed_unchecked(seed)
            .ok()
            .ok_or(NoteError::Seed)?;
        let public = key.public_key().as_ref().try_into();
        let verifier = NoteVerifier::new(name, public.ok().ok_or(NoteError::Seed)?)?;
        Ok(Self {
            key: Arc::new(key),
            verifier,
        })
    }

    /// The same key under another name, for a log with another origin.
    ///
    /// # Errors
    /// The name is not a key name.
    pub fn with_name(&self, name: &str) -> Result<Self, NoteError> {
        Ok(Self {
            key: Arc::clone(&self.key),
            verifier: self.verifier.with_name(name)?,
        })
    }

    /// The public half, to publish.
    #[must_use]
    pub fn verifier(&self) -> NoteVerifier {
        self.verifier.clone()
    }

    fn sign(&self, text: &str) -> Result<NoteSignature, NoteError> {
        let signature = self.key.try_sign(text.as_bytes());
        Ok(NoteSignature {
            name: self.verifier.name.clone(),
            key_id: self.verifier.key_id,
            signature: signature.ok().ok_or(NoteError::Sign)?.as_ref().to_owned(),
        })
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({})", self.verifier.name)
    }
}
