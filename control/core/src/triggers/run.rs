//! `TriggerRunner`: the one way from a trigger to an invocation, whatever its kind.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use mayfly_api::error::{ApiError, Code};
use mayfly_api::ids;
use mayfly_runtime::Request;
use mayfly_store::InvocationRecord;
use mayfly_telemetry::request::RequestContext;
use mayfly_tenant_db::identity::Identity;

use crate::admission::Admission;
use crate::auth::Caller;
use crate::functions::{FunctionCache, choose_version};
use crate::invoke::{Invocation, InvocationTerms, Invoker, Running, TriggerEvent};

/// Starts functions for triggers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TriggerRunner {
    /// Finds the function.
    pub functions: FunctionCache,
    /// The app's limits count for its triggers, too.
    pub admission: Admission,
    /// Runs it.
    pub invoker: Invoker,
    /// The address that callers use, without a slash at its end.
    pub base: Arc<str>,
}

/// What a trigger starts, and for whom.
#[derive(Debug)]
pub(crate) struct Fired {
    /// What fired.
    pub(crate) trigger: TriggerEvent,
    /// What the function is asked.
    pub(crate) request: Request,
    /// `ctx.caller`
    pub(crate) caller: Caller,
    /// The database role that it runs as.
    pub(crate) identity: Identity,
    /// Where it came from.
    pub(crate) peer: IpAddr,
}

impl Fired {
    /// A trigger that fired for no user: the function runs as the service role.
    fn by_itself(trigger: TriggerEvent, request: Request, peer: IpAddr) -> Self {
        Self { trigger, request, caller: Caller::trigger(), identity: Identity::Service, peer }
    }
}

/// Why a trigger started nothing.
#[derive(Debug)]
pub(crate) enum NotStarted {
    /// The function is gone.
    Gone,
    /// The app is paused or closed.
    Paused,
    /// Not now: limits, or a subsystem that is down.
    Later(ApiError),
    /// It would fail again.
    Failed(ApiError),
}

impl TriggerRunner {
    /// The function's URL.
    pub(crate) fn url(&self, app: &str, name: &str) -> String {
        format!("{}/v1/{app}/fn/{name}", self.base)
    }

    /// Start a function as the service role, without a user. No client waits for it.
    pub(crate) async fn start(
        &self,
        app: &str,
        name: &str,
        trigger: TriggerEvent,
        request: Request,
    ) -> Result<Running, NotStarted> {
        // No client: the node itself.
        let fired = Fired::by_itself(trigger, request, IpAddr::V4(Ipv4Addr::LOCALHOST));
        self.start_for(app, name, fired).await
    }

    /// Start a function for the one who made its trigger fire.
    pub(crate) async fn start_for(&self, app: &str, name: &str, fired: Fired) -> Result<Running, NotStarted> {
        let context = RequestContext {
            id: ids::request_id().into(),
            peer: fired.peer,
            received_at: Instant::now(),
            trace: None,
        };
        self.begin(context, app, name, fired).await
    }

    /// Start a function for a client's request, whose context it goes on in.
    pub(crate) async fn start_in(
        &self,
        context: RequestContext,
        app: &str,
        name: &str,
        trigger: TriggerEvent,
        request: Request,
    ) -> Result<Running, NotStarted> {
        let fired = Fired::by_itself(trigger, request, context.peer);
        self.begin(context, app, name, fired).await
    }

    async fn begin(
        &self,
        context: RequestContext,
        app: &str,
        name: &str,
        fired: Fired,
    ) -> Result<Running, NotStarted> {
        let Fired { trigger, request, caller, identity, peer: _ } = fired;
        let found = self.functions.by_name(app, name).await.map_err(NotStarted::of)?;
        let function = found.ok_or(NotStarted::Gone)?;
        function.check_paused().map_err(NotStarted::of)?;
        let counted = self.admission.count(app).await.map_err(NotStarted::of)?;
        let permit = self.admission.enter(counted).await.map_err(NotStarted::of)?.slot;
        let path = url::Url::parse(&request.url).map(|url| url.path().to_owned()).unwrap_or_default();
        let invocation = Invocation {
            function: choose_version(function, caller.user_id.as_deref()),
            request,
            path,
            caller,
            identity,
            trigger,
            context,
            permit,
            parent: None,
            terms: InvocationTerms::default(),
        };
        self.invoker.start(invocation).await.map_err(NotStarted::of)
    }
}

impl NotStarted {
    /// What an error of the way to an invocation means.
    pub(crate) fn of(error: ApiError) -> Self {
        match error.code() {
            Code::AppPaused | Code::AppClosed => Self::Paused,
            Code::QuotaRateLimit | Code::ConcurrencyLimit | Code::Overloaded | Code::SubsystemUnavailable => {
                Self::Later(error)
            }
            _ => Self::Failed(error),
        }
    }
}

/// Wait until all of an invocation is over, its background phase included. Its response's body is read and dropped.
pub(crate) async fn finish(mut running: Running) -> Arc<InvocationRecord> {
    /// A longer body breaks off: no client reads it.
    const BODY_BYTES_MAX: usize = 32 << 20;
    if let Ok(response) = running.response().await
        && let Some(body) = response.body
        && body.collect(BODY_BYTES_MAX).await.is_ok()
        && let Some(guard) = running.disconnect_guard()
    {
        guard.served();
    }
    running.record().await
}

/// Why an invocation counts as failed: code and message; `None`: it succeeded.
pub(crate) fn failure(record: &InvocationRecord) -> Option<(String, String)> {
    match (&record.error_code, record.status) {
        (Some(code), _) => Some((code.clone(), stored(record.error_message.as_deref().unwrap_or_default()))),
        (None, Some(status)) if status >= 400 => {
            let code = Code::FunctionStatus.as_str().to_owned();
            Some((code, format!("the function answered with status {status}")))
        }
        (None, _) => None,
    }
}

/// As a failure is kept that no invocation had.
pub(crate) fn refusal(error: &ApiError) -> (String, String) {
    (error.code().as_str().to_owned(), stored(error.message()))
}

/// PostgreSQL stores no NUL, which a thrown message may have.
fn stored(message: &str) -> String {
    message.replace('\0', "\u{fffd}")
}
