//! `mayfly serve`: a server, until a signal ends it.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::App;
use crate::config::{Config, ServeArgs};
use mayfly_cli::{Exit, out};

/// Beside the drain itself: the last records, the cluster.
const SHUTDOWN_EXTRA: Duration = Duration::from_secs(30);

pub(super) async fn run(args: &ServeArgs) -> Exit {
    let Some(config) = config(args) else { return Exit::Usage };
    let Some(mut signals) = Signals::listen() else { return Exit::Failure };
    let drain = config.drain;
    let Some(app) = start(config).await else { return Exit::Failure };
    tracing::info!(url = app.url(), data_dir = %args.data_dir.display(), "listening");
    if args.admin_key.is_none() {
        tracing::info!(file = %args.data_dir.join("admin.key").display(), "the admin key is in this file");
    }
    signals.next().await;
    stop(app, drain, &mut signals).await
}

/// The settings, or a complaint.
pub(super) fn config(args: &ServeArgs) -> Option<Config> {
    Config::resolve(args).map_err(|error| out::complain(&error.to_string())).ok()
}

/// The server, or a complaint.
pub(super) async fn start(config: Config) -> Option<App> {
    App::start(config).await.map_err(|error| out::complain(&error.to_string())).ok()
}

/// SIGTERM and SIGINT. Made before a server starts: from then on, neither ends the process by itself.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn listen() -> Option<Self> {
        let both = signal(SignalKind::terminate()).and_then(|terminate| {
            signal(SignalKind::interrupt()).map(|interrupt| Self { terminate, interrupt })
        });
        both.map_err(|error| out::complain(&format!("signals cannot be listened for: {error}"))).ok()
    }

    /// Wait for one of them.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Drain; a second signal, or too long a time, ends the process where it stands.
pub(super) async fn stop(app: App, drain: Duration, signals: &mut Signals) -> Exit {
    tracing::info!("shutting down: no new work, what runs is finished");
    tokio::select! {
        finished = app.shutdown() => if finished { Exit::Ok } else { Exit::Failure },
        () = signals.next() => {
            out::complain("stopped by a second signal");
            Exit::Failure
        }
        () = tokio::time::sleep(drain + SHUTDOWN_EXTRA) => {
            out::complain("the shutdown took too long");
            Exit::Failure
        }
    }
}
