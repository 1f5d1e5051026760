//! Times single operations of the libraries, each over many samples, beside what they are made of.

#![expect(clippy::print_stdout, reason = "a program of the command line")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use strongroom_benches::failure::Failure;
use strongroom_benches::now;
use strongroom_benches::stats::Latencies;
use strongroom_crypto::chunked::{InputKey, SALT_BYTES, Sealer};
use strongroom_crypto::entropy::SystemEntropy;
use strongroom_crypto::envelope::{self, Envelope, Header, SealRequest};
use strongroom_crypto::keys::{ContextIdKey, ContextKey, Seed};
use strongroom_crypto::secret::Secret;
use strongroom_log::{Commitments, ContextUse, ContextUses, Entry, Facts, Frontier, LogVerifier};
use strongroom_log::{leaf_hash, sha256};
use strongroom_types::{
    ClientId, ContextId, KeyContext, KeyVersion, Kind, Mode, Operation, Outcome, Purpose,
    RequestId, Suite, WorkspaceId,
};

const SAMPLES: u32 = 200;
const CALLS_PER_SAMPLE: u32 = 500;

const BLOCK_BYTES: usize = 16 * 1024;
const STREAM_BLOCKS: u32 = 64 * 1024;

const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([1; 16]);
const CONTEXT: ContextId = ContextId::from_bytes([2; 32]);

