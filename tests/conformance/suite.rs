//! The suite's own server, in Python, and the platform's `fetch` to it, as functions have it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use mayfly_common::tls::Authorities;
use mayfly_egress::{EgressClient, EgressLists};
use mayfly_ledger::Account;
use mayfly_runtime::providers::Fetch;
use support::client::Client;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const SERVE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/serve.py");

/// A running server over one checkout. Dropping it stops the server.
pub(crate) struct Suite {
    address: SocketAddr,
    outbound: EgressClient,
    _server: Child,
}

impl Suite {
    /// Starts it with this interpreter, which has the package `wptserve`.
    pub(crate) async fn start(python: &Path, root: &Path) -> Self {
        let mut server = Command::new(python)
            .args([Path::new(SERVE), root])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the interpreter starts");
        let mut lines = BufReader::new(server.stdout.take().expect("an output")).lines();
        let line = lines.next_line().await.expect("output can be read").unwrap_or_default();
        let port = line.split(' ').next().and_then(|port| port.parse().ok());
        let port = port.expect("the suite's server starts: is its package installed (pip install wptserve)?");
        let loopback = ["127.0.0.0/8", "::1/128"].map(|range| range.parse().expect("a range"));
        Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            outbound: EgressClient::new(&loopback, &Authorities::default()).expect("TLS can be set up"),
            _server: server,
        }
    }

    /// The URL of its pages.
    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}/", self.address.port())
    }

    /// `fetch` as a function of an app has it, with the loopback allowed.
    pub(crate) fn fetch(&self) -> Arc<dyn Fetch> {
        self.outbound.for_invocation(
            "conformance",
            Account::default(),
            Arc::new(EgressLists::default()),
            None,
        )
    }

    /// A file, with the server's substitutions.
    pub(crate) async fn text(&self, path: &str) -> String {
        let answer = Client::new(self.address).get(&format!("/{path}")).send().await;
        String::from_utf8_lossy(&answer.body).into_owned()
    }
}
