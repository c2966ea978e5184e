//! What callers and server agree on: routes, requests, answers, error codes, identifiers. Pure: no I/O, no server.
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "a test is told by the environment to update its files")
)]

pub mod access;
pub mod agent_tools;
pub mod approvals;
pub mod apps;
pub mod audit;
pub mod config;
pub mod cron;
pub mod decode;
pub mod endpoint;
pub mod env;
pub mod error;
pub mod functions;
pub mod health;
pub mod hosts;
pub mod ids;
pub mod invocations;
pub mod keys;
pub mod logs;
pub mod mcp;
pub mod mcp_servers;
pub mod names;
pub mod openapi;
pub mod policies;
pub mod queues;
pub mod realtime;
pub mod reference;
pub mod rls;
pub mod rollouts;
pub mod route;
pub mod routes;
pub mod run;
pub mod schema;
pub mod scope;
pub mod sql;
pub mod storage;
pub mod tokens;
pub mod tool_schema;
pub mod triggers;
pub mod uploads;
pub mod usage;
pub mod value;
pub mod webhooks;
