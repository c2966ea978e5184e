//! A loop over integers: what an interpreter costs beside a compiler.
use super::{Needs, Work};

pub(super) fn work() -> Work {
    let sum = (0..1_000_000_i32).fold(1_i32, |sum, n| sum.wrapping_mul(31).wrapping_add(n));
    let source = "function handler() {
  let sum = 1;
  for (let n = 0; n < 1000000; n++) sum = (Math.imul(sum, 31) + n) | 0;
  return String(sum);
}";
    Work {
        name: "loop",
        about: "a loop over a million integers",
        source: source.to_owned(),
        body: Vec::new(),
        answer: sum.to_string().into_bytes(),
        needs: Needs::Nothing,
    }
}
