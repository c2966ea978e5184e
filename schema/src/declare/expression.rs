//! An SQL expression, as its author wrote it and as PostgreSQL writes it.

/// Two are equal when they have one of their spellings in common.
///
/// Both are kept because PostgreSQL's own spelling, read by PostgreSQL, is not always stable: of
/// `code IN ('a', 'b')` over a `varchar` it makes something else at the second reading. So what was written is what is
/// run, and what is there already may be written either way.
#[derive(Debug, Clone, Default)]
pub struct Expression {
    declared: Option<String>,
    canonical: Option<String>,
}

impl Expression {
    /// As a caller wrote it.
    pub fn declared(text: impl Into<String>) -> Self {
        Self { declared: Some(text.into()), canonical: None }
    }

    /// As PostgreSQL writes it.
    pub fn canonical(text: impl Into<String>) -> Self {
        Self { declared: None, canonical: Some(text.into()) }
    }

    /// What to run.
    pub fn sql(&self) -> &str {
        self.declared.as_deref().or(self.canonical.as_deref()).unwrap_or_default()
    }

    /// What to show: PostgreSQL's spelling where it is known.
    pub fn shown(&self) -> &str {
        self.canonical.as_deref().or(self.declared.as_deref()).unwrap_or_default()
    }

    /// Adds the text that the author wrote.
    pub(crate) fn set_declared(&mut self, text: &str) {
        self.declared = Some(text.to_owned());
    }

    pub(crate) fn canonical_mut(&mut self) -> Option<&mut String> {
        self.canonical.as_mut()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        let mine = [&self.declared, &self.canonical].into_iter().flatten();
        mine.into_iter().any(|text| {
            [&other.declared, &other.canonical].into_iter().flatten().any(|theirs| theirs == text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_in_common_is_enough() {
        let there = Expression::canonical("(a = 1)");
        let mut wanted = Expression::canonical("(a = (1)::bigint)");
        assert_ne!(there, wanted);
        wanted.set_declared("(a = 1)");
        assert_eq!(there, wanted);
        assert_eq!((wanted.sql(), wanted.shown()), ("(a = 1)", "(a = (1)::bigint)"));
    }
}
