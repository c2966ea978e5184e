//! A server in a process of its own: one that can be killed, or stopped for a while.
//!
//! Not over the shared PostgreSQL: it may be killed while it runs what another test waits for.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use mayfly_postgres::{PostgresEndpoint, ServerAddress};
use rustix::process::{Pid, Signal, kill_process};

use crate::app::{TestApp, secrets};
use crate::client::Client;
use crate::cluster;

/// The process. It is killed when this is dropped.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    client: Client,
    _data_dir: tempfile::TempDir,
}

impl ServerProcess {
    /// Starts `program`, which is `env!("CARGO_BIN_EXE_server")`, and waits until it listens.
    pub async fn start(program: &str, endpoint: &PostgresEndpoint) -> Self {
        Self::start_with(program, &database_url(endpoint, endpoint.platform_database()), &[])
            .await
            .expect("it listens")
    }

    /// The same, over this database, with variables of the environment. An error is what it says before it ends.
    pub async fn start_with(program: &str, url: &str, variables: &[(&str, &str)]) -> Result<Self, String> {
        let data_dir = cluster::directory();
        std::fs::copy(secrets(), data_dir.path().join("secrets.key")).expect("the key file");
        let mut command = Command::new(program);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--database-url", url, "--data-dir"])
            .arg(data_dir.path())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let started = tokio::task::spawn_blocking(move || {
            let (child, address) = spawn(command)?;
            Ok(Self { child, client: Client::new(address), _data_dir: data_dir })
        });
        started.await.expect("the process is started")
    }

    /// The same app, through this process.
    pub fn with(&self, app: &TestApp) -> TestApp {
        TestApp { client: self.client.clone(), ..app.clone() }
    }

    /// A client of it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`: nothing of it is cleaned up.
    pub fn kill(mut self) {
        self.child.kill().expect("the process is killed");
        self.child.wait().expect("the process has ended");
    }

    /// Takes its time away, until [`go_on`](Self::go_on).
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Gives its time back.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the signal is sent");
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(mut command: Command) -> Result<(Child, std::net::SocketAddr), String> {
    let mut child = command.spawn().expect("the process starts");
    let log = BufReader::new(child.stderr.take().expect("its log"));
    let (told, address) = mpsc::channel::<Result<String, String>>();
    // Reads on to the end, so that the process never waits for a reader.
    std::thread::spawn(move || {
        let mut said = String::new();
        for line in log.lines().map_while(Result::ok) {
            let url = line.contains("listening").then(|| line.split_once("http://")).flatten();
            if let Some((_, rest)) = url {
                let end =
                    rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(rest.len());
                let _ = told.send(Ok(rest[..end].to_owned()));
            }
            if said.len() < 10_000 {
                said.push_str(&line);
            }
        }
        let _ = told.send(Err(said));
    });
    match address.recv_timeout(Duration::from_secs(60)).expect("the process listens") {
        Ok(address) => Ok((child, address.parse().expect("an address"))),
        Err(said) => {
            child.wait().expect("the process has ended");
            Err(said)
        }
    }
}

/// The URL of a database of a server.
pub fn database_url(endpoint: &PostgresEndpoint, database: &str) -> String {
    let config = endpoint.client_config("mayfly");
    let user = config.get_user().expect("a user");
    match endpoint.address() {
        ServerAddress::Unix { directory, port } => {
            format!("postgres://{user}@/{database}?host={}&port={port}", directory.display())
        }
        ServerAddress::Tcp { host, port } => format!("postgres://{user}@{host}:{port}/{database}"),
    }
}
