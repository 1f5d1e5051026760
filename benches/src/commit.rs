//! What one durable commit costs on this disk, now: the floor of every durable answer.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use crate::failure::Failure;
use crate::now;
use crate::stats::Latencies;

/// A commit of one small transaction in SQLite's write-ahead log: two frames of one page each.
const COMMIT_BYTES: usize = 2 * (4096 + 24);
/// SQLite starts over at the front of its log when 1,000 pages were checkpointed.
const COMMITS_PER_LAP: u64 = 500;

/// Writes and syncs, as SQLite does for a commit, for `length`.
///
/// # Errors
/// When the disk is full.
pub fn measure(directory: &Path, length: Duration) -> Result<Latencies, Failure> {
    let mut file = File::create(directory.join("commit.wal"))?;
    let frame = vec![0x5a; COMMIT_BYTES];
    let mut latencies = Latencies::default();
    let end = now() + length;
    for commit in 0_u64.. {
        if commit % COMMITS_PER_LAP == 0 {
            file.seek(SeekFrom::Start(0))?;
        }
        let started = now();
        file.write_all(&frame)?;
        file.sync_data()?;
        latencies.push(started.elapsed());
        if started >= end {
            break;
        }
    }
    Ok(latencies)
}
