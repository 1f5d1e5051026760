//! The same value with one fault each.

use strongroom_crypto::foreign::workos::Layout;

use crate::seal::{Sample, letter};
use crate::vector::{Vector, hex};

/// Where the parts of the value end.
struct Ends {
    length: usize,
    key_blob: usize,
}

pub(crate) fn all() -> Vec<Vector> {
    [Layout::A, Layout::B].into_iter().flat_map(of).collect()
}

fn of(layout: Layout) -> Vec<Vector> {
    let sample = Sample {
        associated_data: "record 7",
        ..Sample::new(8)
    };
    let plain = sample.vector(layout, "", "");
    let value = sample.seal(layout);
    let start = match layout {
        Layout::A => 28,
        Layout::B => 0,
    };
    let ends = Ends {
        length: start + 2,
        key_blob: start + 2 + sample.key_blob.len(),
    };
    let fault = |name: &str, expect: &str, about: &str, bytes: &[u8]| {
        let name = format!("{}-{name}", letter(layout));
        let vector = plain.fault(&name, expect, about);
        vector.input("value_hex", hex(bytes))
    };
    let mut all = cuts(layout, &value, &ends, &fault);
    all.extend(lengths(&value, start, &ends, &fault));
    all.extend(alterations(&plain, layout, &value, &ends, &fault));
    all
}

type Fault<'a> = &'a dyn Fn(&str, &str, &str, &[u8]) -> Vector;

fn cuts(layout: Layout, value: &[u8], ends: &Ends, fault: Fault<'_>) -> Vec<Vector> {
    let places = match layout {
        Layout::A => [
            ("iv", 11),
            ("tag", 27),
            ("length", ends.length - 1),
            ("key-blob", ends.key_blob - 1),
        ],
        Layout::B => [
            ("length", 1),
            ("key-blob", ends.key_blob - 1),
            ("iv", ends.key_blob + 11),
            ("tag", ends.key_blob + 27),
        ],
    };
    let cut = |(part, at): (&str, usize)| {
        let about = format!("cut within the {}", part.replace('-', " "));
        fault(&format!("cut-{part}"), "malformed", &about, &value[..at])
    };
    let mut all: Vec<Vector> = places.into_iter().map(cut).collect();
    all.push(fault("nothing", "malformed", "no byte at all", &[]));
    let shorter = &value[..value.len() - 1];
    let about = "the last byte missing: no part is cut, the tag does not fit";
    all.push(fault("cut-last-byte", "cannot_open", about, shorter));
    all
}

fn lengths(value: &[u8], start: usize, ends: &Ends, fault: Fault<'_>) -> Vec<Vector> {
    let with = |length: &[u8]| {
        let (before, after) = (value.get(..start), value.get(ends.length..));
        [before.unwrap(), length, after.unwrap()].concat()
    };
    let [low, high] = [ends.length, ends.length - 1].map(|end| value.get(end - 1).copied());
    let overlong = [high.unwrap(), low.unwrap() | 0x80, 0];
    vec![
        fault(
            "length-overlong",
            "malformed",
            "a length with a byte more than it needs",
            &with(&overlong),
        ),
        fault(
            "length-33-bits",
            "malformed",
            "a length of 33 bits",
            &with(&[0xff, 0xff, 0xff, 0xff, 0x1f]),
        ),
        fault(
            "length-beyond-the-end",
            "malformed",
            "a length of 4 GiB",
            &with(&[0xff, 0xff, 0xff, 0xff, 0x0f]),
        ),
        fault("length-zero", "malformed", "no key blob", &with(&[0])),
    ]
}

fn alterations(
    plain: &Vector,
    layout: Layout,
    value: &[u8],
    ends: &Ends,
    fault: Fault<'_>,
) -> Vec<Vector> {
    let (iv, tag, ciphertext) = match layout {
        Layout::A => (0, 12, ends.key_blob),
        Layout::B => (ends.key_blob, value.len() - 16, ends.key_blob + 12),
    };
    let flipped = |at: usize| {
        let mut bytes = value.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    let other_data = |name: &str, about: &str, data: &str| {
        let name = format!("{}-{name}", letter(layout));
        plain
            .fault(&name, "cannot_open", about)
            .input("associated_data", data)
    };
    vec![
        fault(
            "iv-flipped",
            "cannot_open",
            "a flipped bit in the IV",
            &flipped(iv),
        ),
        fault(
            "tag-flipped",
            "cannot_open",
            "a flipped bit in the tag",
            &flipped(tag),
        ),
        fault(
            "ciphertext-flipped",
            "cannot_open",
            "a flipped bit in the ciphertext",
            &flipped(ciphertext),
        ),
        other_data("other-associated-data", "other associated data", "record 8"),
        other_data("no-associated-data", "associated data left out", ""),
    ]
}
