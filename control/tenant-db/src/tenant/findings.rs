//! What an inspection of an app's database found.

use std::fmt;

/// Findings of one app that are named in a reason; the log has all.
const NAMED_MAX: usize = 3;
/// Characters of one finding that are named.
const FINDING_MAX: usize = 200;
/// The only finding of a database that another build closed.
pub(super) const CLOSED_BY_ANOTHER_BUILD: &str = "it was closed by another build";

/// When databases that are not closed as they must be are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenDatabases {
    /// Before anything is served. An app whose database cannot be closed is closed itself.
    #[default]
    CloseFirst,
    /// While the server runs already: for servers whose databases no one else can have changed.
    CloseInBackground,
}

/// What is wrong with one app's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDatabase {
    /// The app.
    pub app_id: String,
    /// What is wrong.
    pub findings: Vec<String>,
}

impl OpenDatabase {
    /// The findings in one sentence: why the app is closed.
    pub(super) fn reason(&self) -> String {
        let named = self.findings.iter().take(NAMED_MAX);
        let named: Vec<String> = named.map(|finding| finding.chars().take(FINDING_MAX).collect()).collect();
        match self.findings.len().saturating_sub(NAMED_MAX) {
            0 => named.join("; "),
            more => format!("{}; and {more} more", named.join("; ")),
        }
    }
}

impl fmt::Display for OpenDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.app_id, self.reason())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_bounded() {
        let findings = ["everyone may call set_config", "b", &"c".repeat(300), "d", "e"];
        let open = OpenDatabase { app_id: "app_x".into(), findings: findings.map(str::to_owned).into() };
        let expected = format!("app_x: everyone may call set_config; b; {}; and 2 more", "c".repeat(200));
        assert_eq!(open.to_string(), expected);
    }
}
