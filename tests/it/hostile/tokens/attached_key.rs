//! A token that carries its own verification key.

use support::cluster::run;
use support::token::{Pair, claims, encode, hs256_raw};

#[test]
fn a_key_of_the_attackers_own() {
    run(async {
        let app = super::app().await;
        let pair = Pair::new("mine");
        let payload = claims("https://issuer", "alice").to_string();
        for member in [
            format!(r#""jwk":{}"#, pair.jwk()),
            r#""jku":"https://attacker.example/jwks.json""#.to_owned(),
            r#""x5u":"https://attacker.example/cert.pem""#.to_owned(),
            r#""x5c":["MIIB"]"#.to_owned(),
        ] {
            let header = format!(r#"{{"alg":"HS256",{member}}}"#);
            super::refused(&app, &hs256_raw(&header, &payload, super::SECRET.as_bytes()), "embedded_key")
                .await;
            let header = encode(format!(r#"{{"alg":"ES256",{member}}}"#));
            super::refused(&app, &format!("{header}.{}.AAAA", encode(&payload)), "embedded_key").await;
        }
    });
}
