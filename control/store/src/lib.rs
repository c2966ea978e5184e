//! The platform's own tables, in a database of their own: one file a table.

mod api_error;
mod apps;
mod changes;
mod day_usage;
mod env;
mod error;
mod functions;
pub mod id;
mod invocations;
mod keys;
mod pool;
mod recordings;
mod rollouts;
mod sealed;
mod signing_keys;
mod sink;
mod triggers;
mod usage;
mod versions;

pub use api_error::POSTGRESQL;
pub use apps::DatabaseSecrets;
pub use apps::{App, AppState, Apps};
pub use changes::{Change, ChangeKind, Changes};
pub use day_usage::{DayUsage, DayUsages};
pub use env::Env;
pub use error::StoreError;
pub use functions::{
    ActiveFunction, AgentToolExposure, AgentToolMode, Candidate, DeployRow, Deployed, Function,
    FunctionSettings, FunctionStats, Functions, SettingsPatch,
};
pub use invocations::{
    BackgroundRecord, InvocationPage, InvocationQuery, InvocationRecord, Invocations, LogLine,
};
pub use keys::{ApiKey, ApiKeyKind, Keys, NewKey};
pub use pool::{Store, StoreConfig};
pub use recordings::{Recordings, StoredRecording};
pub use rollouts::{Rollout, RolloutTerms, Rollouts};
pub use sealed::{SealedCursor, SealedPlace, SealedValue, SealedValues};
pub use signing_keys::{NewSigningKey, SigningKeyRow, SigningKeys};
pub use sink::{Sink, SinkConfig, SinkCounts};
pub use triggers::{Trigger, TriggerKind};
pub use usage::{Usage, UsageGroup, UsageOf};
pub use versions::{Serving, StoredImage, Version, VersionSource, Versions};
