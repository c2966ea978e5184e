//! `mayfly functions`, `versions`, `rollback` and `rollout`.

use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::{EmptyBody, Json, OptionalJson};
use mayfly_api::functions::{DeployedFunction, PatchSettings, RollBack};
use mayfly_api::rollouts::{RolloutInfo, RolloutSpec};
use mayfly_api::routes::{
    FunctionSettingsPatch, FunctionsDelete, FunctionsGet, FunctionsList, FunctionsRollback, VersionsList,
};
use mayfly_api::value::Object;

use crate::args::FunctionVerb;
use crate::exit::Exit;
use crate::out;
use crate::remote::{Answered, Remote, optional};

pub(super) async fn rollback(remote: &Remote, name: &str, version: Option<u32>) -> Result<Exit, Exit> {
    let body = OptionalJson(RollBack { version: version.map(Into::into) });
    show_deployed(remote, &remote.call::<FunctionsRollback>(&[name], &Nothing {}, &body).await?);
    Ok(Exit::Ok)
}

pub(super) fn show_deployed(remote: &Remote, answered: &Answered<DeployedFunction>) {
    answered.print(remote, |deployed| {
        out::say(&format!("{} serves version {}", deployed.name, deployed.version));
        out::data(&optional(deployed.url.as_deref()));
    });
    answered.answer.warnings.iter().flatten().for_each(|warning| out::warn(warning));
}

pub(super) async fn versions(remote: &Remote, name: &str) -> Result<Exit, Exit> {
    remote.call::<VersionsList>(&[name], &Nothing {}, &EmptyBody).await?.print(remote, |list| {
        let rows = list.versions.iter().map(|version| {
            vec![
                version.version.to_string(),
                version.active.to_string(),
                version.code_bytes.to_string(),
                version.created_at.to_string(),
                version.id.clone(),
                optional(version.schema_fingerprint.as_deref()),
            ]
        });
        let columns = ["version", "active", "code_bytes", "created_at", "id", "schema_fingerprint"];
        out::table(&columns, &rows.collect::<Vec<_>>());
    });
    Ok(Exit::Ok)
}

/// Change how a version is rolled out, if anything is wanted, and show how that goes.
pub(super) async fn rollout(remote: &Remote, name: &str, wanted: Option<RolloutSpec>) -> Result<Exit, Exit> {
    if let Some(rollout) = wanted {
        let body = Json(PatchSettings { rollout: Some(Object(rollout)), ..PatchSettings::default() });
        remote.call::<FunctionSettingsPatch>(&[name], &Nothing {}, &body).await?;
    }
    let answered = remote.call::<VersionsList>(&[name], &Nothing {}, &EmptyBody).await?;
    let rollout = &answered.answer.rollout;
    if remote.json {
        out::json(rollout);
    } else {
        match rollout {
            None => out::say("one version serves all calls"),
            Some(rollout) => show_rollout(rollout),
        }
    }
    Ok(Exit::Ok)
}

fn show_rollout(rollout: &RolloutInfo) {
    let row = vec![
        rollout.version.to_string(),
        rollout.percent.to_string(),
        rollout.state.to_string(),
        rollout.invocations.to_string(),
        rollout.errors.to_string(),
        rollout.max_error_percent.to_string(),
        rollout.started_at.to_string(),
    ];
    let columns = ["version", "percent", "state", "invocations", "errors", "max_error_percent", "started_at"];
    out::table(&columns, &[row]);
}

pub(super) async fn run(remote: &Remote, verb: FunctionVerb) -> Result<Exit, Exit> {
    match verb {
        FunctionVerb::List => list(remote).await?,
        FunctionVerb::Get { name } => {
            let answered = remote.call::<FunctionsGet>(&[&name], &Nothing {}, &EmptyBody).await?;
            out::json(&answered.answer);
        }
        FunctionVerb::Delete { name } => {
            remote.call::<FunctionsDelete>(&[&name], &Nothing {}, &EmptyBody).await?;
            out::say(&format!("{name} is deleted"));
        }
    }
    Ok(Exit::Ok)
}

async fn list(remote: &Remote) -> Result<(), Exit> {
    remote.call::<FunctionsList>(&[], &Nothing {}, &EmptyBody).await?.print(remote, |list| {
        let rows = list.functions.iter().map(|function| {
            vec![
                function.name.clone(),
                optional(function.version),
                function.status.to_string(),
                function.invocation_count.to_string(),
                format!("{:?}", function.error_rate),
                optional(function.avg_duration.map(|ms| format!("{ms:?}"))),
                optional(function.url.as_deref()),
            ]
        });
        let columns = ["name", "version", "status", "invocationCount", "errorRate", "avgDuration", "url"];
        out::table(&columns, &rows.collect::<Vec<_>>());
    });
    Ok(())
}
