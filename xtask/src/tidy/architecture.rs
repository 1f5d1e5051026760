//! The map of the code names every crate, and nothing that does not exist.

use super::{Finding, Source, backticked};

const PAGE: &str = "ARCHITECTURE.md";

pub(super) fn check(page: &str, crates: &[String], sources: &[Source]) -> Vec<Finding> {
    let forgotten = crates
        .iter()
        .filter(|name| !words(page).any(|word| word.trim_end_matches('/') == name.as_str()))
        .map(|name| Finding::new(PAGE, format!("does not name the crate {name}")));
    let no_crate = words(page)
        .filter(|word| is_crate_name(word) && !crates.iter().any(|name| name == word))
        .map(|word| {
            Finding::new(
                PAGE,
                format!("names the crate {word}, which does not exist"),
            )
        });
    let no_folder = words(page)
        .filter(|word| is_folder(word) && !folder_exists(word, sources))
        .map(|word| {
            Finding::new(
                PAGE,
                format!("names the folder {word}, which does not exist"),
            )
        });
    forgotten.chain(no_crate).chain(no_folder).collect()
}

/// What stands between backticks, and the first word of each line of the drawn tree.
fn words(page: &str) -> impl Iterator<Item = &str> {
    let tree = page
        .split("```")
        .skip(1)
        .step_by(2)
        .flat_map(str::lines)
        .filter_map(|line| line.split_whitespace().next());
    backticked(page).chain(tree)
}

fn is_crate_name(word: &str) -> bool {
    word.strip_prefix("strongroom-")
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_lowercase()))
}

/// A path of ours ends with a slash; a path of the HTTP API starts with one.
fn is_folder(word: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    word.ends_with('/') && !word.starts_with('/') && word.chars().all(is_name)
}

fn folder_exists(folder: &str, sources: &[Source]) -> bool {
    let inner = format!("/{folder}");
    sources
        .iter()
        .any(|source| source.path.starts_with(folder) || source.path.contains(&inner))
}

#[cfg(test)]
mod tests {
    use super::{Source, check};

    fn findings(page: &str) -> usize {
        let source = Source {
            path: "crates/strongroom-log/src/lib.rs".to_owned(),
            text: String::new(),
        };
        check(page, &["strongroom-log".to_owned()], &[source]).len()
    }

    #[test]
    fn a_page_that_names_what_exists_passes() {
        assert_eq!(
            findings("`strongroom-log` lies in `crates/`, answers `/v1/`."),
            0
        );
        assert_eq!(
            findings("```\ncrates/\n  strongroom-log/   the log\n```"),
            0
        );
    }

    #[test]
    fn a_forgotten_crate_is_found() {
        assert_eq!(findings("Nothing is named here."), 1);
    }

    #[test]
    fn a_crate_that_does_not_exist_is_found() {
        assert_eq!(findings("`strongroom-log` and `strongroom-vault`"), 1);
    }

    #[test]
    fn a_folder_that_does_not_exist_is_found() {
        assert_eq!(findings("`strongroom-log` beside `dashboard/`"), 1);
        assert_eq!(
            findings("```\ncrates/\n  strongroom-log/\n  strongroom-vault/\n```"),
            1
        );
    }
}
