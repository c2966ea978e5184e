//! Brings the app to what the folder says, one line a change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use futures_util::stream::{self, StreamExt as _};
use http::Method;
use ring::digest::{SHA256, digest};

use super::app::DevApp;
use mayfly_api::access::Manager;
use mayfly_api::decode::{self, Nothing};
use mayfly_api::endpoint::{ApiCall, CallContext, EmptyBody, Handler as _};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::functions::DeployFunction;
use mayfly_api::routes::{self, FunctionsDelete, RouteError};
use mayfly_api::sql::RunSql;
use mayfly_cli::source::{FunctionSource, functions_in};
use mayfly_cli::{out, source_excerpt};
use mayfly_core::deploy::DeployedVersion;

use crate::use_cases::UseCases;
use mayfly_api::triggers::{Trigger, TriggerKind};

/// Functions that are compiled at once.
const AT_ONCE: usize = 4;

/// Deploys what is new or changed.
pub(super) struct Deployer {
    use_cases: UseCases,
    url: String,
    app: DevApp,
    /// What was last tried for each file or folder, whether it went well or not.
    tried: BTreeMap<PathBuf, Tried>,
    /// Functions that serve, with how to call them.
    serving: BTreeMap<String, Vec<String>>,
}

/// What was read of a function, and the files that it was made of, as they were.
struct Tried {
    read: Result<FunctionSource, String>,
    stamps: Vec<Stamp>,
}

/// A file, and when it was changed; nothing where there is none.
type Stamp = (PathBuf, Option<(SystemTime, u64)>);

fn stamp(file: PathBuf) -> Stamp {
    let changed = file.metadata().ok().and_then(|file| Some((file.modified().ok()?, file.len())));
    (file, changed)
}

impl Tried {
    fn new(path: &Path, read: Result<FunctionSource, String>) -> Self {
        let settings =
            ["function.json", "schema.sql", "tsconfig.json", "deno.json"].map(|file| path.join(file));
        let inputs = read.iter().flat_map(|source| source.bundle.inputs.clone());
        let stamps = inputs.chain(settings).map(stamp).collect();
        Self { read, stamps }
    }

    /// Whether nothing that it was made of has changed. What could not be read may have been mended anywhere.
    fn is_current(&self) -> bool {
        self.read.is_ok() && self.stamps.iter().all(|known| stamp(known.0.clone()) == *known)
    }
}

impl Deployer {
    pub(super) fn new(use_cases: UseCases, url: &str, app: DevApp) -> Self {
        Self { use_cases, url: url.to_owned(), app, tried: BTreeMap::new(), serving: BTreeMap::new() }
    }

    /// Deploy what is new or changed, and delete what this run has deployed and whose file is gone.
    pub(super) async fn sync(&mut self, dir: &Path) {
        let paths = match functions_in(dir) {
            Ok(paths) => paths,
            Err(error) => return out::complain(&format!("{}: {error}", dir.display())),
        };
        let gone: Vec<_> = self.tried.keys().filter(|path| !paths.contains(path)).cloned().collect();
        let gone: Vec<_> = gone.iter().filter_map(|path| self.tried.remove(path)).collect();
        let mut changed = Vec::new();
        for (path, read) in self.read_changed(paths) {
            if self.tried.get(&path).is_none_or(|tried| tried.read != read) {
                match &read {
                    // In their order: one's tables may refer to another's.
                    Ok(source) if self.apply_schema(source).await => changed.push(source.clone()),
                    Ok(_) => {}
                    Err(error) => out::complain(error),
                }
            }
            self.tried.insert(path.clone(), Tried::new(&path, read));
        }
        let deploys = stream::iter(&changed).map(|source| self.deploy(source)).buffer_unordered(AT_ONCE);
        let served: Vec<_> = deploys.filter_map(std::future::ready).collect().await;
        self.serving.extend(served);
        for source in gone.into_iter().filter_map(|tried| tried.read.ok()) {
            self.delete(&source.name).await;
        }
    }

