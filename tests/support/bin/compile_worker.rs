//! What `mayfly compile-worker` is, as a program of its own that tests can name.

fn main() -> std::io::Result<()> {
    mayfly_runtime::compile_worker()
}
