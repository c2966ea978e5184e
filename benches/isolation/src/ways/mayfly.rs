//! Mayfly itself: a fresh sandbox for each request, its server as operators run it: over HTTP, with records and row-level security.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::started::{Started, free_port};
use super::{Absent, Place, Shares, Start, Way};
use crate::connection::{Connection, request};
use crate::failure::{BenchError, Tried, Trying as _};
use crate::work::{Needs, STATEMENT, TABLE, Work};

pub(super) const WAY: Way = Way {
    name: "mayfly",
    about: "a fresh sandbox for each request, with records and row-level security",
    shares: Shares::Nothing,
    has: &[Needs::Timers, Needs::Database],
    start: Start::Mayfly(&[]),
};

/// The user whose rows the table's policy shows.
const USER: &str = "user_1";

/// A `mayfly serve` of this run.
#[derive(Debug)]
pub struct Server {
    /// Its process.
    pub process: Started,
    /// The operator's key.
    pub admin_key: String,
    /// What `mayfly --version` says.
    pub version: String,
}

impl Server {
    /// Starts one with a data directory of this name, and these arguments; the inner error says why it is absent.
    pub async fn start(place: &Place, name: &str, arguments: &[&str]) -> Tried<Result<Self, Absent>> {
        if !place.server.is_file() {
            return Ok(Err(Absent {
                missing: format!("{} is not there", place.server.display()),
                remedy: "build it (cargo build --release --bin mayfly), or say where it is with --server"
                    .to_owned(),
            }));
        }
        let Some(database) = &place.database else {
            return Ok(Err(Absent {
                missing: "no PostgreSQL was found".to_owned(),
                remedy: "install PostgreSQL 15 or newer".to_owned(),
            }));
        };
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let admin_key = format!("mf_admin_{}", key_of(&place.scratch));
        let mut command = Command::new(&place.server);
        command
            .args(["serve", "--listen", &address.to_string(), "--database-url", &database.server_url])
            .arg("--data-dir")
            .arg(place.scratch.join(name))
            .args(arguments)
            .env("MAYFLY_ADMIN_KEY", &admin_key);
        let process = Started::new(name, command, address, place, place.core).await?;
        let version = crate::machine::said(Command::new(&place.server).arg("--version"));
        Ok(Ok(Self { process, admin_key, version: version.unwrap_or_default() }))
    }
}

/// A key that is this run's: its directory has a random name.
fn key_of(scratch: &Path) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(scratch.as_os_str().as_encoded_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Starts a server with an app that has these works.
pub(super) async fn start(
    place: &Place,
    name: &str,
    arguments: &[&str],
    works: &[Work],
) -> Tried<Result<(Server, Deployed), Absent>> {
    let server = match Server::start(place, name, arguments).await? {
        Ok(server) => server,
        Err(absent) => return Ok(Err(absent)),
    };
    let app = Deployed::new(server.process.address, &server.admin_key, name).await?.with_token().await?;
    app.prepare(works).await?;
    Ok(Ok((server, app)))
}

/// An app on a Mayfly server.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// The server.
    pub address: SocketAddr,
    /// The app's id.
    pub id: String,
    /// Its service key.
    pub key: String,
    /// A token of the user whose rows are read.
    token: Option<String>,
}

impl Deployed {
    /// Makes an app, whose callers may wait in a queue.
    pub async fn new(address: SocketAddr, admin_key: &str, name: &str) -> Tried<Self> {
        let made = manage(address, admin_key, "POST", "/v1/apps", &json!({ "name": name })).await?;
        let text = |field: &str| {
            let text = made[field].as_str().map(str::to_owned);
            text.ok_or_else(|| BenchError::new("make an app", format!("{made}")))
        };
        let this = Self { address, id: text("app_id")?, key: text("service_key")?, token: None };
        let limits = json!({ "limits": { "queue": 1_000, "queue_timeout_ms": 60_000 } });
        this.manage("PATCH", "/config", &limits).await?;
        Ok(this)
    }

    /// Deploys works, with the table that one of them reads.
    pub async fn prepare(&self, works: &[Work]) -> Tried<()> {
        if works.iter().any(|work| work.needs == Needs::Database) {
            let policy = "ALTER TABLE items ENABLE ROW LEVEL SECURITY;
                CREATE POLICY own ON items FOR SELECT USING (owner = current_user_id());";
            self.manage("POST", "/sql", &json!({ "sql": format!("{TABLE}{policy}") })).await?;
        }
        for work in works {
            self.deploy(work.name, &code(work)).await?;
        }
        Ok(())
    }

    /// The same app, called by the user whose rows are read.
    pub async fn with_token(mut self) -> Tried<Self> {
        let minted =
            self.manage("POST", "/auth/tokens", &json!({ "sub": USER, "ttl_seconds": 86_400 })).await?;
        self.token = minted["token"].as_str().map(str::to_owned);
        Ok(self)
    }

    /// Deploys a public function; how long that took.
    pub async fn deploy(&self, name: &str, code: &str) -> Tried<Duration> {
        let trigger = json!({ "type": "http", "config": { "auth": "none" } });
        let body = json!({ "name": name, "code": code, "trigger": trigger });
        let started = Instant::now();
        let deployed = self.manage("POST", "/functions", &body).await?;
        if deployed["status"] != "deployed" {
            return Err(BenchError::new(format!("deploy {name}"), deployed));
        }
        Ok(started.elapsed())
    }

    /// A management request of the app's owner.
    pub async fn manage(&self, method: &str, rest: &str, body: &Value) -> Tried<Value> {
        manage(self.address, &self.key, method, &format!("/v1/{}{rest}", self.id), body).await
    }

    /// A request of a function.
    pub fn request(&self, method: &str, work: &Work) -> Vec<u8> {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json")];
        if let (Some(bearer), Needs::Database) = (&bearer, work.needs) {
            headers.push(("authorization", bearer));
        }
        request(method, &self.path(work.name), &headers, &work.body)
    }

    /// The path of a function.
    pub fn path(&self, name: &str) -> String {
        format!("/v1/{}/fn/{name}", self.id)
    }
}

/// A work as a function.
pub fn code(work: &Work) -> String {
    let tools = match work.needs {
        Needs::Database => format!(
            "{{ select: async (id) => (await ctx.db.query({}, [id])).rows[0] }}",
            Value::from(STATEMENT)
        ),
        _ => "undefined".to_owned(),
    };
    format!(
        "{}
export default async (req, ctx) =>
  new Response(await handler(req.method === 'GET' ? '' : await req.text(), {tools}), {{ headers: {{ 'content-type': 'application/json' }} }});
",
        work.source
    )
}

/// A management request; its answer is JSON.
pub(crate) async fn manage(
    address: SocketAddr,
    key: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> Tried<Value> {
    let tried = || format!("{method} {path}");
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let bytes = request(method, path, &headers, body.to_string().as_bytes());
    let mut connection = Connection::open(address).await.trying(tried)?;
    let (status, answer) = connection.send(&bytes).await.trying(tried)?;
    if !(200..300).contains(&status) {
        let text = String::from_utf8_lossy(answer).into_owned();
        return Err(BenchError::new(tried(), format!("{status}: {text}")));
    }
    serde_json::from_slice(answer).trying(tried)
}
