//! Values sealed under a split key, in the envelope `sr1`.

use strongroom_types::{KeyVersion, Lock, Mode, Purpose, Suite};

use super::client_share::ClientShare;
use super::place::{PLACE_BYTES, SplitScope, ValuePlace};
use crate::OpenError;
use crate::chunked::SALT_BYTES;
use crate::entropy::Entropy;
use crate::envelope::{
    Envelope, FormatError, Header, HeaderLock, KeyPart, SealError, data_body_key, encode_prefix,
};
use crate::frame;
use crate::keys::LOCK_TAG_BYTES;
use crate::secret::{Secret, SecretBytes};
use crate::suite::SuiteKey;

/// Bytes of the id of a split key.
pub const SPLIT_ID_BYTES: usize = 16;
/// Bytes that a split key's part has behind the version: `epoch u32 BE ‖ id ‖ digest of the place`.
pub const SPLIT_PART_BYTES: usize = 4 + SPLIT_ID_BYTES + PLACE_BYTES;

/// What the key of a sealed value is derived from, as its envelope states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitKeyOf {
    /// The version of the keyset's authority key.
    pub version: KeyVersion,
    /// The epoch of the clients' share.
    pub epoch: u32,
    /// Drawn for this value.
    pub id: [u8; SPLIT_ID_BYTES],
    place: [u8; PLACE_BYTES],
}

impl SplitKeyOf {
    /// A new value's.
    #[must_use]
    pub fn new(
        version: KeyVersion,
        epoch: u32,
        id: [u8; SPLIT_ID_BYTES],
        place: &ValuePlace<'_>,
    ) -> Self {
        Self {
            version,
            epoch,
            id,
            place: place.digest(&id),
        }
    }

    /// What an envelope states; `None` if it is of another purpose.
    #[must_use]
    pub fn of(envelope: &Envelope<'_>) -> Option<Self> {
        if envelope.header.purpose != Purpose::Split {
            return None;
        }
        let (epoch, rest) = envelope.key_part.wrapped.split_first_chunk()?;
        let (id, place) = rest.split_first_chunk()?;
        Some(Self {
            version: envelope.key_part.version,
            epoch: u32::from_be_bytes(*epoch),
            id: *id,
            place: place.try_into().ok()?,
        })
    }

    /// Whether the value says that it belongs there. Opening proves it.
    #[must_use]
    pub fn is_at(&self, place: &ValuePlace<'_>) -> bool {
        self.place == place.digest(&self.id)
    }

    fn part(&self) -> [u8; SPLIT_PART_BYTES] {
        let epoch = self.epoch.to_be_bytes();
        let mut bytes = epoch.iter().chain(&self.id).chain(&self.place);
        core::array::from_fn(|_| bytes.next().copied().unwrap_or_default())
    }
}

/// What a value is sealed under.
#[derive(Debug)]
pub struct SplitSeal<'a> {
    /// The keyset.
    pub scope: &'a SplitScope,
    /// The clients' share.
    pub share: &'a ClientShare,
    /// The server's share.
    pub server_share: &'a Secret<32>,
    /// What the key is derived from.
    pub of: &'a SplitKeyOf,
    /// Where the value belongs.
    pub place: &'a ValuePlace<'a>,
    /// The claims that are in the server's share, and its lock tag.
    pub lock: Option<(Lock, [u8; LOCK_TAG_BYTES])>,
}

/// Seals a value.
///
/// # Errors
/// The lock is not valid, or there is no randomness.
pub fn seal_split(
    seal: &SplitSeal<'_>,
    plaintext: &[u8],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, SealError> {
    let lock = seal.lock.clone().map(|(lock, tag)| HeaderLock {
        lock,
        salt: seal.of.id,
        tag,
    });
    let header = Header {
        purpose: Purpose::Split,
        suite: Suite::Aes256Gcm,
        mode: Mode::Derived,
        workspace: seal.scope.workspace,
        context: seal.scope.keyset,
        lock,
        object: None,
    };
    let header_bytes = header.encode()?;
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt)?;
    let part = KeyPart {
        version: seal.of.version,
        wrapped: &seal.of.part(),
    };
    let shares = (seal.share, seal.server_share);
    let key = suite_key((seal.scope, seal.of), shares, &header);
    let context = context(&header_bytes, &part, seal.place);
    let mut blob = encode_prefix(&header_bytes, &part, key.sealed_bytes(plaintext.len()));
    key.seal_into(&salt, &context, plaintext, &mut blob)?;
    Ok(blob)
}

/// Opens a value.
///
/// # Errors
/// When anything differs from what was sealed: either share, the keyset, the place, or a byte.
pub fn open_split(
    envelope: &Envelope<'_>,
    scope: &SplitScope,
    (share, server_share): (&ClientShare, &Secret<32>),
    place: &ValuePlace<'_>,
) -> Result<SecretBytes, OpenError> {
    let of = SplitKeyOf::of(envelope).ok_or(OpenError)?;
    let key = suite_key((scope, &of), (share, server_share), &envelope.header);
    let context = context(envelope.header_bytes, &envelope.key_part, place);
    key.open(&context, envelope.body)
}

