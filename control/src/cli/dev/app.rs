//! The one app of `mayfly dev`: made at the first start, found again at the next, with the same id and keys.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::app::App;
use mayfly_api::access::Manager;
use mayfly_api::apps::{AppState, CreateApp};
use mayfly_api::decode::{self, Nothing};
use mayfly_api::endpoint::{ApiCall, CallContext, EmptyBody, Handler as _, Json};
use mayfly_api::routes::{AppsCreate, AppsGet};
use serde_json::json;

/// Where commands look for a server that runs.
const STATE: &str = ".mayfly";

/// What is kept of it, in `<data-dir>/dev/<name>.json`, for this user alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DevApp {
    pub(super) app_id: String,
    pub(super) service_key: String,
    pub(super) anon_key: String,
}

impl DevApp {
    /// Lets commands that run in the folder find the server while it runs: beside what is kept, with its address.
    ///
    /// A data directory elsewhere is not found by them: it is told in the folder of the functions and in the one that this was
    /// started in, too.
    pub(super) fn announce(&self, data_dir: &Path, dir: &Path, name: &str, url: &str) -> Vec<PathBuf> {
        let found = json!({ "url": url, "app": self.app_id, "key": self.service_key }).to_string();
        let mut folders = BTreeSet::new();
        for folder in [data_dir, &dir.join(STATE), Path::new(STATE)] {
            folders.extend(std::path::absolute(folder));
        }
        let mut places = Vec::new();
        for folder in folders {
            let place = folder.join("dev").join(format!("{name}.running.json"));
            // Without it the flags have to be given.
            if write_private(&place, found.as_bytes()).is_ok() {
                places.push(place);
            }
            let ignored = folder.join(".gitignore");
            if !ignored.exists() {
                // Keys and databases lie there.
                let _ = std::fs::write(ignored, "*\n");
            }
        }
        places
    }

    /// No longer.
    pub(super) fn withdraw(places: &[PathBuf]) {
        for place in places {
            let _ = std::fs::remove_file(place);
        }
    }

    /// The app of that name, as an earlier run left it, or a new one.
    pub(super) async fn ensure(server: &App, data_dir: &Path, name: &str) -> Result<Self, String> {
        let path = data_dir.join("dev").join(format!("{name}.json"));
        if let Some(kept) = Self::read(&path)
            && is_ready(server, &kept.app_id).await
        {
            return Ok(kept);
        }
        let wanted: CreateApp = decode::value(json!({ "name": name }), "")
            .map_err(|error| format!("the app {name} cannot be made: {error}"))?;
        let body = Json(wanted);
        let call = ApiCall::<AppsCreate> { context: context(server, ""), query: Nothing {}, body };
        let made = server.use_cases().apps.handle(call).await;
        let made = made.map_err(|error| format!("the app {name} cannot be made: {error}"))?;
        let kept = Self { app_id: made.app_id, service_key: made.service_key, anon_key: made.anon_key };
        kept.write(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(kept)
    }

    fn read(path: &PathBuf) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    fn write(&self, path: &Path) -> std::io::Result<()> {
        write_private(path, &serde_json::to_vec_pretty(self)?)
    }
}

/// Writes a file that this user alone may read.
fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)
}

/// The operator asks, within the process.
fn context(server: &App, app: &str) -> CallContext {
    let base = server.url().to_owned();
    CallContext { app: app.to_owned(), names: Vec::new(), manager: Manager::Admin, base }
}

async fn is_ready(server: &App, app: &str) -> bool {
    let call = ApiCall::<AppsGet> { context: context(server, app), query: Nothing {}, body: EmptyBody };
    server.use_cases().apps.handle(call).await.is_ok_and(|app| app.state == AppState::Ready)
}
