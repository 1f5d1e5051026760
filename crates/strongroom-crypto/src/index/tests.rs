use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use strongroom_types::{Claims, IssuerId, Lock, LockTerm};

use super::*;

fn index_key() -> IndexKey {
    IndexKey::new(&Secret::from_bytes([0x3c; 32]))
}

fn context(organisation: &str) -> KeyContext {
    KeyContext::new([("organizationId", organisation)]).unwrap()
}

fn column() -> ColumnKey {
    column_of(&context("acme"), "users", "email", None)
}

fn column_of(
    key_context: &KeyContext,
    table: &str,
    column: &str,
    scope: Option<&ResolvedLock>,
) -> ColumnKey {
    index_key().column(&Column {
        key_context,
        table,
        column,
        scope,
    })
}

fn scope(person: &str) -> ResolvedLock {
    let lock = Lock::new(vec![LockTerm::Whole("sub".into())]).unwrap();
    let claims: Claims = serde_json::from_value(json!({ "sub": person })).unwrap();
    ResolvedLock::resolve(lock, IssuerId::from_bytes([9; 16]), &claims).unwrap()
}

/// Every kind of term of one value, as numbers.
fn terms_of(key: &ColumnKey) -> BTreeSet<i64> {
    let text = key.text("ann@example.org").unwrap();
    let document = key.document(&json!({"mail": "ann@example.org"})).unwrap();
    let tokens = [text, document, key.range(7_u64.into())].concat();
    let mut terms: BTreeSet<i64> = tokens.into_iter().map(Token::get).collect();
    for bytes in [
        &key.equality(b"ann@example.org")[..],
        &key.order(7_u64.into()),
    ] {
        let (numbers, _) = bytes.as_chunks::<8>();
        terms.extend(numbers.iter().map(|bytes| i64::from_be_bytes(*bytes)));
    }
    terms
}

#[test]
fn columns_tables_contexts_and_people_share_no_term() {
    let (acme, beta) = (context("acme"), context("beta"));
    let (ann, bob) = (scope("ann"), scope("bob"));
    let columns = [
        column_of(&acme, "users", "email", None),
        column_of(&acme, "users", "nick", None),
        column_of(&acme, "orders", "email", None),
        column_of(&acme, "user", "semail", None),
        column_of(&beta, "users", "email", None),
        column_of(&acme, "users", "email", Some(&ann)),
        column_of(&acme, "users", "email", Some(&bob)),
    ];
    let terms: Vec<_> = columns.iter().map(terms_of).collect();
    let together: BTreeSet<_> = terms.iter().flatten().collect();
    assert_eq!(
        together.len(),
        terms.iter().map(BTreeSet::len).sum::<usize>()
    );
}

#[test]
fn kinds_of_terms_share_none() {
    let key = column();
    let text: BTreeSet<_> = key.text("abc").unwrap().into_iter().collect();
    let document: BTreeSet<_> = key.document(&json!("abc")).unwrap().into_iter().collect();
    assert!(text.is_disjoint(&document));
    let equality = key.equality(b"abc");
    assert!(!text.contains(&Token(i64::from_be_bytes(*equality.first_chunk().unwrap()))));
}

#[test]
fn equality_is_of_bytes() {
    assert_eq!(column().equality(b"Ann"), column().equality(b"Ann"));
    assert_ne!(column().equality(b"Ann"), column().equality(b"ann"));
}

#[test]
fn short_needles_and_endless_texts_are_refused() {
    let refused = column().text_query("a\u{301}b");
    assert_eq!(refused, Err(TermError::ShortNeedle { scalars: 2 }));
    assert_eq!(column().text("ab"), Ok(Vec::new()));
    let longest = "a".repeat(TOKENS_MAX + 2);
    assert_eq!(column().text(&longest).map(|tokens| tokens.len()), Ok(1));
    let refused = column().text(&(longest + "a"));
    assert_eq!(
        refused,
        Err(TermError::TooLong {
            tokens: TOKENS_MAX + 1
        })
    );
}

#[test]
fn deep_and_wide_documents_are_refused() {
    let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    assert!(column().document(&nested(DEPTH_MAX)).is_ok());
    let deep = nested(DEPTH_MAX + 1);
    assert_eq!(column().document(&deep), Err(TermError::TooDeep));
    let wide = json!((0..TOKENS_MAX).collect::<Vec<_>>());
    assert!(matches!(
        column().document(&wide),
        Err(TermError::TooLong { .. })
    ));
}

