//! What is not finished is not committed, and what is a test runs.

use super::{Finding, Source};

/// In two halves each, so that this file passes its own rule.
const BANNED: &[(&str, &str)] = &[
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X"),
    ("todo", "!"),
    ("unimplemented", "!"),
    ("#[ign", "ore"),
];

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| source.has_extension(&["rs", "py", "ts", "toml", "sql"]))
        .flat_map(check_source)
        .collect()
}

fn check_source(source: &Source) -> impl Iterator<Item = Finding> {
    source
        .text
        .lines()
        .enumerate()
        .flat_map(move |(line, text)| {
            BANNED
                .iter()
                .map(|(head, tail)| format!("{head}{tail}"))
                .filter(move |banned| contains_word(text, banned))
                .map(move |banned| {
                    Finding::new(
                        &format!("{}:{}", source.path, line + 1),
                        format!("says {banned}"),
                    )
                })
        })
}

/// Finds `word` where no letter or digit stands before or after it, as in `X509` or base64.
fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, _)| {
        let before = text.get(..start).and_then(|text| text.chars().next_back());
        let after = text
            .get(start + word.len()..)
            .and_then(|text| text.chars().next());
        ![before, after]
            .iter()
            .flatten()
            .any(|c| c.is_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::{BANNED, Source, check, contains_word};

    #[test]
    fn every_banned_word_is_found() {
        for (head, tail) in BANNED {
            let source = Source {
                path: "a.rs".to_owned(),
                text: format!("// fine\n// {head}{tail}: later"),
            };
            let findings = check(&[source]);
            assert_eq!(findings.len(), 1, "{head}{tail}");
            assert!(findings[0].place.ends_with(":2"));
        }
    }

    #[test]
    fn part_of_a_longer_word_is_no_finding() {
        assert!(!contains_word("aXYZb", "XYZ"));
        assert!(contains_word("(XYZ)", "XYZ"));
    }
}
