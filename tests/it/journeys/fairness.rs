//! Fairness: one tenant's two hundred busy loops, and another tenant's requests. Checks order and counts, never times.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use support::app::{Node, TestApp};
use support::cluster::run;

/// Some 20 ms of CPU.
const SPIN: &str = "export default () => { let n = 0; for (let i = 0; i < 400000; i++) n += i; return new Response(String(n)) }";

#[test]
fn a_tenant_with_busy_loops_delays_itself_alone() {
    run(async {
        let node = Node::start(|config| {
            config.invocations_max = 4;
            config.invocations_per_app_max = 4;
        })
        .await;
        let (spinner, quiet) = (node.app().await, node.app().await);
        spinner.deploy("spin", SPIN).await;
        quiet.deploy("hello", "export default () => new Response('hi')").await;
        let patient = json!({ "limits": { "queue": 1_000, "queue_timeout_ms": 60_000 } });
        for app in [&spinner, &quiet] {
            app.manage("PATCH", "/config").json(patient.clone()).ok().await;
        }
        quiet.call("GET", "hello").ok_text("hi").await;
        let spun = Arc::new(AtomicU32::new(0));
        let flood: Vec<_> = (0..200)
            .map(|_| {
                let (app, spun): (TestApp, _) = (spinner.clone(), Arc::clone(&spun));
                tokio::spawn(async move {
                    assert_eq!(app.call("GET", "spin").send().await.status, 200);
                    spun.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        while spun.load(Ordering::SeqCst) < 4 {
            tokio::task::yield_now().await;
        }
        for round in 0..10 {
            quiet.call("GET", "hello").ok_text("hi").await;
            let before = 200 - spun.load(Ordering::SeqCst);
            assert!(before > 0, "{round}: the quiet one is through while the others still wait");
        }
        let waited = spun.load(Ordering::SeqCst);
        assert!(waited < 150, "ten quiet requests, one after another, let {waited} of 200 go before");
        for one in flood {
            one.await.unwrap();
        }
        assert!(node.shutdown().await);
    });
}
