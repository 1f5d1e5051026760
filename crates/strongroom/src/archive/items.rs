//! The items of a batch, against the root that its entry holds.

use strongroom_log::{Hash, Item, ItemId, ItemName, Items};
use strongroom_types::Kind;
use strongroom_types::body::{ItemView, ItemsView};

/// Whether these are the items that the entry with this root names.
pub(super) fn are_of(view: &ItemsView, root: &Hash) -> bool {
    let items: Option<Vec<_>> = view.items.iter().map(record_of).collect();
    items.is_some_and(|items| Items(items).root() == *root)
}

/// The record behind an item as it is shown; the native surface has one kind of key context.
fn record_of(view: &ItemView) -> Option<Item> {
    let context = view
        .context
        .zip(view.version)
        .map(|(id, version)| (Kind::Context, id, version));
    let id = match &view.name {
        None => ItemId::Position(view.position),
        Some(name) => ItemId::Name(ItemName::new(name).ok()?),
    };
    Some(Item {
        id,
        context,
        outcome: view.outcome,
        reason: view.reason,
        digest: match &view.digest {
            None => None,
            Some(text) => Some(read_hex(text)?),
        },
        moved_to: view.moved_to,
    })
}

/// Reads 32 bytes in hexadecimal.
fn read_hex(text: &str) -> Option<Hash> {
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(Hash::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use strongroom_types::{KeyVersion, Outcome};

    use super::*;

    fn view(outcome: Outcome) -> ItemsView {
        ItemsView {
            index: 0,
            root: String::new(),
            items: vec![ItemView {
                name: None,
                position: 0,
                context: None,
                version: None,
                moved_to: None,
                outcome,
                reason: None,
                digest: Some("07".repeat(32)),
            }],
        }
    }

    #[test]
    fn another_outcome_has_another_root() {
        let item = Item {
            id: ItemId::Position(0),
            context: None,
            outcome: Outcome::Allowed,
            reason: None,
            digest: Some(Hash::from_bytes([7; 32])),
            moved_to: None,
        };
        let root = Items(vec![item]).root();
        assert!(are_of(&view(Outcome::Allowed), &root));
        assert!(!are_of(&view(Outcome::Denied), &root));
    }

    #[test]
    fn another_name_has_another_root() {
        let named = |name: &str| {
            let mut view = view(Outcome::Allowed);
            view.items[0].name = Some(name.to_owned());
            view
        };
        let id = ItemId::Name(ItemName::new("obj_a/1").unwrap());
        let item = Item {
            id,
            ..record_of(&view(Outcome::Allowed).items[0]).unwrap()
        };
        let root = Items(vec![item]).root();
        assert!(are_of(&named("obj_a/1"), &root));
        for wrong in ["obj_a/2", ""] {
            assert!(!are_of(&named(wrong), &root));
        }
        assert!(!are_of(&view(Outcome::Allowed), &root));
    }

    #[test]
    fn another_version_to_move_to_has_another_root() {
        let mut moved = view(Outcome::Allowed);
        moved.items[0].moved_to = Some(KeyVersion(2));
        let item = record_of(&moved.items[0]).unwrap();
        let root = Items(vec![item]).root();
        assert!(are_of(&moved, &root));
        moved.items[0].moved_to = Some(KeyVersion(3));
        assert!(!are_of(&moved, &root));
    }

    #[test]
    fn digests_are_64_hexadecimal_digits() {
        assert!(read_hex(&"0f".repeat(32)).is_some());
        for wrong in ["", "0f", &"0g".repeat(32), &"é".repeat(32)] {
            assert!(read_hex(wrong).is_none(), "{wrong}");
        }
    }
}
