//! `mayfly dev`: a server, one app, every function of a folder, and all of it again whenever a file changes.

mod app;
mod console;
mod deploy;
mod env_file;
mod watch;

use std::path::Path;

use super::args::DevArgs;
use super::serve;
use super::serve::Signals;
use crate::config::AccessLog;
use mayfly_cli::Exit;
use mayfly_cli::out;

use app::DevApp;
use console::Console;
use deploy::Deployer;
use env_file::EnvFile;
use watch::Watch;

pub(super) async fn run(args: &DevArgs) -> Exit {
    if !args.dir.is_dir() {
        out::complain(&format!("{} is not a folder", args.dir.display()));
        return Exit::Usage;
    }
    let Some(mut config) = serve::config(&args.serve) else { return Exit::Usage };
    if config.access_log == AccessLog::Errors {
        // In development, every request is logged.
        config.access_log = AccessLog::All;
    }
    let Some(mut signals) = Signals::listen() else { return Exit::Failure };
    let (drain, data_dir) = (config.drain, config.data_dir.clone());
    out::say("starting ...");
    let Some(server) = serve::start(config).await else { return Exit::Failure };
    let name = args.name.clone().unwrap_or_else(|| app_name(&args.dir));
    let exit = match DevApp::ensure(&server, &data_dir, &name).await {
        Ok(app) => {
            server.use_cases().apps.hosts.set_home(&app.app_id);
            let console = Console::new(server.use_cases().clone(), &app.app_id);
            let places = app.announce(&data_dir, &args.dir, &name, server.url());
            let env_file = EnvFile::new(server.use_cases().clone(), server.url(), &app.app_id, &args.dir);
            let deployer = Deployer::new(server.use_cases().clone(), server.url(), app);
            let exit = tokio::select! {
                exit = develop(&args.dir, deployer, console, env_file) => exit,
                () = signals.next() => Exit::Ok,
            };
            DevApp::withdraw(&places);
            exit
        }
        Err(error) => {
            out::complain(&error);
            Exit::Failure
        }
    };
    let stopped = serve::stop(server, drain, &mut signals).await;
    if exit == Exit::Ok { stopped } else { exit }
}

/// Deploy what is there, then whatever changes; ends only when the folder can no longer be watched.
async fn develop(dir: &Path, mut deployer: Deployer, mut console: Console, mut env_file: EnvFile) -> Exit {
    let mut watch = match Watch::start(dir) {
        Ok(watch) => watch,
        Err(error) => {
            out::complain(&format!("{} cannot be watched: {error}", dir.display()));
            return Exit::Failure;
        }
    };
    env_file.sync().await;
    deployer.sync(dir).await;
    deployer.introduce(dir);
    loop {
        watch.follow(dir, deployer.folders());
        console.follow(deployer.names());
        let goes_on = tokio::select! {
            changed = watch.changed(dir) => changed,
            () = console.print() => true,
        };
        if !goes_on {
            return Exit::Failure;
        }
        env_file.sync().await;
        deployer.sync(dir).await;
    }
}

/// A name for the folder's app that an app can have.
fn app_name(dir: &Path) -> String {
    let folder = dir.canonicalize().ok();
    let folder =
        folder.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    let name: String = folder
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' { c } else { '-' })
        .take(63)
        .collect();
    let name = name.trim_start_matches(['-', '_']);
    if name.is_empty() { "dev".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_folder_gives_a_name_that_an_app_can_have() {
        let dir = tempfile::tempdir().unwrap();
        for (folder, name) in
            [("My Functions!", "my-functions-"), ("--", "dev"), ("héllo", "h-llo"), ("ok_1", "ok_1")]
        {
            let path = dir.path().join(folder);
            std::fs::create_dir(&path).unwrap();
            assert_eq!(app_name(&path), name);
            assert!(mayfly_api::names::is_app_name(&app_name(&path)));
        }
    }
}
