//! Safety: no loss without consent, and no partial change.

use mayfly_schema::{Hazard, SchemaError};
use support::cluster::run;

use super::place::{Place, consents};

const TWO: &str = r#"{"tables":{"a":{"columns":{"x":{"type":"int"},"y":{"type":"bigint"}},"indexes":{"i":{"columns":["x"]}}},"b":{"columns":{"z":{"type":"int"}}}}}"#;

fn pair(path: &str, add: &str) -> (String, String) {
    (path.to_owned(), add.to_owned())
}

#[test]
fn what_would_be_lost_is_named_with_what_to_add() {
    run(async {
        let mut place = Place::new().await;
        place.apply(TWO).await;
        for (after, path, add) in [
            (TWO.replace(r#","b":{"columns":{"z":{"type":"int"}}}"#, ""), "_drop", "b"),
            (TWO.replace(r#","y":{"type":"bigint"}"#, ""), "tables.a._dropColumns", "y"),
            (TWO.replace("bigint", "int"), "tables.a._dropColumns", "y"),
            (TWO.replace(r#""i":{"columns":["x"]}"#, ""), "tables.a._dropIndexes", "i"),
        ] {
            assert_eq!(consents(place.try_apply(&after).await), [pair(path, add)], "{after}");
            // A dry run still shows it, marked as destructive.
            let shown = place.dry_run(&after).await;
            assert_eq!(shown.plan.consents().len(), 1);
            assert!(shown.migration.is_none());
            assert_eq!(place.read().await.tables.len(), 2, "nothing was changed");
        }
        // Objects that are not mentioned stay.
        let silent = TWO.replace(r#","indexes":{"i":{"columns":["x"]}}"#, "");
        assert!(place.apply(&silent).await.plan.is_empty());
        // With every consent, in both spellings.
        let agreed = r#"{"tables":{"a":{"columns":{"x":{"type":"int"}},"indexes":{},"_dropColumns":["y"],"_dropIndexes":["i"]},"b":{"_drop":true}}}"#;
        let outcome = place.apply(agreed).await;
        assert!(
            outcome.plan.steps.iter().filter(|step| step.destructive).count() == 2,
            "{:#?}",
            outcome.plan
        );
        assert!(place.apply(agreed).await.plan.is_empty(), "and once more changes nothing");
        place.drop().await;
    });
}

#[test]
fn rows_in_the_way_of_not_null_are_counted() {
    run(async {
        let mut place = Place::new().await;
        place.apply(r#"{"columns":{"id":{"type":"int"},"v":{"type":"int"}},"rls":true}"#).await;
        place.run("INSERT INTO t VALUES (1, NULL), (2, 5), (3, NULL)").await;
        let required = r#"{"columns":{"id":{"type":"int"},"v":{"type":"int","nullable":false}}}"#;
        let added =
            r#"{"columns":{"id":{"type":"int"},"v":{"type":"int"},"w":{"type":"text","nullable":false}}}"#;
        for (after, rows, column) in [(required, 2, "v"), (added, 3, "w")] {
            for outcome in [place.try_apply(after).await, place.try_dry_run(after).await] {
                let Err(SchemaError::Step { failure, .. }) = outcome else { panic!("{outcome:?}") };
                assert_eq!(
                    (failure.rows, failure.column.as_deref()),
                    (Some(rows), Some(column)),
                    "{failure}"
                );
                assert!(failure.message.contains(&format!("{rows} rows")), "{failure}");
            }
        }
        place.drop().await;
    });
}

#[test]
fn a_step_that_fails_in_the_middle_leaves_nothing() {
    run(async {
        let mut place = Place::new().await;
        place.apply(r#"{"columns":{"v":{"type":"int"}}}"#).await;
        place.run("INSERT INTO t VALUES (1), (1)").await;
        let before = place.read().await;
        let after = r#"{"tables":{"new":{"columns":{"id":{"type":"int"}}},"t":{"columns":{"w":{"type":"text"},"v":{"type":"int","unique":true}}}}}"#;
        let Err(SchemaError::Step { step, failure, kept }) = place.try_apply(after).await else { panic!() };
        assert_eq!((failure.sqlstate.as_str(), kept), ("23505", 0));
        assert!(
            step.sql.contains("UNIQUE") && step.hazards.contains(&Hazard::FailsIfRowsViolate),
            "{step:?}"
        );
        assert_eq!(place.read().await, before);
        place.drop().await;
    });
}

#[test]
fn what_is_not_described_is_reported_and_left_alone() {
    run(async {
        let mut place = Place::new().await;
        place.apply(r#"{"columns":{"v":{"type":"int"}}}"#).await;
        place
            .run(
                "CREATE VIEW seen AS SELECT v FROM t; CREATE DOMAIN small AS int CHECK (VALUE < 10);
                 CREATE SEQUENCE counter; CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one;
                 CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
                 CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
                 CREATE TRIGGER touched BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
                 CREATE TABLE parted (d date) PARTITION BY RANGE (d)",
            )
            .await;
        let after = r#"{"columns":{"v":{"type":"int"},"s":{"type":"small","default":"twice(2)"}}}"#;
        let outcome = place.apply(after).await;
        let found: Vec<String> =
            outcome.catalog.unmanaged.iter().map(|it| format!("{} {}", it.kind, it.name)).collect();
        for wanted in [
            "view seen",
            "domain small",
            "sequence counter",
            "materialized view kept",
            "function twice(integer)",
            "trigger touched",
            "partitioned table parted",
        ] {
            assert!(found.iter().any(|it| it == wanted), "{wanted}: {found:?}");
        }
        assert_eq!(place.texts("SELECT count(*) FROM seen").await, ["0"]);
        // When the view blocks a change, the error names it.
        let error = place
            .try_apply(r#"{"columns":{"v":{"type":"bigint"},"s":{"type":"small","default":"twice(2)"}}}"#)
            .await;
        let Err(SchemaError::Step { failure, .. }) = error else { panic!("{error:?}") };
        assert!(failure.detail.as_deref().is_some_and(|detail| detail.contains("seen")), "{failure:?}");
        place.drop().await;
    });
}

#[test]
fn hazards_say_what_a_step_does_to_a_table() {
    run(async {
        let mut place = Place::new().await;
        place
            .apply(r#"{"columns":{"a":{"type":"varchar(10)"},"b":{"type":"int"},"c":{"type":"timestamp"}}}"#)
            .await;
        for (after, wanted, unwanted) in [
            (
                r#"{"columns":{"a":{"type":"text"},"b":{"type":"int"},"c":{"type":"timestamp"}}}"#,
                Hazard::AccessExclusiveLock,
                Hazard::RewritesTable,
            ),
            (
                r#"{"columns":{"a":{"type":"varchar(10)"},"b":{"type":"bigint"},"c":{"type":"timestamp"}}}"#,
                Hazard::RewritesTable,
                Hazard::DeletesData,
            ),
            (
                r#"{"columns":{"a":{"type":"varchar(5)"},"b":{"type":"int"},"c":{"type":"timestamp"}}}"#,
                Hazard::FailsIfRowsViolate,
                Hazard::DeletesData,
            ),
            (
                r#"{"columns":{"a":{"type":"varchar(10)"},"b":{"type":"int"},"c":{"type":"timestamptz"}}}"#,
                Hazard::DependsOnTimeZone,
                Hazard::DeletesData,
            ),
            (
                r#"{"columns":{"a":{"type":"varchar(10)"},"b":{"type":"int"}}}"#,
                Hazard::DeletesData,
                Hazard::RewritesTable,
            ),
            (
                r#"{"columns":{"a":{"type":"varchar(10)"},"b":{"type":"int","nullable":false},"c":{"type":"timestamp"}}}"#,
                Hazard::ScansTable,
                Hazard::DeletesData,
            ),
        ] {
            let plan = place.dry_run(after).await.plan;
            assert_eq!(plan.steps.len(), 1, "{plan:#?}");
            let hazards = &plan.steps[0].hazards;
            assert!(hazards.contains(&wanted) && !hazards.contains(&unwanted), "{after}: {hazards:?}");
        }
        place.drop().await;
    });
}