fn main() -> ExitCode {
    match values().and_then(|()| log()).and_then(|()| stream()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("micro: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the fastest and the middle sample of `operation`, for one call.
fn time(name: &str, mut operation: impl FnMut()) {
    let mut samples = Latencies::default();
    for _ in 0..SAMPLES {
        let started = now();
        for _ in 0..CALLS_PER_SAMPLE {
            operation();
        }
        samples.push(started.elapsed() / CALLS_PER_SAMPLE);
    }
    let (min, median) = (samples.percentile(0), samples.percentile(50));
    println!("{name:<44} min {min:>10.2?}   median {median:>10.2?}");
}

fn values() -> Result<(), Failure> {
    let seed = Seed::from_secret(Secret::from_bytes([7; 32]));
    let ids = ContextIdKey::derive(&seed, WORKSPACE);
    let context = KeyContext::new([("organizationId", "org_acme")]).map_err(Failure::other)?;
    time("context id of one pair", || {
        black_box(ids.context_id(Kind::Context, black_box(&context)));
    });
    time("context key from its seed, first body key", || {
        let key = ContextKey::derive(black_box(&seed), WORKSPACE, CONTEXT, KeyVersion::FIRST);
        black_box(envelope::seal_value(&request(&key, &header(Mode::Derived)), b"x").is_ok());
    });
    let key = ContextKey::derive(&seed, WORKSPACE, CONTEXT, KeyVersion::FIRST);
    let plaintext = [0x5a; 64];
    for (mode, name) in [(Mode::Derived, "derived"), (Mode::Wrapped, "wrapped")] {
        let header = header(mode);
        let request = request(&key, &header);
        let sealed = envelope::seal_value(&request, &plaintext).map_err(Failure::other)?;
        time(&format!("seal 64 bytes, {name}"), || {
            black_box(envelope::seal_value(&request, black_box(&plaintext)).is_ok());
        });
        time(&format!("parse and open 64 bytes, {name}"), || {
            let envelope = Envelope::parse(black_box(&sealed));
            black_box(envelope.is_ok_and(|it| envelope::open(&it, &key, None, None).is_ok()));
        });
    }
    Ok(())
}

fn header(mode: Mode) -> Header {
    Header {
        purpose: Purpose::Value,
        suite: Suite::Aes256Gcm,
        mode,
        workspace: WORKSPACE,
        context: CONTEXT,
        lock: None,
        object: None,
    }
}

fn request<'a>(key: &'a ContextKey, header: &'a Header) -> SealRequest<'a> {
    SealRequest {
        key,
        header,
        associated_data: None,
        lock_key: None,
        entropy: &SystemEntropy,
    }
}

fn log() -> Result<(), Failure> {
    let entry = entry()?;
    let bytes = entry.encode();
    time("encode an entry", || {
        black_box(black_box(&entry).encode());
    });
    let mut tree = Frontier::default();
    time("append an entry to the tree", || {
        black_box(tree.push(leaf_hash(black_box(&bytes))).is_ok());
    });
    let mut verifier = LogVerifier::default();
    let started = now();
    let entries = SAMPLES * CALLS_PER_SAMPLE * 10;
    for _ in 0..entries {
        verifier.entry(black_box(&bytes)).map_err(Failure::other)?;
    }
    let rate = f64::from(entries) / started.elapsed().as_secs_f64();
    println!(
        "{:<44} {rate:>14.0} entries/s on one core (bar 1000000)",
        "verify a log"
    );
    Ok(())
}

/// An entry such as one encryption makes.
fn entry() -> Result<Entry, Failure> {
    let one = ContextUse {
        kind: Kind::Context,
        context: CONTEXT,
        key_version: KeyVersion::FIRST,
        suite: Some(Suite::Aes256Gcm),
        count: 1,
    };
    Ok(Entry {
        time_us: 1_700_000_000_000_000,
        operation: Operation::Encrypt,
        outcome: Outcome::Allowed,
        reason: None,
        of: None,
        client: Some(ClientId::from_bytes([3; 16])),
        request_id: RequestId::from_bytes([4; 16]),
        count: 1,
        contexts: ContextUses::new(vec![one]).map_err(Failure::other)?,
        output: Some(sha256(b"ciphertext")),
        items: None,
        facts: Facts::default(),
        commitments: Commitments::default(),
    })
}

/// One GiB in blocks of 16 KiB: no disk, no socket. The raw cipher works in place, which is as
/// fast as it gets; ours writes its output beside its input, which is what a stream needs.
fn stream() -> Result<(), Failure> {
    let block = vec![0x5a; BLOCK_BYTES];
    let mut ratios = Vec::new();
    for round in 1..=3 {
        let raw = gibibytes_per_second(raw_gcm(&block)?);
        let ours = gibibytes_per_second(sealed_stream(&block)?);
        println!("seal 1 GiB, round {round}: raw {raw:.2} GiB/s, Strongroom {ours:.2} GiB/s");
        ratios.push(ours / raw);
    }
    let ratio = strongroom_benches::stats::median(ratios);
    println!("  Strongroom seals at {ratio:.2} of raw AES-256-GCM (bar 0.6, beyond 0.85)");
    println!("  most memory ever used: {}", memory_peak()?);
    Ok(())
}

fn raw_gcm(block: &[u8]) -> Result<Duration, Failure> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32])?);
    let mut sealed = block.to_vec();
    let started = now();
    for index in 0..STREAM_BLOCKS {
        let nonce = Nonce::from(&[index, 0, 0]);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), &mut sealed)?;
        black_box(tag.as_ref());
    }
    Ok(started.elapsed())
}

fn sealed_stream(block: &[u8]) -> Result<Duration, Failure> {
    let key = InputKey::new(Suite::Aes256Gcm, &[7; 32]).map_err(Failure::other)?;
    let mut sealer = Sealer::new(&key, &[9; SALT_BYTES], b"context");
    let mut sealed = Vec::with_capacity(2 * BLOCK_BYTES);
    let started = now();
    for _ in 0..STREAM_BLOCKS {
        sealed.clear();
        sealer.update(block, &mut sealed).map_err(Failure::other)?;
        black_box(&sealed);
    }
    sealer.finish(&mut sealed).map_err(Failure::other)?;
    Ok(started.elapsed())
}

fn gibibytes_per_second(took: Duration) -> f64 {
    1.0 / took.as_secs_f64()
}

/// Linux counts it for every process.
fn memory_peak() -> Result<String, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line.unwrap_or("unknown").trim().to_owned())
}
