//! What a process has in its memory, as the operator of its machine reads it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "memory that cannot be read fails its test"
)]

use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt as _;

/// A page of memory.
const PAGE: usize = 4096;
/// Different bytes that 32 random ones have at the least: one key in a hundred thousand has fewer.
const DIFFERENT: usize = 24;

/// The regions that a process can write: heaps, stacks and what it shares. Secrets are nowhere else. A region
/// that goes while it is read is left out.
pub fn writable(process: u32) -> impl Iterator<Item = Vec<u8>> {
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let regions = regions(process).into_iter();
    regions.map(move |region| read(&memory, region))
}

fn regions(process: u32) -> Vec<(u64, u64)> {
    let maps = read_to_string(format!("/proc/{process}/maps")).unwrap();
    maps.lines().filter_map(writable_region).collect()
}

/// The bounds of a region, by its line in `maps`: `from-to rw-p …`.
fn writable_region(line: &str) -> Option<(u64, u64)> {
    let (bounds, rest) = line.split_once(' ')?;
    let (from, to) = bounds.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    let bounds = (number(from)?, number(to)?);
    rest.starts_with("rw").then_some(bounds)
}

/// What is read of a region. Pages of zeros are left out: they are most of it, and part of no secret.
fn read(memory: &File, (from, to): (u64, u64)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut page = [0; PAGE];
    for at in (from..to).step_by(PAGE) {
        if memory.read_exact_at(&mut page, at).is_err() {
            break;
        }
        if page != [0; PAGE] {
            bytes.extend_from_slice(&page);
        }
    }
    bytes
}

/// All runs of 32 bytes that could be keys: random bytes differ from each other.
pub fn like_keys(memory: &[u8]) -> impl Iterator<Item = [u8; 32]> + '_ {
    let (mut seen, mut different) = ([0_u8; 256], 0);
    memory.iter().enumerate().filter_map(move |(at, byte)| {
        let entering = &mut seen[usize::from(*byte)];
        different += usize::from(*entering == 0);
        *entering += 1;
        if let Some(before) = at.checked_sub(32) {
            let leaving = &mut seen[usize::from(memory[before])];
            *leaving -= 1;
            different -= usize::from(*leaving == 0);
        }
        if different < DIFFERENT {
            return None;
        }
        memory.get(at.checked_sub(31)?..=at)?.try_into().ok()
    })
}
