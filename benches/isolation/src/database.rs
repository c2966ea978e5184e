//! The PostgreSQL of a run: one for all ways, started by Mayfly's own code, on no processor of its own.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use mayfly_postgres::{Cluster, ClusterConfig, ServerAddress};

use crate::failure::{BenchError, Tried, Trying as _};
use crate::ways::Database;
use crate::work::TABLE;

/// The name of the database that other ways read.
const NAME: &str = "bench";

/// A directory that PostgreSQL's account can enter, also when this process is root.
pub fn scratch() -> Tried<tempfile::TempDir> {
    let tried = || "make a directory for this run".to_owned();
    let directory = tempfile::Builder::new().prefix("mayfly-isolation-").tempdir().trying(tried)?;
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o711)).trying(tried)?;
    Ok(directory)
}

/// Starts a cluster below this directory, with the table of the work `select`.
pub async fn start(directory: &Path) -> Tried<(Cluster, Database)> {
    let tried = || "start PostgreSQL".to_owned();
    let mut config = ClusterConfig::new(directory);
    config.path = std::env::var_os("PATH");
    config.binaries = std::env::var_os("MAYFLY_PG_BIN").map(Into::into);
    config.connections_max = 300;
    let cluster = Cluster::start(config).await.trying(tried)?;
    let endpoint = cluster.endpoint().clone();
    let ServerAddress::Unix { directory: socket, port } = endpoint.address().clone() else {
        return Err(BenchError::new(tried(), "its socket is not known"));
    };
    let admin = endpoint.admin(endpoint.maintenance_database()).await.trying(tried)?;
    admin.batch_execute(&format!("CREATE DATABASE {NAME}")).await.trying(tried)?;
    let bench = endpoint.admin(NAME).await.trying(tried)?;
    bench.batch_execute(TABLE).await.trying(tried)?;
    let user = endpoint.client_config(NAME).get_user().unwrap_or("postgres").to_owned();
    let server_url = format!(
        "postgres://{user}@/{}?host={}&port={port}",
        endpoint.maintenance_database(),
        socket.display()
    );
    Ok((cluster, Database { server_url, socket, port, user, name: NAME.to_owned() }))
}
