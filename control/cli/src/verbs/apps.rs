//! `mayfly apps`.

use mayfly_api::apps::{CreateApp, DeleteApp};
use mayfly_api::config::PatchConfig;
use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::{EmptyBody, Json};
use mayfly_api::routes::{AppsCreate, AppsDelete, AppsGet, AppsList, ConfigPatch};

use crate::args::AppVerb;
use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

pub(super) async fn run(remote: &Remote, verb: AppVerb) -> Result<Exit, Exit> {
    match verb {
        AppVerb::List => list(remote).await?,
        AppVerb::Create { name } => create(remote, &name).await?,
        AppVerb::Get { id } => {
            let answered = remote.call_on::<AppsGet>(&id, &Nothing {}, &EmptyBody).await?;
            out::json(&answered.answer);
        }
        AppVerb::Delete { id, confirm } => {
            let query = DeleteApp { confirm: confirm.as_deref().map(Into::into) };
            remote.call_on::<AppsDelete>(&id, &query, &EmptyBody).await?;
            out::say(&format!("{id} is deleted"));
        }
        AppVerb::Pause { id, reason } => {
            pause(remote, &id, true, reason.as_deref()).await?;
            out::say(&format!("{id} is paused"));
        }
        AppVerb::Resume { id } => {
            pause(remote, &id, false, None).await?;
            out::say(&format!("{id} is running"));
        }
    }
    Ok(Exit::Ok)
}

async fn list(remote: &Remote) -> Result<(), Exit> {
    remote.call::<AppsList>(&[], &Nothing {}, &EmptyBody).await?.print(remote, |list| {
        let rows = list.apps.iter().map(|app| {
            let state =
                app.closed_reason.as_ref().map_or_else(|| app.state.to_string(), |_| "closed".to_owned());
            let paused = app.paused.to_string();
            vec![app.app_id.clone(), app.name.clone(), state, paused, app.created_at.to_string()]
        });
        out::table(&["app_id", "name", "state", "paused", "created_at"], &rows.collect::<Vec<_>>());
    });
    Ok(())
}

async fn create(remote: &Remote, name: &str) -> Result<(), Exit> {
    let body = Json(CreateApp { name: name.into() });
    remote.call::<AppsCreate>(&[], &Nothing {}, &body).await?.print(remote, |app| {
        out::say("The keys are shown this once.");
        out::data(&format!("app_id={}", app.app_id));
        out::data(&format!("service_key={}", app.service_key));
        out::data(&format!("anon_key={}", app.anon_key));
        out::data(&format!("api_base={}", app.api_base));
    });
    Ok(())
}

async fn pause(remote: &Remote, app: &str, paused: bool, reason: Option<&str>) -> Result<(), Exit> {
    let patch =
        PatchConfig { paused: Some(paused), reason: reason.map(Into::into), ..PatchConfig::default() };
    remote.call_on::<ConfigPatch>(app, &Nothing {}, &Json(patch)).await?;
    Ok(())
}
