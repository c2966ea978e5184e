//! What all sessions of a proxy share: the gate, the pins, and the upstream of clients without a session.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mayfly_api::error::{ApiError, Code};
use mayfly_common::tasks::Tasks;
use rmcp::model::{ClientCapabilities, Implementation, ServerConfig, TASKS_EXTENSION_ID};
use rmcp::{Peer, RoleServer};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use crate::gate::ProxyGate;
use crate::open_tasks::OpenTasks;
use crate::pins::{PinState, Pins};
use crate::scan::injections_in;
use crate::settings::UpstreamSettings;
use crate::upstream::{KnownTool, KnownTools, Upstream, UpstreamError};
use crate::visible::visible;

/// Between two attempts to open a connection.
const PAUSE: Duration = Duration::from_secs(1);

/// See the file's head.
#[derive(Debug)]
pub(crate) struct ProxyCommon {
    pub(crate) gate: ProxyGate,
    pub(crate) upstream: UpstreamSettings,
    pub(crate) pins: PathBuf,
    pub(crate) elicit: bool,
    pub(crate) identity: String,
    /// The name of the session on stdin and stdout.
    pub(crate) session: String,
    pub(crate) tasks: Tasks,
    /// Of clients without a session.
    pub(crate) shared: Arc<UpstreamPlace>,
    pub(crate) tell: fn(&str),
    /// What the operator was told, once each.
    pub(crate) said: Mutex<Vec<String>>,
}

/// A place for a connection to the upstream.
#[derive(Debug, Default)]
pub(crate) struct UpstreamPlace {
    connection: AsyncMutex<Connection>,
    /// Calls that go on as tasks.
    pub(crate) tasks: OpenTasks,
    info: Mutex<Option<ServerConfig>>,
}

#[derive(Debug, Default)]
struct Connection {
    open: Option<Arc<Upstream>>,
    failed: Option<(Instant, String)>,
}

/// Who asks for a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asking {
    /// Whom the upstream may ask; `None`: it may ask for nothing.
    pub(crate) client: Option<Peer<RoleServer>>,
    pub(crate) about: Option<(Implementation, ClientCapabilities)>,
    pub(crate) is_modern: bool,
}

impl UpstreamPlace {
    /// What the upstream says of itself, once it was asked.
    pub(crate) fn info(&self) -> Option<ServerConfig> {
        self.info.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ProxyCommon {
    /// The connection of a slot, opened where there is none.
    pub(crate) async fn connection(
        &self,
        slot: &UpstreamPlace,
        asking: Asking,
    ) -> Result<Arc<Upstream>, String> {
        let mut connection = slot.connection.lock().await;
        if let Some(open) = connection.open.as_ref().filter(|open| open.is_open()) {
            return Ok(Arc::clone(open));
        }
        connection.open = None;
        if let Some((at, why)) = &connection.failed
            && at.elapsed() < PAUSE
        {
            return Err(why.clone());
        }
        let mut settings = self.upstream.clone();
        if let Some((client, capabilities)) = asking.about {
            settings.client = client;
            settings.capabilities = capabilities;
        }
        match Upstream::open(&settings, &self.tasks, asking.client, asking.is_modern).await {
            Ok(opened) => {
                let opened = Arc::new(opened);
                connection.open = Some(Arc::clone(&opened));
                connection.failed = None;
                *slot.info.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.shown(&opened));
                Ok(opened)
            }
            Err(why) => {
                self.say(&format!("the upstream {} failed: {}", settings.target.shown(), visible(&why)));
                connection.failed = Some((Instant::now(), why.clone()));
                Err(why)
            }
        }
    }

    /// Why a tool may not be called, whatever the policy says; `None`: it is as it was approved.
    pub(crate) fn refusal(&self, pins: &Pins, known: &KnownTool) -> Option<ApiError> {
        let name = visible(&known.tool.name);
        let text = match pins.compare(&known.tool) {
            PinState::Same => return None,
            PinState::Changed => format!("the tool {name} is not as it was approved"),
            PinState::Unknown => match known.injected.first() {
                Some(why) => {
                    format!("the tool {name} is not pinned, for its definition has injected text: {why}")
                }
                None => format!("the tool {name} is not pinned: the upstream did not have it before"),
            },
        };
        let error = ApiError::new(Code::ToolChanged, text);
        Some(
            error.with_details(serde_json::json!({ "rule": format!("pins.{name}"), "sha256": known.digest })),
        )
    }

    /// The pins as the file has them; the first tools that are seen are pinned, but for those that lie.
    pub(crate) fn pins(&self, tools: &KnownTools) -> Result<Pins, ApiError> {
        let unusable = |error| {
            let text = format!("the pins in {} cannot be used: {error}", self.pins.display());
            ApiError::new(Code::SubsystemUnavailable, text)
        };
        if let Some(pins) = Pins::load(&self.pins).map_err(unusable)? {
            return Ok(pins);
        }
        let clean = tools.list.iter().filter(|known| known.injected.is_empty());
        let pins = Pins::of(clean.map(|known| &known.tool));
        pins.save(&self.pins).map_err(unusable)?;
        self.say(&format!("{} tools are pinned in {}", pins.tools.len(), self.pins.display()));
        for known in tools.list.iter().filter(|known| !known.injected.is_empty()) {
            let why = known.injected.join("; ");
            self.say(&format!("the tool {} is not pinned: {why}", visible(&known.tool.name)));
        }
        Ok(pins)
    }

    /// Tell the operator.
    pub(crate) fn say(&self, text: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() < 1_000 && !said.iter().any(|known| known == text) {
            said.push(text.to_owned());
            (self.tell)(text);
        }
    }

    /// What clients are told of the upstream: what it says, but for what speaks to the model.
    fn shown(&self, upstream: &Upstream) -> ServerConfig {
        let Some(info) = upstream.info() else { return ServerConfig::default() };
        let mut capabilities = info.capabilities.clone();
        // Experiments and extensions are not passed on, for no policy looks at them; but for tasks, which are calls that go on.
        if let Some(extensions) = &mut capabilities.extensions {
            extensions.retain(|name, _| name == TASKS_EXTENSION_ID);
        }
        capabilities.experimental = None;
        let mut config = ServerConfig::new(capabilities);
        config.server_info =
            info.server_info.clone().unwrap_or_else(|| Implementation::new("upstream", "unknown"));
        if let Some(instructions) = &info.instructions {
            let found = injections_in(instructions);
            if found.is_empty() {
                config.instructions = Some(instructions.clone());
            } else {
                self.say(&format!("the upstream's instructions are left out: {}", found.join("; ")));
            }
        }
        config
    }
}

/// What a client is told of an upstream that failed.
pub(crate) fn failed(why: &str) -> ApiError {
    ApiError::new(Code::UpstreamFailed, format!("the server behind the proxy failed: {}", visible(why)))
}

impl UpstreamError {
    /// As the protocol has it.
    pub(crate) fn into_data(self) -> rmcp::ErrorData {
        match self {
            Self::Protocol(error) => error,
            Self::Failed(why) => {
                let error = failed(&why);
                let data = serde_json::json!({ "code": error.code().as_str() });
                rmcp::ErrorData::internal_error(error.message().to_owned(), Some(data))
            }
            Self::Cancelled => rmcp::ErrorData::internal_error("the request was cancelled", None),
        }
    }
}
