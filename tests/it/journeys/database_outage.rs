//! PostgreSQL is killed and restarted under a running server.

use support::app::Node;
use support::cluster::{self, run};

use mayfly_control::config::{Config, DatabaseSource};
use mayfly_store::Change;

/// A server with its own cluster, which this test kills.
async fn node() -> Node {
    let directory = cluster::directory();
    let mut config = Config::loopback(directory.path().to_owned());
    config.database = DatabaseSource::managed();
    Node::start_in(directory, config, |_| {}).await
}

#[test]
fn cached_functions_serve_on_the_rest_says_what_is_down_and_all_recovers() {
    run(async {
        let node = node().await;
        let app = node.app().await;
        let mut changes = node.store().subscribe();
        assert_eq!(changes.next().await, Some(Change::Resync), "it listens");
        app.deploy("hello", "export default () => new Response('hi')").await;
        let code =
            "export default async (req, ctx) => Response.json((await ctx.db.query('SELECT 1 AS one')).rows)";
        app.deploy("ask", code).await;
        // Once the node has heard of them, too, what it caches stays.
        let mut unheard = vec!["hello", "ask"];
        while !unheard.is_empty() {
            if let Some(Change::Changed { function: Some(name), .. }) = changes.next().await {
                unheard.retain(|unheard| *unheard != name);
            }
        }
        drop(changes);
        assert_eq!(app.call("GET", "hello").send().await.text(), "hi");
        assert_eq!(app.call("GET", "ask").send().await.status, 200);

        let pid_file = node.data_dir().join("postgres/data/postmaster.pid");
        let pid = || std::fs::read_to_string(&pid_file).ok()?.lines().next()?.trim().parse::<i32>().ok();
        let pid = pid().expect("PostgreSQL runs");
        let process = rustix::process::Pid::from_raw(pid).expect("a process id");
        rustix::process::kill_process(process, rustix::process::Signal::INT)
            .expect("asked to shut down fast");

        // From here on every response succeeds or names PostgreSQL, and in the end they succeed again.
        let mut recovered = false;
        while !recovered {
            let hello = app.call("GET", "hello").send().await;
            assert_eq!((hello.status, hello.text().as_str()), (200, "hi"), "needs no database");
            let listed = app.manage("GET", "/functions").send().await;
            match listed.status {
                200 => recovered = app.call("GET", "ask").send().await.status == 200,
                503 => {
                    listed.is_problem("SUBSYSTEM_UNAVAILABLE");
                    assert_eq!(listed.json()["error"]["details"]["subsystem"], "postgresql");
                    assert_eq!(listed.header("retry-after"), "1");
                }
                other => panic!("{other}: {}", listed.text()),
            }
        }
        app.deploy("hello", "export default () => new Response('again')").await;
        assert_eq!(app.call("GET", "hello").send().await.text(), "again");
        assert!(node.shutdown().await);
    });
}
