//! The compile worker (`mayfly compile-worker`) as a separate program for tests.

fn main() -> std::io::Result<()> {
    mayfly_runtime::compile_worker()
}
