//! `strongroom convert`: between the layouts of WorkOS clients, without a key and without a server.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use strongroom_tests::server::{run, run_with_input};

/// A vector: its value in its own layout and in the other.
struct Pair {
    from: String,
    value: Vec<u8>,
    other: Vec<u8>,
}

impl Pair {
    const fn to(&self) -> &'static str {
        match self.from.as_bytes() {
            b"a" => "b",
            _ => "a",
        }
    }
}

fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

fn pairs() -> Vec<Pair> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/workos");
    let mut pairs = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let vector: Value = serde_json::from_str(&text).unwrap();
        if vector["expect"] == "ok" {
            pairs.push(Pair {
                from: vector["input"]["layout"].as_str().unwrap().to_owned(),
                value: unhex(&vector["input"]["value_hex"]),
                other: unhex(&vector["output"]["other_layout_hex"]),
            });
        }
    }
    assert!(pairs.len() >= 14);
    pairs
}

#[test]
fn a_pipe_of_base64_becomes_the_other_layout() {
    for pair in pairs() {
        let input = format!("{}\n", STANDARD.encode(&pair.value));
        let arguments = ["convert", "--from", &pair.from, "--to", pair.to()];
        let output = run_with_input(&arguments, input.as_bytes()).unwrap();
        assert!(output.status.success(), "{output:?}");
        let expected = format!("{}\n", STANDARD.encode(&pair.other));
        assert_eq!(output.stdout, expected.as_bytes());
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn a_file_of_lines_becomes_a_file_of_lines_without_saying_which_layout() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    let known = |pair: &Pair| pair.value.windows(4).any(|part| part == b"sr1\0");
    let pairs: Vec<Pair> = pairs().into_iter().filter(known).collect();
    let lines = |values: Vec<&Vec<u8>>| {
        let lines = values
            .into_iter()
            .map(|value| STANDARD.encode(value) + "\n");
        lines.collect::<String>()
    };
    fs::write(
        &input,
        lines(pairs.iter().map(|pair| &pair.value).collect()),
    )
    .unwrap();
    let arguments = ["convert", "--to", "b"];
    let paths = [
        input.to_str().unwrap(),
        "--output",
        output.to_str().unwrap(),
    ];
    let converted = run(&[&arguments[..], &paths].concat()).unwrap();
    assert!(converted.status.success(), "{converted:?}");
    let in_b = |pair: &Pair| match pair.to() {
        "b" => pair.other.clone(),
        _ => pair.value.clone(),
    };
    let expected: Vec<Vec<u8>> = pairs.iter().map(in_b).collect();
    let expected = lines(expected.iter().collect());
    assert_eq!(fs::read_to_string(&output).unwrap(), expected);
}

#[test]
fn bytes_become_bytes() {
    for pair in pairs() {
        let arguments = ["convert", "--raw", "--from", &pair.from, "--to", pair.to()];
        let output = run_with_input(&arguments, &pair.value).unwrap();
        assert_eq!(output.stdout, pair.other);
    }
}

#[test]
fn what_cannot_be_converted_is_named_by_its_line_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    let pairs = pairs();
    for (from, bad, said) in [
        ("a", "secret!", "line 2 is not base64"),
        ("a", "AAAA", "cut within the IV"),
        ("b", "AAAA", "key blob is empty"),
        ("b", "gAA=", "not in its shortest form"),
    ] {
        let good = pairs.iter().find(|pair| pair.from == from).unwrap();
        let input = format!("{}\n{bad}\n", STANDARD.encode(&good.value));
        let path = output.to_str().unwrap();
        let arguments = ["convert", "--from", from, "--to", "a", "-", "-o", path];
        let refused = run_with_input(&arguments, input.as_bytes()).unwrap();
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success());
        assert!(text.contains(said) && !text.contains("secret"), "{text}");
        assert!(!output.exists());
    }
    let refused = run_with_input(&["convert", "--to", "a"], b"AAAA").unwrap();
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(
        text.contains("layout A") && text.contains("layout B"),
        "{text}"
    );
}

#[test]
fn its_help_teaches() {
    let output = run(&["convert", "--help"]).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for taught in [
        "Node, Python",
        "Go from 7",
        "no key",
        "strongroom convert --from a --to b",
    ] {
        assert!(text.contains(taught), "{taught}");
    }
}
