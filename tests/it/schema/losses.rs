//! Losses: with losses forbidden, a destructive step runs if it loses no data, and is refused by name otherwise.

use mayfly_schema::{Hazard, Loss, Options, SchemaError};
use support::cluster::run;

use super::place::Place;

const BEFORE: &str = r#"{"tables":{"t":{"columns":{"id":{"type":"int","primaryKey":true}},"indexes":{}}}}"#;

async fn lossless() -> Place {
    let mut place = Place::new().await;
    place.options = Options { lossless: true, ..place.options.clone() };
    place
}

fn losses(outcome: Result<mayfly_schema::ApplyOutcome, SchemaError>) -> Vec<Loss> {
    match outcome {
        Err(SchemaError::Loses(losses)) => losses,
        other => panic!("{other:?}"),
    }
}

/// Table `t` with an additional column of this type, optionally with a default.
fn with(ty: &str, default: &str) -> String {
    let default = if default.is_empty() { String::new() } else { format!(r#","default":"{default}""#) };
    BEFORE.replace(r#"}},"indexes""#, &format!(r#"}},"x":{{"type":"{ty}"{default}}}}},"indexes""#))
}

#[test]
fn empty_tables_go_and_full_ones_stay() {
    run(async {
        let mut place = lossless().await;
        let more = BEFORE.replace(
            r#"{"tables":{"#,
            r#"{"tables":{"full":{"columns":{"a":{"type":"int"}},"rls":true},"void":{"columns":{"a":{"type":"int"}},"rls":true},"#,
        );
        place.apply(&more).await;
        place.run("INSERT INTO \"full\" VALUES (1), (2)").await;
        let found = losses(place.try_apply(BEFORE).await);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].table.as_str(), &found[0].column, found[0].rows), ("full", &None, Some(2)));
        assert_eq!(found[0].message, r#"table "full" with 2 rows"#);
        assert_eq!(place.read().await.tables.len(), 3, "nothing was changed");
        let shown = place.dry_run(BEFORE).await;
        assert_eq!((shown.losses, shown.plan.consents().len()), (found, 0));
        let marked: Vec<bool> = shown.plan.steps.iter().map(|step| step.destructive).collect();
        assert_eq!(marked, [true, false], "{:#?}", shown.plan);
        place.run("DELETE FROM \"full\"").await;
        let outcome = place.apply(BEFORE).await;
        assert!(outcome.plan.steps.iter().all(|step| !step.destructive), "{:#?}", outcome.plan);
        assert!(!outcome.plan.steps.iter().any(|step| step.hazards.contains(&Hazard::DeletesData)));
        assert_eq!(place.read().await.tables.len(), 1);
        place.drop().await;
    });
}

#[test]
fn columns_go_that_hold_nothing_of_their_own() {
    run(async {
        let mut place = lossless().await;
        for (ty, default, same, other) in [
            ("text", "", "NULL", "'x'"),
            ("int", "7", "7", "8"),
            ("json", "'{}'", "'{}'", "'[]'"),
            ("point", "'(1,2)'", "'(1,2)'", "'(1,3)'"),
            ("text[]", "'{a}'", "'{a}'", "'{}'"),
            ("numeric(6,2)", "1.5", "1.50", "1.51"),
            ("timestamptz", "now()", "NULL", "'2020-01-01'"),
            ("uuid", "gen_random_uuid()", "NULL", "gen_random_uuid()"),
            ("bigserial", "", "", "5"),
        ] {
            place.apply(&with(ty, default)).await;
            if !same.is_empty() {
                place.run(&format!("INSERT INTO t VALUES (1, {same}), (2, {same})")).await;
            }
            place.run(&format!("INSERT INTO t VALUES (3, {other})")).await;
            let found = losses(place.try_apply(BEFORE).await);
            assert_eq!(
                (found.len(), found[0].column.as_deref(), found[0].rows),
                (1, Some("x"), Some(1)),
                "{ty}: {found:?}"
            );
            assert_eq!(found[0].message, r#"the values of column "x" of "t" in 1 row"#);
            place.run("DELETE FROM t WHERE id = 3").await;
            place.apply(BEFORE).await;
            let left = place.texts("SELECT count(*) FROM t").await;
            assert_eq!(left, [if same.is_empty() { "0" } else { "2" }], "{ty}: rows stay");
            place.run("DELETE FROM t").await;
        }
        place.drop().await;
    });
}

#[test]
fn a_narrower_type_is_taken_where_every_value_comes_back_from_it() {
    run(async {
        let mut place = lossless().await;
        for (wide, narrow, fits, not) in [
            ("bigint", "int", "5", "5000000000"),
            ("text", "varchar(3)", "'abc'", "'abcd'"),
            ("numeric(8,3)", "int", "NULL", "1.5"),
            ("timestamptz", "date", "'2020-01-01 00:00Z'", "'2020-01-01 10:00Z'"),
        ] {
            place.apply(&with(wide, "")).await;
            place.run(&format!("INSERT INTO t VALUES (1, {fits}), (2, {not}), (3, NULL)")).await;
            let found = losses(place.try_apply(&with(narrow, "")).await);
            assert_eq!((found.len(), found[0].column.as_deref()), (1, Some("x")), "{wide}: {found:?}");
            assert!(found[0].message.contains(r#"column "x" of "t""#), "{found:?}");
            place.run("DELETE FROM t WHERE id = 2").await;
            place.apply(&with(narrow, "")).await;
            assert_eq!(place.texts("SELECT count(*) FROM t").await, ["2"]);
            place.run("DELETE FROM t").await;
            place.apply(BEFORE).await;
        }
        place.drop().await;
    });
}

#[test]
fn indexes_and_values_of_enums_are_no_rows() {
    run(async {
        let mut place = lossless().await;
        let base =
            r#"{"enums":{"mood":["ok"]},"tables":{"t":{"columns":{"m":{"type":"mood"}},"indexes":{}}}}"#;
        let more = base.replace(r#"["ok"]"#, r#"["ok","bad"]"#);
        let more = more.replace(r#""indexes":{}"#, r#""indexes":{"i":{"columns":["m"]}}"#);
        place.apply(&more).await;
        place.run("INSERT INTO t VALUES ('ok'), ('bad')").await;
        let Err(SchemaError::Step { failure, .. }) = place.try_apply(base).await else { panic!() };
        assert_eq!(failure.sqlstate, "22P02", "{failure}");
        place.run("DELETE FROM t WHERE m = 'bad'").await;
        place.apply(base).await;
        assert_eq!(place.read().await.enums["mood"], ["ok"]);
        place.drop().await;
    });
}

#[test]
fn a_row_that_is_written_concurrently_is_not_lost() {
    run(async {
        let mut place = lossless().await;
        place.apply(&with("text", "")).await;
        place.run("INSERT INTO t VALUES (1)").await;
        let writer = place.again().await;
        writer.run("BEGIN; UPDATE t SET x = 'just now'").await;
        let watch = place.again().await;
        let schema = place.options.schema.clone();
        let write = async {
            let waits = format!(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{schema}.t'::regclass"
            );
            while watch.texts(&waits).await != ["1"] {
                tokio::task::yield_now().await;
            }
            writer.run("COMMIT").await;
        };
        let (outcome, ()) = tokio::join!(place.try_apply(BEFORE), write);
        assert_eq!(losses(outcome)[0].rows, Some(1));
        assert_eq!(place.texts("SELECT x FROM t").await, ["just now"]);
        place.drop().await;
    });
}
