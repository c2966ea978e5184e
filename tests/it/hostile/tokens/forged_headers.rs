//! Forged identity headers, for a function or the platform.

use serde_json::json;
use support::cluster::run;

#[test]
fn headers_that_forge_an_identity() {
    run(async {
        let app = super::app().await;
        let token = app.token("alice").await;
        for key in ["", token.as_str(), &app.service_key] {
            let mut ask = app.call("GET", "optional");
            for name in [
                "x-user-id",
                "X-App-Id",
                "x-butterbase-user-id",
                "x-butterbase-caller-type",
                "x-butterbase-as-role",
                "x-mayfly-user",
                "x-mayfly-identity",
            ] {
                ask = ask.header(name, "root");
            }
            let ask = if key.is_empty() { ask } else { ask.key(key) };
            let seen = ask.ok().await;
            let headers = seen["headers"].as_object().unwrap();
            let forged = headers.keys().find(|name| {
                name.starts_with("x-user")
                    || name.starts_with("x-app")
                    || name.starts_with("x-butterbase")
                    || name.starts_with("x-mayfly")
            });
            assert_eq!(forged, None);
            assert!(!seen.to_string().contains("root"), "{seen}");
        }
        for key in ["", token.as_str(), &app.anon_key, "nonsense"] {
            let ask = app.call("GET", "optional").header("x-butterbase-as-user", "root");
            let ask = if key.is_empty() { ask } else { ask.key(key) };
            ask.fails(403, "AUTH_IMPERSONATION_FORBIDDEN").await;
        }
        let seen = app
            .call("GET", "optional")
            .key(&app.service_key)
            .header("x-butterbase-as-user", "bob")
            .ok()
            .await;
        assert_eq!(seen["user"], json!({ "id": "bob", "claims": null }));
        assert_eq!(seen["caller"]["type"], "service_key");
    });
}
