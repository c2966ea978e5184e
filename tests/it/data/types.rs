//! Conversion of values from JavaScript to PostgreSQL and back.

use mayfly_runtime::providers::{BigintMode, Statement, Value};
use serde_json::{Value as Json, json};
use support::cluster::run;
use support::tenants::{TestApp, answer, rows, rows_with, statement};

#[test]
fn every_value_arrives() {
    run(async {
        let app = TestApp::new("").await;
        let db = app.service();
        let text = |text: &str| Value::Text(text.to_owned());
        for (cast, value, expected) in [
            ("int4", Value::Number(5.0), json!(5)),
            ("int4", Value::Number(-0.0), json!(0)),
            ("int8", Value::Bigint("9223372036854775807".to_owned()), json!("9223372036854775807")),
            ("int8", Value::Number(9_007_199_254_740_991.0), json!(9_007_199_254_740_991_i64)),
            ("numeric", Value::Number(1e21), json!("1000000000000000000000")),
            ("float8", Value::Number(0.1), json!(0.1)),
            ("float8", Value::Number(5e-324), json!(5e-324)),
            ("float8", Value::Number(f64::NAN), json!("NaN")),
            ("float8", Value::Number(f64::NEG_INFINITY), json!("-Infinity")),
            ("bool", Value::Bool(true), json!(true)),
            ("text", text("q'\"\\ \u{1f600}\n"), json!("q'\"\\ \u{1f600}\n")),
            ("text", Value::Null, Json::Null),
            ("jsonb", Value::Json("{\"b\":[1,2]}".to_owned()), json!({"b": [1, 2]})),
            ("json", Value::Json("\"x\"".to_owned()), json!("x")),
            ("bytea", Value::Bytes(vec![0, 255, 92]), json!("00ff5c")),
            ("timestamptz", Value::Date(1_700_000_000_123.0), json!(1_700_000_000_123_i64)),
            ("timestamptz", Value::Date(-62_167_219_200_000.0), json!(-62_167_219_200_000_i64)),
            ("timestamptz", Value::Date(8.64e15), json!(8_640_000_000_000_000_i64)),
            ("timestamp", Value::Date(0.0), json!(0)),
            ("timestamptz", text("infinity"), json!("infinity")),
            ("date", Value::Date(0.0), json!("1970-01-01")),
            (
                "uuid",
                text("6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b"),
                json!("6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b"),
            ),
            ("interval", text("1 day 02:00:00"), json!("1 day 02:00:00")),
            ("inet", text("10.0.0.1"), json!("10.0.0.1")),
            ("int4range", text("[1,5)"), json!("[1,5)")),
        ] {
            let sql = format!("SELECT $1::{cast} AS x");
            assert_eq!(rows_with(&db, &sql, vec![value]).await, json!([{"x": expected}]), "{sql}");
        }
    });
}

#[test]
fn an_array_is_json_where_the_parameter_is() {
    run(async {
        let app = TestApp::new("CREATE TABLE docs (id int, doc jsonb, tags text[])").await;
        let text = |text: &str| Value::Text(text.to_owned());
        let list = |items: &[Value]| Value::Array(items.to_vec());
        for db in [app.service(), app.user("alice")] {
            for (cast, value, expected) in [
                ("jsonb", list(&[]), json!([])),
                ("json", list(&[]), json!([])),
                ("jsonb", list(&[text("a")]), json!(["a"])),
                (
                    "jsonb",
                    list(&[Value::Number(1.0), Value::Number(2.5), Value::Null]),
                    json!([1, 2.5, null]),
                ),
                ("jsonb", list(&[Value::Json("{\"a\":1}".to_owned())]), json!([{"a": 1}])),
                ("jsonb", list(&[list(&[])]), json!([[]])),
                ("text[]", list(&[text("a"), text("b")]), json!(["a", "b"])),
                ("jsonb[]", list(&[Value::Json("{\"a\":1}".to_owned())]), json!([{"a": 1}])),
            ] {
                let sql = format!("SELECT $1::{cast} AS x");
                // Known, and not known yet.
                for _ in 0..2 {
                    let got = rows_with(&db, &sql, vec![value.clone()]).await;
                    assert_eq!(got, json!([{"x": expected}]), "{sql}");
                }
                let mut tx = std::sync::Arc::clone(&db).begin(Default::default()).await.unwrap();
                let sql = format!("SELECT $1::{cast} AS x, 1 AS y");
                let got = tx.query(statement(&sql, vec![value.clone()])).await.unwrap();
                let got: Json = serde_json::from_slice(&got.json).unwrap();
                assert_eq!(got["rows"], json!([{"x": expected, "y": 1}]), "{sql} in a transaction");
                tx.commit().await.unwrap();
            }
            // The column's type says it, too.
            let insert = "INSERT INTO docs VALUES (1, $1, $2) RETURNING doc, tags";
            let stored = rows_with(&db, insert, vec![list(&[text("x")]), list(&[text("x")])]).await;
            assert_eq!(stored, json!([{"doc": ["x"], "tags": ["x"]}]));
            // A statement that cannot be parsed fails as it did, and so does its transaction.
            let mut tx = std::sync::Arc::clone(&db).begin(Default::default()).await.unwrap();
            let wrong =
                tx.query(statement("SELECT $1::jsonb FROM nowhere", vec![list(&[])])).await.unwrap_err();
            assert_eq!(wrong.code, "42P01");
            let aborted = tx.query(statement("SELECT 1", Vec::new())).await.unwrap_err();
            assert_eq!(aborted.code, "25P02");
            tx.rollback().await.unwrap();
            rows_with(&db, "DELETE FROM docs WHERE id = 1", Vec::new()).await;
        }
    });
}

