//! A record as it stands in its row: what its client sealed, sealed once more at its place.

use std::collections::BTreeSet;

use strongroom_crypto::frame;
use strongroom_log::map::MapKey;
use strongroom_log::{Hash, sha256};
use strongroom_types::body::RecordVersion;
use strongroom_types::{Bytes, ContextId, StoreName};

use crate::denial::{CiphertextFault, Denial, Invalid};
use crate::ports::Micros;
use crate::workspace::WorkspaceState;

/// The most records of a request.
pub(super) const RECORDS_MAX: usize = 100;

/// The names of a request: 1 to 100, each once.
///
/// # Errors
/// There are none or too many, one is no name, or one stands twice.
pub(super) fn names<'a>(given: impl Iterator<Item = &'a Bytes>) -> Result<Vec<MapKey>, Denial> {
    let wrong = || Denial::from(Invalid::Field("name".into()));
    let (mut names, mut seen) = (Vec::new(), BTreeSet::new());
    for bytes in given {
        let name: [u8; MapKey::LEN] = bytes.0.as_slice().try_into().map_err(|_length| wrong())?;
        let name = MapKey::from_bytes(name);
        if !seen.insert(name) {
            return Err(wrong());
        }
        names.push(name);
    }
    match names.len() {
        0 => Err(Invalid::Field("names".into()).into()),
        items if items > RECORDS_MAX => Err(Invalid::BatchItems {
            items,
            max: RECORDS_MAX,
        }
        .into()),
        _ => Ok(names),
    }
}

/// The name of a record as the database looks it up.
pub(super) fn hash(state: &WorkspaceState, context: ContextId, name: &MapKey) -> Vec<u8> {
    let keys = &state.keys.context_id;
    keys.store_value_name(context, name.as_bytes()).to_vec()
}

/// What a version is bound to: `frame(purpose, workspace, store, name, version)`.
pub(super) fn bound(
    state: &WorkspaceState,
    store: &StoreName,
    (name, version): (&MapKey, u64),
) -> Vec<u8> {
    let version = version.to_be_bytes();
    let parts: [&[u8]; 5] = [
        b"sealed record",
        state.id.as_bytes(),
        store.as_str().as_bytes(),
        name.as_bytes(),
        &version,
    ];
    frame::list(&parts)
}

/// What is in the row of a version.
///
/// ```text
/// 1 (1) ‖ epoch (4) ‖ expires (8) ‖ what the client sealed
/// ```
pub(super) struct Kept<'a> {
    pub(super) epoch: u32,
    pub(super) expires: i64,
    pub(super) sealed: &'a [u8],
}

const VERSION: u8 = 1;

impl<'a> Kept<'a> {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(13 + self.sealed.len());
        out.push(VERSION);
        out.extend(self.epoch.to_be_bytes());
        out.extend(self.expires.to_be_bytes());
        out.extend(self.sealed);
        out
    }

    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, Denial> {
        let split = || {
            let (version, rest) = bytes.split_first()?;
            let (epoch, rest) = rest.split_first_chunk()?;
            let (expires, sealed) = rest.split_first_chunk()?;
            (*version == VERSION).then_some(Kept {
                epoch: u32::from_be_bytes(*epoch),
                expires: i64::from_be_bytes(*expires),
                sealed,
            })
        };
        split().ok_or(Denial::Ciphertext(CiphertextFault::Altered))
    }

    /// SHA-256 of what the client sealed.
    pub(super) fn digest(&self) -> Hash {
        sha256(self.sealed)
    }

    /// The version as it is given out: without its value once it has expired.
    pub(super) fn show(&self, version: u64, now: Micros) -> RecordVersion {
        let live = self.expires == 0 || self.expires > now;
        RecordVersion {
            version,
            epoch: self.epoch,
            expires: self.expires,
            digest: (*self.digest().as_bytes()).into(),
            value: live.then(|| self.sealed.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_reads_back_and_hides_what_has_expired() {
        let kept = Kept {
            epoch: 3,
            expires: 50,
            sealed: b"sealed",
        };
        let bytes = kept.encode();
        let read = Kept::decode(&bytes).unwrap();
        assert_eq!(
            (read.epoch, read.expires, read.sealed),
            (3, 50, &b"sealed"[..])
        );
        assert!(read.show(1, 49).value.is_some());
        let expired = read.show(1, 50);
        assert_eq!(expired.value, None);
        assert_eq!(expired.digest.0, sha256(b"sealed").as_bytes());
        assert!(Kept::decode(&bytes[..12]).is_err());
        assert!(Kept::decode(&[&[2], &bytes[1..]].concat()).is_err());
    }

    #[test]
    fn names_are_hashes_and_each_stands_once() {
        let name = |byte| Bytes(vec![byte; 32]);
        assert_eq!(names([name(1), name(2)].iter()).unwrap().len(), 2);
        assert!(names([name(1), name(1)].iter()).is_err());
        assert!(names([Bytes(vec![1; 31])].iter()).is_err());
        assert!(names([].iter()).is_err());
        let many: Vec<_> = (0..101).map(name).collect();
        assert!(names(many.iter()).is_err());
    }
}
