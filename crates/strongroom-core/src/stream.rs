//! Streams: sealed and opened chunk by chunk, of any length, with flat memory.
//!
//! The entry is durable before the first byte is answered; a sealed stream's last chunk is withheld
//! until a linked entry with its digest and length is durable. A stream that fails ends in a linked
//! entry and without its last chunk, so that nobody can take it for a whole one.

mod digest;

use std::sync::Arc;

use bytes::Bytes;
use strongroom_crypto::chunked::{CHUNK_BYTES, Opener, Sealer, sealed_bytes};
use strongroom_crypto::entropy::Entropy;
use strongroom_crypto::envelope::Envelope;
use strongroom_types::body::{KeyRef, LogEntryId};
use strongroom_types::{KeyContext, Lock, Operation, Outcome, Permission, Purpose};

use self::digest::Running;
use crate::ask::{Answered, Ask};
use crate::batch::{ItemUse, Prepared, Single};
use crate::caller::Caller;
use crate::decrypt::Opening;
use crate::denial::{CiphertextFault, Denial, Refused};
use crate::door::keyring::{ContextKeys, SealSpec};
use crate::door::{
    Account, Ending, ItemPermit, KeyUse, Need, Stopped, Withheld, check_purpose, format_fault,
};
use crate::strongroom::Strongroom;

/// What a stream is sealed under.
#[derive(Clone, Debug)]
pub struct StreamSeal {
    /// Whose data this is.
    pub key_context: KeyContext,
    /// The claims to lock to.
    pub lock: Lock,
    /// Bytes that must be given again to open.
    pub associated_data: Option<Vec<u8>>,
}

/// What a stream is expected to be sealed under.
#[derive(Clone, Debug)]
pub struct StreamOpen {
    /// The key context that the caller expects.
    pub key_context: KeyContext,
    /// The bytes given when it was sealed.
    pub associated_data: Option<Vec<u8>>,
}

/// How many bytes of a stream belong to its prefix; `None` while more are needed.
///
/// # Errors
/// It is no stream of ours.
pub fn prefix_len(bytes: &[u8]) -> Result<Option<usize>, Denial> {
    let parsed = Envelope::parse_prefix(bytes).map_err(format_fault)?;
    Ok(parsed.map(|(envelope, _)| envelope.prefix_bytes()))
}

impl Strongroom {
    /// Starts to seal a stream.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn stream_encrypt(
        &self,
        ask: &Ask,
        request: StreamSeal,
    ) -> Result<Answered<SealStream>, Refused> {
        let (answered, caller) = self.enter_as(ask, &Single(&request)).await?;
        let (prefix, sealer, key) = answered.value;
        let course = self.course(ask, caller, Operation::StreamEncrypt, answered.entry)?;
        let value = SealStream {
            course,
            prefix,
            sealer,
            key,
            digest: Running::start(),
        };
        Ok(Answered {
            value,
            entry: answered.entry,
        })
    }

    /// Starts to open a stream whose prefix is complete (see [`prefix_len`]).
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn stream_decrypt(
        &self,
        ask: &Ask,
        request: StreamOpen,
        prefix: &[u8],
    ) -> Result<Answered<OpenStream>, Refused> {
        let open = OpenPrefix { request, prefix };
        let (answered, caller) = self.enter_as(ask, &Single(&open)).await?;
        let (opener, key) = answered.value;
        let course = self.course(ask, caller, Operation::StreamDecrypt, answered.entry)?;
        Ok(Answered {
            value: OpenStream {
                course,
                opener,
                key,
            },
            entry: answered.entry,
        })
    }

    fn course(
        &self,
        ask: &Ask,
        caller: Caller,
        operation: Operation,
        entry: Option<LogEntryId>,
    ) -> Result<Course, Refused> {
        let Some(entry) = entry else {
            return Err(Refused::unlogged(Denial::Internal));
        };
        Ok(Course {
            room: self.clone(),
            caller,
            ask: ask.clone(),
            operation,
            entry,
        })
    }
}

impl ItemUse for StreamSeal {
    const OPERATION: Operation = Operation::StreamEncrypt;
    const PERMISSION: Permission = Permission::Encrypt;
    type Work = (Withheld<(Vec<u8>, Sealer)>, Arc<ContextKeys>);
    type Answer = (Vec<u8>, Sealer, KeyRef);

