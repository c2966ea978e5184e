//! Tokens above the size limit.

use serde_json::json;
use support::cluster::run;
use support::token::{claims, hs256};

#[test]
fn a_token_of_ten_kilobytes() {
    run(async {
        let app = super::app().await;
        let with = |padding: usize| {
            let mut claims = claims("https://issuer", "alice");
            claims["padding"] = json!("x".repeat(padding));
            hs256(&claims, super::SECRET.as_bytes())
        };
        let long = with(7_500);
        assert!(long.len() > 10_000);
        super::refused(&app, &long, "too_long").await;
        // A valid token of the maximum size is accepted.
        let most = (1..7_500).rev().map(with).find(|token| token.len() <= 8_192).unwrap();
        assert!(most.len() > 8_180);
        super::taken(&app, &most, "alice").await;
        super::refused(&app, &"a".repeat(9_000), "too_long").await;
    });
}
