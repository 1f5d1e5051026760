//! The items of a batch, against the root that its entry holds.

use strongroom_log::{Hash, Item, ItemId, ItemName, Items};
use strongroom_types::Kind;
use strongroom_types::body::{ItemView, ItemsView};

/// Whether these are the items that the entry with this root names, and nothing else is said of
/// them.
pub(super) fn are_of(view: &ItemsView, root: &Hash) -> bool {
    let items: Option<Vec<_>> = (0..).zip(&view.items).map(record_of_place).collect();
    view.root == root.to_string() && items.is_some_and(|items| Items(items).root() == *root)
}

/// A record with a name has no position; it is shown with its place in the request.
fn record_of_place((place, view): (u32, &ItemView)) -> Option<Item> {
    let placed = view.name.is_none() || view.position == place;
    placed.then(|| record_of(view)).flatten()
}

/// The record behind an item as it is shown; the native surface has one kind of key context.
fn record_of(view: &ItemView) -> Option<Item> {
    if view.context.is_some() != view.version.is_some() {
        return None;
    }
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

/// Reads 32 bytes in hexadecimal, in the one spelling that is written.
fn read_hex(text: &str) -> Option<Hash> {
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    let hash = Hash::from_bytes(bytes);
    (hash.to_string() == text).then_some(hash)
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

    /// Whether these items are accepted when their view names the root that they have to have.
    fn are_of_named(view: &ItemsView, root: &Hash) -> bool {
        let root_named = ItemsView {
            root: root.to_string(),
            ..view.clone()
        };
        are_of(&root_named, root)
    }

    #[test]
    fn a_view_says_nothing_that_its_entry_does_not() {
        let mut view = view(Outcome::Allowed);
        view.items[0].name = Some("obj_a/1".to_owned());
        let root = Items(vec![record_of(&view.items[0]).unwrap()]).root();
        assert!(are_of_named(&view, &root));
        assert!(!are_of(&view, &root), "another root is named");
        let mut moved = view.clone();
        moved.items[0].position = 1;
        assert!(!are_of_named(&moved, &root));
        let mut version_alone = view;
        version_alone.items[0].version = Some(KeyVersion(1));
        assert!(!are_of_named(&version_alone, &root));
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
        assert!(are_of_named(&view(Outcome::Allowed), &root));
        assert!(!are_of_named(&view(Outcome::Denied), &root));
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
        assert!(are_of_named(&named("obj_a/1"), &root));
        for wrong in ["obj_a/2", ""] {
            assert!(!are_of_named(&named(wrong), &root));
        }
        assert!(!are_of_named(&view(Outcome::Allowed), &root));
    }

    #[test]
    fn another_version_to_move_to_has_another_root() {
        let mut moved = view(Outcome::Allowed);
        moved.items[0].moved_to = Some(KeyVersion(2));
        let item = record_of(&moved.items[0]).unwrap();
        let root = Items(vec![item]).root();
        assert!(are_of_named(&moved, &root));
        moved.items[0].moved_to = Some(KeyVersion(3));
        assert!(!are_of_named(&moved, &root));
    }

    #[test]
    fn digests_are_64_hexadecimal_digits() {
        assert!(read_hex(&"0f".repeat(32)).is_some());
        for wrong in [
            "",
            "0f",
            &"0g".repeat(32),
            &"0F".repeat(32),
            &"é".repeat(32),
        ] {
            assert!(read_hex(wrong).is_none(), "{wrong}");
        }
    }
}
