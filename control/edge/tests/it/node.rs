//! `Node`: an edge that listens on a free port, with a fake behind it.

use std::time::Duration;

use mayfly_common::tasks::Tasks;
use mayfly_edge::{AccessLog, Base, Edge, EdgeLimits, Server, Sockets};
use mayfly_ledger::Ledger;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::client::{Answer, Client};
use crate::fake::{Fake, Script};

/// Longer than anything here takes; what has not happened by then does not happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An app id.
pub(crate) const APP: &str = "app_0123456789ab";

/// A running edge. It stops when this is dropped.
pub(crate) struct Node {
    pub(crate) fake: Fake,
    address: std::net::SocketAddr,
    events: mpsc::UnboundedReceiver<String>,
    stop: DropGuard,
    tasks: Tasks,
}

impl Node {
    /// With the default limits.
    pub(crate) async fn start(script: Script) -> Self {
        Self::with_limits(script, EdgeLimits::default()).await
    }

    pub(crate) async fn with_limits(script: Script, limits: EdgeLimits) -> Self {
        let (fake, events) = Fake::new(script);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let tasks = Tasks::new();
        let sockets = Sockets::new(tasks.clone(), stop.clone(), limits);
        let base = Base::new(Some("https://mayfly.test"), "").into();
        let edge = Edge { services: fake.clone(), base, sockets };
        let server = Server::new(listener, edge, limits, AccessLog::Off, Ledger::new(1 << 30), tasks.clone());
        tokio::spawn(server.run(stop.clone()));
        Self { fake, address, events, stop: stop.drop_guard(), tasks }
    }

    /// Begin a shutdown: what it waits for.
    pub(crate) fn stop(self) -> Tasks {
        drop(self.stop);
        self.tasks
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    /// A new connection.
    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// One request without a body, on a connection of its own.
    pub(crate) async fn ask(&self, method: &str, path: &str) -> Answer {
        self.client().await.ask(method, path, &[], "").await
    }

    /// The next question to the use cases.
    pub(crate) async fn event(&mut self) -> String {
        tokio::time::timeout(PATIENCE, self.events.recv()).await.unwrap().unwrap()
    }

    /// The questions to the use cases since the last look.
    pub(crate) fn events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }
}
