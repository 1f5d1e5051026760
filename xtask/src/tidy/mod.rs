//! The rules of the house that no compiler checks; one file, and one function, for each.
//!
//! A rule takes text and returns findings, so that its test can show it wrong text.

mod architecture;
mod layers;
mod length;
mod reasons;
mod threat_model;
mod wording;

use std::fmt;
use std::fs;

use crate::failure::Failure;
use crate::shell::{Shell, root};

/// One place where a rule is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// A path, or the name of a crate.
    place: String,
    problem: String,
}

impl Finding {
    fn new(place: &str, problem: impl Into<String>) -> Self {
        Self {
            place: place.to_owned(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

/// A file under version control.
#[derive(Debug)]
pub(crate) struct Source {
    path: String,
    text: String,
}

impl Source {
    fn has_extension(&self, extensions: &[&str]) -> bool {
        self.path
            .rsplit_once('.')
            .is_some_and(|(_, extension)| extensions.contains(&extension))
    }
}

/// Checks the whole tree and prints what is wrong.
pub(crate) fn run() -> Result<(), Failure> {
    let shell = Shell::terminal();
    let sources = tracked(&shell)?;
    let edges = layers::edges(&shell)?;
    let crates = layers::crates(&shell)?;
    let findings = [
        layers::check_edges(&edges),
        layers::check_compat(&sources),
        length::check(&sources),
        wording::check(&sources),
        architecture::check(text(&sources, "ARCHITECTURE.md")?, &crates, &sources),
        threat_model::check(text(&sources, "docs/threat-model.md")?, &sources),
        threat_model::check_rows(text(&sources, "docs/coming-from-cryptoserve.md")?, &sources),
        reasons::check(text(&sources, "Cargo.toml")?),
    ]
    .concat();
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: {} files, {} edges", sources.len(), edges.len());
        return Ok(());
    }
    Err(Failure::Untidy(findings.len()))
}

/// Reads every tracked text file; those that are gone from the tree are left out.
fn tracked(shell: &Shell) -> Result<Vec<Source>, Failure> {
    let listing = shell.read("git ls-files --cached --others --exclude-standard")?;
    let sources = listing.lines().filter_map(|path| {
        let text = fs::read_to_string(root().join(path)).ok()?;
        Some(Source {
            path: path.to_owned(),
            text,
        })
    });
    Ok(sources.collect())
}

fn text<'a>(sources: &'a [Source], path: &'static str) -> Result<&'a str, Failure> {
    sources
        .iter()
        .find(|source| source.path == path)
        .map(|source| source.text.as_str())
        .ok_or(Failure::NoPage(path))
}

/// The words between backticks, outside of fenced blocks and within.
fn backticked(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("```"))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}
