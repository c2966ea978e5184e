//! Trusted certificates: the public authorities, those that the operator adds, and invalid certificates.

use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::authority::Authority;
use support::cluster::run;
use support::secure_origin::SecureOrigin;

use super::trusting;

const FETCH: &str = "export default async (req) => {
    try {
        return Response.json((await fetch(await req.text())).status);
    } catch (error) {
        return Response.json([error.constructor.name, error.code, error.message]);
    }
}";

const HTTPS: &[&str] = &["h2", "http/1.1"];

async fn fetch(app: &TestApp, origin: &SecureOrigin) -> Value {
    app.call("POST", "fetch").body(origin.url("/")).ok().await
}

#[test]
fn a_certificate_that_is_not_good_is_refused_and_the_error_says_why() {
    run(async {
        let (authority, stranger) = (Authority::default(), Authority::default());
        let node = trusting(&authority).await;
        let app = node.app().await;
        app.deploy("fetch", FETCH).await;
        for (tls, why) in [
            (
                authority.issue("elsewhere.test", (2020, 2200), HTTPS),
                "the host's certificate is for another name than localhost",
            ),
            (authority.issue("localhost", (2020, 2021), HTTPS), "the host's certificate has expired"),
            (authority.issue("localhost", (2199, 2200), HTTPS), "the host's certificate is not valid yet"),
            (stranger.localhost(HTTPS), "the host's certificate was not issued by a trusted authority"),
        ] {
            let origin = SecureOrigin::start(tls, 1).await;
            let expected = json!(["TypeError", "FETCH_FAILED", format!("fetch failed: {why}")]);
            assert_eq!(fetch(&app, &origin).await, expected);
        }
        let origin = SecureOrigin::start(authority.localhost(HTTPS), 1).await;
        assert_eq!(fetch(&app, &origin).await, 200);
        assert!(node.shutdown().await);
    });
}

#[test]
fn a_private_authority_is_trusted_by_the_server_that_was_told_and_by_no_other() {
    run(async {
        let authority = Authority::default();
        let origin = SecureOrigin::start(authority.localhost(HTTPS), 1).await;
        let told = trusting(&authority).await;
        let allow = ["127.0.0.1/32", "::1/128"].map(|range| range.parse().unwrap());
        let untold = Node::start(|config| config.fetch_allow = allow.into()).await;
        for (node, expected) in [(&told, json!(200)), (&untold, json!("FETCH_FAILED"))] {
            let app = node.app().await;
            app.deploy("fetch", FETCH).await;
            let answer = fetch(&app, &origin).await;
            assert_eq!(*answer.get(1).unwrap_or(&answer), expected, "{answer}");
        }
        assert!(told.shutdown().await && untold.shutdown().await);
    });
}
