//! The `mayfly` program, for tests that kill or stop its process.

/// As the program itself has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    mayfly_control::cli::run()
}
