//! What their clients need beside what the server gives them, in their form.
//!
//! ```text
//! client key = CBOR { "p1": {"permutation": 16}, "p2_from": {"permutation": 16},
//!                     "p2_to": {"permutation": 16}, "p3": {"permutation": 33} }    168 bytes
//! ```
//!
//! Each is a list of the numbers below its length, in an order of its own. All clients of a workspace
//! have the same one, drawn from what they share: the server makes nothing of it. Their scheme splits
//! keys by it; here the material is derived by the server alone, and this only has to stay the same.

use strongroom_crypto::kdf;
use strongroom_crypto::label::Label;
use strongroom_crypto::secret::Secret;
use zeroize::Zeroizing;

/// The permutations, in the order of the map, by name and length.
const PERMUTATIONS: [(&str, u8); 4] = [("p1", 16), ("p2_from", 16), ("p2_to", 16), ("p3", 33)];
/// The name of the one field of a permutation.
const FIELD: &str = "permutation";
/// Random bytes for one permutation: some are thrown away.
const DRAWN: usize = 1024;

/// The client key of a workspace, from what its clients share.
pub(crate) fn client_key(share: &Secret<32>) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(168));
    // A map of four.
    out.push(0xa4);
    for (name, length) in PERMUTATIONS {
        push_text(&mut out, name);
        // A map of one.
        out.push(0xa1);
        push_text(&mut out, FIELD);
        let drawn: Secret<DRAWN> = kdf::derive(share, Label::KeysetClient, &[name.as_bytes()]);
        push_list(&mut out, &permutation(length, drawn.expose()));
    }
    out
}

/// The numbers below `length`, shuffled (Fisher and Yates) without a bias: bytes that do not divide
/// evenly are passed over.
fn permutation(length: u8, drawn: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut order: Zeroizing<Vec<u8>> = Zeroizing::new((0..length).collect());
    let mut bytes = drawn.iter().copied();
    for last in (1..length).rev() {
        let choices = last.saturating_add(1);
        let whole = u8::MAX - u8::MAX % choices;
        let even = bytes.by_ref().find(|byte| *byte < whole);
        let chosen = even.unwrap_or_default() % choices;
        order.swap(usize::from(last), usize::from(chosen));
    }
    order
}

/// A text of less than 24 bytes.
fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(0x60 | u8::try_from(text.len()).unwrap_or_default());
    out.extend_from_slice(text.as_bytes());
}

/// A list of small numbers.
fn push_list(out: &mut Vec<u8>, numbers: &[u8]) {
    let length = u8::try_from(numbers.len()).unwrap_or_default();
    push_number(out, 0x80, length);
    for number in numbers {
        push_number(out, 0, *number);
    }
}

fn push_number(out: &mut Vec<u8>, major: u8, number: u8) {
    if number < 24 {
        out.push(major | number);
    } else {
        out.extend([major | 0x18, number]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_client_key_has_the_length_that_their_clients_know() {
        for seed in 0..20 {
            assert_eq!(client_key(&Secret::from_bytes([seed; 32])).len(), 168);
        }
    }

    #[test]
    fn permutations_have_every_number_and_differ() {
        let mut seen = BTreeSet::new();
        for seed in 0..50u8 {
            let drawn: Secret<DRAWN> = kdf::derive(
                &Secret::from_bytes([seed; 32]),
                Label::KeysetClient,
                &[b"p3"],
            );
            let order = permutation(33, drawn.expose());
            let numbers: BTreeSet<u8> = order.iter().copied().collect();
            assert_eq!(numbers, (0..33).collect());
            seen.insert(order.to_vec());
        }
        assert_eq!(seen.len(), 50);
    }

    /// Far more bytes are drawn than are passed over, whatever the choices.
    #[test]
    fn the_bytes_that_are_drawn_suffice() {
        for choices in 2..=33u8 {
            let whole = u8::MAX - u8::MAX % choices;
            assert!(whole > 128, "{choices}");
        }
    }
}
