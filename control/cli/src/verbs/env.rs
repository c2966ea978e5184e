//! `mayfly env`: names out, values only in.

use std::collections::BTreeMap;

use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::{EmptyBody, Json};
use mayfly_api::env::PatchEnv;
use mayfly_api::routes::{EnvGet, EnvPatch, FunctionEnvPatch, FunctionsGet};

use super::assignments;
use crate::args::EnvVerb;
use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

pub(super) async fn run(remote: &Remote, verb: EnvVerb) -> Result<Exit, Exit> {
    let names = match verb {
        EnvVerb::List { function: None } => {
            remote.call::<EnvGet>(&[], &Nothing {}, &EmptyBody).await?.answer.keys
        }
        EnvVerb::List { function: Some(name) } => {
            remote.call::<FunctionsGet>(&[&name], &Nothing {}, &EmptyBody).await?.answer.env_keys
        }
        EnvVerb::Set { vars, function } => {
            let vars = assignments(&vars)?.into_iter().map(|(name, value)| (name, Some(value)));
            patch(remote, function.as_deref(), vars.collect()).await?
        }
        EnvVerb::Unset { names, function } => {
            let vars = names.into_iter().map(|name| (name, None));
            patch(remote, function.as_deref(), vars.collect()).await?
        }
    };
    if remote.json {
        out::json(&names);
    } else {
        names.iter().for_each(|name| out::data(name));
    }
    Ok(Exit::Ok)
}

/// Change variables; gives the names that there are then.
async fn patch(
    remote: &Remote,
    function: Option<&str>,
    env_vars: BTreeMap<String, Option<String>>,
) -> Result<Vec<String>, Exit> {
    let body = Json(PatchEnv { env_vars });
    let answered = match function {
        Some(name) => remote.call::<FunctionEnvPatch>(&[name], &Nothing {}, &body).await?,
        None => remote.call::<EnvPatch>(&[], &Nothing {}, &body).await?,
    };
    Ok(answered.answer.updated_keys)
}