#[test]
fn arrays_arrive_with_their_shape() {
    run(async {
        let app = TestApp::new("").await;
        let db = app.service();
        let number = |number: f64| Value::Number(number);
        let nested = Value::Array(vec![
            Value::Array(vec![number(1.0), Value::Null]),
            Value::Array(vec![number(3.0), number(4.0)]),
        ]);
        let tricky = ["NULL", "", "a\"b", "c\\d", "{,}", " "].map(|text| Value::Text(text.to_owned()));
        for (cast, value, expected) in [
            ("int4[]", nested, json!([[1, null], [3, 4]])),
            ("int4[]", Value::Array(Vec::new()), json!([])),
            ("text[]", Value::Array(tricky.to_vec()), json!(["NULL", "", "a\"b", "c\\d", "{,}", " "])),
            ("bool[]", Value::Array(vec![Value::Bool(false)]), json!([false])),
            ("bytea[]", Value::Array(vec![Value::Bytes(vec![1, 92])]), json!(["015c"])),
            ("timestamptz[]", Value::Array(vec![Value::Date(1000.0)]), json!([1000])),
            ("float8[]", Value::Array(vec![number(f64::NAN), number(0.5)]), json!(["NaN", 0.5])),
            (
                "jsonb[]",
                Value::Array(vec![Value::Json("{\"a\": \"\\\"\"}".to_owned())]),
                json!([{"a": "\""}]),
            ),
        ] {
            let sql = format!("SELECT $1::{cast} AS x");
            assert_eq!(rows_with(&db, &sql, vec![value]).await, json!([{"x": expected}]), "{sql}");
        }
        let found = rows_with(
            &db,
            "SELECT x FROM generate_series(1, 5) x WHERE x = ANY($1::int[])",
            vec![Value::Array(vec![number(2.0), number(4.0)])],
        )
        .await;
        assert_eq!(found, json!([{"x": 2}, {"x": 4}]));
    });
}

#[test]
fn types_of_the_apps_own_come_as_text() {
    run(async {
        let app = TestApp::new(
            "CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE DOMAIN small AS int CHECK (VALUE < 10);
             CREATE TABLE t (m mood, s small); INSERT INTO t VALUES ('good', 5)",
        )
        .await;
        let answer = answer(&app.service(), "SELECT m, s, t FROM t", Vec::new()).await.unwrap();
        assert_eq!(answer["rows"], json!([{"m": "good", "s": 5, "t": "(good,5)"}]));
        assert_eq!(answer["fields"][1], json!({"name": "s", "type": "int4"}));
    });
}

#[test]
fn an_answer_says_what_it_is() {
    run(async {
        let app = TestApp::new("CREATE TABLE t (x int, at timestamptz DEFAULT 'epoch')").await;
        let db = app.service();
        let inserted = answer(&db, "INSERT INTO t VALUES (1), (2) RETURNING *", Vec::new()).await.unwrap();
        assert_eq!(inserted["rowCount"], 2);
        assert_eq!(inserted["rows"], json!([{"x": 1, "at": 0}, {"x": 2, "at": 0}]));
        assert_eq!(inserted["revive"], json!([["at", "date"]]));
        let deleted = answer(&db, "DELETE FROM t WHERE x = 1", Vec::new()).await.unwrap();
        assert_eq!(deleted, json!({"rows": [], "rowCount": 1, "fields": []}));
        let explained = answer(&db, "EXPLAIN SELECT 1", Vec::new()).await.unwrap();
        assert_eq!(explained["rowCount"], Json::Null);
        assert_eq!(
            rows(&db, "SELECT 1 AS a, 2 AS a, 3 AS \"q\"\"'\u{e9}\"").await,
            json!([{"a": 2, "q\"'\u{e9}": 3}])
        );
        assert_eq!(rows(&db, "SELECT").await, json!([{}]));
    });
}

#[test]
fn bigints_can_all_be_texts() {
    run(async {
        let app = TestApp::new("").await;
        let sql = "SELECT 1::int8 AS a, ARRAY[2::int8] AS b, 3::int4 AS c";
        let statement = Statement { bigint: BigintMode::Text, ..statement(sql, Vec::new()) };
        let result = app.service().query(statement).await.unwrap();
        let json: Json = serde_json::from_slice(&result.json).unwrap();
        assert_eq!(json["rows"], json!([{"a": "1", "b": ["2"], "c": 3}]));
        assert_eq!(json["revive"], json!([["a", "bigint"], ["b", "bigint[]"]]));
    });
}
