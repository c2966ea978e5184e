//! Attacks with tokens, one per file. Each is 401, names the failed check, and runs nothing.

mod algorithm_confusion;
mod another_apps_key;
mod another_apps_token;
mod attached_key;
mod critical_extensions;
mod duplicate_members;
mod expired;
mod forged_headers;
mod key_in_the_url;
mod key_set_flood;
mod key_set_with_traps;
mod oversize;
mod padded_base64;
mod removed_issuer;
mod several_authorizations;
mod unsigned;

use serde_json::json;
use support::app::{Node, TestApp};

/// The secret shared by the external issuers of these tests and their app.
pub(super) const SECRET: &str = "a shared secret of more than 32 bytes";

/// An app with a function for each kind of auth, and an issuer `https://issuer` with a shared secret.
pub(super) async fn app() -> TestApp {
    prepare(TestApp::new().await).await
}

/// Such an app on a server that may fetch from the loopback.
pub(super) async fn app_with_network() -> (Node, TestApp) {
    let node = Node::start(|config| config.fetch_allow = vec!["127.0.0.1/32".parse().unwrap()]).await;
    let app = prepare(node.app().await).await;
    (node, app)
}

async fn prepare(app: TestApp) -> TestApp {
    for auth in ["required", "optional", "none"] {
        app.deploy_who(auth).await;
    }
    let issuer = json!({ "issuer": "https://issuer", "secret": SECRET, "algorithms": ["HS256"] });
    app.manage("PATCH", "/config").json(json!({ "auth": { "issuers": [issuer] } })).ok().await;
    app
}

/// The token is refused for this reason where auth is required or optional, and ignored where it is `none`.
pub(super) async fn refused(app: &TestApp, token: &str, reason: &str) {
    for auth in ["required", "optional"] {
        let answer = app.call("GET", auth).key(token).send().await;
        let code = if reason == "expired" { "AUTH_END_USER_JWT_EXPIRED" } else { "AUTH_INVALID_TOKEN" };
        assert_eq!(answer.status, 401, "{auth} {reason}: {}", answer.text());
        answer.is_problem(code);
        assert_eq!(answer.json()["error"]["details"]["reason"], reason, "{auth}: {}", answer.text());
        assert_eq!(answer.header("x-invocation-id"), "", "nothing ran");
    }
    let seen = app.call("GET", "none").key(token).ok().await;
    assert_eq!((&seen["user"], &seen["caller"]["type"]), (&json!(null), &json!("anonymous")), "{reason}");
}

/// The token is accepted, for this user.
pub(super) async fn taken(app: &TestApp, token: &str, user: &str) {
    let seen = app.call("GET", "required").key(token).ok().await;
    assert_eq!((&seen["user"]["id"], &seen["db"]["id"]), (&json!(user), &json!(user)));
}
