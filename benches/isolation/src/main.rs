//! The `mayfly-bench` program, which `mayfly bench` starts.
use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use mayfly_bench::args::{BenchCli, BenchCommand};
use mayfly_bench::failure::Tried;
use mayfly_bench::{run, ways, work};

/// As the server has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match dispatch(BenchCli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed stderr cannot be told of.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: BenchCli) -> Tried<()> {
    match cli.command {
        BenchCommand::Isolation(args) => run::isolation(&args),
        BenchCommand::Schema => run::schema(),
        BenchCommand::Once { work } => ways::once(&work, &work::all()),
        BenchCommand::Serve(args) => {
            let chosen =
                work::all().into_iter().filter(|work| args.work.iter().any(|name| name == work.name));
            ways::in_process::serve(&args.way, &chosen.collect::<Vec<_>>(), args.port, args.core)
        }
    }
}
