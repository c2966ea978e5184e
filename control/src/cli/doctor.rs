//! `mayfly doctor`: looks at what a server and a project need, and at the apps' databases, without serving anything. It creates nothing,
//! and changes something only when it is told to.

mod machine;

use std::sync::Arc;

use serde_json::{Value, json};

use super::serve::config;
use crate::app::{StartError, open_database, open_keyring};
use crate::config::{Config, ServeArgs};
use mayfly_cli::{Exit, out};
use mayfly_common::tasks::Tasks;
use mayfly_postgres::{Cluster, ClusterError};
use mayfly_secrets::KeyRing;
use mayfly_store::{Store, StoreConfig};
use mayfly_tenant_db::db::DbLimits;
use mayfly_tenant_db::tenant::{OpenDatabase, OpenDatabases, Tenants};

pub(super) async fn run(args: &ServeArgs, as_json: bool) -> Exit {
    let Some(config) = config(args) else { return Exit::Usage };
    let machine = machine::look(&config).await;
    if !as_json {
        machine::show(&machine);
    }
    if machine::is_fresh(&config) {
        if as_json {
            out::json(&json!({ "machine": machine }));
        } else {
            out::say("no server has run with this data directory yet: there is nothing else to look at");
        }
        return if machine.iter().all(|finding| finding.ok) { Exit::Ok } else { Exit::Failure };
    }
    match look(&config, args.repair).await {
        Ok(Looked::At(report)) => show(&report, &machine, as_json),
        Ok(Looked::NotYet(why)) => {
            out::complain(&why);
            Exit::Conflict
        }
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
    /// Apps that are closed, and why.
    closed: Vec<(String, String)>,
    /// Apps whose functions can only read their database, since it is too large.
    full: Vec<String>,
    repaired: bool,
    keys: Vec<RootKey>,
}

/// A root key, and how many values are encrypted with it.
struct RootKey {
    id: String,
    values: i64,
    /// Whether we have it.
    known: bool,
}

/// What looking has come to.
enum Looked {
    /// Everything was looked at.
    At(Report),
    /// It would have to be changed before that.
    NotYet(String),
}

async fn look(config: &Config, repair: bool) -> Result<Looked, StartError> {
    if config.secret_keys.is_none() && !config.key_file().exists() {
        let file = config.key_file();
        return Ok(Looked::NotYet(format!(
            "{} is missing: what was encrypted cannot be decrypted without it; a start would make another one",
            file.display()
        )));
    }
    let (cluster, endpoint) = match open_database(config).await {
        // A server that runs is looked at while it runs.
        Err(StartError::Cluster(ClusterError::InUse(data_dir))) if repair => {
            return Ok(Looked::NotYet(format!(
                "a server runs with the data directory {}: stop it, and repair then",
                data_dir.display()
            )));
        }
        Err(StartError::Cluster(ClusterError::InUse(data_dir))) => {
            (None, Cluster::endpoint_of_running(&data_dir)?)
        }
        opened => opened?,
    };
    let looked = look_there(config, endpoint, repair).await;
    if let Some(cluster) = cluster {
        cluster.stop().await;
    }
    looked
}

async fn look_there(
    config: &Config,
    endpoint: mayfly_postgres::PostgresEndpoint,
    repair: bool,
) -> Result<Looked, StartError> {
    let keyring = Arc::new(open_keyring(config)?);
    let store = Store::connect(StoreConfig::new(endpoint.clone())).await?;
    let missing = store.missing_migrations().await?;
    if repair {
        store.migrate().await?;
    } else if missing > 0 {
        store.close();
        return Ok(Looked::NotYet(format!(
            "the platform's database lacks {missing} migrations of this version: a start applies them, and so does --repair"
        )));
    }
    let tenants =
        Tenants::start(store.clone(), Arc::clone(&keyring), endpoint, DbLimits::default(), Tasks::new())
            .await?;
    let open = tenants.inspect().await?;
    if repair {
        tenants.close_open(OpenDatabases::CloseFirst).await?;
    }
    let apps = store.apps().list().await?;
    let closed = apps.iter().filter_map(|app| Some((app.id.clone(), app.closed_reason.clone()?))).collect();
    let full = apps.iter().filter(|app| app.database_full).map(|app| app.id.clone()).collect();
    let apps = apps.len();
    let keys = count_keys(&keyring, &store.encrypted_values().count_by_key().await?);
    store.close();
    Ok(Looked::At(Report { apps, open, closed, full, repaired: repair, keys }))
}

/// Ours in their order, then those that are missing.
fn count_keys(keyring: &KeyRing, encrypted: &[(String, i64)]) -> Vec<RootKey> {
    let values_of = |id: &str| encrypted.iter().find(|(key, _)| key == id).map_or(0, |(_, values)| *values);
    let ours = keyring.ids().map(|id| RootKey { id: id.to_owned(), values: values_of(id), known: true });
    let missing = encrypted.iter().filter(|(id, _)| keyring.ids().all(|ours| ours != id));
    ours.chain(missing.map(|(id, values)| RootKey { id: id.clone(), values: *values, known: false }))
        .collect()
}

fn show(report: &Report, machine: &[machine::Finding], as_json: bool) -> Exit {
    if as_json {
        let open: Vec<Value> = report
            .open
            .iter()
            .map(|database| json!({ "app_id": database.app_id, "findings": database.findings }))
            .collect();
        let keys: Vec<Value> = report
            .keys
            .iter()
            .map(|key| json!({ "id": key.id, "values": key.values, "known": key.known }))
            .collect();
        let closed: Vec<Value> = report
            .closed
            .iter()
            .map(|(app_id, reason)| json!({ "app_id": app_id, "reason": reason }))
            .collect();
        let (apps, repaired) = (report.apps, report.repaired);
        out::json(
            &json!({ "apps": apps, "open": open, "closed": closed, "full": report.full, "repaired": repaired, "keys": keys, "machine": machine }),
        );
    } else {
        for database in &report.open {
            for finding in &database.findings {
                out::data(&format!("{} {finding}", database.app_id));
            }
        }
        let verdict = match (report.open.len(), report.repaired) {
            (0, _) => "all databases are closed as they must be",
            (_, true) => "the databases above were open; they were closed where that was possible",
            (_, false) => "the databases above are open: run it again with --repair to close them",
        };
        out::say(&format!("{} apps: {verdict}", report.apps));
        for (app_id, reason) in &report.closed {
            out::say(&format!("{app_id} answers APP_CLOSED: {reason}"));
        }
        for app_id in &report.full {
            out::say(&format!(
                "{app_id} has a database larger than its `database_bytes`: its functions only read it"
            ));
        }
        for RootKey { id, values, known } in &report.keys {
            let lost = if *known { "" } else { ", and is missing: they cannot be decrypted" };
            out::say(&format!("root key {id}: encrypts {values} values{lost}"));
        }
    }
    let closed = (report.open.is_empty() || report.repaired) && report.closed.is_empty();
    let is_well = machine.iter().all(|finding| finding.ok) && report.keys.iter().all(|key| key.known);
    if closed && is_well { Exit::Ok } else { Exit::Failure }
}