    /// What is new, or made of files that have changed, bundled.
    fn read_changed(&self, paths: Vec<PathBuf>) -> Vec<(PathBuf, Result<FunctionSource, String>)> {
        let is_current = |path: &PathBuf| self.tried.get(path).is_some_and(Tried::is_current);
        let changed = paths.into_iter().filter(|path| !is_current(path));
        // The bundler is another process: this one serves requests while it waits.
        tokio::task::block_in_place(|| {
            changed.map(|path| (path.clone(), FunctionSource::read(&path))).collect()
        })
    }

    /// Delete a function, unless another file has it now.
    async fn delete(&mut self, name: &str) {
        if self.sources().any(|source| source.name == name) || self.serving.remove(name).is_none() {
            return;
        }
        let context = CallContext {
            app: self.app.app_id.clone(),
            names: vec![name.to_owned()],
            manager: Manager::Admin,
            base: self.url.clone(),
        };
        let call = ApiCall::<FunctionsDelete> { context, query: Nothing {}, body: EmptyBody };
        match self.use_cases.functions.handle(call).await {
            Ok(_) => out::say(&format!("  {name} is deleted: its file is gone")),
            Err(error) => out::complain(&format!("{name} is not deleted: {}", error.message())),
        }
    }

    fn sources(&self) -> impl Iterator<Item = &FunctionSource> {
        self.tried.values().filter_map(|tried| tried.read.as_ref().ok())
    }

    /// The functions that serve.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.serving.keys().cloned()
    }

    /// The folders of the files that the functions are made of.
    pub(super) fn folders(&self) -> BTreeSet<PathBuf> {
        let files = self.sources().flat_map(|source| &source.bundle.inputs);
        files.filter_map(|file| file.parent()).map(Path::to_owned).collect()
    }

    /// Runs a function's `schema.sql`; whether there is none, or it went well.
    async fn apply_schema(&self, source: &FunctionSource) -> bool {
        let Some(sql) = &source.schema else { return true };
        let applied = self.run_schema(&source.name, sql).await;
        applied.inspect_err(|error| explain(source, error)).is_ok()
    }

    /// The name under which it serves now, and how to call it.
    async fn deploy(&self, source: &FunctionSource) -> Option<(String, Vec<String>)> {
        source.bundle.warnings.iter().for_each(|warning| out::warn(warning));
        let started = Instant::now();
        match self.try_deploy(source).await {
            Ok(made) => {
                out::say(&format!(
                    "  {} v{} ({} ms)",
                    made.name,
                    made.deployed.version,
                    started.elapsed().as_millis()
                ));
                Some((made.name.clone(), self.calls(source, &made)))
            }
            Err(error) => {
                explain(source, &error);
                None
            }
        }
    }

    async fn try_deploy(&self, source: &FunctionSource) -> ApiResult<DeployedVersion> {
        let wanted: DeployFunction = decode::value(source.body(), "")?;
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
        let short = format!("/{}", made.name);
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
        // Unless the server has a route of that name itself.
        let url = match routes::find(&Method::GET, &short) {
            Err(RouteError::NotFound) => format!("{}{short}", self.url),
            Ok(_) | Err(RouteError::Method(_)) => url,
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
    pub(super) fn introduce(&self, dir: &Path) {
        out::say("");
        out::say(&format!("server      {}", self.url));
        out::say(&format!("app         {}", self.app.app_id));
        out::say(&format!("service key {}", self.app.service_key));
        out::say("");
        for calls in self.serving.values() {
            for call in calls {
                out::data(call);
            }
        }
        if self.serving.is_empty() && self.tried.is_empty() {
            out::say(&format!("there are no functions in {}: `mayfly init` writes one,", dir.display()));
            out::say("or write NAME.ts, or NAME/index.ts, with");
            out::say("");
            out::say("  export async function handler(req: Request, ctx: Context): Promise<Response> {");
            out::say("    return Response.json({ hello: \"world\" });");
            out::say("  }");
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
    if let Some(stack) = error.stack() {
        out::say(stack);
    }
    // The stack begins where it was thrown; of a limit, the message names the place.
    if let Some(way) = source.bundle.explain(error.stack().unwrap_or(error.message())) {
        out::say(&format!("  {way}"));
    }
    if let Some(cause) = error.private_text() {
        out::say(&format!("  {cause}"));
    }
}
