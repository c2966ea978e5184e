//! Tests of PostgreSQL: the managed cluster, the platform's tables, tenants' databases.

mod act_as;
mod atomic;
mod by_url;
mod cluster;
mod fuzz;
mod hostile;
mod idempotency;
mod idempotent_work;
mod key_values;
mod migrations;
mod outage;
mod pool;
mod query;
mod session;
mod sink;
mod store;
mod stream;
mod tenant;
mod tls;
mod transaction;
mod types;
mod warden;