    fn key_context(&self) -> Option<&KeyContext> {
        Some(&self.key_context)
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        ask: &Ask,
        entropy: &dyn Entropy,
    ) -> Result<Prepared<Self::Work>, Stopped> {
        let (of, need) = (&self.key_context, Need::sealing(!self.lock.is_empty()));
        let keys = room.keys_for_sealing((caller, ask), of, need).await?;
        let lock = caller.lock_for_sealing(&keys, &self.lock, None)?;
        let spec = SealSpec {
            purpose: Purpose::File,
            lock: lock.as_ref(),
            associated_data: self.associated_data.as_deref(),
            object: None,
            suite: None,
            entropy,
        };
        let begun = keys.begin_stream(&spec)?;
        let (key_use, digest) = (KeyUse::sealing(&keys), begun.digest());
        let map = Arc::clone(&keys.map);
        Ok(Prepared::new((begun, keys), key_use, &map, digest))
    }

    fn finish(
        &self,
        _room: &Strongroom,
        (begun, keys): Self::Work,
        permit: ItemPermit,
    ) -> Result<Self::Answer, Denial> {
        let (prefix, sealer) = begun.release(permit)?;
        Ok((prefix, sealer, keys.sealed_one()))
    }
}

struct OpenPrefix<'a> {
    request: StreamOpen,
    prefix: &'a [u8],
}

/// Reads the complete prefix of a stream.
pub(crate) fn parse_prefix(prefix: &[u8]) -> Result<Envelope<'_>, Denial> {
    let parsed = Envelope::parse_prefix(prefix).map_err(format_fault)?;
    let malformed = Denial::Ciphertext(CiphertextFault::Malformed);
    let (envelope, _) = parsed.ok_or(malformed)?;
    check_purpose(&envelope, Purpose::File)?;
    Ok(envelope)
}

impl ItemUse for OpenPrefix<'_> {
    const OPERATION: Operation = Operation::StreamDecrypt;
    const PERMISSION: Permission = Permission::Decrypt;
    type Work = Opening;
    type Answer = (Opener, KeyRef);

    fn key_context(&self) -> Option<&KeyContext> {
        Some(&self.request.key_context)
    }

    async fn prepare(
        &self,
        room: &Strongroom,
        caller: &Caller,
        _ask: &Ask,
        _entropy: &dyn Entropy,
    ) -> Result<Prepared<Opening>, Stopped> {
        caller.require_context(&self.request.key_context)?;
        let envelope = parse_prefix(self.prefix)?;
        let keys = room
            .keys_for_opening(caller, &self.request.key_context, &envelope)
            .await?;
        let lock = caller.lock_for_opening(&keys, &envelope.header)?;
        let (key_use, map) = (KeyUse::opening(&keys, &envelope), Arc::clone(&keys.map));
        let digest = strongroom_log::sha256(self.prefix);
        Ok(Prepared::new(Opening { keys, lock }, key_use, &map, digest))
    }

    fn finish(
        &self,
        _room: &Strongroom,
        work: Opening,
        permit: ItemPermit,
    ) -> Result<Self::Answer, Denial> {
        let envelope = parse_prefix(self.prefix)?;
        let associated_data = self.request.associated_data.as_deref();
        let opener =
            work.keys
                .open_stream(permit, &envelope, work.lock.as_ref(), associated_data)?;
        Ok((
            opener,
            KeyRef {
                id: work.keys.id,
                version: envelope.key_part.version,
            },
        ))
    }
}

/// A stream under way: who it belongs to, and the entry that allowed it.
#[derive(Debug)]
struct Course {
    room: Strongroom,
    caller: Caller,
    ask: Ask,
    operation: Operation,
    entry: LogEntryId,
}

impl Course {
    async fn end(
        &self,
        outcome: Outcome,
        denial: Option<&Denial>,
        account: Account,
    ) -> Option<Denial> {
        let reason = denial.map(Denial::reason);
        let ending = Ending {
            operation: self.operation,
            outcome,
            reason,
        };
        let account = Account {
            of: Some(self.entry.index),
            count: 1,
            ..account
        };
        let written = self
            .room
            .append_ending(&self.caller, &self.ask, ending, account)
            .await;
        written.err()
    }

