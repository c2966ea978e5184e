//! Non-canonical base64url: other spellings of the same bytes.

use support::cluster::run;
use support::token::{claims, hs256};

#[test]
fn other_spellings_of_a_good_token() {
    run(async {
        let app = super::app().await;
        let good = hs256(&claims("https://issuer", "alice"), super::SECRET.as_bytes());
        super::taken(&app, &good, "alice").await;
        let parts: Vec<&str> = good.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!("three parts") };
        for (token, reason) in [
            (format!("{header}=.{payload}.{signature}"), "base64"),
            (format!("{header}.{payload}==.{signature}"), "base64"),
            (format!("{header}.{payload}.{signature}="), "base64"),
            (format!("{header}.{payload}.{signature}+"), "base64"),
            (format!("{header}.{payload}.{signature}!"), "base64"),
            (format!("{header}.{payload}.{signature}."), "not_compact"),
            (format!(".{payload}.{signature}"), "json"),
            (format!("{header}..{signature}"), "json"),
            ("..".to_owned(), "json"),
            (".".to_owned(), "not_compact"),
        ] {
            super::refused(&app, &token, reason).await;
        }
        // The last letter of the signature has unused bits: 43 letters are 258 bits, of which 256 count.
        let (rest, last) = signature.split_at(42);
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let place = alphabet.find(last).unwrap();
        let twin = &alphabet[place + 1..place + 2];
        super::refused(&app, &format!("{header}.{payload}.{rest}{twin}"), "base64").await;
    });
}
