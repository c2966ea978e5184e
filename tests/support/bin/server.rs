//! The `mayfly` program, for tests that kill or stop its process.

fn main() -> std::process::ExitCode {
    mayfly_control::cli::run()
}
