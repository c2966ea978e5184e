//! Settings: read once at the edge, checked before anything is opened or bound.

mod args;
mod database;
mod log;
mod memory;
mod size;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize as _;
use serde::de::value::StrDeserializer;
use url::Url;

use mayfly_api::hosts::HostName;
use mayfly_api::mcp_servers::is_server_name;
use mayfly_core::sockets::SocketLimits;
use mayfly_mcp_proxy::Target;
use mayfly_policy::CompiledPolicy;
use mayfly_secrets::{KeyRing, SecretsError};

pub use args::{ServeArgs, Switch};
pub use database::DatabaseSource;
pub use log::LogArgs;
pub use mayfly_common::cidr::Cidr;
pub use mayfly_common::tls::{Authorities, AuthoritiesError};
pub use mayfly_edge::{AccessLog, EdgeLimits, TrustedProxies};
pub use mayfly_tenant_db::tenant::OpenDatabases;
pub use size::ByteSize;

/// The hidden command of [`Config::compile_worker`].
pub const COMPILE_WORKER: &str = "compile-worker";

/// Settings of one server, checked.
#[derive(Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Where the bytes of stored objects are kept; `None`: in the data directory.
    pub storage_dir: Option<PathBuf>,
    /// A bucket of an S3 server for them, instead of a directory.
    pub storage_url: Option<String>,
    /// Where PostgreSQL comes from.
    pub database: DatabaseSource,
    /// The callers' address, without a slash at its end; `None`: the listener's.
    pub public_url: Option<String>,
    /// Whose word is taken for whom a request comes from.
    pub trusted_proxies: TrustedProxies,
    /// Below it every name of a host is an app's.
    pub apps_domain: Option<String>,
    /// The operator's key, when given.
    pub admin_key: Option<String>,
    /// Keys that secrets are encrypted with, when they are not in [`key_file`](Self::key_file).
    pub secret_keys: Option<String>,
    /// Bounds of the edge.
    pub edge: EdgeLimits,
    /// Sandboxes at once on this node.
    pub invocations_max: u32,
    /// Sandboxes at once of one app.
    pub invocations_per_app_max: u32,
    /// Open sockets.
    pub sockets: SocketLimits,
    /// Days that records are kept for.
    pub records_days: u32,
    /// What `fetch` may reach beside public addresses.
    pub fetch_allow: Vec<Cidr>,
    /// Who is trusted beside the public certificate authorities, by what goes out for functions.
    pub extra_authorities: Authorities,
    /// What agents of all apps may do; `None`: whatever their apps' policies say.
    pub policy: Option<Arc<CompiledPolicy>>,
    /// Programs that are MCP servers, which apps may name.
    pub mcp_programs: Arc<BTreeMap<String, Vec<String>>>,
    /// How long a shutdown waits.
    pub drain: Duration,
    /// What is done about apps' databases that are open to strangers' SQL.
    pub open_databases: OpenDatabases,
    /// Which requests are logged.
    pub access_log: AccessLog,
    /// What apps hold in memory at most, in all, in bytes.
    pub memory_bytes_max: u64,
    /// Where compiled engines and images are cached; `None`: in the data directory.
    pub cache_dir: Option<PathBuf>,
    /// What is cached there at most, in bytes.
    pub cache_bytes_max: u64,
    /// Whether hot functions are compiled.
    pub compile_hot: bool,
    /// The program that parses hostile source in a process of its own; `None`: this process does it.
    pub compile_worker: Option<Vec<OsString>>,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The public URL is not one that callers could use.
    #[error("--public-url must be an http or https URL without query and fragment")]
    PublicUrl,
    /// The domain of apps is none, or the server's own name.
    #[error("--apps-domain must be a domain such as apps.example, other than the host of --public-url")]
    AppsDomain,
    /// The admin key would be guessable, or mistaken for another kind.
    #[error("MAYFLY_ADMIN_KEY must begin with mf_admin_ and have 32 to 128 of [0-9A-Za-z_-] after that")]
    AdminKey,
    /// Hardly a sandbox would have room.
    #[error("--max-memory must be at least 64MiB")]
    MaxMemory,
    /// Secrets could be neither encrypted nor decrypted.
    #[error("MAYFLY_SECRET_KEYS: {0}")]
    SecretKeys(#[from] SecretsError),
    /// The database's address is none.
    #[error("--database-url must begin with postgres:// or postgresql://")]
    DatabaseUrl,
    /// The policy cannot be read, or has a mistake.
    #[error("--policy: {0}")]
    Policy(String),
    /// A program is none.
    #[error("--mcp-program {0}: must be NAME=COMMAND, with a name of ^[a-z][a-z0-9_]{{0,39}}$")]
    Program(String),
    /// Who else is trusted cannot be read.
    #[error("--extra-ca: {0}")]
    ExtraCa(#[from] AuthoritiesError),
}

impl Config {
    /// Check what was given.
    pub fn resolve(args: &ServeArgs) -> Result<Self, ConfigError> {
        if let Some(url) = &args.database_url
            && !(url.starts_with("postgres://") || url.starts_with("postgresql://"))
        {
            return Err(ConfigError::DatabaseUrl);
        }
        if let Some(key) = &args.admin_key
            && !mayfly_api::keys::is_admin_shaped(key)
        {
            return Err(ConfigError::AdminKey);
        }
        if args.max_memory.is_some_and(|size| size.bytes() < memory::LEAST_BYTES) {
            return Err(ConfigError::MaxMemory);
        }
        if let Some(keys) = &args.secret_keys {
            KeyRing::of_text(keys)?;
        }
        Ok(Self {
            listen: args.listen,
            data_dir: args.data_dir.clone(),
            storage_dir: args.storage_dir.clone(),
            storage_url: args.storage_url.clone(),
            database: args.database_url.clone().map_or_else(DatabaseSource::managed, DatabaseSource::Url),
            public_url: args.public_url.as_ref().map(public_url).transpose()?,
            trusted_proxies: TrustedProxies::new(&args.trusted_proxies),
            apps_domain: apps_domain(args)?,
            admin_key: args.admin_key.clone(),
            secret_keys: args.secret_keys.clone(),
            edge: EdgeLimits {
                body_bytes_max: usize::try_from(args.max_body.bytes()).unwrap_or(usize::MAX),
                upload_bytes_max: args.max_upload.bytes(),
                connections_max: args.max_connections,
                requests_max: args.max_requests,
                ..EdgeLimits::default()
            },
            invocations_max: args.max_invocations,
            invocations_per_app_max: args.max_invocations_per_app,
            sockets: SocketLimits {
                sockets_max: args.max_sockets as usize,
                sockets_per_app_max: args.max_sockets_per_app as usize,
            },
            records_days: args.records_days,
            fetch_allow: args.fetch_allow_cidr.clone(),
            extra_authorities: args
                .extra_ca
                .as_deref()
                .map(Authorities::read)
                .transpose()?
                .unwrap_or_default(),
            policy: args.policy.as_deref().map(policy).transpose()?,
            mcp_programs: Arc::new(
                args.mcp_program.iter().map(|text| program(text)).collect::<Result<_, _>>()?,
            ),
            drain: Duration::from_secs(args.drain_seconds.into()),
            open_databases: OpenDatabases::CloseFirst,
            access_log: args.log.access_log.into(),
            cache_dir: None,
            memory_bytes_max: args.max_memory.unwrap_or_else(memory::default_memory).bytes(),
            cache_bytes_max: args.max_cache.bytes(),
            compile_hot: args.compile_hot == Switch::On,
            compile_worker: compile_worker(),
        })
    }

    /// Where the bytes of stored objects are kept.
    pub fn blob_dir(&self) -> PathBuf {
        self.storage_dir.clone().unwrap_or_else(|| self.data_dir.join("storage"))
    }

    /// The file of root keys.
    pub fn key_file(&self) -> PathBuf {
        self.data_dir.join("secrets.key")
    }

    /// Settings for a server on a free loopback port with everything in `data_dir`.
    pub fn loopback(data_dir: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir,
            storage_dir: None,
            storage_url: None,
            database: DatabaseSource::managed(),
            public_url: None,
            trusted_proxies: TrustedProxies::default(),
            apps_domain: None,
            admin_key: None,
            secret_keys: None,
            edge: EdgeLimits::default(),
            invocations_max: 64,
            invocations_per_app_max: 32,
            sockets: SocketLimits::default(),
            records_days: 30,
            fetch_allow: Vec::new(),
            extra_authorities: Authorities::default(),
            policy: None,
            mcp_programs: Arc::default(),
            drain: Duration::from_secs(60),
            open_databases: OpenDatabases::CloseInBackground,
            access_log: AccessLog::Errors,
            cache_dir: None,
            memory_bytes_max: 4 << 30,
            cache_bytes_max: 8 << 30,
            compile_hot: false,
            compile_worker: None,
        }
    }
}

