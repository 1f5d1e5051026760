//! A log fetched as a whole and checked here, with nothing but the public key.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a log that does not verify fails its test"
)]

use strongroom_client::{Client, origin_of, verifier_of_origin};
use strongroom_log::{Checkpoint, Entry, EntryBundle, LogVerifier, NoteVerifier, Tile, TileKind};

/// The entries of a log, and the checkpoint over them.
#[derive(Clone, Debug)]
pub struct WholeLog {
    /// The bytes of each entry.
    pub entries: Vec<Vec<u8>>,
    /// The newest checkpoint when they were fetched.
    pub checkpoint: Checkpoint,
}

impl WholeLog {
    /// Fetches all entry bundles and tiles of leaf hashes below the newest checkpoint and verifies
    /// them.
    pub async fn fetch(client: &Client, key: &NoteVerifier) -> Self {
        let note = client.log().checkpoint().await.unwrap();
        let checkpoint = checkpoint(&note, key);
        let size = checkpoint.size();
        let (mut verifier, mut entries) = (LogVerifier::default(), Vec::new());
        for n in 0..size.div_ceil(u64::from(Tile::FULL)) {
            let tile = |kind| Tile::in_tree(kind, n, size).unwrap();
            let bundle = client.log().tile(tile(TileKind::Entries)).await.unwrap();
            let hashes = client.log().tile(tile(TileKind::Hashes(0))).await.unwrap();
            verifier.bundle_with_tile(&bundle, &hashes).unwrap();
            entries.extend(EntryBundle::entries(&bundle).map(|entry| entry.unwrap().to_vec()));
        }
        verifier.check(&checkpoint).unwrap();
        Self {
            entries,
            checkpoint,
        }
    }

    /// The entry at an index.
    pub fn entry(&self, index: u64) -> Entry {
        let index = usize::try_from(index).unwrap();
        Entry::decode(&self.entries[index]).unwrap()
    }

    /// Verifies these entries against a checkpoint of their own.
    ///
    /// # Errors
    /// What does not hold.
    pub fn verify(
        entries: &[Vec<u8>],
        checkpoint: &Checkpoint,
    ) -> Result<(), strongroom_log::VerifyError> {
        let mut verifier = LogVerifier::default();
        for entry in entries {
            verifier.entry(entry)?;
        }
        verifier.check(checkpoint)
    }
}

/// Reads a checkpoint that the deployment's key signs.
pub fn checkpoint(note: &str, key: &NoteVerifier) -> Checkpoint {
    let origin = origin_of(note);
    let key = verifier_of_origin(key, origin).unwrap();
    Checkpoint::verify(note, &key, origin).unwrap()
}
