//! The change between two sources as a unified diff of bounded length and time.

use std::time::Duration;

use mayfly_api::invocations::DIFF_CHARS_MAX;
use similar::{Algorithm, TextDiff};

/// Beyond this, the diff is a coarser one.
const TIMEOUT: Duration = Duration::from_millis(200);
/// Unchanged lines around a change.
const CONTEXT_LINES: usize = 3;

/// The diff, and whether it was cut; `None`: nothing changed.
pub(super) fn unified(old: &str, new: &str) -> Option<(String, bool)> {
    if old == new {
        return None;
    }
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).timeout(TIMEOUT).diff_lines(old, new);
    let text = diff.unified_diff().context_radius(CONTEXT_LINES).header("before", "after").to_string();
    match text.char_indices().nth(DIFF_CHARS_MAX) {
        Some((end, _)) => Some((text[..end].to_owned(), true)),
        None => Some((text, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_in_its_surroundings() {
        let old = (1..=20).map(|n| format!("line {n}\n")).collect::<String>();
        let (text, cut) = unified(&old, &old.replace("line 10\n", "line ten\n")).unwrap();
        assert!(text.contains("-line 10\n+line ten\n") && !cut, "{text}");
        assert!(!text.contains("line 2\n"), "{text}");
        assert_eq!(unified(&old, &old), None);
    }

    #[test]
    fn a_long_one_is_cut() {
        let (text, cut) = unified("a\n", &"\u{e9}\n".repeat(DIFF_CHARS_MAX)).unwrap();
        assert!(cut && text.chars().count() == DIFF_CHARS_MAX);
    }
}
