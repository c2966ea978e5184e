//! THE route table: everything that is known of a route is derived from its row.
//!
//! A row is: doc comment (the summary), name, method, path, who may, body limit, query, body, answer, the error
//! codes beside those that follow from the row, and the MCP tool where the route is one. From it come dispatch, 405 and
//! `Allow`, authorization, `openapi.json`, the tables of `docs/API.md`, and the command line's client.

mod find;
mod macros;

use http::Method;

use crate::access::Requirement;
use crate::decode::Nothing;
use crate::endpoint::{EmptyBody, Endpoint, Handler, Json, OptionalJson, RawCall, RequestBody as _, serve};
use crate::error::{ApiError, ApiResult, Code};
use crate::route::{BodyLimit, Route};
use crate::scope::Scope;
use crate::{
    agent_tools, approvals, apps, audit, config, cron, env, functions, health, invocations, keys, logs, mcp,
    mcp_servers, policies, queues, realtime, rls, run, schema, sql, storage, tokens, triggers, uploads,
    usage, webhooks,
};

pub use find::{Found, RouteError, app_of_path, called_app, find, s3_app};

macros::routes! {
    health: HealthHandlers {
        /// Says that the process answers.
        Live = GET "/livez", Open, Small, Nothing, EmptyBody => 200 json health::Liveness, [];
        /// Says whether work can be sent to this node, and which subsystem is down.
        Ready = GET "/readyz", Open, Small, Nothing, EmptyBody
            => 200 special "application/json" health::Readiness, [];
        /// The page about an error code.
        ErrorPage = GET "/errors/{code}", Open, Small, Nothing, EmptyBody
            => 200 special "text/markdown; charset=utf-8" String, [ResourceNotFound];
        /// This description.
        OpenApi = GET "/openapi.json", Open, Small, Nothing, EmptyBody
            => 200 special "application/json" serde_json::Map<String, serde_json::Value>, [];
    }
    apps: AppsHandlers {
        /// Lists all apps.
        AppsList = GET "/v1/apps", Admin, Small, Nothing, EmptyBody
            => 200 json apps::AppList, [], tool "manage_app" "list";
        /// Makes an app: its database, its roles and its first keys.
        AppsCreate = POST "/v1/apps", Admin, Small, Nothing, Json<apps::CreateApp>
            => 201 json apps::CreatedApp, [ResourceConflict, SecretsUnavailable, StorageFull], tool "manage_app" "create";
        /// Shows an app.
        AppsGet = GET "/v1/apps/{app}", Admin, Small, Nothing, EmptyBody
            => 200 json apps::AppInfo, [ResourceNotFound], tool "manage_app" "get";
        /// Deletes an app and drops its database.
        AppsDelete = DELETE "/v1/apps/{app}", Admin, Small, apps::DeleteApp, EmptyBody
            => 200 json apps::Success, [ResourceNotFound, StatePrerequisiteMissing, ResourceConflict],
            tool "manage_app" "delete";
        /// Shows what an app is set to: everything but secrets.
        ConfigGet = GET "/v1/{app}/config", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json config::ConfigInfo, [], tool "manage_app" "get_config";
        /// Changes what an app is set to: kill switch, origins, egress, limits, token issuers, hosts.
        ConfigPatch = PATCH "/v1/{app}/config", App(Scope::Deploy), Large, Nothing, Json<config::PatchConfig>
            => 200 json config::ConfigInfo, [ResourceConflict, SecretsUnavailable, StorageFull], tool "manage_app" "update_config";
    }
    keys: KeysHandlers {
        /// Lists an app's keys, without the keys.
        KeysList = GET "/v1/{app}/keys", App(Scope::Read), Small, Nothing, EmptyBody => 200 json keys::KeyList, [];
        /// Makes a key, which is shown this once. A key can only grant scopes that it has.
        KeysCreate = POST "/v1/{app}/keys", App(Scope::Deploy), Small, Nothing, OptionalJson<keys::CreateKey>
            => 201 json keys::CreatedKey, [StorageFull];
        /// Revokes a key: it is refused from the next request on.
        KeysRevoke = DELETE "/v1/{app}/keys/{key}", App(Scope::Deploy), Small, Nothing, EmptyBody
            => 200 json apps::Success, [];
    }
    tokens: TokensHandlers {
        /// The public keys that an app's tokens are verified with.
        Jwks = GET "/auth/{app}/.well-known/jwks.json", Open, Small, Nothing, EmptyBody
            => 200 json tokens::KeySetDocument, [ResourceNotFound, SecretsUnavailable];
        /// Makes a token for an end user.
        TokensMint = POST "/v1/{app}/auth/tokens", App(Scope::Invoke), Small, Nothing, Json<tokens::MintToken>
            => 200 json tokens::MintedToken, [SecretsUnavailable];
        /// Lists an app's signing keys.
        SigningKeysList = GET "/v1/{app}/auth/keys", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json tokens::SigningKeyList, [SecretsUnavailable];
        /// Registers a key whose private half the app has itself.
        SigningKeysImport = POST "/v1/{app}/auth/keys", App(Scope::Deploy), Small, Nothing, Json<tokens::ImportSigningKey>
            => 201 json tokens::SigningKeyInfo, [ResourceConflict, SecretsUnavailable, StorageFull];
        /// Lets a new key sign; the present one goes on verifying for a while.
        SigningKeysRotate = POST "/v1/{app}/auth/keys/rotate", App(Scope::Deploy), Small, Nothing,
            OptionalJson<tokens::RotateSigningKey>
            => 201 json tokens::SigningKeyInfo, [ResourceConflict, SecretsUnavailable, StorageFull];
        /// Removes a key: what it signed is refused from the next request on.
        SigningKeysRemove = DELETE "/v1/{app}/auth/keys/{kid}", App(Scope::Deploy), Small, Nothing, EmptyBody
            => 200 json apps::Success, [StatePrerequisiteMissing];
    }
    env: EnvHandlers {
        /// Lists the names of an app's variables.
        EnvGet = GET "/v1/{app}/env", App(Scope::Read), Small, Nothing, EmptyBody => 200 json env::EnvNames, [];
        /// Changes an app's variables: those that are named.
        EnvPatch = PATCH "/v1/{app}/env", App(Scope::Deploy), Large, Nothing, Json<env::PatchEnv>
            => 200 json env::EnvUpdated, [SecretsUnavailable, StorageFull];
        /// Changes a function's variables: those that are named.
        FunctionEnvPatch = PATCH "/v1/{app}/functions/{name}/env", App(Scope::Deploy), Large, Nothing, Json<env::PatchEnv>
            => 200 json env::EnvUpdated, [SecretsUnavailable, StorageFull], tool "manage_function" "update_env";
    }
    sql: SqlHandlers {
        /// Runs a script as the app's owner, in one transaction, and records it.
        SqlRun = POST "/v1/{app}/sql", App(Scope::Schema), Large, Nothing, Json<sql::RunSql>
            => 200 json sql::SqlApplied,
            [ResourceConflict, PayloadTooLarge, SchemaMigrationFailed, StatePrerequisiteMissing, AppClosed, StorageFull];
    }
    schemas: SchemaHandlers {
        /// Shows an app's schema as a declaration.
        SchemaGet = GET "/v1/{app}/schema", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json schema::SchemaState, [PayloadTooLarge, StatePrerequisiteMissing, AppClosed], tool "manage_schema" "get";
        /// Brings an app to a declared schema, or shows what that would take.
        SchemaApply = POST "/v1/{app}/schema/apply", App(Scope::Schema), Large, Nothing, Json<schema::ApplySchema>
            => 200 json schema::SchemaApplied,
            [PayloadTooLarge, QuotaTableLimit, ResourceConflict, SchemaMigrationFailed, StatePrerequisiteMissing, AppClosed, StorageFull],
            tool "manage_schema" "apply";
        /// Goes back to a recorded schema, or shows what that would take.
        SchemaRollback = POST "/v1/{app}/schema/rollback", App(Scope::Schema), Small, Nothing, Json<schema::RollBackSchema>
            => 200 json schema::SchemaApplied,
            [PayloadTooLarge, QuotaTableLimit, ResourceConflict, SchemaMigrationFailed, StatePrerequisiteMissing, AppClosed, StorageFull],
            tool "manage_schema" "rollback";
        /// Lists what was done to an app's schema, newest first.
        MigrationsList = GET "/v1/{app}/migrations", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json schema::MigrationList, [StatePrerequisiteMissing, AppClosed], tool "manage_schema" "list_migrations";
        /// Lists the policies, and the tables with row-level security.
        RlsList = GET "/v1/{app}/rls", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json rls::PolicyList, [PayloadTooLarge, StatePrerequisiteMissing, AppClosed];
        /// Lets users see and change their own rows of a table.
        RlsIsolate = POST "/v1/{app}/rls", App(Scope::Schema), Small, Nothing, Json<rls::IsolateUsers>
            => 200 json rls::PoliciesChanged, [ResourceConflict, SchemaMigrationFailed, StatePrerequisiteMissing, AppClosed, StorageFull];
        /// Turns row-level security on for a table.
        RlsEnable = POST "/v1/{app}/rls/enable", App(Scope::Schema), Small, Nothing, Json<rls::EnableRls>
            => 200 json rls::PoliciesChanged, [ResourceConflict, SchemaMigrationFailed, StatePrerequisiteMissing, AppClosed, StorageFull];
        /// Makes a policy.
        PolicyCreate = POST "/v1/{app}/rls/policies", App(Scope::Schema), Small, Nothing, Json<rls::CreatePolicy>
            => 200 json rls::PoliciesChanged, [ResourceConflict, SchemaMigrationFailed, StatePrerequisiteMissing, AppClosed, StorageFull];
        /// Says of rows why a user sees them, or not.
        RlsExplain = POST "/v1/{app}/rls/explain", App(Scope::Schema), Small, Nothing, Json<rls::ExplainRows>
            => 200 json rls::RowsExplained, [SchemaMigrationFailed, StatePrerequisiteMissing, AppClosed];
        /// Changes a policy; what is left out stays.
        PolicyAlter = PATCH "/v1/{app}/rls/policies/{policy}", App(Scope::Schema), Small, Nothing, Json<rls::AlterPolicy>
            => 200 json rls::PoliciesChanged, [ResourceConflict, SchemaMigrationFailed, StatePrerequisiteMissing, AppClosed, StorageFull];
        /// Turns row-level security off for a table.
        RlsDisable = DELETE "/v1/{app}/rls/{table}", App(Scope::Schema), Small, Nothing, EmptyBody
            => 200 json rls::PoliciesChanged, [ValidationInvalidSchema, ResourceConflict, SchemaMigrationFailed, StatePrerequisiteMissing, AppClosed, StorageFull];
        /// Drops a policy.
        PolicyDrop = DELETE "/v1/{app}/rls/{table}/{policy}", App(Scope::Schema), Small, Nothing, EmptyBody
            => 200 json rls::PoliciesChanged, [ValidationInvalidSchema, ResourceConflict, SchemaMigrationFailed, StatePrerequisiteMissing, AppClosed, StorageFull];
    }
    functions: FunctionsHandlers {
        /// Lists an app's functions.
        FunctionsList = GET "/v1/{app}/functions", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json functions::FunctionList, [], tool "manage_function" "list";
        /// Deploys a function, or another version of it.
        FunctionsDeploy = POST "/v1/{app}/functions", App(Scope::Deploy), Large, Nothing, Json<functions::DeployFunction>
            => 200 json functions::DeployedFunction,
            [ValidationInvalidCode, ValidationTriggerUnavailable, ResourceConflict, SecretsUnavailable, StorageFull],
            tool "deploy_function" "";
        /// Shows a function: its code, settings, and the names of its variables.
        FunctionsGet = GET "/v1/{app}/functions/{name}", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json functions::FunctionDetails, [], tool "manage_function" "get";
        /// Deletes a function and its variables. Deleting what is not there is fine.
        FunctionsDelete = DELETE "/v1/{app}/functions/{name}", App(Scope::Deploy), Small, Nothing, EmptyBody
            => 200 json apps::Success, [], tool "manage_function" "delete";
        /// Changes settings of a function, or rolls a version out.
        FunctionSettingsPatch = PATCH "/v1/{app}/functions/{name}/settings", App(Scope::Deploy), Small, Nothing,
            Json<functions::PatchSettings>
            => 200 json functions::SettingsUpdated, [ResourceConflict, StatePrerequisiteMissing, StorageFull],
            tool "manage_function" "update_settings";
        /// Lists a function's versions, newest first.
        VersionsList = GET "/v1/{app}/functions/{name}/versions", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json functions::VersionList, [], tool "manage_function" "versions";
        /// Lets an older version serve again.
        FunctionsRollback = POST "/v1/{app}/functions/{name}/rollback", App(Scope::Deploy), Small, Nothing,
            OptionalJson<functions::RollBack>
            => 200 json functions::DeployedFunction, [ResourceConflict, StatePrerequisiteMissing, StorageFull],
            tool "manage_function" "rollback";
        /// Calls a function as the service role, and shows its response, logs and fuel.
        FunctionsInvoke = POST "/v1/{app}/functions/{name}/invoke", App(Scope::Invoke), Large, Nothing,
            OptionalJson<functions::InvokeFunction>
            => 200 special "application/json" functions::Invoked,
            [AuthImpersonationDisabled, AppPaused, AppClosed, QuotaRateLimit, ConcurrencyLimit, FunctionThrew, FunctionNoResponse,
             FunctionHung, FunctionCpuLimit, FunctionMemoryLimit, AppMemoryLimit, FunctionStackOverflow, FunctionTrapped, FunctionOutputLimit,
             FunctionTimeout, SecretsUnavailable],
            tool "invoke_function" "";
    }
    runs: RunHandlers {
        /// Runs code once, and shows its response, logs and fuel. Nothing of it is kept but the record.
        RunCode = POST "/v1/{app}/run", App(Scope::Run), Large, Nothing, Json<run::RunCode>
            => 200 special "application/json" run::CodeRun,
            [ValidationInvalidCode, AppPaused, AppClosed, QuotaRateLimit, ConcurrencyLimit, SecretsUnavailable],
            tool "run_code" "";
        /// Records of code that ran once, newest first, in pages.
        RunsList = GET "/v1/{app}/run", App(Scope::Read), Small, logs::GetLogs, EmptyBody
            => 200 json logs::LogPage, [];
    }
    agent_tools: AgentToolHandlers {
        /// Lists the functions that are tools of agents, and declares them for TypeScript.
        AgentToolsList = GET "/v1/{app}/tools", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json agent_tools::AgentToolList, [];
    }
    mcp_servers: McpServerHandlers {
        /// Lists the other MCP servers whose tools code that runs once may call, with the tools that were approved.
        McpServersList = GET "/v1/{app}/mcp-servers", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json mcp_servers::McpServerList, [];
        /// Asks a server for its tools, and compares them with what was approved.
        McpServerGet = GET "/v1/{app}/mcp-servers/{server}", App(Scope::Deploy), Small, Nothing, EmptyBody
            => 200 json mcp_servers::McpServerInfo, [ResourceNotFound, UpstreamFailed, SecretsUnavailable];
        /// Names a server, and approves its tools as they are now, but for those with injected text.
        McpServerSet = PUT "/v1/{app}/mcp-servers/{server}", App(Scope::Deploy), Small, Nothing, Json<mcp_servers::SetMcpServer>
            => 200 json mcp_servers::McpServerInfo, [ResourceConflict, UpstreamFailed, SecretsUnavailable, StorageFull];
        /// Removes a server.
        McpServerDelete = DELETE "/v1/{app}/mcp-servers/{server}", App(Scope::Deploy), Small, Nothing, EmptyBody
            => 200 json apps::Success, [];
        /// Approves tools of a server as they are now.
        McpToolsApprove = POST "/v1/{app}/mcp-servers/{server}/approve", App(Scope::Deploy), Small, Nothing,
            Json<mcp_servers::ApproveMcpTools>
            => 200 json mcp_servers::McpServerInfo,
            [ResourceNotFound, ResourceConflict, UpstreamFailed, SecretsUnavailable, StorageFull];
    }
    triggers: TriggersHandlers {
        /// Lists the triggers of all functions, with their next and last run.
        TriggersList = GET "/v1/{app}/triggers", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json triggers::TriggerList, [], tool "manage_triggers" "list";
    }
    cron: CronHandlers {
        /// Shows a cron trigger: its next 10 slots, and what became of the last 100.
        CronGet = GET "/v1/{app}/functions/{name}/cron", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json cron::CronInfo, [], tool "manage_triggers" "cron";
        /// Runs a function now, as a slot beside its schedule; the answer comes before the run.
        CronRun = POST "/v1/{app}/functions/{name}/cron/run", App(Scope::Invoke), Small, Nothing, EmptyBody
            => 202 json cron::SlotInfo, [ResourceConflict, StatePrerequisiteMissing, StorageFull], tool "manage_triggers" "cron_run";
    }
    webhooks: WebhookHandlers {
        /// Takes a delivery of a provider: verified, kept, then run once. Its signature is its credential.
        WebhookDeliver = POST "/v1/{app}/webhook/{name}", Open, Large, Nothing, EmptyBody
            => 200 special "*/*" webhooks::DeliveryAccepted,
            [AuthInvalidSignature, AuthForbidden, AppPaused, AppClosed, IdempotencyConflict, IdempotencyMismatch, QuotaRateLimit,
             ConcurrencyLimit, FunctionThrew, FunctionNoResponse, FunctionHung, FunctionCpuLimit, FunctionMemoryLimit, AppMemoryLimit,
             FunctionStackOverflow, FunctionTrapped, FunctionOutputLimit, FunctionTimeout, SecretsUnavailable, StorageFull];
        /// Lists what came to a function's webhook trigger, newest first, in pages.
        WebhookDeliveriesList = GET "/v1/{app}/functions/{name}/webhook/deliveries", App(Scope::Read), Small,
            webhooks::ListDeliveries, EmptyBody
            => 200 json webhooks::DeliveryPage, [], tool "manage_triggers" "deliveries";
        /// Shows a delivery, and what became of it.
        WebhookDeliveryGet = GET "/v1/{app}/functions/{name}/webhook/deliveries/{delivery}", App(Scope::Read), Small,
            Nothing, EmptyBody
            => 200 json webhooks::DeliveryInfo, [], tool "manage_triggers" "delivery";
        /// Runs a delivery that has ended once more; the answer comes before the run.
        WebhookDeliveryReplay = POST "/v1/{app}/functions/{name}/webhook/deliveries/{delivery}/replay",
            App(Scope::Invoke), Small, Nothing, EmptyBody
            => 202 json webhooks::DeliveryInfo, [ResourceConflict, StatePrerequisiteMissing, StorageFull],
            tool "manage_triggers" "replay";
    }
    queues: QueueHandlers {
        /// Lists an app's queues, with what is set for them and how many jobs are in which state.
        QueuesList = GET "/v1/{app}/queues", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json queues::QueueList, [], tool "manage_queues" "list";
        /// Changes what is set for a function's queue.
        QueuePatch = PATCH "/v1/{app}/queues/{name}", App(Scope::Deploy), Small, Nothing, Json<queues::PatchQueue>
            => 200 json queues::QueueSettingsInfo, [StorageFull], tool "manage_queues" "update";
        /// Lists a queue's jobs, newest first, in pages.
        JobsList = GET "/v1/{app}/queues/{name}/jobs", App(Scope::Read), Small, queues::ListJobs, EmptyBody
            => 200 json queues::JobPage, [], tool "manage_queues" "jobs";
        /// Stores a job for a function; the answer comes before it runs.
        JobEnqueue = POST "/v1/{app}/queues/{name}/jobs", App(Scope::Invoke), Large, Nothing, Json<queues::EnqueueJob>
            => 202 json queues::EnqueuedJob, [PayloadTooLarge, StorageFull], tool "manage_queues" "enqueue";
        /// Shows a job, with its payload and what became of it.
        JobGet = GET "/v1/{app}/queues/{name}/jobs/{job}", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json queues::JobInfo, [], tool "manage_queues" "job";
        /// Runs a job that has ended once more, with all its attempts; the answer comes before it runs.
        JobReplay = POST "/v1/{app}/queues/{name}/jobs/{job}/replay", App(Scope::Invoke), Small, Nothing, EmptyBody
            => 202 json queues::JobInfo, [ResourceConflict, StorageFull], tool "manage_queues" "replay";
        /// Cancels a job that waits.
        JobCancel = DELETE "/v1/{app}/queues/{name}/jobs/{job}", App(Scope::Invoke), Small, Nothing, EmptyBody
            => 200 json queues::JobInfo, [ResourceConflict], tool "manage_queues" "cancel";
    }
    realtime: RealtimeHandlers {
        /// Opens a websocket: frames run functions, and channels carry messages between clients.
        RealtimeOpen = GET "/v1/{app}/realtime", Client, Small, realtime::OpenRealtime, EmptyBody
            => 101 special "*/*" String, [AuthForbidden, UpgradeRequired];
    }
    realtime_tables: RealtimeTableHandlers {
        /// Lists the tables whose changes sockets can follow.
        RealtimeTablesList = GET "/v1/{app}/realtime/tables", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json realtime::RealtimeTableList, [], tool "manage_realtime" "list";
        /// Switches a table on for the change feed: sockets that subscribe to it are told of the rows that they may see.
        RealtimeTableEnable = PUT "/v1/{app}/realtime/tables/{table}", App(Scope::Deploy), Small, Nothing, EmptyBody
            => 200 json realtime::RealtimeTableInfo, [ResourceConflict, StorageFull], tool "manage_realtime" "enable";
        /// Switches a table off, and says which are left. Its subscribers are told within ten seconds.
        RealtimeTableDisable = DELETE "/v1/{app}/realtime/tables/{table}", App(Scope::Deploy), Small, Nothing, EmptyBody
            => 200 json realtime::RealtimeTableList, [ResourceConflict], tool "manage_realtime" "disable";
    }
    storage: StorageHandlers {
        /// Shows what an app stores: its buckets, objects and bytes, and the endpoint for clients of S3.
        StorageGet = GET "/v1/{app}/storage", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json storage::StorageInfo, [], tool "manage_storage" "get";
        /// Makes a bucket.
        BucketsCreate = POST "/v1/{app}/storage/buckets", App(Scope::Deploy), Small, Nothing, Json<storage::CreateBucket>
            => 201 json storage::BucketInfo, [QuotaStorageLimit, StorageFull], tool "manage_storage" "create_bucket";
        /// Deletes a bucket that is empty.
        BucketsDelete = DELETE "/v1/{app}/storage/buckets/{bucket}", App(Scope::Deploy), Small, Nothing, EmptyBody
            => 200 json apps::Success, [ResourceConflict], tool "manage_storage" "delete_bucket";
        /// Lists objects of a bucket by key, in pages.
        ObjectsList = GET "/v1/{app}/storage/buckets/{bucket}/objects", App(Scope::Read), Small, storage::ListObjects, EmptyBody
            => 200 json storage::ObjectList, [], tool "manage_storage" "list_objects";
        /// Makes a URL with which an object is read or written without a key.
        StoragePresign = POST "/v1/{app}/storage/presign", App(Scope::Deploy), Small, Nothing, Json<storage::PresignObject>
            => 200 json storage::PresignedUrl, [QuotaStorageLimit, SecretsUnavailable, StorageFull], tool "manage_storage" "presign";
        /// Lists the access keys of the S3 endpoint, without their secrets.
        StorageKeysList = GET "/v1/{app}/storage/keys", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json storage::StorageKeyList, [];
        /// Makes an access key for the S3 endpoint; its secret is shown this once.
        StorageKeysCreate = POST "/v1/{app}/storage/keys", App(Scope::Deploy), Small, Nothing,
            OptionalJson<storage::CreateStorageKey>
            => 201 json storage::CreatedStorageKey, [QuotaStorageLimit, SecretsUnavailable, StorageFull];
        /// Revokes an access key: what it signed is refused from the next request on.
        StorageKeysRevoke = DELETE "/v1/{app}/storage/keys/{access_key}", App(Scope::Deploy), Small, Nothing, EmptyBody
            => 200 json apps::Success, [];
        /// The S3 endpoint: a request is signed with an access key, and answered as S3 does, errors too.
        S3 = ANY "/v1/{app}/s3[/*]", Open, Streamed, Nothing, EmptyBody
            => 200 special "*/*" String, [];
    }
    uploads: UploadHandlers {
        /// Lists the objects that fired a function's upload trigger, newest first, in pages.
        UploadsList = GET "/v1/{app}/functions/{name}/uploads", App(Scope::Read), Small, uploads::ListUploads, EmptyBody
            => 200 json uploads::UploadEventPage, [], tool "manage_storage" "uploads";
        /// Shows an upload event, and what became of it.
        UploadGet = GET "/v1/{app}/functions/{name}/uploads/{upload}", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json uploads::UploadEventInfo, [], tool "manage_storage" "upload";
        /// Runs an upload event that has ended once more; the answer comes before the run.
        UploadReplay = POST "/v1/{app}/functions/{name}/uploads/{upload}/replay", App(Scope::Invoke), Small, Nothing, EmptyBody
            => 202 json uploads::UploadEventInfo, [ResourceConflict, StatePrerequisiteMissing, StorageFull],
            tool "manage_storage" "upload_replay";
        /// Takes the event notifications of another S3 server; the answer comes when they are durable.
        S3EventsTell = POST "/v1/{app}/s3-events", App(Scope::Invoke), Large, Nothing, Json<uploads::S3Notification>
            => 202 json uploads::EventsTaken, [StorageFull];
    }
    logs: LogsHandlers {
        /// Records of a function's invocations, newest first, in pages.
        LogsGet = GET "/v1/{app}/functions/{name}/logs", App(Scope::Read), Small, logs::GetLogs, EmptyBody
            => 200 json logs::LogPage, [], tool "manage_function" "get_logs";
        /// Records as they come, as server-sent events; `Last-Event-ID` resumes.
        LogsStream = GET "/v1/{app}/functions/{name}/logs/stream", App(Scope::Read), Small, logs::TailLogs, EmptyBody
            => 200 special "text/event-stream" String, [];
    }
    invocations: InvocationHandlers {
        /// Explains how an invocation failed: its error, what the last deploy changed, what row-level security says.
        InvocationExplain = GET "/v1/{app}/invocations/{invocation}/explain", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json invocations::InvocationExplained, [], tool "explain_failure" "";
    }
    usages: UsageHandlers {
        /// Sums of an app's invocation records, by function or by day.
        UsageGet = GET "/v1/{app}/usage", App(Scope::Read), Small, usage::GetUsage, EmptyBody
            => 200 json usage::UsageReport, [];
        /// Runs a recorded invocation again, to see whether its fuel was what was charged.
        UsageVerify = POST "/v1/{app}/usage/verify", App(Scope::Invoke), Small, Nothing, Json<usage::VerifyUsage>
            => 200 special "application/json" usage::UsageVerified,
            [QuotaRateLimit, ConcurrencyLimit, StatePrerequisiteMissing, SecretsUnavailable];
    }
    policies: PolicyHandlers {
        /// Shows which calls of tools an app's agents may make.
        AgentPolicyGet = GET "/v1/{app}/policy", App(Scope::Read), Small, Nothing, EmptyBody
            => 200 json policies::AppPolicy, [];
        /// Sets an app's policy. The operator does: an agent's own key cannot change what binds it.
        AgentPolicySet = PUT "/v1/{app}/policy", Admin, Large, Nothing, Json<policies::AgentPolicy>
            => 200 json policies::AppPolicy, [StorageFull];
        /// Removes an app's policy.
        AgentPolicyDelete = DELETE "/v1/{app}/policy", Admin, Small, Nothing, EmptyBody
            => 200 json apps::Success, [];
    }
    approvals: ApprovalHandlers {
        /// Lists calls of tools that wait for a person, or did, newest first.
        ApprovalsList = GET "/v1/approvals", Admin, Small, approvals::ListApprovals, EmptyBody
            => 200 json approvals::ApprovalList, [];
        /// Shows a call that waits for a person, with all of its arguments.
        ApprovalGet = GET "/v1/approvals/{approval}", Admin, Small, Nothing, EmptyBody
            => 200 json approvals::ApprovalInfo, [ResourceNotFound];
        /// Approves or denies a call, once.
        ApprovalDecide = POST "/v1/approvals/{approval}", Admin, Small, Nothing, Json<approvals::DecideApproval>
            => 200 json approvals::ApprovalInfo, [ResourceNotFound, ResourceConflict];
        /// Makes a link by which a person decides an approval in a browser, without a key.
        ApprovalLinkMake = POST "/v1/approvals/{approval}/link", Admin, Small, Nothing,
            OptionalJson<approvals::MakeApprovalLink>
            => 200 json approvals::ApprovalLink, [ResourceNotFound, ResourceConflict, SecretsUnavailable];
        /// Shows a call that waits for a person, by a link: a page with the whole call and two buttons.
        ApprovalPage = GET "/approvals/{approval}", Open, Small, approvals::LinkToken, EmptyBody
            => 200 special "text/html; charset=utf-8" String, [ResourceNotFound, AuthInvalidToken, SecretsUnavailable];
        /// Decides an approval by the form of that page.
        ApprovalForm = POST "/approvals/{approval}", Open, Small, Nothing, EmptyBody
            => 200 special "text/html; charset=utf-8" String,
            [ResourceNotFound, ResourceConflict, AuthInvalidToken, SecretsUnavailable];
    }
    audits: AuditHandlers {
        /// Lists calls of tools, allowed or not, newest first, in pages.
        AuditList = GET "/v1/audit", Admin, Small, audit::ListAudit, EmptyBody => 200 json audit::AuditPage, [];
        /// Lists calls of tools that were about an app.
        AppAuditList = GET "/v1/{app}/audit", App(Scope::Read), Small, audit::ListAudit, EmptyBody
            => 200 json audit::AuditPage, [];
    }
    mcp: McpHandlers {
        /// Speaks the Model Context Protocol over streamable HTTP: one message a request.
        McpServe = POST "/mcp", Key, Large, Nothing, Json<mcp::McpMessage>
            => 200 special "application/json" mcp::McpAnswer, [];
        /// Speaks the Model Context Protocol about an app's own tools: its functions with `agent_tool`.
        AppMcpServe = POST "/mcp/{app}", Agent, Large, agent_tools::NarrowTools, Json<mcp::McpMessage>
            => 200 special "application/json" mcp::McpAnswer, [];
        /// Says how a client of the Model Context Protocol shows who it is.
        McpMetadata = GET "/.well-known/oauth-protected-resource/mcp", Open, Small, Nothing, EmptyBody
            => 200 special "application/json" mcp::ProtectedResource, [];
    }
    calls: CallHandlers {
        /// Calls a function: any method, any body, streamed both ways.
        FunctionCall = ANY "/v1/{app}/fn/{name}[/*]", Function, Streamed, Nothing, EmptyBody
            => 200 special "*/*" String,
            [AuthInvalidToken, AuthEndUserJwtExpired, AuthInvalidApiKey, AuthImpersonationForbidden,
             AuthImpersonationDisabled, AppPaused, AppClosed, IdempotencyConflict, IdempotencyMismatch, QuotaRateLimit,
             ConcurrencyLimit, FunctionThrew, FunctionNoResponse, FunctionHung, FunctionCpuLimit, FunctionMemoryLimit, AppMemoryLimit, FunctionStackOverflow, FunctionTrapped, FunctionOutputLimit,
             FunctionTimeout, SecretsUnavailable];
    }
}

#[cfg(test)]
mod tests;
