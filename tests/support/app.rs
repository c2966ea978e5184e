//! Real servers over the shared PostgreSQL: one for almost all tests, others for those that need their own.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mayfly_control::app::App as Running;
use mayfly_control::config::{Config, DatabaseSource};
use mayfly_store::Store;
use mayfly_tenant_db::tenant::Tenants;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::client::{Ask, Client};
use crate::cluster;
use crate::wait::until;

static SHARED: OnceCell<Node> = OnceCell::const_new();

/// Far more than one run needs: files of earlier builds are evicted.
const CACHE_BYTES_MAX: u64 = 2 << 30;

/// All nodes have the same root key, as nodes over one PostgreSQL must.
static SECRETS: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = cluster::lasting_directory().keep().join("secrets.key");
    mayfly_secrets::KeyRing::load_or_create(&path).expect("a key file");
    path
});

static STORAGE: LazyLock<PathBuf> = LazyLock::new(|| cluster::lasting_directory().keep().join("storage"));

/// A server.
#[derive(Debug)]
pub struct Node {
    server: Running,
    _data_dir: tempfile::TempDir,
}

/// An app on the shared server.
#[derive(Debug, Clone)]
pub struct TestApp {
    /// The server that created it.
    pub client: Client,
    /// `app_...`
    pub id: String,
    /// `bb_sk_...`
    pub service_key: String,
    /// `bb_anon_...`
    pub anon_key: String,
    /// `mf_admin_...`
    pub admin_key: String,
}

impl Node {
    /// Starts a separate server over the shared PostgreSQL.
    pub async fn start(change: impl FnOnce(&mut Config)) -> Self {
        Self::start_on_shared(cluster::directory(), change).await
    }

    /// Starts a separate server with platform tables of its own, whose objects are in this directory.
    pub async fn start_apart(storage: &Path) -> Self {
        Self::start_over(&cluster::own_database().await, storage).await
    }

    /// Starts a separate server over this database, whose objects are in this directory.
    pub async fn start_over(url: &str, storage: &Path) -> Self {
        let data_dir = cluster::directory();
        let mut config = Config::loopback(data_dir.path().to_owned());
        let endpoint = mayfly_postgres::PostgresEndpoint::from_url(url).expect("its URL");
        config.database = DatabaseSource::Running(endpoint);
        config.storage_dir = Some(storage.to_owned());
        Self::start_in(data_dir, config, |_| {}).await
    }

    async fn start_on_shared(data_dir: tempfile::TempDir, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::loopback(data_dir.path().to_owned());
        config.database = DatabaseSource::Running(cluster::endpoint());
        // What one node stores the others read, as nodes over one PostgreSQL must.
        config.storage_dir = Some(STORAGE.clone());
        Self::start_in(data_dir, config, change).await
    }

    /// Starts a separate server with its own settings and data directory.
    pub async fn start_in(
        data_dir: tempfile::TempDir,
        mut config: Config,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        std::fs::copy(&*SECRETS, data_dir.path().join("secrets.key")).expect("the key file");
        config.cache_dir = Some(cache_dir());
        config.cache_bytes_max = CACHE_BYTES_MAX;
        change(&mut config);
        let server = Running::start(config).await.expect("the server starts");
        Self { server, _data_dir: data_dir }
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        Client::new(self.server.address())
    }

    /// Its admin key.
    pub fn admin_key(&self) -> &str {
        self.server.admin_key()
    }

    /// Its address.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// Its stored objects.
    pub fn objects(&self) -> mayfly_storage::Objects {
        self.server.use_cases().storage.objects().clone()
    }

    /// Its data directory.
    pub fn data_dir(&self) -> &Path {
        self._data_dir.path()
    }

    /// Creates an app on it.
    pub async fn app(&self) -> TestApp {
        TestApp::create(self.client(), self.admin_key()).await
    }

    /// The apps' databases, as the server reaches them.
    pub fn tenants(&self) -> &Tenants {
        &self.server.use_cases().apps.tenants
    }

    /// The platform's tables, likewise.
    pub fn store(&self) -> &Store {
        &self.server.use_cases().apps.store
    }

    /// Shuts it down; returns whether all work was finished.
    pub async fn shutdown(self) -> bool {
        self.server.shutdown().await
    }
}

