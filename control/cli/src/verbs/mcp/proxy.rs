//! `mayfly mcp proxy`: a policy before any other MCP server.

use std::time::Duration;

use mayfly_mcp_proxy::{ClientKeys, Proxy, ProxyError, ProxySettings, Target, UpstreamSettings};
use mayfly_policy::CompiledPolicy;
use tokio::io::AsyncRead;

use crate::args::{McpProxyArgs, UpstreamArgs};
use crate::exit::Exit;
use crate::out;
use crate::stdin;

pub(crate) async fn proxy(args: McpProxyArgs) -> Result<Exit, Exit> {
    let usage = |error: String| {
        out::complain(&error);
        Exit::Usage
    };
    let upstream = upstream(&args.upstream, args.reach)?;
    let text =
        std::fs::read(&args.policy).map_err(|error| usage(format!("{}: {error}", args.policy.display())))?;
    // Which tools there are, only the upstream knows.
    let policy = CompiledPolicy::parse(&text, None).map_err(|error| {
        out::complain(error.message());
        Exit::Validation
    })?;
    let settings = ProxySettings {
        upstream,
        policy,
        audit: args.audit.unwrap_or_else(|| args.state.join("audit.jsonl")),
        state: args.state,
        elicit: !args.no_elicitation,
        identity: args.identity,
        session: args.session,
        listen: args.listen,
        tell: out::say,
        keys: args.keys.map(|file| ClientKeys::load(&file)).transpose().map_err(usage)?,
    };
    let listens = settings.listen.is_some();
    let proxy = Proxy::open(settings).await.map_err(failed)?;
    if let Some(address) = proxy.address() {
        out::say(&format!("listening at http://{address}/mcp"));
    }
    let input: Box<dyn AsyncRead + Send + Unpin> =
        if listens { Box::new(tokio::io::empty()) } else { Box::new(stdin::bytes()?) };
    proxy.run(input, out::Stdout, told_to_end()).await.map_err(failed)?;
    Ok(Exit::Ok)
}

/// How an MCP server is reached.
pub(super) fn upstream(target: &str, reach: UpstreamArgs) -> Result<UpstreamSettings, Exit> {
    let target = Target::parse(target).map_err(|error| {
        out::complain(&error);
        Exit::Usage
    })?;
    let mut settings = UpstreamSettings::new(target, reach.upstream_key);
    settings.request_timeout = Duration::from_secs(reach.timeout);
    settings.connect_timeout = settings.request_timeout;
    Ok(settings)
}

fn failed(error: ProxyError) -> Exit {
    out::complain(&error.to_string());
    match error {
        ProxyError::Settings(_) => Exit::Usage,
        ProxyError::Failed(_) => Exit::Failure,
    }
}

/// Ctrl-C, or the signal of a supervisor.
async fn told_to_end() {
    #[cfg(unix)]
    if let Ok(mut term) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = term.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        return;
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
