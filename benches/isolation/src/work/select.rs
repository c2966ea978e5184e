//! One row by its key from PostgreSQL.
use super::{Needs, Work};

pub(super) fn work() -> Work {
    let source = "async function handler(text, tools) {
  return JSON.stringify(await tools.select(Number(text)));
}";
    Work {
        name: "select",
        about: "one row of PostgreSQL by its key",
        source: source.to_owned(),
        body: b"4242".to_vec(),
        answer: br#"{"id":4242,"name":"item 4242"}"#.to_vec(),
        needs: Needs::Database,
    }
}
