//! The bytes of an entry; the layout is drawn at [`Entry`].

use strongroom_types::{Operation, RequestId};

use super::{ContextUses, Entry, Facts};
use crate::bytes::{DecodeError, Reader};
use crate::commitment::Commitments;

const VERSION: u8 = 1;

const REASON: u16 = 1 << 0;
const OF: u16 = 1 << 1;
const CLIENT: u16 = 1 << 2;
const CONTEXTS_DIGEST: u16 = 1 << 3;
const OUTPUT: u16 = 1 << 4;
const ITEMS: u16 = 1 << 5;
/// The commitments' five bits start here.
const COMMITMENTS_SHIFT: u32 = 6;
const KNOWN: u16 = (1 << 11) - 1;

/// A bit, if what it stands for is there.
fn bit<T>(field: Option<&T>, bit: u16) -> u16 {
    if field.is_some() { bit } else { 0 }
}

fn fields(entry: &Entry) -> u16 {
    bit(entry.reason.as_ref(), REASON)
        | bit(entry.of.as_ref(), OF)
        | bit(entry.client.as_ref(), CLIENT)
        | bit(entry.contexts.digest().as_ref(), CONTEXTS_DIGEST)
        | bit(entry.output.as_ref(), OUTPUT)
        | bit(entry.items.as_ref(), ITEMS)
        | entry.commitments.bits() << COMMITMENTS_SHIFT
}

pub(super) fn encode(entry: &Entry) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.push(VERSION);
    out.extend(entry.time_us.to_be_bytes());
    out.extend(entry.operation.code().to_be_bytes());
    out.push(entry.outcome.code());
    out.extend(fields(entry).to_be_bytes());
    if let Some(reason) = entry.reason {
        out.extend(reason.code().to_be_bytes());
    }
    if let Some(of) = entry.of {
        out.extend(of.to_be_bytes());
    }
    if let Some(client) = &entry.client {
        out.extend(client.as_bytes());
    }
    out.extend(entry.request_id.as_bytes());
    out.extend(entry.count.to_be_bytes());
    entry.contexts.encode(&mut out);
    for hash in [entry.output, entry.items].iter().flatten() {
        out.extend(hash.as_bytes());
    }
    entry.facts.encode(&mut out);
    entry.commitments.encode(&mut out);
    out
}

pub(super) fn decode(bytes: &[u8]) -> Result<Entry, DecodeError> {
    let mut reader = Reader::new(bytes);
    let r = &mut reader;
    r.version(VERSION)?;
    let time_us = r.i64()?;
    let operation = operation(r)?;
    let outcome = r.outcome()?;
    let fields = r.u16()?;
    if fields & !KNOWN != 0 {
        return Err(DecodeError::Field { code: fields });
    }
    let has = |bit: u16| fields & bit != 0;
    // The fields of a struct expression are evaluated as written: in the order of the layout.
    let entry = Entry {
        time_us,
        operation,
        outcome,
        reason: has(REASON).then(|| r.reason()).transpose()?,
        of: has(OF).then(|| r.u64()).transpose()?,
        client: has(CLIENT).then(|| r.client()).transpose()?,
        request_id: RequestId::from_bytes(r.array()?),
        count: r.u32()?,
        contexts: ContextUses::decode(r, has(CONTEXTS_DIGEST))?,
        output: has(OUTPUT).then(|| r.hash()).transpose()?,
        items: has(ITEMS).then(|| r.hash()).transpose()?,
        facts: Facts::decode(r)?,
        commitments: Commitments::decode(r, fields >> COMMITMENTS_SHIFT)?,
    };
    reader.finish()?;
    Ok(entry)
}

fn operation(r: &mut Reader<'_>) -> Result<Operation, DecodeError> {
    let code = r.u16()?;
    Operation::from_code(code).ok_or(DecodeError::Operation { code })
}