#[test]
fn numbers_are_one_however_they_are_written() {
    let of = |text: &str| {
        let document: Value = serde_json::from_str(text).unwrap();
        column().document(&document).unwrap()
    };
    assert_eq!(of("1"), of("1.0"));
    assert_eq!(of("1e19"), of("10000000000000000000"));
    assert_ne!(of("1"), of("\"1\""));
    assert_ne!(of("1"), of("true"));
    assert_ne!(of("0.5"), of("0.25"));
}

#[test]
fn a_path_is_found_through_lists() {
    let tokens = column().document(&json!({"a": [{"b": null}]})).unwrap();
    let path = [Step::Member("a"), Step::Item, Step::Member("b")];
    assert!(tokens.contains(&column().path_query(&path)));
    let other = [Step::Member("a"), Step::Member("b")];
    assert!(!tokens.contains(&column().path_query(&other)));
}

/// A range without its ends is refused, any other finds what lies in it and nothing else.
#[test]
fn ranges_find_what_lies_in_them() {
    let key = column();
    let stored: Vec<i64> = vec![i64::MIN, -5, -1, 0, 1, 3, 4, 15, 16, 17, i64::MAX];
    for &low in &stored {
        for &high in &stored {
            let query = key.range_query(low.into(), high.into());
            if low > high {
                assert_eq!(query, Err(TermError::EmptyRange));
                continue;
            }
            let query: BTreeSet<_> = query.unwrap().into_iter().collect();
            for &number in &stored {
                let found = key.range(number.into()).iter().any(|it| query.contains(it));
                assert_eq!(
                    found,
                    (low..=high).contains(&number),
                    "{low} {number} {high}"
                );
            }
        }
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ]
}

/// JSON of few keys and scalars, so that one often contains another.
fn document() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[ab]", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Objects of one level.
fn object() -> impl Strategy<Value = Value> {
    proptest::collection::btree_map("[ab]", scalar(), 0..3)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// A document that this one contains: members and items left out, items in another order.
fn part_of(whole: &Value, choice: &mut u64) -> Value {
    let mut keep = || {
        *choice = choice.rotate_right(1);
        *choice & 1 == 1
    };
    match whole {
        Value::Object(members) => {
            let mut kept = members.clone();
            kept.retain(|_, _| keep());
            for member in kept.values_mut() {
                *member = part_of(member, choice);
            }
            Value::Object(kept)
        }
        Value::Array(items) => {
            let mut kept = items.clone();
            kept.retain(|_| keep());
            kept.reverse();
            for item in &mut kept {
                *item = part_of(item, choice);
            }
            Value::Array(kept)
        }
        scalar => scalar.clone(),
    }
}

proptest! {
    #[test]
    fn a_part_of_a_text_is_found(before in "\\PC{0,8}", part in "\\PC{3,12}", after in "\\PC{0,8}") {
        let whole = format!("{before}{part}{after}");
        // Scalars that compose with a neighbour are not the same part any more.
        prop_assume!(normal(&whole).contains(&normal(&part)));
        if let Ok(needle) = column().text_query(&part) {
            let whole: BTreeSet<_> = column().text(&whole).unwrap().into_iter().collect();
            prop_assert!(needle.iter().all(|token| whole.contains(token)));
        }
    }

    #[test]
    fn a_document_that_contains_the_needle_is_found(whole in document(), mut choice: u64) {
        let part = part_of(&whole, &mut choice);
        let tokens: BTreeSet<_> = column().document(&whole).unwrap().into_iter().collect();
        let needle = column().document_query(&part).unwrap();
        prop_assert!(needle.iter().all(|token| tokens.contains(token)));
    }

    #[test]
    fn an_object_is_found_by_its_members_and_by_no_others(whole in object(), part in object()) {
        let held = |(key, value)| whole.get(key) == Some(value);
        let contains = part.as_object().unwrap().iter().all(held);
        let tokens: BTreeSet<_> = column().document(&whole).unwrap().into_iter().collect();
        let needle = column().document_query(&part).unwrap();
        prop_assert_eq!(contains, needle.iter().all(|token| tokens.contains(token)));
    }

    #[test]
    fn order_terms_are_in_order(a: i64, b: i64, near in -3i64..4) {
        for b in [b, a.saturating_add(near)] {
            let of = |number: i64| column().order(number.into());
            prop_assert_eq!(a.cmp(&b), of(a).cmp(&of(b)));
        }
    }
}

fn normal(text: &str) -> String {
    text::normalised(text).into_iter().collect()
}
