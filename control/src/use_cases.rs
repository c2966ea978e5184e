//! `UseCases`: every use case of a server.

mod client_socket;
mod edge;

use std::sync::Arc;

use mayfly_api::routes::Services;
use mayfly_core::admission::Admission;
use mayfly_core::agents::{AgentTools, Agents, ToolServers};
use mayfly_core::apps::Apps;
use mayfly_core::auth::Authenticator;
use mayfly_core::changes::ChangeFeeds;
use mayfly_core::env::Env;
use mayfly_core::explain::Explain;
use mayfly_core::function_management::Functions;
use mayfly_core::functions::FunctionCache;
use mayfly_core::health::Health;
use mayfly_core::invoke::Invoker;
use mayfly_core::keys::Keys;
use mayfly_core::logs::Logs;
use mayfly_core::runs::Runs;
use mayfly_core::schema::Schemas;
use mayfly_core::sql::Sql;
use mayfly_core::storage::Storage;
use mayfly_core::test_call::TestCalls;
use mayfly_core::tokens::Tokens;
use mayfly_core::triggers::cron::CronTriggers;
use mayfly_core::triggers::queue::Queues;
use mayfly_core::triggers::s3_upload::Uploads;
use mayfly_core::triggers::webhook::Webhooks;
use mayfly_core::triggers::websocket::Websockets;
use mayfly_core::triggers::{TriggerRunner, Triggers};
use mayfly_core::usage::Usages;
use mayfly_core::verify::Verify;

/// The use cases of a server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct UseCases(Arc<UseCaseParts>);

/// One field a resource or a step of a call.
#[derive(Debug)]
pub struct UseCaseParts {
    /// Apps and their settings.
    pub apps: Apps,
    /// Keys.
    pub keys: Keys,
    /// End users' tokens.
    pub tokens: Tokens,
    /// Environment variables.
    pub env: Env,
    /// Scripts.
    pub sql: Sql,
    /// Schemas.
    pub schemas: Schemas,
    /// Functions, managed.
    pub functions: Functions,
    /// Triggers of an app.
    pub triggers: Triggers,
    /// Cron triggers.
    pub cron: CronTriggers,
    /// Webhook triggers.
    pub webhooks: Webhooks,
    /// Queues.
    pub queues: Queues,
    /// Upload triggers.
    pub uploads: Uploads,
    /// Tables whose changes sockets follow.
    pub changes: ChangeFeeds,
    /// Buckets, objects, and the S3 endpoint.
    pub storage: Storage,
    /// The way of all triggers to an invocation.
    pub runner: TriggerRunner,
    /// Records.
    pub logs: Logs,
    /// What agents may do.
    pub agents: Agents,
    /// Invocations, explained.
    pub explain: Explain,
    /// Sums of records.
    pub usages: Usages,
    /// Health.
    pub health: Health,
    /// Step 1 of a call: which function.
    pub resolver: FunctionCache,
    /// Step 2: who may.
    pub authenticator: Authenticator,
    /// Step 3: who may now.
    pub admission: Admission,
    /// Step 4: run it.
    pub invoker: Invoker,
    /// Sockets.
    pub websockets: Websockets,
    /// Test calls.
    pub test_calls: TestCalls,
    /// Code that runs once.
    pub runs: Runs,
    /// Functions as tools.
    pub agent_tools: AgentTools,
    /// Other MCP servers.
    pub tool_servers: ToolServers,
    /// Invocations, run again.
    pub verify: Verify,
}

impl UseCases {
    /// Of these parts.
    pub fn new(parts: UseCaseParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl std::ops::Deref for UseCases {
    type Target = UseCaseParts;

    fn deref(&self) -> &UseCaseParts {
        &self.0
    }
}

impl Services for UseCases {
    type HealthHandlers = Health;
    type AppsHandlers = Apps;
    type KeysHandlers = Keys;
    type TokensHandlers = Tokens;
    type EnvHandlers = Env;
    type SqlHandlers = Sql;
    type SchemaHandlers = Schemas;
    type FunctionsHandlers = Functions;
    type RunHandlers = Runs;
    type AgentToolHandlers = AgentTools;
    type McpServerHandlers = ToolServers;
    type TriggersHandlers = Triggers;
    type CronHandlers = CronTriggers;
    type QueueHandlers = Queues;
    type WebhookHandlers = Webhooks;
    type RealtimeHandlers = Self;
    type RealtimeTableHandlers = ChangeFeeds;
    type StorageHandlers = Storage;
    type UploadHandlers = Uploads;
    type LogsHandlers = Logs;
    type InvocationHandlers = Explain;
    type UsageHandlers = Usages;
    type PolicyHandlers = Agents;
    type ApprovalHandlers = Agents;
    type AuditHandlers = Agents;
    type McpHandlers = Self;
    type CallHandlers = Self;

    fn health(&self) -> &Health {
        &self.0.health
    }

    fn apps(&self) -> &Apps {
        &self.0.apps
    }

    fn keys(&self) -> &Keys {
        &self.0.keys
    }

    fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    fn env(&self) -> &Env {
        &self.0.env
    }

    fn sql(&self) -> &Sql {
        &self.0.sql
    }

    fn schemas(&self) -> &Schemas {
        &self.0.schemas
    }

    fn functions(&self) -> &Functions {
        &self.0.functions
    }

    fn runs(&self) -> &Runs {
        &self.0.runs
    }

    fn agent_tools(&self) -> &AgentTools {
        &self.0.agent_tools
    }

    fn mcp_servers(&self) -> &ToolServers {
        &self.0.tool_servers
    }

    fn triggers(&self) -> &Triggers {
        &self.0.triggers
    }

    fn cron(&self) -> &CronTriggers {
        &self.0.cron
    }

    fn queues(&self) -> &Queues {
        &self.0.queues
    }

    fn webhooks(&self) -> &Webhooks {
        &self.0.webhooks
    }

    fn realtime(&self) -> &Self {
        self
    }

    fn realtime_tables(&self) -> &ChangeFeeds {
        &self.0.changes
    }

    fn storage(&self) -> &Storage {
        &self.0.storage
    }

    fn uploads(&self) -> &Uploads {
        &self.0.uploads
    }

    fn logs(&self) -> &Logs {
        &self.0.logs
    }

    fn invocations(&self) -> &Explain {
        &self.0.explain
    }

    fn usages(&self) -> &Usages {
        &self.0.usages
    }

    fn policies(&self) -> &Agents {
        &self.0.agents
    }

    fn approvals(&self) -> &Agents {
        &self.0.agents
    }

    fn audits(&self) -> &Agents {
        &self.0.agents
    }

    fn mcp(&self) -> &Self {
        self
    }

    fn calls(&self) -> &Self {
        self
    }
}
