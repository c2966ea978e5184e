//! What an inspection of an app's database found, and what is done about it.

use std::fmt;

/// Findings of one app that an error names; the log has all.
const NAMED_MAX: usize = 3;
/// What another build's text of `harden.sql` leaves, and what a login can do to itself: repaired without asking.
const HARMLESS: [&str; 2] = [CLOSED_BY_ANOTHER_BUILD, "has settings that are not ours"];
/// The only finding of a database that another build closed.
pub(super) const CLOSED_BY_ANOTHER_BUILD: &str = "it was closed by another build";

/// What is done about databases that are not closed as they must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenDatabases {
    /// The server does not start: the operator has to know why, and decide.
    #[default]
    Refuse,
    /// They are closed before anything is served.
    Close,
    /// They are closed while the server runs already: for servers whose databases no one else can have changed.
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
    /// Whether it is no more than an older build, or a login's own settings.
    pub fn is_harmless(&self) -> bool {
        let by_another_build = self.findings.iter().any(|finding| finding == CLOSED_BY_ANOTHER_BUILD);
        by_another_build || self.findings.iter().all(|finding| finding.ends_with(HARMLESS[1]))
    }
}

impl fmt::Display for OpenDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.app_id, self.findings[..self.findings.len().min(NAMED_MAX)].join("; "))?;
        match self.findings.len().saturating_sub(NAMED_MAX) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_build_and_a_login_s_own_settings_are_no_reason_to_stop() {
        let with = |findings: &[&str]| OpenDatabase {
            app_id: "app_x".into(),
            findings: findings.iter().map(|finding| (*finding).to_owned()).collect(),
        };
        assert!(with(&["role app_x_user has settings that are not ours"]).is_harmless());
        assert!(with(&["everyone may call pg_sleep", "it was closed by another build"]).is_harmless());
        let grave =
            with(&["everyone may call set_config", "role x has settings that are not ours", "c", "d", "e"]);
        assert!(!grave.is_harmless());
        assert_eq!(
            grave.to_string(),
            "app_x: everyone may call set_config; role x has settings that are not ours; c; and 2 more"
        );
    }
}
