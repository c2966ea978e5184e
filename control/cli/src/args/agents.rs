//! Verbs about agents: policies, the audit log, approvals.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Verbs of policies.
#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Check a policy's file
    Check {
        /// The policy, JSON
        file: PathBuf,
        /// For another server than Mayfly: any tool may be named
        #[arg(long)]
        any_tool: bool,
    },
    /// Decide a call by a policy's file: which rule, and why
    Test {
        /// The policy, JSON
        file: PathBuf,
        /// The call, JSON: {"tool", "arguments"?, "app"?, "key"?, "user"?, "role"?}
        call: PathBuf,
    },
    /// Say in words what a policy's file means
    Explain {
        /// The policy, JSON
        file: PathBuf,
    },
    /// Show the app's policy
    Get,
    /// Set the app's policy; this takes the operator's key
    Set {
        /// The policy, JSON
        file: PathBuf,
    },
    /// Remove the app's policy; this takes the operator's key
    Clear,
}

/// Verbs of the Model Context Protocol; none: the server's own tools on stdin and stdout.
#[derive(Debug, Subcommand)]
pub enum McpVerb {
    /// Stand before any other MCP server: tools by a policy, each call in an audit log
    Proxy(McpProxyArgs),
    /// Show what the tools of an MCP server do, what is risky about them, and a policy to begin with
    Scan(McpScanArgs),
    /// Other MCP servers whose tools code that runs once may call, as tools.NAME.TOOL(args)
    #[command(subcommand)]
    Servers(McpServersVerb),
}

/// Of the MCP servers of an app.
#[derive(Debug, Subcommand)]
pub enum McpServersVerb {
    /// List them, with the tools that were approved
    List,
    /// Ask one for its tools, and compare them with what was approved
    Show {
        /// Its name
        name: String,
    },
    /// Name one, and approve its tools as they are now
    Set(McpServerSetArgs),
    /// Approve tools as they are now
    Approve {
        /// The server
        name: String,
        /// The tools
        #[arg(required_unless_present = "all")]
        tools: Vec<String>,
        /// All that have changed or are new, but for those with injected text
        #[arg(long, conflicts_with = "tools")]
        all: bool,
    },
    /// Remove one
    Remove {
        /// Its name
        name: String,
    },
}

/// A server of an app.
#[derive(Debug, Args)]
pub struct McpServerSetArgs {
    /// Its name in code: small letters, digits and _
    pub name: String,
    /// Its URL: streamable HTTP
    #[arg(value_name = "URL", required_unless_present = "program")]
    pub server_url: Option<String>,
    /// In its place, a program that the operator has named (`mayfly serve --mcp-program`)
    #[arg(long, value_name = "NAME", conflicts_with = "server_url")]
    pub program: Option<String>,
    /// The variable of the app whose value is the server's bearer token
    #[arg(long, value_name = "VARIABLE")]
    pub key_env: Option<String>,
}

/// Which MCP server.
#[derive(Debug, Args)]
pub struct UpstreamArgs {
    /// The key that it takes, as a bearer token
    #[arg(long, env = "MAYFLY_UPSTREAM_KEY", hide_env_values = true)]
    pub upstream_key: Option<String>,
    /// Seconds that it may take to start, and then to answer; longer as long as it reports progress
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub timeout: u64,
}

/// A proxy.
#[derive(Debug, Args)]
pub struct McpProxyArgs {
    /// The server behind it: a URL, or a command that speaks on stdin and stdout
    #[arg(long, value_name = "URL|COMMAND")]
    pub upstream: String,
    /// How it is reached.
    #[command(flatten)]
    pub reach: UpstreamArgs,
    /// The policy, JSON
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// Serve streamable HTTP at this address, in place of stdin and stdout
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// The keys of its clients, JSON: {"NAME": "KEY"}; one that others can reach needs them
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub keys: Option<PathBuf>,
    /// The folder of its pins, its approvals and its audit log
    #[arg(long, value_name = "DIR", default_value = ".mayfly/proxy")]
    pub state: PathBuf,
    /// The audit log, a line of JSON a row [default: audit.jsonl in the folder]
    #[arg(long, value_name = "FILE")]
    pub audit: Option<PathBuf>,
    /// Who calls where no key says it: the name in policies and in the audit log
    #[arg(long = "as", value_name = "NAME", default_value = "local")]
    pub identity: String,
    /// The session on stdin and stdout: its name in policies and in the audit log [default: one that is made now]
    #[arg(long, value_name = "NAME", conflicts_with = "listen")]
    pub session: Option<String>,
    /// Leave approvals to `mayfly approvals --proxy DIR`, though the client could ask its user
    #[arg(long)]
    pub no_elicitation: bool,
}

/// A scan.
#[derive(Debug, Args)]
pub struct McpScanArgs {
    /// The server: a URL, or a command that speaks on stdin and stdout
    #[arg(value_name = "URL|COMMAND")]
    pub server: String,
    /// How it is reached.
    #[command(flatten)]
    pub reach: UpstreamArgs,
    /// Write a policy to begin with
    #[arg(long, value_name = "FILE")]
    pub policy_out: Option<PathBuf>,
    /// Write the digests of the tools' definitions: the tools as they are now are approved
    #[arg(long, value_name = "FILE")]
    pub pins_out: Option<PathBuf>,
}

/// Which calls of the audit log.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Only calls of this tool
    #[arg(long)]
    pub tool: Option<String>,
    /// Only allowed, denied, rate_limited, approval_required or refused ones
    #[arg(long)]
    pub decision: Option<String>,
    /// Only of this identity, such as key:key_...
    #[arg(long)]
    pub identity: Option<String>,
    /// Only of this session, such as ses_...
    #[arg(long)]
    pub session: Option<String>,
    /// How many
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}

/// Approvals of a server, or of a proxy.
#[derive(Debug, Args)]
pub struct ApprovalArgs {
    /// Those of a proxy, by the folder of its state; no server is asked
    #[arg(long, global = true, value_name = "DIR")]
    pub proxy: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub verb: ApprovalVerb,
}

/// Verbs of approvals; a server's take the operator's key.
#[derive(Debug, Subcommand)]
pub enum ApprovalVerb {
    /// List approvals, newest first
    List {
        /// Only pending, approved, denied, used or expired ones
        #[arg(long)]
        state: Option<String>,
    },
    /// Show a call that waits, with its arguments
    Show {
        /// The approval
        id: String,
    },
    /// Let a call be made, once
    Approve {
        /// The approval
        id: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Make a link by which a person decides in a browser, without a key
    Link {
        /// The approval
        id: String,
        /// For whom: the name that it is decided by
        #[arg(long = "for", value_name = "NAME")]
        name: Option<String>,
        /// For how many seconds it is good
        #[arg(long, default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(60..=86_400))]
        ttl: u32,
    },
    /// Refuse a call
    Deny {
        /// The approval
        id: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
}
