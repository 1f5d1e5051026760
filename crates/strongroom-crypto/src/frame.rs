//! Framing: the one way in which lists, maps and claims become bytes for a hash.
//!
//! ```text
//! item   = length u32 BE ‖ bytes
//! list   = count u32 BE ‖ item*
//! map    = count u32 BE ‖ (item(key) ‖ item(value))*      sorted by the bytes of the keys
//! value  = 1 ‖ item(UTF-8) | 2 ‖ i64 BE | 3 ‖ (0|1) | 4 ‖ list, sorted
//! term   = 1 ‖ item(claim) | 2 ‖ item(claim) ‖ item(member)
//! ```
//!
//! No delimiter, no normalisation: different inputs give different bytes, and none is a prefix of
//! another of its kind.

use strongroom_types::{ClaimValue, KeyContext, LockTerm};

/// Appends a count or a length. Nothing that is framed reaches 4 GiB; a length that did would be
/// written as 2^32 − 1 and match no other input of that length.
fn push_u32(out: &mut Vec<u8>, number: usize) {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    out.extend_from_slice(&number.to_be_bytes());
}

/// Appends `length u32 BE ‖ bytes`.
pub fn push_item(out: &mut Vec<u8>, bytes: &[u8]) {
    push_u32(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Appends `count u32 BE ‖ item*`, in the order given.
pub fn push_list<'a>(out: &mut Vec<u8>, items: impl ExactSizeIterator<Item = &'a [u8]>) {
    push_u32(out, items.len());
    for item in items {
        push_item(out, item);
    }
}

/// Appends the frame of a key context: `count ‖ (item(key) ‖ item(value))*`, sorted by key.
pub fn push_context(out: &mut Vec<u8>, context: &KeyContext) {
    let pairs = context.pairs();
    push_u32(out, pairs.len());
    for (key, value) in pairs {
        push_item(out, key.as_bytes());
        push_item(out, value.as_bytes());
    }
}

/// Appends a claim's value behind the tag of its type.
pub fn push_value(out: &mut Vec<u8>, value: &ClaimValue) {
    match value {
        ClaimValue::Text(text) => {
            out.push(1);
            push_item(out, text.as_bytes());
        }
        ClaimValue::Integer(number) => {
            out.push(2);
            out.extend_from_slice(&number.to_be_bytes());
        }
        ClaimValue::Bool(flag) => out.extend_from_slice(&[3, u8::from(*flag)]),
        ClaimValue::Set(items) => {
            out.push(4);
            push_list(out, items.iter().map(String::as_bytes));
        }
    }
}

/// Appends a lock term behind the tag of its form.
pub fn push_term(out: &mut Vec<u8>, term: &LockTerm) {
    out.push(if term.member().is_some() { 2 } else { 1 });
    push_item(out, term.claim().as_bytes());
    if let Some(member) = term.member() {
        push_item(out, member.as_bytes());
    }
}

/// The frame of a list: `count ‖ item*`.
#[must_use]
pub fn list(items: &[&[u8]]) -> Vec<u8> {
    let bytes: usize = items.iter().map(|item| item.len() + 4).sum();
    let mut out = Vec::with_capacity(bytes + 4);
    push_list(&mut out, items.iter().copied());
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use strongroom_types::Membership;

    use super::*;

    /// Few letters and short strings: collisions of a sloppy framing would be common.
    fn text() -> impl Strategy<Value = String> {
        "[ab\u{0}\u{1}]{0,4}"
    }

    fn value() -> impl Strategy<Value = ClaimValue> {
        prop_oneof![
            any::<bool>().prop_map(ClaimValue::Bool),
            (-2i64..3).prop_map(ClaimValue::Integer),
            text().prop_map(ClaimValue::Text),
            proptest::collection::btree_set(text(), 0..3).prop_map(ClaimValue::Set),
        ]
    }

    fn term() -> impl Strategy<Value = LockTerm> {
        prop_oneof![
            text().prop_map(LockTerm::Whole),
            (text(), text()).prop_map(|(claim, has)| LockTerm::Has(Membership { claim, has })),
        ]
    }

    fn frame_pairs(pairs: &[(LockTerm, ClaimValue)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (term, value) in pairs {
            push_term(&mut out, term);
            push_value(&mut out, value);
        }
        out
    }

    proptest! {
        #[test]
        fn lists_have_one_reading(a in proptest::collection::vec(text(), 0..4),
                                  b in proptest::collection::vec(text(), 0..4)) {
            let bytes = |items: &[String]| {
                list(&items.iter().map(String::as_bytes).collect::<Vec<_>>())
            };
            prop_assert_eq!(a == b, bytes(&a) == bytes(&b));
            prop_assert!(a == b || !bytes(&b).starts_with(&bytes(&a)));
        }

        #[test]
        fn terms_and_values_have_one_reading(
            a in proptest::collection::vec((term(), value()), 0..3),
            b in proptest::collection::vec((term(), value()), 0..3),
        ) {
            prop_assert_eq!(a == b, frame_pairs(&a) == frame_pairs(&b));
        }

        #[test]
        fn contexts_have_one_reading(
            a in proptest::collection::btree_map("[ab]{1,3}", text(), 1..4),
            b in proptest::collection::btree_map("[ab]{1,3}", text(), 1..4),
        ) {
            let bytes = |map: &std::collections::BTreeMap<String, String>| {
                let mut out = Vec::new();
                push_context(&mut out, &KeyContext::new(map.clone()).unwrap());
                out
            };
            prop_assert_eq!(a == b, bytes(&a) == bytes(&b));
        }
    }

    #[test]
    fn bytes_are_as_drawn() {
        assert_eq!(list(&[b"ab", b""]), b"\0\0\0\x02\0\0\0\x02ab\0\0\0\0");
        let mut out = Vec::new();
        push_value(&mut out, &ClaimValue::Integer(-1));
        push_value(&mut out, &ClaimValue::Set(BTreeSet::from(["x".into()])));
        let integer = [&[2u8][..], &[0xff; 8]].concat();
        assert_eq!(out, [&integer[..], b"\x04\0\0\0\x01\0\0\0\x01x"].concat());
    }
}
