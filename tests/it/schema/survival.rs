//! Rows survive every change that is not destructive.

use support::cluster::run;

use super::place::{Place, consents};

const BEFORE: &str = r#"{"tables":{
    "users":{"columns":{"id":{"type":"serial","primaryKey":true},"email":{"type":"varchar(40)","unique":true},"age":{"type":"int"}}},
    "posts":{"columns":{"id":{"type":"int","primaryKey":true},"author":{"type":"int","references":"users.id"},"state":{"type":"state"},
        "words":{"type":"int","generated":"length(title)"},"title":{"type":"text"}}}},
    "enums":{"state":["draft","public"]}}"#;

const ROWS: &str = "INSERT INTO users (email, age) SELECT 'u' || n || '@x', n FROM generate_series(1, 20) n;
    INSERT INTO posts (id, author, state, title)
    SELECT n, n, CASE WHEN n % 2 = 0 THEN 'draft' ELSE 'public' END::state, 'title ' || n
    FROM generate_series(1, 20) n";

const SUM: &str = "SELECT string_agg(u.id || ',' || u.email || ',' || u.age || ',' || p.title || ',' || p.state || ',' || p.words, ';' ORDER BY u.id)
    FROM users u JOIN posts p ON p.author = u.id";

async fn filled() -> Place {
    let mut place = Place::new().await;
    place.apply(BEFORE).await;
    place.run(ROWS).await;
    place
}

#[test]
fn rows_survive_everything_that_destroys_nothing() {
    run(async {
        for (name, after) in [
            ("a column more", BEFORE.replace(r#""age":{"type":"int"}"#, r#""age":{"type":"int"},"new":{"type":"uuid","default":"gen_random_uuid()","nullable":false}"#)),
            ("widened", BEFORE.replace("varchar(40)", "text").replace(r#""age":{"type":"int"}"#, r#""age":{"type":"bigint"}"#)),
            ("key widened", BEFORE.replace("serial", "bigserial").replace(r#""author":{"type":"int""#, r#""author":{"type":"bigint""#)),
            ("not null, checked, indexed", BEFORE.replace(r#""age":{"type":"int"}"#, r#""age":{"type":"int","nullable":false,"check":"age > 0"}"#)),
            ("enum grown", BEFORE.replace(r#"["draft","public"]"#, r#"["new","draft","held","public"]"#)),
            ("enum turned round", BEFORE.replace(r#"["draft","public"]"#, r#"["public","draft"]"#)),
            ("policies", BEFORE.replace(r#""posts":{"#, r#""posts":{"rls":{"policies":{"p":{"using":"id > 0"}}},"#)),
            ("identity", BEFORE.replace(r#"{"type":"serial","#, r#"{"type":"int","identity":true,"#)),
            ("computed otherwise", BEFORE.replace("length(title)", "length(title) + 0")),
        ] {
            let mut place = filled().await;
            let before = place.texts(SUM).await;
            let outcome = place.apply(&after).await;
            assert!(!outcome.plan.is_empty() && outcome.plan.steps.iter().all(|step| !step.destructive), "{name}");
            assert_eq!(place.texts(SUM).await, before, "{name}");
            // And sequences continue.
            if name != "not null, checked, indexed" {
                place.run("INSERT INTO users (email) VALUES ('later')").await;
                assert_eq!(place.texts("SELECT id FROM users WHERE email = 'later'").await, ["21"], "{name}");
            }
            place.drop().await;
        }
    });
}

#[test]
fn renames_keep_rows() {
    run(async {
        let mut place = filled().await;
        let after = BEFORE
            .replace(r#""users":{"#, r#""people":{"renamedFrom":"users","#)
            .replace("users.id", "people.id")
            .replace(r#""title":{"type":"text"}"#, r#""heading":{"type":"text","renamedFrom":"title"}"#)
            .replace("length(title)", "length(heading)");
        place.apply(&after).await;
        assert_eq!(place.texts("SELECT count(*) FROM people").await, ["20"]);
        assert_eq!(place.texts("SELECT heading FROM posts WHERE id = 7").await, ["title 7"]);
        assert_eq!(place.texts("SELECT words FROM posts WHERE id = 7").await, ["7"]);
        assert!(place.apply(&after).await.plan.is_empty(), "the old names may stay in the declaration");
        place.drop().await;
    });
}

#[test]
fn a_conversion_is_as_it_was_said() {
    run(async {
        let mut place = Place::new().await;
        place.apply(r#"{"columns":{"v":{"type":"text"}}}"#).await;
        place.run("INSERT INTO t VALUES ('a'), ('bbb')").await;
        let plain = r#"{"columns":{"v":{"type":"int"}}}"#;
        assert_eq!(
            consents(place.try_apply(plain).await),
            [("tables.t._dropColumns".to_owned(), "v".to_owned())]
        );
        place.apply(r#"{"columns":{"v":{"type":"int","using":"length(v)"}}}"#).await;
        assert_eq!(place.texts("SELECT v FROM t ORDER BY v").await, ["1", "3"]);
        place.drop().await;
    });
}

#[test]
fn texts_that_are_too_long_are_an_error_and_not_cut_off() {
    run(async {
        let mut place = Place::new().await;
        place.apply(r#"{"columns":{"v":{"type":"int"}}}"#).await;
        place.run("INSERT INTO t VALUES (12345)").await;
        let narrow = r#"{"columns":{"v":{"type":"varchar(3)"}},"_dropColumns":["v"]}"#;
        let error = place.try_apply(narrow).await.unwrap_err().to_string();
        assert!(error.contains("value too long"), "{error}");
        assert_eq!(place.texts("SELECT v FROM t").await, ["12345"]);
        place.drop().await;
    });
}

#[test]
fn seeds_are_there_once_and_as_declared() {
    run(async {
        let mut place = Place::new().await;
        let with = |rows: &str| {
            format!(
                r#"{{"columns":{{"id":{{"type":"int","primaryKey":true}},"name":{{"type":"text","default":"'none'"}},"tags":{{"type":"text[]"}}}},
                "rls":{{"enabled":true}},"_seed":{rows}}}"#
            )
        };
        let first = with(r#"[{"id":1,"name":"one","tags":["a","b"]},{"id":2}]"#);
        place.apply(&first).await;
        assert_eq!(
            place.texts("SELECT id || name || coalesce(tags[2], '-') FROM t ORDER BY id").await,
            ["1oneb", "2none-"]
        );
        assert!(place.apply(&first).await.plan.is_empty());
        place.run("UPDATE t SET name = 'changed'; INSERT INTO t VALUES (3, 'mine')").await;
        let outcome = place.apply(&first).await;
        assert_eq!(outcome.plan.steps.len(), 1, "{:#?}", outcome.plan);
        assert_eq!(place.texts("SELECT name FROM t ORDER BY id").await, ["one", "changed", "mine"]);
        place.drop().await;
    });
}
