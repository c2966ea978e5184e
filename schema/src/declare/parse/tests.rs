//! Declarations, good and bad.

use proptest::prelude::*;

use super::*;
use crate::declare::dsl::{Action, DeclaredTable, Deferral, IdentityKind};

fn read(text: &str) -> Result<Declared, ParseError> {
    Declared::read(text, &Rules::default())
}

fn table(body: &str) -> Result<DeclaredTable, ParseError> {
    let declared = read(&format!(r#"{{"tables":{{"t":{body}}}}}"#))?;
    Ok(declared.tables.into_iter().next().unwrap())
}

fn wrong(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn the_example_of_the_tool_text_is_read() {
    let declared = read(
        r#"{ "tables": { "posts": { "columns": {
            "id": { "type": "uuid", "primaryKey": true, "default": "gen_random_uuid()" },
            "title": { "type": "text", "nullable": false },
            "author_id": { "type": "uuid", "references": { "table": "users", "column": "id", "onDelete": "CASCADE" } },
            "created_at": { "type": "timestamptz", "default": "now()" } } } } }"#,
    )
    .unwrap();
    let posts = &declared.tables[0];
    let names: Vec<&str> = posts.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "title", "author_id", "created_at"], "columns keep their order");
    assert_eq!(posts.primary_key.as_ref().unwrap().columns, ["id"]);
    assert!(!posts.columns[0].nullable && !posts.columns[1].nullable && posts.columns[2].nullable);
    assert_eq!(posts.foreign_keys[0].on_delete, Action::Cascade);
}

