//! Index terms.

use strongroom_crypto::index::{Column, ColumnKey, IndexKey, Step, TermError, Token};
use strongroom_crypto::secret::Secret;
use strongroom_types::KeyContext;

use crate::support::{ISSUER, resolved};
use crate::vector::{Vector, hex};

const INDEX_KEY: [u8; 32] = [0xaa; 32];
const CONTEXT: &str = r#"{"organizationId":"acme"}"#;

pub(crate) fn all() -> Vec<Vector> {
    [equality(), texts(), numbers(), documents()].concat()
}

fn column(scope: Option<&str>) -> ColumnKey {
    let key_context: KeyContext = serde_json::from_str(CONTEXT).unwrap();
    IndexKey::new(&Secret::from_bytes(INDEX_KEY)).column(&Column {
        key_context: &key_context,
        table: "users",
        column: "email",
        scope: scope.map(resolved).as_ref(),
    })
}

fn case(kind: &str, name: &str, about: &str) -> Vector {
    Vector::ok("index", &format!("{kind}-{name}"), about)
        .input("kind", kind)
        .input("index_key_hex", hex(&INDEX_KEY))
        .input("key_context", CONTEXT)
        .input("table", "users")
        .input("column", "email")
}

/// The vector with its tokens, or of what has none.
fn tokens(vector: Vector, tokens: Result<Vec<Token>, TermError>) -> Vector {
    let Ok(tokens) = tokens else {
        return Vector {
            expect: "malformed".to_owned(),
            ..vector
        };
    };
    let numbers: Vec<i64> = tokens.into_iter().map(Token::get).collect();
    vector.output("tokens", serde_json::to_string(&numbers).unwrap())
}

fn equality() -> Vec<Vector> {
    let make = |name, about, scope: Option<&str>| {
        let term = column(scope).equality(b"ann@example.org");
        let vector = case("equality", name, about).input("value", "ann@example.org");
        vector.output("term_hex", hex(&term))
    };
    let scoped = make("scope", "the terms of one person", Some("ann"));
    let scoped = scoped
        .input("issuer_hex", hex(ISSUER.as_bytes()))
        .input("lock", r#"["sub"]"#)
        .input("claims", r#"{"sub":"ann"}"#);
    vec![make("value", "a value", None), scoped]
}

fn texts() -> Vec<Vector> {
    let kept = |name, about, text: &str| {
        let vector = case("text", name, about).input("value", text);
        tokens(vector, column(None).text(text))
    };
    let query = |name, about, text: &str| {
        let vector = case("text-query", name, about).input("value", text);
        tokens(vector, column(None).text_query(text))
    };
    vec![
        kept("plain", "eleven trigrams", "Müller-Straße"),
        kept(
            "normalised",
            "full width, white space and accents",
            "ＭU\u{308}LLER \t\n ΟΔΟΣ",
        ),
        kept("short", "two characters have no trigram", "ab"),
        query("part", "a part of a text", "LLER"),
        query("short", "two characters find nothing", "ab"),
    ]
}

fn numbers() -> Vec<Vector> {
    let range = |name, about, low: i64, high: i64| {
        let query = column(None).range_query(low.into(), high.into());
        let vector = case("range-query", name, about).input("low", low);
        tokens(vector.input("high", high), query)
    };
    let number = case("range", "number", "33 intervals").input("value", -7);
    let order = column(None).order((-7_i64).into());
    let order = case("order", "number", "64 digits")
        .input("value", -7)
        .output("term_hex", hex(&order));
    vec![
        tokens(number, Ok(column(None).range((-7_i64).into()))),
        range("across-zero", "from below zero to above", -3, 1000),
        range("everything", "one interval", i64::MIN, i64::MAX),
        range("one", "a single number", 5, 5),
        range("empty", "the lower end is above the upper one", 1, 0),
        order,
    ]
}

fn documents() -> Vec<Vector> {
    let kept = r#"{"a":[{"b":null},1.0,"x",true],"c":{},"d":0.5,"e":10000000000000000000}"#;
    let document = |kind, name, about, text: &str| {
        let value = serde_json::from_str(text).unwrap();
        let found = match kind {
            "document" => column(None).document(&value),
            _ => column(None).document_query(&value),
        };
        tokens(case(kind, name, about).input("value", text), found)
    };
    let path = [Step::Member("a"), Step::Item, Step::Member("b")];
    let path = tokens(
        case("path-query", "list", "null is an item of a list").input("path", r#"["a",null,"b"]"#),
        Ok(vec![column(None).path_query(&path)]),
    );
    let deep = format!("{}1{}", "[".repeat(127), "]".repeat(127));
    vec![
        document("document", "all-nodes", "each kind of node", kept),
        document("document", "deep", "the deepest that a parser reads", &deep),
        document("document-query", "part", "a part", r#"{"a":[1,{}]}"#),
        path,
    ]
}
