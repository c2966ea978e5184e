//! The verbs that talk to a server: one file a resource; each asks an endpoint, then shows the answer.

mod approvals;
mod apps;
mod audit;
mod call;
mod config;
mod deploy;
mod env;
mod functions;
mod init;
mod keys;
mod logs;
mod mcp;
mod policy;
mod project;
mod queue;
mod realtime;
mod rls;
mod run;
mod schema;
mod sql;
mod storage;
mod tokens;
mod triggers;
mod usage;
mod webhook;

use std::collections::BTreeMap;

use crate::args::{CronVerb, McpVerb, RemoteArgs, UsageVerb, Verb};
use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

/// Run one verb.
pub async fn run(args: &RemoteArgs, verb: Verb) -> Exit {
    let remote = match Remote::new(args) {
        Ok(remote) => remote,
        Err(exit) => return exit,
    };
    match dispatch(&remote, verb).await {
        Ok(exit) | Err(exit) => exit,
    }
}

async fn dispatch(remote: &Remote, verb: Verb) -> Result<Exit, Exit> {
    match verb {
        Verb::Init { dir } => {
            project::init(&dir)?;
            init::init(remote, &dir)
        }
        Verb::New { name, dir } => project::new(&dir, &name),
        Verb::Deploy(args) => deploy::deploy(remote, args).await,
        Verb::Invoke { name, method, path, data, header, fail, include, as_user } => {
            let wanted = call::CallArgs { method, path, data, header, as_user };
            call::invoke(remote, &name, &wanted, include, fail).await
        }
        Verb::Run(args) => run::run(remote, &args).await,
        Verb::Logs { name, follow, limit, level, status, invocation, since } => {
            let filter = logs::Filter::new(limit, level.as_deref(), status.as_deref())?
                .of_invocation(invocation.as_deref())
                .since(since.as_deref())?;
            logs::show(remote, name.as_deref(), &filter, follow).await
        }
        Verb::Sql(args) => sql::run(remote, &args).await,
        Verb::Config { settings } => config::run(remote, &settings).await,
        Verb::Rls(verb) => rls::run(remote, verb).await,
        Verb::Triggers => triggers::list(remote).await,
        Verb::Cron { verb: Some(CronVerb::Run { name }), .. } => triggers::run_cron(remote, &name).await,
        Verb::Cron { verb: None, name, limit } => {
            triggers::show_cron(remote, &name.unwrap_or_default(), limit).await
        }
        Verb::Usage { verb: Some(UsageVerb::Verify { invocation }), .. } => {
            usage::verify(remote, &invocation).await
        }
        Verb::Usage { verb: None, from, to, by } => {
            usage::show(remote, from.as_deref(), to.as_deref(), &by).await
        }
        Verb::Env(verb) => env::run(remote, verb).await,
        Verb::Functions(verb) => functions::run(remote, verb).await,
        Verb::Versions { name } => functions::versions(remote, &name).await,
        Verb::Rollout { name, version, percent, max_error_percent, min_invocations } => {
            let wanted = percent.map(|percent| mayfly_api::rollouts::RolloutSpec {
                version: version.map(Into::into),
                percent: percent.into(),
                max_error_percent: max_error_percent.map(Into::into),
                min_invocations: min_invocations.map(Into::into),
            });
            functions::rollout(remote, &name, wanted).await
        }
        Verb::Token { sub, ttl, claims } => tokens::mint(remote, &sub, ttl, claims.as_deref()).await,
        Verb::Rollback { name, to } => functions::rollback(remote, &name, to).await,
        Verb::Schema(verb) => schema::run(remote, verb).await,
        Verb::Types { out, place } => schema::types(remote, &place, &out).await,
        Verb::Queue(verb) => queue::run(remote, verb).await,
        Verb::Storage(verb) => storage::run(remote, verb).await,
        Verb::Webhook(verb) => webhook::run(remote, verb).await,
        Verb::Realtime(verb) => realtime::run(remote, verb).await,
        Verb::Policy(verb) => policy::run(remote, verb).await,
        Verb::Audit(args) => audit::list(remote, &args).await,
        Verb::Approvals(args) => approvals::run(remote, args).await,
        Verb::Mcp { verb: None } => mcp::bridge(remote).await,
        Verb::Mcp { verb: Some(McpVerb::Proxy(args)) } => mcp::proxy(args).await,
        Verb::Mcp { verb: Some(McpVerb::Scan(args)) } => mcp::scan(remote, args).await,
        Verb::Mcp { verb: Some(McpVerb::Servers(verb)) } => mcp::servers(remote, verb).await,
        Verb::Apps(verb) => apps::run(remote, verb).await,
        Verb::Keys(verb) => keys::run(remote, verb).await,
    }
}

/// `NAME=value` pairs.
fn assignments(vars: &[String]) -> Result<BTreeMap<String, String>, Exit> {
    vars.iter()
        .map(|var| match var.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => {
                out::complain(&format!("{var} is not of the form NAME=value"));
                Err(Exit::Usage)
            }
        })
        .collect()
}
