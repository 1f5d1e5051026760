//! Dependencies point down only, and a compat surface never touches the store.

use serde::Deserialize;

use super::{Finding, Source};
use crate::failure::Failure;
use crate::shell::Shell;

/// Which of our crates each of our crates may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("strongroom-types", &[]),
    ("strongroom-crypto", &["types"]),
    ("strongroom-log", &["types"]),
    ("strongroom-core", &["types", "crypto", "log"]),
    ("strongroom-store", &["types", "crypto", "log", "core"]),
    (
        "strongroom-server",
        &["types", "crypto", "log", "core", "store"],
    ),
    ("strongroom-client", &["types", "crypto", "log"]),
    (
        "strongroom",
        &[
            "types", "crypto", "log", "core", "store", "server", "client",
        ],
    ),
    (
        "strongroom-tests",
        &[
            "types", "crypto", "log", "core", "store", "server", "client",
        ],
    ),
    (
        "strongroom-benches",
        &[
            "types", "crypto", "log", "core", "store", "server", "client", "tests",
        ],
    ),
    (
        "xtask",
        &[
            "types", "crypto", "log", "core", "store", "server", "client",
        ],
    ),
];

/// One crate of ours using another, outside of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edge {
    from: String,
    to: String,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// `None` is a normal dependency.
    kind: Option<String>,
    /// Only our own crates have one.
    path: Option<String>,
}

/// The names of the workspace's crates.
pub(super) fn crates(shell: &Shell) -> Result<Vec<String>, Failure> {
    let packages = metadata(shell)?.packages;
    Ok(packages.into_iter().map(|package| package.name).collect())
}

/// The normal dependencies among the workspace's crates.
pub(super) fn edges(shell: &Shell) -> Result<Vec<Edge>, Failure> {
    let packages = metadata(shell)?.packages;
    Ok(packages.into_iter().flat_map(edges_of).collect())
}

fn metadata(shell: &Shell) -> Result<Metadata, Failure> {
    let json = shell.read("cargo metadata --format-version 1 --no-deps")?;
    serde_json::from_str(&json).map_err(|source| Failure::Json {
        program: "cargo metadata",
        source,
    })
}

fn edges_of(package: Package) -> impl Iterator<Item = Edge> {
    let Package { name, dependencies } = package;
    dependencies
        .into_iter()
        .filter(|dependency| dependency.path.is_some() && dependency.kind.is_none())
        .map(move |dependency| Edge {
            from: name.clone(),
            to: dependency.name,
        })
}

pub(super) fn check_edges(edges: &[Edge]) -> Vec<Finding> {
    edges
        .iter()
        .filter(|edge| !is_allowed(edge))
        .map(|Edge { from, to }| Finding::new(from, format!("may not depend on {to}")))
        .collect()
}

fn is_allowed(edge: &Edge) -> bool {
    ALLOWED
        .iter()
        .filter(|(from, _)| *from == edge.from)
        .flat_map(|(_, lower)| *lower)
        .any(|lower| edge.to.strip_prefix("strongroom-") == Some(lower))
}

pub(super) fn check_compat(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| {
            source
                .path
                .starts_with("crates/strongroom-server/src/compat")
        })
        .filter(|source| source.text.contains("strongroom_store"))
        .map(|source| Finding::new(&source.path, "a compat surface may not touch the store"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Edge, Package, Source, check_compat, check_edges, edges_of};

    fn edge(from: &str, to: &str) -> Edge {
        Edge {
            from: from.to_owned(),
            to: to.to_owned(),
        }
    }

    #[test]
    fn an_edge_that_points_up_is_found() {
        let up = [edge("strongroom-log", "strongroom-core")];
        assert_eq!(check_edges(&up).len(), 1);
        assert_eq!(
            check_edges(&[edge("strongroom-core", "strongroom-log")]),
            []
        );
    }

    #[test]
    fn nobody_may_depend_on_the_binary_or_the_workshop() {
        for top in [
            "strongroom",
            "strongroom-tests",
            "strongroom-benches",
            "xtask",
        ] {
            assert_eq!(
                check_edges(&[edge("strongroom-server", top)]).len(),
                1,
                "{top}"
            );
        }
    }

    #[test]
    fn a_crate_missing_from_the_table_may_depend_on_nothing() {
        assert_eq!(
            check_edges(&[edge("strongroom-new", "strongroom-types")]).len(),
            1
        );
    }

    #[test]
    fn only_normal_dependencies_on_our_crates_are_edges() {
        let package: Package = serde_json::from_str(
            r#"{"name": "a", "dependencies": [
                {"name": "b", "kind": null, "path": "/b"},
                {"name": "c", "kind": "dev", "path": "/c"},
                {"name": "serde", "kind": null, "path": null}]}"#,
        )
        .unwrap();
        assert_eq!(edges_of(package).collect::<Vec<_>>(), [edge("a", "b")]);
    }

    #[test]
    fn a_compat_module_that_names_the_store_is_found() {
        let source = |path: &str| Source {
            path: path.to_owned(),
            text: "use strongroom_store::Rows;".to_owned(),
        };
        let compat = source("crates/strongroom-server/src/compat/workos.rs");
        let native = source("crates/strongroom-server/src/native.rs");
        assert_eq!(check_compat(&[compat, native]).len(), 1);
    }
}
