//! `mayfly config`: what an app is set to.

use mayfly_api::config::PatchConfig;
use mayfly_api::decode::{self, Nothing};
use mayfly_api::endpoint::{EmptyBody, Json};
use mayfly_api::routes::{ConfigGet, ConfigPatch};
use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::given;
use crate::out;
use crate::remote::Remote;

/// Change what is named, if anything is, and show all of it.
pub(super) async fn run(remote: &Remote, settings: &[String]) -> Result<Exit, Exit> {
    let answered = if settings.is_empty() {
        remote.call::<ConfigGet>(&[], &Nothing {}, &EmptyBody).await?
    } else {
        let patch: PatchConfig = decode::value(Value::Object(patch(settings)?), "").map_err(|error| {
            out::complain(error.message());
            Exit::Validation
        })?;
        remote.call::<ConfigPatch>(&[], &Nothing {}, &Json(patch)).await?
    };
    answered.print(remote, |config| match serde_json::to_string_pretty(config) {
        Ok(text) => out::data(&text),
        Err(error) => out::complain(&format!("the answer cannot be written: {error}")),
    });
    Ok(Exit::Ok)
}

/// The members of `NAME=VALUE`, each JSON or a text.
fn patch(settings: &[String]) -> Result<Map<String, Value>, Exit> {
    settings
        .iter()
        .map(|setting| match setting.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), given::value(value))),
            None => {
                out::complain(&format!("{setting} is not of the form NAME=VALUE"));
                Err(Exit::Usage)
            }
        })
        .collect()
}
