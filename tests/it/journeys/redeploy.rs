//! The version that serves after a deploy, on the deploying node and on another one.

use support::app::{Node, TestApp};
use support::cluster::run;

fn say(n: u32) -> String {
    format!("export default () => new Response('{n}')")
}

#[test]
fn the_very_next_call_on_this_node_runs_the_new_version() {
    run(async {
        let app = TestApp::new().await;
        for n in 0..20 {
            app.deploy("hello", &say(n)).await;
            assert_eq!(app.call("GET", "hello").send().await.text(), n.to_string());
        }
    });
}

#[test]
fn another_node_hears_of_a_deploy_a_change_and_a_delete() {
    run(async {
        let app = TestApp::new().await;
        let other = Node::start(|_| {}).await;
        let there = app.on(&other);
        app.deploy("hello", &say(0)).await;
        assert_eq!(there.call("GET", "hello").send().await.text(), "0");
        app.deploy("hello", &say(1)).await;
        // Even if the notification is lost, the new version serves within the cache's TTL.
        while there.call("GET", "hello").send().await.text() != "1" {
            tokio::task::yield_now().await;
        }
        app.manage("DELETE", "/functions/hello").ok().await;
        while there.call("GET", "hello").send().await.status != 404 {
            tokio::task::yield_now().await;
        }
        assert!(other.shutdown().await);
    });
}

#[test]
fn calls_during_deploys_all_get_an_answer_of_one_version_or_the_other() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", &say(0)).await;
        let caller = {
            let app = app.clone();
            tokio::spawn(async move {
                let mut last = 0;
                while last < 5 {
                    let answer = app.call("GET", "hello").send().await;
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    let seen: u32 = answer.text().parse().unwrap();
                    assert!(seen >= last, "version {seen} after {last}");
                    last = seen;
                }
            })
        };
        for n in 1..=5 {
            app.deploy("hello", &say(n)).await;
        }
        caller.await.unwrap();
    });
}
