//! A whole server on loopback, with its own PostgreSQL, and a client that keeps its connections.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use mayfly_control::app::App;
use mayfly_control::config::Config;
use mayfly_tenant_db::db::DbLimits;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// A running server with one app.
#[derive(Debug)]
pub struct Server {
    app: App,
    /// Its listening address.
    pub address: SocketAddr,
    /// The app's id.
    pub app_id: String,
    /// Its service key.
    pub service_key: String,
    _directory: tempfile::TempDir,
}

impl Server {
    /// Starts a server in a temporary directory of its own.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same, with other settings.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = directory();
        let mut config = Config::loopback(directory.path().to_owned());
        config.cache_dir = Some(crate::cache_dir());
        change(&mut config);
        let app = App::start(config).await.expect("the server starts");
        let address = app.address();
        let admin_key = app.admin_key().to_owned();
        let created = post(address, "/v1/apps", &admin_key, json!({ "name": "bench" })).await;
        let text = |name: &str| created[name].as_str().expect("the app is made").to_owned();
        let (app_id, service_key) = (text("app_id"), text("service_key"));
        Self { app, address, app_id, service_key, _directory: directory }
    }

    /// Creates a second app on the same server.
    pub async fn neighbour(&self) -> Neighbour {
        let created = post(self.address, "/v1/apps", self.app.admin_key(), json!({ "name": "other" })).await;
        let text = |name: &str| created[name].as_str().expect("the app is made").to_owned();
        Neighbour { address: self.address, app_id: text("app_id"), service_key: text("service_key") }
    }

    /// A management request of the app's owner.
    pub async fn post(&self, rest: &str, body: Value) -> Value {
        post(self.address, &format!("/v1/{}{rest}", self.app_id), &self.service_key, body).await
    }

    /// The directory of its data.
    pub fn directory(&self) -> &std::path::Path {
        self._directory.path()
    }

    /// A connection to it.
    pub async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Open connections to apps' databases, and their limit.
    pub async fn connections(&self) -> (i64, usize) {
        let endpoint = self.app.endpoint();
        let admin = endpoint.admin(endpoint.maintenance_database()).await.expect("PostgreSQL answers");
        let count = "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'app\\_%' AND backend_type = 'client backend'";
        let open = admin.query_one(count, &[]).await.expect("PostgreSQL counts").get(0);
        (open, DbLimits::default().connections_max)
    }

    /// A connection to the platform's database.
    pub async fn platform(&self) -> tokio_postgres::Client {
        let endpoint = self.app.endpoint();
        endpoint.admin(endpoint.platform_database()).await.expect("PostgreSQL answers")
    }

    /// An administrator's connection to the app's database.
    pub async fn tenant_database(&self) -> tokio_postgres::Client {
        self.app.endpoint().admin(&self.app_id).await.expect("PostgreSQL answers")
    }

    /// The URL of a database on its PostgreSQL, for clients that are no part of it.
    pub fn database_url(&self, database: &str) -> String {
        let config = self.app.endpoint().client_config(database);
        let [tokio_postgres::config::Host::Unix(directory)] = config.get_hosts() else {
            panic!("its PostgreSQL is a private one, on a socket");
        };
        let (user, port) = (config.get_user().unwrap_or("postgres"), config.get_ports()[0]);
        format!("postgresql://{user}@localhost:{port}/{database}?host={}", directory.display())
    }

    /// A change by the management API.
    pub async fn patch(&self, rest: &str, body: Value) {
        let request = http::Request::patch(format!("/v1/{}{rest}", self.app_id))
            .header("host", "bench")
            .header("authorization", format!("Bearer {}", self.service_key))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .expect("the request is well formed");
        let (status, answer) = self.client().await.send(request).await;
        assert_eq!(status, 200, "{answer:?}");
    }

    /// A token for one of the app's users.
    pub async fn token(&self, sub: &str) -> String {
        let path = format!("/v1/{}/auth/tokens", self.app_id);
        let minted = post(self.address, &path, &self.service_key, json!({ "sub": sub })).await;
        minted["token"].as_str().expect("a token").to_owned()
    }

    /// Deploys a public function.
    pub async fn deploy(&self, name: &str, code: &str) {
        self.deploy_with(name, code, &json!({ "type": "http", "config": { "auth": "none" } })).await;
    }

    /// Deploys a function under another trigger.
    pub async fn deploy_with(&self, name: &str, code: &str, trigger: &Value) {
        let body = json!({ "name": name, "code": code, "trigger": trigger });
        let path = format!("/v1/{}/functions", self.app_id);
        let deployed = post(self.address, &path, &self.service_key, body).await;
        assert_eq!(deployed["status"], "deployed", "{deployed}");
    }

    /// Runs a script as the app's owner.
    pub async fn sql(&self, sql: &str) {
        let path = format!("/v1/{}/sql", self.app_id);
        let answer = post(self.address, &path, &self.service_key, json!({ "sql": sql })).await;
        assert!(answer["error"].is_null(), "{answer}");
    }

    /// The path of a function.
    pub fn path(&self, function: &str) -> String {
        format!("/v1/{}/fn/{function}", self.app_id)
    }

    /// Waits until the function's invocations are recorded, by reading its log, which waits for pending records.
    pub async fn recorded(&self, function: &str) {
        let path = format!("/v1/{}/functions/{function}/logs?limit=1", self.app_id);
        Client::connect(self.address).await.get_as(&path, &self.service_key).await;
    }

    /// Stops everything.
    pub async fn stop(self) {
        self.app.shutdown().await;
    }
}

