//! One connection to an upstream: requests with a deadline, and the tools that it has.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mayfly_common::tasks::Tasks;
use rmcp::model::{
    ClientRequest, ErrorData, ListToolsRequest, PaginatedRequestParams, ProgressToken, ProtocolVersion,
    RequestMetaObject, ServerNotification, ServerPeerInfo, ServerResult, Tool,
};
use rmcp::service::{PeerRequestOptions, RequestContext, ServiceError, ServiceRole};
use rmcp::{Peer, RoleClient, RoleServer};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use crate::cancel::cancel;
use crate::connect::{self, Opened, RunningUpstream};
use crate::fault::UpstreamFault;
use crate::guarded::Passed;
use crate::pins;
use crate::scan::injections;
use crate::settings::UpstreamSettings;
use crate::upstream_handler::UpstreamHandler;

/// Tools of one upstream, and pages that they may be listed in.
pub(crate) const TOOLS_MAX: usize = 1_000;
const PAGES_MAX: usize = 100;
/// Characters of a tool's name.
pub(crate) const NAME_CHARS_MAX: usize = 128;
/// A request that reports progress ends after this many times its deadline.
const DEADLINES_MAX: u32 = 10;
/// What a request of the newest revision says of itself.
const OWN_META: &str = "io.modelcontextprotocol/";

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum UpstreamError {
    /// The upstream says so.
    Protocol(ErrorData),
    /// The upstream is at fault.
    Failed(String),
    /// The client does not want it any more.
    Cancelled,
}

/// A tool as it is now.
#[derive(Debug, Clone)]
pub(crate) struct KnownTool {
    pub(crate) tool: Tool,
    pub(crate) digest: String,
    /// Why its texts are not to be trusted.
    pub(crate) injected: Vec<String>,
}

/// The tools of an upstream, in its order.
#[derive(Debug, Default)]
pub(crate) struct KnownTools {
    pub(crate) list: Vec<KnownTool>,
    places: BTreeMap<String, usize>,
}

type Waiting = Arc<AsyncMutex<HashMap<ProgressToken, (Peer<RoleServer>, ProgressToken)>>>;

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Upstream {
    running: RunningUpstream,
    passing: mpsc::Sender<Passed>,
    fault: UpstreamFault,
    waiting: Waiting,
    tools: Arc<Mutex<Option<Arc<KnownTools>>>>,
    deadline: Duration,
}

impl Upstream {
    /// Open a connection for a client; without one, for all that have no session.
    pub(crate) async fn open(
        settings: &UpstreamSettings,
        tasks: &Tasks,
        client: Option<Peer<RoleServer>>,
        is_modern: bool,
    ) -> Result<Self, String> {
        let handler = UpstreamHandler::new(connect::client_config(settings), client.clone());
        let Opened { running, passed, passing, fault } = connect::open(settings, handler, is_modern).await?;
        let (waiting, tools) = (Waiting::default(), Arc::default());
        tasks.service(pass_on(passed, client, Arc::clone(&waiting), Arc::clone(&tools)));
        Ok(Self { running, passing, fault, waiting, tools, deadline: settings.request_timeout })
    }

    /// What it says of itself.
    pub(crate) fn info(&self) -> Option<Arc<ServerPeerInfo>> {
        self.running.peer().peer_info()
    }

    /// Whether it can still be asked.
    pub(crate) fn is_open(&self) -> bool {
        !self.running.peer().is_transport_closed() && self.fault.reason().is_none()
    }

    /// Ask for something that a client asks for.
    pub(crate) async fn ask(
        &self,
        request: ClientRequest,
        context: &RequestContext<RoleServer>,
    ) -> Result<ServerResult, UpstreamError> {
        let mut meta = context.meta.clone();
        let token = meta.get_progress_token();
        meta.remove("progressToken");
        let is_modern =
            self.info().is_some_and(|info| info.protocol_version >= ProtocolVersion::V_2026_07_28);
        if !is_modern || context.meta.protocol_version().is_none() {
            meta.retain(|name, _| !name.starts_with(OWN_META));
        }
        let client = token.map(|token| (context.peer.clone(), token));
        self.send(request, meta, client, Some(context)).await
    }

    /// Ask for something of our own.
    pub(crate) async fn request(&self, request: ClientRequest) -> Result<ServerResult, UpstreamError> {
        self.send(request, RequestMetaObject::default(), None, None).await
    }

