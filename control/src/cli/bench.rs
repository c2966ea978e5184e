//! `mayfly bench`: starts the harness that stands beside this program, so that a server carries no interpreters and charts.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;

use mayfly_cli::{Exit, out};

/// The harness.
const PROGRAM: &str = "mayfly-bench";

const MISSING: &str = "mayfly-bench is neither beside mayfly nor on PATH: build it with `make bench-isolation`, \
     or `cargo build --release --package mayfly-bench`";

/// Run the harness with these arguments; its exit code is ours.
pub(super) fn run(arguments: &[OsString]) -> Exit {
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name(PROGRAM));
    let program = beside.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from(PROGRAM));
    match Command::new(program).args(arguments).status() {
        Ok(status) if status.success() => Exit::Ok,
        Ok(status) if status.code() == Some(i32::from(Exit::Usage.code())) => Exit::Usage,
        Ok(_) => Exit::Failure,
        Err(error) => {
            let reason = error.to_string();
            out::complain(if error.kind() == ErrorKind::NotFound { MISSING } else { &reason });
            Exit::NotFound
        }
    }
}
