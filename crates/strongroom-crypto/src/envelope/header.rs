//! The immutable header.

use strongroom_types::{
    ContextId, Lock, LockTerm, Membership, Mode, ObjectId, Purpose, Suite, WorkspaceId,
};

use super::{FormatError, Reader};
use crate::frame;
use crate::keys::{LOCK_SALT_BYTES, LOCK_TAG_BYTES};

/// What a header begins with: the format's name and a zero byte.
const MAGIC: [u8; 4] = *b"sr1\0";

/// What a ciphertext is, for whom and under which rules; never changed after sealing.
///
/// ```text
/// "sr1\0" ‖ purpose u8 ‖ suite u8 ‖ mode u8 ‖ workspace (16) ‖ context id (32)
///   ‖ 0 | 1 ‖ count u8 ‖ term* ‖ lock salt (16) ‖ lock tag (16)
///   ‖ 0 | 1 ‖ object id (16) ‖ object version u64
/// term = 1 ‖ item(claim) | 2 ‖ item(claim) ‖ item(member),   item = u32 length ‖ UTF-8
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// What the ciphertext is for.
    pub purpose: Purpose,
    /// The suite of every layer.
    pub suite: Suite,
    /// How the body's key comes about.
    pub mode: Mode,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The key context.
    pub context: ContextId,
    /// The identity lock, with wrapped mode or purpose split only.
    pub lock: Option<HeaderLock>,
    /// Id and version of an object, with purpose object and no other.
    pub object: Option<(ObjectId, u64)>,
}

/// The identity lock as it stands in a header: which claims, never their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderLock {
    /// The terms, at least one.
    pub lock: Lock,
    /// The tag's salt.
    pub salt: [u8; LOCK_SALT_BYTES],
    /// The lock tag under that salt.
    pub tag: [u8; LOCK_TAG_BYTES],
}

impl Header {
    /// The header's one encoding.
    ///
    /// # Errors
    /// The rule that the fields break together.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        self.check()?;
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[self.purpose.code(), self.suite.code(), self.mode.code()]);
        out.extend_from_slice(self.workspace.as_bytes());
        out.extend_from_slice(self.context.as_bytes());
        out.push(u8::from(self.lock.is_some()));
        if let Some(lock) = &self.lock {
            lock.encode_into(&mut out);
        }
        out.push(u8::from(self.object.is_some()));
        if let Some((id, version)) = &self.object {
            out.extend_from_slice(id.as_bytes());
            out.extend_from_slice(&version.to_be_bytes());
        }
        Ok(out)
    }

    /// Reads exactly what [`Header::encode`] writes.
    ///
    /// # Errors
    /// The first rule that the bytes break.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::new(bytes);
        if reader.array()? != MAGIC {
            return Err(FormatError::UnknownFormat);
        }
        let header = Self {
            purpose: code(&mut reader, "purpose", Purpose::from_code)?,
            suite: code(&mut reader, "suite", Suite::from_code)?,
            mode: code(&mut reader, "mode", Mode::from_code)?,
            workspace: WorkspaceId::from_bytes(reader.array()?),
            context: ContextId::from_bytes(reader.array()?),
            lock: decode_lock(&mut reader)?,
            object: decode_object(&mut reader)?,
        };
        reader.end()?;
        header.check()?;
        Ok(header)
    }

    /// The rules that bind several fields.
    fn check(&self) -> Result<(), FormatError> {
        let purpose = self.purpose;
        if self.lock.as_ref().is_some_and(|lock| lock.lock.is_empty()) {
            return Err(FormatError::EmptyLock);
        }
        let wrapped_only = matches!(purpose, Purpose::Object | Purpose::File | Purpose::DataKey);
        // The key of a split value is derived of both shares, the server's with the claims in it.
        let split = purpose == Purpose::Split;
        let wrapped_only = wrapped_only || (self.lock.is_some() && !split);
        if self.mode == Mode::Derived && wrapped_only {
            return Err(FormatError::DerivedMode { purpose });
        }
        if self.mode == Mode::Wrapped && split {
            return Err(FormatError::WrappedMode { purpose });
        }
        let in_chunks = matches!(purpose, Purpose::File | Purpose::Split);
        if in_chunks && self.suite.plaintext_bytes_max().is_some() {
            return Err(FormatError::NotChunked { suite: self.suite });
        }
        if self.object.is_some() != (purpose == Purpose::Object) {
            return Err(FormatError::Object { purpose });
        }
        Ok(())
    }
}

impl HeaderLock {
    fn encode_into(&self, out: &mut Vec<u8>) {
        let terms = self.lock.terms();
        // A lock has at most `Lock::TERMS_MAX` terms.
        out.push(u8::try_from(terms.len()).unwrap_or(u8::MAX));
        for term in terms {
            frame::push_term(out, term);
        }
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&self.tag);
    }
}

/// Reads a code and looks it up in its closed list.
fn code<T>(
    reader: &mut Reader<'_>,
    field: &'static str,
    from_code: impl FnOnce(u8) -> Option<T>,
) -> Result<T, FormatError> {
    let code = reader.byte()?;
    from_code(code).ok_or(FormatError::UnknownCode { field, code })
}

fn decode_lock(reader: &mut Reader<'_>) -> Result<Option<HeaderLock>, FormatError> {
    if !reader.presence("lock")? {
        return Ok(None);
    }
    let count = reader.byte()?;
    let terms = (0..count).map(|_| decode_term(reader));
    let terms = terms.collect::<Result<Vec<_>, _>>()?;
    let lock = Lock::new(terms.clone())?;
    if lock.terms() != terms {
        return Err(FormatError::LockOrder);
    }
    Ok(Some(HeaderLock {
        lock,
        salt: reader.array()?,
        tag: reader.array()?,
    }))
}

fn decode_term(reader: &mut Reader<'_>) -> Result<LockTerm, FormatError> {
    match reader.byte()? {
        1 => reader.text().map(LockTerm::Whole),
        2 => Ok(LockTerm::Has(Membership {
            claim: reader.text()?,
            has: reader.text()?,
        })),
        code => Err(FormatError::UnknownCode {
            field: "lock term",
            code,
        }),
    }
}

fn decode_object(reader: &mut Reader<'_>) -> Result<Option<(ObjectId, u64)>, FormatError> {
    if !reader.presence("object")? {
        return Ok(None);
    }
    let id = ObjectId::from_bytes(reader.array()?);
    let version = u64::from_be_bytes(reader.array()?);
    Ok(Some((id, version)))
}
