//! An async function with ten timers of a millisecond, all at once.
use super::{Needs, Work};

pub(super) fn work() -> Work {
    let source = "async function handler() {
  const waits = [];
  for (let n = 0; n < 10; n++) waits.push(new Promise((done) => setTimeout(() => done(n), 1)));
  const all = await Promise.all(waits);
  return JSON.stringify(all);
}";
    Work {
        name: "timers",
        about: "an async function with ten timers of 1 ms",
        source: source.to_owned(),
        body: Vec::new(),
        answer: b"[0,1,2,3,4,5,6,7,8,9]".to_vec(),
        needs: Needs::Timers,
    }
}
