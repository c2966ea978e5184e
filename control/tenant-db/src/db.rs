//! `ctx.db`: a tenant's statements, as one identity, over connections of our own wire client.

mod allow_list;
mod app_wakes;
mod checkout;
mod connection_permits;
mod credentials;
mod database;
mod encode;
mod enqueue;
mod error;
mod invocation;
mod limits;
mod pool;
mod responses;
mod rows;
mod session;
mod statement;
mod transaction;

pub use app_wakes::AppWakes;
pub(crate) use connection_permits::{ConnectionPermit, ConnectionPermits};
pub(crate) use credentials::{CredentialResolver, ProvenCall, TenantCredentials};
pub(crate) use database::AppDatabase;
pub use enqueue::{
    ATTEMPTS_MAX, BACKOFF_SECONDS_MAX, DELAY_SECONDS_MAX, KEY_MAX, PAYLOAD_BYTES_MAX, check_job,
};
pub(crate) use enqueue::{ENQUEUE, StoredRow, job_params};
pub use invocation::InvocationTransaction;
pub use limits::DbLimits;
pub(crate) use pool::Pools;
pub(crate) use responses::begin as begin_response;
pub use responses::{KeyState, KeyedRequest, RESPONSE_BYTES_MAX, ResponseHold};
pub(crate) use statement::UserStatement;
