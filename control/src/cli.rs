//! The command line: `mayfly serve`, `mayfly dev`, and verbs for a server's API.

mod args;
mod dev;
mod doctor;
mod secrets;
mod serve;

use clap::Parser;
use mayfly_cli::out;
use mayfly_telemetry as telemetry;

pub use args::{Cli, Command};
pub use mayfly_cli::Exit;

/// Threads beside those that sandboxes can keep busy.
const SPARE_THREADS: usize = 4;

/// Run the command line of this process to its end.
pub fn run() -> std::process::ExitCode {
    // A parse error prints itself and ends with 2, `--help` and `--version` with 0.
    let cli = Cli::parse();
    if matches!(cli.command, Command::CompileWorker) {
        // Before anything else: the worker has no runtime, no log and no settings.
        return if mayfly_runtime::compile_worker().is_ok() { Exit::Ok } else { Exit::Failure }.into();
    }
    // Sandboxes may take all processors (`quota/scheduler.rs`): beside the threads they run on there are some for everything
    // else, and the kernel lets those that were idle go first.
    let threads = std::thread::available_parallelism().map_or(2, usize::from) + SPARE_THREADS;
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                out::complain(&format!("the runtime does not start: {error}"));
                return Exit::Failure.into();
            }
        };
    let code = runtime.block_on(dispatch(cli));
    // What was meant to be finished is finished; a stuck name lookup need not be waited for.
    runtime.shutdown_background();
    code.into()
}

/// Run one command inside a runtime that is there already.
pub async fn dispatch(cli: Cli) -> Exit {
    let no_color = out::no_color();
    match cli.command {
        Command::Serve(args) => {
            let _flush = telemetry::init(&args.log.options(no_color));
            serve::run(&args).await
        }
        Command::Dev(args) => {
            let _flush = telemetry::init(&args.serve.log.options(no_color));
            dev::run(&args).await
        }
        Command::Doctor(args) => {
            let _flush = telemetry::init(&args.serve.log.options(no_color));
            doctor::run(&args.serve, cli.remote.json).await
        }
        Command::Secrets(verb) => secrets::run(&verb, cli.remote.json).await,
        Command::CompileWorker => Exit::Ok,
        Command::Remote(verb) => {
            tokio::select! {
                exit = mayfly_cli::run(&cli.remote, verb) => exit,
                _ = tokio::signal::ctrl_c() => Exit::Interrupted,
            }
        }
    }
}
