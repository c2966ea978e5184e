//! JSON of 1 KB, parsed and written again.
use super::{Needs, Work};

pub(super) fn work() -> Work {
    let body = super::json::document(9).into_bytes();
    let answer = body.clone();
    let source = "function handler(text) { return JSON.stringify(JSON.parse(text)); }".to_owned();
    Work {
        name: "echo",
        about: "1 KB of JSON, parsed and written",
        source,
        body,
        answer,
        needs: Needs::Nothing,
    }
}
