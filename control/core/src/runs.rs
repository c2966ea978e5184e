//! Code that runs once: compiled, or known from a moment ago, and run in a sandbox of its own. Nothing is kept but the record.

mod scripts;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;
use mayfly_api::access::Manager;
use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::functions::InvokeFunction;
use mayfly_api::logs::LogPage;
use mayfly_api::mcp::AgentSession;
use mayfly_api::routes::RunsList;
use mayfly_api::run::{CodeRun, RUN_NAME, RunCapabilities, RunCode, RunError, RunLimits};
use mayfly_api::scope::Scope;
use mayfly_api::value::Millis;
use mayfly_common::tasks::Tasks;
use mayfly_ledger::{Held, PlaceBounds, Places, TooManyWait};
use mayfly_quota::{ConcurrencyPermit, CpuScheduler};
use mayfly_runtime::{Engine, FUEL_PER_CPU_MS, Limits, ScriptSource, Source};
use mayfly_telemetry::request::RequestContext;
use serde_json::{Value, json};

use crate::agents::AgentTools;
use crate::auth::{AppAgent, as_user};
use crate::deploy;
use crate::functions::FunctionCache;
use crate::invoke::{Allowance, CompiledScript, Invocation, InvocationTerms, Invoker, TriggerEvent};
use crate::logs::{Logs, background_info, entry};
use crate::test_call::{content_of, request_of, shown};

use scripts::{ScriptCache, ScriptKey};

/// What stacks call the code.
const FILE_NAME: &str = "run.ts";
/// Code that is compiled at once, each in a process: an app that compiles already leaves the last to others.
const COMPILING: PlaceBounds = PlaceBounds { total: 4, per_app: 3, reserve: 1, waiting_per_app: 256 };

/// The use case. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Runs {
    parts: Arc<RunParts>,
    scripts: Arc<ScriptCache>,
    compiling: Places,
}

/// What [`Runs`] works with.
#[derive(Debug)]
pub struct RunParts {
    /// Finds the app.
    pub functions: FunctionCache,
    /// Compiles.
    pub engine: Engine,
    /// Compiling is work of the app's.
    pub cpu_scheduler: CpuScheduler,
    /// Runs.
    pub invoker: Invoker,
    /// What `tools` calls.
    pub tools: AgentTools,
    /// Reads records.
    pub logs: Logs,
    /// What a client that goes does not end.
    pub tasks: Tasks,
}

/// Of which app, and by whom.
#[derive(Debug)]
pub struct RunTarget<'a> {
    /// The app.
    pub app: &'a str,
    /// The URL that `req` has.
    pub url: &'a str,
    /// Where error pages are.
    pub base: &'a str,
    /// Who manages the app.
    pub manager: &'a Manager,
    /// In which session of an agent's.
    pub session: Option<AgentSession>,
    /// The request's headers: they may name a user.
    pub headers: &'a HeaderMap,
}

impl Runs {
    /// Over these parts.
    pub fn new(parts: RunParts) -> Self {
        Self { parts: Arc::new(parts), scripts: Arc::default(), compiling: Places::new(COMPILING) }
    }

    /// Run code and wait until all of it is over.
    ///
    /// # Errors
    /// When nothing ran: what is wrong with the request or the code, and what any call fails with.
    pub async fn run(
        &self,
        target: RunTarget<'_>,
        wanted: RunCode,
        context: RequestContext,
        permit: ConcurrencyPermit,
    ) -> ApiResult<CodeRun> {
        let parts = &*self.parts;
        let RunCode { code, input, method, headers, body, limits, capabilities } = wanted;
        let function = parts.functions.of_runs(target.app).await?;
        function.check_paused()?;
        let agent = AppAgent::manager(target.manager.clone(), as_user(target.headers)?)?;
        let agent = AppAgent { session: target.session, ..agent };
        let capabilities = capabilities.map(|capabilities| capabilities.0).unwrap_or_default();
        check_scope(&agent, &capabilities)?;
        let limits = limits_of(limits.map(|limits| limits.0).unwrap_or_default());
        let asked = InvokeFunction { method, path: None, headers, body, wait_background: None };
        let (request, path) = request_of(target.url, asked, None)?;
        let trigger = TriggerEvent::run(json!({ "input": input })).map_err(ApiError::internal)?;
        let tools = agent
            .has(Scope::Invoke)
            .then(|| parts.tools.for_run(target.app, &agent, tools_of(&capabilities)));
        let terms = InvocationTerms {
            allowance: Allowance::of_run(&capabilities),
            limits: Some(limits),
            tools,
            ..InvocationTerms::default()
        };
        let AppAgent { caller, identity, .. } = agent;
        let invocation = Invocation {
            function,
            request,
            path,
            caller,
            identity,
            trigger,
            context,
            permit,
            parent: None,
            terms,
        };
        let invocation = self.compiled(target.app, code.into_string(), invocation).await?;
        let mut running = parts.invoker.start(invocation).await?;
        let answered = match running.response().await {
            Ok(response) => content_of(response, &running.id, &parts.invoker.account(target.app)).await,
            Err(error) => Err(error),
        };
        let (answered, _held) = match answered {
            Ok((status, headers, content, held)) => (Ok((status, headers, content)), held),
            Err(error) => (Err(error), Held::default()),
        };
        if let Some(guard) = running.disconnect_guard() {
            guard.served();
        }
        let invocation_id = running.id.clone();
        let (response, error) = match answered {
            Ok((status, headers, content)) => (Some(shown(status, headers, content)), None),
            Err(error) if error.code() == Code::InternalError => return Err(error),
            Err(error) => (None, Some(told(error, target.base))),
        };
        // Fuel and logs are complete only when `waitUntil` is through.
        let record = running.record().await;
        Ok(CodeRun {
            status: response.as_ref().map(|response| response.status),
            headers: response.as_ref().map(|response| response.headers.clone()).unwrap_or_default(),
            body: response.map_or(Value::Null, |response| response.body),
            logs: record.logs.iter().map(entry).collect(),
            fuel: record.fuel,
            duration_ms: Millis::of_micros(record.duration_us),
            error,
            background: record.background.clone().map(background_info),
            invocation_id,
        })
    }

