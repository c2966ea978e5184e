//! `/livez` and `/readyz`.

use serde_json::json;
use support::app::shared;
use support::cluster::run;

#[test]
fn a_healthy_server_says_so_to_anyone() {
    run(async {
        let client = shared().await.client();
        assert_eq!(client.get("/livez").ok().await, json!({ "status": "alive" }));
        let ready = client.get("/readyz").ok().await;
        assert_eq!(ready["status"], "ready");
        assert_eq!(ready["subsystems"]["postgresql"]["status"], "ok");
        let head = client.ask("HEAD", "/livez").send().await;
        assert_eq!((head.status, head.text().as_str()), (200, ""));
        assert_eq!(head.header("content-length"), "18");
    });
}