impl std::fmt::Debug for Config {
    // The database's address and the admin key are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("data_dir", &self.data_dir)
            .field("public_url", &self.public_url)
            .finish_non_exhaustive()
    }
}

/// This program, by the hidden command that does nothing else.
fn compile_worker() -> Option<Vec<OsString>> {
    let program = std::env::current_exe().ok()?;
    Some(vec![program.into_os_string(), COMPILE_WORKER.into()])
}

fn policy(file: &Path) -> Result<Arc<CompiledPolicy>, ConfigError> {
    let text =
        std::fs::read(file).map_err(|error| ConfigError::Policy(format!("{}: {error}", file.display())))?;
    let policy = CompiledPolicy::parse(&text, Some(&mayfly_mcp::tool_names()));
    policy.map(Arc::new).map_err(|error| ConfigError::Policy(error.message().to_owned()))
}

fn program(text: &str) -> Result<(String, Vec<String>), ConfigError> {
    let wrong = || ConfigError::Program(text.to_owned());
    let (name, command) = text.split_once('=').filter(|(name, _)| is_server_name(name)).ok_or_else(wrong)?;
    match Target::parse(command) {
        Ok(Target::Command(command)) => Ok((name.to_owned(), command)),
        _ => Err(wrong()),
    }
}

fn apps_domain(args: &ServeArgs) -> Result<Option<String>, ConfigError> {
    let Some(text) = &args.apps_domain else { return Ok(None) };
    let domain = HostName::deserialize(StrDeserializer::<serde::de::value::Error>::new(text));
    let domain = domain.map_err(|_| ConfigError::AppsDomain)?.into_string();
    let is_own = args.public_url.as_ref().and_then(Url::host_str) == Some(domain.as_str());
    if is_own { Err(ConfigError::AppsDomain) } else { Ok(Some(domain)) }
}

