//! Algorithm confusion: a MAC made with a public key, which a weak verifier takes for the secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use support::cluster::run;
use support::token::{claims, encode, hs256_raw, part};

#[test]
fn hs256_signed_with_the_public_key() {
    run(async {
        let app = super::app().await;
        let published = app.client.get(&format!("/auth/{}/.well-known/jwks.json", app.id)).send().await;
        let jwk = published.json()["keys"][0].clone();
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        let kid = part(&app.token("alice").await, 0)["kid"].as_str().unwrap().to_owned();
        let payload = claims(&format!("butterbase:app:{}", app.id), "alice").to_string();
        for secret in
            [point, coordinate("x"), jwk.to_string().into_bytes(), published.body.to_vec(), Vec::new()]
        {
            for header in [format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#), r#"{"alg":"HS256"}"#.to_owned()] {
                super::refused(&app, &hs256_raw(&header, &payload, &secret), "algorithm_not_allowed").await;
            }
        }
        // And with another algorithm of the issuer's family.
        let other = hs256_raw(
            r#"{"alg":"HS384"}"#,
            &claims("https://issuer", "a").to_string(),
            super::SECRET.as_bytes(),
        );
        super::refused(&app, &other, "algorithm_not_allowed").await;
        let pretended = claims("https://issuer", "alice").to_string();
        for alg in ["ES256", "RS256", "PS256", "EdDSA"] {
            let header = encode(format!(r#"{{"alg":"{alg}"}}"#));
            let token = format!("{header}.{}.AAAA", encode(&pretended));
            super::refused(&app, &token, "algorithm_not_allowed").await;
        }
    });
}

#[test]
fn no_other_key_signs_for_the_app_itself() {
    run(async {
        let app = super::app().await;
        let own = claims(&format!("butterbase:app:{}", app.id), "alice");
        let header = r#"{"alg":"HS256"}"#;
        let by_secret = hs256_raw(header, &own.to_string(), super::SECRET.as_bytes());
        super::refused(&app, &by_secret, "algorithm_not_allowed").await;
        let good =
            hs256_raw(header, &claims("https://issuer", "carol").to_string(), super::SECRET.as_bytes());
        super::taken(&app, &good, "carol").await;
    });
}
