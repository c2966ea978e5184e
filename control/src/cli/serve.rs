//! `mayfly serve`: a server, until a signal ends it.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::exit::Exit;
use super::out;
use crate::app::App;
use crate::config::{Config, ServeArgs};

/// Beside the drain itself: the last records, the cluster.
const SHUTDOWN_EXTRA: Duration = Duration::from_secs(30);

pub(super) async fn run(args: &ServeArgs) -> Exit {
    let Some(config) = config(args) else { return Exit::Usage };
    let drain = config.drain;
    let Some(app) = start(config).await else { return Exit::Failure };
    tracing::info!(url = app.url(), data_dir = %args.data_dir.display(), "listening");
    if args.admin_key.is_none() {
        tracing::info!(file = %args.data_dir.join("admin.key").display(), "the admin key is in this file");
    }
    wait_for_stop().await;
    stop(app, drain).await
}

/// The settings, or a complaint.
pub(super) fn config(args: &ServeArgs) -> Option<Config> {
    Config::resolve(args).map_err(|error| out::complain(&error.to_string())).ok()
}

/// The server, or a complaint.
pub(super) async fn start(config: Config) -> Option<App> {
    App::start(config).await.map_err(|error| out::complain(&error.to_string())).ok()
}

/// SIGTERM, or Ctrl-C.
pub(super) async fn wait_for_stop() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return drop(tokio::signal::ctrl_c().await);
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Drain; a second signal, or too long a time, ends the process where it stands.
pub(super) async fn stop(app: App, drain: Duration) -> Exit {
    tracing::info!("shutting down: no new work, what runs is finished");
    tokio::select! {
        finished = app.shutdown() => if finished { Exit::Ok } else { Exit::Failure },
        () = wait_for_stop() => {
            out::complain("stopped by a second signal");
            Exit::Failure
        }
        () = tokio::time::sleep(drain + SHUTDOWN_EXTRA) => {
            out::complain("the shutdown took too long");
            Exit::Failure
        }
    }
}
