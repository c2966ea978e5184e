//! `mayfly secrets`: the root keys that secrets are encrypted with, in the data directory.

use serde_json::json;

use super::args::SecretsVerb;
use super::serve::config;
use crate::app::{StartError, open_database};
use crate::config::Config;
use mayfly_cli::{Exit, out};
use mayfly_secrets::KeyRing;
use mayfly_secrets::rotate::{self, KeyPosition, RotateError};
use mayfly_store::{Store, StoreConfig};

pub(super) async fn run(verb: &SecretsVerb, as_json: bool) -> Exit {
    let Some(config) = config(verb.serve()) else { return Exit::Usage };
    if config.secret_keys.is_some() {
        out::complain("the keys come from MAYFLY_SECRET_KEYS: change them there");
        return Exit::Usage;
    }
    let path = config.key_file();
    match verb {
        SecretsVerb::List { .. } => list(&config, as_json),
        SecretsVerb::Add { .. } => told(rotate::add(&path, KeyPosition::Last), |id| {
            format!("{id} is known from the next start on; once it is on every node: mayfly secrets use {id}")
        }),
        SecretsVerb::Use { id, .. } => told(rotate::prefer(&path, id), |()| AT_NEXT_START.to_owned()),
        SecretsVerb::Rotate { .. } => {
            told(rotate::add(&path, KeyPosition::First), |id| format!("{id} is the new key; {AT_NEXT_START}"))
        }
        SecretsVerb::Remove { id, .. } => match values_of(&config, id).await {
            Ok(0) => told(rotate::remove(&path, id), |()| format!("{id} is gone")),
            Ok(values) => {
                out::complain(&format!("{values} values are encrypted with '{id}'; {AT_NEXT_START}"));
                Exit::Conflict
            }
            Err(error) => {
                out::complain(&error.to_string());
                Exit::Failure
            }
        },
    }
}

const AT_NEXT_START: &str =
    "at the next start of a server, secrets of older keys are re-encrypted with the first one";

fn list(config: &Config, as_json: bool) -> Exit {
    let ring = match KeyRing::load_or_create(&config.key_file()) {
        Ok(ring) => ring,
        Err(error) => {
            out::complain(&error.to_string());
            return Exit::Failure;
        }
    };
    if as_json {
        let keys: Vec<_> =
            ring.ids().map(|id| json!({ "id": id, "current": id == ring.current_id() })).collect();
        out::json(&json!({ "keys": keys }));
    } else {
        for id in ring.ids() {
            let mark = if id == ring.current_id() { " current" } else { "" };
            out::data(&format!("{id}{mark}"));
        }
    }
    Exit::Ok
}

/// How many values are encrypted with a key, over all of the platform's tables.
async fn values_of(config: &Config, id: &str) -> Result<i64, StartError> {
    let (cluster, endpoint) = open_database(config).await?;
    let counted = async {
        let store = Store::connect(StoreConfig::new(endpoint)).await?;
        store.migrate().await?;
        let counts = store.encrypted_values().count_by_key().await;
        store.close();
        Ok::<_, StartError>(counts?)
    }
    .await;
    if let Some(cluster) = cluster {
        cluster.stop().await;
    }
    Ok(counted?.into_iter().find(|(key, _)| key == id).map_or(0, |(_, values)| values))
}

fn told<T>(outcome: Result<T, RotateError>, words: impl FnOnce(T) -> String) -> Exit {
    match outcome {
        Ok(done) => {
            out::say(&words(done));
            Exit::Ok
        }
        Err(error) => {
            out::complain(&error.to_string());
            match error {
                RotateError::Missing(_) => Exit::NotFound,
                RotateError::InUse(_) => Exit::Conflict,
                RotateError::Secrets(_) => Exit::Failure,
            }
        }
    }
}
