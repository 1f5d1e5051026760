//! A file that nobody can keep in mind is split by idea.

use super::{Finding, Source};

const LINES_MAX: usize = 600;

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| source.has_extension(&["rs", "py", "ts"]))
        .filter(|source| source.text.lines().count() > LINES_MAX)
        .map(|source| Finding::new(&source.path, format!("over {LINES_MAX} lines")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{LINES_MAX, Source, check};

    fn source(path: &str, lines: usize) -> Source {
        Source {
            path: path.to_owned(),
            text: "x\n".repeat(lines),
        }
    }

    #[test]
    fn a_long_source_file_is_found() {
        assert_eq!(check(&[source("a.rs", LINES_MAX)]), []);
        assert_eq!(check(&[source("a.rs", LINES_MAX + 1)]).len(), 1);
        assert_eq!(check(&[source("a.csv", LINES_MAX + 1)]), []);
    }
}
