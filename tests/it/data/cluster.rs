//! The managed cluster: starts anywhere, restarts by itself, and stops with its process.

use mayfly_postgres::{Cluster, ClusterError};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use support::cluster::{config, directory, run};

async fn one(cluster: &Cluster) -> i32 {
    let client = cluster.endpoint().admin("postgres").await.unwrap();
    client.query_one("SELECT 1", &[]).await.unwrap().get(0)
}

fn pid(cluster: &Cluster) -> Pid {
    Pid::from_raw(cluster.pid().unwrap()).unwrap()
}

fn is_alive(pid: Pid) -> bool {
    test_kill_process(pid).is_ok()
}

#[test]
fn it_starts_stops_and_starts_again_with_its_data() {
    run(async {
        let directory = directory();
        let cluster = Cluster::start(config(directory.path())).await.unwrap();
        let client = cluster.endpoint().admin("postgres").await.unwrap();
        client.batch_execute("CREATE TABLE kept (x int); INSERT INTO kept VALUES (7)").await.unwrap();
        let server = pid(&cluster);
        cluster.stop().await;
        assert!(!is_alive(server));

        let cluster = Cluster::start(config(directory.path())).await.unwrap();
        let client = cluster.endpoint().admin("postgres").await.unwrap();
        let kept: i32 = client.query_one("SELECT x FROM kept", &[]).await.unwrap().get(0);
        assert_eq!(kept, 7);
        cluster.stop().await;
    });
}

#[test]
fn a_second_one_on_the_same_directory_is_refused() {
    run(async {
        let directory = directory();
        let cluster = Cluster::start(config(directory.path())).await.unwrap();
        let second = Cluster::start(config(directory.path())).await;
        assert!(matches!(second, Err(ClusterError::InUse(path)) if path == directory.path()));
        assert_eq!(one(&cluster).await, 1);
        cluster.stop().await;
    });
}

#[test]
fn a_killed_server_comes_back_by_itself() {
    run(async {
        let directory = directory();
        let cluster = Cluster::start(config(directory.path())).await.unwrap();
        let mut running = cluster.running();
        running.borrow_and_update();
        kill_process(pid(&cluster), Signal::KILL).unwrap();
        while !(running.changed().await.is_ok() && *running.borrow_and_update()) {}
        assert_eq!(one(&cluster).await, 1);
        cluster.stop().await;
    });
}

#[test]
fn a_pid_file_left_by_a_killed_server_does_not_matter() {
    run(async {
        let directory = directory();
        Cluster::start(config(directory.path())).await.unwrap().stop().await;
        let file = directory.path().join("postgres/data/postmaster.pid");
        // A process id that was reused: this process's.
        std::fs::write(&file, format!("{}\n", std::process::id())).unwrap();
        let cluster = Cluster::start(config(directory.path())).await.unwrap();
        assert_eq!(one(&cluster).await, 1);
        cluster.stop().await;
    });
}

#[test]
fn a_server_left_by_a_killed_mayfly_is_replaced() {
    run(async {
        let directory = directory();
        let first = Cluster::start(config(directory.path())).await.unwrap();
        let server = pid(&first);
        let data = directory.path().join("postgres/data");
        // A killed Mayfly leaves a running server without a supervisor. `first` is not dropped in
        // order, so its watcher has to be held back as well: a copy of the pid file reproduces the moment
        // before the watcher acts.
        let pid_file = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
        assert!(pid_file.starts_with(&server.as_raw_nonzero().to_string()));
        drop(first);
        let second = Cluster::start(config(directory.path())).await.unwrap();
        assert_ne!(pid(&second), server);
        assert!(!is_alive(server));
        assert_eq!(one(&second).await, 1);
        second.stop().await;
    });
}

#[test]
fn a_data_directory_too_deep_for_a_socket_works() {
    run(async {
        let directory = directory();
        let deep = directory.path().join("deep/".repeat(30));
        let cluster = Cluster::start(config(&deep)).await.unwrap();
        assert_eq!(one(&cluster).await, 1);
        cluster.stop().await;
    });
}

#[test]
fn a_directory_without_programs_says_what_to_do() {
    run(async {
        let directory = directory();
        let mut config = config(directory.path());
        config.binaries = Some(directory.path().to_owned());
        let error = Cluster::start(config).await.unwrap_err();
        assert!(matches!(error, ClusterError::NotFound(15)));
        assert!(error.to_string().contains("MAYFLY_PG_BIN"), "{error}");
    });
}
