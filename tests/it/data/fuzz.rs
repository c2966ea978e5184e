//! Fuzzes row-level security: statements generated from every name that a hostile user knows, run as one user on a pool of one
//! connection. After each, this user sees exactly their rows, and the next user of the same connection exactly theirs.
//!
//! `MAYFLY_FUZZ_STATEMENTS` is their number for each kind of app, `MAYFLY_FUZZ_SEED` the seed.

mod catalogue;
mod generate;

use std::sync::Arc;
use std::time::Duration;

use mayfly_runtime::providers::{Database, TransactionOptions};
use mayfly_tenant_db::db::DbLimits;
use serde_json::{Value as Json, json};
use support::cluster::run;
use support::tenants::{TestApp, answer, rows, statement, tenants_with};

use self::catalogue::Catalogue;
use self::generate::{Dice, Generator};
use super::hostile::{CARELESS, SCHEMA};

/// Takes a few seconds.
const STATEMENTS: u64 = 400;

/// Bob's secret, in plain text and in encodings that a function may produce.
const SECRETS: [&str; 4] = ["b-secret", "622d736563726574", "Yi1zZWNyZXQ", "terces-b"];

const SESSION: &str =
    "SELECT current_user::text AS r, session_user::text AS l, current_setting('search_path') AS p,
    current_setting('row_security') AS s, current_setting('statement_timeout') AS t, current_user_id() AS u";

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}: {text}")))
}

struct Stage {
    app: TestApp,
    alice: Arc<dyn Database>,
    bob: Arc<dyn Database>,
    service: Arc<dyn Database>,
}

impl Stage {
    async fn new(schema: &str) -> Self {
        let bounds = DbLimits {
            connections_per_login: 1,
            statement_timeout: Duration::from_secs(1),
            lock_timeout: Duration::from_millis(100),
            rows_max: 1_000,
            result_bytes_max: 1 << 20,
            ..DbLimits::default()
        };
        let app = TestApp::on(&tenants_with(bounds).await, schema).await;
        let (alice, bob, service) = (app.user("alice"), app.user("bob"), app.service());
        Self { app, alice, bob, service }
    }

    /// A statement's output holds nothing of bob's.
    fn check(shown: &str, of: &str) {
        for secret in SECRETS {
            assert!(!shown.contains(secret), "{of}\nshows {shown}");
        }
    }

    /// Restores the rows, whatever the statements before did.
    async fn see(db: &Arc<dyn Database>, sql: &str, after: &str) -> Json {
        match answer(db, sql, Vec::new()).await {
            Ok(mut answer) => answer["rows"].take(),
            Err(error) => panic!("{error}: {sql}\nafter\n{after}"),
        }
    }

    async fn alone(&self, sql: &str) -> bool {
        let outcome = answer(&self.alice, sql, Vec::new()).await;
        // A backend that crashes ends every other connection of the server.
        let died = outcome.as_ref().is_err_and(|error| error.code == "DB_CONNECTION_LOST");
        assert!(!died, "the server died of\n{sql}");
        Self::check(&format!("{outcome:?}"), sql);
        self.inspect(sql).await;
        outcome.is_ok()
    }

    /// In a transaction that commits: a savepoint or a commit might carry state over.
    async fn together(&self, statements: &[String]) {
        let mut tx = Arc::clone(&self.alice).begin(TransactionOptions::default()).await.unwrap();
        for sql in statements {
            if tx.savepoint().await.is_err() {
                break;
            }
            match tx.query(statement(sql, Vec::new())).await {
                Ok(result) => {
                    Self::check(&String::from_utf8_lossy(&result.json), sql);
                    let _ = tx.release().await;
                }
                Err(error) => {
                    Self::check(&format!("{error:?}"), sql);
                    let _ = tx.rollback_to().await;
                }
            }
        }
        let _ = tx.commit().await;
        self.inspect(&statements.join("\n;; ")).await;
    }

    async fn inspect(&self, after: &str) {
        let posts = "SELECT id, owner, body FROM posts ORDER BY id";
        let bobs = json!([{"id": 2, "owner": "bob", "body": "b-secret"}]);
        let own = |rows: &Json| rows.as_array().unwrap().iter().all(|row| row["owner"] == "alice");
        let seen = Self::see(&self.alice, posts, after).await;
        assert!(own(&seen), "alice sees {seen} after\n{after}");
        self.inspect_session(&self.alice, "alice", after).await;
        assert_eq!(Self::see(&self.bob, posts, after).await, bobs, "after\n{after}");
        self.inspect_session(&self.bob, "bob", after).await;
        let all = Self::see(&self.service, posts, after).await;
        let (theirs, hers): (Vec<_>, Vec<_>) =
            all.as_array().unwrap().iter().cloned().partition(|row| row["owner"] != "alice");
        assert_eq!(Json::Array(theirs), bobs, "after\n{after}");
        assert_eq!(Json::Array(hers), seen, "after\n{after}");
        if seen != json!([{"id": 1, "owner": "alice", "body": "a-secret"}]) {
            rows(&self.service, "DELETE FROM posts WHERE owner = 'alice'").await;
            rows(&self.service, "INSERT INTO posts VALUES (1, 'alice', 'a-secret')").await;
        }
    }

    async fn inspect_session(&self, db: &Arc<dyn Database>, user: &str, after: &str) {
        let login = format!("{}_user", self.app.id);
        let expected =
            json!([{"r": "butterbase_user", "l": login, "p": "public", "s": "on", "t": "1s", "u": user}]);
        assert_eq!(Self::see(db, SESSION, after).await, expected, "{user} after\n{after}");
    }
}

#[allow(clippy::print_stdout, reason = "shown with --nocapture, to those who run many thousands")]
async fn nothing_gets_out_of(schema: &str) {
    let stage = Stage::new(schema).await;
    let catalogue = Catalogue::of(&stage.app.id).await;
    let seed = number("MAYFLY_FUZZ_SEED", 1);
    let mut generator = Generator { catalogue: &catalogue, dice: Dice(seed) };
    let (mut carried_out, mut recent) = (0, Vec::new());
    let count = number("MAYFLY_FUZZ_STATEMENTS", STATEMENTS);
    for place in 0..count {
        let sql = generator.statement();
        carried_out += u64::from(stage.alone(&sql).await);
        recent.push(sql);
        if place % 5 == 4 {
            stage.together(&std::mem::take(&mut recent)).await;
        }
    }
    // If PostgreSQL rejected all generated statements, the test would prove nothing.
    assert!(carried_out * 20 >= count, "only {carried_out} of {count} statements were carried out");
    println!("seed {seed}: {carried_out} of {count} statements were carried out, the others refused");
    assert_eq!(stage.app.tenants.check(&stage.app.id).await.unwrap(), Vec::<String>::new());
}

#[test]
fn nothing_gets_out() {
    run(nothing_gets_out_of(&format!("{SCHEMA}; {CARELESS}")));
}

#[test]
fn nothing_gets_out_where_sessions_are_not_reset() {
    run(nothing_gets_out_of(SCHEMA));
}
