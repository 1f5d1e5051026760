//! Sealing of values.

use strongroom_types::{KeyVersion, Mode, Purpose, Suite};
use zeroize::Zeroizing;

use super::key_part::{KeyPart, encode_prefix, seal_inner, seal_outer};
use super::{Header, SealError};
use crate::chunked::SALT_BYTES;
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::frame;
use crate::kdf::Prf;
use crate::keys::{ContextKey, LockKey};
use crate::label::Label;
use crate::secret::Secret;
use crate::suite::SuiteKey;

/// What a ciphertext is sealed under. The header's workspace and key context are the key's.
#[derive(Debug, Clone, Copy)]
pub struct SealRequest<'a> {
    /// The context key.
    pub key: &'a ContextKey,
    /// The header; its mode picks how the body's key comes about.
    pub header: &'a Header,
    /// Bound to the body, and needed again to open it. Absent is the same as empty.
    pub associated_data: Option<&'a [u8]>,
    /// The lock key, if and only if the header has a lock.
    pub lock_key: Option<&'a LockKey>,
    /// Salts and data keys; asked once per ciphertext.
    pub entropy: &'a dyn Entropy,
}

impl SealRequest<'_> {
    /// Checks that the pieces belong together, and encodes the header.
    pub(super) fn header_bytes(&self) -> Result<Vec<u8>, SealError> {
        let (header, key) = (self.header, self.key);
        if header.workspace != key.workspace() || header.context != key.context() {
            return Err(SealError::ForeignKey);
        }
        if header.lock.is_some() != self.lock_key.is_some() {
            return Err(SealError::LockKey);
        }
        Ok(header.encode()?)
    }

    /// `Seal(context key, Seal(lock key, data key))`, or without the inner layer where there is no
    /// lock.
    pub(super) fn wrap(
        &self,
        header_bytes: &[u8],
        salts: &Drawn,
        data_key: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let header = (self.header, header_bytes);
        let sealed = match self.lock_key {
            None => seal_outer(self.key, header, &salts.outer_salt, data_key),
            Some(lock_key) => {
                let inner = seal_inner(lock_key, header, &salts.inner_salt, data_key)?;
                seal_outer(self.key, header, &salts.outer_salt, &inner)
            }
        };
        Ok(sealed?)
    }
}

/// The randomness of one ciphertext in wrapped mode, in the order in which it is drawn.
pub(super) struct Drawn {
    pub(super) body_salt: [u8; SALT_BYTES],
    pub(super) outer_salt: [u8; SALT_BYTES],
    pub(super) inner_salt: [u8; SALT_BYTES],
    pub(super) data_key: Secret<32>,
}

impl Drawn {
    pub(super) fn draw(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        let mut bytes = Zeroizing::new([0u8; 3 * SALT_BYTES + 32]);
        entropy.fill(&mut *bytes)?;
        let mut rest = bytes.iter().copied();
        Ok(Self {
            body_salt: core::array::from_fn(|_| rest.next().unwrap_or_default()),
            outer_salt: core::array::from_fn(|_| rest.next().unwrap_or_default()),
            inner_salt: core::array::from_fn(|_| rest.next().unwrap_or_default()),
            data_key: Secret::from_bytes(core::array::from_fn(|_| rest.next().unwrap_or_default())),
        })
    }
}

/// Seals a value and returns the whole blob.
///
/// # Errors
/// When the request is contradictory, asks for a stream or a data key, or there is no randomness.
pub fn seal_value(request: &SealRequest<'_>, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    let purpose = request.header.purpose;
    if matches!(purpose, Purpose::File | Purpose::DataKey | Purpose::Split) {
        return Err(SealError::Purpose { purpose });
    }
    let header_bytes = request.header_bytes()?;
    match request.header.mode {
        Mode::Derived => seal_derived(request, &header_bytes, plaintext),
        Mode::Wrapped => seal_wrapped(request, &header_bytes, plaintext),
    }
}

fn seal_derived(
    request: &SealRequest<'_>,
    header_bytes: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    let mut salt = [0; SALT_BYTES];
    request.entropy.fill(&mut salt)?;
    let version = request.key.version();
    let context = body_context(header_bytes, Some(version), request.associated_data);
    let part = KeyPart {
        version,
        wrapped: &[],
    };
    let key = request
        .key
        .body_key(request.header.purpose, request.header.suite);
    let body_bytes = key.sealed_bytes(plaintext.len());
    let mut blob = encode_prefix(header_bytes, &part, body_bytes);
    key.seal_into(&salt, &context, plaintext, &mut blob)?;
    Ok(blob)
}

fn seal_wrapped(
    request: &SealRequest<'_>,
    header_bytes: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    let drawn = Drawn::draw(request.entropy)?;
    let part = KeyPart {
        version: request.key.version(),
        wrapped: &request.wrap(header_bytes, &drawn, drawn.data_key.expose())?,
    };
    let key = data_body_key(&drawn.data_key, request.header);
    let body_bytes = key.sealed_bytes(plaintext.len());
    let mut blob = encode_prefix(header_bytes, &part, body_bytes);
    let context = body_context(header_bytes, None, request.associated_data);
    key.seal_into(&drawn.body_salt, &context, plaintext, &mut blob)?;
    Ok(blob)
}

/// `HKDF-Expand(data key, label ‖ frame(purpose, suite))`.
pub(crate) fn data_body_key(data_key: &Secret<32>, header: &Header) -> SuiteKey {
    let suite: Suite = header.suite;
    let parts = [header.purpose.name().as_bytes(), suite.name().as_bytes()];
    SuiteKey::derive(suite, &Prf::new(data_key), Label::DataBody, &parts)
}

/// `header ‖ [key version, in derived mode] ‖ item(associated data)`.
pub(super) fn body_context(
    header_bytes: &[u8],
    version: Option<KeyVersion>,
    associated_data: Option<&[u8]>,
) -> Vec<u8> {
    let associated_data = associated_data.unwrap_or_default();
    let mut context = Vec::with_capacity(header_bytes.len() + 8 + associated_data.len());
    context.extend_from_slice(header_bytes);
    if let Some(version) = version {
        context.extend_from_slice(&version.0.to_be_bytes());
    }
    frame::push_item(&mut context, associated_data);
    context
}
