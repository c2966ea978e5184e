//! Flags and variables of those commands that run a server.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use url::Url;

use super::{ByteSize, LogArgs};
use mayfly_common::cidr::Cidr;

/// Flags and variables of `mayfly serve` and `mayfly dev`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, env = "MAYFLY_LISTEN", default_value = "127.0.0.1:8787")]
    pub listen: SocketAddr,

    /// Where keys, compiled images and the managed PostgreSQL live
    #[arg(long, env = "MAYFLY_DATA_DIR", default_value = ".mayfly")]
    pub data_dir: PathBuf,

    /// Where the bytes of stored objects are kept; all nodes need the same one [default: storage in the data directory]
    #[arg(long, env = "MAYFLY_STORAGE_DIR")]
    pub storage_dir: Option<PathBuf>,

    /// A bucket of an S3 server for those bytes, instead of a directory (s3://BUCKET/PREFIX); the server and its credentials
    /// come from AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the like
    #[arg(long, env = "MAYFLY_STORAGE_URL", conflicts_with = "storage_dir")]
    pub storage_url: Option<String>,

    /// A PostgreSQL server to use instead of the managed one (postgres://superuser:password@host/database)
    #[arg(long, env = "MAYFLY_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// The address that callers use, when a proxy stands in front [default: where it listens]
    #[arg(long, env = "MAYFLY_PUBLIC_URL")]
    pub public_url: Option<Url>,

    /// Addresses of proxies in front, such as 10.0.0.0/8, whose X-Forwarded-For says who asks (repeatable; default none)
    #[arg(long, env = "MAYFLY_TRUSTED_PROXIES", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxies: Vec<Cidr>,

    /// A domain below which every name is an app's, such as apps.example: app-0123456789ab.apps.example, and what owners choose
    #[arg(long, env = "MAYFLY_APPS_DOMAIN", value_name = "DOMAIN")]
    pub apps_domain: Option<String>,

    /// The operator's key [default: made at first start, kept in admin.key in the data directory]
    #[arg(long, env = "MAYFLY_ADMIN_KEY", hide_env_values = true, hide = true)]
    pub admin_key: Option<String>,

    /// Keys that secrets are encrypted with, "id:base64 of 32 bytes", separated by commas, the current one first [default:
    /// secrets.key in the data directory, made at first start]
    #[arg(long, env = "MAYFLY_SECRET_KEYS", hide_env_values = true, hide = true)]
    pub secret_keys: Option<String>,

    /// Largest request body, but for those that functions are called with
    #[arg(long, env = "MAYFLY_MAX_BODY", default_value = "24MiB")]
    pub max_body: ByteSize,

    /// Memory for what apps hold in all: sandboxes, bodies, operations. By default half of what the machine has
    #[arg(long, env = "MAYFLY_MAX_MEMORY")]
    pub max_memory: Option<ByteSize>,

    /// Disk space for compiled functions; the least recently used are evicted
    #[arg(long, env = "MAYFLY_MAX_CACHE", default_value = "8GiB")]
    pub max_cache: ByteSize,

    /// Whether functions that take much CPU time are compiled to machine code beside their calls
    #[arg(long, env = "MAYFLY_COMPILE_HOT", value_enum, default_value_t = Switch::Off)]
    pub compile_hot: Switch,

    /// Largest request body that a function is called with
    #[arg(long, env = "MAYFLY_MAX_UPLOAD", default_value = "5GiB")]
    pub max_upload: ByteSize,

    /// Threads that serve connections and run sandboxes [default: one for each processor]
    #[arg(long, env = "MAYFLY_THREADS", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub threads: Option<u16>,

    /// Open connections at once
    #[arg(long, env = "MAYFLY_MAX_CONNECTIONS", default_value_t = 10_000, value_parser = at_least_one())]
    pub max_connections: u32,

    /// Requests being worked on at once; more are answered 503 OVERLOADED
    #[arg(long, env = "MAYFLY_MAX_REQUESTS", default_value_t = 1_024, value_parser = at_least_one())]
    pub max_requests: u32,

    /// Sandboxes at once on this node; more are answered 503 OVERLOADED
    #[arg(long, env = "MAYFLY_MAX_INVOCATIONS", default_value_t = 256, value_parser = at_least_one())]
    pub max_invocations: u32,

    /// Sandboxes at once of one app; more are answered 429 CONCURRENCY_LIMIT
    #[arg(long, env = "MAYFLY_MAX_INVOCATIONS_PER_APP", default_value_t = 100, value_parser = at_least_one())]
    pub max_invocations_per_app: u32,

    /// Open websockets on this node; more are closed with 1013
    #[arg(long, env = "MAYFLY_MAX_SOCKETS", default_value_t = 20_000, value_parser = at_least_one())]
    pub max_sockets: u32,

    /// Open websockets of one app on this node; more are closed with 1013
    #[arg(long, env = "MAYFLY_MAX_SOCKETS_PER_APP", default_value_t = 10_000, value_parser = at_least_one())]
    pub max_sockets_per_app: u32,

    /// Days that invocation records are kept for
    #[arg(long, env = "MAYFLY_RECORDS_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub records_days: u32,

    /// Private addresses that functions may reach by fetch, such as 127.0.0.1/32 (repeatable; default none)
    #[arg(long, env = "MAYFLY_FETCH_ALLOW_CIDR", value_delimiter = ',')]
    pub fetch_allow_cidr: Vec<Cidr>,

    /// A file of certificates (PEM) whose holders fetch trusts to issue certificates, beside the public authorities
    #[arg(long, env = "MAYFLY_EXTRA_CA", value_name = "FILE")]
    pub extra_ca: Option<PathBuf>,

    /// A policy (JSON) that every call of a tool by an agent has to pass, before the policy of its app
    #[arg(long, env = "MAYFLY_POLICY", value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// A program that is an MCP server on stdin and stdout, whose tools apps may name for code of their agents (repeatable). It runs
    /// with the server's rights, without a shell and without our variables
    #[arg(long, value_name = "NAME=COMMAND")]
    pub mcp_program: Vec<String>,

    /// `doctor`, of a stopped server: close apps' databases that are not closed as they must be, such as restored ones. A server always does
    #[arg(long)]
    pub repair: bool,

    /// Seconds that a shutdown waits for running work
    #[arg(long, env = "MAYFLY_DRAIN_SECONDS", default_value_t = 60)]
    pub drain_seconds: u32,

    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are the documentation")]
    pub log: LogArgs,
}

/// Something that is switched on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is not done.
    Off,
    /// It is done.
    On,
}

fn at_least_one() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}
