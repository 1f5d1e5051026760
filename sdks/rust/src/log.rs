//! Reading the log, and checking it without trusting who serves it.

use bytes::Bytes;
use strongroom_log::{
    Checkpoint, CheckpointError, EntryBundle, NoteError, NoteVerifier, Receipt, ReceiptError, Tile,
    TileKind,
};
use strongroom_types::body::{EntriesPage, ItemsView, LogEntryId};
use strongroom_types::{KeyContext, Kind, Operation, Outcome};

use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Call;

/// Which entries to read; absent fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct EntryFilter {
    /// From this time on, RFC 3339.
    pub from: Option<String>,
    /// Up to and without this time, RFC 3339.
    pub to: Option<String>,
    /// Of this operation.
    pub operation: Option<Operation>,
    /// For this subject.
    pub subject: Option<String>,
    /// For subjects of this issuer.
    pub issuer: Option<String>,
    /// With this key context, in batches too.
    pub key_context: Option<KeyContext>,
    /// The kind of that key context; `context` if absent.
    pub kind: Option<Kind>,
    /// That ended so.
    pub outcome: Option<Outcome>,
    /// At most so many; the server's default if absent.
    pub limit: Option<u32>,
    /// The `next` of the page before; the first page if absent.
    pub page: Option<String>,
}

/// Reads the log of the client's workspace; needs `log:read`.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a>(pub(crate) &'a Client);

impl Log<'_> {
    /// Reads one page of entries, oldest first, with the private fields that are still kept.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn entries(&self, filter: &EntryFilter) -> Result<EntriesPage, ClientError> {
        entries_call(filter).answer(self.0).await
    }

    /// Reads the items of a batch's entry.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn items(&self, index: u64) -> Result<ItemsView, ClientError> {
        Call::get(format!("/v1/log/items/{index}"))
            .answer(self.0)
            .await
    }

    /// Reads the newest checkpoint, a signed note.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn checkpoint(&self) -> Result<String, ClientError> {
        Call::get("/v1/log/checkpoint").text(self.0).await
    }

    /// Reads a tile of hashes, or a bundle of entries.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn tile(&self, tile: Tile) -> Result<Bytes, ClientError> {
        Call::get(format!("/v1/log/{tile}")).bytes(self.0).await
    }

    /// Reads the receipt of an entry, as `tlog-proof` text.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn proof(&self, index: u64) -> Result<String, ClientError> {
        Call::get("/v1/log/proof")
            .query("index", Some(index))
            .text(self.0)
            .await
    }

    /// Reads the log's public key in the signed-note verifier-key form. A key that comes from the
    /// server that is to be checked proves nothing: keep it from a time when you trusted it.
    ///
    /// # Errors
    /// The server refused or did not answer.
    pub async fn key(&self) -> Result<String, ClientError> {
        let text = Call::get("/v1/log/key").text(self.0).await?;
        Ok(text.trim_end().to_owned())
    }

    /// Fetches an entry and its receipt, and checks here that the log holds it.
    ///
    /// # Errors
    /// The server did not answer, or what it answered does not hold.
    pub async fn prove(
        &self,
        entry: LogEntryId,
        verifier: &NoteVerifier,
    ) -> Result<ProvenEntry, EntryProofError> {
        let receipt: Receipt = self.proof(entry.index).await?.parse()?;
        if receipt.index != entry.index {
            return Err(EntryProofError::OtherEntry);
        }
        let origin = origin_of(&receipt.checkpoint.to_string()).to_owned();
        if !names_log(&origin, entry) {
            return Err(EntryProofError::OtherEntry);
        }
        let verifier = verifier_of_origin(verifier, &origin)?;
        let checkpoint = Checkpoint::of_note(&receipt.checkpoint, &verifier, &origin)?;
        let bytes = self.entry_bytes(entry.index, checkpoint.size()).await?;
        receipt.verify(&bytes, &verifier, &origin)?;
        Ok(ProvenEntry {
            bytes,
            receipt,
            checkpoint,
        })
    }

    /// The bytes of an entry of a log of `size` entries.
    async fn entry_bytes(&self, index: u64, size: u64) -> Result<Vec<u8>, EntryProofError> {
        let tile = Tile::in_tree(TileKind::Entries, index >> 8, size)
            .ok_or(EntryProofError::OtherEntry)?;
        let bundle = self.tile(tile).await?;
        let position = usize::try_from(index & 0xff).unwrap_or_default();
        let entry = EntryBundle::entries(&bundle).nth(position);
        match entry {
            Some(Ok(bytes)) => Ok(bytes.to_vec()),
            Some(Err(_)) | None => Err(EntryProofError::OtherEntry),
        }
    }
}

