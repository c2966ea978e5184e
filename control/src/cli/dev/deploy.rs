//! Brings the app to what the folder says, one line a change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use ring::digest::{SHA256, digest};

use super::app::DevApp;
use mayfly_api::access::Manager;
use mayfly_api::decode;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::functions::DeployFunction;
use mayfly_api::sql::RunSql;
use mayfly_cli::source::{FunctionSource, functions_in};
use mayfly_cli::{out, source_excerpt};
use mayfly_core::deploy::DeployedVersion;

use crate::use_cases::UseCases;
use mayfly_api::triggers::{Trigger, TriggerKind};

/// Deploys what is new or changed.
pub(super) struct Deployer {
    use_cases: UseCases,
    url: String,
    app: DevApp,
    /// What was last tried for each file or folder, whether it went well or not.
    tried: BTreeMap<PathBuf, Result<FunctionSource, String>>,
    /// Functions that serve, with how to call them.
    serving: BTreeMap<String, Vec<String>>,
}

impl Deployer {
    pub(super) fn new(use_cases: UseCases, url: &str, app: DevApp) -> Self {
        Self { use_cases, url: url.to_owned(), app, tried: BTreeMap::new(), serving: BTreeMap::new() }
    }

    /// Deploy what is new or changed. A function whose file is gone stays deployed: deleting is for people.
    pub(super) async fn sync(&mut self, dir: &Path) {
        let paths = match functions_in(dir) {
            Ok(paths) => paths,
            Err(error) => return out::complain(&format!("{}: {error}", dir.display())),
        };
        self.tried.retain(|path, _| paths.contains(path));
        for path in paths {
            let read = FunctionSource::read(&path);
            if self.tried.get(&path) == Some(&read) {
                continue;
            }
            match &read {
                Ok(source) => self.deploy(source).await,
                Err(error) => out::complain(error),
            }
            self.tried.insert(path, read);
        }
    }

    /// The folders of the files that the functions are made of.
    pub(super) fn folders(&self) -> BTreeSet<PathBuf> {
        let sources = self.tried.values().flatten();
        let files = sources.flat_map(|source| &source.bundle.inputs);
        files.filter_map(|file| file.parent()).map(Path::to_owned).collect()
    }

    async fn deploy(&mut self, source: &FunctionSource) {
        let started = Instant::now();
        match self.try_deploy(source).await {
            Ok(made) => {
                out::say(&format!(
                    "  {} v{} ({} ms)",
                    made.name,
                    made.deployed.version,
                    started.elapsed().as_millis()
                ));
                self.serving.insert(made.name.clone(), self.calls(source, &made));
            }
            Err(error) => explain(source, &error),
        }
    }

    async fn try_deploy(&self, source: &FunctionSource) -> ApiResult<DeployedVersion> {
        let wanted: DeployFunction = decode::value(source.body(), "")?;
        if let Some(sql) = &source.schema {
            self.run_schema(&source.name, sql).await?;
        }
        self.use_cases.functions.deploy.run(&self.app.app_id, wanted).await
    }

    /// Run a function's `schema.sql`, unless exactly this text was run before.
    async fn run_schema(&self, function: &str, sql: &str) -> ApiResult<()> {
        let name = format!("dev: {function}/schema.sql");
        let checksum = hex::encode(digest(&SHA256, sql.as_bytes()));
        if self.use_cases.sql.has_run(&self.app.app_id, &name, &checksum).await? {
            return Ok(());
        }
        let script: RunSql = decode::value(serde_json::json!({ "sql": sql, "name": name }), "")?;
        self.use_cases.sql.run(&self.app.app_id, &Manager::Admin, script).await?;
        out::say(&format!("  {function}/schema.sql applied"));
        Ok(())
    }

    /// Lines to paste into a shell.
    fn calls(&self, source: &FunctionSource, made: &DeployedVersion) -> Vec<String> {
        let url = format!("{}/v1/{}/fn/{}", self.url, self.app.app_id, made.name);
        let key = &self.app.service_key;
        if !source.try_lines.is_empty() {
            return source
                .try_lines
                .iter()
                .map(|line| line.replace("$URL", &url).replace("$KEY", key).replace("$APP", &self.app.app_id))
                .collect();
        }
        let of_kind = |kind| made.deployed.triggers.iter().find(|trigger| trigger.kind == kind);
        let Some(http) = of_kind(TriggerKind::Http) else {
            return of_kind(TriggerKind::Webhook)
                .map(|webhook| self.sample(source, webhook))
                .into_iter()
                .collect();
        };
        let method = match http.config["method"].as_str() {
            Some(method) if method != "GET" => format!(" -X {method}"),
            _ => String::new(),
        };
        let header = match http.config["auth"].as_str() {
            Some("none") => String::new(),
            _ => format!(" -H 'Authorization: Bearer {key}'"),
        };
        vec![format!("curl{method}{header} {url}")]
    }

    /// A line that sends a signed sample.
    fn sample(&self, source: &FunctionSource, webhook: &Trigger) -> String {
        let provider = webhook.config["provider"].as_str().unwrap_or_default();
        let dir = source.file.parent().and_then(Path::parent).unwrap_or(Path::new("."));
        format!(
            "mayfly webhook send {provider} --to {} --dir {} --url {} --app {}",
            source.name,
            dir.display(),
            self.url,
            self.app.app_id
        )
    }

    /// Say where everything is.
    pub(super) fn introduce(&self) {
        out::say("");
        out::say(&format!("app         {}", self.app.app_id));
        out::say(&format!("service key {}", self.app.service_key));
        out::say("");
        for calls in self.serving.values() {
            for call in calls {
                out::data(call);
            }
        }
        out::say("");
        out::say("watching for changes; Ctrl-C ends");
    }
}

/// Why a function was not deployed, with the line that is to blame.
fn explain(source: &FunctionSource, error: &ApiError) {
    out::complain(&format!("{}: {}", source.file.display(), error.message()));
    if let Some(details) = error.details()
        && let Some(line) = details["source_line"].as_str()
    {
        out::say(&source_excerpt(line, details["line"].as_u64(), details["column"].as_u64()));
    }
    if let Some(cause) = error.private_text() {
        out::say(&format!("  {cause}"));
    }
}
