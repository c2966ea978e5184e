//! PostgreSQL: the cluster, the platform's tables, tenants' databases.

mod cluster;
mod migrations;
mod store;