fn entries_call(filter: &EntryFilter) -> Call {
    let context = filter
        .key_context
        .as_ref()
        .and_then(|context| serde_json::to_string(context).ok());
    Call::get("/v1/log/entries")
        .query("from", filter.from.as_ref())
        .query("to", filter.to.as_ref())
        .query("operation", filter.operation)
        .query("subject", filter.subject.as_ref())
        .query("issuer", filter.issuer.as_ref())
        .query("key_context", context)
        .query("kind", filter.kind)
        .query("outcome", filter.outcome)
        .query("limit", filter.limit)
        .query("page", filter.page.as_ref())
}

/// The origin that a checkpoint claims: its first line.
#[must_use]
pub fn origin_of(checkpoint: &str) -> &str {
    checkpoint.lines().next().unwrap_or_default()
}

/// A deployment signs all its logs with one key: a key named `n` holds for the origin `n` and for
/// every origin below it, `n/…`, and for no other.
///
/// # Errors
/// The origin is not the key's.
pub fn verifier_of_origin(
    key: &NoteVerifier,
    origin: &str,
) -> Result<NoteVerifier, EntryProofError> {
    let below = origin
        .strip_prefix(key.name())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if !below {
        return Err(EntryProofError::OtherOrigin);
    }
    Ok(key.with_name(origin)?)
}

/// Whether the origin is that of the entry's log: one of its parts is the log's id.
fn names_log(origin: &str, entry: LogEntryId) -> bool {
    let log = entry.log.to_string();
    origin.split('/').any(|part| part == log)
}

/// An entry that was checked to be in the log.
#[derive(Clone, Debug)]
pub struct ProvenEntry {
    /// The entry as it stands in the log, see `docs/formats/log.md`.
    pub bytes: Vec<u8>,
    /// Its receipt: keep both, and anyone can check them later, without the server.
    pub receipt: Receipt,
    /// The state of the log that holds it.
    pub checkpoint: Checkpoint,
}

/// An entry that could not be proven.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryProofError {
    /// The server refused or did not answer.
    #[error(transparent)]
    Call(#[from] ClientError),
    /// The checkpoint is not that of the log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The receipt is malformed or does not hold.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The key is malformed.
    #[error(transparent)]
    Key(#[from] NoteError),
    /// The checkpoint is of a log that the key does not sign.
    #[error("the checkpoint is of a log that the key does not sign")]
    OtherOrigin,
    /// The answer is about another entry, or lacks it.
    #[error("the server answered with another entry")]
    OtherEntry,
}

#[cfg(test)]
mod tests {
    use strongroom_log::NoteSigner;

    use super::*;

    #[test]
    fn key_holds_for_the_origins_below_its_name_only() {
        let key = NoteSigner::from_seed("rooms.example", &[7; 32]).unwrap();
        let of = |origin| verifier_of_origin(&key.verifier(), origin);
        assert_eq!(of("rooms.example/a").unwrap().name(), "rooms.example/a");
        assert!(of("rooms.example").is_ok());
        assert!(of("rooms.example.evil/a").is_err());
        assert!(of("other").is_err());
    }
}
