//! Concurrent schema changes, and online steps.

use std::time::Duration;

use mayfly_schema::{Declared, Options, SchemaError};
use support::cluster::run;

use super::place::Place;

#[test]
fn of_two_applies_one_waits_and_both_end_right() {
    run(async {
        let mut one = Place::new().await;
        let mut two = one.again().await;
        let schema = r#"{"columns":{"id":{"type":"serial","primaryKey":true},"v":{"type":"text","unique":true}},"indexes":{"i":{"columns":["v"],"concurrently":true}}}"#;
        one.apply(r#"{"columns":{"id":{"type":"serial","primaryKey":true}}}"#).await;
        let (first, second) = tokio::join!(one.try_apply(schema), two.try_apply(schema));
        let mut counts = [first.unwrap().plan.steps.len(), second.unwrap().plan.steps.len()];
        counts.sort_unstable();
        assert_eq!(counts, [0, 3], "one did it all, the other found it done");
        assert_eq!(one.read().await.tables["t"].indexes.len(), 1);
        one.drop().await;
    });
}

#[test]
fn a_long_reader_makes_a_clear_error_that_may_be_tried_again() {
    run(async {
        let mut place = Place::new().await;
        place.apply(r#"{"columns":{"v":{"type":"int"}}}"#).await;
        let reader = place.again().await;
        reader.run("BEGIN; SELECT * FROM t").await;
        place.options.lock_timeout = Duration::from_secs(1);
        let wider = r#"{"columns":{"v":{"type":"bigint"}}}"#;
        let error = place.try_apply(wider).await.unwrap_err();
        assert!(
            matches!(&error, SchemaError::Locked { table: Some(table), waited_ms: 1_000 } if table == "t"),
            "{error:?}"
        );
        assert!(error.to_string().contains("try again"), "{error}");
        reader.run("COMMIT").await;
        assert_eq!(place.apply(wider).await.plan.steps.len(), 1);
        place.drop().await;
    });
}

#[test]
fn a_concurrent_index_that_broke_off_is_built_again() {
    run(async {
        let mut place = Place::new().await;
        place.apply(r#"{"columns":{"v":{"type":"int"}}}"#).await;
        place.run("INSERT INTO t VALUES (1), (1)").await;
        let unique = r#"{"columns":{"v":{"type":"int"},"w":{"type":"int"}},"indexes":{"u":{"columns":["v"],"unique":true,"concurrently":true}}}"#;
        let Err(SchemaError::Step { kept, failure, .. }) = place.try_apply(unique).await else { panic!() };
        assert_eq!((kept, failure.sqlstate.as_str()), (1, "23505"), "what came before it stays");
        assert!(!place.read().await.tables["t"].indexes["u"].valid);
        place.run("DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t)").await;
        let outcome = place.apply(unique).await;
        assert_eq!(outcome.plan.steps.len(), 2, "the old one goes, the new one comes: {:#?}", outcome.plan);
        assert!(place.read().await.tables["t"].indexes["u"].valid);
        assert!(place.apply(unique).await.plan.is_empty());
        place.drop().await;
    });
}

#[test]
fn online_work_on_a_large_table_is_resumed() {
    run(async {
        let mut place = Place::new().await;
        let base = r#"{"tables":{"p":{"columns":{"id":{"type":"int","primaryKey":true}}},"t":{"columns":{"v":{"type":"int"}}}}}"#;
        place.apply(base).await;
        place.run("INSERT INTO p VALUES (1); INSERT INTO t VALUES (1), (NULL)").await;
        // Sets PostgreSQL's estimate of the table's size.
        place.run("UPDATE pg_class SET reltuples = 500000 WHERE oid = 't'::regclass").await;
        place.options = Options { online: true, ..place.options.clone() };
        let strict = r#"{"tables":{"p":{"columns":{"id":{"type":"int","primaryKey":true}}},
            "t":{"columns":{"v":{"type":"int","nullable":false,"check":"v > 0","references":"p.id"}}}}}"#;
        let Err(SchemaError::Step { failure, kept, .. }) = place.try_apply(strict).await else { panic!() };
        assert_eq!(failure.sqlstate, "23514", "{failure}");
        assert!(kept >= 3);
        place.run("UPDATE t SET v = 1 WHERE v IS NULL").await;
        place.apply(strict).await;
        let after = place.read().await;
        let table = &after.tables["t"];
        assert!(
            !table.columns[0].nullable && table.constraints.values().all(|it| it.validated),
            "{table:#?}"
        );
        assert_eq!(table.constraints.len(), 2, "{table:#?}");
        assert!(place.apply(strict).await.plan.is_empty());
        place.drop().await;
    });
}

#[test]
fn the_session_is_afterwards_what_it_was() {
    run(async {
        let mut place = Place::new().await;
        place.run("SET search_path = pg_catalog; SET lock_timeout = '7s'").await;
        let declared = Declared::read(
            r#"{"tables":{"t":{"columns":{"v":{"type":"int"}},"indexes":{"i":{"columns":["v"],"concurrently":true}}}}}"#,
            &mayfly_schema::Rules::default(),
        )
        .unwrap();
        mayfly_schema::apply(
            &mut place.client,
            &declared,
            &place.options,
            &mayfly_schema::ChangeHistory::own(),
        )
        .await
        .unwrap();
        assert_eq!(place.texts("SELECT current_setting('search_path')").await, ["pg_catalog"]);
        assert_eq!(place.texts("SELECT current_setting('lock_timeout')").await, ["7s"]);
        assert_eq!(
            place
                .texts("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
                .await,
            ["0"]
        );
        place.drop().await;
    });
}
