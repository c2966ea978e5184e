//! What every way is asked to do: a handler in JavaScript, a request's body, and the answer that is right.
//!
//! A handler is `function handler(text, tools)`, in the part of JavaScript that all engines share; it answers with a text, or
//! with a promise of one. Another work is another file.

mod echo;
mod fib;
mod hello;
mod json;
mod numbers;
mod select;
mod sha;
mod template;
mod timers;

/// One work.
#[derive(Debug, Clone)]
pub struct Work {
    /// Its name, and the last part of its path.
    pub name: &'static str,
    /// What it asks for.
    pub about: &'static str,
    /// The handler's source.
    pub source: String,
    /// The request's body; without one, the request is a GET.
    pub body: Vec<u8>,
    /// The answer's body. Every answer is compared with it.
    pub answer: Vec<u8>,
    /// What a way has to have.
    pub needs: Needs,
}

/// What a work takes beside JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// `setTimeout`.
    Timers,
    /// A PostgreSQL: `tools.select(id)`.
    Database,
}

/// All works, in the order of the report.
pub fn all() -> Vec<Work> {
    vec![
        hello::work(),
        echo::work(),
        json::work(),
        numbers::work(),
        fib::work(),
        sha::work(),
        template::work(),
        select::work(),
        timers::work(),
    ]
}

/// The table that `select` reads, in any PostgreSQL: 10,000 rows.
pub const TABLE: &str = "CREATE TABLE items (id int PRIMARY KEY, owner text NOT NULL, name text NOT NULL);
    INSERT INTO items SELECT n, 'user_1', 'item ' || n FROM generate_series(1, 10000) n;";

/// The statement of `tools.select`.
pub const STATEMENT: &str = "SELECT id, name FROM items WHERE id = $1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_answers_are_known() {
        let mut names: Vec<_> = all().iter().map(|work| work.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().len());
        assert!(all().iter().all(|work| !work.answer.is_empty() && work.source.contains("handler")));
    }
}
