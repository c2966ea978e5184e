//! `mayfly doctor`: looks at the apps' databases without serving anything, and closes what is open when it is told to.

use std::sync::Arc;

use serde_json::{Value, json};

use super::exit::Exit;
use super::out;
use super::serve::config;
use crate::app::{StartError, open_database};
use crate::config::{Config, OpenDatabases, ServeArgs};
use crate::providers::db::DbBounds;
use crate::secrets::KeyRing;
use crate::store::{Store, StoreConfig};
use crate::tenant::{OpenDatabase, Tenants};

pub(super) async fn run(args: &ServeArgs, as_json: bool) -> Exit {
    let Some(config) = config(args) else { return Exit::Usage };
    match look(&config).await {
        Ok(report) => show(&report, as_json),
        Err(error) => {
            out::complain(&error.to_string());
            Exit::Failure
        }
    }
}

/// What was found, and whether it was closed.
struct Report {
    apps: usize,
    open: Vec<OpenDatabase>,
    repaired: bool,
}

async fn look(config: &Config) -> Result<Report, StartError> {
    let (cluster, endpoint) = open_database(config).await?;
    let looked = look_there(config, endpoint).await;
    if let Some(cluster) = cluster {
        cluster.stop().await;
    }
    looked
}

async fn look_there(config: &Config, endpoint: crate::postgres::Endpoint) -> Result<Report, StartError> {
    let keyring = Arc::new(KeyRing::load_or_create(&config.data_dir.join("secrets.key"))?);
    let store = Store::connect(StoreConfig::new(endpoint.clone())).await?;
    store.migrate().await?;
    let tenants = Tenants::start(store.clone(), keyring, endpoint, DbBounds::default()).await?;
    let apps = store.apps().list().await?.len();
    let open = tenants.inspect().await?;
    let repaired = config.open_databases == OpenDatabases::Close;
    if repaired {
        for database in &open {
            tenants.repair(&database.app_id).await?;
        }
    }
    store.close();
    Ok(Report { apps, open, repaired })
}

fn show(report: &Report, as_json: bool) -> Exit {
    if as_json {
        let open: Vec<Value> = report
            .open
            .iter()
            .map(|database| json!({ "app_id": database.app_id, "findings": database.findings }))
            .collect();
        out::json(&json!({ "apps": report.apps, "open": open, "repaired": report.repaired }));
    } else {
        for database in &report.open {
            for finding in &database.findings {
                out::data(&format!("{} {finding}", database.app_id));
            }
        }
        let verdict = match (report.open.len(), report.repaired) {
            (0, _) => "all closed as they must be",
            (_, true) => "those above were closed",
            (_, false) => "those above are open: run it again with --repair to close them",
        };
        out::say(&format!("{} apps: {verdict}", report.apps));
    }
    if report.open.is_empty() || report.repaired { Exit::Ok } else { Exit::Failure }
}
