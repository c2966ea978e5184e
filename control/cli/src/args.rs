//! Verbs and flags of the commands that talk to a server.

mod agents;
mod apps;
mod database;
mod functions;
mod queue;
mod realtime;
mod run;
mod schema;
mod storage;
mod webhook;

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(crate) use agents::{
    ApprovalArgs, ApprovalVerb, AuditArgs, McpProxyArgs, McpScanArgs, McpServerSetArgs, McpServersVerb,
    McpVerb, PolicyVerb, UpstreamArgs,
};
pub(crate) use apps::{AppVerb, KeyVerb};
pub(crate) use database::{RlsVerb, SqlArgs};
pub(crate) use functions::{CronVerb, DeployArgs, EnvVerb, FunctionVerb, UsageVerb};
pub(crate) use queue::{QueueEnqueueArgs, QueueSetArgs, QueueVerb};
pub(crate) use realtime::{RealtimeConnectArgs, RealtimeVerb};
pub(crate) use run::RunArgs;
pub(crate) use schema::{SchemaChangeArgs, SchemaPlace, SchemaVerb};
pub(crate) use storage::{BucketVerb, StorageKeyVerb, StorageVerb};
pub(crate) use webhook::{WebhookSendArgs, WebhookVerb};

/// For the commands that talk to a server.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub struct RemoteArgs {
    /// The server's address [default: that of the `mayfly dev` that runs here, else of mayfly.toml, else http://127.0.0.1:8787]
    #[arg(long, global = true, env = "MAYFLY_URL")]
    pub url: Option<String>,
    /// The key to use: the operator's for `apps`, a service key otherwise [default: that of `mayfly dev`]
    #[arg(long, global = true, env = "MAYFLY_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// The app's id [default: that of `mayfly dev`, else of mayfly.toml]
    #[arg(long, global = true, env = "MAYFLY_APP")]
    pub app: Option<String>,
    /// Print the server's JSON answer
    #[arg(long, global = true)]
    pub json: bool,
}

