//! The digest of what a stream gives out, for its entry.

use aws_lc_rs::digest::{Context, Digest, SHA256};
use bytes::Bytes;
use strongroom_log::{Facts, Hash};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::door::Account;

/// Pieces that may wait to be hashed.
const PIECES: usize = 4;

/// SHA-256 and length of what was given out so far.
///
/// Hashing takes longer than sealing, so that it has a task of its own: one piece is hashed while
/// the next is sealed.
#[derive(Debug)]
pub(super) struct Running {
    pieces: mpsc::Sender<Bytes>,
    hashing: JoinHandle<Digest>,
    bytes: u64,
}

impl Running {
    pub(super) fn start() -> Self {
        let (pieces, given) = mpsc::channel(PIECES);
        Self {
            pieces,
            hashing: tokio::spawn(hash(given)),
            bytes: 0,
        }
    }

    /// Takes a piece, and waits while too many are still to be hashed.
    pub(super) async fn update(&mut self, piece: &Bytes) {
        let bytes = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(bytes);
        // A task that failed has no digest: `account` says so.
        self.pieces.send(piece.clone()).await.ok();
    }

    /// The account of a stream that is complete; `None` when hashing failed.
    pub(super) async fn account(self) -> Option<Account> {
        drop(self.pieces);
        let digest = self.hashing.await.ok()?;
        let output = <[u8; 32]>::try_from(digest.as_ref()).ok()?;
        let account = Account {
            output: Some(Hash::from_bytes(output)),
            facts: Facts::default(),
            ..Account::default()
        };
        Some(account.fact("bytes", &self.bytes.to_string()))
    }
}

async fn hash(mut given: mpsc::Receiver<Bytes>) -> Digest {
    let mut context = Context::new(&SHA256);
    while let Some(piece) = given.recv().await {
        context.update(&piece);
    }
    context.finish()
}
