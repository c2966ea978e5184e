//! The server under siege, in a process of its own, with small bounds: they are met sooner.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::json;

use crate::app::TestApp;
use crate::client::Client;
use crate::cluster;
use crate::process::ServerProcess;

/// `--max-memory` of the server, in bytes.
pub const MEMORY_MAX: u64 = 512 << 20;
/// What the server may hold beside that, in bytes: its code and caches, PostgreSQL's answers while they are read, what
/// sandboxes write to of the engine's own memory.
pub const MEMORY_MARGIN: u64 = 512 << 20;

const ADMIN_KEY: &str = "mf_admin_0123456789abcdef0123456789abcdef";
/// Where the victim's callers are: an address of their own, as real ones have.
const VICTIM: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

const HI: &str = "export default () => new Response('hi')";
const QUERY: &str = "export default async (req, ctx) =>
    Response.json((await ctx.db.query('SELECT v FROM kept WHERE k = $1', [7])).rows)";
const HASH: &str = "import { scryptSync } from 'node:crypto';
    export default () => new Response(scryptSync('password', 'salt', 32, { N: 1024 }).toString('hex'))";

/// The server and the victim's app on it.
#[derive(Debug)]
pub struct Field {
    process: ServerProcess,
    victim: TestApp,
}

impl Field {
    /// Starts `program`, which is the binary `server`, over tables of its own.
    pub async fn start(program: &str) -> Self {
        let variables = [
            ("MAYFLY_ADMIN_KEY", ADMIN_KEY),
            ("MAYFLY_MAX_MEMORY", "512MiB"),
            ("MAYFLY_MAX_REQUESTS", "256"),
            ("MAYFLY_MAX_CONNECTIONS", "512"),
            ("MAYFLY_MAX_INVOCATIONS", "64"),
            ("MAYFLY_MAX_INVOCATIONS_PER_APP", "32"),
            ("MAYFLY_FETCH_ALLOW_CIDR", "127.0.0.1/32"),
        ];
        let url = cluster::own_database().await;
        let process = ServerProcess::start_with(program, &url, &variables).await.expect("it listens");
        let client = Client::from_address(process.client().address(), VICTIM);
        let victim = TestApp::create(client, ADMIN_KEY).await;
        let table = "CREATE TABLE kept (k int PRIMARY KEY, v text); INSERT INTO kept VALUES (7, 'seven')";
        victim.manage("POST", "/sql").json(json!({ "sql": table })).ok().await;
        for (name, code) in [("hi", HI), ("query", QUERY), ("hash", HASH)] {
            victim.deploy(name, code).await;
        }
        Self { process, victim }
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The victim's app.
    pub fn victim(&self) -> &TestApp {
        &self.victim
    }

    /// Another app, of one who attacks.
    pub async fn attacker(&self) -> TestApp {
        TestApp::create(Client::new(self.process.client().address()), ADMIN_KEY).await
    }
}
