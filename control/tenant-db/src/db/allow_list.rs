//! The statement allow-list: which statements a function may send, by their first word.
//!
//! That is enough, because the extended protocol takes exactly one statement, and no statement that begins with one of
//! these words changes the session, the transaction or the schema. The two that look as if they could (`SELECT ...
//! INTO`, `EXPLAIN ANALYZE CREATE ...`) need rights that no function has.
//!
//! `EXPLAIN` is for the service role alone: it counts rows before row-level security has hidden them.

use mayfly_runtime::providers::GuestError;

use super::limits::SQL_BYTES_MAX;
use crate::identity::Privilege;

const ALLOWED: [&str; 9] =
    ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "TABLE", "EXPLAIN"];

/// Refuse what a function may not send as this privilege.
pub(super) fn check(sql: &str, privilege: Privilege) -> Result<(), GuestError> {
    if sql.len() > SQL_BYTES_MAX {
        let message = format!("the SQL text has {} bytes, the limit is {SQL_BYTES_MAX}", sql.len());
        return Err(GuestError::new("54000", message));
    }
    if sql.contains('\0') {
        return Err(GuestError::new("22021", "the SQL text contains a NUL character"));
    }
    let word = first_word(sql);
    if privilege != Privilege::Service && word.is_some_and(|word| word.eq_ignore_ascii_case("EXPLAIN")) {
        return Err(GuestError::new(
            "DB_STATEMENT_NOT_ALLOWED",
            "EXPLAIN shows how many rows row-level security hides: it is for the service role alone",
        ));
    }
    if word.is_some_and(|word| ALLOWED.iter().any(|allowed| word.eq_ignore_ascii_case(allowed))) {
        return Ok(());
    }
    let begins = word.map_or_else(
        || "the statement is empty, or does not begin with a word".to_owned(),
        |word| format!("a statement may not begin with {}", shorten(word)),
    );
    Err(GuestError::new(
        "DB_STATEMENT_NOT_ALLOWED",
        format!("{begins}; ctx.db takes {}, one statement a call", ALLOWED.join(", ")),
    )
    .with("hint", "change the schema through POST /v1/{app}/sql; use ctx.db.tx for a transaction"))
}

fn shorten(word: &str) -> String {
    word.chars().take(32).collect::<String>().to_ascii_uppercase()
}

/// The first word as PostgreSQL's lexer sees it: behind white space, comments (which nest) and opening parentheses.
/// `None` when there is none, or it is not plain.
fn first_word(sql: &str) -> Option<&str> {
    let rest = skip_to_word(sql)?;
    let end = rest.bytes().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(rest.len());
    // An identifier that only begins like a keyword is none.
    let goes_on = rest
        .as_bytes()
        .get(end)
        .is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'$') || !byte.is_ascii());
    (end > 0 && !goes_on).then(|| &rest[..end])
}

fn skip_to_word(mut sql: &str) -> Option<&str> {
    loop {
        // The lexer's white space, not Unicode's: anything else would be part of an identifier.
        sql = sql.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c', '(']);
        if let Some(comment) = sql.strip_prefix("--") {
            sql = &comment[comment.find(['\n', '\r'])?..];
        } else if sql.starts_with("/*") {
            sql = skip_block_comment(sql)?;
        } else {
            return Some(sql);
        }
    }
}

fn skip_block_comment(sql: &str) -> Option<&str> {
    let bytes = sql.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(&sql[at..]);
                }
            }
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(sql: &str) -> Result<(), GuestError> {
        super::check(sql, Privilege::Service)
    }

    #[test]
    fn what_functions_send_passes() {
        for sql in [
            "select 1",
            "SELECT 1",
            "  \t\r\n\x0c select 1",
            "((select 1) union (select 2))",
            "( /* a */ ( -- b\n select 1))",
            "/* outer /* inner */ still outer */ select 1",
            "--\nselect 1",
            "-- a\r-- b\nselect 1",
            "/**/select 1",
            "/***/ select 1",
            "select'text'",
            "select\"column\" from t",
            "select*from t",
            "with x as (select 1) table x",
            "values (1)",
            "table posts",
            "insert into t values (1)",
            "update t set x = 1",
            "delete from t",
            "merge into t using s on true when matched then delete",
            "explain analyze select 1",
            "EXPLAIN (ANALYZE, BUFFERS) select 1",
        ] {
            check(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for sql in [
            "",
            " ",
            "(",
            ";",
            ";select 1",
            "--",
            "-- select 1",
            "/* select 1",
            "/* /* */ select 1",
            "/*/ select 1",
            "*/ select 1",
            "begin",
            "commit",
            "rollback and chain",
            "set role postgres",
            "reset role",
            "/* select */ set role x",
            "-- select\nset role x",
            "(set role x)",
            "do $$ begin end $$",
            "call f()",
            "copy t to stdout",
            "prepare p as select 1",
            "execute p",
            "deallocate all",
            "discard all",
            "listen x",
            "declare c cursor with hold for select 1",
            "create table t (x int)",
            "truncate t",
            "vacuum",
            "grant a to b",
            "refresh materialized view v",
            "select_1",
            "select$1",
            "select1",
            "selec\u{74}\u{e9} 1",
            "\u{a0}select 1",
            "\u{2003}select 1",
            "\u{feff}select 1",
            "\u{1c}select 1",
            "\"select\" 1",
            "U&\"select\" 1",
            "$$select$$",
            "with_ as",
            "explainx",
        ] {
            assert_eq!(check(sql).unwrap_err().code, "DB_STATEMENT_NOT_ALLOWED", "{sql:?}");
        }
    }

    #[test]
    fn explain_is_for_the_service_role() {
        for sql in ["explain select 1", " (/* x */ EXPLAIN (ANALYZE) select 1", "--\nExplain select 1"] {
            check(sql).unwrap();
            for privilege in [Privilege::User, Privilege::Anon] {
                let refused = super::check(sql, privilege).unwrap_err();
                assert_eq!(refused.code, "DB_STATEMENT_NOT_ALLOWED", "{sql}");
                super::check("select 'explain'", privilege).unwrap();
            }
        }
    }

    #[test]
    fn length_and_nul_have_errors_of_their_own() {
        let fits = format!("select '{}'", "a".repeat(SQL_BYTES_MAX - 9));
        assert_eq!(fits.len(), SQL_BYTES_MAX);
        check(&fits).unwrap();
        assert_eq!(check(&format!("{fits} ")).unwrap_err().code, "54000");
        assert_eq!(check("select 'a\0b'").unwrap_err().code, "22021");
    }

    proptest! {
        #[test]
        fn it_never_panics(sql in ".{0,64}") {
            let _ = check(&sql);
        }

        #[test]
        fn it_never_panics_on_comments(sql in "[-/* \n(s]{0,24}select[-/* \n]{0,8}") {
            let _ = check(&sql);
        }

        #[test]
        fn what_stands_before_the_word_does_not_matter(
            before in prop::collection::vec(prop::sample::select(vec![" ", "\n", "\t", "(", "--x\n", "/*x*/", "/*a/*b*/c*/", "/*--*/", "--/*\n"]), 0..12),
            word in prop::sample::select(vec!["select", "Insert", "SET", "commit", "EXPLAIN", "do"]),
        ) {
            let sql = format!("{}{word} 1", before.concat());
            let allowed = ALLOWED.contains(&word.to_ascii_uppercase().as_str());
            prop_assert_eq!(check(&sql).is_ok(), allowed);
        }
    }
}
