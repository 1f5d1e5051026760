//! What an append to the log takes where the store does it, when many want one at once.
//!
//! Beside a commit of the same run this tells what sharing commits costs those who share: at worst an
//! entry waits for the commit that is under way and then for its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use strongroom_core::ports::{Pending, SealOpenings, Store as _, StoreError, WorkspaceRow};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_log::{Openings, leaf_hash};
use strongroom_store::{Database, StoreConfig};
use strongroom_types::WorkspaceId;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::now;
use crate::stats::Latencies;

/// Bytes of the entry of one sealed value, which has no item records, and of what is private of it.
const ENTRY_BYTES: usize = 420;
const OPENING_BYTES: usize = 300;

/// Stands in for the sealing of private fields, which is no part of an append.
#[derive(Debug)]
struct Sealed;

impl SealOpenings for Sealed {
    fn seal(&self, _first: u64, openings: Vec<Openings>) -> Result<Vec<u8>, StoreError> {
        Ok(vec![0x5a; OPENING_BYTES * openings.len()])
    }
}

/// Appends by `callers` tasks for `length`, each one entry after the other, to an SQLite database in
/// `directory`.
///
/// # Errors
/// The database cannot be made or written.
pub async fn measure(
    directory: &Path,
    callers: u32,
    length: Duration,
) -> Result<Latencies, Failure> {
    let path = directory.join("append.db");
    let config = StoreConfig::new(format!("sqlite:{}", path.display()));
    let store = Database::open(&config, Arc::new(SystemEntropy)).await;
    let store = Arc::new(store.map_err(Failure::other)?);
    let workspace = WorkspaceId::from_bytes([1; 16]);
    let row = WorkspaceRow {
        id: workspace,
        created: 0,
        seeds: Vec::new(),
        body: Vec::new(),
        context_quota: 0,
        contexts: 0,
    };
    store
        .put_first_workspace(&row)
        .await
        .map_err(Failure::other)?;
    let end = now() + length;
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut latencies = Latencies::default();
            while now() < end {
                let began = now();
                let committed = store.commit(pending(workspace)).await;
                committed.map_err(Failure::other)?;
                latencies.push(began.elapsed());
            }
            Ok::<_, Failure>(latencies)
        });
    }
    let mut all = Latencies::default();
    while let Some(done) = tasks.join_next().await {
        all.extend(done.map_err(Failure::other)??);
    }
    Ok(all)
}

fn pending(workspace: WorkspaceId) -> Pending {
    let entry = vec![0x5a; ENTRY_BYTES];
    Pending {
        workspace,
        epoch: None,
        time: 0,
        leaf: leaf_hash(&entry),
        entry,
        openings: Openings::default(),
        seal: Arc::new(Sealed),
        items: None,
        changes: Vec::new(),
    }
}
