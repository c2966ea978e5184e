//! Generates statements from the catalogue. PostgreSQL refuses most of them; the others are unforeseen cases.

use super::catalogue::{Catalogue, Function, Kind};

/// A portable random number generator: SplitMix64.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Texts with a meaning to some function.
const TEXTS: &[&str] = &[
    "posts",
    "public.posts",
    "post_view",
    "owner",
    "body",
    "id",
    "alice",
    "bob",
    "role",
    "none",
    "off",
    "0",
    "1",
    "butterbase_service",
    "butterbase_user",
    "butterbase_anon",
    "mayfly.claims",
    "mayfly.claims_key",
    "pg_authid",
    "row_security",
    "search_path",
    "session_authorization",
    "SELECT body FROM posts",
    "SET ROLE butterbase_service",
    "RESET ROLE",
    "SET ROLE none",
    "RESET ALL",
    "SET row_security = off",
    "SET mayfly.claims = ''",
    "SET search_path = pg_temp",
    "SET statement_timeout = 0",
    "LISTEN x",
    "PREPARE p AS SELECT 1",
    "DECLARE c CURSOR WITH HOLD FOR SELECT body FROM posts",
    "UPDATE posts SET owner = 'alice'",
    "SELECT string_agg(body, ',') FROM posts",
    "SELECT set_config('role', 'butterbase_service', false)",
    "DISCARD ALL",
    "/etc/passwd",
    "",
    "x",
    "{a,b}",
    "[1]",
    "{}",
    "<a/>",
    "a & b",
    "$.*",
    ".*",
    "default",
    "k",
    "UTF8",
];

/// The app's own columns, by their types.
const COLUMNS: &[(&str, &str)] = &[("integer", "p.id"), ("text", "p.owner"), ("text", "p.body")];

const DEPTH: usize = 3;

pub(super) struct Generator<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) dice: Dice,
}

