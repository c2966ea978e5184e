//! Duplicate JSON members, which two parsers would read differently.

use support::cluster::run;
use support::token::{claims, hs256_raw, now};

#[test]
fn one_member_twice() {
    run(async {
        let app = super::app().await;
        let exp = now() + 3_600;
        let header = r#"{"alg":"HS256"}"#;
        let sign = |header: &str, payload: &str| hs256_raw(header, payload, super::SECRET.as_bytes());
        for payload in [
            format!(r#"{{"iss":"https://issuer","sub":"alice","sub":"root","exp":{exp}}}"#),
            format!(r#"{{"iss":"https://issuer","sub":"alice","s\u0075b":"root","exp":{exp}}}"#),
            format!(r#"{{"iss":"https://issuer","iss":"x","sub":"alice","exp":{exp}}}"#),
            format!(r#"{{"iss":"https://issuer","sub":"alice","exp":1,"exp":{exp}}}"#),
            format!(r#"{{"iss":"https://issuer","sub":"alice","exp":{exp},"roles":{{"a":1,"a":2}}}}"#),
        ] {
            super::refused(&app, &sign(header, &payload), "duplicate_member").await;
        }
        let payload = claims("https://issuer", "alice").to_string();
        super::refused(&app, &sign(r#"{"alg":"HS256","alg":"none"}"#, &payload), "duplicate_member").await;
        super::refused(&app, &sign(r#"{"alg":"HS256","kid":"a","kid":"b"}"#, &payload), "duplicate_member")
            .await;
        for payload in ["[]", "\"alice\"", "", "{", "{}{}", "\u{feff}{}", "nul"] {
            super::refused(&app, &sign(header, payload), "json").await;
        }
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(100), "]".repeat(100));
        super::refused(&app, &sign(header, &deep), "json").await;
    });
}