fn suite_key(
    (scope, of): (&SplitScope, &SplitKeyOf),
    (share, server_share): (&ClientShare, &Secret<32>),
    header: &Header,
) -> SuiteKey {
    let data_key = share.data_key(scope, (of.epoch, of.version, &of.id), server_share);
    data_body_key(&data_key, header)
}

/// `header ‖ item(key part) ‖ item(framed place)`: the key part of a split value is never replaced.
fn context(header: &[u8], part: &KeyPart<'_>, place: &ValuePlace<'_>) -> Vec<u8> {
    let mut context = header.to_vec();
    let version = part.version.0.to_be_bytes();
    frame::push_item(&mut context, &[&version[..], part.wrapped].concat());
    frame::push_item(&mut context, &place.framed());
    context
}

/// Reads a blob as one of a split value.
impl SplitKeyOf {
    /// The envelope and what its key is derived from.
    ///
    /// # Errors
    /// The rule of the format that the bytes break; another purpose is an unknown format.
    pub fn parse(blob: &[u8]) -> Result<(Envelope<'_>, Self), FormatError> {
        let envelope = Envelope::parse(blob)?;
        let of = Self::of(&envelope).ok_or(FormatError::UnknownFormat)?;
        Ok((envelope, of))
    }
}

#[cfg(test)]
mod tests {
    use strongroom_types::{ContextId, LockTerm, WorkspaceId};

    use super::*;
    use crate::entropy::SystemEntropy;

    const PLACE: ValuePlace<'static> = ValuePlace {
        table: "users",
        column: "email",
        row: Some("7"),
    };

    fn scope(workspace: u8, keyset: u8) -> SplitScope {
        SplitScope {
            workspace: WorkspaceId::from_bytes([workspace; 16]),
            keyset: ContextId::from_bytes([keyset; 32]),
        }
    }

    fn share(byte: u8) -> ClientShare {
        ClientShare::from_secret(Secret::from_bytes([byte; 32]))
    }

    fn sealed(lock: Option<Lock>) -> Vec<u8> {
        let of = SplitKeyOf::new(KeyVersion(3), 2, [5; 16], &PLACE);
        let seal = SplitSeal {
            scope: &scope(1, 1),
            share: &share(1),
            server_share: &Secret::from_bytes([2; 32]),
            of: &of,
            place: &PLACE,
            lock: lock.map(|lock| (lock, [6; 16])),
        };
        seal_split(&seal, b"plaintext", &SystemEntropy).unwrap()
    }

    fn opened(
        blob: &[u8],
        scope: &SplitScope,
        (client, server): (u8, u8),
        place: &ValuePlace<'_>,
    ) -> Option<SecretBytes> {
        let (envelope, _) = SplitKeyOf::parse(blob).ok()?;
        let shares = (&share(client), &Secret::from_bytes([server; 32]));
        open_split(&envelope, scope, shares, place).ok()
    }

    #[test]
    fn a_value_opens_with_both_shares_at_its_place_only() {
        let lock = Lock::new(vec![LockTerm::Whole("sub".to_owned())]).unwrap();
        for blob in [sealed(None), sealed(Some(lock))] {
            let (home, shares) = (scope(1, 1), (1, 2));
            let plaintext = opened(&blob, &home, shares, &PLACE).unwrap();
            assert_eq!(plaintext.expose(), b"plaintext");
            for wrong in [(1, 3), (3, 2), (2, 1)] {
                assert!(opened(&blob, &home, wrong, &PLACE).is_none());
            }
            for wrong in [scope(2, 1), scope(1, 2)] {
                assert!(opened(&blob, &wrong, shares, &PLACE).is_none());
            }
            let row = |row| ValuePlace { row, ..PLACE };
            let (table, column) = ("user", "semail");
            let shifted = ValuePlace {
                table,
                column,
                ..PLACE
            };
            for wrong in [row(None), row(Some("8")), row(Some("")), shifted] {
                assert!(opened(&blob, &home, shares, &wrong).is_none());
                assert!(!SplitKeyOf::parse(&blob).unwrap().1.is_at(&wrong));
            }
            assert!(SplitKeyOf::parse(&blob).unwrap().1.is_at(&PLACE));
        }
    }

    #[test]
    fn every_flipped_byte_is_refused() {
        let blob = sealed(None);
        for at in 0..blob.len() {
            let mut bad = blob.clone();
            bad[at] ^= 1;
            assert!(opened(&bad, &scope(1, 1), (1, 2), &PLACE).is_none(), "{at}");
            assert!(opened(&blob[..at], &scope(1, 1), (1, 2), &PLACE).is_none());
        }
    }

    #[test]
    fn a_check_value_is_of_one_share_keyset_and_epoch() {
        let check = share(1).check(&scope(1, 1), 1);
        assert_ne!(check, share(2).check(&scope(1, 1), 1));
        assert_ne!(check, share(1).check(&scope(2, 1), 1));
        assert_ne!(check, share(1).check(&scope(1, 2), 1));
        assert_ne!(check, share(1).check(&scope(1, 1), 2));
    }
}