    /// Writes the failure and gives what to answer with.
    async fn fail(&self, denial: Denial) -> Refused {
        let unwritten = self
            .end(Outcome::Failed, Some(&denial), Account::default())
            .await;
        Refused::with_entry(unwritten.unwrap_or(denial), Some(self.entry))
    }
}

/// A stream that is being sealed.
#[derive(Debug)]
pub struct SealStream {
    course: Course,
    prefix: Vec<u8>,
    sealer: Sealer,
    key: KeyRef,
    digest: Running,
}

impl SealStream {
    /// The key that seals it.
    #[must_use]
    pub const fn key(&self) -> &KeyRef {
        &self.key
    }

    /// The bytes to send first; empty the second time.
    pub async fn prefix(&mut self) -> Bytes {
        let prefix = Bytes::from(core::mem::take(&mut self.prefix));
        self.digest.update(&prefix).await;
        prefix
    }

    /// Takes plaintext and gives the chunks that it completes.
    ///
    /// # Errors
    /// The stream is longer than 2^38 chunks.
    pub async fn push(&mut self, plaintext: &[u8]) -> Result<Bytes, Denial> {
        // Less than a chunk was held back before.
        let mut out = Vec::with_capacity(sealed_bytes(plaintext.len() + CHUNK_BYTES));
        self.sealer
            .update(plaintext, &mut out)
            .map_err(|_too_long| Denial::TooLarge {
                limit_bytes: u64::MAX,
            })?;
        let out = Bytes::from(out);
        self.digest.update(&out).await;
        Ok(out)
    }

    /// Ends the stream: gives its last chunk once the entry with its digest is durable.
    ///
    /// # Errors
    /// The entry cannot be written; the stream stays unfinished.
    pub async fn finish(mut self) -> Result<Bytes, Refused> {
        let mut last = Vec::new();
        if self.sealer.finish(&mut last).is_err() {
            return Err(self
                .course
                .fail(Denial::TooLarge {
                    limit_bytes: u64::MAX,
                })
                .await);
        }
        let last = Bytes::from(last);
        self.digest.update(&last).await;
        let Some(account) = self.digest.account().await else {
            return Err(self.course.fail(Denial::Internal).await);
        };
        match self.course.end(Outcome::Completed, None, account).await {
            None => Ok(last),
            Some(unwritten) => Err(Refused::with_entry(unwritten, Some(self.course.entry))),
        }
    }

    /// Notes that the caller went away or the stream broke off.
    pub async fn abort(self) {
        let _refused = self.course.fail(Denial::Aborted).await;
    }
}

/// A stream that is being opened.
#[derive(Debug)]
pub struct OpenStream {
    course: Course,
    opener: Opener,
    key: KeyRef,
}

impl OpenStream {
    /// The key that opens it.
    #[must_use]
    pub const fn key(&self) -> &KeyRef {
        &self.key
    }

    /// Takes ciphertext after the prefix and gives the plaintext of the chunks that it completes.
    /// Give a failure to [`OpenStream::fail`].
    ///
    /// # Errors
    /// A chunk does not open.
    pub fn push(&mut self, ciphertext: &[u8]) -> Result<Bytes, Denial> {
        // Less than a chunk was held back before.
        let mut out = Vec::with_capacity(ciphertext.len() + CHUNK_BYTES);
        self.opener
            .update(ciphertext, &mut out)
            .map_err(|_altered| Denial::Ciphertext(CiphertextFault::Altered))?;
        Ok(out.into())
    }

    /// Ends the stream: gives the plaintext of its last chunk.
    ///
    /// # Errors
    /// The last chunk is missing or does not open; a linked entry says so.
    pub async fn finish(self) -> Result<Bytes, Refused> {
        let mut last = Vec::new();
        let Self { course, opener, .. } = self;
        match opener.finish(&mut last) {
            Ok(()) => Ok(last.into()),
            Err(_altered) => Err(course
                .fail(Denial::Ciphertext(CiphertextFault::Altered))
                .await),
        }
    }

    /// Notes a failure and gives what to answer with.
    pub async fn fail(self, denial: Denial) -> Refused {
        self.course.fail(denial).await
    }

    /// Notes that the caller went away or the stream broke off.
    pub async fn abort(self) {
        let _refused = self.course.fail(Denial::Aborted).await;
    }
}
