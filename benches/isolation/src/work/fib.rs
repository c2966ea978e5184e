//! Calls: fib(25) makes a quarter of a million.
use super::{Needs, Work};

pub(super) fn work() -> Work {
    let source = "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
function handler() { return String(fib(25)); }";
    Work {
        name: "fib",
        about: "fib(25), a quarter of a million calls",
        source: source.to_owned(),
        body: Vec::new(),
        answer: b"75025".to_vec(),
        needs: Needs::Nothing,
    }
}
