//! The platform's own tables, in a database of their own: one file a table.

mod agents;
mod api_error;
mod apps;
mod changes;
mod compiled;
mod cron;
mod day_usage;
mod encrypted;
mod env;
mod error;
mod functions;
mod hosts;
pub mod id;
mod invocations;
mod keys;
mod leases;
mod listen;
mod pool;
mod queues;
mod realtime;
mod recordings;
mod rollouts;
mod signing_keys;
mod sink;
mod storage;
mod storage_events;
mod triggers;
mod usage;
mod versions;
mod webhooks;

pub use agents::{
    AgentTables, AuditOutcome, AuditQuery, CounterFull, CounterStep, McpServerRow, NewApproval, NewAuditEntry,
};
pub use api_error::POSTGRESQL;
pub use apps::DatabaseSecrets;
pub use apps::{AppRow, AppsTable};
pub use changes::{Change, ChangeKind, Changes};
pub use compiled::{CompiledFunctions, CompiledTable, EngineBuild};
pub use cron::{
    ClaimedSlot, CronSlot, CronTable, DueTrigger, ManualRun, NewSlot, Planned, SlotClaim, SlotKey,
    SlotOutcome, SlotRelease, TriggerPlan,
};
pub use day_usage::{DayUsage, DayUsageTable};
pub use encrypted::{EncryptedCursor, EncryptedPlace, EncryptedValue, EncryptedValues};
pub use env::EnvTable;
pub use error::StoreError;
pub use functions::{
    ActiveFunction, Canary, DeployRow, Deployed, Function, FunctionSettings, FunctionStats, FunctionsTable,
};
pub use hosts::{AppHost, HostsStamp, HostsTable};
pub use invocations::{
    BackgroundRecord, InvocationPage, InvocationQuery, InvocationRecord, InvocationsTable, LogLine,
    PromiseRecord,
};
pub use keys::{ApiKey, KeysTable, NewKey};
pub use leases::LeasesTable;
pub use pool::{Store, StoreConfig};
pub use queues::WatchedQueuesTable;
pub use realtime::{Arrival, Envelope, Member, Messages, NewMember, RealtimeTables, ToldChanges};
pub use recordings::{RecordingsTable, StoredRecording};
pub use rollouts::{Rollout, RolloutTerms, RolloutsTable};
pub use signing_keys::{NewSigningKey, SigningKeyRow, SigningKeysTable};
pub use sink::{Sink, SinkConfig, SinkCounts};
pub use storage::{
    BlobRow, BucketRow, BucketUse, GarbageBlob, NewObject, NewPart, NewStorageKey, ObjectMeta, ObjectPage,
    ObjectQuery, ObjectRow, PartRow, PartTaken, PutCondition, PutOutcome, StorageKeyRow, StoragePlace,
    StorageQuota, StorageTables, StorageUsed, StoredChecksum, UploadPage, UploadRow, Written,
};
pub use storage_events::{
    ClaimedUpload, StorageEvents, UploadClaim, UploadEvent, UploadHistory, UploadOutcome, UploadQuery,
    UploadRelease, Uploaded,
};
pub use triggers::{AppTrigger, AppTriggerRun, TriggersTable, WebsocketHandler};
pub use usage::{UsageGroup, UsageOf, UsageTotals};
pub use versions::{Serving, StoredImage, Version, VersionSource, VersionsTable};
pub use webhooks::{
    ClaimedDelivery, DeliveryClaim, DeliveryHistory, DeliveryOutcome, DeliveryQuery, DeliveryRelease,
    DeliveryStart, NewDelivery, WebhookDelivery, WebhooksTable,
};
