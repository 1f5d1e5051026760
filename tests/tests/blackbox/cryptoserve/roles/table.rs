//! The table of who may call what, as its page has it.

/// Who calls, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Nobody,
    Application,
    Viewer,
    Developer,
    Admin,
    Owner,
}

/// A row: a call and who may.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) least: Who,
    pub(super) applications: bool,
    /// Whether an admitted call is an entry.
    pub(super) entry: bool,
    /// What an admitted call gets, if it is no success.
    pub(super) answer: Option<u16>,
}

impl Row {
    fn of(line: &str) -> Self {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, call, least, applications, entry, answer, _] = cells[..] else {
            panic!("a row has five cells: {line}");
        };
        let (method, path) = call.trim_matches('`').split_once(' ').unwrap();
        let least = match least {
            "anybody" => Who::Nobody,
            "viewer" => Who::Viewer,
            "developer" => Who::Developer,
            "admin" => Who::Admin,
            "owner" => Who::Owner,
            other => panic!("{other} is no role"),
        };
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            least,
            applications: is_yes(applications),
            entry: is_yes(entry),
            answer: (!answer.is_empty()).then(|| answer.parse().unwrap()),
        }
    }

    /// Whether the row admits who calls.
    pub(super) fn admits(&self, who: Who) -> bool {
        match who {
            Who::Nobody => self.least == Who::Nobody,
            Who::Application => self.applications,
            role => role >= self.least,
        }
    }

    /// What is admitted with this status.
    pub(super) fn is_answered_by(&self, status: u16) -> bool {
        match self.answer {
            Some(answer) => answer == status,
            None => (200..300).contains(&status),
        }
    }
}

fn is_yes(cell: &str) -> bool {
    match cell {
        "yes" => true,
        "no" => false,
        other => panic!("{other} is neither yes nor no"),
    }
}

/// All rows.
pub(super) fn rows() -> Vec<Row> {
    let page = include_str!("../../../../../docs/cryptoserve-roles.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(Row::of).collect()
}
