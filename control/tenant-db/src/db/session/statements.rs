//! Prepared statements of one connection, under names that cannot be guessed.

use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use uuid::Uuid;

use crate::wire::Field;

/// Statements that are kept on one connection.
const KEPT_MAX: usize = 32;

/// Statements that were seen once and are remembered: one that comes again is worth keeping.
const SEEN_MAX: usize = 64;

/// The longest statement that is kept, in bytes.
const LENGTH_MAX: usize = 8 << 10;

/// The statements of one connection, the one used last at the end.
#[derive(Debug)]
pub(in crate::db) struct Statements {
    /// Shared by all names of this connection. Statements' names are the only thing that SQL could take away.
    prefix: Uuid,
    made: u64,
    kept: Vec<(Box<str>, Known)>,
    seen: VecDeque<u64>,
    /// Names that the server may still hold for us.
    to_close: Vec<String>,
}

/// A statement that the server has parsed.
#[derive(Debug, Clone)]
pub(in crate::db) struct Known {
    pub(in crate::db) name: Arc<str>,
    /// The columns of its result; none for a statement without one.
    pub(in crate::db) fields: Arc<[Field]>,
}

/// How a statement shall be sent.
#[derive(Debug, Clone)]
pub(in crate::db) enum Plan {
    /// Parsed for this once.
    Once,
    /// Parsed under this name, for later.
    Keep(String),
    /// Parsed before.
    Kept(Known),
}

impl Statements {
    pub(super) fn new() -> Self {
        Self {
            prefix: Uuid::new_v4(),
            made: 0,
            kept: Vec::new(),
            seen: VecDeque::new(),
            to_close: Vec::new(),
        }
    }

    /// How to send this statement now.
    pub(in crate::db) fn plan(&mut self, sql: &str) -> Plan {
        if let Some(at) = self.position(sql) {
            self.kept[at..].rotate_left(1);
            return self.kept.last().map_or(Plan::Once, |(_, known)| Plan::Kept(known.clone()));
        }
        if sql.len() > LENGTH_MAX || !self.was_seen(sql) {
            return Plan::Once;
        }
        self.made += 1;
        Plan::Keep(format!("m{}_{}", self.prefix.simple(), self.made))
    }

    /// It was parsed under this name, and executed.
    pub(in crate::db) fn keep(&mut self, sql: &str, name: String, fields: Arc<[Field]>) {
        if self.kept.len() == KEPT_MAX {
            let (_, oldest) = self.kept.remove(0);
            self.to_close.push(oldest.name.as_ref().to_owned());
        }
        self.kept.push((sql.into(), Known { name: name.into(), fields }));
    }

    /// It was refused: what the server holds under this name is not used again.
    pub(in crate::db) fn close_later(&mut self, name: &str) {
        self.kept.retain(|(_, known)| known.name.as_ref() != name);
        self.to_close.push(name.to_owned());
    }

    /// Names that the server shall close with the next use.
    pub(in crate::db) fn take_to_close(&mut self) -> Vec<String> {
        std::mem::take(&mut self.to_close)
    }

    fn position(&self, sql: &str) -> Option<usize> {
        self.kept.iter().rposition(|(kept, _)| kept.as_ref() == sql)
    }

    fn was_seen(&mut self, sql: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        sql.hash(&mut hasher);
        let hash = hasher.finish();
        if self.seen.contains(&hash) {
            return true;
        }
        if self.seen.len() == SEEN_MAX {
            self.seen.pop_front();
        }
        self.seen.push_back(hash);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(statements: &mut Statements, sql: &str) -> String {
        match statements.plan(sql) {
            Plan::Keep(name) => {
                statements.keep(sql, name.clone(), Arc::new([]));
                name
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_statement_is_kept_from_its_second_time_on() {
        let mut statements = Statements::new();
        assert!(matches!(statements.plan("SELECT 1"), Plan::Once));
        let name = kept(&mut statements, "SELECT 1");
        assert!(matches!(statements.plan("SELECT 1"), Plan::Kept(known) if *known.name == name));
        statements.close_later(&name);
        assert!(matches!(statements.plan("SELECT 1"), Plan::Keep(again) if again != name));
        assert_eq!(statements.take_to_close(), [name]);
    }

    #[test]
    fn the_least_recently_used_is_evicted() {
        let mut statements = Statements::new();
        let sql = |index: usize| format!("SELECT {index}");
        let names: Vec<_> = (0..KEPT_MAX)
            .map(|index| {
                statements.plan(&sql(index));
                kept(&mut statements, &sql(index))
            })
            .collect();
        // The first is used again; the second is the oldest then.
        assert!(matches!(statements.plan(&sql(0)), Plan::Kept(_)));
        statements.plan("SELECT 'one more'");
        kept(&mut statements, "SELECT 'one more'");
        assert_eq!(statements.take_to_close(), [names[1].clone()]);
        assert!(matches!(statements.plan(&sql(0)), Plan::Kept(_)));
    }

    #[test]
    fn a_long_statement_is_not_kept() {
        let mut statements = Statements::new();
        let longest = format!("SELECT {}", " ".repeat(LENGTH_MAX - 7));
        statements.plan(&longest);
        assert!(matches!(statements.plan(&longest), Plan::Keep(_)));
        let longer = format!("{longest} ");
        statements.plan(&longer);
        assert!(matches!(statements.plan(&longer), Plan::Once));
    }

    #[test]
    fn statements_that_differ_each_time_take_limited_memory() {
        let mut statements = Statements::new();
        for index in 0..1000 {
            statements.plan(&format!("SELECT {index}"));
        }
        assert_eq!((statements.seen.len(), statements.kept.len()), (SEEN_MAX, 0));
    }
}
