//! `/openapi.json` and the server agree: schemathesis sends what the document allows and what it forbids.

use std::fs;
use std::path::Path;

use serde_json::json;
use support::app::Node;
use support::cluster::run;

#[test]
fn the_server_is_what_its_document_says() {
    run(async {
        let node = Node::start(|_| {}).await;
        let app = node.app().await;
        app.deploy("hello", "export const handler = () => Response.json({ ok: true })").await;
        let other = node.app().await;
        if let Ok(file) = std::env::var("HOLD") {
            fs::write(&file, json!({"url": node.url(), "app": app.id, "other": other.id, "key": node.admin_key(), "service": app.service_key}).to_string()).unwrap();
            while Path::new(&file).exists() {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
    });
}
