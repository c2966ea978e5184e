//! `mayfly deploy`: functions as they lie in files and folders, with what the flags say.

use std::path::Path;
use std::time::Instant;

use mayfly_api::decode::{self, Nothing};
use mayfly_api::endpoint::Json;
use mayfly_api::functions::DeployFunction;
use mayfly_api::routes::FunctionsDeploy;
use serde_json::{Map, Value, json};

use super::assignments;
use super::functions::show_deployed;
use crate::args::DeployArgs;
use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;
use crate::source::FunctionSource;

/// Deploy each; the first failure ends it.
pub(super) async fn deploy(remote: &Remote, args: DeployArgs) -> Result<Exit, Exit> {
    if args.name.is_some() && args.paths.len() > 1 {
        out::complain("--name is for one function");
        return Err(Exit::Usage);
    }
    for path in &args.paths {
        deploy_one(remote, path, &args).await?;
    }
    Ok(Exit::Ok)
}

async fn deploy_one(remote: &Remote, path: &Path, args: &DeployArgs) -> Result<(), Exit> {
    let started = Instant::now();
    let mut source = FunctionSource::read(path).map_err(|error| {
        out::complain(&error);
        Exit::Usage
    })?;
    source.bundle.warnings.iter().for_each(|warning| out::warn(warning));
    if let Some(name) = &args.name {
        source.name.clone_from(name);
    }
    if !args.env.is_empty() {
        source.fields.insert("envVars".into(), json!(assignments(&args.env)?));
    }
    set(&mut source.fields, args);
    let bytes = source.bundle.code.len();
    let wanted: DeployFunction = decode::value(source.body(), "").map_err(|error| {
        out::complain(&format!("{}: {}", path.display(), error.message()));
        Exit::Validation
    })?;
    let way = |error: &str| source.bundle.explain(error).map(|way| format!("  {way}"));
    let deployed = remote.call_and_explain::<FunctionsDeploy>(&Nothing {}, &Json(wanted), way).await?;
    show_deployed(remote, &deployed);
    out::say(&format!("{} KiB in {} ms", bytes.div_ceil(1024), started.elapsed().as_millis()));
    Ok(())
}

/// Puts what the flags say over what `function.json` says.
fn set(fields: &mut Map<String, Value>, args: &DeployArgs) {
    if let Some(timeout) = args.timeout {
        fields.insert("timeoutMs".into(), timeout.into());
    }
    if let Some(memory) = args.memory {
        fields.insert("memoryLimitMb".into(), memory.into());
    }
    let config = [("auth", &args.auth), ("method", &args.method)];
    let config: Vec<_> =
        config.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))).collect();
    if config.is_empty() {
        return;
    }
    let http = || json!({ "type": "http" });
    let trigger = match fields.get_mut("triggers") {
        // One that is not there yet comes last.
        Some(Value::Array(triggers)) => match triggers.iter().position(|trigger| trigger["type"] == "http") {
            Some(at) => triggers.get_mut(at),
            None => {
                triggers.push(http());
                triggers.last_mut()
            }
        },
        _ => Some(fields.entry("trigger").or_insert_with(http)),
    };
    let Some(trigger) = trigger else { return };
    for (name, value) in config {
        trigger["config"][name] = value.as_str().into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_put_over_the_files_settings() {
        let args = |auth: &str| DeployArgs {
            paths: Vec::new(),
            name: None,
            env: Vec::new(),
            auth: Some(auth.to_owned()),
            method: None,
            timeout: Some(5),
            memory: Some(64),
        };
        let with = |fields: Value| {
            let Value::Object(mut fields) = fields else { unreachable!() };
            set(&mut fields, &args("none"));
            Value::Object(fields)
        };
        let http = json!({ "type": "http", "config": { "auth": "none" } });
        let limits = json!({ "timeoutMs": 5, "memoryLimitMb": 64, "trigger": http });
        assert_eq!(with(json!({})), limits);
        assert_eq!(with(json!({ "timeoutMs": 7, "trigger": { "type": "http" } })), limits);
        let cron = json!({ "type": "cron", "config": { "schedule": "* * * * *" } });
        let both = with(json!({ "triggers": [cron, { "type": "http", "config": { "method": "GET" } }] }));
        assert_eq!(both["triggers"][1]["config"], json!({ "method": "GET", "auth": "none" }));
        assert_eq!(both["triggers"][0], cron);
    }
}
