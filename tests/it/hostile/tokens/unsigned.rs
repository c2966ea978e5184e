//! `alg: none`, in every spelling, with and without a signature.

use support::cluster::run;
use support::token::{claims, encode};

#[test]
fn an_unsigned_token() {
    run(async {
        let app = super::app().await;
        let issuer = format!("butterbase:app:{}", app.id);
        for alg in ["none", "NONE", "None", "nOnE", "none ", " none"] {
            let header = encode(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#));
            let payload = encode(claims(&issuer, "alice").to_string());
            for signature in ["", "AAAA"] {
                super::refused(&app, &format!("{header}.{payload}.{signature}"), "algorithm_none").await;
            }
        }
        let payload = encode(claims(&issuer, "alice").to_string());
        for (header, reason) in [
            (r#"{"alg":""}"#, "algorithm_not_allowed"),
            (r#"{"alg":null}"#, "algorithm_missing"),
            (r#"{"alg":["none"]}"#, "algorithm_missing"),
            (r#"{"typ":"JWT"}"#, "algorithm_missing"),
            (r#"{"alg":"HS1"}"#, "algorithm_not_allowed"),
        ] {
            super::refused(&app, &format!("{}.{payload}.", encode(header)), reason).await;
        }
        // A valid token whose signature was removed or changed.
        let token = app.token("alice").await;
        let (signed, signature) = token.rsplit_once('.').unwrap();
        super::refused(&app, &format!("{signed}."), "signature").await;
        let changed = if signature.starts_with('A') { "B" } else { "A" };
        super::refused(&app, &format!("{signed}.{changed}{}", &signature[1..]), "signature").await;
        super::refused(&app, signed, "not_compact").await;
        super::taken(&app, &token, "alice").await;
    });
}
