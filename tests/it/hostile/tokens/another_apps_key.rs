//! The `kid` of another app's key, or an unpublished key.

use support::cluster::run;
use support::token::{Pair, claims, part};

#[test]
fn a_key_id_that_belongs_elsewhere() {
    run(async {
        let (app, other) = (super::app().await, super::app().await);
        let mine = format!("butterbase:app:{}", app.id);
        let foreign = part(&other.token("alice").await, 0)["kid"].as_str().unwrap().to_owned();
        for kid in [foreign.as_str(), "unheard-of", "", "../../etc/passwd", "' OR 1=1 --"] {
            super::refused(&app, &Pair::new(kid).sign(&claims(&mine, "alice")), "key_unknown").await;
        }
        // The right id with the wrong key.
        let kid = part(&app.token("alice").await, 0)["kid"].as_str().unwrap().to_owned();
        super::refused(&app, &Pair::new(&kid).sign(&claims(&mine, "alice")), "signature").await;
    });
}
