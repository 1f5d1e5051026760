//! A claim of the threat model, or of how another product's shortcomings are made up for, names the test behind it,
//! and that test exists.

use super::{Finding, Source, backticked};

const PAGE: &str = "docs/threat-model.md";

const ROWS: &str = "docs/coming-from-cryptoserve.md";

/// Each numbered row of the page names a test, in its last cell, and they exist.
pub(super) fn check_rows(page: &str, sources: &[Source]) -> Vec<Finding> {
    let rows = page.lines().filter(|line| is_numbered(line));
    let findings = rows.flat_map(|row| {
        let tests = row.trim_end_matches('|').rsplit('|').next();
        let tests: Vec<_> = backticked(tests.unwrap_or_default()).collect();
        let missing = tests.iter().filter(|test| !is_behind(test, sources));
        let mut said: Vec<_> = missing
            .map(|test| format!("names the test {test}, which does not exist"))
            .collect();
        if tests.is_empty() {
            said.push(format!("has a row without a test: {row}"));
        }
        said
    });
    findings.map(|said| Finding::new(ROWS, said)).collect()
}

fn is_numbered(line: &str) -> bool {
    let cell = line.strip_prefix("| ").and_then(|row| row.split_once(" |"));
    cell.is_some_and(|(cell, _)| cell.parse::<u8>().is_ok())
}

/// Whether a test, or a folder of tests, has the name.
fn is_behind(name: &str, sources: &[Source]) -> bool {
    let folder = name.replace("::", "/");
    test_exists(name, sources) || sources.iter().any(|source| source.path.contains(&folder))
}

/// Each claim of the page names a test, and all tests that the page names exist.
pub(super) fn check(page: &str, sources: &[Source]) -> Vec<Finding> {
    let missing = backticked(page)
        .filter(|word| names_test(word) && !test_exists(word, sources))
        .map(|word| format!("names the test {word}, which does not exist"));
    let bare = claims(page)
        .filter(|claim| !backticked(claim).any(names_test))
        .map(|claim| format!("has a claim without a test: {claim}"));
    let said = missing.chain(bare);
    said.map(|said| Finding::new(PAGE, said)).collect()
}

/// The items of the section `Claims`.
fn claims(page: &str) -> impl Iterator<Item = &str> {
    page.lines()
        .skip_while(|line| *line != "## Claims")
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("- "))
}

/// Either `file::test` or a name of at least four words: tests are sentences, fields are not.
fn names_test(word: &str) -> bool {
    let is_path = word
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c));
    is_path && (word.contains("::") || word.matches('_').count() >= 3)
}

fn test_exists(word: &str, sources: &[Source]) -> bool {
    let (files, name) = word.rsplit_once("::").unwrap_or(("", word));
    let declarations = [format!("fn {name}("), format!("def {name}(")];
    sources
        .iter()
        .filter(|source| files.split("::").all(|file| source.path.contains(file)))
        .any(|source| {
            declarations
                .iter()
                .any(|declaration| source.text.contains(declaration))
        })
}

#[cfg(test)]
mod tests {
    use super::{Source, check};

    fn findings(page: &str) -> usize {
        let source = Source {
            path: "tests/tests/attack.rs".to_owned(),
            text: "async fn open_refuses_a_flipped_byte() {".to_owned(),
        };
        check(page, &[source]).len()
    }

    #[test]
    fn a_numbered_row_names_tests_that_exist() {
        let source = || Source {
            path: "tests/tests/attack.rs".to_owned(),
            text: "async fn open_refuses_a_flipped_byte() {".to_owned(),
        };
        let found = |page| super::check_rows(page, &[source()]).len();
        assert_eq!(
            found("| 1 | a | b | `attack::open_refuses_a_flipped_byte` |"),
            0
        );
        assert_eq!(found("| 1 | a | b | `tests::attack` |"), 0);
        assert_eq!(found("| 1 | a | b | |"), 1);
        assert_eq!(
            found("| 1 | a | `open_refuses_a_flipped_byte` | `gone` |"),
            1
        );
        assert_eq!(found("| # | a | b | c |"), 0);
    }

    #[test]
    fn a_test_that_exists_passes() {
        assert_eq!(findings("`attack::open_refuses_a_flipped_byte`"), 0);
        assert_eq!(findings("`open_refuses_a_flipped_byte`"), 0);
    }

    #[test]
    fn a_test_that_does_not_exist_is_found() {
        assert_eq!(findings("`attack::gone`"), 1);
        assert_eq!(findings("`open_refuses_a_second_byte`"), 1);
        assert_eq!(findings("`crash::open_refuses_a_flipped_byte`"), 1);
    }

    #[test]
    fn fields_and_codes_are_no_tests() {
        assert_eq!(
            findings("`key_context`, `identity_mismatch`, `STRONGROOM_TEST_DATA_BASES`"),
            0
        );
    }

    #[test]
    fn a_claim_without_a_test_is_found() {
        let page =
            |claim| format!("- an asset\n## Claims\n\n{claim}\n\n## Not defended\n- a limit\n");
        assert_eq!(
            findings(&page("- a · b · `attack::open_refuses_a_flipped_byte`")),
            0
        );
        assert_eq!(findings(&page("- a · b · the `attack` tests")), 1);
        assert_eq!(findings(&page("- a · b")), 1);
    }
}
