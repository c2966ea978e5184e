//! Hostile declarations: injections, huge ones, deep ones.

use mayfly_schema::SchemaError;
use support::cluster::run;

use super::place::Place;

#[test]
fn names_are_names_whatever_is_in_them() {
    run(async {
        let mut place = Place::new().await;
        place.run("CREATE TABLE victim (x int)").await;
        let long = "x".repeat(63);
        for name in [
            "\\\"; drop table victim; --",
            "'; drop table victim; --",
            "order",
            "ÄÖÜ 漢字 🦟",
            "a.b",
            "a\\nb",
            " ",
            "$1",
            "%s",
            &long,
        ] {
            let schema = format!(
                r#"{{"tables":{{"victim":{{"columns":{{"x":"int"}}}},"{name}":{{"columns":{{"{name}":{{"type":"int","unique":true,"comment":"{name}"}}}},
                    "indexes":{{"i {short}":{{"columns":["{name}"]}}}},"rls":{{"policies":{{"{name}":{{"using":"true"}}}}}}}}}}}}"#,
                short = name.chars().take(20).collect::<String>().trim_end_matches('\\'),
            );
            place.apply(&schema).await;
            assert!(place.apply(&schema).await.plan.is_empty(), "{name}");
            let written = mayfly_schema::write::write(&place.read().await, true).to_string();
            assert!(place.apply(&written).await.plan.is_empty(), "{name}");
            place.apply(r#"{"tables":{"victim":{"columns":{"x":"int"}}},"_drop":["NAME"]}"#.replace("NAME", name).as_str()).await;
        }
        assert_eq!(place.texts("SELECT count(*) FROM victim").await, ["0"]);
        place.drop().await;
    });
}

#[test]
fn expressions_stay_where_they_are_put() {
    run(async {
        let mut place = Place::new().await;
        place.run("CREATE TABLE victim (x int)").await;
        for text in [
            "1; COMMIT",
            "1); DROP TABLE victim; --",
            "1) NOT NULL, evil int DEFAULT (2",
            "(SELECT 1",
            "$$",
            "1 /* ",
        ] {
            let text = serde_json::to_string(text).unwrap();
            for member in ["default", "check", "generated", "using", "type"] {
                let ty = if member == "type" { String::new() } else { r#""type":"int","#.to_owned() };
                let schema =
                    format!(r#"{{"tables":{{"victim":{{"columns":{{"x":{{{ty}"{member}":{text}}}}}}}}}}}"#);
                let outcome = place.try_dry_run(&schema).await;
                assert!(matches!(outcome, Err(SchemaError::Declaration(_))), "{schema}: {outcome:?}");
            }
        }
        assert_eq!(place.read().await.tables["victim"].columns.len(), 1);
        place.drop().await;
    });
}

#[test]
fn what_postgresql_does_not_like_is_told_by_its_path() {
    run(async {
        let mut place = Place::new().await;
        // Once from an empty schema, once against an existing one.
        for round in 0..2 {
            for (body, path, message) in [
                (
                    r#"{"columns":{"a":{"type":"integr"}}}"#,
                    "tables.t.columns.a.type",
                    "did you mean \"integer\"",
                ),
                (
                    r#"{"columns":{"a":{"type":"int"},"b":{"type":"varchar(0)"}}}"#,
                    "tables.t.columns.b.type",
                    "length for type varchar",
                ),
                (
                    r#"{"columns":{"a":{"type":"int","default":"nosuch()"}}}"#,
                    "tables.t.columns.a.default",
                    "function nosuch() does not exist",
                ),
                (
                    r#"{"columns":{"a":{"type":"int","default":"'x'"}}}"#,
                    "tables.t.columns.a.default",
                    "invalid input syntax",
                ),
                (
                    r#"{"columns":{"a":{"type":"int","generated":"random()::int"}}}"#,
                    "tables.t.columns.a.generated",
                    "not immutable",
                ),
                (
                    r#"{"columns":{"a":{"type":"int","check":"b > 0"}}}"#,
                    "tables.t.columns.a.check",
                    "\"b\" does not exist",
                ),
                (
                    r#"{"columns":{"a":{"type":"int","collation":"nosuch"}}}"#,
                    "tables.t.columns.a.collation",
                    "",
                ),
                (
                    r#"{"columns":{"a":{"type":"json"}},"uniques":[["a"]]}"#,
                    "tables.t.uniques",
                    "operator class",
                ),
                (
                    r#"{"columns":{"a":{"type":"int","references":"nosuch.id"}}}"#,
                    "tables.t.columns.a.references",
                    "does not exist",
                ),
                (
                    r#"{"columns":{"a":{"type":"int"}},"indexes":{"i":{"columns":["a"],"method":"nosuch"}}}"#,
                    "tables.t.indexes.i",
                    "does not exist",
                ),
                (
                    r#"{"columns":{"a":{"type":"int"}},"rls":{"policies":{"p":{"role":"nosuch","using":"true"}}}}"#,
                    "tables.t.rls.policies.p",
                    "does not exist",
                ),
                (r#"{"columns":{"ctid":{"type":"int"}}}"#, "tables.t.columns.ctid.type", "system column"),
            ] {
                let Err(SchemaError::Declaration(error)) = place.try_dry_run(body).await else {
                    panic!("{round} {body}")
                };
                assert_eq!(error.path, path, "{round} {error}");
                assert!(error.to_string().contains(message), "{round} {error}");
            }
            place.apply(r#"{"columns":{"z":{"type":"int"}}}"#).await;
        }
        place.drop().await;
    });
}

#[test]
fn large_declarations_end() {
    run(async {
        let mut place = Place::new().await;
        let text =
            format!(r#"{{"columns":{{"a":{{"type":"text","default":"'{}'"}}}}}}"#, "x".repeat(10 << 20));
        assert!(matches!(place.try_apply(&text).await, Err(SchemaError::Declaration(_))));
        let many: Vec<String> = (0..1600).map(|n| format!(r#""c{n}":"boolean""#)).collect();
        let wide = format!(r#"{{"columns":{{{}}}}}"#, many.join(","));
        place.apply(&wide).await;
        assert!(place.apply(&wide).await.plan.is_empty());
        place.drop().await;
    });
}

#[test]
fn a_deep_expression_is_an_error_and_no_crash() {
    run(async {
        let mut place = Place::new().await;
        let deep = format!("{}1{}", "(".repeat(200), ")".repeat(200));
        place.apply(&format!(r#"{{"columns":{{"a":{{"type":"int","default":"{deep}"}}}}}}"#)).await;
        let deeper = format!("{}1", "- ".repeat(30_000));
        let outcome =
            place.try_apply(&format!(r#"{{"columns":{{"a":{{"type":"int","default":"{deeper}"}}}}}}"#)).await;
        assert!(matches!(outcome, Err(SchemaError::Declaration(_))), "{outcome:?}");
        place.drop().await;
    });
}
