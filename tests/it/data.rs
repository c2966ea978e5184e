//! PostgreSQL: the cluster, the platform's tables, tenants' databases.

mod by_url;
mod cluster;
mod hostile;
mod idempotency;
mod migrations;
mod outage;
mod pool;
mod query;
mod session;
mod sink;
mod store;
mod tenant;
mod tls;
mod transaction;
mod types;
