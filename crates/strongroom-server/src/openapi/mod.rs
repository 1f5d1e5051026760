//! The description of the API: one document made of the route table, as JSON and as a page.

mod document;
mod page;

use std::sync::OnceLock;

/// How the page looks.
pub(crate) const STYLESHEET: &str = include_str!("page.css");

/// The OpenAPI 3.1 document as JSON text, as it is checked in and served.
#[must_use]
pub fn json() -> &'static str {
    static JSON: OnceLock<String> = OnceLock::new();
    JSON.get_or_init(|| {
        // Maps of strings have a JSON form; the test that compares with the file would tell.
        let mut text = document::build().to_pretty_json().unwrap_or_default();
        text.push('\n');
        text
    })
}

/// The document as a page for people: complete in itself but for its stylesheet.
pub(crate) fn page() -> &'static str {
    static PAGE: OnceLock<String> = OnceLock::new();
    PAGE.get_or_init(|| page::render(&serde_json::from_str(json()).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;
    use strongroom_types::{Code, Suite};

    use super::*;
    use crate::routes::endpoints;

    fn parsed() -> Value {
        serde_json::from_str(json()).unwrap()
    }

    #[test]
    fn the_checked_in_document_is_the_present_one() {
        let checked_in = include_str!("../../../../openapi/strongroom.json");
        assert!(
            checked_in == json(),
            "openapi/strongroom.json is out of date: run `cargo xtask openapi`"
        );
    }

    #[test]
    fn closed_lists_have_the_names_of_the_wire() {
        let document = parsed();
        let listed = |name: &str| document["components"]["schemas"][name]["enum"].clone();
        let suites: Vec<_> = Suite::ALL.iter().map(|suite| suite.name()).collect();
        assert_eq!(listed("Suite"), serde_json::json!(suites));
        let codes: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(listed("Code"), serde_json::json!(codes));
    }

    #[test]
    fn every_route_is_in_the_document_and_no_other() {
        let document = parsed();
        let documented: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                methods.map(move |method| (path.clone(), method.to_uppercase()))
            })
            .collect();
        let routed: BTreeSet<(String, String)> = endpoints()
            .iter()
            .map(|row| (row.documented_path(), row.method_name().to_owned()))
            .collect();
        assert_eq!(documented, routed);
        assert_eq!(routed.len(), endpoints().len());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str));
                    map.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let document = parsed();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn the_page_shows_every_route_and_needs_nothing_from_outside() {
        let page = page();
        for row in endpoints() {
            assert!(page.contains(&row.documented_path()), "{}", row.path);
        }
        for outside in ["<script", "http://", "src=", "@import", "javascript:"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