fn public_url(url: &Url) -> Result<String, ConfigError> {
    let usable = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if usable { Ok(url.as_str().trim_end_matches('/').to_owned()) } else { Err(ConfigError::PublicUrl) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn resolve(args: &[&str]) -> Result<Config, String> {
        let cli = Cli::try_parse_from(std::iter::once(&"mayfly").chain(args)).map_err(|e| e.to_string())?;
        Config::resolve(&cli.serve).map_err(|e| e.to_string())
    }

    #[test]
    fn the_domain_of_apps_is_one_and_not_the_servers_own_name() {
        let domain = |args: &[&str]| resolve(args).map(|config| config.apps_domain);
        assert_eq!(domain(&[]).unwrap(), None);
        assert_eq!(domain(&["--apps-domain", "Apps.Example."]).unwrap().as_deref(), Some("apps.example"));
        let below = ["--apps-domain", "apps.example", "--public-url", "https://api.apps.example"];
        assert!(domain(&below).is_ok());
        for bad in ["localhost", "192.0.2.7", "*.apps.example", "apps.example:80", "https://apps.example"] {
            assert!(domain(&["--apps-domain", bad]).unwrap_err().contains("--apps-domain"), "{bad}");
        }
        let own = ["--apps-domain", "apps.example", "--public-url", "https://apps.example"];
        assert!(domain(&own).unwrap_err().contains("--apps-domain"));
    }

    #[test]
    fn defaults_are_usable() {
        let config = resolve(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8787");
        assert_eq!(config.edge.body_bytes_max, 24 << 20);
        assert!(config.fetch_allow.is_empty());
    }

    #[test]
    fn bad_settings_are_refused_by_name() {
        for (args, named) in [
            (&["--public-url", "ftp://x/"][..], "--public-url"),
            (&["--database-url", "mysql://x"], "--database-url"),
            (&["--admin-key", "secret"], "MAYFLY_ADMIN_KEY"),
            (&["--secret-keys", "k1:short"], "MAYFLY_SECRET_KEYS"),
            (&["--max-body", "huge"], "--max-body"),
            (&["--max-memory", "63MiB"], "--max-memory"),
            (&["--max-memory", "1TiB"], "--max-memory"),
            (&["--max-connections", "0"], "--max-connections"),
            (&["--fetch-allow-cidr", "127.0.0.1/40"], "--fetch-allow-cidr"),
            (&["--listen", "8787"], "--listen"),
            (&["--policy", "/no/such/policy.json"], "--policy"),
            (&["--mcp-program", "files"], "NAME=COMMAND"),
            (&["--mcp-program", "Files=a"], "NAME=COMMAND"),
            (&["--mcp-program", "files=https://example.com/mcp"], "NAME=COMMAND"),
            (&["--mcp-program", "files='a"], "NAME=COMMAND"),
            (&["--extra-ca", "/no/such/file.pem"], "--extra-ca"),
        ] {
            let error = resolve(args).unwrap_err();
            assert!(error.contains(named), "{args:?}: {error}");
        }
    }

    #[test]
    fn a_public_url_loses_its_last_slash() {
        assert_eq!(
            resolve(&["--public-url", "https://x.example/"]).unwrap().public_url.unwrap(),
            "https://x.example"
        );
    }
}
