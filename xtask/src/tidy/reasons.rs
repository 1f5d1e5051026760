//! Every group of dependencies in the root manifest says what it is there for.

use super::Finding;

pub(super) fn check(manifest: &str) -> Vec<Finding> {
    let dependencies = manifest
        .split_once("[workspace.dependencies]\n")
        .map_or("", |(_, rest)| rest.split("\n[").next().unwrap_or_default());
    dependencies
        .split("\n\n")
        .filter_map(|group| group.lines().find(|line| !line.trim().is_empty()))
        .filter(|first| !first.starts_with('#'))
        .map(|first| Finding::new("Cargo.toml", format!("no reason is given for: {first}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_group_without_a_reason_is_found() {
        let manifest = "[workspace.dependencies]\n# Wire formats.\nserde = \"1\"\n\nclap = \"4\"\n";
        assert_eq!(check(manifest).len(), 1);
    }

    #[test]
    fn groups_with_a_reason_pass_and_other_tables_do_not_matter() {
        let manifest = "[profile.dev]\ndebug = 1\n\n[workspace.dependencies]\n# Wire formats.\n\
                        serde = \"1\"\n\n# Command line.\nclap = \"4\"\n\n[lints]\na = 1\n";
        assert_eq!(check(manifest), []);
    }
}
