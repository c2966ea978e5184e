//! The command line: `mayfly serve`, `mayfly dev`, and verbs for a server's API.

mod args;
mod bench;
mod dev;
mod doctor;
mod secrets;
mod serve;

use clap::Parser;
use mayfly_cli::out;
use mayfly_telemetry as telemetry;

pub use args::{Cli, Command};
pub use mayfly_cli::Exit;

/// Tasks that a busy thread runs before it looks at its sockets: a step of a sandbox is as long as many other tasks.
const EVENT_INTERVAL: u32 = 16;

/// One for each processor. Each more is one that the kernel lets wait behind the others for its time slices: on one processor,
/// two threads have twice the 99th percentile of one, and five have four times that.
fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Run the command line of this process to its end.
pub fn run() -> std::process::ExitCode {
    // A parse error prints itself and ends with 2, `--help` and `--version` with 0.
    let cli = Cli::parse();
    if matches!(cli.command, Command::CompileWorker) {
        // Before anything else: the worker has no runtime, no log and no settings.
        return if mayfly_runtime::compile_worker().is_ok() { Exit::Ok } else { Exit::Failure }.into();
    }
    if let Command::Bench { arguments } = &cli.command {
        // Without threads beside it: what is measured has the machine to itself.
        return bench::run(arguments).into();
    }
    // Sandboxes may take all of them: what they compute comes in steps, and lets others go first (`quota/scheduler.rs`).
    let threads = cli.command.threads().map_or_else(default_threads, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .event_interval(EVENT_INTERVAL)
        .enable_all()
        .build();
    let runtime = match runtime {
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
        Command::Bench { arguments } => bench::run(&arguments),
        Command::CompileWorker => Exit::Ok,
        Command::Remote(verb) => {
            tokio::select! {
                exit = mayfly_cli::run(&cli.remote, verb) => exit,
                _ = tokio::signal::ctrl_c() => Exit::Interrupted,
            }
        }
    }
}
