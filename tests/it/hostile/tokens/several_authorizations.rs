//! More than one `Authorization` header, or a malformed one.

use support::cluster::run;

#[test]
fn two_authorization_headers() {
    run(async {
        let app = super::app().await;
        let token = app.token("alice").await;
        for auth in ["required", "optional"] {
            let ask = || app.call("GET", auth);
            let reason = async |ask: support::client::Ask| {
                let refused = ask.fails(401, "AUTH_INVALID_TOKEN").await;
                assert!(!refused.header("www-authenticate").is_empty());
                refused.json()["error"]["details"]["reason"].as_str().unwrap().to_owned()
            };
            assert_eq!(reason(ask().key(&token).key(&token)).await, "authorization_repeated");
            assert_eq!(reason(ask().key(&token).key(&app.service_key)).await, "authorization_repeated");
            for value in [
                "Basic YTpi",
                token.as_str(),
                "Bearer",
                "Bearer ",
                &format!("Bearer {token} {token}"),
                &format!("Bearer {token}, Bearer {token}"),
                &format!("Token {token}"),
            ] {
                let got = reason(ask().header("authorization", value)).await;
                assert_eq!(got, "authorization_malformed", "{value:.20}");
            }
        }
        let seen = app.call("GET", "none").key(&token).key(&token).ok().await;
        assert_eq!(seen["caller"]["type"], "anonymous");
    });
}
