//! `mayfly apps`.

use http::Method;
use serde_json::json;

use super::show_list;
use crate::args::AppVerb;
use crate::exit::Exit;
use crate::out;
use crate::remote::{Remote, segment};

pub(super) async fn run(remote: &Remote, verb: AppVerb) -> Result<Exit, Exit> {
    match verb {
        AppVerb::List => {
            let answer = remote.get("/v1/apps").await?;
            show_list(remote, &answer, "apps", &["app_id", "name", "state", "paused", "created_at"]);
        }
        AppVerb::Create { name } => create(remote, &name).await?,
        AppVerb::Get { id } => out::json(&remote.get(&format!("/v1/apps/{}", segment(&id))).await?),
        AppVerb::Delete { id, confirm } => {
            let confirm =
                confirm.map(|confirm| format!("?confirm={}", segment(&confirm))).unwrap_or_default();
            remote.ask(Method::DELETE, &format!("/v1/apps/{}{confirm}", segment(&id)), None).await?;
            out::say(&format!("{id} is deleted"));
        }
        AppVerb::Pause { id, reason } => {
            let body = json!({ "paused": true, "reason": reason });
            remote.ask(Method::PATCH, &format!("/v1/{}/config", segment(&id)), Some(&body)).await?;
            out::say(&format!("{id} is paused"));
        }
        AppVerb::Resume { id } => {
            let body = json!({ "paused": false });
            remote.ask(Method::PATCH, &format!("/v1/{}/config", segment(&id)), Some(&body)).await?;
            out::say(&format!("{id} is running"));
        }
    }
    Ok(Exit::Ok)
}

async fn create(remote: &Remote, name: &str) -> Result<(), Exit> {
    let answer = remote.ask(Method::POST, "/v1/apps", Some(&json!({ "name": name }))).await?;
    if remote.json {
        out::json(&answer);
        return Ok(());
    }
    out::say("The keys are shown this once.");
    for member in ["app_id", "service_key", "anon_key", "api_base"] {
        out::data(&format!("{member}={}", out::cell(&answer, member)));
    }
    Ok(())
}