/// The nodes' root key.
pub fn keyring() -> mayfly_secrets::KeyRing {
    mayfly_secrets::KeyRing::load_or_create(&SECRETS).expect("the key file")
}

/// The file with the nodes' root key.
pub(crate) fn secrets() -> &'static Path {
    &SECRETS
}

/// The server that tests share. Only from within [`cluster::run`].
pub async fn shared() -> &'static Node {
    SHARED.get_or_init(|| Node::start_on_shared(cluster::lasting_directory(), |_| {})).await
}

impl TestApp {
    /// Creates an app on the server of this client.
    pub async fn create(client: Client, admin_key: &str) -> Self {
        let made = client.post("/v1/apps").key(admin_key).json(json!({ "name": "test" })).ok().await;
        let text = |member: &str| made[member].as_str().expect(member).to_owned();
        Self {
            id: text("app_id"),
            service_key: text("service_key"),
            anon_key: text("anon_key"),
            admin_key: admin_key.to_owned(),
            client,
        }
    }

    /// Creates an app on the shared server.
    pub async fn new() -> Self {
        shared().await.app().await
    }

    /// The path `/v1/{app}` with a suffix.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/{}{rest}", self.id)
    }

    /// A management request, with the service key.
    pub fn manage(&self, method: &str, rest: &str) -> Ask {
        self.client.ask(method, &self.path(rest)).key(&self.service_key)
    }

    /// A request to a function, without any key.
    pub fn call(&self, method: &str, rest: &str) -> Ask {
        self.client.ask(method, &self.path(&format!("/fn/{rest}")))
    }

    /// Deploys a public function.
    pub async fn deploy(&self, name: &str, code: &str) -> Value {
        self.deploy_with(name, code, json!({ "trigger": { "type": "http", "config": { "auth": "none" } } }))
            .await
    }

    /// Deploys a function with additional fields.
    pub async fn deploy_with(&self, name: &str, code: &str, fields: Value) -> Value {
        self.manage("POST", "/functions").json(deploy_body(name, code, fields)).ok().await
    }

    /// Deploys [`WHO`] with this http auth, under that name.
    pub async fn deploy_who(&self, auth: &str) {
        let trigger = json!({ "trigger": { "type": "http", "config": { "auth": auth } } });
        self.deploy_with(auth, WHO, trigger).await;
    }

    /// A token for one of the app's users.
    pub async fn token(&self, sub: &str) -> String {
        let minted = self.manage("POST", "/auth/tokens").json(json!({ "sub": sub })).ok().await;
        minted["token"].as_str().expect("a token").to_owned()
    }

    /// The records of a function, newest first.
    pub async fn logs(&self, name: &str) -> Vec<Value> {
        let answer = self.manage("GET", &format!("/functions/{name}/logs")).ok().await;
        answer["logs"].as_array().expect("logs").clone()
    }

    /// The records of a function that a trigger ran, newest first, once there are that many: any node can have run
    /// it, and what came of it is stored before its record is.
    pub async fn recorded(&self, name: &str, count: usize) -> Vec<Value> {
        let what = format!("{name} has {count} records");
        until(&what, async || {
            let logs = self.logs(name).await;
            assert!(logs.len() <= count, "{name} has more than {count} records: {logs:?}");
            (logs.len() == count).then_some(logs)
        })
        .await
    }

    /// The same app, through another server.
    pub fn on(&self, node: &Node) -> Self {
        Self { client: node.client(), admin_key: node.admin_key().to_owned(), ..self.clone() }
    }
}

/// A function that returns its caller, and the role and user in the database.
pub const WHO: &str = "export default async (req, ctx) => {
    const { rows } = await ctx.db.query('SELECT current_user::text AS role, current_user_id() AS id');
    return Response.json({ user: ctx.user, caller: ctx.caller, db: rows[0],
        headers: Object.fromEntries([...req.headers]) });
}";

/// The body of a deploy.
pub fn deploy_body(name: &str, code: &str, mut fields: Value) -> Value {
    fields["name"] = name.into();
    fields["code"] = code.into();
    fields
}

/// The cache of the compiled engine, kept between runs beside the test binary: compiling it takes a second.
fn cache_dir() -> PathBuf {
    let binary = std::env::current_exe().expect("this program's path");
    let folder = binary.parent().and_then(Path::parent).expect("a target folder");
    folder.join("mayfly-test-cache")
}
