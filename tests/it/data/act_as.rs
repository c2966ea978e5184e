//! Impersonation by `ctx.db.asUser` and `ctx.db.asAnon`: for the service role, and for no other identity.

use std::sync::Arc;

use mayfly_runtime::providers::{Actor, Database, TransactionOptions};
use serde_json::json;
use support::cluster::run;
use support::tenants::{TestApp, code, rows, statement};

const TABLE: &str = "CREATE TABLE notes (owner text DEFAULT current_user_id(), body text);
    INSERT INTO notes VALUES ('alice', 'a'), ('bob', 'b');
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes TO butterbase_user USING (owner = (SELECT current_user_id()))
        WITH CHECK (owner = (SELECT current_user_id()))";

const WHO: &str = "SELECT current_user::text AS role, session_user::text LIKE '%\\_user' AS is_user, current_user_id() AS id";

fn user(id: &str) -> Actor {
    Actor::User(id.to_owned())
}

fn act_as(db: &Arc<dyn Database>, actor: Actor) -> Arc<dyn Database> {
    Arc::clone(db).act_as(actor).unwrap()
}

#[test]
fn the_service_may_be_anybody() {
    run(async {
        let app = TestApp::new(TABLE).await;
        let service = app.service();
        let alice = act_as(&service, user("alice"));
        assert_eq!(
            rows(&alice, WHO).await,
            json!([{"role": "butterbase_user", "is_user": true, "id": "alice"}])
        );
        assert_eq!(rows(&alice, "SELECT body FROM notes").await, json!([{"body": "a"}]));
        assert_eq!(code(&alice, "INSERT INTO notes VALUES ('bob', 'x')").await, "42501");
        let mut tx = Arc::clone(&alice).begin(TransactionOptions::default()).await.unwrap();
        tx.query(statement("INSERT INTO notes (body) VALUES ('more')", Vec::new())).await.unwrap();
        tx.commit().await.unwrap();
        let anon = act_as(&service, Actor::Anon);
        assert_eq!(
            rows(&anon, WHO).await,
            json!([{"role": "butterbase_anon", "is_user": false, "id": null}])
        );
        assert_eq!(rows(&anon, "SELECT body FROM notes").await, json!([]));
        // The service's own handle kept its identity.
        assert_eq!(
            rows(&service, "SELECT owner FROM notes ORDER BY body").await,
            json!([{"owner": "alice"}, {"owner": "bob"}, {"owner": "alice"}])
        );
    });
}

#[test]
fn no_other_role_may_impersonate() {
    run(async {
        let app = TestApp::new(TABLE).await;
        let service = app.service();
        for db in [
            app.user("alice"),
            app.anon(),
            // Nor an impersonated identity.
            act_as(&service, user("alice")),
            act_as(&service, Actor::Anon),
        ] {
            for actor in [user("bob"), user("alice"), Actor::Anon] {
                let refused = Arc::clone(&db).act_as(actor).err().unwrap();
                assert_eq!(refused.code, "AUTH_IMPERSONATION_FORBIDDEN");
            }
        }
    });
}

#[test]
fn an_id_has_bounds() {
    run(async {
        let app = TestApp::new(TABLE).await;
        for bad in [String::new(), "x".repeat(256)] {
            assert_eq!(app.service().act_as(user(&bad)).err().unwrap().code, "28000");
        }
        let odd = "\u{1f600}'\"; --\u{0}".replace('\0', "") + &"x".repeat(200);
        let db = act_as(&app.service(), user(&odd));
        assert_eq!(rows(&db, "SELECT current_user_id() AS id").await, json!([{ "id": odd }]));
    });
}