#[test]
fn both_spellings_are_read() {
    for key in ["primaryKey", "primary"] {
        let table = table(&format!(r#"{{"columns":{{"id":{{"type":"int","{key}":true}}}}}}"#)).unwrap();
        assert_eq!(table.primary_key.unwrap().columns, ["id"]);
    }
    let two = r#"{"columns":{"id":{"type":"int","primaryKey":true,"primary":true}}}"#;
    assert!(table(two).unwrap_err().to_string().contains("is the same as"));
    for drop in [r#"{"tables":{},"_drop":["t"]}"#, r#"{"tables":{"t":{"_drop":true}}}"#] {
        assert!(read(drop).unwrap().drop_tables.contains("t"), "{drop}");
    }
    for reference in [r#""u.id""#, r#"{"table":"u","column":"id"}"#] {
        let table =
            table(&format!(r#"{{"columns":{{"u":{{"type":"int","references":{reference}}}}}}}"#)).unwrap();
        assert_eq!(table.foreign_keys[0].references, ["id"]);
    }
}

#[test]
fn everything_else_is_read() {
    let table = table(
        r#"{"columns":{"a":"int","b":{"type":"bigint","identity":"BY DEFAULT"},"c":{"type":"int","generated":"a + 1"},
            "d":{"type":"text","default":true,"collation":"C","comment":"x","renamedFrom":"old","using":"a::text","check":"d <> ''"}},
            "primaryKey":["a","b"],"uniques":{"u":{"columns":["d"],"deferrable":"initially deferred"}},"checks":["a > 0"],
            "foreignKeys":[{"columns":["a"],"table":"t","references":["b"],"onUpdate":"set_null"}],
            "exclusions":{"e":"USING gist (a WITH =)"},"indexes":{},"rls":true,"_dropColumns":["z"],"_dropIndexes":["i"],
            "comment":null,"_seed":[{"a":1,"b":2}]}"#,
    )
    .unwrap();
    assert_eq!(table.columns[1].identity, Some(IdentityKind::ByDefault));
    assert_eq!(table.columns[3].default.as_ref().unwrap().sql(), "true");
    assert_eq!(table.uniques[0].deferral, Deferral::Deferred);
    assert_eq!(table.foreign_keys[0].on_update, Action::SetNull);
    assert_eq!((table.checks.len(), table.exclusions.len(), table.seed.len()), (2, 1, 1));
    assert!(table.indexes.unwrap().is_empty() && table.rls.unwrap().forced);
    assert_eq!(table.comment.as_deref(), Some(""), "null takes a comment away");
}

#[test]
fn mistakes_are_named_by_their_path() {
    for (text, message) in [
        ("", "this is not JSON"),
        ("[]", "must be an object, not an array"),
        ("{}", "tables: is missing"),
        (r#"{"tabels":{},"tables":{}}"#, "tabels: is not known here; did you mean \"tables\"?"),
        (r#"{"tables":{"t":{}}}"#, "tables.t.columns: is missing"),
        (r#"{"tables":{"t":{"columns":{"a":{}}}}}"#, "tables.t.columns.a.type: is missing"),
        (
            r#"{"tables":{"t":{"columns":{"a":{"type":"int","nulable":true}}}}}"#,
            "tables.t.columns.a.nulable: is not known here; did you mean \"nullable\"?",
        ),
        (
            r#"{"tables":{"t":{"columns":{"a":{"type":"int; drop table x"}}}}}"#,
            "tables.t.columns.a.type: does not look like a type",
        ),
        (
            r#"{"tables":{"t":{"columns":{"a":{"type":"int","default":"0); drop table x; --"}}}}}"#,
            "tables.t.columns.a.default: there is a ')' too many",
        ),
        (
            r#"{"tables":{"t":{"columns":{"a":{"type":"int","default":{}}}}}}"#,
            "must be a string with an SQL expression, not an object",
        ),
        (
            r#"{"tables":{"t":{"columns":{"a":{"type":"serial","default":"1"}}}}}"#,
            "cannot be had together with a serial type",
        ),
        (
            r#"{"tables":{"t":{"columns":{"a":{"type":"int","primaryKey":true},"b":{"type":"int","primaryKey":true}}}}}"#,
            "a table has one primary key",
        ),
        (
            r#"{"tables":{"t":{"columns":{"a":{"type":"int","primaryKey":true,"nullable":true}}}}}"#,
            "a primary key cannot be null",
        ),
        (
            r#"{"tables":{"t":{"columns":{"a":{"type":"int"}},"indexes":{"i":{"columns":["b"]}}}}}"#,
            "tables.t.indexes: \"b\" is no column of this table",
        ),
        (
            r#"{"tables":{"t":{"columns":{"a":{"type":"int"}},"indexes":{"i":{"columns":[]}}}}}"#,
            "must name a column",
        ),
        (
            r#"{"tables":{"t":{"columns":{"a":{"type":"int","references":{"table":"t","onDelete":"CASCDE"}}}}}}"#,
            "did you mean \"CASCADE\"?",
        ),
        (
            r#"{"tables":{"u":{"columns":{"id":{"type":"int"}}},"t":{"columns":{"a":{"type":"int","references":"u.ids"}}}}}"#,
            "\"u\" has no column \"ids\"; did you mean \"id\"?",
        ),
        (
            r#"{"tables":{"t":{"columns":{"a":{"type":"int"}}}},"_drop":["t"]}"#,
            "is declared and dropped at once",
        ),
        (r#"{"tables":{"":{"columns":{}}}}"#, "a name must not be empty"),
        (r#"{"tables":{"pg_x":{"columns":{}}}}"#, "are PostgreSQL's own"),
        (r#"{"tables":{"t":{"columns":{"a\u0000":{"type":"int"}}}}}"#, "must not contain NUL"),
        (r#"{"tables":{"t":{"columns":{}},"t":{"columns":{}}}}"#, "\"t\" comes twice"),
        (
            r#"{"tables":{"t":{"columns":{"a":"int"},"rls":{"policies":{"p":{"command":"SELCT","using":"true"}}}}}}"#,
            "did you mean \"SELECT\"?",
        ),
        (
            r#"{"tables":{"t":{"columns":{"a":"int"},"rls":{"policies":{"p":{"command":"INSERT","using":"true"}}}}}}"#,
            "an INSERT policy has \"check\" alone",
        ),
        (r#"{"tables":{"t":{"columns":{"a":"int"},"_seed":[{"a":1}]}}}"#, "the table has none"),
        (r#"{"tables":{},"enums":{"e":["a","a"]}}"#, "comes twice"),
    ] {
        let said = wrong(text);
        assert!(said.contains(message), "{text}\n said: {said}\n wanted: {message}");
    }
}

#[test]
fn names_have_63_bytes() {
    let with = |name: &str| read(&format!(r#"{{"tables":{{"{name}":{{"columns":{{}}}}}}}}"#));
    assert!(with(&"x".repeat(63)).is_ok());
    assert!(with(&"x".repeat(64)).unwrap_err().to_string().contains("at most 63 bytes, this one has 64"));
    assert!(with(&"ü".repeat(32)).is_err(), "bytes count, not characters");
}

#[test]
fn bounds_are_kept() {
    let tables = |count: usize| {
        let each: Vec<String> = (0..count).map(|n| format!(r#""t{n}":{{"columns":{{}}}}"#)).collect();
        let rules = Rules { tables_max: Some(50), ..Rules::default() };
        Declared::read(&format!("{{\"tables\":{{{}}}}}", each.join(",")), &rules)
    };
    assert!(tables(50).is_ok());
    let error = tables(51).unwrap_err();
    assert!(error.is_table_limit && error.to_string().contains("51"));
    let columns: Vec<String> = (0..1601).map(|n| format!(r#""c{n}":"int""#)).collect();
    let body = format!(r#"{{"columns":{{{}}}}}"#, columns.join(","));
    assert!(table(&body).unwrap_err().to_string().contains("the limit is 1600"));
}

#[test]
fn places_have_rules_of_their_own() {
    let rules = Rules {
        reserved: vec!["_idempotency_keys".to_owned()],
        role_aliases: [("user".to_owned(), "butterbase_user".to_owned())].into(),
        always_forced: true,
        ..Rules::default()
    };
    let read = |text: &str| Declared::read(text, &rules);
    let error = read(r#"{"tables":{"_idempotency_keys":{"columns":{}}}}"#).unwrap_err();
    assert!(error.to_string().contains("the platform's own"));
    let text = r#"{"tables":{"t":{"columns":{},"rls":{"policies":{"p":{"role":"user","using":"true"}}}}}}"#;
    let declared = read(text).unwrap();
    let rls = declared.tables[0].rls.as_ref().unwrap();
    assert!(rls.policies["p"].roles.contains("butterbase_user"));
    let error = read(r#"{"tables":{"t":{"columns":{},"rls":{"forced":false}}}}"#).unwrap_err();
    assert_eq!(error.path, "tables.t.rls.forced");
}

proptest! {
    #[test]
    fn nothing_makes_it_stumble(text in r#"[{}\[\]:,"a-z_0-9 ]{0,200}"#) {
        let _ = read(&text);
    }

    #[test]
    fn no_member_makes_it_stumble(
        member in "primaryKey|nullable|default|unique|references|check|identity|comment|using|x",
        value in r#"null|true|1|-1\.5|"x"|"a\.b"|\[\]|\["a"\]|\{\}|\{"table":"t"\}"#,
    ) {
        let body = format!(r#"{{"columns":{{"a":{{"type":"int","{member}":{value}}}}}}}"#);
        if let Err(error) = table(&body) {
            prop_assert!(error.path.starts_with("tables.t") || error.path == "tables", "{}", error);
        }
    }
}