impl Generator<'_> {
    /// A statement; some are refused by the statement allow-list.
    pub(super) fn statement(&mut self) -> String {
        match self.dice.below(20) {
            0..6 => self.select(),
            6 => format!("SELECT * FROM {} LIMIT 50", self.table()),
            7 => format!(
                "SELECT {0} FROM posts p, LATERAL {1} AS f LIMIT 50",
                self.any(DEPTH),
                self.call_for_rows()
            ),
            8 => format!(
                "SELECT t::text FROM {} t, posts p WHERE {} LIMIT 50",
                self.table(),
                self.of("boolean", DEPTH)
            ),
            9 => format!(
                "WITH x AS MATERIALIZED (SELECT {} AS c) SELECT x.c, p.* FROM x, posts p",
                self.any(DEPTH)
            ),
            10 => format!(
                "WITH x AS MATERIALIZED ({}) SELECT {}, p.body FROM x, posts p",
                self.select(),
                self.any(DEPTH)
            ),
            11 => format!("EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) {}", self.select()),
            12 => format!(
                "INSERT INTO posts VALUES ({}, {}, {}) RETURNING *",
                self.of("integer", 2),
                self.of("text", 1),
                self.of("text", DEPTH)
            ),
            13 => format!(
                "INSERT INTO posts VALUES (2, 'alice', {0}) ON CONFLICT (id) DO UPDATE SET body = {0} RETURNING *",
                self.of("text", 2)
            ),
            14 => format!(
                "UPDATE posts p SET body = {} WHERE {} RETURNING {}",
                self.of("text", DEPTH),
                self.of("boolean", 2),
                self.any(2)
            ),
            15 => format!("UPDATE posts p SET owner = {} RETURNING *", self.of("text", 2)),
            16 => {
                format!("DELETE FROM posts p WHERE {} RETURNING {}", self.of("boolean", DEPTH), self.any(1))
            }
            17 => format!(
                "MERGE INTO posts p USING (SELECT {} AS i) v ON p.id = v.i OR {} WHEN MATCHED THEN UPDATE SET body = {}",
                self.of("integer", 1),
                self.of("boolean", 1),
                self.of("text", 1)
            ),
            18 => format!(
                "UPDATE {} SET {} = {}",
                self.table(),
                self.dice.one_of(&["setting", "body", "rolsuper", "result"]),
                self.any(1)
            ),
            _ => {
                let setting = self.dice.one_of(&self.catalogue.settings).clone();
                let value = self.quoted();
                match self.dice.below(4) {
                    0 => format!("SET {setting} = {value}"),
                    1 => format!("SELECT set_config('{setting}', {value}, {})", self.of("boolean", 0)),
                    2 => format!("UPDATE pg_settings SET setting = {value} WHERE name = '{setting}'"),
                    _ => format!("SELECT current_setting('{setting}', true), {}", self.any(1)),
                }
            }
        }
    }

    fn select(&mut self) -> String {
        let what = self.any(DEPTH);
        match self.dice.below(7) {
            0 => format!("SELECT {what}"),
            1 => format!("SELECT {what} FROM posts p WHERE {}", self.of("boolean", DEPTH)),
            2 => format!("SELECT {what}, p.* FROM posts p ORDER BY {}", self.any(2)),
            3 => format!(
                "SELECT {} FROM posts p GROUP BY {} HAVING {}",
                self.any(1),
                self.any(1),
                self.of("boolean", 1)
            ),
            4 => format!("SELECT {what} FROM post_view p WHERE {} FOR UPDATE", self.of("boolean", 2)),
            5 => format!(
                "SELECT p.body FROM posts p WHERE {} AND {}",
                self.of("boolean", DEPTH),
                self.of("boolean", 1)
            ),
            _ => format!(
                "SELECT {what} FROM posts p TABLESAMPLE BERNOULLI (100) UNION ALL SELECT {}",
                self.any(1)
            ),
        }
    }

    fn table(&mut self) -> String {
        self.dice.one_of(&self.catalogue.tables).clone()
    }

    /// An expression of any type.
    fn any(&mut self, depth: usize) -> String {
        if self.dice.below(2) == 0 {
            let function = self.dice.below(self.catalogue.functions.len());
            return self.call(&self.catalogue.functions[function], depth);
        }
        let kind = self.dice.one_of(&self.catalogue.types).clone();
        self.of(&kind, depth)
    }

    /// An expression of this type, as far as that is possible.
    fn of(&mut self, kind: &str, depth: usize) -> String {
        let kind = match kind {
            // Any candidate: PostgreSQL refuses those that do not fit.
            kind if kind.starts_with("any") => {
                self.dice.one_of(&["text", "integer", "jsonb", "text[]", "int4range"])
            }
            kind => kind,
        };
        if depth == 0 {
            return self.literal(kind);
        }
        match self.dice.below(10) {
            0 | 1 => self.literal(kind),
            2 => match COLUMNS.iter().filter(|(of, _)| *of == kind).collect::<Vec<_>>().as_slice() {
                [] => self.literal(kind),
                columns => self.dice.one_of(columns).1.to_owned(),
            },
            3 => format!("CAST({} AS {kind})", self.any(depth - 1)),
            4 => format!("(SELECT {} FROM posts p LIMIT 1)", self.of(kind, depth - 1)),
            5 => format!(
                "CASE WHEN {} THEN {} ELSE {} END",
                self.of("boolean", depth - 1),
                self.of(kind, depth - 1),
                self.of(kind, depth - 1)
            ),
            6 | 7 => self.operation(kind, depth),
            _ => match self.catalogue.giving.get(kind) {
                Some(places) => {
                    let place = *self.dice.one_of(places);
                    self.call(&self.catalogue.functions[place], depth)
                }
                None => self.literal(kind),
            },
        }
    }

    fn operation(&mut self, kind: &str, depth: usize) -> String {
        let Some(operators) = self.catalogue.operators.get(kind) else { return self.literal(kind) };
        let operator = self.dice.one_of(operators);
        let right = self.of(&operator.right, depth - 1);
        match &operator.left {
            Some(left) => format!("({} {} {right})", self.of(left, depth - 1), operator.name),
            None => format!("({} {right})", operator.name),
        }
    }

    fn call(&mut self, function: &Function, depth: usize) -> String {
        let depth = depth.saturating_sub(1);
        let arguments: Vec<_> = function.arguments.iter().map(|kind| self.of(kind, depth)).collect();
        let call = format!("{}({})", function.name, arguments.join(", "));
        match function.kind {
            Kind::Window => format!("{call} OVER (ORDER BY {})", self.of("integer", 0)),
            Kind::Aggregate if self.dice.below(2) == 0 => {
                format!("{call} FILTER (WHERE {})", self.of("boolean", depth))
            }
            Kind::Aggregate if arguments.is_empty() => format!("{}(*)", function.name),
            Kind::Aggregate | Kind::Plain => call,
        }
    }

    fn call_for_rows(&mut self) -> String {
        loop {
            let place = self.dice.below(self.catalogue.functions.len());
            let function = &self.catalogue.functions[place];
            if function.gives_rows || self.dice.below(40) == 0 {
                return self.call(function, 2);
            }
        }
    }

    fn quoted(&mut self) -> String {
        format!("'{}'", self.dice.one_of(TEXTS).replace('\'', "''"))
    }

    fn literal(&mut self, kind: &str) -> String {
        let value = match self.dice.below(8) {
            0 => return format!("NULL::{kind}"),
            1 if kind == "text" => {
                let setting = self.dice.one_of(&self.catalogue.settings);
                return format!("'{setting}'::text");
            }
            _ => match kind {
                "boolean" => (*self.dice.one_of(&["true", "false"])).to_owned(),
                "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" | "oid"
                | "xid" | "money" => {
                    (*self.dice.one_of(&["0", "1", "2", "-1", "7", "100", "32767"])).to_owned()
                }
                "date" => "2024-02-29".to_owned(),
                kind if kind.starts_with("time") => "2024-02-29 12:00:00".to_owned(),
                "interval" => "1 day".to_owned(),
                "uuid" => "00000000-0000-0000-0000-000000000001".to_owned(),
                "inet" | "cidr" => "10.0.0.1".to_owned(),
                "json" | "jsonb" => {
                    (*self.dice.one_of(&["{\"a\": [1, null]}", "[]", "\"x\"", "1"])).to_owned()
                }
                "xml" => "<posts>x</posts>".to_owned(),
                "regclass" => (*self.dice.one_of(&["posts", "pg_authid", "pg_class"])).to_owned(),
                "regrole" => "butterbase_user".to_owned(),
                "regproc" | "regprocedure" => "current_user_id()".trim_end_matches("()").to_owned(),
                kind if kind.ends_with("[]") => (*self.dice.one_of(&["{}", "{1}", "{1,2}"])).to_owned(),
                kind if kind.ends_with("range") => "[1,2]".to_owned(),
                _ => return format!("{}::{kind}", self.quoted()),
            },
        };
        format!("'{value}'::{kind}")
    }
}