/// Another app on the server.
#[derive(Debug, Clone)]
pub struct Neighbour {
    address: SocketAddr,
    /// The app's id.
    pub app_id: String,
    service_key: String,
}

impl Neighbour {
    /// The path of a function.
    pub fn path(&self, function: &str) -> String {
        format!("/v1/{}/fn/{function}", self.app_id)
    }

    /// Raises the limits of the app's queue: 1,000 requests, for a minute.
    pub async fn be_patient(&self) {
        let limits = json!({ "limits": { "queue": 1_000, "queue_timeout_ms": 60_000 } });
        let request = http::Request::patch(format!("/v1/{}/config", self.app_id))
            .header("host", "bench")
            .header("authorization", format!("Bearer {}", self.service_key))
            .body(Full::new(Bytes::from(limits.to_string())))
            .expect("the request is well formed");
        assert_eq!(Client::connect(self.address).await.send(request).await.0, 200);
    }

    /// Deploys a public function.
    pub async fn deploy(&self, name: &str, code: &str) {
        let trigger = json!({ "type": "http", "config": { "auth": "none" } });
        let body = json!({ "name": name, "code": code, "trigger": trigger });
        let path = format!("/v1/{}/functions", self.app_id);
        let deployed = post(self.address, &path, &self.service_key, body).await;
        assert_eq!(deployed["status"], "deployed", "{deployed}");
    }
}

/// A directory that PostgreSQL can enter: it runs as another user when this process is root.
pub fn directory() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::Builder::new().prefix("mayfly-bench-").tempdir_in("/tmp").expect("a directory");
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o711))
        .expect("its mode is set");
    directory
}

async fn post(address: SocketAddr, path: &str, key: &str, body: Value) -> Value {
    let mut client = Client::connect(address).await;
    let request = http::Request::post(path)
        .header("host", "bench")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_string())))
        .expect("the request is well formed");
    serde_json::from_slice(&client.send(request).await.1).expect("the answer is JSON")
}

/// One connection.
#[derive(Debug)]
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    /// Opens a connection.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
        stream.set_nodelay(true).expect("the socket takes options");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("the connection opens");
        tokio::spawn(connection);
        Self { sender }
    }

    /// Sends a request; the status and the whole body of its answer.
    pub async fn send(&mut self, request: http::Request<Full<Bytes>>) -> (u16, Bytes) {
        self.sender.ready().await.expect("the connection is open");
        let response = self.sender.send_request(request).await.expect("the server answers");
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.expect("the body arrives").to_bytes())
    }

    /// `GET path` with a bearer, if there is one; must be answered with 200.
    pub async fn get_as(&mut self, path: &str, bearer: &str) -> Bytes {
        let mut request = http::Request::get(path).header("host", "bench");
        if !bearer.is_empty() {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let request = request.body(Full::default()).expect("the request is well formed");
        let (status, body) = self.send(request).await;
        assert_eq!(status, 200, "{path}: {body:?}");
        body
    }

    /// `POST path` with a body; the status.
    pub async fn post(&mut self, path: &str, body: String) -> u16 {
        let request = http::Request::post(path)
            .header("host", "bench")
            .body(Full::new(Bytes::from(body)))
            .expect("the request is well formed");
        self.send(request).await.0
    }

    /// `GET path`, which must be answered with 200.
    pub async fn get(&mut self, path: &str) -> Bytes {
        let request = http::Request::get(path)
            .header("host", "bench")
            .body(Full::default())
            .expect("the request is well formed");
        let (status, body) = self.send(request).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        body
    }
}

/// Sends `requests` over `connections` at once; how long all of them took.
pub async fn load(address: SocketAddr, path: &str, connections: u64, requests: u64) -> std::time::Duration {
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(Client::connect(address).await);
    }
    let started = std::time::Instant::now();
    let mut tasks = Vec::new();
    for (index, mut client) in clients.into_iter().enumerate() {
        let path = path.to_owned();
        let share = requests / connections + u64::from((index as u64) < requests % connections);
        tasks.push(tokio::spawn(async move {
            for _ in 0..share {
                client.get(&path).await;
            }
        }));
    }
    for task in tasks {
        task.await.expect("no request fails");
    }
    started.elapsed()
}
