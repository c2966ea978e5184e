//! The `mayfly` program.

fn main() -> std::process::ExitCode {
    mayfly_control::cli::run()
}
