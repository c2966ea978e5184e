//! `crit` and `b64`: extensions that a verifier must refuse when it does not support them; and tokens of other types.

use support::cluster::run;
use support::token::{claims, hs256_raw};

#[test]
fn unsupported_extensions() {
    run(async {
        let app = super::app().await;
        let payload = claims("https://issuer", "alice").to_string();
        let sign = |header: &str| hs256_raw(header, &payload, super::SECRET.as_bytes());
        for header in [
            r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
            r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"HS256","crit":[]}"#,
            r#"{"alg":"HS256","crit":null}"#,
            r#"{"alg":"HS256","b64":true}"#,
        ] {
            super::refused(&app, &sign(header), "critical_header").await;
        }
        for typ in ["logout+jwt", "secevent+jwt", "dpop+jwt", "JWE"] {
            super::refused(&app, &sign(&format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#)), "token_type").await;
        }
        for typ in ["JWT", "jwt", "at+jwt", "application/at+JWT"] {
            super::taken(&app, &sign(&format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#)), "alice").await;
        }
    });
}