/// What a server can be asked for.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Begin a project in a folder: types, tsconfig.json, .gitignore, a first function with its test, mayfly.toml, and
    /// .mcp.json, by which agents find the server. What is there already stays
    Init {
        /// The folder
        #[arg(default_value = ".")]
        dir: PathBuf,
    },
    /// Write a new function: NAME/index.ts
    New {
        /// The function's name
        name: String,
        /// The folder of the functions
        #[arg(long, default_value = ".")]
        dir: PathBuf,
    },
    /// Deploy functions from files or folders
    Deploy(DeployArgs),
    /// Call a function as the service role, and show its answer
    Invoke {
        /// The function
        name: String,
        /// The request's method
        #[arg(long, short = 'X', default_value = "POST")]
        method: String,
        /// What follows the function's URL: /path, ?query or both
        #[arg(long, default_value = "")]
        path: String,
        /// The body: JSON, a text, @FILE or @- for stdin; bytes go through as they are
        #[arg(long, short)]
        data: Option<String>,
        /// Show the response's status and headers, too: the call goes to the function's URL, as callers' do
        #[arg(long, short)]
        include: bool,
        /// Call as this end user
        #[arg(long, value_name = "ID")]
        as_user: Option<String>,
        /// A header, "name: value" (repeatable)
        #[arg(long, short = 'H')]
        header: Vec<String>,
        /// End with 8 when the function answers with 400 or more
        #[arg(long)]
        fail: bool,
    },
    /// Run code once, and show what it answered; nothing of it is kept
    Run(RunArgs),
    /// Show what a function's invocations did, or those of all functions
    Logs {
        /// The function [default: all]
        name: Option<String>,
        /// Go on showing what comes
        #[arg(long, short, conflicts_with = "invocation")]
        follow: bool,
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// Only those with a console entry of this level
        #[arg(long)]
        level: Option<String>,
        /// Only this status, or `error`, or `ok`
        #[arg(long)]
        status: Option<String>,
        /// Only this invocation
        #[arg(long)]
        invocation: Option<String>,
        /// From this long ago on (90s, 15m, 2h, 7d), or from this time on (2026-11-30T12:00:00Z)
        #[arg(long, value_name = "AGO|TIME")]
        since: Option<String>,
    },
    /// Run SQL: a statement, with its rows, or a script
    Sql(SqlArgs),
    /// Show what the app is set to, or change it: NAME=VALUE with JSON values (cors_origins, egress, limits, auth, hosts)
    Config {
        /// What to change
        #[arg(value_name = "NAME=VALUE")]
        settings: Vec<String>,
    },
    /// Row-level security of the app's tables
    #[command(subcommand)]
    Rls(RlsVerb),
    /// Show the app's triggers, with their next and last run
    Triggers,
    /// Show when a function's cron trigger fires, and what became of its slots
    #[command(args_conflicts_with_subcommands = true)]
    Cron {
        /// Something else than to show it.
        #[command(subcommand)]
        verb: Option<CronVerb>,
        /// The function
        #[arg(required = true)]
        name: Option<String>,
        /// Slots shown of the last 100
        #[arg(long, default_value_t = 10)]
        limit: usize,
    },
    /// Show what the app used, by function or by day
    #[command(args_conflicts_with_subcommands = true)]
    Usage {
        /// Something else than to show it.
        #[command(subcommand)]
        verb: Option<UsageVerb>,
        /// From this day or full hour on, in UTC [default: 30 days back]
        #[arg(long)]
        from: Option<String>,
        /// Up to this day or full hour, and without it [default: now]
        #[arg(long)]
        to: Option<String>,
        /// Broken down by `function` or `day`
        #[arg(long, default_value = "function", value_parser = ["function", "day"])]
        by: String,
    },
    /// Environment variables: names out, values only in
    #[command(subcommand)]
    Env(EnvVerb),
    /// Functions of an app
    #[command(subcommand)]
    Functions(FunctionVerb),
    /// A function's versions, newest first
    Versions {
        /// The function
        name: String,
    },
    /// Let an older version serve again
    Rollback {
        /// The function
        name: String,
        /// The version's number [default: the one before the present one]
        #[arg(long, value_name = "VERSION")]
        to: Option<u32>,
    },
    /// An app's schema, or that of any PostgreSQL
    #[command(subcommand)]
    Schema(SchemaVerb),
    /// Write the types of an app's rows, for TypeScript
    Types {
        /// The file; - writes to stdout
        #[arg(long, short, default_value = "mayfly.d.ts")]
        out: PathBuf,
        /// Where.
        #[command(flatten)]
        place: SchemaPlace,
    },
    /// Let a version serve a part of the calls; without --percent, show how that goes
    Rollout {
        /// The function
        name: String,
        /// The version's number [default: the one that is rolled out]
        #[arg(long, value_name = "VERSION")]
        version: Option<u32>,
        /// Its share of the calls: 0 ends it, 100 lets it serve all
        #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100))]
        percent: Option<u32>,
        /// End the canary when more than this percentage of its invocations fail
        #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100))]
        max_error_percent: Option<u32>,
        /// Invocations of the canary before its failures count
        #[arg(long)]
        min_invocations: Option<u32>,
    },
    /// Make a token for an end user of the app
    Token {
        /// The user's id
        sub: String,
        /// How many seconds it is good
        #[arg(long, default_value_t = 3_600)]
        ttl: u32,
        /// What else it says, as a JSON object
        #[arg(long)]
        claims: Option<String>,
    },
    /// Queues: store jobs, see and replay them, set how many run at once
    #[command(subcommand)]
    Queue(QueueVerb),
    /// Objects, buckets and access keys
    #[command(subcommand)]
    Storage(StorageVerb),
    /// Webhooks: send signed samples, and see and replay what came
    #[command(subcommand)]
    Webhook(WebhookVerb),
    /// Which calls of tools agents may make
    #[command(subcommand)]
    Policy(PolicyVerb),
    /// Calls of tools, allowed or not: of the app, or with the operator's key of all
    Audit(AuditArgs),
    /// Calls of tools that wait for a person
    Approvals(ApprovalArgs),
    /// Speak the Model Context Protocol on stdin and stdout: the server's tools, for agents
    Mcp {
        /// Something else than to speak.
        #[command(subcommand)]
        verb: Option<McpVerb>,
    },
    /// Sockets of the app
    #[command(subcommand)]
    Realtime(RealtimeVerb),
    /// Apps; this takes the operator's key
    #[command(subcommand)]
    Apps(AppVerb),
    /// Keys of an app
    #[command(subcommand)]
    Keys(KeyVerb),
}