    /// The tools; asked for where they are not known, or may have changed.
    pub(crate) async fn tools(&self, fresh: bool) -> Result<Arc<KnownTools>, UpstreamError> {
        let lock = || self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        if !fresh && let Some(known) = lock().clone() {
            return Ok(known);
        }
        let mut found = KnownTools::default();
        if self.info().is_some_and(|info| info.capabilities.tools.is_some()) {
            let mut cursor = None;
            for page in 0.. {
                if page == PAGES_MAX {
                    return Err(UpstreamError::Failed(format!(
                        "it lists its tools in more than {PAGES_MAX} pages"
                    )));
                }
                let params = cursor.map(|cursor| PaginatedRequestParams::default().with_cursor(Some(cursor)));
                let request = ClientRequest::ListToolsRequest(ListToolsRequest {
                    params,
                    ..ListToolsRequest::default()
                });
                let answer = self.send(request, RequestMetaObject::default(), None, None).await?;
                let ServerResult::ListToolsResult(listed) = answer else {
                    return Err(UpstreamError::Failed("it answers no list of tools".to_owned()));
                };
                listed
                    .tools
                    .into_iter()
                    .try_for_each(|tool| found.add(tool))
                    .map_err(UpstreamError::Failed)?;
                cursor = listed.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
        }
        let found = Arc::new(found);
        *lock() = Some(Arc::clone(&found));
        Ok(found)
    }

    /// Tell it something.
    pub(crate) async fn tell(&self, notification: <RoleClient as ServiceRole>::Not) {
        if let Err(error) = self.running.peer().send_notification(notification).await {
            tracing::debug!(%error, "a message did not reach the upstream");
        }
    }

    async fn send(
        &self,
        request: ClientRequest,
        meta: RequestMetaObject,
        client: Option<(Peer<RoleServer>, ProgressToken)>,
        context: Option<&RequestContext<RoleServer>>,
    ) -> Result<ServerResult, UpstreamError> {
        let options = PeerRequestOptions::with_timeout(self.deadline)
            .with_meta(meta)
            .reset_timeout_on_progress()
            .with_max_total_timeout(self.deadline * DEADLINES_MAX);
        let reports = client.is_some();
        let handle = {
            // Held until the token is known: progress that is there at once waits for it.
            let mut waiting = self.waiting.lock().await;
            let sent = self.running.peer().send_request_with_option(request, options).await;
            let handle = sent.map_err(|error| self.failed(error))?;
            if let Some(client) = client {
                waiting.insert(handle.progress_token.clone(), client);
            }
            handle
        };
        let (id, peer, token) = (handle.id.clone(), handle.peer.clone(), handle.progress_token.clone());
        let cancelled = async {
            match context {
                Some(context) => context.ct.cancelled().await,
                None => std::future::pending().await,
            }
        };
        let answered = tokio::select! {
            answered = handle.await_response() => answered.map_err(|error| self.failed(error)),
            () = cancelled => {
                cancel(&peer, id).await;
                Err(UpstreamError::Cancelled)
            }
        };
        if reports {
            self.flush().await;
            self.waiting.lock().await.remove(&token);
        }
        answered
    }

    /// Wait until all that the upstream said before its answer has gone on.
    async fn flush(&self) {
        let (done, told) = oneshot::channel();
        if self.passing.send(Passed::Flush(done)).await.is_ok() {
            // The connection may have ended meanwhile.
            let _ = told.await;
        }
    }

    fn failed(&self, error: ServiceError) -> UpstreamError {
        match error {
            ServiceError::McpError(error) => UpstreamError::Protocol(error),
            ServiceError::Timeout { timeout } => {
                UpstreamError::Failed(format!("it did not answer within {} s", timeout.as_secs_f64()))
            }
            other => UpstreamError::Failed(self.fault.reason().unwrap_or_else(|| match &other {
                ServiceError::TransportSend(error) => connect::unsent(error),
                other => other.to_string(),
            })),
        }
    }
}

impl KnownTools {
    /// The tool of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&KnownTool> {
        self.list.get(*self.places.get(name)?)
    }

    fn add(&mut self, tool: Tool) -> Result<(), String> {
        if self.list.len() == TOOLS_MAX {
            return Err(format!("it lists more than {TOOLS_MAX} tools"));
        }
        if tool.name.is_empty() || tool.name.chars().count() > NAME_CHARS_MAX {
            return Err(format!("it lists a tool whose name has not 1 to {NAME_CHARS_MAX} characters"));
        }
        if self.places.insert(tool.name.to_string(), self.list.len()).is_some() {
            return Err(format!("it lists the tool {} twice", crate::visible::visible(&tool.name)));
        }
        self.list.push(KnownTool { digest: pins::digest(&tool), injected: injections(&tool), tool });
        Ok(())
    }
}

/// Pass on what the upstream says, in order.
async fn pass_on(
    mut passed: mpsc::Receiver<Passed>,
    client: Option<Peer<RoleServer>>,
    waiting: Waiting,
    tools: Arc<Mutex<Option<Arc<KnownTools>>>>,
) {
    while let Some(next) = passed.recv().await {
        let said = match next {
            Passed::Said(said) => *said,
            Passed::Flush(done) => {
                // The one who waits may have gone.
                let _ = done.send(());
                continue;
            }
        };
        let (to, said) = match said {
            ServerNotification::ProgressNotification(mut progress) => {
                let found = waiting.lock().await.get(&progress.params.progress_token).cloned();
                let Some((peer, token)) = found else { continue };
                progress.params.progress_token = token;
                (Some(peer), ServerNotification::ProgressNotification(progress))
            }
            // It is about a number that the client does not know.
            ServerNotification::CancelledNotification(_) => continue,
            ServerNotification::ToolListChangedNotification(_) => {
                *tools.lock().unwrap_or_else(PoisonError::into_inner) = None;
                (client.clone(), said)
            }
            _ => (client.clone(), said),
        };
        if let Some(to) = to
            && let Err(error) = to.send_notification(said).await
        {
            tracing::debug!(%error, "a message did not reach the client");
        }
    }
}