    /// The invocation with the code's bytecode, and the fuel that making it used now.
    async fn compiled(&self, app: &str, code: String, mut invocation: Invocation) -> ApiResult<Invocation> {
        let key = ScriptCache::key(app, &code);
        if let Some(known) = self.scripts.get(&key) {
            invocation.terms.script = Some(known);
            return Ok(invocation);
        }
        let place = self.compiling.take(app).await.map_err(|TooManyWait| {
            ApiError::new(Code::Overloaded, "too much code of this app waits to be compiled")
        })?;
        let this = self.clone();
        // A client that goes has not saved what compiling takes.
        self.parts
            .tasks
            .attached(async move {
                let _place = place;
                this.compile(key, code, invocation).await
            })
            .await
    }

    async fn compile(
        &self,
        key: ScriptKey,
        code: String,
        mut invocation: Invocation,
    ) -> ApiResult<Invocation> {
        let (parts, begun) = (&*self.parts, Instant::now());
        let source = ScriptSource(Source { file_name: FILE_NAME.to_owned(), code, source_map: None });
        let app = Arc::clone(&invocation.function.function.app_id);
        let limits = invocation.terms.limits.clone().unwrap_or_default();
        let mut spent = 0;
        let compile = parts.engine.compile_script(&source, &limits, &mut spent);
        match parts.cpu_scheduler.run(app, invocation.permit.weight(), compile).await {
            Ok(script) => {
                let script = Arc::new(CompiledScript::new(script));
                self.scripts.put(key, &script);
                invocation.terms.script = Some(script);
                invocation.terms.spent = spent;
                Ok(invocation)
            }
            Err(error) => {
                let error = deploy::refuse(error, spent);
                Err(parts.invoker.refused(invocation, error, spent, begun.elapsed()).await)
            }
        }
    }
}

impl Handler<RunsList> for Runs {
    async fn handle(&self, call: ApiCall<RunsList>) -> ApiResult<LogPage> {
        self.parts.logs.page(&call.context.app, RUN_NAME, &call.query).await
    }
}

fn limits_of(wanted: RunLimits) -> Limits {
    let default = Limits::default();
    Limits {
        fuel: wanted.cpu_limit_ms.map_or(default.fuel, |ms| u64::from(ms.get()) * FUEL_PER_CPU_MS),
        timeout: wanted.timeout_ms.map_or(default.timeout, |ms| Duration::from_millis(ms.get().into())),
        memory_bytes: wanted.memory_limit_mb.map_or(default.memory_bytes, |mb| (mb.get() as usize) << 20),
        ..default
    }
}

/// What calls functions takes the scope that calling one takes.
fn check_scope(agent: &AppAgent, capabilities: &RunCapabilities) -> ApiResult<()> {
    for (name, list) in [("functions", &capabilities.functions), ("enqueue", &capabilities.enqueue)] {
        if list.as_ref().is_some_and(|list| !list.is_empty()) && !agent.has(Scope::Invoke) {
            let text = format!("capabilities.{name}: the key lacks the scope `invoke`");
            return Err(ApiError::new(Code::AuthForbidden, text));
        }
    }
    Ok(())
}

fn tools_of(capabilities: &RunCapabilities) -> Option<Vec<String>> {
    let names = capabilities.tools.as_ref()?;
    Some(names.iter().map(|name| name.to_string()).collect())
}

/// Why code failed, for those who sent it.
fn told(error: ApiError, base: &str) -> RunError {
    let error = error.for_trusted(String::new());
    let code = error.code();
    RunError {
        code: code.as_str().to_owned(),
        message: error.message().to_owned(),
        remediation: code.remediation().to_owned(),
        documentation_url: format!("{base}/errors/{}", code.as_str()),
        stack: error.stack().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_a_function_or_lower() {
        assert_eq!(limits_of(RunLimits::default()), Limits::default());
        let read = |sent: Value| mayfly_api::decode::value::<RunLimits>(sent, "limits");
        let low = limits_of(read(json!({ "timeoutMs": 5, "cpuLimitMs": 2, "memoryLimitMb": 16 })).unwrap());
        assert_eq!(low.timeout, Duration::from_millis(5));
        assert_eq!((low.fuel, low.memory_bytes), (2 * FUEL_PER_CPU_MS, 16 << 20));
        for raised in [
            json!({ "timeoutMs": 30_001 }),
            json!({ "cpuLimitMs": 10_001 }),
            json!({ "memoryLimitMb": 129 }),
            json!({ "timeoutMs": 0 }),
            json!({ "fuel": 1 }),
        ] {
            assert!(read(raised.clone()).is_err(), "{raised}");
        }
    }
}
